/**
 * Says when bundles end, by watermarks. By the clock: at every multiple of the interval, and watermarks from below are
 * dropped, for nobody above uses event time. By event time: the first watermark of each interval goes on.
 */
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { MiniBatchAssignerNode } from '../../planner/physical/graph.ts'
import { MAX_WATERMARK, MIN_WATERMARK, type Operator, type OperatorContext } from './operator.ts'

export function createMiniBatchAssigner(node: MiniBatchAssignerNode, context: OperatorContext): Operator {
  return node.mode === 'proctime'
    ? new ClockAssigner(node.interval, context)
    : new EventTimeAssigner(node.interval, context)
}

class ClockAssigner implements Operator {
  readonly #interval: number
  readonly #context: OperatorContext
  #current = MIN_WATERMARK

  constructor(interval: number, context: OperatorContext) {
    this.#interval = interval
    this.#context = context
  }

  onBatch(batch: ChangeBatch): void {
    this.onProcessingTime(this.#context.clock.now())
    this.#context.output.batch(batch)
  }

  onWatermark(time: number): void {
    if (time === MAX_WATERMARK) this.#context.output.watermark(time)
  }

  onProcessingTime(now: number): void {
    const start = now - (now % this.#interval)
    if (start <= this.#current) return
    this.#current = start
    this.#context.output.watermark(start)
  }
}

class EventTimeAssigner implements Operator {
  readonly #interval: number
  readonly #context: OperatorContext
  /** The last moment of the interval that is under way. */
  #next = MIN_WATERMARK

  constructor(interval: number, context: OperatorContext) {
    this.#interval = interval
    this.#context = context
  }

  onBatch(batch: ChangeBatch): void {
    this.#context.output.batch(batch)
  }

  onWatermark(time: number): void {
    if (time < this.#next) return
    const end = Math.floor(time / this.#interval) * this.#interval + this.#interval - 1
    this.#next = end > time ? end : end + this.#interval
    this.#context.output.watermark(time)
  }
}
