/**
 * Brings the pages of a table that several subtasks have written to another number of subtasks. Rows keep their
 * columns, get new ids, and go where their key, or the row that they belong to, goes.
 */
import type { Column } from '../../core/column.ts'
import { sortByBucket } from '../../core/counting-sort.ts'
import { decodePage, pageNumber, rowsSpanned, SECOND_PART, storedColumns, storedKinds, type TablePage } from './page.ts'
import { RowTable } from './row-table.ts'
import { BytesStore } from './bytes-store.ts'
import { stateArray } from './memory.ts'
import { readPage } from './page-bytes.ts'
import { createStoredColumn, FixedStore, type StoredColumn, type StoredKind } from './stored-column.ts'

/** Where the rows of one old subtask's table went, by old row id. */
export interface Moves {
  /** The new subtask; -1: there was no such row. */
  readonly subtasks: Int32Array
  readonly rows: Int32Array
}

/** Says for rows of an old subtask where they go. */
export type Route = (columns: readonly StoredColumn[], rows: Int32Array, subtask: number) => Int32Array

/** A column of ids of rows, which get new ones. */
export interface Reference {
  readonly column: number
  /** By old subtask, of the table that the rows are in; a row that is gone becomes 0. */
  readonly moves: readonly Moves[]
  /** What is added to the ids, so that 0 is no row. */
  readonly plus: 0 | 1
}

class StoredTable {
  readonly columns: readonly StoredColumn[]
  readonly rows: Int32Array
  readonly capacity: number

  constructor({ first, second }: KindsOfParts, pages: readonly TablePage[]) {
    this.columns = [...first, ...second].map((kind) => createStoredColumn(kind))
    this.capacity = rowsSpanned(pages)
    for (const column of this.columns) column.grow(this.capacity)
    // Rows from before there was a time to live count as written now, as at a restore.
    const times = this.columns.at(-1)
    if (times?.kind === 'f64') times.values.fill(Date.now() as never)
    const occupied = stateArray(Uint8Array, this.capacity)
    for (const entry of pages) {
      if (entry.bytes === null) continue
      const from = entry.page < SECOND_PART ? 0 : first.length
      const bytes = readPage(entry.bytes)
      const columns = this.columns.slice(from, from + storedColumns(bytes))
      decodePage(pageNumber(entry), bytes, occupied, columns)
    }
    const rows = stateArray(Int32Array, this.capacity)
    let count = 0
    for (let row = 0; row < this.capacity; row++) if (occupied[row] === 1) rows[count++] = row
    this.rows = rows.subarray(0, count)
  }
}

/** Of the columns in the two parts of a table's pages. */
interface KindsOfParts {
  readonly first: readonly StoredKind[]
  readonly second: readonly StoredKind[]
}

/** Rows that are routed at a time. */
const ROUTED_ROWS = 1 << 16

/** The rows of one table, in all its old subtasks, on their way to the new ones: first placed, then written. */
export class Redistribution {
  readonly #stored: readonly (StoredTable | undefined)[]
  readonly #kinds: KindsOfParts
  readonly moves: readonly Moves[]
  /** By old subtask: its rows, new subtask by new subtask, and where those of each begin. */
  readonly #order: readonly { readonly rows: Int32Array; readonly starts: Int32Array }[]

  /**
   * @param parts by old subtask: its pages of the table
   * @param targets number of new subtasks
   */
  constructor(parts: readonly (readonly TablePage[])[], targets: number, route: Route) {
    const written = parts.map((pages) => pages.filter(({ bytes }) => bytes !== null))
    const all = written.flat()
    this.#kinds = {
      first: widest(all.filter(({ page }) => page < SECOND_PART)),
      second: widest(all.filter(({ page }) => page >= SECOND_PART)),
    }
    this.#stored = written.map((pages) => (pages.length === 0 ? undefined : new StoredTable(this.#kinds, pages)))
    const counts = new Int32Array(targets)
    this.moves = this.#stored.map((stored, subtask): Moves => {
      if (stored === undefined) return NOWHERE
      const subtasks = stateArray(Int32Array, stored.capacity).fill(-1)
      const rows = stateArray(Int32Array, stored.capacity)
      for (let from = 0; from < stored.rows.length; from += ROUTED_ROWS) {
        const routed = stored.rows.subarray(from, from + ROUTED_ROWS)
        const goesTo = route(stored.columns, routed, subtask)
        for (let i = 0; i < routed.length; i++) {
          const target = goesTo[i] as number
          if (target < 0 || target >= targets) continue
          const row = routed[i] as number
          subtasks[row] = target
          rows[row] = counts[target] as number
          counts[target] = (counts[target] as number) + 1
        }
      }
      return { subtasks, rows }
    })
    this.#order = this.moves.map(({ subtasks }) => inOrderOf(subtasks, targets))
  }

  /**
   * @param unique 64-bit column whose values differ within each old subtask: they do in the new ones, in that order
   * @returns pages of a new subtask
   */
  pagesOf(target: number, references: readonly Reference[], unique?: number): readonly TablePage[] {
    const { first, second } = this.#kinds
    const columns = [...first, ...second].map((kind) => createStoredColumn(kind))
    const table = new RowTable(columns, 0, second.length === 0 ? 0 : first.length)
    for (const [subtask, stored] of this.#stored.entries()) {
      const order = this.#order[subtask]
      if (stored === undefined || order === undefined) continue
      const rows = order.rows.subarray(order.starts[target], order.starts[target + 1])
      // Ids are given in the order in which rows are placed.
      const ids = new Int32Array(rows.length)
      for (let i = 0; i < ids.length; i++) ids[i] = table.allocate()
      for (const [n, column] of stored.columns.entries()) copyValues(column, rows, columns[n], ids)
      for (const reference of references) follow(columns[reference.column], ids, reference, subtask)
      if (unique !== undefined) spread(columns[unique], ids, subtask, this.#stored.length)
      table.markAll(ids, ids.length)
    }
    return table.snapshotPages()
  }
}

function inOrderOf(subtasks: Int32Array, targets: number): { rows: Int32Array; starts: Int32Array } {
  const rows = stateArray(Int32Array, subtasks.length)
  const starts = new Int32Array(targets + 1)
  sortByBucket(subtasks, subtasks.length, rows, starts)
  return { rows, starts }
}

function follow(ids: StoredColumn | undefined, of: Int32Array, { moves, plus }: Reference, subtask: number): void {
  if (!(ids instanceof FixedStore) || !(ids.values instanceof Int32Array)) return
  const { values } = ids
  const { subtasks, rows } = moves[subtask] ?? NOWHERE
  for (let i = 0; i < of.length; i++) {
    const row = of[i] as number
    const old = (values[row] as number) - plus
    const isGone = old < 0 || old >= subtasks.length || (subtasks[old] as number) < 0
    values[row] = isGone ? 0 : (rows[old] as number) + plus
  }
}

function spread(numbers: StoredColumn | undefined, of: Int32Array, subtask: number, subtasks: number): void {
  if (!(numbers instanceof FixedStore) || !(numbers.values instanceof BigInt64Array)) return
  const { values } = numbers
  for (const row of of) values[row] = (values[row] as bigint) * BigInt(subtasks) + BigInt(subtask)
}

const NOWHERE: Moves = { subtasks: new Int32Array(0), rows: new Int32Array(0) }

/** A time to live that was set later has added a column to newer pages: all have to have been written alike. */
function widest(pages: readonly TablePage[]): readonly StoredKind[] {
  return pages
    .map((entry) => (entry.bytes === null ? [] : storedKinds(pageNumber(entry), readPage(entry.bytes))))
    .reduce<readonly StoredKind[]>((a, b) => (b.length > a.length ? b : a), [])
}

function copyValues(from: StoredColumn, rows: Int32Array, to: StoredColumn | undefined, ids: Int32Array): void {
  if (from instanceof FixedStore && to instanceof FixedStore) to.put(ids, from.view(), rows, ids.length)
  if (!(from instanceof BytesStore) || !(to instanceof BytesStore)) return
  const { data, starts, lengths, nulls } = from
  for (let i = 0; i < ids.length; i++) {
    const row = rows[i] as number
    to.set(ids[i] as number, data, starts[row] as number, lengths[row] as number)
    if (nulls !== null && nulls[row] === 1) to.ensureNulls()[ids[i] as number] = 1
  }
}

/** Columns of stored rows in the order of `rows`, for hashing. */
export function gatherStored(columns: readonly StoredColumn[], rows: Int32Array): readonly Column[] {
  return columns.map((column) =>
    column instanceof BytesStore ? rawBytes(column, rows) : column.gather(rows, rows.length),
  )
}

/** As they are stored, and not what they stand for. */
function rawBytes(column: BytesStore, rows: Int32Array): Column {
  const { starts, lengths, data, nulls } = column
  return {
    kind: 'bytes',
    starts: Int32Array.from(rows, (row) => starts[row] as number),
    lengths: Int32Array.from(rows, (row) => lengths[row] as number),
    data,
    nulls: nulls === null ? null : Uint8Array.from(rows, (row) => nulls[row] as number),
  }
}
