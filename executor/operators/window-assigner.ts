/**
 * Which windows of a grid a time belongs to. Windows are cut into slices that neighbouring windows share, as in Flink:
 * a tumbling window is one slice, a step of CUMULATE is one, and a hopping window is made of as many as divide both its
 * size and its slide. Times are local milliseconds (`WallClock`).
 */
import { type ChangeBatch, gatherRows } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import type { AlignedWindow } from '../../planner/physical/window-spec.ts'
import { readMilliseconds } from './timestamps.ts'
import type { WallClock } from './wall-clock.ts'

/** End of the last window of a time that is in none: a slide longer than the size leaves gaps. */
export const NO_WINDOW = Number.NEGATIVE_INFINITY

export interface Slices {
  /** Ends of the slices of the rows, valid until the next call. Errors: NOT_NULL_VIOLATION for a row without a time. */
  sliceEnds(column: Column, rows: number): Float64Array
  /** End of the last window that a slice is part of. */
  lastWindowEnd(sliceEnd: number): number
  /** Of the window that ends there. */
  windowStart(windowEnd: number): number
  /** Ends of the windows that a slice is part of, ascending. */
  windowEnds(sliceEnd: number): Iterable<number>
  /** Ends of the slices that a window is made of, ascending. */
  slicesOf(windowEnd: number): Iterable<number>
}

export class WindowAssigner implements Slices {
  readonly #spec: AlignedWindow
  readonly #clock: WallClock
  /** Length of a slice. */
  readonly #slice: number
  #times = new Float64Array(0)

  constructor(spec: AlignedWindow, clock: WallClock) {
    this.#spec = spec
    this.#clock = clock
    this.#slice = spec.kind === 'hop' ? greatestCommonDivisor(spec.size, spec.step) : spec.step
  }

  sliceEnds(column: Column, rows: number): Float64Array {
    if (this.#times.length < rows) this.#times = new Float64Array(rows)
    const times = this.#times
    this.#clock.readLocal(column, rows, times)
    const { offset } = this.#spec
    const slice = this.#slice
    for (let row = 0; row < rows; row++) {
      times[row] = Math.floor(((times[row] as number) - offset) / slice) * slice + offset + slice
    }
    return times
  }

  /** @param epoch an instant of processing time */
  sliceEndAt(epoch: number): number {
    const { offset } = this.#spec
    return Math.floor((this.#clock.toLocal(epoch) - offset) / this.#slice) * this.#slice + offset + this.#slice
  }

  lastWindowEnd(sliceEnd: number): number {
    const { kind, size, step, offset } = this.#spec
    if (kind === 'tumble') return sliceEnd
    if (kind === 'cumulate') return this.windowStart(sliceEnd) + size
    const lastStart = Math.floor((sliceEnd - this.#slice - offset) / step) * step + offset
    return lastStart + size >= sliceEnd ? lastStart + size : NO_WINDOW
  }

  windowStart(windowEnd: number): number {
    const { kind, size, offset } = this.#spec
    return kind === 'cumulate' ? Math.floor((windowEnd - 1 - offset) / size) * size + offset : windowEnd - size
  }

  *windowEnds(sliceEnd: number): Generator<number> {
    const { kind, step } = this.#spec
    const last = this.lastWindowEnd(sliceEnd)
    const first = kind === 'hop' ? last - Math.floor((last - sliceEnd) / step) * step : sliceEnd
    for (let end = first; end <= last; end += step) yield end
  }

  *slicesOf(windowEnd: number): Generator<number> {
    for (let end = this.windowStart(windowEnd) + this.#slice; end <= windowEnd; end += this.#slice) yield end
  }

  /** Slices of a hopping window that no later window shares. */
  *lastSlicesOf(windowEnd: number): Generator<number> {
    const nextStart = this.windowStart(windowEnd) + this.#spec.step
    for (const end of this.slicesOf(windowEnd)) if (end <= nextStart) yield end
  }
}

/** Windows that rows bring along, in a column of their ends: each is a slice of its own. */
export class AttachedWindows implements Slices {
  readonly #starts: (windowEnd: number) => number
  #ends = new Float64Array(0)

  /** @param starts of the window that ends there */
  constructor(starts: (windowEnd: number) => number) {
    this.#starts = starts
  }

  /** @param column of TIMESTAMP(3) */
  sliceEnds(column: Column, rows: number): Float64Array {
    if (this.#ends.length < rows) this.#ends = new Float64Array(rows)
    readMilliseconds(column, 1, rows, 0, this.#ends)
    return this.#ends
  }

  lastWindowEnd(sliceEnd: number): number {
    return sliceEnd
  }

  windowStart(windowEnd: number): number {
    return this.#starts(windowEnd)
  }

  windowEnds(sliceEnd: number): Iterable<number> {
    return [sliceEnd]
  }

  slicesOf(windowEnd: number): Iterable<number> {
    return [windowEnd]
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

/**
 * Hands over the rows of each slice: slices in the order of their end, rows in theirs.
 *
 * @param ends by row
 */
export function divideBySlice(
  batch: ChangeBatch,
  ends: Float64Array,
  take: (rows: ChangeBatch, sliceEnd: number) => void,
): void {
  const first = ends[0] as number
  let mixed = false
  for (let row = 1; row < batch.rows; row++) if (ends[row] !== first) mixed = true
  if (!mixed) take(batch, first)
  else for (const [end, rows] of rowsByEnd(ends, batch.rows)) take(gatherRows(batch, rows, rows.length), end)
}

/** Positions of the rows of each slice, in the order of the rows; slices in the order of their end. */
function rowsByEnd(ends: Float64Array, rows: number): [number, Int32Array][] {
  const counts = new Map<number, number>()
  for (let row = 0; row < rows; row++) counts.set(ends[row] as number, (counts.get(ends[row] as number) ?? 0) + 1)
  const groups = [...counts].map(([end, count]) => ({ end, rows: new Int32Array(count), filled: 0 }))
  const byEnd = new Map(groups.map((group) => [group.end, group]))
  let last = groups[0]
  for (let row = 0; row < rows; row++) {
    const end = ends[row] as number
    if (last?.end !== end) last = byEnd.get(end)
    if (last !== undefined) last.rows[last.filled++] = row
  }
  return groups.sort((a, b) => a.end - b.end).map((group) => [group.end, group.rows])
}
