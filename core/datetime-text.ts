/**
 * DATE, TIME and TIMESTAMP as text in Flink's default forms: `2024-01-31`, `10:00:00.123`, `2024-01-31 10:00:00.123`.
 * Calendar: proleptic Gregorian, years 0000 to 9999.
 */

/** Days since 1970-01-01 of a date; the arguments need not be in range. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

export interface CivilDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

/** The inverse of `daysFromCivil`. */
export function civilFromDays(days: number): CivilDate {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthIndex = Math.floor((5 * dayOfYear + 2) / 153)
  const month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthIndex + 2) / 5) + 1,
  }
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0')
}

export function formatDate(days: number): string {
  const { year, month, day } = civilFromDays(days)
  return `${year < 0 ? '-' : ''}${pad(Math.abs(year), 4)}-${pad(month, 2)}-${pad(day, 2)}`
}

/** @param milliseconds of the day */
export function formatTime(milliseconds: number, precision: number): string {
  const seconds = Math.floor(milliseconds / 1000)
  const time = `${pad(Math.floor(seconds / 3600), 2)}:${pad(Math.floor(seconds / 60) % 60, 2)}:${pad(seconds % 60, 2)}`
  return precision === 0
    ? time
    : `${time}.${pad(milliseconds % 1000, 3)
        .padEnd(precision, '0')
        .slice(0, precision)}`
}

/** @param value in the unit of the precision (milli-, micro- or nanoseconds) */
export function formatTimestamp(value: bigint, precision: number): string {
  const perSecond = precision <= 3 ? 1000n : precision <= 6 ? 1_000_000n : 1_000_000_000n
  let seconds = value / perSecond
  let fraction = value % perSecond
  if (fraction < 0n) {
    fraction += perSecond
    seconds -= 1n
  }
  const total = Number(seconds)
  const days = Math.floor(total / 86_400)
  const text = `${formatDate(days)} ${formatTime((total - days * 86_400) * 1000, 0)}`
  if (precision === 0) return text
  const digits = precision <= 3 ? 3 : precision <= 6 ? 6 : 9
  return `${text}.${fraction.toString().padStart(digits, '0').slice(0, precision)}`
}

/** Year, month and day of any width: `2024-1-5`. @returns days since 1970-01-01 */
export function parseDate(text: string): number | undefined {
  const match = /^(\d{1,4})(?:-(\d{1,2})(?:-(\d{1,2})(?: .*)?)?)?$/.exec(text)
  if (match === null) return undefined
  const [year, month, day] = [Number(match[1]), Number(match[2] ?? 1), Number(match[3] ?? 1)]
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined
  return daysFromCivil(year, month, day)
}

/** @returns milliseconds of the day; digits beyond are cut off */
export function parseTime(text: string): number | undefined {
  const match = /^(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?)?$/.exec(text)
  if (match === null) return undefined
  const [hour, minute, second] = [Number(match[1]), Number(match[2] ?? 0), Number(match[3] ?? 0)]
  if (hour > 23 || minute > 59 || second > 59) return undefined
  return ((hour * 60 + minute) * 60 + second) * 1000 + Number((match[4] ?? '').padEnd(3, '0').slice(0, 3))
}

/** `2024-01-31`, `2024-01-31 10:00:00.123456`. @returns the value in the unit of the precision */
export function parseTimestamp(text: string, precision: number): bigint | undefined {
  const match = /^(\d{1,4}-\d{1,2}-\d{1,2})(?: (\d{1,2}:\d{1,2}:\d{1,2})(?:\.(\d{0,9}))?)?$/.exec(text)
  if (match === null) return undefined
  const days = parseDate(match[1] ?? '')
  const time = match[2] === undefined ? 0 : parseTime(match[2])
  if (days === undefined || time === undefined) return undefined
  const seconds = BigInt(days) * 86_400n + BigInt(time / 1000)
  const digits = precision <= 3 ? 3 : precision <= 6 ? 6 : 9
  const fraction = (match[3] ?? '').slice(0, precision).padEnd(digits, '0').slice(0, digits)
  return seconds * 10n ** BigInt(digits) + BigInt(fraction === '' ? 0 : fraction)
}
