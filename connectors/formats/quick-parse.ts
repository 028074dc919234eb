/** Numbers and timestamps straight from bytes, for the plain spellings; whatever is unusual is left to the text parsers. */

import { daysFromCivil, daysInMonth } from '../../core/datetime-text.ts'

/** Bytes `start … end)` are an optional `-` and 1 to 15 digits: the number; else NaN. */
export function quickInteger(data: Uint8Array, start: number, end: number): number {
  let p = start
  const negative = data[p] === 45
  if (negative) p++
  const digits = end - p
  if (digits < 1 || digits > 15) return Number.NaN
  let value = 0
  for (; p < end; p++) {
    const digit = (data[p] as number) - 48
    if (digit >>> 0 > 9) return Number.NaN
    value = value * 10 + digit
  }
  return negative ? -value : value
}

const POWERS = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent)

/** Digits behind the point of the last number that `quickDecimal` read. */
let fractionDigits = 0

/**
 * Bytes `start … end)` are an optional `-`, digits, and perhaps a point and digits, 15 in all: the digits as one whole
 * number, with `fractionDigits` of them behind the point; else NaN.
 */
function quickDecimal(data: Uint8Array, start: number, end: number): number {
  let p = start
  const negative = data[p] === 45
  if (negative) p++
  const first = p
  let value = 0
  let point = -1
  for (; p < end; p++) {
    const c = data[p] as number
    if (c === 46 && point < 0) {
      point = p
      continue
    }
    const digit = c - 48
    if (digit >>> 0 > 9) return Number.NaN
    value = value * 10 + digit
  }
  const digits = end - first - (point < 0 ? 0 : 1)
  if (digits < 1 || digits > 15 || point === first || point === end - 1) return Number.NaN
  fractionDigits = point < 0 ? 0 : end - point - 1
  return negative ? -value : value
}

/** The number that `quickDecimal` would give as a double, exactly rounded; else NaN. */
export function quickDouble(data: Uint8Array, start: number, end: number): number {
  const digits = quickDecimal(data, start, end)
  // An integral power of ten up to 10^22 is exact, and so the division is rounded once.
  return digits / (POWERS[fractionDigits] as number)
}

/** The number in units of 10^-scale, where that is exact; else NaN. */
export function quickUnscaled(data: Uint8Array, start: number, end: number, scale: number, precision: number): number {
  const digits = quickDecimal(data, start, end)
  if (!(fractionDigits <= scale) || scale - fractionDigits > 15) return Number.NaN
  const value = digits * (POWERS[scale - fractionDigits] as number)
  const limit = precision > 15 ? Number.MAX_SAFE_INTEGER : (POWERS[precision] as number)
  return value < limit && value > -limit ? value : Number.NaN
}

function twoDigits(data: Uint8Array, at: number): number {
  const high = (data[at] as number) - 48
  const low = (data[at + 1] as number) - 48
  return high >>> 0 > 9 || low >>> 0 > 9 ? Number.NaN : high * 10 + low
}

let lastDate = -1
let lastDays = 0

/** Days since the epoch of `yyyy-MM-dd` at `start`, a day that there is; else NaN. */
export function quickDate(data: Uint8Array, start: number): number {
  if (data[start + 4] !== 45 || data[start + 7] !== 45) return Number.NaN
  const year = twoDigits(data, start) * 100 + twoDigits(data, start + 2)
  const month = twoDigits(data, start + 5)
  const day = twoDigits(data, start + 8)
  const date = (year * 16 + month) * 32 + day
  if (date === lastDate) return lastDays
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1)) return Number.NaN
  if (day > 28 && day > daysInMonth(year, month)) return Number.NaN
  lastDate = date
  lastDays = daysFromCivil(year, month, day)
  return lastDays
}

/** Milliseconds since the epoch of `yyyy-MM-dd HH:mm:ss[.fff]`; NaN for any other form. */
export function quickTimestamp(data: Uint8Array, start: number, end: number): number {
  const length = end - start
  if (length !== 19 && length !== 23) return Number.NaN
  if (data[start + 10] !== 32 || data[start + 13] !== 58 || data[start + 16] !== 58) return Number.NaN
  const hour = twoDigits(data, start + 11)
  const minute = twoDigits(data, start + 14)
  const second = twoDigits(data, start + 17)
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return Number.NaN
  let fraction = 0
  if (length === 23) {
    if (data[start + 19] !== 46) return Number.NaN
    const tenths = (data[start + 20] as number) - 48
    fraction = (tenths >>> 0 > 9 ? Number.NaN : tenths) * 100 + twoDigits(data, start + 21)
  }
  return quickDate(data, start) * 86_400_000 + ((hour * 60 + minute) * 60 + second) * 1000 + fraction
}
