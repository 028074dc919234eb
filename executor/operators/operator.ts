/**
 * Operator: one node of the graph at work. Laws:
 *
 * 1. Everything is synchronous: an operator never waits. Sources and sinks wait for it. Only an `AsyncOperator` keeps
 *    rows back until an external system has answered.
 * 2. What it emits goes to `output` in the order of the changelog; a batch handed over is never changed again.
 * 3. `snapshot()` returns what changed since the last snapshot, as bytes that nobody touches any more; `restore` of
 *    all pages ever returned (latest of each name and page number, deleted ones left out) gives the same operator.
 * 4. It carries no checks of its input: `CheckedOutput` (tests, debug mode) verifies schema, row kinds, watermark
 *    monotony and barrier order between any two operators.
 */
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { Clock } from '../../core/clock.ts'
import type { PageBytes } from '../../state/table/page-bytes.ts'

export interface Output {
  batch(batch: ChangeBatch): void
  /** Event time in milliseconds: no row below it will follow (later ones are late). */
  watermark(time: number): void
  /** False: nobody looks at values, only rows and their kinds count, and columns may be of kind `null`. Absent: true. */
  readsValues?(): boolean
}

/** The watermark of an input that has ended. */
export const MAX_WATERMARK = Number.MAX_SAFE_INTEGER
export const MIN_WATERMARK = Number.MIN_SAFE_INTEGER

/** A piece of an operator's state: the unit of checkpointing. */
export interface StatePage {
  /** Which of the operator's tables. */
  readonly table: string
  readonly page: number
  /** null: the page is gone. */
  readonly bytes: PageBytes | null
}

export interface OperatorContext {
  readonly output: Output
  readonly clock: Clock
  /** `table.local-time-zone`, an IANA name. */
  readonly timeZone: string
}

export interface OperatorMetrics {
  /** Bytes that the state takes in memory, and its entries. */
  readonly stateBytes: number
  readonly stateEntries: number
  readonly lateRows: number
}

export interface Operator {
  /** All pages of the restored checkpoint; called before anything else, and only where there are any. */
  restore?(pages: readonly StatePage[]): void
  /** @param input position among the node's inputs */
  onBatch(batch: ChangeBatch, input: number): void
  /** The minimum over the inputs has advanced. An operator without its own use of time passes it on. */
  onWatermark(time: number): void
  /** Called about every 100 ms: processing-time timers, TTL. */
  onProcessingTime?(now: number): void
  /** Before `snapshot`, inputs before their readers: emits what is held back and is no state. */
  prepareSnapshot?(): void
  snapshot?(): readonly StatePage[]
  /** All inputs have ended (MAX_WATERMARK came before): emit what is left. */
  end?(): void
  metrics?(): OperatorMetrics
}

/**
 * The operator of a `watermark` node. Rows reach it with the split that they came from, so that each split has a
 * watermark of its own; what it emits is the minimum over the active splits.
 */
export interface SplitOperator extends Operator {
  /** In place of `onBatch`. */
  onSplitBatch(batch: ChangeBatch, split: string): void
  /** The splits that can hold the watermark back: called when the source's splits may have changed. */
  setSplits(splits: readonly string[]): void
  /** After a restore those above have to be told again what was emitted; else with the first rows. */
  announce(): void
  /** Every `pipeline.auto-watermark-interval`: emits what has advanced, marks idle splits. */
  onPeriodicEmit(now: number): void
  /** There is no split that can hold the watermark back. */
  readonly isIdle: boolean
  /** The active split with the lowest watermark, where the watermark has not reached the others'. */
  slowestSplit(): { readonly split: string; readonly watermark: number } | undefined
}

/**
 * An operator that asks an external system. Rows wait inside until the answer is there, and what follows on them waits
 * behind them: watermarks, the end of the input. They are never part of a snapshot: a checkpoint waits for `pending`.
 */
export interface AsyncOperator extends Operator {
  /** Set while rows wait; settles when none does any more. Never rejects. */
  readonly pending: Promise<void> | undefined
  /** Set while no more rows should come; settles when that may have changed. Never rejects. */
  readonly pressure: Promise<void> | undefined
}
