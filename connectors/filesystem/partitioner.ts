/** Deals rows out to partition directories: `dt=2024-01-31/hour=10`. */
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { readValue } from '../../core/column-ops.ts'
import type { Schema } from '../../core/types.ts'
import { valueToText } from '../../core/value-text.ts'
import type { SinkContext } from '../api/sink.ts'
import { escapePathName } from './paths.ts'

export interface PartitionedRows {
  /** Relative to the table's path; empty where the table has no partitions. */
  readonly directory: string
  /** Without the partition columns. */
  readonly batch: ChangeBatch
  /** null: all rows of the batch. */
  readonly rows: Int32Array | null
}

export class Partitioner {
  /** Of what is written into the files. */
  readonly schema: Schema
  readonly #keys: readonly { readonly name: string; readonly index: number }[]
  readonly #kept: readonly number[]
  readonly #defaultName: string
  /** Directories of values seen lately: `dt\0hour` → path. */
  readonly #directories = new Map<string, string>()

  constructor({ table, schema, columns, options }: SinkContext) {
    this.#keys = table.partitionKeys
      .map((name) => ({ name, index: columns.indexOf(name) }))
      .filter(({ index }) => index >= 0)
    const keyIndexes = new Set(this.#keys.map(({ index }) => index))
    this.#kept = schema.fields.map((_, index) => index).filter((index) => !keyIndexes.has(index))
    // Records carry the names of the table's columns, whatever the query calls them.
    this.schema = {
      fields: this.#kept.map((index) => ({
        name: columns[index] ?? schema.fields[index]?.name ?? '',
        type: schema.fields[index]?.type ?? { kind: 'NULL', nullable: true },
      })),
    }
    this.#defaultName = options.string('partition.default-name')
  }

  split(batch: ChangeBatch): PartitionedRows[] {
    if (this.#keys.length === 0) return [{ directory: '', batch, rows: null }]
    const kept: ChangeBatch = {
      schema: this.schema,
      rows: batch.rows,
      columns: this.#kept.flatMap((index) => batch.columns[index] ?? []),
      kinds: batch.kinds,
    }
    const rowsOf = new Map<string, number[]>()
    const keys = this.#keys.flatMap(({ index }) => batch.columns[index] ?? [])
    let rows: number[] = []
    for (let row = 0; row < batch.rows; row++) {
      // Rows of one partition mostly come one behind the other.
      if (row === 0 || !keys.every((column) => repeats(column, row))) {
        const directory = this.#directoryOf(batch, row)
        rows = rowsOf.get(directory) ?? []
        rowsOf.set(directory, rows)
      }
      rows.push(row)
    }
    return [...rowsOf].map(([directory, own]) => ({ directory, batch: kept, rows: Int32Array.from(own) }))
  }

  #directoryOf(batch: ChangeBatch, row: number): string {
    const values = this.#keys.map(({ index }) => {
      const [field, column] = [batch.schema.fields[index], batch.columns[index]]
      const value = field === undefined || column === undefined ? null : readValue(column, field.type, row)
      return value === null || value === '' || field === undefined ? null : valueToText(value, field.type)
    })
    const key = JSON.stringify(values)
    const known = this.#directories.get(key)
    if (known !== undefined) return known
    const directory = this.#keys
      .map(({ name }, index) => `${escapePathName(name)}=${escapePathName(values[index] ?? this.#defaultName)}`)
      .join('/')
    if (this.#directories.size > 10_000) this.#directories.clear()
    this.#directories.set(key, directory)
    return directory
  }
}

/** Whether the row's value is surely the one of the row before. */
function repeats(column: Column, row: number): boolean {
  const { nulls } = column
  if (nulls !== null && nulls[row] !== nulls[row - 1]) return false
  switch (column.kind) {
    case 'null':
      return true
    case 'bytes': {
      const { starts, lengths, data } = column
      const [start, before, length] = [starts[row] ?? 0, starts[row - 1] ?? 0, lengths[row] ?? 0]
      if (length !== lengths[row - 1]) return false
      for (let at = 0; start !== before && at < length; at++) if (data[start + at] !== data[before + at]) return false
      return true
    }
    case 'list':
    case 'map':
    case 'row':
    case 'i128':
      return false
    default:
      return column.values[row] === column.values[row - 1]
  }
}
