/** Whole numbers of columns, without a BigInt per row. */
import type { Column } from '../../core/column.ts'

/** @returns the first `rows` values; 0 for NULL; exact up to 2^53 */
export function readWholeNumbers(column: Column, rows: number): Float64Array {
  const out = new Float64Array(rows)
  switch (column.kind) {
    case 'i8':
    case 'i16':
    case 'i32':
      for (let row = 0; row < rows; row++) out[row] = column.values[row] as number
      break
    case 'i64': {
      const words = new Int32Array(column.values.buffer, column.values.byteOffset, 2 * column.values.length)
      for (let row = 0; row < rows; row++)
        out[row] = (words[2 * row + 1] as number) * 4294967296 + ((words[2 * row] as number) >>> 0)
      break
    }
    default:
      return out
  }
  if (column.nulls !== null) for (let row = 0; row < rows; row++) if (column.nulls[row] === 1) out[row] = 0
  return out
}
