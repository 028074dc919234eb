/**
 * TimedRows: any number of rows for each group, in the order of a time; rows of the same time in the order in which
 * they were added. The groups are row ids of a `KeyedTable` that the owner has, so that several tables share them.
 *
 * Laws:
 * 1. Row ids are stable until removal, also over a restore; freed ids are used again.
 * 2. Arrays of columns are replaced when rows are added: read them again after `add`.
 * 3. A row that was taken out keeps its values until `settle`.
 * 4. Links are not written: a checkpoint has the rows with group, time and number, and costs what has changed.
 */
import type { ValueColumn } from './keyed-table.ts'
import type { TablePage } from './page.ts'
import { RowTable } from './row-table.ts'
import { createStoredColumn, FixedStore, type StoredColumn } from './stored-column.ts'
import { arrayFor } from './memory.ts'

const FIRST = 16

export class TimedRows {
  readonly values: readonly StoredColumn[]
  readonly #rows: RowTable
  readonly #groups = new FixedStore('i32')
  readonly #times = new FixedStore('f64')
  /** Ascending with every row that is added. */
  readonly #numbers = new FixedStore('f64')
  #nextNumber = 1
  /** By row: id of the next row plus 1, 0 at the end. */
  #next: Int32Array = new Int32Array(FIRST)
  #previous: Int32Array = new Int32Array(FIRST)
  /** By group: ids of the first and the last row, plus 1. */
  #heads: Int32Array = new Int32Array(FIRST)
  #tails: Int32Array = new Int32Array(FIRST)
  #gone: Int32Array = new Int32Array(64)
  #goneCount = 0

  constructor(values: readonly ValueColumn[]) {
    this.values = values.map((value) => createStoredColumn(value.kind, value.type))
    this.#rows = new RowTable([this.#groups, this.#times, this.#numbers, ...this.values], 0)
  }

  /** Number of rows. */
  get size(): number {
    return this.#rows.size - this.#goneCount
  }

  get bytes(): number {
    return this.#rows.bytes + 8 * (this.#next.length + this.#heads.length)
  }

  /** -1: the group has no rows. */
  first(group: number): number {
    return (this.#heads[group] ?? 0) - 1
  }

  last(group: number): number {
    return (this.#tails[group] ?? 0) - 1
  }

  /** -1 at the end. */
  next(row: number): number {
    return (this.#next[row] as number) - 1
  }

  /** -1 at the beginning. */
  previous(row: number): number {
    return (this.#previous[row] as number) - 1
  }

  time(row: number): number {
    return this.#times.values[row] as number
  }

  /** A new row; its values are still to be put. */
  add(group: number, time: number): number {
    const row = this.#rows.allocate()
    this.#groups.values[row] = group
    this.#times.values[row] = time
    this.#numbers.values[row] = this.#nextNumber++
    this.#rows.mark(row)
    let before = this.last(group)
    while (before >= 0 && this.time(before) > time) before = this.previous(before)
    this.#link(group, before, row)
    return row
  }

  #link(group: number, before: number, row: number): void {
    this.#reserve(row, group)
    const after = before < 0 ? this.first(group) : this.next(before)
    this.#previous[row] = before + 1
    this.#next[row] = after + 1
    if (before < 0) this.#heads[group] = row + 1
    else this.#next[before] = row + 1
    if (after < 0) this.#tails[group] = row + 1
    else this.#previous[after] = row + 1
  }

  #reserve(row: number, group: number): void {
    if (row >= this.#next.length) {
      this.#next = arrayFor(this.#next, row + 1)
      this.#previous = arrayFor(this.#previous, row + 1)
    }
    if (group >= this.#heads.length) {
      this.#heads = arrayFor(this.#heads, group + 1)
      this.#tails = arrayFor(this.#tails, group + 1)
    }
  }

  /** Takes a row out of its group; its values stay until `settle`. */
  remove(row: number): void {
    const group = this.#groups.values[row] as number
    const [before, after] = [this.previous(row), this.next(row)]
    if (before < 0) this.#heads[group] = after + 1
    else this.#next[before] = after + 1
    if (after < 0) this.#tails[group] = before + 1
    else this.#previous[after] = before + 1
    this.#putAway(row)
  }

  /** Takes all rows out of a group. */
  removeAll(group: number): void {
    for (let row = this.first(group); row >= 0; row = this.next(row)) this.#putAway(row)
    this.#heads[group] = 0
    this.#tails[group] = 0
  }

  #putAway(row: number): void {
    if (this.#goneCount === this.#gone.length) {
      const longer = new Int32Array(2 * this.#goneCount)
      longer.set(this.#gone)
      this.#gone = longer
    }
    this.#gone[this.#goneCount++] = row
  }

  /** After a change of a row's values. */
  touch(row: number): void {
    this.#rows.mark(row)
  }

  /** At the end of a batch: rows that were taken out are gone. */
  settle(): void {
    this.#rows.freeAll(this.#gone, this.#goneCount)
    this.#goneCount = 0
    this.#rows.compact()
  }

  /** What has changed since the last call. */
  snapshotPages(): TablePage[] {
    return this.#rows.snapshotPages()
  }

  /** Into an empty table. Errors: INVALID_CHECKPOINT. */
  restorePages(pages: readonly TablePage[]): void {
    this.#rows.restorePages(pages, 0)
    const numbers = this.#numbers.values as Float64Array
    const times = this.#times.values as Float64Array
    const rows = this.#rows.rows()
    rows.sort((a, b) => (times[a] as number) - (times[b] as number) || (numbers[a] as number) - (numbers[b] as number))
    for (const row of rows) {
      const group = this.#groups.values[row] as number
      this.#link(group, this.last(group), row)
      this.#nextNumber = Math.max(this.#nextNumber, (numbers[row] as number) + 1)
    }
  }
}
