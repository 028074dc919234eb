/**
 * KeyedTable: keys to rows of columns, the one structure in which operators keep state. An open-addressing index over
 * dense row ids, columnar keys and values, and a record of which pages of 1,024 rows have changed since they were last
 * written, so that a checkpoint costs what has changed.
 *
 * Laws:
 * 1. A row id is stable from insertion to removal, also over a restore; freed ids are used again.
 * 2. Arrays of columns are replaced when the table grows: read them again after every call that may insert.
 * 3. Value columns of a new row are 0 (empty, not NULL).
 */
import type { Column } from '../../core/column.ts'
import type { SqlType } from '../../core/types.ts'
import { hashKeys } from './hash.ts'
import { decodePage, encodePage, PAGE_ROWS, PAGE_SHIFT, storedColumns, type TablePage } from './page.ts'
import { touchKeys, touchRows } from './touch.ts'
import { type Probe, type ProbeTarget, probeFor } from './probe.ts'
import {
  BytesStore,
  createStoredColumn,
  FixedStore,
  type StoredColumn,
  type StoredKind,
  storedKind,
} from './stored-column.ts'

export interface ValueColumn {
  readonly kind: StoredKind
  /** Needed for `encoded`. */
  readonly type?: SqlType
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

  reserve(count: number): void {
    if (this.rowIds.length >= count) return
    const length = Math.max(count, Math.min(2 * this.rowIds.length, 1 << 16))
    this.hashes = new Int32Array(length)
    this.rowIds = new Int32Array(length)
    this.inserted = new Uint8Array(length)
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
const FIRST_ROWS = 8
/** From this size on rows are touched before they are needed. */
const LARGE = 1 << 16
/** Rows that one call of `sweep` looks at. */
const SWEEP_ROWS = 1 << 14

export class KeyedTable implements ProbeTarget {
  readonly keys: readonly StoredColumn[]
  readonly values: readonly StoredColumn[]
  readonly #kinds: readonly StoredKind[]
  readonly #ttl: number
  readonly #onRemove: ((row: number) => void) | undefined
  readonly #lastWrite: FixedStore | undefined
  readonly #scratch: LookupScratch
  readonly #columns: readonly StoredColumn[]
  index = new Int32Array(2 << FIRST_SLOT_BITS)
  shift = 32 - FIRST_SLOT_BITS
  #capacity = 0
  /** One above the highest row id ever used. */
  #high = 0
  #size = 0
  #occupied = new Uint8Array(0)
  #free: number[] = []
  #dirty = new Uint8Array(0)
  #written = new Set<number>()
  #probeLoop: Probe | undefined
  /** A bit for each key column that has or had NULLs. */
  #probeVariant = 0
  #sweepAt = 0
  /** What touching has read, kept so that it is not optimised away. */
  touched = 0

  constructor(keyTypes: readonly SqlType[], values: readonly ValueColumn[], options: KeyedTableOptions = {}) {
    this.#kinds = keyTypes.map(storedKind)
    this.keys = keyTypes.map((type) => createStoredColumn(storedKind(type), type))
    this.values = values.map((value) => createStoredColumn(value.kind, value.type))
    this.#ttl = options.ttl ?? 0
    this.#onRemove = options.onRemove
    this.#scratch = options.scratch ?? new LookupScratch()
    this.#lastWrite = this.#ttl > 0 ? new FixedStore('f64') : undefined
    this.#columns = [...this.keys, ...this.values, ...(this.#lastWrite === undefined ? [] : [this.#lastWrite])]
  }

  get size(): number {
    return this.#size
  }

  /** One above the highest row id in use. */
  get high(): number {
    return this.#high
  }

  get bytes(): number {
    const columns = this.#columns.reduce((sum, column) => sum + column.bytes, 0)
    return columns + this.index.byteLength + this.#occupied.length
  }

  /**
   * The rows of a batch's keys, inserted where they are missing; all of them count as written.
   *
   * @param now processing time in milliseconds; used only with a TTL
   */
  lookupOrInsert(columns: readonly Column[], count: number, now = 0): Lookup {
    this.#scratch.reserve(count)
    const { hashes, rowIds, inserted } = this.#scratch
    const stored = this.#stored(columns, count)
    hashKeys(stored, count, hashes)
    const large = this.#size > LARGE
    if (large) this.touched ^= touchKeys(this, hashes, count)
    let insertedCount = this.#probe(stored)(this, stored, count, hashes, rowIds, inserted, true)
    this.#markDirty(rowIds, count)
    if (large) this.touched ^= touchRows(this.values, rowIds, count)
    if (this.#lastWrite !== undefined) insertedCount += this.#touch(this.#lastWrite, count, now)
    return { rowIds, inserted, insertedCount }
  }

  /** The rows of a batch's keys, -1 where there is none. Valid until the next call of the table. */
  lookup(columns: readonly Column[], count: number, now = 0): Int32Array {
    this.#scratch.reserve(count)
    const { hashes, rowIds, inserted } = this.#scratch
    const stored = this.#stored(columns, count)
    hashKeys(stored, count, hashes)
    this.#probe(stored)(this, stored, count, hashes, rowIds, inserted, false)
    if (this.#lastWrite !== undefined) {
      const last = this.#lastWrite.values as Float64Array
      for (let i = 0; i < count; i++) {
        const row = rowIds[i] as number
        if (row >= 0 && now - (last[row] as number) >= this.#ttl) rowIds[i] = -1
      }
    }
    return rowIds
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
    const row = this.#free.pop() ?? this.#high++
    if (row >= this.#capacity) this.#grow(Math.max(FIRST_ROWS, this.#capacity * 2))
    this.#occupied[row] = 1
    this.#size++
    if (this.#size * 2 > this.index.length >>> 1) this.#rehash()
    place(this.index, this.shift, hash, row + 1)
    return row
  }

  #grow(capacity: number): void {
    for (const column of this.#columns) column.grow(capacity)
    const occupied = new Uint8Array(capacity)
    occupied.set(this.#occupied)
    this.#occupied = occupied
    const dirty = new Uint8Array((capacity + PAGE_ROWS - 1) >> PAGE_SHIFT)
    dirty.set(this.#dirty)
    this.#dirty = dirty
    this.#capacity = capacity
  }

  /** Slots follow the top bits of the hash, so doubling moves entries in order: sequential reads and writes. */
  #rehash(): void {
    const old = this.index
    const index = new Int32Array(old.length * 2)
    const shift = this.shift - 1
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] !== 0) place(index, shift, old[at] as number, old[at + 1] as number)
    }
    this.index = index
    this.shift = shift
  }

  #touch(lastWrite: FixedStore, count: number, now: number): number {
    const last = lastWrite.values as Float64Array
    const { rowIds, inserted } = this.#scratch
    let expired = 0
    for (let i = 0; i < count; i++) {
      const row = rowIds[i] as number
      if (inserted[i] === 0 && now - (last[row] as number) >= this.#ttl) {
        this.#onRemove?.(row)
        for (const column of this.values) column.clear(row)
        inserted[i] = 1
        expired++
      }
      last[row] = now
    }
    return expired
  }

  #markDirty(rows: Int32Array, count: number): void {
    const dirty = this.#dirty
    for (let i = 0; i < count; i++) dirty[(rows[i] as number) >> PAGE_SHIFT] = 1
  }

  /** Rows that are not there are left alone. */
  remove(row: number): void {
    if (this.#occupied[row] !== 1) return
    this.#onRemove?.(row)
    this.#unlink(row)
    for (const column of this.keys) column.clear(row)
    for (const column of this.values) column.clear(row)
    this.#occupied[row] = 0
    this.#free.push(row)
    this.#size--
    this.#dirty[row >> PAGE_SHIFT] = 1
  }

  #unlink(row: number): void {
    const one = Int32Array.of(row)
    const key = this.keys.map((column) => storedForm(column, one))
    const hash = new Int32Array(1)
    hashKeys(key, 1, hash)
    const { index, shift } = this
    const mask = (index.length >>> 1) - 1
    let slot = (hash[0] as number) >>> shift
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

  /** All row ids in use, ascending. */
  rows(): Int32Array {
    const rows = new Int32Array(this.#size)
    let count = 0
    for (let row = 0; row < this.#high; row++) if (this.#occupied[row] === 1) rows[count++] = row
    return rows
  }

  /** Removes some expired rows; called now and then, it comes round to all of them. */
  sweep(now: number): number {
    if (this.#lastWrite === undefined) return 0
    const last = this.#lastWrite.values as Float64Array
    let removed = 0
    for (let looked = Math.min(SWEEP_ROWS, this.#high); looked > 0; looked--) {
      if (this.#sweepAt >= this.#high) this.#sweepAt = 0
      const row = this.#sweepAt++
      if (this.#occupied[row] !== 1 || now - (last[row] as number) < this.#ttl) continue
      this.remove(row)
      removed++
    }
    return removed
  }

  /** Between batches: gives back what overwritten variable-length values took. */
  compact(): void {
    for (const column of this.#columns) {
      if (column instanceof BytesStore) column.compact(this.#high)
    }
  }

  /** What has changed since the last call; `bytes` null: no rows are left in the page. */
  snapshotPages(): TablePage[] {
    const pages: TablePage[] = []
    const used = (this.#high + PAGE_ROWS - 1) >> PAGE_SHIFT
    for (let page = 0; page < used; page++) {
      if (this.#dirty[page] !== 1) continue
      this.#dirty[page] = 0
      const bytes = encodePage(page, this.#high, this.#occupied, this.#columns)
      if (bytes !== null) this.#written.add(page)
      else if (!this.#written.delete(page)) continue
      pages.push({ page, bytes })
    }
    return pages
  }

  /** Pages that were ever written and not given up: what has to be deleted when the table is dropped. */
  writtenPages(): number[] {
    return [...this.#written]
  }

  /**
   * Into an empty table: the newest of each page. A time to live may have been set or taken away since they were
   * written: rows without a time count as written now.
   *
   * Errors: INVALID_CHECKPOINT where the bytes are not of this table.
   */
  restorePages(pages: readonly TablePage[], now = 0): void {
    const present = pages.filter((page) => page.bytes !== null)
    if (present.length === 0) return
    const top = Math.max(...present.map(({ page }) => page)) + 1
    this.#grow(top * PAGE_ROWS)
    const times = this.#lastWrite?.values.fill(now as never)
    const unused = new FixedStore('f64')
    for (const { page, bytes } of present) {
      if (bytes === null) continue
      const stored = storedColumns(bytes)
      let columns = this.#columns
      if (times !== undefined && stored === columns.length - 1) columns = columns.slice(0, -1)
      else if (times === undefined && stored === columns.length + 1) {
        unused.grow(this.#capacity)
        columns = [...columns, unused]
      }
      decodePage(page, bytes, this.#occupied, columns)
      this.#written.add(page)
    }
    this.#high = this.#capacity
    while (this.#high > 0 && this.#occupied[this.#high - 1] === 0) this.#high--
    this.#reindex()
  }

  #reindex(): void {
    const hashes = new Int32Array(this.#high)
    hashKeys(
      this.keys.map((key) => key.view()),
      this.#high,
      hashes,
    )
    this.#size = 0
    for (let row = this.#high - 1; row >= 0; row--) {
      if (this.#occupied[row] === 1) this.#size++
      else this.#free.push(row)
    }
    let bits = FIRST_SLOT_BITS
    while (2 ** bits < 2 * this.#size) bits++
    this.index = new Int32Array(2 ** (bits + 1))
    this.shift = 32 - bits
    for (let row = 0; row < this.#high; row++) {
      if (this.#occupied[row] === 1) place(this.index, this.shift, hashes[row] as number, row + 1)
    }
  }
}

/** One stored key in the form in which batches are hashed. */
function storedForm(column: StoredColumn, rows: Int32Array): Column {
  if (column.kind !== 'encoded') return column.gather(rows, 1)
  const row = rows[0] as number
  const view = column.view()
  return {
    kind: 'bytes',
    starts: view.starts.slice(row, row + 1),
    lengths: view.lengths.slice(row, row + 1),
    data: view.data,
    nulls: view.nulls === null ? null : view.nulls.slice(row, row + 1),
  }
}

function place(index: Int32Array, shift: number, hash: number, id: number): void {
  const mask = (index.length >>> 1) - 1
  let slot = hash >>> shift
  while (index[2 * slot + 1] !== 0) slot = (slot + 1) & mask
  index[2 * slot] = hash
  index[2 * slot + 1] = id
}
