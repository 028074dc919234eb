/** Values as text, in the forms of Flink's CAST and clients, and text as values. */
import type { Value } from './column.ts'
import { unreachable } from './errors.ts'
import { mapTypes, type SqlType, timestampUnit } from './types.ts'
import { formatDate, formatTime, formatTimestamp, parseDate, parseTime, parseTimestamp } from './datetime-text.ts'

export interface TextStyle {
  /** IANA zone in which TIMESTAMP_LTZ is written; absent: UTC. */
  readonly zoneOffset?: (epochMilliseconds: number) => number
  /** Written before the parentheses or brackets of a ROW. Flink's print connector writes `+I`. */
  readonly rowPrefix?: string
  /** `TRUE`, as CAST and the SQL client write it; print writes `true`. */
  readonly upperCaseBooleans?: boolean
  readonly nullText?: string
}

const DEFAULT_STYLE: TextStyle = {}

/**
 * The text of a value that is not NULL, as CAST(… AS STRING) gives it
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/types/#casting).
 */
export function valueToText(value: Value, type: SqlType, style: TextStyle = DEFAULT_STYLE): string {
  if (value === null) return style.nullText ?? 'NULL'
  switch (type.kind) {
    case 'BOOLEAN':
      return style.upperCaseBooleans === true ? String(value).toUpperCase() : String(value)
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT':
      return String(value)
    case 'FLOAT':
      return floatText(value as number, true)
    case 'DOUBLE':
      return floatText(value as number, false)
    case 'DECIMAL':
      return decimalText(value as bigint, type.scale)
    case 'DATE':
      return formatDate(value as number)
    case 'TIME':
      return formatTime(value as number, type.precision)
    case 'TIMESTAMP':
      return formatTimestamp(value as bigint, type.precision)
    case 'TIMESTAMP_LTZ':
      return formatTimestamp(shifted(value as bigint, type.precision, style), type.precision)
    case 'INTERVAL_YEAR_MONTH':
      return yearMonthText(value as number)
    case 'INTERVAL_DAY_TIME':
      return dayTimeText(value as bigint)
    case 'CHAR':
    case 'VARCHAR':
      return value as string
    case 'BINARY':
    case 'VARBINARY':
    case 'RAW':
    case 'VARIANT':
    case 'BITMAP':
      return Buffer.from(value as Uint8Array).toString('utf8')
    case 'ARRAY':
      return `[${(value as readonly Value[]).map((item) => valueToText(item, type.element, style)).join(', ')}]`
    case 'MAP':
    case 'MULTISET':
      return mapText(value as readonly (readonly Value[])[], type, style)
    case 'ROW': {
      const items = value as readonly Value[]
      const cells = type.fields.map((field, index) => valueToText(items[index] ?? null, field.type, style)).join(', ')
      return style.rowPrefix === undefined ? `(${cells})` : `${style.rowPrefix}[${cells}]`
    }
    case 'NULL':
      return style.nullText ?? 'NULL'
    default:
      return unreachable(type)
  }
}

function mapText(pairs: readonly (readonly Value[])[], type: SqlType, style: TextStyle): string {
  const types = mapTypes(type)
  const entries = pairs.map(([key, item]) => {
    const keyText = valueToText(key ?? null, types?.key ?? type, style)
    return `${keyText}=${valueToText(item ?? null, types?.value ?? type, style)}`
  })
  return `{${entries.join(', ')}}`
}

function shifted(value: bigint, precision: number, style: TextStyle): bigint {
  if (style.zoneOffset === undefined) return value
  const units = unitsPerMillisecondOf(precision)
  const milliseconds = Number(value / units)
  return value + BigInt(style.zoneOffset(milliseconds)) * units
}

function unitsPerMillisecondOf(precision: number): bigint {
  const unit = timestampUnit(precision)
  if (unit === 'millisecond') return 1n
  return unit === 'microsecond' ? 1000n : 1_000_000n
}

/** DECIMAL with all digits of its scale: `12.50`. */
export function decimalText(unscaled: bigint, scale: number): string {
  if (scale === 0) return unscaled.toString()
  const negative = unscaled < 0n
  const digits = (negative ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  return `${negative ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** As Java's Double.toString and Float.toString: `1.0`, `1.0E10`, `1.0E-5`, `NaN`, `Infinity`. */
export function floatText(value: number, single: boolean): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const shortest = single ? shortestSingle(value) : String(value)
  const absolute = Math.abs(value)
  if (absolute >= 1e-3 && absolute < 1e7) {
    const plain = shortest.includes('e') ? String(Number(shortest)) : shortest
    return plain.includes('.') ? plain : `${plain}.0`
  }
  return javaExponent(shortest)
}

/** Fewest digits that give the same single-precision number back. */
function shortestSingle(value: number): string {
  for (let digits = 1; digits < 10; digits++) {
    const text = value.toPrecision(digits)
    if (Math.fround(Number(text)) === value) return String(Number(text))
  }
  return String(value)
}

function javaExponent(text: string): string {
  const [mantissa = '', exponent] = Number(text).toExponential().split('e')
  const shown = mantissa.includes('.') ? mantissa : `${mantissa}.0`
  return `${shown}E${Number(exponent)}`
}

/** `+1-02`: years and months. */
function yearMonthText(months: number): string {
  const absolute = Math.abs(months)
  return `${months < 0 ? '-' : '+'}${Math.trunc(absolute / 12)}-${String(absolute % 12).padStart(2, '0')}`
}

/** `+1 02:03:04.567`: days and time. */
function dayTimeText(milliseconds: bigint): string {
  const absolute = milliseconds < 0n ? -milliseconds : milliseconds
  const days = absolute / 86_400_000n
  return `${milliseconds < 0n ? '-' : '+'}${days} ${formatTime(Number(absolute % 86_400_000n), 3)}`
}

/**
 * Text to a value of a scalar type, as CAST from a string does; surrounding blanks are left out.
 *
 * @returns undefined where the text is not of the type
 */
export function parseValue(text: string, type: SqlType, style: TextStyle = DEFAULT_STYLE): Value | undefined {
  const trimmed = text.trim()
  switch (type.kind) {
    case 'BOOLEAN':
      return parseBoolean(text)
    case 'TINYINT':
      return parseInteger(trimmed, -128n, 127n)
    case 'SMALLINT':
      return parseInteger(trimmed, -32768n, 32767n)
    case 'INT':
      return parseInteger(trimmed, -2147483648n, 2147483647n)
    case 'BIGINT': {
      const value = integerText(trimmed)
      return value === undefined || value !== BigInt.asIntN(64, value) ? undefined : value
    }
    case 'FLOAT':
    case 'DOUBLE': {
      const value = parseDouble(trimmed)
      return value === undefined || type.kind === 'DOUBLE' ? value : Math.fround(value)
    }
    case 'DECIMAL':
      return parseDecimal(trimmed, type.precision, type.scale)
    case 'DATE':
      return parseDate(trimmed)
    case 'TIME':
      return parseTime(trimmed)
    case 'TIMESTAMP':
      return parseTimestamp(trimmed, type.precision)
    case 'TIMESTAMP_LTZ': {
      const zoned = /^(.*?)\s*(Z|UTC)$/i.exec(trimmed)
      const local = parseTimestamp(zoned?.[1] ?? trimmed, type.precision)
      return local === undefined || zoned !== null ? local : unshifted(local, type.precision, style)
    }
    case 'CHAR':
    case 'VARCHAR':
      return text
    case 'BINARY':
    case 'VARBINARY':
      return new TextEncoder().encode(text)
    default:
      return undefined
  }
}

function unshifted(local: bigint, precision: number, style: TextStyle): bigint {
  if (style.zoneOffset === undefined) return local
  const units = unitsPerMillisecondOf(precision)
  const milliseconds = Number(local / units)
  const guess = style.zoneOffset(milliseconds)
  return local - BigInt(style.zoneOffset(milliseconds - guess)) * units
}

const TRUE_TEXTS = new Set(['t', 'true', 'y', 'yes', '1'])
const FALSE_TEXTS = new Set(['f', 'false', 'n', 'no', '0'])

function parseBoolean(text: string): boolean | undefined {
  const lower = text.toLowerCase()
  if (TRUE_TEXTS.has(lower)) return true
  return FALSE_TEXTS.has(lower) ? false : undefined
}

/** A fraction is cut off, as Flink does: `'3.9'` is 3 and `'.5'` is 0. */
function integerText(text: string): bigint | undefined {
  const match = /^([+-]?)(?:(\d+)(?:\.\d*)?|\.\d+)$/.exec(text)
  if (match === null) return undefined
  const magnitude = BigInt(match[2] ?? 0)
  return match[1] === '-' ? -magnitude : magnitude
}

function parseInteger(text: string, low: bigint, high: bigint): number | undefined {
  const value = integerText(text)
  return value === undefined || value < low || value > high ? undefined : Number(value)
}

function parseDouble(text: string): number | undefined {
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?[fd]?$/i.test(text)) return Number(text.replace(/[fd]$/i, ''))
  if (/^[+-]?(NaN|Infinity)$/.test(text)) return Number(text)
  return undefined
}

/** Rounds half up to the scale. @returns undefined for text that is no number or a number that does not fit */
export function parseDecimal(text: string, precision: number, scale: number): bigint | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text)
  if (match === null || (match[2] === '' && (match[3] ?? '') === '')) return undefined
  const digits = BigInt((match[2] ?? '') + (match[3] ?? ''))
  const exponent = Number(match[4] ?? 0)
  if (Math.abs(exponent) > 400) return digits === 0n || exponent < 0 ? 0n : undefined
  const value = rescale(digits, (match[3] ?? '').length - exponent, scale)
  const signed = match[1] === '-' ? -value : value
  return fitsPrecision(signed, precision) ? signed : undefined
}

/** Changes the scale, rounding half away from zero. `fromScale` may be negative. */
export function rescale(value: bigint, fromScale: number, toScale: number): bigint {
  if (toScale >= fromScale) return value * 10n ** BigInt(toScale - fromScale)
  const divisor = 10n ** BigInt(fromScale - toScale)
  const half = divisor / 2n
  return value < 0n ? (value - half) / divisor : (value + half) / divisor
}

export function fitsPrecision(unscaled: bigint, precision: number): boolean {
  const limit = POWERS[precision] ?? 10n ** BigInt(precision)
  return unscaled < limit && unscaled > -limit
}

const POWERS: readonly bigint[] = Array.from({ length: 40 }, (_, exponent) => 10n ** BigInt(exponent))
