/** One operator of a job at work in one worker: where its rows come from and go to, and what is counted. */
import type { Exchange } from '../../planner/physical/exchange.ts'
import type { OperatorNode } from '../../planner/physical/graph.ts'
import type { LocalWindowAggregate } from '../operators/local-window-aggregate.ts'
import { MIN_WATERMARK, type Operator } from '../operators/operator.ts'

interface Edge {
  readonly to: Stage
  readonly input: number
  /** Of the stage that it leads to. */
  readonly channel: number
}

export interface Outlet {
  readonly exchange: Exchange
  /** Set where rows are aggregated before they go. */
  readonly local: LocalWindowAggregate | undefined
}

export class Stage {
  readonly node: OperatorNode
  readonly edges: Edge[] = []
  /** To stages of which other workers have parts as well. */
  readonly exchanges: Outlet[] = []
  /** By input: its first channel. An input has one channel, behind an exchange one for each worker that sends. */
  readonly channels: readonly number[]
  /** By channel: the watermark; an ended one has MAX_WATERMARK. */
  readonly watermarks: number[]
  /** Channels that do not hold the watermark back. */
  readonly idle = new Set<number>()
  operator: Operator | undefined
  watermark = MIN_WATERMARK
  rowsIn = 0
  rowsOut = 0
  busy = 0
  /** Channels that have ended; of a source 1 when it has. */
  ended = 0
  /** Channels that the barrier of a checkpoint has come through. */
  barriers = 0
  /** What it has to emit before the checkpoint is out. */
  aligned = false

  /** @param widths by input: its channels */
  constructor(node: OperatorNode, widths: readonly number[]) {
    this.node = node
    this.channels = widths.map((_, input) => widths.slice(0, input).reduce((sum, width) => sum + width, 0))
    this.watermarks = Array.from({ length: widths.reduce((sum, width) => sum + width, 0) }, () => MIN_WATERMARK)
  }

  get hasEnded(): boolean {
    return this.node.inputs.length === 0 ? this.ended > 0 : this.ended === this.watermarks.length
  }
}
