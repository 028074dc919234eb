/**
 * Lists of row ids, one for each group, in an order that whoever asks knows: positions are found by a test that is true
 * for a first part of the list. Kept in memory: operators make them anew from their rows.
 */
import { arrayFor } from './memory.ts'

export interface RowLists {
  count(group: number): number
  /** The row at a position below `count`. */
  at(group: number, position: number): number
  /** Position of the first row for which the test is false; `count` where there is none. */
  search(group: number, isBefore: (row: number) => boolean): number
  insert(group: number, position: number, row: number): void
  remove(group: number, position: number): void
  replace(group: number, position: number, row: number): void
  /** Takes the first rows out. */
  shift(group: number, count: number): Int32Array
  clear(group: number): void
  readonly bytes: number
}

/** Lists of at most some rows, side by side in one array: nothing is made for a new group. */
export class ShortLists implements RowLists {
  readonly #limit: number
  #rows: Int32Array = new Int32Array(0)
  #counts: Int32Array = new Int32Array(0)

  /** @param limit rows that a list can have */
  constructor(limit: number) {
    this.#limit = limit
  }

  get bytes(): number {
    return 4 * (this.#rows.length + this.#counts.length)
  }

  count(group: number): number {
    return this.#counts[group] ?? 0
  }

  at(group: number, position: number): number {
    return this.#rows[group * this.#limit + position] as number
  }

  search(group: number, isBefore: (row: number) => boolean): number {
    const first = group * this.#limit
    return partition(this.#rows, first, first + this.count(group), isBefore) - first
  }

  insert(group: number, position: number, row: number): void {
    if (group >= this.#counts.length) {
      this.#counts = arrayFor(this.#counts, group + 1)
      this.#rows = arrayFor(this.#rows, this.#counts.length * this.#limit)
    }
    const at = group * this.#limit + position
    const count = this.#counts[group] as number
    this.#rows.copyWithin(at + 1, at, group * this.#limit + count)
    this.#rows[at] = row
    this.#counts[group] = count + 1
  }

  remove(group: number, position: number): void {
    const at = group * this.#limit + position
    const count = this.#counts[group] as number
    this.#rows.copyWithin(at, at + 1, group * this.#limit + count)
    this.#counts[group] = count - 1
  }

  replace(group: number, position: number, row: number): void {
    this.#rows[group * this.#limit + position] = row
  }

  shift(group: number, count: number): Int32Array {
    const first = group * this.#limit
    const rows = this.#rows.slice(first, first + count)
    const total = this.count(group)
    this.#rows.copyWithin(first, first + count, first + total)
    this.#counts[group] = total - count
    return rows
  }

  clear(group: number): void {
    if (group < this.#counts.length) this.#counts[group] = 0
  }
}

const CHUNK = 256

interface Chunk {
  readonly rows: Int32Array
  count: number
}

/** Lists of any length, in chunks, so that an insertion moves little. */
export class LongLists implements RowLists {
  readonly #lists: (Chunk[] | undefined)[] = []
  readonly #counts: number[] = []
  #chunks = 0

  get bytes(): number {
    return 4 * CHUNK * this.#chunks
  }

  count(group: number): number {
    return this.#counts[group] ?? 0
  }

  at(group: number, position: number): number {
    const { chunk, at } = this.#locate(this.#lists[group] ?? [], position)
    return chunk?.rows[at] ?? -1
  }

  #locate(list: readonly Chunk[], position: number): { chunk: Chunk | undefined; index: number; at: number } {
    let at = position
    for (const [index, chunk] of list.entries()) {
      if (at < chunk.count) return { chunk, index, at }
      at -= chunk.count
    }
    return { chunk: undefined, index: list.length, at }
  }

  search(group: number, isBefore: (row: number) => boolean): number {
    const list = this.#lists[group] ?? []
    let low = 0
    let high = list.length
    while (low < high) {
      const middle = (low + high) >> 1
      const chunk = list[middle] as Chunk
      if (isBefore(chunk.rows[chunk.count - 1] as number)) low = middle + 1
      else high = middle
    }
    let before = 0
    for (let index = 0; index < low; index++) before += (list[index] as Chunk).count
    const chunk = list[low]
    return chunk === undefined ? before : before + partition(chunk.rows, 0, chunk.count, isBefore)
  }

  insert(group: number, position: number, row: number): void {
    const list = this.#lists[group] ?? []
    this.#lists[group] = list
    this.#counts[group] = (this.#counts[group] ?? 0) + 1
    const { chunk: found, index, at: within } = this.#locate(list, position)
    let chunk = found
    let at = within
    if (chunk === undefined) {
      const last = list.at(-1)
      // Behind all others: the last chunk takes it, if it has room.
      if (last !== undefined && last.count < CHUNK) {
        chunk = last
        at = last.count
      } else {
        chunk = this.#chunk()
        at = 0
        list.push(chunk)
      }
    } else if (chunk.count === CHUNK) {
      const half = this.#chunk()
      half.rows.set(chunk.rows.subarray(CHUNK / 2))
      half.count = CHUNK / 2
      chunk.count = CHUNK / 2
      list.splice(index + 1, 0, half)
      if (at > CHUNK / 2) {
        chunk = half
        at -= CHUNK / 2
      }
    }
    chunk.rows.copyWithin(at + 1, at, chunk.count)
    chunk.rows[at] = row
    chunk.count++
  }

  #chunk(): Chunk {
    this.#chunks++
    return { rows: new Int32Array(CHUNK), count: 0 }
  }

  remove(group: number, position: number): void {
    const list = this.#lists[group] ?? []
    const { chunk, index, at } = this.#locate(list, position)
    if (chunk === undefined) return
    this.#counts[group] = (this.#counts[group] ?? 0) - 1
    chunk.rows.copyWithin(at, at + 1, chunk.count)
    chunk.count--
    if (chunk.count > 0) return
    list.splice(index, 1)
    this.#chunks--
  }

  replace(group: number, position: number, row: number): void {
    const { chunk, at } = this.#locate(this.#lists[group] ?? [], position)
    if (chunk !== undefined) chunk.rows[at] = row
  }

  shift(group: number, count: number): Int32Array {
    const list = this.#lists[group] ?? []
    const rows = new Int32Array(count)
    let whole = 0
    let taken = 0
    while (taken < count) {
      const chunk = list[whole]
      if (chunk === undefined) break
      const part = Math.min(chunk.count, count - taken)
      rows.set(chunk.rows.subarray(0, part), taken)
      taken += part
      if (part === chunk.count) whole++
      else {
        chunk.rows.copyWithin(0, part, chunk.count)
        chunk.count -= part
      }
    }
    list.splice(0, whole)
    this.#chunks -= whole
    this.#counts[group] = (this.#counts[group] ?? 0) - taken
    return rows
  }

  clear(group: number): void {
    this.#chunks -= this.#lists[group]?.length ?? 0
    this.#lists[group] = undefined
    this.#counts[group] = 0
  }
}

function partition(rows: Int32Array, from: number, to: number, isBefore: (row: number) => boolean): number {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBefore(rows[middle] as number)) low = middle + 1
    else high = middle
  }
  return low
}
