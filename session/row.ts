/** Rows as a JavaScript program wants them. */
import { type ChangeBatch, kindAt, ROW_KIND_NAMES } from '../core/change-batch.ts'
import type { Value } from '../core/column.ts'
import { readValue } from '../core/column-ops.ts'
import { mapTypes, type Schema, type SqlType, unitsPerMillisecond } from '../core/types.ts'
import { valueToText } from '../core/value-text.ts'

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

export type RowKindName = (typeof ROW_KIND_NAMES)[number]

/** One change of a result. */
export interface ResultRow {
  /** `+I`, `-U`, `+U` or `-D`. */
  readonly kind: RowKindName
  /** In the order of the result's columns. */
  readonly values: readonly RowValue[]
  /** By column name. */
  readonly fields: Readonly<Record<string, RowValue>>
}

export function rowAt(batch: ChangeBatch, row: number): ResultRow {
  const values = batch.schema.fields.map((field, index) => {
    const column = batch.columns[index]
    return column === undefined ? null : toRowValue(readValue(column, field.type, row), field.type)
  })
  return { kind: ROW_KIND_NAMES[kindAt(batch, row)], values, fields: named(batch.schema, values) }
}

function named(schema: Schema, values: readonly RowValue[]): Readonly<Record<string, RowValue>> {
  return Object.fromEntries(schema.fields.map((field, index) => [field.name, values[index] ?? null]))
}

function toRowValue(value: Value, type: SqlType): RowValue {
  if (value === null) return null
  switch (type.kind) {
    case 'DECIMAL':
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'INTERVAL_YEAR_MONTH':
    case 'INTERVAL_DAY_TIME':
      return valueToText(value, type)
    case 'TIMESTAMP_LTZ':
      return new Date(Number((value as bigint) / unitsPerMillisecond(type.precision)))
    case 'ARRAY':
      return (value as readonly Value[]).map((item) => toRowValue(item, type.element))
    case 'ROW': {
      const items = value as readonly Value[]
      return Object.fromEntries(
        type.fields.map((field, index) => [field.name, toRowValue(items[index] ?? null, field.type)]),
      )
    }
    case 'MAP':
    case 'MULTISET': {
      const pair = mapTypes(type)
      const entries = (value as readonly (readonly Value[])[]).map(
        ([key, item]) =>
          [toRowValue(key ?? null, pair?.key ?? type), toRowValue(item ?? null, pair?.value ?? type)] as const,
      )
      return new Map(entries)
    }
    default:
      return value
  }
}
