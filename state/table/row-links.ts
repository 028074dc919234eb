/**
 * RowLinks: rows linked into a list for each group. What is needed to add a row is two words of the group, side by
 * side, and the link of its last row, which also names the first one: few cache lines, and few pages where the memory
 * has a budget. Kept in memory: tables make them anew from their rows.
 */
import { arrayFor, takeInToRead } from './memory.ts'

const FIRST = 16
/** Words of a group: id of its last row, plus 1; number of rows. */
const GROUP_WORDS = 2
/** In `#previous`: the row is in no list, or the first of one; others are the id of the row before, plus `AFTER`. */
const DETACHED = 0
const HEAD = 1
const AFTER = 2

/** Rows of several groups, one after the other. */
export interface LinkedRows {
  /** Positions among the groups. */
  readonly positions: Int32Array
  readonly rows: Int32Array
  readonly count: number
  /** Positions before this one are done. */
  readonly end: number
}

export class RowLinks {
  #groups: Int32Array = new Int32Array(GROUP_WORDS * FIRST)
  /** By row: id of the next row plus 1; at the end of a list the id of its first row plus 1, negative. */
  #next: Int32Array = new Int32Array(FIRST)
  #previous: Int32Array = new Int32Array(FIRST)
  #positions: Int32Array = new Int32Array(0)
  #rows: Int32Array = new Int32Array(0)

  get bytes(): number {
    return 4 * (this.#groups.length + this.#next.length + this.#previous.length)
  }

  /** Number of rows of a group. */
  count(group: number): number {
    return this.#groups[GROUP_WORDS * group + 1] ?? 0
  }

  /** -1: the group has no rows. */
  first(group: number): number {
    const last = this.last(group)
    return last < 0 ? -1 : -1 - (this.#next[last] as number)
  }

  last(group: number): number {
    return (this.#groups[GROUP_WORDS * group] ?? 0) - 1
  }

  /** -1 at the end. */
  next(row: number): number {
    return Math.max(this.#next[row] as number, 0) - 1
  }

  /** -1 at the beginning. */
  previous(row: number): number {
    const previous = this.#previous[row] as number
    return previous < AFTER ? -1 : previous - AFTER
  }

  isLinked(row: number): boolean {
    return (this.#previous[row] ?? DETACHED) !== DETACHED
  }

  /** Brings groups (-1: none) into memory whose lists are about to be read or added to. */
  takeIn(groups: Int32Array, count: number): void {
    takeInToRead(this.#groups, groups, count, GROUP_WORDS)
  }

  /** Puts a row at the end of a group's list. */
  append(group: number, row: number): void {
    if (row >= this.#next.length) {
      this.#next = arrayFor(this.#next, row + 1)
      this.#previous = arrayFor(this.#previous, row + 1)
    }
    const at = GROUP_WORDS * group
    if (at >= this.#groups.length) this.#groups = arrayFor(this.#groups, at + GROUP_WORDS)
    const groups = this.#groups
    const next = this.#next
    const last = (groups[at] as number) - 1
    if (last < 0) {
      next[row] = -1 - row
      this.#previous[row] = HEAD
    } else {
      next[row] = next[last] as number
      next[last] = row + 1
      this.#previous[row] = last + AFTER
    }
    groups[at] = row + 1
    groups[at + 1] = (groups[at + 1] as number) + 1
  }

  /** Takes a row out of its group's list. */
  remove(group: number, row: number): void {
    const at = GROUP_WORDS * group
    const groups = this.#groups
    const next = this.#next
    const after = next[row] as number
    const before = this.previous(row)
    if (after > 0) this.#previous[after - 1] = before < 0 ? HEAD : before + AFTER
    else groups[at] = before + 1
    if (before >= 0) next[before] = after
    else if (after > 0) next[this.last(group)] = -after
    next[row] = 0
    this.#previous[row] = DETACHED
    groups[at + 1] = (groups[at + 1] as number) - 1
  }

  /**
   * All rows of the groups (-1: none) at positions `start … end)`, position by position. Valid until the next call.
   *
   * @param limit of rows, after which it stops between two positions; the first one is always whole
   */
  rowsOf(groups: Int32Array, start: number, end: number, limit: number): LinkedRows {
    const lists = this.#groups
    this.takeIn(start === 0 ? groups : groups.subarray(start, end), end - start)
    let total = 0
    let until = start
    for (; until < end; until++) {
      const group = groups[until] as number
      const more = group < 0 ? 0 : (lists[GROUP_WORDS * group + 1] as number)
      if (until > start && total + more > limit) break
      total += more
    }
    const positions = (this.#positions = arrayFor(this.#positions, total))
    const rows = (this.#rows = arrayFor(this.#rows, total))
    const next = this.#next
    let count = 0
    for (let i = start; i < until; i++) {
      const group = groups[i] as number
      const last = group < 0 ? 0 : (lists[GROUP_WORDS * group] as number)
      if (last === 0) continue
      for (let id = -(next[last - 1] as number); id > 0; id = next[id - 1] as number) {
        positions[count] = i
        rows[count++] = id - 1
      }
    }
    return { positions, rows, count, end: until }
  }
}
