/** LIMIT and OFFSET without ORDER BY over input that only appends: the first rows that come. */
import { type ChangeBatch, sliceRows } from '../../core/change-batch.ts'
import type { LimitNode } from '../../planner/physical/graph.ts'
import { CounterPage } from './counter-page.ts'
import type { Operator, OperatorContext, StatePage } from './operator.ts'

export function createLimit(node: LimitNode, context: OperatorContext): Operator {
  return new Limit(node, context)
}

class Limit implements Operator {
  readonly #node: LimitNode
  readonly #context: OperatorContext
  readonly #seen = new CounterPage('limit')

  constructor(node: LimitNode, context: OperatorContext) {
    this.#node = node
    this.#context = context
  }

  onBatch(batch: ChangeBatch): void {
    const { offset, fetch } = this.#node
    const seen = this.#seen.value
    const from = Math.min(batch.rows, Math.max(0, offset - seen))
    const to = Math.min(batch.rows, Math.max(0, offset + fetch - seen))
    this.#seen.value = Math.min(offset + fetch, seen + batch.rows)
    if (from < to) this.#context.output.batch(sliceRows(batch, from, to))
  }

  onWatermark(time: number): void {
    this.#context.output.watermark(time)
  }

  snapshot(): readonly StatePage[] {
    return this.#seen.snapshot()
  }

  restore(pages: readonly StatePage[]): void {
    this.#seen.restore(pages)
  }
}
