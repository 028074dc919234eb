/** The table that a changelog describes: rows come, go and change in place. */
import { type ChangeBatch, DELETE, isRetraction, kindAt, UPDATE_AFTER, UPDATE_BEFORE } from '../../core/change-batch.ts'

/** Cells of one row as they are shown. */
export type TextRow = readonly string[]

export class MaterializedRows {
  readonly #limit: number
  /** A removed row leaves a hole until the next compaction, so that positions stay. */
  readonly #rows: (TextRow | undefined)[] = []
  /** Positions of each distinct row; equal rows may occur several times. */
  readonly #positions = new Map<string, number[]>()
  #live = 0
  #dropped = 0
  /** Where the last -U was: the +U behind it takes the place. */
  #vacated: number | undefined

  /** @param limit rows kept at the most; what is more is counted only */
  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#live
  }

  get dropped(): number {
    return this.#dropped
  }

  apply(batch: ChangeBatch, textOf: (batch: ChangeBatch, row: number) => TextRow): void {
    for (let row = 0; row < batch.rows; row++) {
      const kind = kindAt(batch, row)
      const text = textOf(batch, row)
      if (isRetraction(kind)) this.#remove(text, kind === UPDATE_BEFORE)
      else this.#add(text, kind === UPDATE_AFTER)
      if (kind === DELETE) this.#vacated = undefined
    }
    if (this.#rows.length > 2 * this.#live + 1024) this.#compact()
  }

  /** The rows in their order, the first `count` of them. */
  rows(count = Number.MAX_SAFE_INTEGER): TextRow[] {
    const found: TextRow[] = []
    for (const row of this.#rows) {
      if (found.length >= count) break
      if (row !== undefined) found.push(row)
    }
    return found
  }

  /** The last `count` rows in their order. */
  lastRows(count: number): TextRow[] {
    const found: TextRow[] = []
    for (let at = this.#rows.length - 1; at >= 0 && found.length < count; at--) {
      const row = this.#rows[at]
      if (row !== undefined) found.push(row)
    }
    return found.reverse()
  }

  #add(row: TextRow, update: boolean): void {
    if (this.#live >= this.#limit) {
      this.#dropped++
      return
    }
    const at = update && this.#vacated !== undefined ? this.#vacated : this.#rows.length
    this.#vacated = undefined
    this.#rows[at] = row
    this.#live++
    const key = row.join('\u0000')
    const positions = this.#positions.get(key)
    if (positions === undefined) this.#positions.set(key, [at])
    else positions.push(at)
  }

  #remove(row: TextRow, update: boolean): void {
    const key = row.join('\u0000')
    const positions = this.#positions.get(key)
    const at = positions?.pop()
    if (positions === undefined || at === undefined) return
    if (positions.length === 0) this.#positions.delete(key)
    this.#rows[at] = undefined
    this.#live--
    this.#vacated = update ? at : undefined
  }

  #compact(): void {
    if (this.#vacated !== undefined) return
    const live = this.rows()
    this.#rows.length = 0
    this.#positions.clear()
    this.#live = 0
    for (const row of live) this.#add(row, false)
  }
}
