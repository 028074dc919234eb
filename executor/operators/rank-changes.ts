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
  /** Of the batch before. */
  #lent: readonly Column[] = []
  #numbers = new BigInt64Array(0)

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

  /** Everything that was put, once; undefined: nothing. The batch is valid until the next `put`. */
  take(): ChangeBatch | undefined {
    const count = this.#count
    if (count === 0) return undefined
    const columns = (this.#lent = this.#rows.gather(this.#ids, count, this.#lent))
    const kinds = this.#updates ? this.#kinds : null
    this.#count = 0
    this.#updates = false
    const all = this.#output.outputRankNumber ? [...columns, this.#rankNumbers(count)] : columns
    return createBatch(this.#output.schema, all, count, kinds)
  }

  #rankNumbers(count: number): Column {
    if (this.#numbers.length < count) this.#numbers = new BigInt64Array(this.#ids.length)
    const words = new Int32Array(this.#numbers.buffer)
    for (let i = 0; i < count; i++) words[2 * i] = this.#ranks[i] as number
    return { kind: 'i64', values: this.#numbers, nulls: null }
  }
}
