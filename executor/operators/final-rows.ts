/**
 * What is left of a changelog when it has ended, for batch mode: a multiset of rows, each of which is emitted as +I once
 * the input has ended.
 */
import { type ChangeBatch, createBatch, isRetraction } from '../../core/change-batch.ts'
import type { FinalRowsNode } from '../../planner/physical/graph.ts'
import { KeyedTable } from '../../state/table/keyed-table.ts'
import type { FixedStore } from '../../state/table/stored-column.ts'
import { MAX_WATERMARK, type Operator, type OperatorContext, type OperatorMetrics, type StatePage } from './operator.ts'

const TABLE = 'rows'
/** Rows of an emitted batch. */
const BATCH_ROWS = 4096

export function createFinalRows(node: FinalRowsNode, context: OperatorContext): Operator {
  return new FinalRows(node, context)
}

class FinalRows implements Operator {
  readonly #node: FinalRowsNode
  readonly #context: OperatorContext
  /** Rows to how often each is there. */
  readonly #rows: KeyedTable

  constructor(node: FinalRowsNode, context: OperatorContext) {
    this.#node = node
    this.#context = context
    this.#rows = new KeyedTable(
      node.schema.fields.map((field) => field.type),
      [{ kind: 'i32' }],
    )
  }

  restore(pages: readonly StatePage[]): void {
    this.#rows.restorePages(pages, 0)
  }

  onBatch(batch: ChangeBatch): void {
    const { rowIds } = this.#rows.lookupOrInsert(batch.columns, batch.rows)
    const counts = this.#counts
    const gone = new Set<number>()
    for (let row = 0; row < batch.rows; row++) {
      const id = rowIds[row] as number
      const by = batch.kinds !== null && isRetraction(batch.kinds[row] as number) ? -1 : 1
      const count = (counts[id] as number) + by
      counts[id] = count
      if (count === 0) gone.add(id)
      else gone.delete(id)
    }
    for (const id of gone) this.#rows.remove(id)
    this.#rows.compact()
  }

  get #counts(): Int32Array {
    return (this.#rows.values[0] as FixedStore).values as Int32Array
  }

  onWatermark(time: number): void {
    if (time === MAX_WATERMARK) this.#emit()
    this.#context.output.watermark(time)
  }

  #emit(): void {
    const counts = this.#counts
    const batch = new Int32Array(BATCH_ROWS)
    let rows = 0
    const flush = (): void => {
      if (rows === 0) return
      const columns = this.#rows.keys.map((column) => column.gather(batch, rows))
      this.#context.output.batch(createBatch(this.#node.schema, columns, rows))
      rows = 0
    }
    for (const id of this.#rows.rows()) {
      for (let copy = 0; copy < (counts[id] as number); copy++) {
        batch[rows++] = id
        if (rows === BATCH_ROWS) flush()
      }
    }
    flush()
  }

  snapshot(): readonly StatePage[] {
    return this.#rows.snapshotPages().map((page) => ({ table: TABLE, ...page }))
  }

  metrics(): OperatorMetrics {
    return { stateBytes: this.#rows.bytes, stateEntries: this.#rows.size, lateRows: 0 }
  }
}
