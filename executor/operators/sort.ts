/**
 * ORDER BY in batch mode: rows wait for the end of the input and come out in order, equal ones as they came. With LIMIT
 * no more are kept than can come out.
 */
import { type ChangeBatch, createBatch } from '../../core/change-batch.ts'
import { withNullability } from '../../core/types.ts'
import type { SortNode } from '../../planner/physical/graph.ts'
import { type RowOrder, storedOrder } from '../../state/table/row-order.ts'
import { RowTable } from '../../state/table/row-table.ts'
import { createStoredColumn, FixedStore, type StoredColumn, storedKind } from '../../state/table/stored-column.ts'
import { MAX_WATERMARK, type Operator, type OperatorContext, type OperatorMetrics, type StatePage } from './operator.ts'

const TABLE = 'rows'
/** Rows of an emitted batch. */
const BATCH_ROWS = 4096
/** Rows beyond the limit that may wait before they are thrown away. */
const SLACK = 16_384

export function createSort(node: SortNode, context: OperatorContext): Operator {
  return new Sort(node, context)
}

class Sort implements Operator {
  readonly #node: SortNode
  readonly #context: OperatorContext
  readonly #columns: readonly StoredColumn[]
  readonly #arrival = new FixedStore('f64')
  readonly #rows: RowTable
  readonly #order: RowOrder
  #next = 1

  constructor(node: SortNode, context: OperatorContext) {
    this.#node = node
    this.#context = context
    this.#columns = node.schema.fields.map(({ type }) =>
      createStoredColumn(storedKind(type), withNullability(type, true)),
    )
    this.#rows = new RowTable([this.#arrival, ...this.#columns], 0)
    const byColumns = storedOrder(this.#columns, node.order)
    this.#order = (a, b) => byColumns(a, b) || this.#arrivalOf(a) - this.#arrivalOf(b)
  }

  #arrivalOf(row: number): number {
    return this.#arrival.values[row] as number
  }

  onBatch(batch: ChangeBatch): void {
    const ids = new Int32Array(batch.rows)
    for (let row = 0; row < batch.rows; row++) {
      const id = this.#rows.allocate()
      ids[row] = id
      this.#arrival.values[id] = this.#next++
    }
    const from = Int32Array.from({ length: batch.rows }, (_, row) => row)
    for (const [index, column] of this.#columns.entries()) {
      const source = batch.columns[index]
      if (source !== undefined) column.put(ids, source, from, batch.rows)
    }
    this.#rows.markAll(ids, batch.rows)
    if (this.#rows.size > this.#wanted + SLACK) this.#forget()
  }

  /** Rows that can come out. */
  get #wanted(): number {
    const { offset, fetch } = this.#node
    return fetch === undefined ? Number.POSITIVE_INFINITY : offset + fetch
  }

  #sorted(): Int32Array {
    return this.#rows.rows().sort(this.#order)
  }

  #forget(): void {
    for (const row of this.#sorted().subarray(this.#wanted)) this.#rows.free(row)
    this.#rows.compact()
  }

  onWatermark(time: number): void {
    if (time === MAX_WATERMARK) this.#emit()
    this.#context.output.watermark(time)
  }

  #emit(): void {
    const rows = this.#sorted().subarray(this.#node.offset, this.#wanted)
    for (let start = 0; start < rows.length; start += BATCH_ROWS) {
      const part = rows.subarray(start, start + BATCH_ROWS)
      const columns = this.#columns.map((column) => column.gather(part, part.length))
      this.#context.output.batch(createBatch(this.#node.schema, columns, part.length))
    }
  }

  snapshot(): readonly StatePage[] {
    return this.#rows.snapshotPages().map((page) => ({ table: TABLE, ...page }))
  }

  restore(pages: readonly StatePage[]): void {
    this.#rows.restorePages(pages, 0)
    for (const row of this.#rows.rows()) this.#next = Math.max(this.#next, this.#arrivalOf(row) + 1)
  }

  metrics(): OperatorMetrics {
    return { stateBytes: this.#rows.bytes, stateEntries: this.#rows.size, lateRows: 0 }
  }
}
