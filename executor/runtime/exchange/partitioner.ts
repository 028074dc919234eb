/** Which worker a row goes to: its key is hashed into a key group, and every worker has a range of these. */
import type { ChangeBatch } from '../../../core/change-batch.ts'
import type { Column } from '../../../core/column.ts'
import { invariant } from '../../../core/errors.ts'
import type { Schema, SqlType } from '../../../core/types.ts'
import { hashKeys } from '../../../state/table/hash.ts'
import { BytesStore } from '../../../state/table/bytes-store.ts'
import { createStoredColumn, FixedStore, type StoredColumn, storedKind } from '../../../state/table/stored-column.ts'

/** The worker of each key group (Flink's `computeOperatorIndexForKeyGroup`). */
function keyGroupOwners(parallelism: number, maxParallelism: number): Int32Array {
  return Int32Array.from({ length: maxParallelism }, (_, group) => Math.floor((group * parallelism) / maxParallelism))
}

/** Key groups of keys, as they are in a batch or as a table has stored them. */
export class KeyGroups {
  readonly #stored: readonly StoredColumn[]
  readonly #owners: Int32Array
  #hashes = new Int32Array(0)

  constructor(types: readonly SqlType[], parallelism: number, maxParallelism: number) {
    this.#stored = types.map((type) => createStoredColumn(storedKind(type), type))
    this.#owners = keyGroupOwners(parallelism, maxParallelism)
  }

  /** @param out receives the worker of each of the first `rows` keys */
  workersOf(columns: readonly Column[], rows: number, out: Int32Array): void {
    if (this.#hashes.length < rows) this.#hashes = new Int32Array(rows)
    const hashes = this.#hashes
    hashKeys(
      columns.map((column, index) => this.#storable(column, index, rows)),
      rows,
      hashes,
    )
    const owners = this.#owners
    const groups = owners.length
    // Tables use the top bits of the hash, so these are still evenly spread within a worker.
    if ((groups & (groups - 1)) === 0) {
      for (let row = 0; row < rows; row++) out[row] = owners[(hashes[row] as number) & (groups - 1)] as number
    } else {
      for (let row = 0; row < rows; row++) out[row] = owners[((hashes[row] as number) & 0xffffff) % groups] as number
    }
  }

  #storable(column: Column, index: number, rows: number): Column {
    const stored = this.#stored[index]
    if (column.kind === 'null') return allNull(stored, rows)
    return stored instanceof BytesStore && stored.kind === 'encoded' && column.kind !== 'bytes'
      ? stored.input(column, rows)
      : column
  }
}

/** NULL hashes by the kind of its column. */
function allNull(stored: StoredColumn | undefined, rows: number): Column {
  const nulls = new Uint8Array(rows).fill(1)
  if (!(stored instanceof FixedStore)) {
    const zeros = new Int32Array(rows)
    return { kind: 'bytes', starts: zeros, lengths: zeros, data: new Uint8Array(0), nulls }
  }
  stored.grow(Math.max(stored.capacity, rows))
  return { ...stored.view(), nulls } as Column
}

/** Divides batches among workers by the hash of columns. */
export class Partitioner {
  readonly #columns: readonly number[]
  readonly #groups: KeyGroups
  readonly #parallelism: number
  #workers = new Int32Array(0)
  #order = new Int32Array(0)

  constructor(schema: Schema, columns: readonly number[], parallelism: number, maxParallelism: number) {
    this.#columns = columns
    const types = columns.map((column) => {
      const type = schema.fields[column]?.type
      invariant(type !== undefined, 'a key is a column of the input')
      return type
    })
    this.#groups = new KeyGroups(types, parallelism, maxParallelism)
    this.#parallelism = parallelism
  }

  /** @returns by worker: its rows, in their order; valid until the next call */
  divide(batch: ChangeBatch): readonly Int32Array[] {
    const { rows } = batch
    if (this.#workers.length < rows) {
      this.#workers = new Int32Array(rows)
      this.#order = new Int32Array(rows)
    }
    const workers = this.#workers
    const keys = this.#columns.map((column) => batch.columns[column] ?? ({ kind: 'null', nulls: null } as const))
    this.#groups.workersOf(keys, rows, workers)
    const ends = new Int32Array(this.#parallelism + 1)
    for (let row = 0; row < rows; row++)
      ends[(workers[row] as number) + 1] = (ends[(workers[row] as number) + 1] as number) + 1
    for (let worker = 1; worker <= this.#parallelism; worker++) {
      ends[worker] = (ends[worker] as number) + (ends[worker - 1] as number)
    }
    const starts = ends.slice()
    const order = this.#order
    for (let row = 0; row < rows; row++) {
      const worker = workers[row] as number
      const at = ends[worker] as number
      ends[worker] = at + 1
      order[at] = row
    }
    return Array.from({ length: this.#parallelism }, (_, worker) => order.subarray(starts[worker], starts[worker + 1]))
  }
}
