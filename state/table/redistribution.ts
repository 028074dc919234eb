/**
 * Brings the pages of a table that several subtasks have written to another number of subtasks. Rows keep their
 * columns, get new ids, and go where their key, or the row that they belong to, goes.
 */
import type { Column } from '../../core/column.ts'
import { decodePage, PAGE_ROWS, storedColumns, storedKinds, type TablePage } from './page.ts'
import { RowTable } from './row-table.ts'
import { BytesStore } from './bytes-store.ts'
import { createStoredColumn, FixedStore, type StoredColumn, type StoredKind } from './stored-column.ts'

/** Where the rows of one old subtask's table went, by old row id. */
export interface Moves {
  /** The new subtask; -1: there was no such row. */
  readonly subtasks: Int32Array
  readonly rows: Int32Array
}

/** Says for rows of an old subtask where they go. */
export type Route = (columns: readonly StoredColumn[], rows: Int32Array, subtask: number) => Int32Array

class StoredTable {
  readonly columns: readonly StoredColumn[]
  readonly rows: Int32Array
  readonly capacity: number

  constructor(kinds: readonly StoredKind[], pages: readonly TablePage[]) {
    this.columns = kinds.map((kind) => createStoredColumn(kind))
    this.capacity = (Math.max(...pages.map(({ page }) => page)) + 1) * PAGE_ROWS
    for (const column of this.columns) column.grow(this.capacity)
    const occupied = new Uint8Array(this.capacity)
    for (const { page, bytes } of pages) {
      if (bytes === null) continue
      const width = storedColumns(bytes)
      // Rows from before there was a time to live count as written now, as at a restore.
      const times = width < kinds.length ? this.columns.at(-1) : undefined
      if (times instanceof FixedStore) times.values.fill(Date.now() as never, page * PAGE_ROWS, (page + 1) * PAGE_ROWS)
      decodePage(page, bytes, occupied, this.columns.slice(0, width))
    }
    this.rows = Int32Array.from(occupied.keys()).filter((row) => occupied[row] === 1)
  }
}

/**
 * @param parts by old subtask: its pages of the table
 * @param owner column that holds the id of a row in another table, which `owners` tells about
 * @returns by new subtask: its pages; and by old subtask: where its rows are now
 */
export function redistribute(
  parts: readonly (readonly TablePage[])[],
  parallelism: number,
  route: Route,
  owner?: { readonly column: number; readonly moves: readonly Moves[] },
): { readonly pages: readonly (readonly TablePage[])[]; readonly moves: readonly Moves[] } {
  const written = parts.map((pages) => pages.filter(({ bytes }) => bytes !== null))
  const first = written.flat()[0]
  if (first === undefined || first.bytes === null) {
    return { pages: Array.from({ length: parallelism }, () => []), moves: parts.map(() => NOWHERE) }
  }
  const kinds = widest(written.flat())
  const targets = Array.from({ length: parallelism }, () => {
    const columns = kinds.map((kind) => createStoredColumn(kind))
    return { columns, table: new RowTable(columns, 0) }
  })
  const moves = written.map((pages, subtask): Moves => {
    if (pages.length === 0) return NOWHERE
    const stored = new StoredTable(kinds, pages)
    const goesTo = route(stored.columns, stored.rows, subtask)
    const move = {
      subtasks: new Int32Array(stored.capacity).fill(-1),
      rows: new Int32Array(stored.capacity),
    }
    for (const [i, row] of stored.rows.entries()) {
      const target = targets[goesTo[i] as number]
      if (target === undefined) continue
      const id = target.table.allocate()
      for (const [n, column] of stored.columns.entries()) copyValue(column, row, target.columns[n], id)
      if (owner !== undefined) {
        const ids = target.columns[owner.column]
        if (ids instanceof FixedStore && ids.kind === 'i32')
          ids.values[id] = owner.moves[subtask]?.rows[ids.values[id] as number] ?? 0
      }
      target.table.mark(id)
      move.subtasks[row] = goesTo[i] as number
      move.rows[row] = id
    }
    return move
  })
  return { pages: targets.map(({ table }) => table.snapshotPages()), moves }
}

const NOWHERE: Moves = { subtasks: new Int32Array(0), rows: new Int32Array(0) }

/** A time to live that was set later has added a column to newer pages: all have to have been written alike. */
function widest(pages: readonly TablePage[]): readonly StoredKind[] {
  return pages
    .map(({ page, bytes }) => (bytes === null ? [] : storedKinds(page, bytes)))
    .reduce((a, b) => (b.length > a.length ? b : a))
}

function copyValue(from: StoredColumn, row: number, to: StoredColumn | undefined, id: number): void {
  if (from instanceof BytesStore && to instanceof BytesStore) {
    to.set(id, from.data, from.starts[row] as number, from.lengths[row] as number)
  } else if (from instanceof FixedStore && to instanceof FixedStore) {
    const width = from.kind === 'i128' ? 2 : 1
    for (let part = 0; part < width; part++) to.values[width * id + part] = from.values[width * row + part] as never
  } else return
  if (from.nulls !== null && from.nulls[row] === 1) to.ensureNulls()[id] = 1
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
