/** Values as a JavaScript program has them: rows of results, arguments and results of functions in JavaScript. */
import type { Value } from './column.ts'
import { mapTypes, type SqlType, unitsPerMillisecond } from './types.ts'
import { parseValue, valueToText } from './value-text.ts'

/**
 * BOOLEAN boolean · TINYINT, SMALLINT, INT, FLOAT, DOUBLE number · BIGINT bigint · DECIMAL, DATE, TIME, TIMESTAMP and
 * intervals text, exact · TIMESTAMP_LTZ Date (milliseconds) · CHAR, VARCHAR string · BINARY, VARBINARY Uint8Array ·
 * ARRAY array · MAP, MULTISET Map · ROW object · NULL null
 */
export type RowValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | readonly RowValue[]
  | ReadonlyMap<RowValue, RowValue>
  | { readonly [field: string]: RowValue }

/** A function for values of one type, made once. */
export function rowValueReader(type: SqlType): (value: Value) => RowValue {
  switch (type.kind) {
    case 'DECIMAL':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'INTERVAL_YEAR_MONTH':
    case 'INTERVAL_DAY_TIME':
      return (value) => (value === null ? null : valueToText(value, type))
    case 'TIMESTAMP_LTZ': {
      const units = unitsPerMillisecond(type.precision)
      return (value) => (value === null ? null : new Date(Number((value as bigint) / units)))
    }
    case 'ARRAY': {
      const element = rowValueReader(type.element)
      return (value) => (value === null ? null : (value as readonly Value[]).map(element))
    }
    case 'ROW': {
      const fields = type.fields.map((field) => [field.name, rowValueReader(field.type)] as const)
      return (value) => {
        if (value === null) return null
        const items = value as readonly Value[]
        return Object.fromEntries(fields.map(([name, read], index) => [name, read(items[index] ?? null)]))
      }
    }
    case 'MAP':
    case 'MULTISET': {
      const pair = mapTypes(type)
      const key = rowValueReader(pair?.key ?? type)
      const item = rowValueReader(pair?.value ?? type)
      return (value) => {
        if (value === null) return null
        const entries = value as readonly (readonly Value[])[]
        return new Map(entries.map(([name, held]) => [key(name ?? null), item(held ?? null)]))
      }
    }
    default:
      return (value) => value
  }
}

/**
 * The way back, for what a function in JavaScript returns: besides the forms above a number for BIGINT and DECIMAL, a
 * bigint for every number, a Date for DATE and TIMESTAMP (its reading in UTC), an array for ROW, an object for MAP;
 * undefined is NULL.
 *
 * @returns a function that gives undefined for what is not of the type, NULL for NOT NULL included
 */
export function rowValueWriter(type: SqlType): (value: unknown) => Value | undefined {
  const write = presentWriter(type)
  const missing = type.nullable ? null : undefined
  return (value) => (value === null || value === undefined ? missing : write(value))
}

function presentWriter(type: SqlType): (value: unknown) => Value | undefined {
  switch (type.kind) {
    case 'BOOLEAN':
      return (value) => (typeof value === 'boolean' ? value : undefined)
    case 'TINYINT':
      return (value) => integer(value, 128)
    case 'SMALLINT':
      return (value) => integer(value, 32768)
    case 'INT':
      return (value) => integer(value, 2147483648)
    case 'BIGINT':
      return long
    case 'FLOAT':
      return (value) => (isNumber(value) ? Math.fround(Number(value)) : undefined)
    case 'DOUBLE':
      return (value) => (isNumber(value) ? Number(value) : undefined)
    case 'CHAR':
    case 'VARCHAR':
      return (value) => (typeof value === 'string' ? value : undefined)
    case 'BINARY':
    case 'VARBINARY':
      return (value) => (value instanceof Uint8Array ? value : undefined)
    case 'TIMESTAMP_LTZ':
      return (value) => instant(value, type)
    case 'DECIMAL':
      return (value) => (isNumber(value) || typeof value === 'string' ? parseValue(String(value), type) : undefined)
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return (value) => parsedText(value, type)
    case 'ARRAY':
      return arrayWriter(type.element)
    case 'MAP':
    case 'MULTISET':
      return mapWriter(type)
    case 'ROW':
      return structWriter(type)
    default:
      return () => undefined
  }
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

/** @param limit the number of values on each side of zero */
function integer(value: unknown, limit: number): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number)) return undefined
  return number >= -limit && number < limit ? number : undefined
}

function long(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? value : undefined
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : undefined
}

function instant(value: unknown, type: SqlType & { readonly precision: number }): bigint | undefined {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) return undefined
  return BigInt(value.getTime()) * unitsPerMillisecond(type.precision)
}

function parsedText(value: unknown, type: SqlType): Value | undefined {
  if (typeof value === 'string') return parseValue(value, type)
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) return undefined
  const text = value.toISOString()
  const part = type.kind === 'DATE' ? text.slice(0, 10) : type.kind === 'TIME' ? text.slice(11, -1) : text.slice(0, -1)
  return parseValue(part.replace('T', ' '), type)
}

function arrayWriter(element: SqlType): (value: unknown) => Value | undefined {
  const write = rowValueWriter(element)
  return (value) => (Array.isArray(value) ? all(value, write) : undefined)
}

/** Undefined as soon as one is not of its type. */
function all(values: readonly unknown[], write: (value: unknown) => Value | undefined): Value[] | undefined {
  const written: Value[] = []
  for (const value of values) {
    const item = write(value)
    if (item === undefined) return undefined
    written.push(item)
  }
  return written
}

function mapWriter(type: SqlType): (value: unknown) => Value | undefined {
  const pair = mapTypes(type)
  const writeKey = rowValueWriter(pair?.key ?? type)
  const writeItem = rowValueWriter(pair?.value ?? type)
  return (value) => {
    const entries = entriesOf(value)
    return entries === undefined
      ? undefined
      : all(entries, (entry) => {
          const [key, item] = entry as readonly [unknown, unknown]
          const written = [writeKey(key), writeItem(item)]
          return written.includes(undefined) ? undefined : (written as Value[])
        })
  }
}

function entriesOf(value: unknown): readonly (readonly [unknown, unknown])[] | undefined {
  if (value instanceof Map) return [...value.entries()]
  return isPlainObject(value) ? Object.entries(value) : undefined
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

function structWriter(type: SqlType & { readonly kind: 'ROW' }): (value: unknown) => Value | undefined {
  const fields = type.fields.map(({ name, type: field }) => ({ name, write: rowValueWriter(field) }))
  return (value) => {
    const items = Array.isArray(value) ? (value as readonly unknown[]) : undefined
    if (items === undefined ? !isPlainObject(value) : items.length !== fields.length) return undefined
    const named = value as Readonly<Record<string, unknown>>
    const written = fields.map(({ name, write }, index) => write(items === undefined ? named[name] : items[index]))
    return written.includes(undefined) ? undefined : (written as Value[])
  }
}
