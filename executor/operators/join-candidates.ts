/** Pairs of rows of which a join has still to test the condition, in the order in which they were found. */
import { doubled } from './joined-rows.ts'

/** In place of one of the two rows: the other one is looked at alone. */
export const NONE = -1

/** Valid until the next call of what made them. */
export interface RowPairs {
  readonly rows: Int32Array
  readonly partners: Int32Array
  readonly count: number
}

export class Candidates {
  rows = new Int32Array(1024)
  partners = new Int32Array(1024)
  count = 0
  #pairRows = new Int32Array(1024)
  #pairPartners = new Int32Array(1024)

  /** @param row NONE, or `partner` NONE: no pair, but the place at which the other one's partners are all known */
  add(row: number, partner: number): void {
    if (this.count === this.rows.length) {
      this.rows = doubled(this.rows)
      this.partners = doubled(this.partners)
    }
    this.rows[this.count] = row
    this.partners[this.count++] = partner
  }

  /** The pairs alone. Valid until the next call. */
  pairs(): RowPairs {
    while (this.#pairRows.length < this.count) {
      this.#pairRows = doubled(this.#pairRows)
      this.#pairPartners = doubled(this.#pairPartners)
    }
    let count = 0
    for (let i = 0; i < this.count; i++) {
      if (this.rows[i] === NONE || this.partners[i] === NONE) continue
      this.#pairRows[count] = this.rows[i] as number
      this.#pairPartners[count++] = this.partners[i] as number
    }
    return { rows: this.#pairRows, partners: this.#pairPartners, count }
  }
}
