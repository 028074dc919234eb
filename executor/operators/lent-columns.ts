/**
 * Columns of the batches that an operator hands over, one batch after the other: a batch is lent, so that the arrays
 * of one are taken for the next.
 */
import type { Column } from '../../core/column.ts'
import { gatherColumn } from '../../core/column-ops.ts'
import type { StoredColumn } from '../../state/table/stored-column.ts'

export class LentColumns {
  readonly #columns: (Column | undefined)[] = []

  /** Rows of a batch's column as the column at `index` of the next batch. */
  gather(index: number, source: Column, rows: Int32Array, count: number): Column {
    return (this.#columns[index] = gatherColumn(source, rows, count, this.#columns[index]))
  }

  /** Rows of a table's column as the column at `index` of the next batch. */
  gatherStored(index: number, source: StoredColumn, rows: Int32Array, count: number): Column {
    return (this.#columns[index] = source.gather(rows, count, this.#columns[index]))
  }
}
