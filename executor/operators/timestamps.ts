/** Timestamps of columns as milliseconds, without a BigInt per row. */
import type { Column } from '../../core/column.ts'

/**
 * @param units of the column's timestamps in a millisecond
 * @param missing written where the column is NULL
 * @param out receives whole milliseconds, rounded down
 */
export function readMilliseconds(
  column: Column,
  units: number,
  rows: number,
  missing: number,
  out: Float64Array,
): void {
  if (column.kind !== 'i64') {
    out.fill(missing, 0, rows)
    return
  }
  const { values, nulls } = column
  if (units === 1) {
    const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2)
    for (let row = 0; row < rows; row++)
      out[row] = (words[2 * row + 1] as number) * 4294967296 + ((words[2 * row] as number) >>> 0)
  } else {
    const divisor = BigInt(units)
    for (let row = 0; row < rows; row++) {
      const value = values[row] as bigint
      const quotient = value / divisor
      out[row] = Number(value < 0n && quotient * divisor !== value ? quotient - 1n : quotient)
    }
  }
  if (nulls !== null) for (let row = 0; row < rows; row++) if (nulls[row] === 1) out[row] = missing
}
