/** Hands batches from a running job to whoever iterates over its result; a full queue holds the job back. */
import type { ChangeBatch } from '../core/change-batch.ts'

const CAPACITY = 16

export class ChangeQueue {
  readonly #batches: ChangeBatch[] = []
  #ended = false
  #failure: unknown
  #wakeReader: (() => void) | undefined
  /** While the queue is full: one for all who wait, as one step of a job may hand over many batches. */
  #room: PromiseWithResolvers<void> | undefined

  /** @returns a promise while the queue is full */
  push(batch: ChangeBatch): Promise<void> | undefined {
    if (this.#ended || batch.rows === 0) return undefined
    this.#batches.push(batch)
    this.#wakeReader?.()
    if (this.#batches.length < CAPACITY) return undefined
    this.#room ??= Promise.withResolvers<void>()
    return this.#room.promise
  }

  #makeRoom(): void {
    this.#room?.resolve()
    this.#room = undefined
  }

  /** No more batches will come. What is queued is still read; then a failure is thrown, or the iteration ends. */
  end(failure?: unknown): void {
    this.#ended = true
    this.#failure = failure
    this.#wakeReader?.()
    this.#makeRoom()
  }

  async next(): Promise<ChangeBatch | undefined> {
    for (;;) {
      const batch = this.#batches.shift()
      if (batch !== undefined) {
        if (this.#batches.length < CAPACITY) this.#makeRoom()
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
