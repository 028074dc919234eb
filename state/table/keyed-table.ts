/**
 * KeyedTable: keys to rows of columns, the structure in which operators keep most of their state. An open-addressing
 * index over the dense row ids of a `RowTable`, with columnar keys and values; a checkpoint costs what has changed.
 * Many dense BIGINT keys have `DirectRows` in place of the index.
 *
 * Laws:
 * 1. A row id is stable from insertion to removal, also over a restore; freed ids are used again.
 * 2. Arrays of columns are replaced when the table grows: read them again after every call that may insert.
 * 3. Value columns of a new row are 0 (empty, not NULL).
 */
import type { Column } from '../../core/column.ts'
import type { SqlType } from '../../core/types.ts'
import { hashKeys } from './hash.ts'
import type { TablePage } from './page.ts'
import { DIRECT_ROWS, DirectRows, type DirectTarget } from './direct-rows.ts'
import { commonUpperHalf, keyWords, probeFirstSlots, probeMissed, type UpperHalf } from './narrow-keys.ts'
import { type Probe, type ProbeTarget, probeFor } from './probe.ts'
import { RowTable } from './row-table.ts'
import { createStoredColumn, type FixedStore, type StoredColumn, type StoredKind, storedKind } from './stored-column.ts'
import { touchKeys, touchRows } from './touch.ts'
import { arrayFor, stateArray, writeZeros } from './memory.ts'

export interface ValueColumn {
  readonly kind: StoredKind
  /** Needed for `encoded`, and for texts to be told from other bytes. */
  readonly type?: SqlType
  /** Whether texts may be left where they last: read them by `dataOf` then. */
  readonly shares?: boolean
}

export interface KeyedTableOptions {
  /** Milliseconds after the last write at which a row is gone; 0: never. */
  readonly ttl?: number
  /** Told before a row goes, by removal or expiry: for state beside the table. */
  readonly onRemove?: (row: number) => void
  /** Shared by tables of which only one is looked up at a time; absent: the table has its own. */
  readonly scratch?: LookupScratch
}

/** What a lookup works with and answers in. */
export class LookupScratch {
  hashes = new Int32Array(0)
  rowIds = new Int32Array(0)
  inserted = new Uint8Array(0)
  missed = new Int32Array(0)

  reserve(count: number): void {
    if (this.rowIds.length >= count) return
    const length = Math.max(count, Math.min(2 * this.rowIds.length, 1 << 16))
    this.hashes = new Int32Array(length)
    this.rowIds = new Int32Array(length)
    this.inserted = new Uint8Array(length)
    this.missed = new Int32Array(length)
  }
}

export interface Lookup {
  /** By position in the batch. Valid until the next call of the table, like `inserted`. */
  readonly rowIds: Int32Array
  /** 1 where the row was not there before (or had expired). */
  readonly inserted: Uint8Array
  readonly insertedCount: number
}

const FIRST_SLOT_BITS = 4
/** From this size on rows are touched before they are needed. */
const LARGE = 1 << 16

export class KeyedTable implements ProbeTarget, DirectTarget {
  readonly keys: readonly StoredColumn[]
  readonly values: readonly StoredColumn[]
  readonly #kinds: readonly StoredKind[]
  /** The rows by id: for who changes or times them one by one. */
  readonly storage: RowTable
  readonly #onRemove: ((row: number) => void) | undefined
  readonly #scratch: LookupScratch
  index = new Int32Array(2 << FIRST_SLOT_BITS)
  shift = 32 - FIRST_SLOT_BITS
  /** By row, so that a row is found in the index without its key. */
  #hashes: Int32Array = new Int32Array(2 ** FIRST_SLOT_BITS)
  #probeLoop: Probe | undefined
  /** A bit for each key column that has or had NULLs. */
  #probeVariant = 0
  /** Of all keys, where they are BIGINT and have it in common. */
  #upperHalf: UpperHalf = null
  /** In use: all rows are in it, and the index is empty. */
  readonly #direct = new DirectRows()
  /** The size at which it is looked whether it can be used. */
  #directAt = DIRECT_ROWS
  /** What touching has read, kept so that it is not optimised away. */
  touched = 0

  constructor(keyTypes: readonly SqlType[], values: readonly ValueColumn[], options: KeyedTableOptions = {}) {
    this.#kinds = keyTypes.map(storedKind)
    this.keys = keyTypes.map((type) => createStoredColumn(storedKind(type), type))
    this.values = values.map(({ kind, type, shares }) => createStoredColumn(kind, type, shares))
    this.storage = new RowTable([...this.keys, ...this.values], options.ttl ?? 0, this.keys.length)
    this.#onRemove = options.onRemove
    this.#scratch = options.scratch ?? new LookupScratch()
  }

  get size(): number {
    return this.storage.size
  }

  /** One above the highest row id in use. */
  get high(): number {
    return this.storage.high
  }

  get bytes(): number {
    return this.storage.bytes + this.index.byteLength + this.#hashes.byteLength + this.#direct.bytes
  }

  /**
   * The rows of a batch's keys, inserted where they are missing; all of them count as written.
   *
   * @param now processing time in milliseconds; used only with a TTL
   * @param hashes what `hashKeys` gives the keys, where that is known
   */
  lookupOrInsert(columns: readonly Column[], count: number, now = 0, hashes?: Int32Array): Lookup {
    this.#scratch.reserve(count)
    const { rowIds, inserted } = this.#scratch
    let insertedCount = this.#find(columns, count, true, hashes)
    this.storage.markAll(rowIds, count)
    if (this.size > LARGE) this.touched ^= touchRows(this.values, rowIds, count)
    if (this.storage.expires) insertedCount += this.#renew(count, now)
    return { rowIds, inserted, insertedCount }
  }

  /** As `lookupOrInsert`, for keys that are only names of rows: those that were there before are not written again. */
  intern(columns: readonly Column[], count: number): Lookup {
    this.#scratch.reserve(count)
    const { rowIds, inserted } = this.#scratch
    const insertedCount = this.#find(columns, count, true)
    return { rowIds, inserted, insertedCount }
  }

  /** The rows of a batch's keys, -1 where there is none. Valid until the next call of the table. */
  lookup(columns: readonly Column[], count: number, now = 0): Int32Array {
    this.#scratch.reserve(count)
    const { rowIds } = this.#scratch
    this.#find(columns, count, false)
    if (!this.storage.expires) return rowIds
    for (let i = 0; i < count; i++) {
      const row = rowIds[i] as number
      if (row >= 0 && this.storage.expired(row, now)) rowIds[i] = -1
    }
    return rowIds
  }

  /** Fills the scratch in. @param known hashes of the keys @returns number of inserted rows */
  #find(columns: readonly Column[], count: number, insert: boolean, known?: Int32Array): number {
    const { rowIds, inserted, missed } = this.#scratch
    const hashes = known ?? this.#scratch.hashes
    const stored = this.#stored(columns, count)
    const half = this.#upperHalf
    const words = half === undefined ? undefined : keyWords(stored)
    if (insert) inserted.fill(0, 0, count)
    if (this.size >= this.#directAt && !this.#direct.isUsed) this.#startDirect()
    if (this.#direct.isUsed && words !== undefined) {
      const missing = this.#direct.find(words, count, rowIds, missed)
      if (missing === 0 || !insert) return 0
      if (this.#direct.reserve(words, missed, missing, this.size))
        return this.#direct.insert(this, words, missed, missing, rowIds, inserted)
    }
    if (this.#direct.isUsed) this.#reindex()
    if (known === undefined) hashKeys(stored, count, hashes)
    const upper = words === undefined ? undefined : commonUpperHalf(words, count, half)
    if (insert) this.#upperHalf = upper
    if (words === undefined || upper === undefined) {
      if (this.size > LARGE) this.touched ^= touchKeys(this, hashes, count)
      return this.#probe(stored)(this, stored, count, hashes, rowIds, inserted, insert)
    }
    const missing = probeFirstSlots(this, count, hashes, rowIds, missed)
    return missing === 0 ? 0 : probeMissed(this, words, missed, missing, hashes, rowIds, inserted, insert)
  }

  /** Gives the index up where the keys can be their own index. */
  #startDirect(): boolean {
    this.#directAt = Math.max(DIRECT_ROWS, 2 * this.size)
    const upper = this.#upperHalf
    const [key] = this.keys
    if (typeof upper !== 'number' || key?.nulls !== null) return false
    if (!this.#direct.start(this.keyWords(), upper, this.rows())) return false
    this.index = new Int32Array(2 << FIRST_SLOT_BITS)
    this.shift = 32 - FIRST_SLOT_BITS
    this.#hashes = new Int32Array(0)
    return true
  }

  /** For `DirectRows` only. */
  allocateRow(): number {
    return this.storage.allocate()
  }

  /** For `DirectRows` only. */
  keyWords(): Int32Array {
    return (this.keys[0] as FixedStore).words
  }

  #stored(columns: readonly Column[], count: number): readonly Column[] {
    if (!this.#kinds.includes('encoded')) return columns
    return columns.map((column, index) => {
      const key = this.keys[index]
      return key?.kind === 'encoded' ? key.input(column, count) : column
    })
  }

  #probe(columns: readonly Column[]): Probe {
    let variant = 0
    for (let n = 0; n < columns.length; n++) {
      const nullable = columns[n]?.nulls !== null || this.keys[n]?.nulls !== null
      if (nullable) variant |= 1 << n
    }
    if (this.#probeLoop === undefined || variant !== this.#probeVariant) {
      this.#probeLoop = probeFor(
        this.#kinds,
        this.#kinds.map((_, n) => ((variant >> n) & 1) === 1),
      )
      this.#probeVariant = variant
    }
    return this.#probeLoop
  }

  /** For the probing loop only. */
  allocate(hash: number): number {
    const row = this.storage.allocate()
    if (row >= this.#hashes.length) this.#growHashes(row + 1)
    this.#hashes[row] = hash
    if (this.size * 2 > this.index.length >>> 1) this.#rehash()
    place(this.index, this.shift, hash, row + 1)
    return row
  }

  #growHashes(length: number): void {
    this.#hashes = arrayFor(this.#hashes, length)
  }

  /** Slots follow the top bits of the hash, so doubling moves entries in order: sequential reads and writes. */
  #rehash(): void {
    const old = this.index
    const index = stateArray(Int32Array, old.length * 2)
    writeZeros(index, 0, index.byteLength)
    const shift = this.shift - 1
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] !== 0) place(index, shift, old[at] as number, old[at + 1] as number)
    }
    this.index = index
    this.shift = shift
  }

  /** An expired row that is written again begins anew. */
  #renew(count: number, now: number): number {
    const { rowIds, inserted } = this.#scratch
    let expired = 0
    for (let i = 0; i < count; i++) {
      const row = rowIds[i] as number
      if (inserted[i] === 0 && this.storage.expired(row, now)) {
        this.#onRemove?.(row)
        for (const column of this.values) column.clear(row)
        inserted[i] = 1
        expired++
      }
      this.storage.renew(row, now)
    }
    return expired
  }

  /** Rows that are not there are left alone. */
  remove(row: number): void {
    if (!this.storage.has(row)) return
    this.#onRemove?.(row)
    if (this.#direct.isUsed) this.#direct.forget(this.keyWords()[2 * row] as number)
    else this.#unlink(row)
    this.storage.free(row)
  }

  #unlink(row: number): void {
    const { index, shift } = this
    const mask = (index.length >>> 1) - 1
    let slot = (this.#hashes[row] as number) >>> shift
    while (index[2 * slot + 1] !== row + 1) slot = (slot + 1) & mask
    let hole = slot
    for (;;) {
      slot = (slot + 1) & mask
      const id = index[2 * slot + 1] as number
      if (id === 0) break
      const home = (index[2 * slot] as number) >>> shift
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue
      index[2 * hole] = index[2 * slot] as number
      index[2 * hole + 1] = id
      hole = slot
    }
    index[2 * hole] = 0
    index[2 * hole + 1] = 0
  }

  /** As a new table, with the room that this one has; false: that cannot be done (see `RowTable.canReset`). */
  reset(): boolean {
    if (!this.storage.canReset) return false
    if (this.#direct.isUsed) this.#direct.forgetAll(this.keyWords(), this.high)
    else {
      this.index.fill(0)
      this.#upperHalf = null
    }
    this.storage.reset()
    return true
  }

  /** All row ids in use, ascending. */
  rows(): Int32Array {
    return this.storage.rows()
  }

  /** Removes some expired rows; called now and then, it comes round to all of them. */
  sweep(now: number): number {
    return this.storage.sweep(now, (row) => this.remove(row))
  }

  /** Between batches: gives back what overwritten variable-length values took. */
  compact(): void {
    this.storage.compact()
  }

  /** What has changed since the last call; `bytes` null: no rows are left in the page. */
  snapshotPages(): TablePage[] {
    return this.storage.snapshotPages()
  }

  /** Pages that were ever written and not given up: what has to be deleted when the table is dropped. */
  writtenPages(): number[] {
    return this.storage.writtenPages()
  }

  /**
   * Into an empty table: the newest of each page. Rows from before a time to live was set count as written now.
   *
   * Errors: INVALID_CHECKPOINT where the bytes are not of this table.
   */
  restorePages(pages: readonly TablePage[], now = 0): void {
    this.storage.restorePages(pages, now)
    this.#upperHalf = this.#commonUpperHalf()
    if (this.size > 0 && (this.size < DIRECT_ROWS || !this.#startDirect())) this.#reindex()
  }

  #commonUpperHalf(): UpperHalf {
    if (this.size === 0) return this.#upperHalf
    const words = keyWords(this.keys.map((key) => key.view()))
    // Ids that are free have a key of 0: they may only make it look less uniform than it is.
    return words === undefined ? undefined : commonUpperHalf(words, this.high, null)
  }

  /** Makes the index anew from the stored keys. */
  #reindex(): void {
    this.#direct.clear()
    const hashes = stateArray(Int32Array, this.high)
    hashKeys(
      this.keys.map((key) => key.view()),
      this.high,
      hashes,
    )
    this.#hashes = hashes
    let bits = FIRST_SLOT_BITS
    while (2 ** bits < 2 * this.size) bits++
    this.index = stateArray(Int32Array, 2 ** (bits + 1))
    this.shift = 32 - bits
    for (const row of this.rows()) place(this.index, this.shift, hashes[row] as number, row + 1)
  }
}

function place(index: Int32Array, shift: number, hash: number, id: number): void {
  const mask = (index.length >>> 1) - 1
  let slot = hash >>> shift
  while (index[2 * slot + 1] !== 0) slot = (slot + 1) & mask
  index[2 * slot] = hash
  index[2 * slot + 1] = id
}
