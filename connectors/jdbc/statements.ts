/** The statements of the sink: whole batches as arrays, one row an element. */
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import type { JdbcColumn, JdbcTable } from './table.ts'
import { arrayText, pgText } from './value-text.ts'

/** A row of a batch; batches are never changed, so nothing is copied. */
export interface RowRef {
  readonly batch: ChangeBatch
  readonly row: number
}

export interface Statement {
  readonly name: string
  readonly text: string
  readonly values: readonly string[]
}

export class SinkStatements {
  readonly #table: JdbcTable
  readonly #key: readonly number[]
  readonly #insert: string
  readonly #delete: string

  /** @param key positions of the primary key's columns; empty: rows are appended */
  constructor(table: JdbcTable, key: readonly number[]) {
    this.#table = table
    this.#key = key
    this.#insert = insertText(table, key)
    this.#delete = deleteText(table, key)
  }

  insert(rows: readonly RowRef[]): Statement {
    const all = this.#table.columns.map((_, index) => index)
    return { name: 'millrace_insert', text: this.#insert, values: this.#arrays(rows, all) }
  }

  delete(rows: readonly RowRef[]): Statement {
    return { name: 'millrace_delete', text: this.#delete, values: this.#arrays(rows, this.#key) }
  }

  /** Rows with the same key have the same text. */
  keyOf({ batch, row }: RowRef): string {
    const texts = this.#key.map((index) =>
      pgText(batch.columns[index] as Column, (this.#table.columns[index] as JdbcColumn).type, row),
    )
    return texts.length === 1 ? String(texts[0]) : JSON.stringify(texts)
  }

  #arrays(rows: readonly RowRef[], columns: readonly number[]): string[] {
    return columns.map((index) => {
      const { type } = this.#table.columns[index] as JdbcColumn
      const items = rows.map(({ batch, row }) => pgText(batch.columns[index] as Column, type, row))
      // Elements that are arrays themselves are passed as text: `unnest` would take them apart.
      return arrayText(items, undefined)
    })
  }
}

function parameter(column: JdbcColumn, index: number): string {
  return `$${index + 1}::${column.pgType.endsWith('[]') ? 'text' : column.pgType}[]`
}

function value(column: JdbcColumn, name: string): string {
  return column.pgType.endsWith('[]') ? `u.${name}::${column.pgType}` : `u.${name}`
}

function insertText(table: JdbcTable, key: readonly number[]): string {
  const { columns } = table
  const names = columns.map((_, index) => `c${index}`)
  const selected = columns.map((column, index) => value(column, names[index] ?? ''))
  const insert = `INSERT INTO ${table.quoted} (${columns.map((column) => column.quoted).join(', ')})
SELECT ${selected.join(', ')} FROM unnest(${columns.map(parameter).join(', ')}) AS u(${names.join(', ')})`
  if (key.length === 0) return insert
  const keyNames = key.map((index) => columns[index]?.quoted).join(', ')
  const updates = columns
    .filter((_, index) => !key.includes(index))
    .map((column) => `${column.quoted} = EXCLUDED.${column.quoted}`)
  return `${insert}\nON CONFLICT (${keyNames}) DO ${updates.length === 0 ? 'NOTHING' : `UPDATE SET ${updates.join(', ')}`}`
}

function deleteText(table: JdbcTable, key: readonly number[]): string {
  const columns = key.map((index) => table.columns[index] as JdbcColumn)
  const names = columns.map((_, index) => `k${index}`)
  const matches = columns.map((column, index) => `t.${column.quoted} = ${value(column, names[index] ?? '')}`)
  return `DELETE FROM ${table.quoted} AS t USING unnest(${columns.map(parameter).join(', ')}) AS u(${names.join(', ')})
WHERE ${matches.join(' AND ')}`
}
