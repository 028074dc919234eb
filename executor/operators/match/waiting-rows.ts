/**
 * Rows that wait for the watermark, to be taken in the order of their time, those of the same time in the order of
 * their arrival. Kept as a few sorted lists: rows that come in order only make the last one longer, others are merged
 * into lists of growing size, so that a row is moved a logarithmic number of times.
 */
import { arrayFor } from '../../../state/table/memory.ts'

/** Rows `from … to` are in order. */
interface SortedRows {
  rows: Int32Array<ArrayBuffer>
  from: number
  to: number
}

export class WaitingRows {
  /** Rows of a list came before those of the lists behind it. */
  readonly #lists: SortedRows[] = []
  #recent = new Int32Array(1024)
  #recentCount = 0
  /** The same object, by row, at every call that follows: times may have moved to a larger array in between. */
  readonly #times: () => Float64Array

  constructor(times: () => Float64Array) {
    this.#times = times
  }

  add(rows: Int32Array, count: number): void {
    this.#recent = arrayFor(this.#recent, this.#recentCount + count)
    this.#recent.set(rows.subarray(0, count), this.#recentCount)
    this.#recentCount += count
  }

  /** Takes the rows up to a time, in their order. */
  take(until: number): Int32Array {
    const times = this.#times()
    if (this.#recentCount > 0) this.#settle(times)
    const due: Int32Array[] = []
    for (const list of this.#lists) {
      const end = upperBound(list, times, until)
      if (end === list.from) continue
      due.push(list.rows.slice(list.from, end))
      list.from = end
    }
    let kept = 0
    for (const list of this.#lists) if (list.from < list.to) this.#lists[kept++] = list
    this.#lists.length = kept
    return due.length === 1 ? (due[0] as Int32Array) : sortByTime(concat(due), times)
  }

  /** The rows that came since the last call go into the lists. */
  #settle(times: Float64Array): void {
    const rows = sortByTime(this.#recent.slice(0, this.#recentCount), times)
    this.#recentCount = 0
    const last = this.#lists.at(-1)
    if (last !== undefined && timeAt(times, last.rows, last.to - 1) <= timeAt(times, rows, 0)) append(last, rows)
    else this.#lists.push({ rows, from: 0, to: rows.length })
    for (;;) {
      const [before, behind] = this.#lists.slice(-2)
      if (before === undefined || behind === undefined) return
      if (2 * (behind.to - behind.from) < before.to - before.from) return
      const both = [before, behind].map(({ rows: some, from, to }) => some.subarray(from, to))
      const merged = sortByTime(concat(both), times)
      this.#lists.splice(-2, 2, { rows: merged, from: 0, to: merged.length })
    }
  }
}

function append(list: SortedRows, rows: Int32Array): void {
  const length = list.to - list.from
  // Room is made at the front where half of the list has been taken, else behind.
  if (list.from >= length) {
    list.rows.copyWithin(0, list.from, list.to)
    list.from = 0
    list.to = length
  }
  list.rows = arrayFor(list.rows, list.to + rows.length)
  list.rows.set(rows, list.to)
  list.to += rows.length
}

function upperBound({ rows, from, to }: SortedRows, times: Float64Array, until: number): number {
  if (timeAt(times, rows, to - 1) <= until) return to
  let [low, high] = [from, to]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (timeAt(times, rows, middle) <= until) low = middle + 1
    else high = middle
  }
  return low
}

function timeAt(times: Float64Array, rows: Int32Array, at: number): number {
  return times[rows[at] as number] as number
}

function concat(parts: readonly Int32Array[]): Int32Array<ArrayBuffer> {
  const all = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** Merges what is in order already; rows of the same time stay as they are. */
export function sortByTime(rows: Int32Array<ArrayBuffer>, times: Float64Array): Int32Array<ArrayBuffer> {
  let bounds = ascending(rows, times)
  let [from, to] = [rows, bounds.length > 2 ? new Int32Array(rows.length) : rows]
  while (bounds.length > 2) {
    const merged = [0]
    for (let part = 0; part + 1 < bounds.length; part += 2) {
      const start = bounds[part] as number
      const middle = bounds[part + 1] as number
      const end = bounds[part + 2] ?? middle
      merge(from, to, times, start, middle, end)
      merged.push(end)
    }
    bounds = merged
    ;[from, to] = [to, from]
  }
  return from
}

/** Where ascending parts begin, and the end. */
function ascending(rows: Int32Array, times: Float64Array): number[] {
  const bounds = [0]
  let last = Number.NEGATIVE_INFINITY
  for (let at = 0; at < rows.length; at++) {
    const time = timeAt(times, rows, at)
    if (time < last) bounds.push(at)
    last = time
  }
  bounds.push(rows.length)
  return bounds
}

function merge(
  from: Int32Array,
  to: Int32Array,
  times: Float64Array,
  start: number,
  middle: number,
  end: number,
): void {
  let [left, right] = [start, middle]
  for (let at = start; at < end; at++) {
    const takesLeft = left < middle && (right >= end || timeAt(times, from, left) <= timeAt(times, from, right))
    to[at] = from[takesLeft ? left++ : right++] as number
  }
}
