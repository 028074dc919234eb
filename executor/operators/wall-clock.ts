/**
 * The time that windows lie on: the wall clock of the session's time zone where the time attribute is TIMESTAMP_LTZ,
 * else the timestamps themselves. Times are milliseconds; *local* is a reading of that clock, *epoch* an instant.
 */
import type { Column } from '../../core/column.ts'
import { MillraceError } from '../../core/errors.ts'
import { zoneOffsetFunction } from '../../core/time-zone.ts'
import { type SqlType, unitsPerMillisecond } from '../../core/types.ts'
import { readMilliseconds } from './timestamps.ts'

const HOUR = 3_600_000

export class WallClock {
  readonly #units: number
  readonly #offset: ((epoch: number) => number) | undefined

  /** @param timeType of the time attribute */
  constructor(timeType: SqlType, timeZone: string) {
    const precision = timeType.kind === 'TIMESTAMP' || timeType.kind === 'TIMESTAMP_LTZ' ? timeType.precision : 3
    this.#units = Number(unitsPerMillisecond(precision))
    const zoned = timeType.kind === 'TIMESTAMP_LTZ' && timeZone !== 'UTC'
    this.#offset = zoned ? zoneOffsetFunction(timeZone) : undefined
  }

  /** Local times of the rows. Errors: NOT_NULL_VIOLATION for a row without a time. */
  readLocal(column: Column, rows: number, out: Float64Array): void {
    if (column.kind === 'null' || column.nulls?.subarray(0, rows).includes(1) === true) {
      throw new MillraceError('NOT_NULL_VIOLATION', 'the time attribute of a window is NULL', {
        hint: 'Filter the rows out with IS NOT NULL, or replace NULL in a computed column.',
      })
    }
    readMilliseconds(column, this.#units, rows, 0, out)
    if (this.#offset === undefined) return
    for (let row = 0; row < rows; row++) out[row] = this.toLocal(out[row] as number)
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

  /** A local time as a column of the type has it: the reading for TIMESTAMP, the instant for TIMESTAMP_LTZ. */
  value(local: number, type: SqlType | undefined): bigint {
    if (type?.kind !== 'TIMESTAMP' && type?.kind !== 'TIMESTAMP_LTZ') return BigInt(local)
    return BigInt(type.kind === 'TIMESTAMP' ? local : this.toInstant(local)) * unitsPerMillisecond(type.precision)
  }
}
