/**
 * Text to values by the rules that Flink's json and csv formats have from Java: `Integer.parseInt`, `Double.parseDouble`,
 * `new BigDecimal`, `DateTimeFormatter`. The slow path of the decoders; their fast paths must agree with it.
 *
 * https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/formats/json/#data-type-mapping
 */

import { daysFromCivil, daysInMonth } from '../../core/datetime-text.ts'

/** A value that its column's type cannot take. The decoder adds the field and the record. */
export class ValueError extends Error {
  override readonly name = 'ValueError'
}

/** `Integer.parseInt` and its kin: an optional sign and digits, nothing else. */
export function parseWhole(text: string, min: bigint, max: bigint, type: string): bigint {
  const trimmed = text.trim()
  if (!/^[+-]?\d+$/.test(trimmed)) throw new ValueError(`${quoteText(text)} is not a ${type}`)
  const value = trimmed.startsWith('+') ? BigInt(trimmed.slice(1)) : BigInt(trimmed)
  if (value < min || value > max) throw new ValueError(`${quoteText(text)} is out of range for ${type}`)
  return value
}

const JAVA_DOUBLE = /^[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?)$/

/** `Double.parseDouble`, hexadecimal floats left out. */
export function parseDoubleText(text: string): number {
  const trimmed = text.trim()
  if (!JAVA_DOUBLE.test(trimmed)) throw new ValueError(`${quoteText(text)} is not a DOUBLE`)
  return Number(trimmed.replace(/[fFdD]$/, ''))
}

/** `Boolean.parseBoolean`: whatever is not "true" is false. */
export function parseBooleanText(text: string): boolean {
  return text.trim().toLowerCase() === 'true'
}

const DECIMAL_TEXT = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/

/**
 * `new BigDecimal(text)` set to the scale, half up.
 *
 * @returns the number times 10^scale, or null where it has more than `precision` digits (as Flink's DecimalData)
 */
export function parseDecimalText(text: string, precision: number, scale: number): bigint | null {
  const match = DECIMAL_TEXT.exec(text.trim())
  const whole = match?.[2] ?? ''
  const fraction = match?.[3] ?? ''
  if (match === null || whole.length + fraction.length === 0)
    throw new ValueError(`${quoteText(text)} is not a DECIMAL`)
  const exponent = Number(match[4] ?? '0')
  const digits = BigInt(whole + fraction)
  if (digits === 0n) return 0n
  // The number is digits * 10^shift in units of the scale.
  const shift = exponent - fraction.length + scale
  if (shift > 2 * precision + whole.length + fraction.length) return null
  const unscaled = shift >= 0 ? digits * 10n ** BigInt(shift) : roundHalfUp(digits, -shift)
  if (unscaled >= 10n ** BigInt(precision)) return null
  return match[1] === '-' ? -unscaled : unscaled
}

function roundHalfUp(digits: bigint, drop: number): bigint {
  if (drop > digits.toString().length + 1) return 0n
  const divisor = 10n ** BigInt(drop)
  return (digits + divisor / 2n) / divisor
}

/** A point in time as milliseconds since the epoch and the nanoseconds within the millisecond. */
export interface Instant {
  readonly milliseconds: number
  readonly nanos: number
}

const DATE_TEXT = /^([+-]\d{4,9}|\d{4})-(\d\d)-(\d\d)$/
const TIME_TEXT = /^(\d\d):(\d\d):(\d\d)(?:\.(\d{0,9}))?$/
const SHORT_TIME_TEXT = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{0,9}))?)?$/

/** Days since the epoch of `yyyy-MM-dd`. */
export function parseDateText(text: string): number {
  const days = dateOf(text, false)
  if (days === undefined) throw new ValueError(`${quoteText(text)} is not a DATE (yyyy-MM-dd)`)
  return days
}

/** Milliseconds of the day of `HH:mm:ss[.fraction]`. */
export function parseTimeText(text: string): number {
  const time = timeOf(text, TIME_TEXT)
  if (time === undefined) throw new ValueError(`${quoteText(text)} is not a TIME (HH:mm:ss)`)
  return Math.floor(time / 1e6)
}

export type TimestampStandard = 'SQL' | 'ISO-8601'

/** `yyyy-MM-dd HH:mm:ss[.fraction]`, with `T` in the ISO form, and with `Z` behind it for TIMESTAMP_LTZ. */
export function parseTimestampText(text: string, standard: TimestampStandard, zoned: boolean): Instant {
  const separator = standard === 'SQL' ? ' ' : 'T'
  const at = text.indexOf(separator)
  const end = zoned ? text.length - 1 : text.length
  const days = at < 0 || (zoned && !text.endsWith('Z')) ? undefined : dateOf(text.slice(0, at), true)
  const time =
    days === undefined ? undefined : timeOf(text.slice(at + 1, end), standard === 'SQL' ? TIME_TEXT : SHORT_TIME_TEXT)
  if (days === undefined || time === undefined) {
    const form = `yyyy-MM-dd${standard === 'SQL' ? ' ' : "'T'"}HH:mm:ss[.fraction]${zoned ? "'Z'" : ''}`
    throw new ValueError(`${quoteText(text)} is not a ${zoned ? 'TIMESTAMP_LTZ' : 'TIMESTAMP'} (${form})`)
  }
  return { milliseconds: days * 86_400_000 + Math.floor(time / 1e6), nanos: time % 1e6 }
}

/** @param lenient a day behind the month's last is that last day, as in Java's SMART resolver */
function dateOf(text: string, lenient: boolean): number | undefined {
  const match = DATE_TEXT.exec(text)
  if (match === null) return undefined
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  if (month < 1 || month > 12 || day < 1 || day > 31) return undefined
  const last = daysInMonth(year, month)
  if (day > last && !lenient) return undefined
  return daysFromCivil(year, month, Math.min(day, last))
}

/** Nanoseconds of the day. */
function timeOf(text: string, form: RegExp): number | undefined {
  const match = form.exec(text)
  if (match === null) return undefined
  const [hour, minute, second] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)]
  if (hour > 23 || minute > 59 || second > 59) return undefined
  return ((hour * 60 + minute) * 60 + second) * 1e9 + Number((match[4] ?? '').padEnd(9, '0'))
}

/** The column value of an instant: in the unit of the timestamp's precision, digits beyond it cut off. */
export function instantToUnits(instant: Instant, precision: number): bigint {
  const milliseconds = BigInt(instant.milliseconds)
  if (precision <= 3) return milliseconds - remainder(milliseconds, 10n ** BigInt(3 - precision))
  const step = 10 ** (9 - precision)
  const nanos = instant.nanos - (instant.nanos % step)
  return precision <= 6 ? milliseconds * 1000n + BigInt(nanos / 1000) : milliseconds * 1_000_000n + BigInt(nanos)
}

function remainder(value: bigint, step: bigint): bigint {
  return ((value % step) + step) % step
}

/** Standard base64 with padding, nothing between. */
export function parseBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new ValueError(`${quoteText(text)} is not base64`)
  }
  return Buffer.from(text, 'base64')
}

/** Input in a message: quoted and cut to a readable length. */
export function quoteText(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text)
}
