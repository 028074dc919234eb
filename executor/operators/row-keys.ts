/** Rows by a key of their own within their group: which stored row it is now. Made anew from the rows at a restore. */
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { gatherColumn } from '../../core/column-ops.ts'
import { INT, type Schema } from '../../core/types.ts'
import { KeyedTable } from '../../state/table/keyed-table.ts'
import type { SortedRows } from '../../state/table/sorted-rows.ts'
import type { FixedStore } from '../../state/table/stored-column.ts'
import { arrayFor } from '../../state/table/memory.ts'

export class RowKeys {
  readonly #columns: readonly number[]
  readonly #table: KeyedTable
  /** By stored row: its entry, + 1. */
  #entries = new Int32Array(0)
  #found = new Int32Array(0)
  /** Entries that were looked up, or have lost their row. */
  #touched: number[] = []

  constructor(schema: Schema, columns: readonly number[]) {
    this.#columns = columns
    const types = columns.map((column) => schema.fields[column]?.type ?? ({ kind: 'NULL', nullable: true } as const))
    this.#table = new KeyedTable([INT, ...types], [{ kind: 'i32' }])
  }

  get bytes(): number {
    return this.#table.bytes + 4 * this.#entries.length
  }

  /** The entries of rows `from` of a batch, made where they are missing. */
  find(batch: ChangeBatch, groups: Int32Array, from: Int32Array): Int32Array {
    const count = from.length
    const ofRow = new Int32Array(count)
    for (let i = 0; i < count; i++) ofRow[i] = groups[from[i] as number] as number
    const keys = this.#columns.map((column): Column => {
      const source = batch.columns[column]
      return source === undefined ? { kind: 'null', nulls: null } : gatherColumn(source, from, count)
    })
    this.#found = this.#table
      .intern([{ kind: 'i32', values: ofRow, nulls: null }, ...keys], count)
      .rowIds.slice(0, count)
    for (let i = 0; i < count; i++) this.#touched.push(this.#found[i] as number)
    return this.#found
  }

  get #rows(): Int32Array {
    return (this.#table.values[0] as FixedStore).values as Int32Array
  }

  /** -1: there is none. */
  rowOf(entry: number): number {
    return (this.#rows[entry] as number) - 1
  }

  set(entry: number, row: number): void {
    this.#rows[entry] = row + 1
    this.#entries = arrayFor(this.#entries, row + 1)
    this.#entries[row] = entry + 1
  }

  move(entry: number, old: number, row: number): void {
    this.#entries[old] = 0
    this.set(entry, row)
  }

  /** The row goes. */
  remove(row: number): void {
    const entry = (this.#entries[row] ?? 0) - 1
    if (entry < 0) return
    this.#entries[row] = 0
    this.#rows[entry] = 0
    this.#touched.push(entry)
  }

  /** At the end of a batch: forgets keys without a row. */
  settle(): void {
    for (const entry of this.#touched) if (this.#rows[entry] === 0) this.#table.remove(entry)
    this.#touched = []
    this.#table.compact()
  }

  restore(rows: SortedRows): void {
    const ids = rows.rows()
    const count = ids.length
    const groups = Int32Array.from(ids, (row) => rows.groupOf(row))
    const keys = this.#columns.map(
      (column): Column => rows.values[column]?.gather(ids, count) ?? { kind: 'null', nulls: null },
    )
    const entries = this.#table.intern([{ kind: 'i32', values: groups, nulls: null }, ...keys], count).rowIds
    for (const [i, row] of ids.entries()) this.set(entries[i] as number, row)
  }
}
