/**
 * SortedRows: any number of rows for each key, ordered by some of their columns, equal ones as they came. A
 * `KeyedTable` of the keys, whose row ids are the *groups*, a `RowTable` of the rows, and a list of row ids for each
 * group.
 *
 * Laws:
 * 1. Row ids and groups are stable until removal, also over a restore; freed ids are used again.
 * 2. A row that was stored is in no list, and in no checkpoint, until it is inserted; `free` ends a row that is in none.
 * 3. Arrays of columns are replaced when rows are stored: read them again.
 * 4. Time to live is that of a key: what has expired goes with all its rows. A write of any row begins it again.
 */
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { type SqlType, withNullability, type Schema } from '../../core/types.ts'
import { KeyedTable, type ValueColumn } from './keyed-table.ts'
import type { TablePage } from './page.ts'
import { LongLists, type RowLists, ShortLists } from './row-lists.ts'
import { type OrderedBy, type RowOrder, storedOrder } from './row-order.ts'
import { RowTable } from './row-table.ts'
import { createStoredColumn, FixedStore, type StoredColumn, storedKind } from './stored-column.ts'

export interface SortedRowsOptions {
  readonly schema: Schema
  readonly keyTypes: readonly SqlType[]
  readonly order: readonly OrderedBy[]
  /** Most rows of a key, where there is a small number. */
  readonly limit?: number
  /** Columns kept for each key. */
  readonly keyValues?: readonly ValueColumn[]
  readonly ttl: number
  /** Told before a row goes with its key. */
  readonly onRemove?: (row: number) => void
}

export interface SortedRowsPage extends TablePage {
  readonly table: string
}

/** Longer lists are made of chunks. */
const SHORT = 64

export class SortedRows {
  readonly keys: KeyedTable
  /** The rows' columns. */
  readonly values: readonly StoredColumn[]
  /** By the order's columns only. */
  readonly compare: RowOrder
  readonly #lists: RowLists
  readonly #table: RowTable
  readonly #groups = new FixedStore('i32')
  /** Among equal rows: as they came. */
  readonly #arrival = new FixedStore('f64')
  readonly #ttl: number
  readonly #onRemove: ((row: number) => void) | undefined
  #next = 1
  #scratch = new Int32Array(0)

  constructor({ schema, keyTypes, order, limit, keyValues = [], ttl, onRemove }: SortedRowsOptions) {
    this.#ttl = ttl
    this.#onRemove = onRemove
    this.keys = new KeyedTable(keyTypes, keyValues, { ttl, onRemove: (group) => this.#forget(group) })
    this.values = schema.fields.map(({ type }) =>
      createStoredColumn(storedKind(type), withNullability(type, true), true),
    )
    this.#table = new RowTable([this.#groups, this.#arrival, ...this.values], 0)
    this.compare = storedOrder(this.values, order)
    this.#lists = limit !== undefined && limit <= SHORT ? new ShortLists(limit) : new LongLists()
  }

  get size(): number {
    return this.#table.size
  }

  get bytes(): number {
    return this.keys.bytes + this.#table.bytes + this.#lists.bytes
  }

  /** The groups of a batch's keys, made where they are missing. Valid until the next call. */
  groups(columns: readonly Column[], count: number, now: number): { rowIds: Int32Array; inserted: Uint8Array } {
    return this.#ttl > 0 ? this.keys.lookupOrInsert(columns, count, now) : this.keys.intern(columns, count)
  }

  count(group: number): number {
    return this.#lists.count(group)
  }

  at(group: number, position: number): number {
    return this.#lists.at(group, position)
  }

  /** Copies rows `from[0 … count)` of a batch into the table. @returns their ids, valid until the next call */
  store(batch: ChangeBatch, from: Int32Array, count: number): Int32Array {
    if (this.#scratch.length < count) this.#scratch = new Int32Array(2 * count)
    const ids = this.#scratch
    const arrival = (row: number): void => {
      this.#arrival.values[row] = this.#next++
    }
    for (let i = 0; i < count; i++) {
      const row = this.#table.allocate()
      ids[i] = row
      arrival(row)
    }
    for (const [index, column] of this.values.entries()) {
      const source = batch.columns[index]
      if (source !== undefined) column.put(ids, source, from, count)
    }
    return ids
  }

  /** Behind rows that are equal to it. @returns the position */
  insert(group: number, row: number): number {
    const position = this.#lists.search(group, (other) => this.compare(other, row) <= 0)
    this.insertAt(group, position, row)
    return position
  }

  insertAt(group: number, position: number, row: number): void {
    this.#lists.insert(group, position, row)
    this.#groups.values[row] = group
    this.#table.mark(row)
  }

  /** Position of the first row that is not before it. */
  firstEqual(group: number, row: number): number {
    return this.#lists.search(group, (other) => this.compare(other, row) < 0)
  }

  /** Position of a row that is in the list. */
  positionOf(group: number, row: number): number {
    const arrival = this.#arrival.values
    return this.#lists.search(group, (other) => {
      const order = this.compare(other, row)
      return order < 0 || (order === 0 && (arrival[other] as number) < (arrival[row] as number))
    })
  }

  /** In the place of a row that is equal to it by the order's columns; the old one is in no list then. */
  replace(group: number, position: number, row: number): void {
    const old = this.#lists.at(group, position)
    this.#arrival.values[row] = this.#arrival.values[old] as number
    this.#lists.replace(group, position, row)
    this.#groups.values[row] = group
    this.#table.mark(row)
  }

  /** The row is in no list then. */
  removeAt(group: number, position: number): void {
    this.#lists.remove(group, position)
  }

  /** Position of the first row for which the test is false; it is true for the rows before. */
  position(group: number, isBefore: (row: number) => boolean): number {
    return this.#lists.search(group, isBefore)
  }

  /** Among all rows that were stored, in their order. */
  placeOf(row: number): number {
    return this.#arrival.values[row] as number
  }

  /** Takes the first rows out. They are in no list then. */
  shiftFirst(group: number, count: number): Int32Array {
    return this.#lists.shift(group, count)
  }

  /** Takes the rows out for which the test is true, which are the first ones. They are in no list then. */
  shift(group: number, isBefore: (row: number) => boolean): Int32Array {
    return this.#lists.shift(group, this.#lists.search(group, isBefore))
  }

  free(row: number): void {
    if (this.#table.has(row)) this.#table.free(row)
  }

  groupOf(row: number): number {
    return this.#groups.values[row] as number
  }

  #forget(group: number): void {
    for (let position = this.#lists.count(group) - 1; position >= 0; position--) {
      const row = this.#lists.at(group, position)
      this.#onRemove?.(row)
      this.#table.free(row)
    }
    this.#lists.clear(group)
  }

  /** All rows, in no order. */
  rows(): Int32Array {
    return this.#table.rows()
  }

  /** @param reuse earlier results that nobody looks at any more */
  gather(rows: Int32Array, count: number, reuse: readonly Column[] = []): Column[] {
    return this.values.map((column, index) => column.gather(rows, count, reuse[index]))
  }

  sweep(now: number): void {
    this.keys.sweep(now)
  }

  /** Between batches: gives back what overwritten variable-length values took. */
  compact(): void {
    this.keys.compact()
    this.#table.compact()
  }

  snapshot(): SortedRowsPage[] {
    return [
      ...this.keys.snapshotPages().map((page) => ({ table: 'keys', ...page })),
      ...this.#table.snapshotPages().map((page) => ({ table: 'rows', ...page })),
    ]
  }

  /** Into an empty table. Errors: INVALID_CHECKPOINT. */
  restore(pages: readonly SortedRowsPage[], now: number): void {
    this.keys.restorePages(
      pages.filter(({ table }) => table === 'keys'),
      now,
    )
    this.#table.restorePages(
      pages.filter(({ table }) => table === 'rows'),
      now,
    )
    const groups = this.#groups.values
    const arrival = this.#arrival.values
    const difference = (a: number, b: number): number => Number(arrival[a]) - Number(arrival[b])
    const sorted = this.#table
      .rows()
      .sort((a, b) => Number(groups[a]) - Number(groups[b]) || this.compare(a, b) || difference(a, b))
    for (const row of sorted) {
      const group = groups[row] as number
      this.#lists.insert(group, this.#lists.count(group), row)
      this.#next = Math.max(this.#next, Number(arrival[row]) + 1)
    }
  }
}
