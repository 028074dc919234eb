/** Deals rows out to partition directories: `dt=2024-01-31/hour=10`. */
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { BytesColumn, Column } from '../../core/column.ts'
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
  #changed = new Uint8Array(0)

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
    const runs = this.#runsOf(batch)
    if (runs.size === 1) return [...runs.keys()].map((directory) => ({ directory, batch: kept, rows: null }))
    return [...runs].map(([directory, bounds]) => ({ directory, batch: kept, rows: rowsOf(bounds) }))
  }

  /** By directory: where its rows begin and end, in pairs. */
  #runsOf(batch: ChangeBatch): Map<string, number[]> {
    const { rows } = batch
    if (this.#changed.length < rows) this.#changed = new Uint8Array(rows)
    const changed = this.#changed.fill(0, 0, rows)
    for (const { index } of this.#keys) markChanges(batch.columns[index] as Column, rows, changed)
    const runs = new Map<string, number[]>()
    for (let start = 0; start < rows; ) {
      // Rows of one partition mostly come one behind the other.
      const next = changed.indexOf(1, start + 1)
      const end = next < 0 || next > rows ? rows : next
      const directory = this.#directoryOf(batch, start)
      const bounds = runs.get(directory)
      if (bounds === undefined) runs.set(directory, [start, end])
      else bounds.push(start, end)
      start = end
    }
    return runs
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

function rowsOf(bounds: readonly number[]): Int32Array {
  let count = 0
  for (let at = 0; at < bounds.length; at += 2) count += (bounds[at + 1] as number) - (bounds[at] as number)
  const rows = new Int32Array(count)
  let next = 0
  for (let at = 0; at < bounds.length; at += 2) {
    for (let row = bounds[at] as number; row < (bounds[at + 1] as number); row++) rows[next++] = row
  }
  return rows
}

/** Marks rows whose value is not surely the one of the row before. */
function markChanges(column: Column, rows: number, changed: Uint8Array): void {
  const { nulls } = column
  if (nulls !== null) {
    for (let row = 1; row < rows; row++) if (nulls[row] !== nulls[row - 1]) changed[row] = 1
  }
  switch (column.kind) {
    case 'null':
      return
    case 'bytes':
      return markTextChanges(column, rows, changed)
    case 'list':
    case 'map':
    case 'row':
    case 'i128':
      changed.fill(1, 0, rows)
      return
    default: {
      const { values } = column
      for (let row = 1; row < rows; row++) if (values[row] !== values[row - 1]) changed[row] = 1
    }
  }
}

function markTextChanges({ starts, lengths, data }: BytesColumn, rows: number, changed: Uint8Array): void {
  for (let row = 1; row < rows; row++) {
    const [start, before] = [starts[row] as number, starts[row - 1] as number]
    const length = lengths[row] as number
    let at = 0
    if (length !== lengths[row - 1]) changed[row] = 1
    else if (start !== before) while (at < length && data[start + at] === data[before + at]) at++
    if (start !== before && at < length) changed[row] = 1
  }
}
