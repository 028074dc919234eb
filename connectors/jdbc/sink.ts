/**
 * The jdbc sink. Without a primary key rows are appended; with one they are upserted and deleted by it, and of several
 * changes of a key between two flushes only the last is sent.
 *
 * at-least-once: `prepare` flushes. With a key, rows that are written again after a restart change nothing more.
 * exactly-once: rows go into a transaction that `prepare` prepares (PREPARE TRANSACTION) and `commit` commits. The
 * handle carries the transaction's id, from which a later run learns whether it was committed before the crash.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { ChangeBatch } from '../../core/change-batch.ts'
import { MillraceError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import type { Sink, SinkContext } from '../api/sink.ts'
import { type Client, type ConnectionSettings, connectionSettings, serverError } from './client.ts'
import { SinkBuffer } from './sink-buffer.ts'
import { type PreparedTransaction, type SessionRequest, SinkSession } from './sink-session.ts'
import { SinkStatements } from './statements.ts'
import { type JdbcTable, resolveTable } from './table.ts'

/** Rows in the buffer, as a multiple of `sink.buffer-flush.max-rows`, at which the writer is asked to wait. */
const BACK_PRESSURE = 50

export class JdbcSink implements Sink {
  readonly #context: SinkContext
  readonly #settings: ConnectionSettings
  readonly #tableName: string
  readonly #isExactlyOnce: boolean
  readonly #isKeyed: boolean
  readonly #maxRows: number
  readonly #interval: number
  /** Beginning of the ids of this job's prepared transactions; the subtask and more follow. */
  readonly #tag: string
  readonly #writer: SinkSession
  /** Commits and recovery go through a connection of their own: a transaction may be open on the other. */
  readonly #committer: SinkSession
  #buffer: SinkBuffer | undefined
  #oldest = 0
  #flushing: Promise<void> | undefined
  #failure: Error | undefined
  /** Prepared and not committed: their rows are locked. */
  readonly #uncommitted = new Set<string>()
  #wakeUp: (() => void) | undefined

  constructor(context: SinkContext) {
    const { options, jobName, uid } = context
    this.#context = context
    this.#tableName = options.string('table-name')
    this.#isExactlyOnce = options.enum('sink.delivery-guarantee') === 'exactly-once'
    this.#isKeyed = context.primaryKey.length > 0
    this.#maxRows = options.int('sink.buffer-flush.max-rows')
    this.#interval = options.duration('sink.buffer-flush.interval')
    this.#tag = `millrace_${createHash('sha256').update(`${jobName}\0${uid}`).digest('hex').slice(0, 16)}`
    this.#settings = connectionSettings(options)
    const request: SessionRequest = {
      settings: this.#settings,
      table: this.#tableName,
      maxRetries: options.int('sink.max-retries'),
      retryTimeout: options.duration('connection.max-retry-timeout'),
      signal: context.signal,
    }
    this.#writer = new SinkSession(request)
    this.#committer = new SinkSession(request)
  }

  async open(): Promise<void> {
    const { schema, columns, table, primaryKey } = this.#context
    const client = await this.#writer.connect()
    const fields = schema.fields.map((field, index) => ({ name: columns[index] ?? field.name, type: field.type }))
    const resolved = await resolveTable(client, this.#settings, table, this.#tableName, fields)
    if (this.#isKeyed) await this.#requireUniqueIndex(client, resolved)
    if (this.#isExactlyOnce) await this.#requirePreparedTransactions(client)
    this.#buffer = new SinkBuffer(new SinkStatements(resolved, primaryKey), this.#isKeyed)
  }

  /** Without one ON CONFLICT has nothing to go by; said at the start and not at the first row. */
  async #requireUniqueIndex(client: Client, table: JdbcTable): Promise<void> {
    const key = this.#context.primaryKey.map((index) => table.columns[index]?.quoted ?? '')
    try {
      const { rows } = await client.query<{ columns: string[] }>(
        `SELECT array_agg(quote_ident(a.attname)::text) AS columns FROM pg_index i
         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
         WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
         GROUP BY i.indexrelid`,
        [table.quoted],
      )
      const bare = (names: readonly string[]): string =>
        [...names]
          .map((name) => name.replace(/^"|"$/g, ''))
          .sort()
          .join('\0')
      if (rows.some(({ columns }) => bare(columns) === bare(key))) return
    } catch (error) {
      throw serverError(error, this.#settings, this.#tableName)
    }
    throw new MillraceError(
      'EXTERNAL_OBJECT_MISSING',
      `table "${this.#tableName}" in PostgreSQL has no unique index on its primary key (${key.join(', ')})`,
      { hint: `Create it: ALTER TABLE ${this.#tableName} ADD PRIMARY KEY (${key.join(', ')});` },
    )
  }

  async #requirePreparedTransactions(client: Client): Promise<void> {
    const { rows } = await client.query<{ max: string }>("SELECT current_setting('max_prepared_transactions') AS max")
    if (Number(rows[0]?.max) > 0) return
    throw new MillraceError('INVALID_OPTION', `option "sink.delivery-guarantee" cannot be 'exactly-once'`, {
      detail: `Prepared transactions are switched off at ${this.#settings.server}.`,
      hint: 'Set max_prepared_transactions to at least two for each sink in postgresql.conf and restart PostgreSQL.',
      at: { server: this.#settings.server },
    })
  }

  async recover(handles: readonly JsonValue[]): Promise<void> {
    const transactions = handles as unknown as readonly PreparedTransaction[]
    for (const transaction of transactions) await this.#committer.commit(transaction)
    if (!this.#isExactlyOnce) return
    const { subtask, parallelism } = this.#context
    await this.#committer.abortPrepared((gid) => {
      const owner = Number(gid.startsWith(`${this.#tag}_`) ? gid.slice(this.#tag.length + 1).split('_')[0] : Number.NaN)
      return owner === subtask || (subtask === 0 && owner >= parallelism)
    })
  }

  write(batch: ChangeBatch): Promise<void> | void {
    if (this.#failure !== undefined) throw this.#failure
    const buffer = this.#buffer as SinkBuffer
    if (buffer.size === 0) this.#oldest = this.#context.clock.now()
    buffer.add(batch)
    if (this.#maxRows === 0 || buffer.size < this.#maxRows) return
    this.#startFlush()
    if (buffer.size >= BACK_PRESSURE * this.#maxRows) return this.#untilFlushed()
  }

  onTime(now: number): void {
    const isDue = this.#interval > 0 && (this.#buffer?.size ?? 0) > 0 && now - this.#oldest >= this.#interval
    if (isDue && this.#failure === undefined) this.#startFlush()
  }

  /** Begins to send what is buffered, unless it is being done or other transactions lock the rows. */
  #startFlush(): void {
    if (this.#flushing !== undefined || this.#isHeldBack) return
    this.#flushing = this.#flush()
      .catch((error: unknown) => {
        this.#failure ??= error instanceof Error ? error : new Error(String(error))
      })
      .finally(() => {
        this.#flushing = undefined
      })
  }

  /** With a key, rows of the next transaction may be the same ones; they wait until the last one is committed. */
  get #isHeldBack(): boolean {
    return this.#isExactlyOnce && this.#isKeyed && this.#uncommitted.size > 0
  }

  async #flush(): Promise<void> {
    const statements = (this.#buffer as SinkBuffer).take()
    this.#oldest = this.#context.clock.now()
    if (this.#isExactlyOnce) await this.#writer.add(statements)
    else await this.#writer.execute(statements, this.#isKeyed)
  }

  async #untilFlushed(): Promise<void> {
    if (this.#isHeldBack) {
      await new Promise<void>((resolve) => {
        this.#wakeUp = resolve
      })
      this.#startFlush()
    }
    await this.#flushing
    if (this.#failure !== undefined) throw this.#failure
  }

  async prepare(checkpoint: number): Promise<JsonValue | null> {
    await this.#flushing
    if (this.#failure !== undefined) throw this.#failure
    await this.#flush()
    if (!this.#isExactlyOnce) return null
    const gid = `${this.#tag}_${this.#context.subtask}_${checkpoint}_${randomBytes(4).toString('hex')}`
    const prepared = await this.#writer.prepare(gid)
    if (prepared === undefined) return null
    this.#uncommitted.add(gid)
    return prepared as unknown as JsonValue
  }

  async commit(handle: JsonValue): Promise<void> {
    const transaction = handle as unknown as PreparedTransaction
    await this.#committer.commit(transaction)
    this.#uncommitted.delete(transaction.gid)
    this.#wakeUp?.()
    this.#wakeUp = undefined
  }

  async close(): Promise<void> {
    this.#wakeUp?.()
    await this.#writer.close()
    await this.#flushing
    await this.#committer.close()
  }
}
