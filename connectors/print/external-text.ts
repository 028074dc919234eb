/**
 * Values as Flink's print connector writes them: the `toString` of the Java objects that rows hold outside of the
 * engine (`LocalDateTime`, `Instant`, `BigDecimal`, `byte[]` …).
 */
import type { Value } from '../../core/column.ts'
import { formatDate } from '../../core/datetime-text.ts'
import { mapTypes, type SqlType, unitsPerMillisecond } from '../../core/types.ts'
import { valueToText } from '../../core/value-text.ts'
import { bigDecimalText } from '../formats/decimal-text.ts'

const DAY = 86_400_000

export function externalText(value: Value, type: SqlType): string {
  if (value === null) return 'null'
  switch (type.kind) {
    case 'DECIMAL':
      return bigDecimalText(value as bigint, type.scale, false)
    case 'TIME':
      return localTimeText(value as number, 0)
    case 'TIMESTAMP':
      return localDateTimeText(value as bigint, type.precision)
    case 'TIMESTAMP_LTZ':
      return instantText(value as bigint, type.precision)
    case 'BINARY':
    case 'VARBINARY':
      return `[${[...new Int8Array(value as Uint8Array)].join(', ')}]`
    case 'ARRAY':
      return `[${(value as readonly Value[]).map((item) => externalText(item, type.element)).join(', ')}]`
    case 'MAP':
    case 'MULTISET':
      return mapText(value as readonly (readonly Value[])[], type)
    case 'ROW': {
      const cells = value as readonly Value[]
      return `+I[${type.fields.map((field, index) => externalText(cells[index] ?? null, field.type)).join(', ')}]`
    }
    default:
      return valueToText(value, type)
  }
}

function mapText(pairs: readonly (readonly Value[])[], type: SqlType): string {
  const types = mapTypes(type)
  const entries = pairs.map(([key, item]) => {
    const keyText = types === undefined ? '' : externalText(key ?? null, types.key)
    return `${keyText}=${types === undefined ? '' : externalText(item ?? null, types.value)}`
  })
  return `{${entries.join(', ')}}`
}

/** Days, milliseconds of the day and nanoseconds of the millisecond. */
function split(value: bigint, precision: number): { days: number; milliseconds: number; nanos: number } {
  const units = unitsPerMillisecond(precision)
  const rest = ((value % units) + units) % units
  const total = Number((value - rest) / units)
  const days = Math.floor(total / DAY)
  return { days, milliseconds: total - days * DAY, nanos: Number(rest * (1_000_000n / units)) }
}

/** `LocalDateTime.toString`: `2024-01-31T10:00`, seconds and fraction only where they are not zero. */
function localDateTimeText(value: bigint, precision: number): string {
  const { days, milliseconds, nanos } = split(value, precision)
  return `${formatDate(days)}T${localTimeText(milliseconds, nanos)}`
}

/** `Instant.toString`: in UTC, always with seconds. */
function instantText(value: bigint, precision: number): string {
  const { days, milliseconds, nanos } = split(value, precision)
  return `${formatDate(days)}T${clockText(milliseconds)}${fractionText(milliseconds, nanos)}Z`
}

function localTimeText(milliseconds: number, nanos: number): string {
  const text = `${clockText(milliseconds)}${fractionText(milliseconds, nanos)}`
  return text.length === 8 && text.endsWith(':00') ? text.slice(0, 5) : text
}

function clockText(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000)
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':')
}

/** In groups of three digits, as Java prints fractions. */
function fractionText(milliseconds: number, nanos: number): string {
  const fraction = String((milliseconds % 1000) * 1_000_000 + nanos).padStart(9, '0')
  const shown = fraction.replace(/(?:000){1,3}$/, '')
  return shown === '' ? '' : `.${shown}`
}
