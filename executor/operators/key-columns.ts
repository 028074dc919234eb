/** Columns of a key: their types for a table, and themselves in a batch. */
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { invariant } from '../../core/errors.ts'
import type { Schema, SqlType } from '../../core/types.ts'

export function keyTypesOf(schema: Schema, keys: readonly number[]): SqlType[] {
  return keys.map((key) => {
    const field = schema.fields[key]
    invariant(field !== undefined, 'a key is a column of the input')
    return field.type
  })
}

export function keyColumnsOf(batch: ChangeBatch, keys: readonly number[]): Column[] {
  return keys.map((key) => {
    const column = batch.columns[key]
    invariant(column !== undefined, 'a key is a column of the input')
    return column
  })
}
