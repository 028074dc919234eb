/**
 * Rows that wait until there are enough of them for each partition: copied, in the order in which they came, with the
 * watermarks between them. Partition by partition they become a run (`gathered-run.ts`).
 */
import { type ChangeBatch, INSERT } from '../../../core/change-batch.ts'
import { type ColumnBuffer, createColumnBuffer, longer } from '../../../core/column-buffer.ts'
import { sortByBucket } from '../../../core/counting-sort.ts'
import { invariant } from '../../../core/errors.ts'
import type { Schema } from '../../../core/types.ts'
import { KeyGroups } from '../exchange/partitioner.ts'
import type { RunEncoder } from './gathered-run.ts'

/** Rows of a batch that will be handed out. */
const BATCH_ROWS = 4096
/** Key groups of each partition: all that a key's exchange tells apart, so that each worker has keys of all partitions. */
const GROUPS = 128

/** The partition of each key group: by bits of the hash that say nothing about the worker. */
export function partitionOwners(partitions: number): Int32Array {
  return Int32Array.from({ length: GROUPS * partitions }, (_, group) => Math.floor(group / GROUPS))
}

export interface GatheredInput {
  readonly schema: Schema
  /** Columns that say which partition a row is in. */
  readonly keys: readonly number[]
}

/** A watermark, and by input how many rows came before it. */
interface Mark {
  readonly time: number
  readonly rows: readonly number[]
}

export class GatheredRows {
  readonly #partitions: number
  readonly #inputs: readonly InputRows[]
  #marks: Mark[] = []

  constructor(inputs: readonly GatheredInput[], partitions: number) {
    this.#partitions = partitions
    this.#inputs = inputs.map((input) => new InputRows(input, partitions))
  }

  get rows(): number {
    return this.#inputs.reduce((sum, input) => sum + input.rows, 0)
  }

  get bytes(): number {
    return this.#inputs.reduce((sum, input) => sum + input.bytes, 0)
  }

  get isEmpty(): boolean {
    return this.#marks.length === 0 && this.rows === 0
  }

  get watermarks(): number {
    return this.#marks.length
  }

  add(batch: ChangeBatch, input: number): void {
    this.#inputs[input]?.add(batch)
  }

  /** Of watermarks that no row came between only the last one counts. */
  addWatermark(time: number): void {
    const rows = this.#inputs.map((input) => input.rows)
    const last = this.#marks.at(-1)
    if (last?.rows.every((count, input) => count === rows[input]) === true) this.#marks.pop()
    this.#marks.push({ time, rows })
  }

  /** All of them, and none are left: of a partition rows of a key in the order in which they came, and watermarks where they came. */
  encode(encoder: RunEncoder): void {
    for (const input of this.#inputs) input.sort()
    for (let partition = 0; partition < this.#partitions; partition++) {
      encoder.begin(partition)
      for (const input of this.#inputs) input.start(partition)
      for (const { time, rows } of this.#marks) {
        for (const [n, input] of this.#inputs.entries()) input.encode(rows[n] ?? 0, n, encoder)
        encoder.watermark(time)
      }
      for (const [n, input] of this.#inputs.entries()) input.encode(input.rows, n, encoder)
    }
    this.#clear()
  }

  #clear(): void {
    this.#marks = []
    for (const input of this.#inputs) input.clear()
  }
}

class InputRows {
  readonly #schema: Schema
  readonly #keys: readonly number[]
  readonly #columns: readonly ColumnBuffer[]
  readonly #groups: KeyGroups
  /** Where the rows of each partition begin in `#order`, and where the last ones end. */
  readonly #starts: Int32Array
  rows = 0
  /** Null while all rows are +I. */
  #kinds: Uint8Array | null = null
  #partitions = new Int32Array(0)
  /** Positions of all rows, partition by partition. */
  #order = new Int32Array(0)
  #next = 0
  #end = 0

  constructor({ schema, keys }: GatheredInput, partitions: number) {
    this.#schema = schema
    this.#keys = keys
    this.#columns = schema.fields.map(({ type }) => createColumnBuffer(type))
    const types = keys.map((key) => {
      const type = schema.fields[key]?.type
      invariant(type !== undefined, 'a key is a column of the input')
      return type
    })
    this.#groups = new KeyGroups(types, partitions, partitions, partitionOwners(partitions))
    this.#starts = new Int32Array(partitions + 1)
  }

  get bytes(): number {
    return this.#columns.reduce((sum, column) => sum + column.bytes, this.rows * 9)
  }

  add({ rows, columns, kinds }: ChangeBatch): void {
    const end = this.rows + rows
    for (const [n, buffer] of this.#columns.entries())
      buffer.append(columns[n] ?? { kind: 'null', nulls: null }, 0, rows)
    if (kinds !== null || this.#kinds !== null) {
      const all = longer(this.#kinds ?? new Uint8Array(0), end)
      if (this.#kinds === null) all.fill(INSERT, 0, this.rows)
      if (kinds === null) all.fill(INSERT, this.rows, end)
      else all.set(kinds.subarray(0, rows), this.rows)
      this.#kinds = all
    }
    this.rows = end
  }

  sort(): void {
    const { rows } = this
    this.#partitions = longer(this.#partitions, rows)
    this.#order = longer(this.#order, rows)
    const keys = this.#keys.map((key) => this.#columns[key]?.column() ?? ({ kind: 'null', nulls: null } as const))
    this.#groups.workersOf(keys, rows, this.#partitions)
    sortByBucket(this.#partitions, rows, this.#order, this.#starts)
  }

  start(partition: number): void {
    this.#next = this.#starts[partition] as number
    this.#end = this.#starts[partition + 1] as number
  }

  /** The rows from where it stands on that came before a position. */
  encode(before: number, input: number, encoder: RunEncoder): void {
    const order = this.#order
    let end = this.#end
    if (before < this.rows) {
      end = this.#next
      while (end < this.#end && (order[end] as number) < before) end++
    }
    if (this.#next === end) return
    const columns = this.#columns.map((column) => column.column())
    const batch = { schema: this.#schema, rows: this.rows, columns, kinds: this.#kinds }
    while (this.#next < end) {
      const count = Math.min(BATCH_ROWS, end - this.#next)
      encoder.rows(input, batch, order.subarray(this.#next, this.#next + count), count)
      this.#next += count
    }
  }

  clear(): void {
    this.rows = 0
    this.#kinds = null
    for (const column of this.#columns) column.clear()
  }
}
