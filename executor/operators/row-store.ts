/** Whole rows as value columns of a table. */
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { Schema } from '../../core/types.ts'
import { withNullability } from '../../core/types.ts'
import type { ValueColumn } from '../../state/table/keyed-table.ts'
import { BytesStore } from '../../state/table/bytes-store.ts'
import { type StoredColumn, storedKind } from '../../state/table/stored-column.ts'

/** One column for each field. */
export function rowColumns(schema: Schema): ValueColumn[] {
  return schema.fields.map(({ type }) => ({ kind: storedKind(type), type: withNullability(type, true), shares: true }))
}

/** Stores rows `from[0 … count)` of a batch at `to`. */
export function putRows(
  columns: readonly StoredColumn[],
  to: Int32Array,
  batch: ChangeBatch,
  from: Int32Array,
  count: number,
): void {
  for (const [index, column] of columns.entries()) {
    const source = batch.columns[index]
    if (source !== undefined) column.put(to, source, from, count)
  }
}

/**
 * The batch with texts where the table can point at them, so that they are copied once however often the row goes out.
 *
 * @param rows that are read
 */
export function heldRows(
  batch: ChangeBatch,
  stored: readonly StoredColumn[],
  rows: Int32Array,
  count: number,
): ChangeBatch {
  const columns = batch.columns.map((column, index) => {
    const store = stored[index]
    return store instanceof BytesStore ? store.hold(column, batch.rows, rows, count) : column
  })
  return { ...batch, columns }
}
