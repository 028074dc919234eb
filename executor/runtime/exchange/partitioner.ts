/** Which worker a row goes to: its key is hashed into a key group, and every worker has a range of these. */
import type { ChangeBatch } from '../../../core/change-batch.ts'
import type { Column } from '../../../core/column.ts'
import { invariant } from '../../../core/errors.ts'
import type { Schema, SqlType } from '../../../core/types.ts'
import { hashKeys, hashLong } from '../../../state/table/hash.ts'
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
  /** Of the keys of the last call of `workersOf`, but where there is a faster way to their workers. */
  hashes = new Int32Array(0)

  /** @param owners of each key group */
  constructor(
    types: readonly SqlType[],
    parallelism: number,
    maxParallelism: number,
    owners = keyGroupOwners(parallelism, maxParallelism),
  ) {
    this.#stored = types.map((type) => createStoredColumn(storedKind(type), type))
    this.#owners = owners
  }

  /** @param out receives the worker of each of the first `rows` keys */
  workersOf(columns: readonly Column[], rows: number, out: Int32Array): void {
    if (this.hashes.length < rows) this.hashes = new Int32Array(rows)
    const { hashes } = this
    const [first] = columns
    const groups = this.#owners.length
    if (columns.length === 1 && first?.kind === 'i64' && first.nulls === null && (groups & (groups - 1)) === 0) {
      workersOfLongs(first.values, rows, this.#owners, out)
      return
    }
    hashKeys(
      columns.map((column, index) => this.#storable(column, index, rows)),
      rows,
      hashes,
    )
    const owners = this.#owners
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

/** The commonest key in one loop. @param owners as many as a power of two */
function workersOfLongs(values: BigInt64Array, rows: number, owners: Int32Array, out: Int32Array): void {
  const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2)
  const mask = owners.length - 1
  for (let row = 0; row < rows; row++) {
    out[row] = owners[hashLong(words[2 * row] as number, words[2 * row + 1] as number) & mask] as number
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

/** Rows of a batch that go to one worker: the first `count` of `indices`, in their order. */
export interface Share {
  indices: Int32Array
  count: number
}

/** Divides batches among workers by the hash of columns. */
export class Partitioner {
  readonly #columns: readonly number[]
  readonly #groups: KeyGroups
  readonly #shares: readonly Share[]
  /** Where hashing again costs more than sending the hash along: texts, and several columns. */
  readonly #sendsHashes: boolean
  #workers = new Int32Array(0)

  constructor(schema: Schema, columns: readonly number[], parallelism: number, maxParallelism: number) {
    this.#columns = columns
    const types = columns.map((column) => {
      const type = schema.fields[column]?.type
      invariant(type !== undefined, 'a key is a column of the input')
      return type
    })
    this.#groups = new KeyGroups(types, parallelism, maxParallelism)
    this.#sendsHashes = types.length > 1 || types.some((type) => ['bytes', 'encoded'].includes(storedKind(type)))
    this.#shares = Array.from({ length: parallelism }, () => ({ indices: new Int32Array(0), count: 0 }))
  }

  /** Of the keys of the batch that was divided last, where they are sent along; valid until the next call. */
  get hashes(): Int32Array | null {
    return this.#sendsHashes ? this.#groups.hashes : null
  }

  /** @returns by worker: its rows; valid until the next call */
  divide(batch: ChangeBatch): readonly Share[] {
    const { rows } = batch
    if (this.#workers.length < rows) {
      this.#workers = new Int32Array(rows)
      for (const share of this.#shares) share.indices = new Int32Array(rows)
    }
    const keys = this.#columns.map((column) => batch.columns[column] ?? ({ kind: 'null', nulls: null } as const))
    this.#groups.workersOf(keys, rows, this.#workers)
    const [first, second] = this.#shares
    if (first !== undefined && second !== undefined && this.#shares.length === 2)
      divideInTwo(this.#workers, rows, first, second)
    else divideAmong(this.#workers, rows, this.#shares)
    return this.#shares
  }
}

/** Every row is written to both, and stays in the one that goes on behind it: without branches. */
function divideInTwo(workers: Int32Array, rows: number, first: Share, second: Share): void {
  const lower = first.indices
  const upper = second.indices
  let above = 0
  for (let row = 0; row < rows; row++) {
    const at = (row - above) | 0
    lower[at] = row
    upper[above] = row
    above = (above + (workers[row] as number)) | 0
  }
  first.count = rows - above
  second.count = above
}

function divideAmong(workers: Int32Array, rows: number, shares: readonly Share[]): void {
  for (const share of shares) share.count = 0
  for (let row = 0; row < rows; row++) {
    const share = shares[workers[row] as number] as Share
    share.indices[share.count++] = row
  }
}
