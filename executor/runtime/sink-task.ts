/** A sink at work: rows go in one batch at a time, what the sink cannot take yet waits in a queue that stops the sources. */
import { type ChangeBatch, copyBatch } from '../../core/change-batch.ts'
import { asMillraceError, MillraceError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import type { Sink } from '../../connectors/api/sink.ts'
import type { SinkNode } from '../../planner/physical/graph.ts'
import { ConstraintEnforcer } from './constraint-enforcer.ts'

export class SinkTask {
  readonly node: SinkNode
  readonly sink: Sink
  readonly #constraints: ConstraintEnforcer
  readonly #onError: (error: MillraceError) => void
  readonly #queue: ChangeBatch[] = []
  #pending: Promise<void> | undefined
  rows = 0

  constructor(node: SinkNode, sink: Sink, onError: (error: MillraceError) => void) {
    this.node = node
    this.sink = sink
    this.#onError = onError
    this.#constraints = new ConstraintEnforcer(node)
  }

  /** Set while the sources have to wait. */
  get pending(): Promise<void> | undefined {
    return this.#pending
  }

  get readsValues(): boolean {
    return this.sink.readsValues !== false || this.#constraints.isNeeded
  }

  write(batch: ChangeBatch): void {
    const checked = this.#constraints.enforce(batch)
    if (checked.rows === 0) return
    this.rows += checked.rows
    if (this.#pending !== undefined) {
      this.#queue.push(copyBatch(checked))
      return
    }
    const waiting = this.sink.write(checked)
    if (waiting !== undefined) this.#pending = this.#drain(waiting)
  }

  onWatermark(time: number): void {
    this.sink.onWatermark?.(time)
  }

  /** Rows may be written while `prepare` is under way, once `pending` is not set. */
  get preparesAside(): boolean {
    return this.sink.preparesAside === true
  }

  /** Everything written so far is ready to be committed. */
  async prepare(checkpoint: number): Promise<JsonValue | null> {
    if (this.#pending !== undefined) await this.#pending
    try {
      return await this.sink.prepare(checkpoint)
    } catch (error) {
      throw this.#located(error)
    }
  }

  async commit(handle: JsonValue): Promise<void> {
    try {
      await this.sink.commit(handle)
    } catch (error) {
      throw this.#located(error)
    }
  }

  async onTime(now: number): Promise<void> {
    if (this.#pending !== undefined) return
    const waiting = this.sink.onTime?.(now)
    if (waiting !== undefined) {
      this.#pending = this.#drain(waiting)
      await this.#pending
    }
  }

  /** Never rejects: a failure goes to the job, which then stops. */
  async #drain(first: Promise<void>): Promise<void> {
    try {
      await first
      for (let batch = this.#queue.shift(); batch !== undefined; batch = this.#queue.shift())
        await this.sink.write(batch)
    } catch (error) {
      this.#queue.length = 0
      this.#onError(this.#located(error))
    } finally {
      this.#pending = undefined
    }
  }

  #located(error: unknown): MillraceError {
    const failure = asMillraceError(error, 'EXTERNAL_ERROR')
    if (failure.at !== undefined) return failure
    return new MillraceError(failure.code, failure.message, {
      detail: failure.detail,
      hint: failure.hint,
      retryable: failure.retryable,
      cause: failure,
      at: { table: this.node.table.path.name },
    })
  }
}
