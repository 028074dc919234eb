/** Whether two rows are the same, NULLs and bits of floating-point numbers included. */
import type { Column } from '../../core/column.ts'
import { BytesStore } from '../../state/table/bytes-store.ts'
import { FIXED_WIDTH, FixedStore, type StoredColumn } from '../../state/table/stored-column.ts'
import { equalBytes } from '../codegen/byte-arena.ts'

/** Compares a batch row with another one, or with -1 - row of the table. */
export type RowComparer = (row: number, other: number) => boolean

/** @param only positions of the columns that are compared; absent: all */
export function rowComparer(
  columns: readonly Column[],
  rows: number,
  stored: readonly StoredColumn[],
  only?: readonly number[],
): RowComparer {
  const fields = columns.flatMap((column, index) => {
    const other = stored[index]
    return other === undefined || (only !== undefined && !only.includes(index))
      ? []
      : [fieldComparer(column, other, rows)]
  })
  return (row, other) => {
    for (const same of fields) if (!same(row, other)) return false
    return true
  }
}

function fieldComparer(column: Column, stored: StoredColumn, rows: number): RowComparer {
  const same = valueComparer(column, stored, rows)
  const missing = (nulls: Uint8Array | null, row: number): boolean => nulls !== null && nulls[row] === 1
  const { nulls } = column
  return (row, other) => {
    const a = column.kind === 'null' || missing(nulls, row)
    const b =
      other >= 0
        ? column.kind === 'null' || missing(nulls, other)
        : stored.kind === 'null' || missing(stored.nulls, -1 - other)
    return a || b ? a === b : same(row, other)
  }
}

function valueComparer(column: Column, stored: StoredColumn, rows: number): RowComparer {
  if (stored instanceof FixedStore && 'values' in column && column.kind !== 'map') {
    const width = FIXED_WIDTH[stored.kind]
    const { buffer, byteOffset, byteLength } = column.values
    const mine = new Uint8Array(buffer, byteOffset, byteLength)
    const theirs = new Uint8Array(stored.values.buffer, 0, stored.values.byteLength)
    return (row, other) =>
      other >= 0
        ? equalBytes(mine, row * width, width, mine, other * width, width)
        : equalBytes(mine, row * width, width, theirs, (-1 - other) * width, width)
  }
  if (!(stored instanceof BytesStore)) return () => true
  const views = stored.input(column, rows)
  return (row, other) => {
    const start = views.starts[row] as number
    const length = views.lengths[row] as number
    if (other >= 0)
      return equalBytes(
        views.data,
        start,
        length,
        views.data,
        views.starts[other] as number,
        views.lengths[other] as number,
      )
    const at = -1 - other
    return equalBytes(
      views.data,
      start,
      length,
      stored.dataOf(at),
      stored.starts[at] as number,
      stored.lengths[at] as number,
    )
  }
}
