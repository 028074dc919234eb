/** Selecting rows some of which are not there: they come out as NULL. */
import type { Column } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import { type Field, type SqlType, withNullability } from '../../core/types.ts'

/**
 * @param positions rows wanted; -1: NULL
 * @param type of the column
 * @param gather gives the column at positions that are all there
 */
export function gatherOptional(
  positions: Int32Array,
  count: number,
  type: SqlType,
  gather: (positions: Int32Array, count: number) => Column,
): Column {
  let present = -1
  let missing = 0
  for (let i = 0; i < count; i++) {
    if ((positions[i] as number) >= 0) present = positions[i] as number
    else missing++
  }
  if (missing === 0) return gather(positions, count)
  if (present < 0) return nullColumn(type, count)
  const nulls = new Uint8Array(count)
  const safe = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    const position = positions[i] as number
    nulls[i] = position < 0 ? 1 : 0
    safe[i] = position < 0 ? present : position
  }
  return withNulls(gather(safe, count), nulls, count)
}

function nullColumn(type: SqlType, count: number): Column {
  return columnOf(
    nullable(type),
    Array.from({ length: count }, () => null),
  )
}

function nullable(type: SqlType): SqlType {
  if (type.kind !== 'ROW') return withNullability(type, true)
  const fields = type.fields.map((field): Field => ({ ...field, type: nullable(field.type) }))
  return { kind: 'ROW', fields, nullable: true }
}

/** The column with more NULLs. */
export function withNulls(column: Column, nulls: Uint8Array, count: number): Column {
  if (column.kind === 'null') return column
  if (column.nulls === null) return { ...column, nulls }
  const merged = new Uint8Array(count)
  for (let i = 0; i < count; i++) merged[i] = (nulls[i] as number) | (column.nulls[i] as number)
  return { ...column, nulls: merged }
}
