/**
 * Lookups by key: the keys go to PostgreSQL as arrays and come back numbered, so that one statement answers many of
 * them and what is equal is decided there.
 */
import { delay } from '../../core/delay.ts'
import { type ChangeBatch, createBatch } from '../../core/change-batch.ts'
import type { Column, Value } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import { invariant } from '../../core/errors.ts'
import type { FoundRows, LookupContext, LookupSource } from '../api/lookup.ts'
import {
  type Client,
  connect,
  type ConnectionSettings,
  connectionSettings,
  isConnectionLoss,
  isPassing,
  RAW_TYPES,
  serverError,
} from './client.ts'
import { type JdbcColumn, type JdbcTable, resolveTable } from './table.ts'
import { arrayText, parsePgText, pgText } from './value-text.ts'

/** Connections of a lookup join: statements of one connection wait for each other. */
const CONNECTIONS = 4

type TextRow = (string | null)[]

export class JdbcLookup implements LookupSource {
  readonly #context: LookupContext
  readonly #settings: ConnectionSettings
  readonly #tableName: string
  readonly #retries: number
  /** Each made when it is first needed, and again after it broke. */
  readonly #connections: (Promise<Client> | undefined)[] = []
  #next = 0
  #table: JdbcTable | undefined
  #statement = ''

  constructor(context: LookupContext) {
    this.#context = context
    this.#settings = connectionSettings(context.options)
    this.#tableName = context.options.string('table-name')
    this.#retries = context.options.int('lookup.max-retries')
  }

  async open(): Promise<void> {
    const client = await this.#connection(0)
    const fields = this.#context.schema.fields.map((field, index) => ({
      name: this.#context.columns[index] ?? field.name,
      type: field.type,
    }))
    this.#table = await resolveTable(client, this.#settings, this.#context.table, this.#tableName, fields)
    this.#statement = lookupText(this.#table, this.#context.keys)
  }

  async lookup(keys: ChangeBatch): Promise<FoundRows> {
    const values = keys.columns.map((column, index) => this.#keyTexts(column, index, keys.rows))
    const slot = this.#next++ % CONNECTIONS
    for (let attempt = 0; ; attempt++) {
      try {
        return this.#found(await this.#query(slot, values))
      } catch (error) {
        const passing = isConnectionLoss(error) || isPassing(error)
        if (!passing || attempt >= this.#retries || this.#context.signal.aborted) {
          throw serverError(error, this.#settings, this.#tableName)
        }
      }
      await delay(1000 * attempt, this.#context.signal)
    }
  }

  #keyTexts(column: Column, index: number, rows: number): string {
    const { type } = this.#keyColumn(index)
    return arrayText(
      Array.from({ length: rows }, (_, row) => pgText(column, type, row)),
      undefined,
    )
  }

  #keyColumn(index: number): JdbcColumn {
    const column = this.#table?.columns[this.#context.keys[index] ?? -1]
    invariant(column !== undefined, 'a lookup key is a column of the table')
    return column
  }

  async #query(slot: number, values: readonly string[]): Promise<TextRow[]> {
    const connection = this.#connection(slot)
    try {
      const client = await connection
      const query = { text: this.#statement, values: [...values], rowMode: 'array', types: RAW_TYPES } as const
      return (await client.query<TextRow>({ name: 'millrace_lookup', ...query })).rows
    } catch (error) {
      if (isConnectionLoss(error) && this.#connections[slot] === connection) {
        this.#connections[slot] = undefined
        await connection.then((client) => client.end()).catch(() => {})
      }
      throw error
    }
  }

  #connection(slot: number): Promise<Client> {
    const known = this.#connections[slot]
    if (known !== undefined) return known
    const made = connect(this.#settings)
    made.catch(() => {})
    this.#connections[slot] = made
    return made
  }

  #found(rows: readonly TextRow[]): FoundRows {
    const { schema } = this.#context
    const columns = schema.fields.map((field, index) =>
      columnOf(
        field.type,
        rows.map((row): Value => {
          const text = row[index + 1] ?? null
          return text === null ? null : parsePgText(text, field.type, field.name)
        }),
      ),
    )
    return {
      rows: createBatch(schema, columns, rows.length),
      keyOf: Int32Array.from(rows, (row) => Number(row[0]) - 1),
    }
  }

  async close(): Promise<void> {
    const closing = this.#connections.map(async (connection) => (await connection)?.end())
    await Promise.allSettled(closing)
  }
}

function lookupText(table: JdbcTable, keys: readonly number[]): string {
  const columns = keys.flatMap((key) => table.columns[key] ?? [])
  const names = columns.map((_, index) => `k${index}`)
  const isArray = (column: JdbcColumn): boolean => column.pgType.endsWith('[]')
  // Elements that are arrays themselves are passed as text: `unnest` would take them apart.
  const parameters = columns.map((column, index) => `$${index + 1}::${isArray(column) ? 'text' : column.pgType}[]`)
  const matches = columns.map(
    (column, index) => `t.${column.quoted} = u.k${index}${isArray(column) ? `::${column.pgType}` : ''}`,
  )
  const selected = ['u.n', ...table.columns.map((column) => `t.${column.quoted}`)]
  return `SELECT ${selected.join(', ')} FROM unnest(${parameters.join(', ')}) WITH ORDINALITY AS u(${names.join(', ')}, n)
JOIN ${table.quoted} AS t ON ${matches.join(' AND ')}`
}
