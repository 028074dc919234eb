/**
 * RowTable: rows of stored columns under ids that are handed out and taken back, with a record of which pages of 4,096
 * rows have changed since they were last written, and whether rows have come and gone or only values have changed. What
 * is common to the tables of this folder; it finds no row by its values.
 *
 * Laws:
 * 1. A row id is stable from `allocate` to `free`, also over a restore; freed ids are used again.
 * 2. Arrays of columns are replaced when the table grows.
 * 3. Columns of a new row are 0 (empty, not NULL).
 * 4. Key columns are set once, right after `allocate`.
 */
import {
  corrupt,
  decodePage,
  encodePage,
  PAGE_ROWS,
  PAGE_SHIFT,
  pageNumber,
  rowsSpanned,
  SECOND_PART,
  storedColumns,
  type TablePage,
} from './page.ts'
import type { MillraceError } from '../../core/errors.ts'
import { BytesStore } from './bytes-store.ts'
import { longerArray, stateArray } from './memory.ts'
import { readPage } from './page-bytes.ts'
import { isEveryPage } from './page-output.ts'
import { FixedStore, type StoredColumn } from './stored-column.ts'

const FIRST_ROWS = 8
/** Rows that one call of `sweep` looks at, at the least. */
const SWEEP_ROWS = 1 << 14
/** How often within a time to live all rows are looked at. */
const ROUNDS = 4

/** What has changed in a page: its first part, its second one. */
const FIRST = 1
const SECOND = 2
const BOTH = FIRST | SECOND

export class RowTable {
  /** Those of the constructor and, with a time to live, the time of the last write. */
  readonly #columns: readonly StoredColumn[]
  readonly #ttl: number
  readonly #lastWrite: FixedStore | undefined
  /** Of `#columns`: what pages hold in their first part (keys, or everything) and in the second. */
  readonly #first: readonly StoredColumn[]
  readonly #second: readonly StoredColumn[]
  /** What a page is written of when rows in it have changed. */
  readonly #changes: number
  #capacity = 0
  #high = 0
  #size = 0
  #occupied = new Uint8Array(0)
  #free: number[] = []
  #dirty = new Uint8Array(0)
  #written = new Set<number>()
  /** Second parts that are in the checkpoint, where the table has none any more. */
  #unused: number[] = []
  #sweepAt = 0
  #lastSweep: number | undefined

  /**
   * @param ttl milliseconds after the last write at which a row has expired; 0: never
   * @param keys how many of the columns, from the first on, are keys; 0: rows are written as a whole
   */
  constructor(columns: readonly StoredColumn[], ttl: number, keys = 0) {
    this.#ttl = ttl
    this.#lastWrite = ttl > 0 ? new FixedStore('f64') : undefined
    this.#columns = this.#lastWrite === undefined ? columns : [...columns, this.#lastWrite]
    this.#first = keys === 0 ? this.#columns : this.#columns.slice(0, keys)
    this.#second = this.#columns.slice(this.#first.length)
    this.#changes = keys === 0 ? FIRST : SECOND
  }

  get size(): number {
    return this.#size
  }

  /** One above the highest row id in use. */
  get high(): number {
    return this.#high
  }

  get bytes(): number {
    return this.#columns.reduce((sum, column) => sum + column.bytes, this.#occupied.length)
  }

  allocate(): number {
    const row = this.#free.pop() ?? this.#next()
    this.#occupied[row] = 1
    this.#dirty[row >> PAGE_SHIFT] = BOTH
    this.#size++
    return row
  }

  #next(): number {
    const row = this.#high++
    if (row >= this.#capacity) this.#grow(Math.max(FIRST_ROWS, this.#capacity * 2))
    if ((row & (PAGE_ROWS - 1)) === 0 && row > 0) {
      for (const column of this.#columns) column.writeZeros(row, Math.min(row + PAGE_ROWS, this.#capacity))
    }
    return row
  }

  has(row: number): boolean {
    return this.#occupied[row] === 1
  }

  free(row: number): void {
    for (const column of this.#columns) column.clear(row)
    this.#occupied[row] = 0
    this.#free.push(row)
    this.#size--
    this.#dirty[row >> PAGE_SHIFT] = BOTH
  }

  /** As `free`, of rows that are all in use. */
  freeAll(rows: Int32Array, count: number): void {
    for (const column of this.#columns) column.clearAll(rows, count)
    const occupied = this.#occupied
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number
      occupied[row] = 0
      this.#free.push(row)
      this.#dirty[row >> PAGE_SHIFT] = BOTH
    }
    this.#size -= count
  }

  /** Whether `reset` may be called: what has been handed out does not point into the table. */
  get canReset(): boolean {
    return this.#columns.every((column) => column instanceof FixedStore)
  }

  /** As new, but for the room that it has; pages that were written are no longer its own. */
  reset(): void {
    for (const column of this.#columns) if (column instanceof FixedStore) column.reset(this.#high)
    this.#occupied.fill(0, 0, this.#high)
    this.#dirty.fill(0)
    this.#free = []
    this.#written = new Set()
    this.#unused = []
    this.#high = 0
    this.#size = 0
    this.#sweepAt = 0
  }

  /** Rows that there is room for. */
  get capacity(): number {
    return this.#capacity
  }

  #grow(capacity: number): void {
    for (const column of this.#columns) column.grow(capacity)
    this.#occupied = longerArray(this.#occupied, capacity)
    this.#dirty = longerArray(this.#dirty, (capacity + PAGE_ROWS - 1) >> PAGE_SHIFT)
    this.#capacity = capacity
  }

  /** The values of the row's page go into the next checkpoint. */
  mark(row: number): void {
    const page = row >> PAGE_SHIFT
    this.#dirty[page] = (this.#dirty[page] as number) | this.#changes
  }

  markAll(rows: Int32Array, count: number): void {
    const dirty = this.#dirty
    const changes = this.#changes
    for (let i = 0; i < count; i++) {
      const page = (rows[i] as number) >> PAGE_SHIFT
      dirty[page] = (dirty[page] as number) | changes
    }
  }

  get expires(): boolean {
    return this.#lastWrite !== undefined
  }

  expired(row: number, now: number): boolean {
    return this.#lastWrite !== undefined && now - (this.#lastWrite.values[row] as number) >= this.#ttl
  }

  /** The row's time to live begins again. */
  renew(row: number, now: number): void {
    if (this.#lastWrite !== undefined) this.#lastWrite.values[row] = now
  }

  /** All row ids in use, ascending. */
  rows(): Int32Array {
    const rows = stateArray(Int32Array, this.#size)
    let count = 0
    for (let row = 0; row < this.#high; row++) if (this.#occupied[row] === 1) rows[count++] = row
    return rows
  }

  /**
   * Has some expired rows removed; called now and then, it comes round to all of them several times within a time to
   * live, so that the table holds little more than what has not expired.
   */
  sweep(now: number, remove: (row: number) => void): number {
    if (this.#lastWrite === undefined) return 0
    const share = (ROUNDS * (now - (this.#lastSweep ?? now))) / this.#ttl
    this.#lastSweep = now
    let removed = 0
    for (let looked = Math.min(Math.max(SWEEP_ROWS, Math.ceil(share * this.#high)), this.#high); looked > 0; looked--) {
      if (this.#sweepAt >= this.#high) this.#sweepAt = 0
      const row = this.#sweepAt++
      if (this.#occupied[row] !== 1 || !this.expired(row, now)) continue
      remove(row)
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
    const pages: TablePage[] = this.#unused.map((page) => ({ page, bytes: null }))
    this.#unused = []
    const used = (this.#high + PAGE_ROWS - 1) >> PAGE_SHIFT
    const least = isEveryPage() ? BOTH : 0
    for (let page = 0; page < used; page++) {
      const changes = (this.#dirty[page] as number) | least
      if (changes === 0) continue
      this.#dirty[page] = 0
      if ((changes & FIRST) !== 0) this.#encode(page, page, this.#first, pages)
      if ((changes & SECOND) !== 0 && this.#second.length > 0)
        this.#encode(page, page + SECOND_PART, this.#second, pages)
    }
    return pages
  }

  #encode(page: number, part: number, columns: readonly StoredColumn[], pages: TablePage[]): void {
    const bytes = encodePage(page, this.#high, this.#occupied, columns)
    if (bytes !== null) this.#written.add(part)
    else if (!this.#written.delete(part)) return
    pages.push({ page: part, bytes })
  }

  /** Pages that were ever written and not given up: what has to be deleted when the table is dropped. */
  writtenPages(): number[] {
    return [...this.#written, ...this.#unused]
  }

  /**
   * Into an empty table: the newest of each page. A time to live may have been set or taken away since they were
   * written: rows without a time count as written now.
   *
   * Errors: INVALID_CHECKPOINT where the bytes are not of this table.
   */
  restorePages(pages: readonly TablePage[], now: number): void {
    const present = pages.filter((page) => page.bytes !== null)
    if (present.length === 0) return
    this.#grow(rowsSpanned(present))
    this.#lastWrite?.values.fill(now as never)
    const rows = this.#decode(
      present.filter(({ page }) => page < SECOND_PART),
      this.#first,
    )
    const second = present.filter(({ page }) => page >= SECOND_PART)
    if (this.#second.length === 0) this.#unused = second.map(({ page }) => page)
    else {
      const found = this.#decode(second, this.#second)
      // Where a time of the last write is all that there is, it may be missing.
      if (found !== rows && this.#second[0] !== this.#lastWrite) throw this.#torn(second)
    }
    this.#findRows()
    if (this.#size !== rows) throw this.#torn(second)
  }

  /** @returns number of rows */
  #decode(pages: readonly TablePage[], columns: readonly StoredColumn[]): number {
    const isLast = columns.at(-1) === this.#columns.at(-1)
    const unused = new FixedStore('f64')
    let rows = 0
    for (const entry of pages) {
      const { page } = entry
      if (entry.bytes === null) continue
      const bytes = readPage(entry.bytes)
      const stored = storedColumns(bytes)
      let own = columns
      if (isLast && this.#lastWrite !== undefined && stored === columns.length - 1) own = columns.slice(0, -1)
      else if (isLast && this.#lastWrite === undefined && stored === columns.length + 1) {
        unused.grow(this.#capacity)
        own = [...columns, unused]
      }
      rows += decodePage(pageNumber(entry), bytes, this.#occupied, own)
      this.#written.add(page)
    }
    return rows
  }

  #torn(pages: readonly TablePage[]): MillraceError {
    return corrupt(pages[0] === undefined ? 0 : pageNumber(pages[0]), 'its parts are of different rows')
  }

  #findRows(): void {
    this.#high = this.#capacity
    while (this.#high > 0 && this.#occupied[this.#high - 1] === 0) this.#high--
    for (let row = this.#high - 1; row >= 0; row--) {
      if (this.#occupied[row] === 1) this.#size++
      else this.#free.push(row)
    }
  }
}
