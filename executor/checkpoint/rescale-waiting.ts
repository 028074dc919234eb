/**
 * Rows that wait in an operator (`gathered-pages.ts`), for another number of subtasks: each gets those of its keys, for
 * which the order stays as it was. Watermarks are those that all subtasks had got to, so that no row is late that was not.
 */
import { invariant } from '../../core/errors.ts'
import type { Schema } from '../../core/types.ts'
import { columnsOf } from '../../planner/physical/distribution.ts'
import { keysOfInputs } from '../../planner/physical/exchange.ts'
import type { OperatorGraph, OperatorNode } from '../../planner/physical/graph.ts'
import { readPage } from '../../state/table/page-bytes.ts'
import { MIN_WATERMARK, type StatePage } from '../operators/operator.ts'
import { Partitioner } from '../runtime/exchange/partitioner.ts'
import { GatheredRun, RunEncoder, type RunItem, type RunRows } from '../runtime/partitions/gathered-run.ts'
import { orderPage, readOrder, runPage, runsOf, type WaitingOrder } from './gathered-pages.ts'
import { type Divide, divideBroadcastRows, type WaitingBroadcast } from './waiting-broadcast.ts'

/** Bytes of a run from which on the next one begins. */
const RUN_BYTES = 1 << 24

export interface WaitingPlacement {
  /** How many subtasks the operator will have, and the job. */
  readonly targets: number
  readonly parallelism: number
  readonly maxParallelism: number
  readonly division: readonly number[] | undefined
  readonly broadcast?: WaitingBroadcast | undefined
}

/**
 * By new subtask: its pages.
 *
 * @param subtasks of each old one the pages
 * @throws MillraceError INVALID_CHECKPOINT
 */
export function divideWaiting(
  node: OperatorNode,
  graph: OperatorGraph,
  subtasks: readonly (readonly StatePage[])[],
  placement: WaitingPlacement,
): readonly (readonly StatePage[])[] {
  const schemas = node.inputs.map((input) => graph.nodes[input]?.schema ?? { fields: [] })
  const sources = subtasks.flatMap((pages) => {
    const order = readOrder(pages, schemas)
    return order === undefined ? [] : [new OldSubtask(itemsOf(order, pages, schemas))]
  })
  const targets = Array.from({ length: placement.targets }, () => new NewSubtask())
  if (sources.length > 0) {
    const byKey = divisionOf(node, graph, schemas, placement)
    const { broadcast } = placement
    distribute(
      sources,
      targets,
      broadcast === undefined ? byKey : divideBroadcastRows(broadcast, placement.targets, byKey),
    )
  }
  return targets.map((target) => target.pages(schemas))
}

function divisionOf(
  node: OperatorNode,
  graph: OperatorGraph,
  schemas: readonly Schema[],
  { targets, parallelism, maxParallelism, division }: WaitingPlacement,
): Divide {
  if (targets === 1)
    return ({ batch }) => [{ indices: Int32Array.from({ length: batch.rows }, (_, row) => row), count: batch.rows }]
  const keys = keysOfInputs(node, graph)
  const partitioners = schemas.map(
    (schema, input) => new Partitioner(schema, columnsOf(keys?.[input] ?? [], division), parallelism, maxParallelism),
  )
  return ({ input, batch }) => {
    const partitioner = partitioners[input]
    invariant(partitioner !== undefined, 'rows that wait are of an input')
    return partitioner.divide(batch)
  }
}

/** From the old subtasks up to a watermark each, the one that is behind first. */
function distribute(sources: readonly OldSubtask[], targets: readonly NewSubtask[], divide: Divide): void {
  let watermark = MIN_WATERMARK
  for (;;) {
    const open = sources.filter(({ hasEnded }) => !hasEnded)
    if (open.length === 0) return
    const behind = open.reduce((least, source) => (source.watermark < least.watermark ? source : least))
    for (const rows of behind.toNextWatermark()) {
      for (const [n, { indices, count }] of divide(rows, sources.indexOf(behind)).entries())
        if (count > 0) targets[n]?.encoder.rows(rows.input, rows.batch, indices, count)
      for (const target of targets) target.endRunIfFull()
    }
    const lowest = Math.min(...sources.map((source) => source.watermark))
    if (lowest <= watermark) continue
    watermark = lowest
    for (const { encoder } of targets) encoder.watermark(watermark)
  }
}

class OldSubtask {
  readonly #items: Iterator<RunItem>
  watermark = MIN_WATERMARK
  hasEnded = false

  constructor(items: Iterator<RunItem>) {
    this.#items = items
  }

  *toNextWatermark(): Generator<RunRows> {
    for (;;) {
      const { value, done } = this.#items.next()
      if (done === true) {
        this.hasEnded = true
        return
      }
      if ('time' in value) {
        this.watermark = value.time
        return
      }
      yield value
    }
  }
}

/** One run of one partition after the other, to be handed out as they are. */
class NewSubtask {
  readonly encoder = new RunEncoder(1)
  readonly #empty = this.encoder.size
  readonly #runs: Uint8Array[] = []

  constructor() {
    this.encoder.begin(0)
  }

  endRunIfFull(): void {
    if (this.encoder.size >= RUN_BYTES) this.#endRun()
  }

  #endRun(): void {
    this.#runs.push(this.encoder.end().slice())
    this.encoder.begin(0)
  }

  pages(schemas: readonly Schema[]): readonly StatePage[] {
    if (this.encoder.size > this.#empty) this.#endRun()
    if (this.#runs.length === 0) return []
    const leaving = this.#runs.map((_, number) => number)
    return [
      ...this.#runs.map((bytes, number) => runPage(number, bytes)),
      orderPage({ partitions: 1, leaving, next: 0, gathered: [] }, schemas),
    ]
  }
}

/** Of all partitions up to a watermark, then the watermark: all of them have the same ones. */
function* itemsOf(
  { leaving, gathered, next, partitions }: WaitingOrder,
  pages: readonly StatePage[],
  schemas: readonly Schema[],
): Generator<RunItem> {
  for (const [numbers, first] of [
    [leaving, next],
    [gathered, 0],
  ] as const) {
    for (const { number, bytes } of runsOf(pages, numbers)) {
      const run = new GatheredRun(number, readPage(bytes), undefined)
      const parts = Array.from({ length: partitions }, (_, partition) => run.items(partition, schemas))
      for (let time: number | undefined = 0; time !== undefined; ) {
        time = undefined
        for (const [partition, items] of parts.entries()) {
          for (let item = items.next(); item.done !== true; item = items.next()) {
            if ('time' in item.value) {
              time = item.value.time
              break
            }
            // The others have had theirs.
            if (partition >= first) yield item.value
          }
        }
        if (time !== undefined) yield { time }
      }
    }
  }
}
