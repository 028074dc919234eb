/** Rows as a JavaScript program wants them. */
import { type ChangeBatch, kindAt, ROW_KIND_NAMES } from '../core/change-batch.ts'
import { readValue } from '../core/column-ops.ts'
import { type RowValue, rowValueReader } from '../core/row-value.ts'
import type { Schema } from '../core/types.ts'

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
  const readers = readersOf(batch.schema)
  const values = batch.schema.fields.map((field, index) => {
    const column = batch.columns[index]
    return column === undefined ? null : (readers[index]?.(readValue(column, field.type, row)) ?? null)
  })
  return { kind: ROW_KIND_NAMES[kindAt(batch, row)], values, fields: named(batch.schema, values) }
}

const known = new WeakMap<Schema, readonly ReturnType<typeof rowValueReader>[]>()

function readersOf(schema: Schema): readonly ReturnType<typeof rowValueReader>[] {
  const readers = known.get(schema) ?? schema.fields.map((field) => rowValueReader(field.type))
  known.set(schema, readers)
  return readers
}

function named(schema: Schema, values: readonly RowValue[]): Readonly<Record<string, RowValue>> {
  return Object.fromEntries(schema.fields.map((field, index) => [field.name, values[index] ?? null]))
}
