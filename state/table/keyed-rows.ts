/**
 * KeyedRows: any number of rows for each key, in the order in which they were added. A `KeyedTable` of the keys, whose
 * row ids are the *groups*, and a table of rows that are linked into a list for each group. Rows may have an
 * *identity*, columns by which a row is found among those of its key, as the one that a retraction takes back.
 *
 * Laws:
 * 1. Row ids and groups are stable until removal, also over a restore; freed ids are used again.
 * 2. Arrays of columns are replaced when rows are added: read them again after `append` and `findOrInsert`.
 * 3. Value columns of a new row are 0 (empty, not NULL). Who changes them calls `touch`.
 * 4. A group is there while it has rows. The time to live is that of each row; what has expired is in no list that
 *    `lookup` answers with.
 * 5. Links are not written: a checkpoint has the rows with their place in the order, and costs what has changed.
 */
import type { Column, Int32Column } from '../../core/column.ts'
import { invariant } from '../../core/errors.ts'
import { INT, type SqlType } from '../../core/types.ts'
import { KeyedTable, type ValueColumn } from './keyed-table.ts'
import type { TablePage } from './page.ts'
import { type LinkedRows, RowLinks } from './row-links.ts'
import { RowTable } from './row-table.ts'
import { createStoredColumn, FixedStore, type StoredColumn } from './stored-column.ts'
import { arrayFor } from './memory.ts'

export interface KeyedRowsOptions {
  /** Types of the identity columns; absent: rows are only added and removed by their ids. */
  readonly identity?: readonly SqlType[]
  /** Milliseconds after the last write at which a row is gone; 0: never. */
  readonly ttl?: number
  /** Told before a row goes, by removal or expiry: for state beside the table. */
  readonly onRemove?: (row: number) => void
}

export interface FoundRows {
  /** By position in the batch. Valid until the next call of the table. */
  readonly rows: Int32Array
  readonly groups: Int32Array
  /** 1 where the row was not there before (or had expired): it is in no list until it is attached. */
  readonly inserted: Uint8Array
}

/** A page of one of the two tables. */
export interface KeyedRowsPage extends TablePage {
  readonly table: string
}

export class KeyedRows {
  readonly keys: KeyedTable
  /** Columns of the identity; those of the rows come after. */
  readonly identity: readonly StoredColumn[]
  readonly values: readonly StoredColumn[]
  readonly #ids: KeyedTable | undefined
  readonly #rows: RowTable
  readonly #groups: FixedStore
  /** Ascending in each list; one more than any before for a row that is added. */
  readonly #order: FixedStore
  #nextOrder = 1
  readonly #links = new RowLinks()
  /** Rows that were detached or never attached, and go with `settle`. */
  #loose: number[] = []
  readonly #ttl: number
  readonly #onRemove: ((row: number) => void) | undefined
  #scratch: Int32Array = new Int32Array(0)

  constructor(keyTypes: readonly SqlType[], values: readonly ValueColumn[], options: KeyedRowsOptions = {}) {
    this.#ttl = options.ttl ?? 0
    this.#onRemove = options.onRemove
    this.keys = new KeyedTable(keyTypes, [])
    if (options.identity !== undefined) {
      const ids = new KeyedTable([INT, ...options.identity], [{ kind: 'f64' }, ...values], {
        ttl: this.#ttl,
        onRemove: (row) => this.#forget(row),
      })
      this.#ids = ids
      this.#rows = ids.storage
      this.#groups = ids.keys[0] as FixedStore
      this.#order = ids.values[0] as FixedStore
      this.identity = ids.keys.slice(1)
      this.values = ids.values.slice(1)
      return
    }
    this.#groups = new FixedStore('i32')
    this.#order = new FixedStore('f64')
    this.identity = []
    this.values = values.map(({ kind, type, shares }) => createStoredColumn(kind, type, shares))
    this.#rows = new RowTable([this.#groups, this.#order, ...this.values], this.#ttl)
  }

  /** Number of rows. */
  get size(): number {
    return this.#rows.size
  }

  get bytes(): number {
    return this.keys.bytes + this.#rows.bytes + this.#links.bytes
  }

  /**
   * The groups of a batch's keys, -1 where there are no rows. Valid until the next call of the table.
   *
   * @param now processing time in milliseconds; used only with a TTL: rows that have expired are removed
   */
  lookup(columns: readonly Column[], count: number, now = 0): Int32Array {
    const groups = this.keys.lookup(columns, count)
    if (this.#ttl === 0) return groups
    for (let i = 0; i < count; i++) {
      const group = groups[i] as number
      if (group < 0) continue
      this.#expire(group, now)
      if (this.count(group) === 0) groups[i] = -1
    }
    return groups
  }

  #expire(group: number, now: number): void {
    for (let row = this.first(group); row >= 0; ) {
      const next = this.next(row)
      if (this.#rows.expired(row, now)) this.remove(row)
      row = next
    }
  }

  /** A new row at the end of each key's list, in the order of the batch. Valid until the next call of the table. */
  append(columns: readonly Column[], count: number, now = 0): Int32Array {
    invariant(this.#ids === undefined, 'rows with an identity are added by findOrInsert')
    const groups = this.keys.intern(columns, count).rowIds
    const rows = (this.#scratch = arrayFor(this.#scratch, count))
    this.#links.takeIn(groups, count)
    for (let i = 0; i < count; i++) rows[i] = this.#appendTo(groups[i] as number, now)
    return rows
  }

  /** A new row at the end of a list, also of a group of `keys` that has no rows yet. @returns its id */
  appendTo(group: number, now = 0): number {
    invariant(this.#ids === undefined, 'rows with an identity are added by findOrInsert')
    return this.#appendTo(group, now)
  }

  #appendTo(group: number, now: number): number {
    const row = this.#rows.allocate()
    this.#groups.values[row] = group
    this.#rows.renew(row, now)
    this.attach(row)
    return row
  }

  /**
   * The rows of a batch with this key and identity, in no list where they are new: each is to be attached, or
   * detached if it is not wanted after all. All of them count as written. `settle` ends the batch.
   */
  findOrInsert(columns: readonly Column[], identity: readonly Column[], count: number, now = 0): FoundRows {
    const ids = this.#identified()
    const groups = (this.#scratch = arrayFor(this.#scratch, count))
    groups.set(this.keys.intern(columns, count).rowIds.subarray(0, count))
    const { rowIds, inserted } = ids.lookupOrInsert([intColumn(groups), ...identity], count, now)
    return { rows: rowIds, groups, inserted }
  }

  /** The rows of a batch with this key and identity, -1 where there is none. Valid until the next call of the table. */
  find(columns: readonly Column[], identity: readonly Column[], count: number, now = 0): Int32Array {
    const ids = this.#identified()
    const groups = (this.#scratch = arrayFor(this.#scratch, count))
    groups.set(this.keys.lookup(columns, count).subarray(0, count))
    return ids.lookup([intColumn(groups), ...identity], count, now)
  }

  #identified(): KeyedTable {
    invariant(this.#ids !== undefined, 'rows without an identity are not found by it')
    return this.#ids
  }

  /** Number of rows of a group. */
  count(group: number): number {
    return this.#links.count(group)
  }

  /** -1: the group has no rows. */
  first(group: number): number {
    return this.#links.first(group)
  }

  last(group: number): number {
    return this.#links.last(group)
  }

  /** -1 at the end. */
  next(row: number): number {
    return this.#links.next(row)
  }

  /** -1 at the beginning. */
  previous(row: number): number {
    return this.#links.previous(row)
  }

  groupOf(row: number): number {
    return this.#groups.values[row] as number
  }

  isAttached(row: number): boolean {
    return this.#links.isLinked(row)
  }

  /**
   * All rows of the groups (-1: none) at positions `start … end)` of a batch, position by position.
   *
   * @param limit of pairs, after which it stops between two positions; the first one is always whole
   */
  pairs(groups: Int32Array, start: number, end: number, limit: number): LinkedRows {
    return this.#links.rowsOf(groups, start, end, limit)
  }

  /** Puts a row that is in no list at the end of its group's. */
  attach(row: number): void {
    this.#links.append(this.groupOf(row), row)
    this.#order.values[row] = this.#nextOrder++
    this.#rows.mark(row)
  }

  /** Takes a row out of its list; it is gone with `settle` unless it is attached again. */
  detach(row: number): void {
    this.#unlink(row)
    this.#loose.push(row)
  }

  #unlink(row: number): void {
    if (this.isAttached(row)) this.#links.remove(this.groupOf(row), row)
  }

  /** At the end of a batch: removes rows that were detached, and groups without rows. */
  settle(): void {
    if (this.#loose.length === 0) return
    const loose = this.#loose
    this.#loose = []
    for (const row of loose) if (!this.isAttached(row)) this.remove(row)
  }

  /** At once, and the group with its last row. Rows that are not there are left alone. */
  remove(row: number): void {
    if (!this.#rows.has(row)) return
    const group = this.groupOf(row)
    if (this.#ids !== undefined) this.#ids.remove(row)
    else {
      this.#forget(row)
      this.#rows.free(row)
    }
    if (this.count(group) === 0) this.keys.remove(group)
  }

  #forget(row: number): void {
    this.#onRemove?.(row)
    this.#unlink(row)
  }

  /** After a change of a row's values. The row's time to live begins again. */
  touch(row: number, now = 0): void {
    this.#rows.mark(row)
    this.#rows.renew(row, now)
  }

  /** All groups, ascending: in no order of the keys. */
  allGroups(): Int32Array {
    return this.keys.rows()
  }

  /** All rows, ascending by id: in no order of the lists. */
  allRows(): Int32Array {
    return this.#rows.rows()
  }

  /** Removes some expired rows; called now and then, it comes round to all of them. */
  sweep(now: number): number {
    return this.#rows.sweep(now, (row) => this.remove(row))
  }

  /** Between batches: gives back what overwritten variable-length values took. */
  compact(): void {
    this.keys.compact()
    this.#rows.compact()
  }

  /** What has changed since the last call, under `<name>-keys` and `<name>-rows`. */
  snapshot(name: string): KeyedRowsPage[] {
    const keys = this.keys.snapshotPages().map((page) => ({ table: `${name}-keys`, ...page }))
    return [...keys, ...this.#rows.snapshotPages().map((page) => ({ table: `${name}-rows`, ...page }))]
  }

  /** Into an empty table; pages of other tables are left alone. Errors: INVALID_CHECKPOINT. */
  restore(name: string, pages: readonly KeyedRowsPage[], now = 0): void {
    this.keys.restorePages(pages.filter(({ table }) => table === `${name}-keys`))
    const own = pages.filter(({ table }) => table === `${name}-rows`)
    if (this.#ids === undefined) this.#rows.restorePages(own, now)
    else this.#ids.restorePages(own, now)
    const order = this.#order.values as Float64Array
    const rows = this.allRows().sort((a, b) => (order[a] as number) - (order[b] as number))
    for (const row of rows) this.#links.append(this.groupOf(row), row)
    const last = rows.at(-1)
    if (last !== undefined) this.#nextOrder = (order[last] as number) + 1
  }
}

function intColumn(values: Int32Array): Int32Column {
  return { kind: 'i32', values, nulls: null }
}
