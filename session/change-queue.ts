/** Hands batches from a running job to whoever iterates over its result; a full queue holds the job back. */
import type { ChangeBatch } from '../core/change-batch.ts'

const CAPACITY = 16

export class ChangeQueue {
  readonly #batches: ChangeBatch[] = []
  #ended = false
  #failure: unknown
  #wakeReader: (() => void) | undefined
  #wakeWriter: (() => void) | undefined

  /** @returns a promise while the queue is full */
  push(batch: ChangeBatch): Promise<void> | undefined {
    if (this.#ended || batch.rows === 0) return undefined
    this.#batches.push(batch)
    this.#wakeReader?.()
    if (this.#batches.length < CAPACITY) return undefined
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wakeWriter = resolve
    return promise
  }

  /** No more batches will come. What is queued is still read; then a failure is thrown, or the iteration ends. */
  end(failure?: unknown): void {
    this.#ended = true
    this.#failure = failure
    this.#wakeReader?.()
    this.#wakeWriter?.()
  }

  async next(): Promise<ChangeBatch | undefined> {
    for (;;) {
      const batch = this.#batches.shift()
      if (batch !== undefined) {
        this.#wakeWriter?.()
        this.#wakeWriter = undefined
        return batch
      }
      if (this.#failure !== undefined) throw this.#failure
      if (this.#ended) return undefined
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wakeReader = resolve
      await promise
    }
  }
}
