/** Rows as often as a column says: INTERSECT ALL and EXCEPT ALL. */
import type { Column } from '../../core/column.ts'
import { gatherColumn } from '../../core/column-ops.ts'
import { invariant } from '../../core/errors.ts'
import type { TableFunction } from './correlate.ts'

/** @param args the column of the count, a BIGINT that is not negative, then those that are repeated */
export function createReplicateRows([count, ...repeated]: readonly number[]): TableFunction {
  return (batch) => {
    const times = batch.columns[count ?? -1]
    invariant(times?.kind === 'i64', 'rows are counted by a BIGINT')
    const counts = new Int32Array(times.values.buffer, times.values.byteOffset, 2 * batch.rows)
    let total = 0
    for (let row = 0; row < batch.rows; row++) total += counts[2 * row] as number
    const rows = new Int32Array(total)
    let at = 0
    for (let row = 0; row < batch.rows; row++) {
      rows.fill(row, at, at + (counts[2 * row] as number))
      at += counts[2 * row] as number
    }
    const columns = repeated.map((index) => gatherColumn(batch.columns[index] as Column, rows, total))
    return { rows, count: total, columns }
  }
}
