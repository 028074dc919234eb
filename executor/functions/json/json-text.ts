/** A value as JSON text, as JSON_STRING gives it: what the JSON aggregates put together. */
import type { Value } from '../../../core/column.ts'
import { MillraceError } from '../../../core/errors.ts'
import { mapTypes, type SqlType, typeToString } from '../../../core/types.ts'
import { valueToText } from '../../../core/value-text.ts'

/** @returns whether values of the type can be JSON */
export function isJsonType(type: SqlType): boolean {
  switch (type.kind) {
    case 'ARRAY':
      return isJsonType(type.element)
    case 'MAP':
    case 'MULTISET': {
      const pair = mapTypes(type)
      return pair !== undefined && isText(pair.key) && isJsonType(pair.value)
    }
    case 'ROW':
      return type.fields.every((field) => isJsonType(field.type))
    case 'DATE':
    case 'TIME':
    case 'INTERVAL_YEAR_MONTH':
    case 'INTERVAL_DAY_TIME':
    case 'RAW':
    case 'VARIANT':
    case 'BITMAP':
      return false
    default:
      return true
  }
}

function isText(type: SqlType): boolean {
  return type.kind === 'CHAR' || type.kind === 'VARCHAR'
}

/** Keys of objects are in the order of their code units, so that equal values have equal text. */
export function jsonText(value: Value, type: SqlType): string {
  if (value === null) return 'null'
  switch (type.kind) {
    case 'CHAR':
    case 'VARCHAR':
      return JSON.stringify(value)
    case 'BINARY':
    case 'VARBINARY':
      return JSON.stringify(Buffer.from(value as Uint8Array).toString('base64'))
    case 'FLOAT':
    case 'DOUBLE': {
      const text = valueToText(value, type)
      return Number.isFinite(value) ? text : JSON.stringify(text)
    }
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ': {
      const text = valueToText(value, type)
        .replace(' ', 'T')
        .replace(/\.?0+$/, (zeros) => (zeros.startsWith('.') ? '' : zeros))
      return JSON.stringify(type.kind === 'TIMESTAMP_LTZ' ? `${text}Z` : text)
    }
    case 'ARRAY':
      return `[${(value as readonly Value[]).map((item) => jsonText(item, type.element)).join(',')}]`
    case 'MAP':
    case 'MULTISET': {
      const pair = mapTypes(type)
      if (pair === undefined) break
      const entries = (value as readonly (readonly Value[])[]).map(
        ([key = null, item = null]) => [String(key), jsonText(item, pair.value)] as const,
      )
      return jsonObject(entries)
    }
    case 'ROW': {
      const items = value as readonly Value[]
      return jsonObject(
        type.fields.map((field, index) => [field.name, jsonText(items[index] ?? null, field.type)] as const),
      )
    }
    case 'BOOLEAN':
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT':
    case 'DECIMAL':
      return valueToText(value, type)
    default:
  }
  throw new MillraceError('INTERNAL_ERROR', `a ${typeToString(type)} is not JSON`)
}

/** @param entries keys and JSON text */
export function jsonObject(entries: readonly (readonly [string, string])[]): string {
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${sorted.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(',')}}`
}
