/** A source at work: polls, hands over, waits for the sinks, and stands still while a checkpoint is taken. */
import { nextTurn } from '../../core/delay.ts'
import { asMillraceError, type MillraceError } from '../../core/errors.ts'
import type { Source, SourcePoll } from '../../connectors/api/source.ts'
import type { SourceNode, ValuesNode } from '../../planner/physical/graph.ts'

/** A poll settles after about this long, so that a checkpoint need not wait longer. */
const POLL_MILLISECONDS = 20
/** Work without a pause for the event loop. */
const SLICE_MILLISECONDS = 10

export interface SourceHost {
  /** Runs the batch through the operators. */
  readonly onRows: (task: SourceTask, poll: Extract<SourcePoll, { readonly kind: 'rows' }>) => void
  readonly onEnd: (task: SourceTask) => void
  readonly onError: (error: MillraceError) => void
  /** What the sources have to wait for: slow sinks. */
  readonly pressure: () => Promise<unknown> | undefined
}

export class SourceTask {
  readonly node: SourceNode | ValuesNode
  readonly source: Source
  readonly #host: SourceHost
  rows = 0
  bytes = 0
  waited = 0
  #ended = false
  #stopped = false
  #gate: PromiseWithResolvers<void> | undefined
  #parked: PromiseWithResolvers<void> | undefined
  #isParked = false
  #loop: Promise<void> | undefined
  readonly #stopSignal = Promise.withResolvers<void>()

  constructor(node: SourceNode | ValuesNode, source: Source, host: SourceHost) {
    this.node = node
    this.source = source
    this.#host = host
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Settles when the input has ended or `stop` was called. Never rejects. */
  run(): Promise<void> {
    this.#loop = this.#poll()
    return this.#loop
  }

  /** After `stop`: what the last poll opened is closed too. */
  async close(): Promise<void> {
    await this.#loop
    await this.source.close()
  }

  async #poll(): Promise<void> {
    try {
      let sliceEnd = performance.now() + SLICE_MILLISECONDS
      while (!this.#stopped && !this.#ended) {
        if (this.#gate !== undefined) await this.#park(this.#gate)
        if (this.#stopped) break
        const polled = this.source.poll(POLL_MILLISECONDS)
        this.#handle(polled instanceof Promise ? await polled : polled)
        await this.#yieldToSinks()
        if (performance.now() >= sliceEnd) {
          await nextTurn()
          sliceEnd = performance.now() + SLICE_MILLISECONDS
        }
      }
    } catch (error) {
      this.#ended = true
      this.#host.onError(asMillraceError(error))
    } finally {
      this.#isParked = true
      this.#parked?.resolve()
    }
  }

  /** No poll is under way and none will begin until `resume`. */
  async pause(): Promise<void> {
    this.#gate ??= Promise.withResolvers<void>()
    if (this.#isParked) return
    this.#parked ??= Promise.withResolvers<void>()
    await this.#parked.promise
  }

  resume(): void {
    const gate = this.#gate
    this.#gate = undefined
    this.#parked = undefined
    gate?.resolve()
  }

  stop(): void {
    this.#stopped = true
    this.#stopSignal.resolve()
    // Whoever waits for the pause is told when the loop has ended.
    this.#gate?.resolve()
  }

  async #park(gate: PromiseWithResolvers<void>): Promise<void> {
    this.#isParked = true
    this.#parked?.resolve()
    await gate.promise
    this.#isParked = false
  }

  #handle(poll: SourcePoll): void {
    if (poll.kind === 'rows') {
      this.rows += poll.batch.rows
      this.bytes += poll.bytes
      this.#host.onRows(this, poll)
    } else if (poll.kind === 'end') {
      this.#ended = true
      this.#host.onEnd(this)
    }
  }

  async #yieldToSinks(): Promise<void> {
    for (
      let pressure = this.#host.pressure();
      pressure !== undefined && !this.#stopped;
      pressure = this.#host.pressure()
    ) {
      const started = performance.now()
      await Promise.race([pressure, this.#stopSignal.promise])
      this.waited += performance.now() - started
    }
  }
}
