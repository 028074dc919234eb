/**
 * The jdbc source: a bounded scan through a cursor, in one read-only snapshot for all splits of a subtask.
 *
 * Position: the splits that are finished, and for the one being read the key of the last row handed over. Rows come in
 * the order of PostgreSQL's primary key, or of their place in the table (`ctid`) where it has none, so that a restored
 * scan goes on exactly behind that row. (What others change between the failure and the restart is seen or not, as in
 * any scan of a changing table; without a primary key an updated row may be read in both versions.) Of a view, which
 * has neither, the rows handed over are counted and skipped: exact as long as the view gives them in the same order.
 */
import { type ChangeBatch, createBatch } from '../../core/change-batch.ts'
import type { Value } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import type { JsonValue } from '../../core/json.ts'
import type { Source, SourceContext, SourcePoll } from '../api/source.ts'
import {
  type Client,
  connect,
  type ConnectionSettings,
  connectionSettings,
  isConnectionLoss,
  RAW_TYPES,
  reconnect,
  serverError,
} from './client.ts'
import { type ScanSplit, scanSplits } from './scan-splits.ts'
import { type JdbcTable, resolveTable } from './table.ts'
import { parsePgText } from './value-text.ts'

type TextRow = (string | null)[]

interface Progress {
  readonly split: string
  /** Texts of the key of the last row handed over, or null before the first. */
  readonly key: readonly string[] | null
  readonly rows: number
}

interface SavedPosition {
  readonly done: readonly string[]
  readonly current: Progress | null
}

export class JdbcSource implements Source {
  readonly #context: SourceContext
  readonly #settings: ConnectionSettings
  readonly #tableName: string
  readonly #fetchSize: number
  readonly #splits: ScanSplit[]
  readonly #done: string[] = []
  #current: Progress | null = null
  #client: Client | undefined
  #table: JdbcTable | undefined
  #cursor: string | undefined
  #cursors = 0
  #pending: Promise<TextRow[]> | undefined

  constructor(context: SourceContext) {
    const { options, subtask, parallelism } = context
    this.#context = context
    this.#settings = connectionSettings(options)
    this.#tableName = options.string('table-name')
    this.#fetchSize = options.int('scan.fetch-size') > 0 ? options.int('scan.fetch-size') : context.batchRows
    this.#splits = scanSplits(options, context.table).filter((_, index) => index % parallelism === subtask)
  }

  async open(position: JsonValue | undefined): Promise<void> {
    if (position !== undefined) {
      const { done, current } = position as unknown as SavedPosition
      this.#done.push(...done)
      this.#current = current
    }
    const client = await connect(this.#settings)
    this.#client = client
    const fields = this.#context.schema.fields.map((field, index) => ({
      name: this.#context.columns[index] ?? field.name,
      type: field.type,
    }))
    this.#table = await resolveTable(client, this.#settings, this.#context.table, this.#tableName, fields)
    await this.#begin(client)
  }

  async #begin(client: Client): Promise<void> {
    try {
      // A scan without ORDER BY gives rows by their place only when no index, no other scan and no worker reorders them.
      await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL cursor_tuple_fraction = 1;
        SET LOCAL synchronize_seqscans = off; SET LOCAL max_parallel_workers_per_gather = 0`)
    } catch (error) {
      throw serverError(error, this.#settings, this.#tableName)
    }
  }

  async poll(maxWait: number): Promise<SourcePoll> {
    const split = this.#splits.find(({ id }) => !this.#done.includes(id))
    if (split === undefined) return { kind: 'end' }
    this.#pending ??= this.#fetch(split)
    const rows = await settledWithin(this.#pending, maxWait)
    if (rows === undefined) return { kind: 'idle' }
    this.#pending = undefined
    if (rows.length === 0) {
      await this.#finish(split)
      return this.#splits.every(({ id }) => this.#done.includes(id)) ? { kind: 'end' } : { kind: 'idle' }
    }
    const polled = this.#batch(split, rows)
    // While the rows are worked on the next ones are fetched.
    this.#pending = this.#fetch(split)
    this.#pending.catch(() => {})
    return polled
  }

  #batch(split: ScanSplit, rows: readonly TextRow[]): SourcePoll {
    const { schema } = this.#context
    let bytes = 0
    const columns = schema.fields.map((field, index) =>
      columnOf(
        field.type,
        rows.map((row): Value => {
          const text = row[index] ?? null
          bytes += text?.length ?? 0
          return text === null ? null : parsePgText(text, field.type, field.name)
        }),
      ),
    )
    const last = rows.at(-1) ?? []
    const key = this.#keyColumns().length === 0 ? null : last.slice(schema.fields.length).map((text) => text ?? '')
    const before = this.#current?.split === split.id ? this.#current.rows : 0
    this.#current = { split: split.id, key, rows: before + rows.length }
    const batch: ChangeBatch = createBatch(schema, columns, rows.length)
    return { kind: 'rows', split: split.id, batch, bytes }
  }

  /** Rows of the cursor; a broken connection is made again and the scan goes on behind the last row. */
  async #fetch(split: ScanSplit): Promise<TextRow[]> {
    try {
      return await this.#fetchOnce(split)
    } catch (error) {
      if (!isConnectionLoss(error) || this.#context.signal.aborted) {
        throw serverError(error, this.#settings, this.#tableName)
      }
    }
    await this.#client?.end().catch(() => {})
    const timeout = this.#context.options.duration('connection.max-retry-timeout')
    this.#client = await reconnect(this.#settings, timeout, this.#context.signal)
    this.#cursor = undefined
    await this.#begin(this.#client)
    try {
      return await this.#fetchOnce(split)
    } catch (error) {
      throw serverError(error, this.#settings, this.#tableName)
    }
  }

  async #fetchOnce(split: ScanSplit): Promise<TextRow[]> {
    const client = this.#client as Client
    if (this.#cursor === undefined) {
      const name = `scan_${this.#cursors++}`
      const order = this.#table?.key.length === 0 && this.#table.hasRowIds
      // Only here: the catalog queries before want their indexes.
      if (order) await client.query('SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off')
      await client.query(`DECLARE ${name} NO SCROLL CURSOR FOR ${this.#select(split)}`)
      this.#cursor = name
      const skip = this.#keyColumns().length === 0 && this.#current?.split === split.id ? this.#current.rows : 0
      if (skip > 0) await client.query(`MOVE FORWARD ${skip} FROM ${name}`)
    }
    const limit = Math.min(this.#fetchSize, this.#context.batchRows)
    const result = await client.query<TextRow>({
      text: `FETCH ${limit} FROM ${this.#cursor}`,
      rowMode: 'array',
      types: RAW_TYPES,
    })
    return result.rows
  }

  #keyColumns(): readonly { readonly quoted: string; readonly pgType: string }[] {
    const table = this.#table as JdbcTable
    if (table.key.length > 0) return table.key
    return table.hasRowIds ? [{ quoted: 'ctid', pgType: 'tid' }] : []
  }

  #select(split: ScanSplit): string {
    const table = this.#table as JdbcTable
    const keys = this.#keyColumns()
    const names = [...table.columns.map((column) => column.quoted), ...keys.map((key) => key.quoted)]
    const conditions = split.condition === undefined ? [] : [split.condition]
    if (this.#current?.split === split.id && this.#current.key !== null) {
      const values = this.#current.key.map((text, index) => `${literal(text)}::${keys[index]?.pgType}`)
      conditions.push(`(${keys.map((key) => key.quoted).join(', ')}) > (${values.join(', ')})`)
    }
    const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
    const order = table.key.length === 0 ? '' : ` ORDER BY ${table.key.map((key) => key.quoted).join(', ')}`
    return `SELECT ${names.length === 0 ? 'NULL' : names.join(', ')} FROM ${table.quoted}${where}${order}`
  }

  async #finish(split: ScanSplit): Promise<void> {
    this.#done.push(split.id)
    this.#current = null
    await this.#client?.query(`CLOSE ${this.#cursor}`).catch(() => {})
    this.#cursor = undefined
  }

  splits(): readonly string[] {
    return this.#splits.map(({ id }) => id).filter((id) => !this.#done.includes(id))
  }

  position(): JsonValue {
    return { done: [...this.#done], current: this.#current } as unknown as JsonValue
  }

  async close(): Promise<void> {
    await this.#pending?.catch(() => [])
    await this.#client?.end().catch(() => {})
    this.#client = undefined
  }
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** The value, or undefined where it does not come in time. */
async function settledWithin<T>(promise: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds)
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}
