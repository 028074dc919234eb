/**
 * Which windows a time belongs to, and when they end. Windows lie on the wall clock of the session's time zone where
 * the time attribute is TIMESTAMP_LTZ, and are cut into slices that neighbouring windows share, as in Flink: a slice
 * is as long as the step, a window is one or more slices. Times are milliseconds.
 */
import type { Column } from '../../core/column.ts'
import { MillraceError } from '../../core/errors.ts'
import { zoneOffsetFunction } from '../../core/time-zone.ts'
import { type SqlType, unitsPerMillisecond } from '../../core/types.ts'
import type { WindowSpec } from '../../planner/physical/graph.ts'
import { readMilliseconds } from './timestamps.ts'

const HOUR = 3_600_000

export class WindowAssigner {
  readonly #spec: WindowSpec
  readonly #step: number
  readonly #units: number
  readonly #offset: ((epoch: number) => number) | undefined
  #times = new Float64Array(0)

  /** @param timeType of the time attribute */
  constructor(spec: WindowSpec, timeType: SqlType, timeZone: string) {
    this.#spec = spec
    this.#step = spec.kind === 'tumble' ? spec.size : spec.step
    const precision = timeType.kind === 'TIMESTAMP' || timeType.kind === 'TIMESTAMP_LTZ' ? timeType.precision : 3
    this.#units = Number(unitsPerMillisecond(precision))
    const zoned = timeType.kind === 'TIMESTAMP_LTZ' && timeZone !== 'UTC'
    this.#offset = zoned ? zoneOffsetFunction(timeZone) : undefined
  }

  /** Ends of the slices of the rows. Errors: NOT_NULL_VIOLATION for a row without a time. */
  sliceEnds(column: Column, rows: number): Float64Array {
    if (this.#times.length < rows) this.#times = new Float64Array(rows)
    const times = this.#times
    readMilliseconds(column, this.#units, rows, 0, times)
    const { offset } = this.#spec
    const step = this.#step
    if (column.kind === 'null' || column.nulls?.subarray(0, rows).includes(1) === true) {
      throw new MillraceError('NOT_NULL_VIOLATION', 'the time attribute of a window is NULL', {
        hint: 'Filter the rows out with IS NOT NULL, or replace NULL in a computed column.',
      })
    }
    for (let row = 0; row < rows; row++) {
      const time = this.#offset === undefined ? (times[row] as number) : this.toLocal(times[row] as number)
      times[row] = Math.floor((time - offset) / step) * step + offset + step
    }
    return times
  }

  sliceEnd(time: number): number {
    const { offset } = this.#spec
    return Math.floor((this.toLocal(time) - offset) / this.#step) * this.#step + offset + this.#step
  }

  /** End of the last window that a slice is part of; the first one ends with the slice. */
  lastWindowEnd(sliceEnd: number): number {
    const { kind, size, offset } = this.#spec
    if (kind === 'tumble') return sliceEnd
    if (kind === 'hop') return sliceEnd - this.#step + size
    return this.windowStart(sliceEnd, offset) + size
  }

  /** Of the window that ends there. */
  windowStart(windowEnd: number, offset = this.#spec.offset): number {
    const { kind, size } = this.#spec
    return kind === 'cumulate' ? Math.floor((windowEnd - 1 - offset) / size) * size + offset : windowEnd - size
  }

  /** Ends of the windows that a slice is part of. */
  *windowEnds(sliceEnd: number): Generator<number> {
    const last = this.lastWindowEnd(sliceEnd)
    for (let end = sliceEnd; end <= last; end += this.#step) yield end
  }

  /** Ends of the slices that a window is made of. */
  *slicesOf(windowEnd: number): Generator<number> {
    for (let end = this.windowStart(windowEnd) + this.#step; end <= windowEnd; end += this.#step) yield end
  }

  get step(): number {
    return this.#step
  }

  toLocal(epoch: number): number {
    return this.#offset === undefined ? epoch : epoch + this.#offset(epoch)
  }

  /**
   * When a reading of the wall clock is past. Flink's rule at the changes of daylight saving time: a reading that
   * occurs twice counts the second time, one that never occurs at the full hour after the gap.
   */
  toEpoch(local: number): number {
    if (this.#offset === undefined) return local
    const first = this.toInstant(local)
    const hourLater = this.toInstant(local + HOUR)
    if (hourLater - first > HOUR) return first + HOUR
    return hourLater === first ? Math.floor(first / HOUR) * HOUR : first
  }

  /** The earlier instant where the reading occurs twice; moved by the length of a gap where it does not occur. */
  toInstant(local: number): number {
    const offset = this.#offset
    if (offset === undefined) return local
    const before = offset(local - 24 * HOUR)
    const after = offset(local + 24 * HOUR)
    const early = local - before
    if (before === after || offset(early) === before) return early
    const late = local - after
    return offset(late) === after ? late : early
  }
}
