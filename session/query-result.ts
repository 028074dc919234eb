/** The result of a SELECT: a changelog that goes on as long as the query runs. */
import type { RecordBatch } from 'apache-arrow'
import type { ChangeBatch } from '../core/change-batch.ts'
import type { Schema } from '../core/types.ts'
import type { Job } from '../executor/runtime/job.ts'
import type { ChangeQueue } from './change-queue.ts'
import { type ResultRow, rowAt } from './row.ts'

export interface ArrowChanges {
  /** The rows, without their kinds. */
  readonly batch: RecordBatch
  /** A row kind for each row (0 +I, 1 -U, 2 +U, 3 -D); null: all +I. */
  readonly kinds: Uint8Array | null
}

export class QueryResult implements AsyncIterable<ResultRow> {
  readonly kind = 'query'
  readonly schema: Schema
  readonly job: Job
  /** Of batch mode: there are only inserts, and they come at the end. */
  readonly isBatch: boolean
  readonly #queue: ChangeQueue

  constructor(schema: Schema, job: Job, queue: ChangeQueue, isBatch: boolean) {
    this.schema = schema
    this.job = job
    this.#queue = queue
    this.isBatch = isBatch
  }

  /** Row by row. Leaving the loop early cancels the query. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ResultRow> {
    for await (const batch of this.changes()) {
      for (let row = 0; row < batch.rows; row++) yield rowAt(batch, row)
    }
  }

  /** Batch by batch, in the engine's own columns. */
  async *changes(): AsyncGenerator<ChangeBatch> {
    try {
      for (let batch = await this.#queue.next(); batch !== undefined; batch = await this.#queue.next()) yield batch
    } finally {
      await this.cancel()
    }
  }

  /** Batch by batch, as apache-arrow record batches. */
  async *arrow(): AsyncGenerator<ArrowChanges> {
    const { toArrow } = await import('../core/arrow.ts')
    for await (const batch of this.changes())
      yield { batch: toArrow(batch), kinds: batch.kinds?.subarray(0, batch.rows) ?? null }
  }

  /** Ends the query; what was emitted can still be read. */
  async cancel(): Promise<void> {
    await this.job.cancel()
  }
}
