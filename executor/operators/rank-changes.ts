/** What a Top-N is about to emit: stored rows with their numbers, as one batch. */
import { type ChangeBatch, createBatch, INSERT, UPDATE_BEFORE } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import type { Schema } from '../../core/types.ts'
import type { SortedRows } from '../../state/table/sorted-rows.ts'

export interface RankOutput {
  /** Rows of these numbers are seen. */
  readonly start: number
  readonly outputRankNumber: boolean
  readonly emitUpdateBefore: boolean
  readonly schema: Schema
}

export class RankChanges {
  readonly #output: RankOutput
  readonly #rows: SortedRows
  #kinds = new Uint8Array(64)
  #ids = new Int32Array(64)
  #ranks = new Int32Array(64)
  #count = 0
  #updates = false

  constructor(rows: SortedRows, output: RankOutput) {
    this.#rows = rows
    this.#output = output
  }

  /** @param rank of the row, where it is known to be one that counts if it is at least `start` */
  put(kind: number, row: number, rank: number): void {
    const { start, emitUpdateBefore } = this.#output
    if (rank < start || (kind === UPDATE_BEFORE && !emitUpdateBefore)) return
    if (this.#count === this.#ids.length) this.#grow()
    const at = this.#count++
    this.#kinds[at] = kind
    this.#ids[at] = row
    this.#ranks[at] = rank
    if (kind !== INSERT) this.#updates = true
  }

  #grow(): void {
    const length = 2 * this.#ids.length
    const kinds = new Uint8Array(length)
    kinds.set(this.#kinds)
    this.#kinds = kinds
    const ids = new Int32Array(length)
    ids.set(this.#ids)
    this.#ids = ids
    const ranks = new Int32Array(length)
    ranks.set(this.#ranks)
    this.#ranks = ranks
  }

  /** Everything that was put, once; undefined: nothing. */
  take(): ChangeBatch | undefined {
    const count = this.#count
    if (count === 0) return undefined
    const columns = this.#rows.gather(this.#ids, count)
    if (this.#output.outputRankNumber) columns.push(this.#numbers(count))
    const kinds = this.#updates ? this.#kinds.slice(0, count) : null
    this.#count = 0
    this.#updates = false
    return createBatch(this.#output.schema, columns, count, kinds)
  }

  #numbers(count: number): Column {
    const values = new BigInt64Array(count)
    const words = new Int32Array(values.buffer)
    for (let i = 0; i < count; i++) words[2 * i] = this.#ranks[i] as number
    return { kind: 'i64', values, nulls: null }
  }
}
