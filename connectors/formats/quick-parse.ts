/** Numbers straight from bytes, for the plain spellings; whatever is unusual is left to the text parsers. */

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
export let fractionDigits = 0

/**
 * Bytes `start … end)` are an optional `-`, digits, and perhaps a point and digits, 15 in all: the digits as one whole
 * number, with `fractionDigits` of them behind the point; else NaN.
 */
export function quickDecimal(data: Uint8Array, start: number, end: number): number {
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
