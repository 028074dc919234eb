/**
 * OVER aggregates: for each row the aggregates over the rows of its partition up to it
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/over-agg/). The frame ends with the
 * row itself, or, with RANGE, with the rows of its time; it begins with the first row, or some rows or some time before.
 */
import { type ChangeBatch, createBatch } from '../../core/change-batch.ts'
import { gatherColumn } from '../../core/column-ops.ts'
import type { Schema } from '../../core/types.ts'
import type { OverAggregateNode } from '../../planner/physical/graph.ts'
import { AggregateTable, planAggregates } from './aggregate-table.ts'
import { keyColumnsOf, keyTypesOf } from './key-columns.ts'
import type { Operator, OperatorContext, OperatorMetrics, StatePage } from './operator.ts'
import { BufferedOver } from './over-buffer.ts'
import { OverByValue } from './over-by-value.ts'

const TABLE = 'groups'

/** @param input schema of the input */
export function createOverAggregate(node: OverAggregateNode, input: Schema, context: OperatorContext): Operator {
  if (node.time === 'value') return new OverByValue(node, input, context)
  const isRunning = node.time === 'proctime' && node.frame.start === null
  return isRunning ? new RunningOver(node, input, context) : new BufferedOver(node, input, context)
}

/** By processing time over everything before: nothing is kept but the accumulators. */
class RunningOver implements Operator {
  readonly #node: OverAggregateNode
  readonly #context: OperatorContext
  readonly #groups: AggregateTable
  #after = new Int32Array(0)

  constructor(node: OverAggregateNode, input: Schema, context: OperatorContext) {
    this.#node = node
    this.#context = context
    this.#groups = new AggregateTable(planAggregates(keyTypesOf(input, node.keys), node.calls, false, node.stateTtl))
  }

  onBatch(batch: ChangeBatch): void {
    const { rows, columns } = batch
    if (rows === 0) return
    if (this.#after.length < rows) this.#after = Int32Array.from({ length: 2 * rows }, (_, row) => 2 * row + 1)
    const now = this.#node.stateTtl > 0 ? this.#context.clock.now() : 0
    const { results } = this.#groups.update(batch, keyColumnsOf(batch, this.#node.keys), true, now)
    const after = results.map((column) => gatherColumn(column, this.#after, rows))
    this.#context.output.batch(createBatch(this.#node.schema, [...columns, ...after], rows))
    this.#groups.settle()
  }

  onWatermark(time: number): void {
    this.#context.output.watermark(time)
  }

  onProcessingTime(now: number): void {
    if (this.#node.stateTtl > 0) this.#groups.table.sweep(now)
  }

  snapshot(): readonly StatePage[] {
    return this.#groups.snapshot(TABLE)
  }

  restore(pages: readonly StatePage[]): void {
    this.#groups.restore(TABLE, pages, this.#context.clock.now())
  }

  metrics(): OperatorMetrics {
    return { stateBytes: this.#groups.bytes, stateEntries: this.#groups.size, lateRows: 0 }
  }
}
