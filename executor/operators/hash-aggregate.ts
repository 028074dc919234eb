/**
 * GROUP BY in batch mode: nothing is emitted before the input has ended, then +I for each group in the order of their
 * first rows. Without GROUP BY there is one row, also over no rows at all.
 */
import { type ChangeBatch, createBatch } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { invariant } from '../../core/errors.ts'
import type { HashAggregateNode } from '../../planner/physical/graph.ts'
import { AggregateTable, planAggregates } from './aggregate-table.ts'
import { MAX_WATERMARK, type Operator, type OperatorContext, type OperatorMetrics, type StatePage } from './operator.ts'

const TABLE = 'groups'
/** Rows of an emitted batch. */
const BATCH_ROWS = 4096

export function createHashAggregate(node: HashAggregateNode, context: OperatorContext): Operator {
  return new HashAggregate(node, context)
}

class HashAggregate implements Operator {
  readonly #node: HashAggregateNode
  readonly #context: OperatorContext
  readonly #groups: AggregateTable

  constructor(node: HashAggregateNode, context: OperatorContext) {
    this.#node = node
    this.#context = context
    const keyTypes = node.keys.map((_, index) => {
      const field = node.schema.fields[index]
      invariant(field !== undefined, 'an aggregate has a field for each key')
      return field.type
    })
    this.#groups = new AggregateTable(planAggregates(keyTypes, node.aggregates, false))
  }

  restore(pages: readonly StatePage[]): void {
    this.#groups.restore(TABLE, pages, 0)
  }

  onBatch(batch: ChangeBatch): void {
    const keys = this.#node.keys.map((key): Column => {
      const column = batch.columns[key]
      invariant(column !== undefined, 'a key is a column of the input')
      return column
    })
    this.#groups.update(batch, keys, false, 0)
    this.#groups.settle()
  }

  onWatermark(time: number): void {
    if (time === MAX_WATERMARK) this.#emit()
    this.#context.output.watermark(time)
  }

  #emit(): void {
    if (this.#node.keys.length === 0) this.#groups.table.lookupOrInsert([], 1)
    const groups = this.#groups.groups()
    for (let start = 0; start < groups.length; start += BATCH_ROWS) {
      const ids = groups.subarray(start, start + BATCH_ROWS)
      const columns = [...this.#groups.keyColumns(ids, ids.length), ...this.#groups.results(ids, ids.length)]
      this.#context.output.batch(createBatch(this.#node.schema, columns, ids.length))
    }
  }

  snapshot(): readonly StatePage[] {
    return this.#groups.snapshot(TABLE)
  }

  metrics(): OperatorMetrics {
    return { stateBytes: this.#groups.bytes, stateEntries: this.#groups.size, lateRows: 0 }
  }
}
