/** What has become due at a time: rows and ends of runs, key by key in the order of the first of them. */
import type { RowChains } from './row-chains.ts'
import { arrayFor } from '../../../state/table/memory.ts'

/** Runs that take too long, in the order of their ends. */
export interface EndsOfRuns {
  /** When the next one ends; infinity: no more are due. */
  next(): number
  /** @returns the group of the next one, -1 where the run has gone */
  take(): number
}

const NO_ENDS: EndsOfRuns = { next: () => Number.POSITIVE_INFINITY, take: () => -1 }

export class DueKeys {
  rows: Int32Array = new Int32Array(0)
  /** The group of each key, in their order. */
  groups = new Int32Array(64)
  count = 0
  /** By position among the rows: 1 where a run began. */
  began = new Uint8Array(0)
  /** By key: positions of its first and last row, -1: it has none. */
  #first = new Int32Array(64)
  #last = new Int32Array(64)
  /** By position: that of the next row of the key, -1: there is none. */
  #next = new Int32Array(64)
  /** By group: its key plus 1. */
  #keys = new Int32Array(64)

  /**
   * @param rows in the order of their time
   * @param groups above the highest
   */
  arrange(rows: Int32Array, chains: RowChains, groups: number, ends: EndsOfRuns = NO_ENDS): void {
    for (let key = 0; key < this.count; key++) this.#keys[this.groups[key] as number] = 0
    this.rows = rows
    this.count = 0
    this.#keys = arrayFor(this.#keys, groups)
    this.#next = arrayFor(this.#next, rows.length)
    if (this.began.length < rows.length) this.began = new Uint8Array(2 * rows.length)
    else this.began.fill(0, 0, rows.length)
    const times = chains.times.values as Float64Array
    const rowGroups = chains.groups.values as Int32Array
    let end = ends.next()
    for (let at = 0; at < rows.length || end < Number.POSITIVE_INFINITY; ) {
      const row = rows[at] as number
      if (at < rows.length && (times[row] as number) <= end) {
        this.#addRow(rowGroups[row] as number, at++)
        continue
      }
      const group = ends.take()
      if (group >= 0) this.#keyOf(group)
      end = ends.next()
    }
  }

  #addRow(group: number, at: number): void {
    const key = this.#keyOf(group)
    const last = this.#last[key] as number
    if (last < 0) this.#first[key] = at
    else this.#next[last] = at
    this.#last[key] = at
    this.#next[at] = -1
  }

  #keyOf(group: number): number {
    const known = (this.#keys[group] as number) - 1
    if (known >= 0) return known
    const key = this.count++
    if (key >= this.groups.length) this.#growKeys(key + 1)
    this.groups[key] = group
    this.#first[key] = -1
    this.#last[key] = -1
    this.#keys[group] = key + 1
    return key
  }

  #growKeys(length: number): void {
    this.groups = arrayFor(this.groups, length)
    this.#first = arrayFor(this.#first, length)
    this.#last = arrayFor(this.#last, length)
  }

  /** Position of the key's first row, -1: it has none. */
  first(key: number): number {
    return this.#first[key] as number
  }

  /** Position of the key's next row, -1: there is none. */
  next(at: number): number {
    return this.#next[at] as number
  }
}
