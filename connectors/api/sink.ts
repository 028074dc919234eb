/**
 * Sink: writes a changelog to a system. Laws, checked by the conformance suite:
 *
 * 1. `prepare(n)` makes everything written since the last `prepare` ready to be made visible and durable on the
 *    external side, and returns a handle (or null where there is nothing to commit). A sink that is at-least-once
 *    writes and flushes everything in `prepare` and returns null.
 * 2. `commit(handle)` is idempotent: it may be called again, by another process, after a crash at any moment.
 * 3. After a restore the engine calls `recover(handles)` once before the first `write`, with every handle of the
 *    restored checkpoint: the sink commits these and aborts whatever else of this job it left behind.
 * 4. What was not prepared in a completed checkpoint is never visible to a reader that respects the guarantee.
 * 5. `-U` takes a row back just as `-D` does. A sink by key gets -U where a filter stands between an aggregate and the
 *    sink: then it may be the only sign that the row is gone. Where it is not needed the planner leaves it out.
 */
import type { ChangelogMode } from '../../catalog/connector.ts'
import type { CatalogTable } from '../../catalog/table.ts'
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { Clock } from '../../core/clock.ts'
import type { JsonValue } from '../../core/json.ts'
import type { OptionValues } from '../../core/options.ts'
import type { Schema } from '../../core/types.ts'

export interface SinkContext {
  readonly table: CatalogTable
  readonly options: OptionValues
  /** Schema of the batches that `write` gets; `columns` are the table's columns they go to. */
  readonly schema: Schema
  readonly columns: readonly string[]
  /** Positions in `schema` of the table's primary key; empty: none. */
  readonly primaryKey: readonly number[]
  readonly changelog: ChangelogMode
  readonly overwrite: boolean
  /** Name of the job and uid of the sink: stable across restarts, unique within one data directory. */
  readonly jobName: string
  readonly uid: string
  readonly subtask: number
  readonly parallelism: number
  /** False: `prepare` is called only once, at the end of the input. */
  readonly checkpointing: boolean
  readonly signal: AbortSignal
  readonly clock: Clock
  /** Where `print` writes: process.stdout and process.stderr, or what the session gives. */
  readonly output: { write(text: string): void; writeError(text: string): void }
}

export interface Sink {
  open(): Promise<void>
  recover(handles: readonly JsonValue[]): Promise<void>
  /**
   * The batch is lent until the call returns, not until the promise settles: what is needed later is copied.
   * A promise means: do not hand over more before it settles (back-pressure). Errors of earlier
   * writes may surface here.
   */
  write(batch: ChangeBatch): Promise<void> | void
  prepare(checkpoint: number): Promise<JsonValue | null>
  /**
   * True: what a checkpoint contains is settled when the call of `prepare` returns. Rows may be written while its
   * promise is pending, and belong to the next checkpoint.
   */
  readonly preparesAside?: boolean
  commit(handle: JsonValue): Promise<void>
  /** Called about every 100 ms for time-driven work: flush intervals, rolling files. */
  onTime?(now: number): Promise<void> | void
  /** The watermark of what comes, in event-time milliseconds; MAX_WATERMARK when the input has ended. */
  onWatermark?(time: number): void
  /** False: `write` looks at no value, so that none need be made. */
  readonly readsValues?: boolean
  /** Without `prepare` before it, everything uncommitted is discarded. */
  close(): Promise<void>
}
