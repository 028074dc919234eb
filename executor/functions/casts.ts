/** CAST between any two types that Flink lets be cast, value by value (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/types/#casting). */
import type { Value } from '../../core/column.ts'
import { MillraceError } from '../../core/errors.ts'
import { localToEpoch, zoneOffsetFunction } from '../../core/time-zone.ts'
import { mapTypes, type SqlType, typeToString, unitsPerMillisecond, withNullability } from '../../core/types.ts'
import {
  decimalText,
  fitsPrecision,
  parseDecimal,
  parseValue,
  rescale,
  type TextStyle,
  valueToText,
} from '../../core/value-text.ts'

export type CastFunction = (value: Value) => Value

const DAY = 86_400_000n

/** Never called with NULL. NULL as a result is an overflow that Flink turns into NULL. Errors: CAST_FAILED. */
export function createCast(from: SqlType, to: SqlType, timeZone: string): CastFunction {
  if (to.kind === 'CHAR' || to.kind === 'VARCHAR') return castToText(from, to, timeZone)
  if (from.kind === 'CHAR' || from.kind === 'VARCHAR') return castFromText(to, timeZone)
  if (from.kind === 'NULL') return () => null
  switch (to.kind) {
    case 'BOOLEAN':
      return from.kind === 'BOOLEAN' ? (value) => value : (value) => Number(value) !== 0
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT':
      return castToInteger(from, to)
    case 'FLOAT':
    case 'DOUBLE':
      return castToDouble(from, to)
    case 'DECIMAL':
      return castToDecimal(from, to)
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return castToDatetime(from, to, timeZone)
    case 'ARRAY':
    case 'MAP':
    case 'MULTISET':
    case 'ROW':
      return castNested(from, to, timeZone)
    default:
      return castSame(from, to)
  }
}

function castSame(from: SqlType, to: SqlType): CastFunction {
  if (to.kind === 'BINARY' || to.kind === 'VARBINARY') {
    return (value) => {
      const bytes = value as Uint8Array
      if (bytes.length > to.length) return bytes.slice(0, to.length)
      if (to.kind === 'VARBINARY' || bytes.length === to.length) return bytes
      const padded = new Uint8Array(to.length)
      padded.set(bytes)
      return padded
    }
  }
  if (from.kind === to.kind) return (value) => value
  throw unsupported(from, to)
}

function unsupported(from: SqlType, to: SqlType): MillraceError {
  return new MillraceError('TYPE_MISMATCH', `${typeToString(from)} cannot be cast to ${typeToString(to)}`)
}

function textStyle(timeZone: string): TextStyle {
  return { zoneOffset: zoneOffsetFunction(timeZone), nullText: 'NULL', upperCaseBooleans: true }
}

function castToText(from: SqlType, to: Extract<SqlType, { kind: 'CHAR' | 'VARCHAR' }>, timeZone: string): CastFunction {
  const style = textStyle(timeZone)
  const fit = (text: string): string => {
    if (text.length <= to.length) return to.kind === 'CHAR' ? padCharacters(text, to.length) : text
    const characters = [...text]
    return characters.length <= to.length ? text : characters.slice(0, to.length).join('')
  }
  return (value) => fit(valueToText(value, from, style))
}

function padCharacters(text: string, length: number): string {
  return text + ' '.repeat(Math.max(0, length - [...text].length))
}

function castFromText(to: SqlType, timeZone: string): CastFunction {
  const style = textStyle(timeZone)
  if (to.kind === 'BINARY' || to.kind === 'VARBINARY') {
    const fit = castSame(to, to)
    return (value) => fit(Buffer.from(value as string))
  }
  return (value) => {
    const parsed = parseValue(value as string, to, style)
    if (parsed !== undefined) return parsed
    throw new MillraceError(
      'CAST_FAILED',
      `'${value as string}' cannot be cast to ${typeToString(withNullability(to, true))}`,
      {
        hint: 'TRY_CAST gives NULL in place of this error.',
      },
    )
  }
}

const BITS = { TINYINT: 8, SMALLINT: 16, INT: 32, BIGINT: 64 } as const

/** Fractions are cut off; what does not fit wraps round, as a Java cast does, but doubles stop at the ends. */
function castToInteger(from: SqlType, to: SqlType): CastFunction {
  const bits = BITS[to.kind as keyof typeof BITS]
  const finish =
    bits === 64
      ? (value: bigint): Value => BigInt.asIntN(64, value)
      : (value: bigint): Value => Number(BigInt.asIntN(bits, value))
  switch (from.kind) {
    case 'BOOLEAN':
      return (value) => finish(value === true ? 1n : 0n)
    case 'DECIMAL': {
      const divisor = 10n ** BigInt(from.scale)
      return (value) => finish((value as bigint) / divisor)
    }
    case 'FLOAT':
    case 'DOUBLE':
      return (value) => finish(saturate(value as number, bits === 64 ? 64 : 32))
    case 'INTERVAL_DAY_TIME':
    case 'BIGINT':
      return (value) => finish(value as bigint)
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      throw unsupported(from, to)
    default:
      return (value) => finish(BigInt(value as number))
  }
}

function saturate(value: number, bits: 32 | 64): bigint {
  if (Number.isNaN(value)) return 0n
  const limit = 2 ** (bits - 1)
  if (value >= limit) return bits === 64 ? 9223372036854775807n : 2147483647n
  if (value <= -limit) return bits === 64 ? -9223372036854775808n : -2147483648n
  return BigInt(Math.trunc(value))
}

function decimalToDouble(unscaled: bigint, scale: number): number {
  if (unscaled <= 9007199254740991n && unscaled >= -9007199254740991n && scale <= 22)
    return Number(unscaled) / 10 ** scale
  return Number(decimalText(unscaled, scale))
}

function castToDouble(from: SqlType, to: SqlType): CastFunction {
  const finish = to.kind === 'FLOAT' ? Math.fround : (value: number) => value
  if (from.kind === 'DECIMAL') return (value) => finish(decimalToDouble(value as bigint, from.scale))
  return (value) => finish(Number(value))
}

function castToDecimal(from: SqlType, to: Extract<SqlType, { kind: 'DECIMAL' }>): CastFunction {
  const fit = (value: bigint): Value => (fitsPrecision(value, to.precision) ? value : null)
  switch (from.kind) {
    case 'DECIMAL':
      return (value) => fit(rescale(value as bigint, from.scale, to.scale))
    case 'FLOAT':
    case 'DOUBLE':
      return (value) => (Number.isFinite(value) ? (parseDecimal(String(value), to.precision, to.scale) ?? null) : null)
    case 'BOOLEAN':
      return (value) => fit(rescale(value === true ? 1n : 0n, 0, to.scale))
    default:
      return (value) => fit(rescale(BigInt(value as number | bigint), 0, to.scale))
  }
}

function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor
  return value % divisor < 0n ? quotient - 1n : quotient
}

/** Everything goes by milliseconds, or units of the precision, of a wall-clock reading. */
function castToDatetime(from: SqlType, to: SqlType, timeZone: string): CastFunction {
  const offset = zoneOffsetFunction(timeZone)
  if (from.kind === 'TIMESTAMP' || from.kind === 'TIMESTAMP_LTZ') {
    const fromUnits = unitsPerMillisecond(from.precision)
    const shift = (value: bigint, toLocal: boolean): bigint => {
      const milliseconds = Number(floorDivide(value, fromUnits))
      const by = toLocal ? offset(milliseconds) : localToEpoch(milliseconds, offset) - milliseconds
      return value + BigInt(by) * fromUnits
    }
    const local = from.kind === 'TIMESTAMP_LTZ' ? (value: bigint) => shift(value, true) : (value: bigint) => value
    switch (to.kind) {
      case 'DATE':
        return (value) => Number(floorDivide(floorDivide(local(value as bigint), fromUnits), DAY))
      case 'TIME':
        return (value) => {
          const milliseconds = floorDivide(local(value as bigint), fromUnits)
          return Number(milliseconds - floorDivide(milliseconds, DAY) * DAY)
        }
      case 'TIMESTAMP':
        return (value) => changePrecision(local(value as bigint), from.precision, to.precision)
      case 'TIMESTAMP_LTZ':
        return (value) =>
          changePrecision(
            from.kind === 'TIMESTAMP_LTZ' ? (value as bigint) : shift(value as bigint, false),
            from.precision,
            to.precision,
          )
      default:
        throw unsupported(from, to)
    }
  }
  if (from.kind === to.kind) return (value) => value
  if (from.kind === 'DATE' || from.kind === 'TIME') return castFromDateOrTime(from.kind, to, offset)
  throw unsupported(from, to)
}

function castFromDateOrTime(from: 'DATE' | 'TIME', to: SqlType, offset: (epoch: number) => number): CastFunction {
  if (to.kind !== 'TIMESTAMP' && to.kind !== 'TIMESTAMP_LTZ') throw unsupported({ kind: 'DATE', nullable: true }, to)
  const units = unitsPerMillisecond(to.precision)
  return (value) => {
    const local = from === 'DATE' ? (value as number) * 86_400_000 : (value as number)
    return BigInt(to.kind === 'TIMESTAMP_LTZ' ? localToEpoch(local, offset) : local) * units
  }
}

/** Digits beyond the new precision are cut off. */
function changePrecision(value: bigint, from: number, to: number): bigint {
  const fromUnits = unitsPerMillisecond(from)
  const toUnits = unitsPerMillisecond(to)
  const scaled = toUnits >= fromUnits ? value * (toUnits / fromUnits) : floorDivide(value, fromUnits / toUnits)
  const digits = to <= 3 ? 3 : to <= 6 ? 6 : 9
  const step = 10n ** BigInt(digits - to)
  return to >= from || step === 1n ? scaled : floorDivide(scaled, step) * step
}

function castNested(from: SqlType, to: SqlType, timeZone: string): CastFunction {
  const nullable =
    (cast: CastFunction): CastFunction =>
    (value) =>
      value === null ? null : cast(value)
  if (from.kind === 'ARRAY' && to.kind === 'ARRAY') {
    const element = nullable(createCast(from.element, to.element, timeZone))
    return (value) => (value as readonly Value[]).map(element)
  }
  if (from.kind === 'ROW' && to.kind === 'ROW' && from.fields.length === to.fields.length) {
    const casts = from.fields.map((field, index) =>
      nullable(createCast(field.type, to.fields[index]?.type ?? field.type, timeZone)),
    )
    return (value) => (value as readonly Value[]).map((item, index) => casts[index]?.(item) ?? null)
  }
  const [source, target] = [mapTypes(from), mapTypes(to)]
  if (source === undefined || target === undefined) throw unsupported(from, to)
  const key = nullable(createCast(source.key, target.key, timeZone))
  const item = nullable(createCast(source.value, target.value, timeZone))
  return (value) => (value as readonly (readonly Value[])[]).map(([k, v]) => [key(k ?? null), item(v ?? null)])
}
