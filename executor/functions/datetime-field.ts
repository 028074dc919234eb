/** Fields and units of datetimes, over wall-clock milliseconds. */
import type { Value } from '../../core/column.ts'
import { civilFromDays, daysFromCivil } from '../../core/datetime-text.ts'
import { MillraceError } from '../../core/errors.ts'
import { zoneOffsetFunction } from '../../core/time-zone.ts'
import { type SqlType, unitsPerMillisecond } from '../../core/types.ts'
import { addMonths } from './arithmetic.ts'

export const DAY = 86_400_000
export const DATETIMES: readonly string[] = ['DATE', 'TIME', 'TIMESTAMP', 'TIMESTAMP_LTZ']

export function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b
  return a % b < 0n ? quotient - 1n : quotient
}

/** Wall-clock milliseconds of a datetime value and the nanoseconds of its second. */
export function localReader(type: SqlType, timeZone: string): (value: Value) => { local: number; nanos: number } {
  if (type.kind === 'DATE') return (value) => ({ local: (value as number) * DAY, nanos: 0 })
  if (type.kind === 'TIME')
    return (value) => ({ local: value as number, nanos: ((value as number) % 1000) * 1_000_000 })
  if (type.kind !== 'TIMESTAMP' && type.kind !== 'TIMESTAMP_LTZ')
    throw new MillraceError('INTERNAL_ERROR', `${type.kind} is no datetime`)
  const units = unitsPerMillisecond(type.precision)
  const offset = type.kind === 'TIMESTAMP_LTZ' ? zoneOffsetFunction(timeZone) : () => 0
  const perSecond = units * 1000n
  return (value) => {
    const exact = value as bigint
    const epoch = Number(floorDiv(exact, units))
    const fraction = exact - floorDiv(exact, perSecond) * perSecond
    return { local: epoch + offset(epoch), nanos: Number(fraction * (1_000_000n / units)) }
  }
}

const WEEK_SHIFT = 3 // 1970-01-01 was a Thursday

function isoWeek(days: number): { week: number; year: number } {
  const thursday = days - ((((days + WEEK_SHIFT) % 7) + 7) % 7) + 3
  const { year } = civilFromDays(thursday)
  return { week: Math.floor((thursday - daysFromCivil(year, 1, 1)) / 7) + 1, year }
}

export function extractField(unit: string, local: number, nanos: number, epoch: number): number {
  const days = Math.floor(local / DAY)
  const inDay = local - days * DAY
  const { year, month, day } = civilFromDays(days)
  switch (unit) {
    case 'MILLENNIUM':
      return Math.ceil(year / 1000)
    case 'CENTURY':
      return Math.ceil(year / 100)
    case 'DECADE':
      return Math.floor(year / 10)
    case 'YEAR':
      return year
    case 'ISOYEAR':
      return isoWeek(days).year
    case 'QUARTER':
      return Math.ceil(month / 3)
    case 'MONTH':
      return month
    case 'WEEK':
      return isoWeek(days).week
    case 'DAY':
      return day
    case 'DOY':
      return days - daysFromCivil(year, 1, 1) + 1
    case 'DOW':
      return ((((days + 4) % 7) + 7) % 7) + 1
    case 'ISODOW':
      return ((((days + WEEK_SHIFT) % 7) + 7) % 7) + 1
    case 'HOUR':
      return Math.floor(inDay / 3_600_000)
    case 'MINUTE':
      return Math.floor(inDay / 60_000) % 60
    case 'SECOND':
      return Math.floor(inDay / 1000) % 60
    case 'MILLISECOND':
      return Math.floor(inDay) % 1000
    case 'MICROSECOND':
      return Math.floor(nanos / 1000)
    case 'NANOSECOND':
      return nanos
    case 'EPOCH':
      return Math.floor(epoch / 1000)
    default:
      throw new MillraceError('INVALID_ARGUMENT', `EXTRACT knows no unit ${unit}`)
  }
}

/** Of a TIMESTAMP(3). */
export function extractLocal(unit: string, local: number): number {
  return extractField(unit, local, (local - Math.floor(local / 1000) * 1000) * 1_000_000, local)
}

/** The beginning of the unit that a wall-clock reading lies in. */
export function floorLocal(local: number, unit: string): number {
  const days = Math.floor(local / DAY)
  const { year, month } = civilFromDays(days)
  switch (unit) {
    case 'MILLENNIUM':
      return daysFromCivil(Math.floor((year - 1) / 1000) * 1000 + 1, 1, 1) * DAY
    case 'CENTURY':
      return daysFromCivil(Math.floor((year - 1) / 100) * 100 + 1, 1, 1) * DAY
    case 'DECADE':
      return daysFromCivil(Math.floor(year / 10) * 10, 1, 1) * DAY
    case 'YEAR':
      return daysFromCivil(year, 1, 1) * DAY
    case 'QUARTER':
      return daysFromCivil(year, Math.floor((month - 1) / 3) * 3 + 1, 1) * DAY
    case 'MONTH':
      return daysFromCivil(year, month, 1) * DAY
    case 'WEEK':
      return (days - ((((days + 4) % 7) + 7) % 7)) * DAY
    case 'DAY':
      return days * DAY
    case 'HOUR':
      return Math.floor(local / 3_600_000) * 3_600_000
    case 'MINUTE':
      return Math.floor(local / 60_000) * 60_000
    case 'SECOND':
      return Math.floor(local / 1000) * 1000
    case 'MILLISECOND':
      return Math.floor(local)
    default:
      throw new MillraceError('INVALID_ARGUMENT', `timestamps are not rounded to ${unit}`)
  }
}

export const MONTHS_IN: Readonly<Record<string, number>> = {
  MILLENNIUM: 12_000,
  CENTURY: 1200,
  DECADE: 120,
  YEAR: 12,
  QUARTER: 3,
  MONTH: 1,
}
export const MILLISECONDS_IN: Readonly<Record<string, number>> = {
  WEEK: 7 * DAY,
  DAY,
  HOUR: 3_600_000,
  MINUTE: 60_000,
  SECOND: 1000,
  MILLISECOND: 1,
}

export function ceilLocal(local: number, unit: string): number {
  const low = floorLocal(local, unit)
  if (low === local) return local
  const months = MONTHS_IN[unit]
  return months === undefined ? low + (MILLISECONDS_IN[unit] ?? 1) : addMonths(low / DAY, months) * DAY
}

export function normalUnit(literal: unknown): string {
  return String(literal)
    .toUpperCase()
    .replace(/^SQL_TSI_/, '')
    .replace(/S$/, '')
}

export function addLocal(local: number, unit: string, amount: number): number {
  const months = MONTHS_IN[unit]
  if (months === undefined) return local + amount * (MILLISECONDS_IN[unit] ?? 0)
  const days = Math.floor(local / DAY)
  return addMonths(days, months * amount) * DAY + (local - days * DAY)
}

export function monthsBetween(start: number, end: number): number {
  const [a, b] = [civilFromDays(Math.floor(start / DAY)), civilFromDays(Math.floor(end / DAY))]
  let months = (b.year - a.year) * 12 + b.month - a.month
  if (months > 0 && addLocal(start, 'MONTH', months) > end) months--
  if (months < 0 && addLocal(start, 'MONTH', months) < end) months++
  return months
}
