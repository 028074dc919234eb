/** Leaves: the columns that an expression reads, which are inputs or fields of fields … of inputs. */
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { Column, NullMask } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import type { SqlType } from '../../core/types.ts'
import type { Expression } from '../../planner/expression.ts'

export interface Leaf {
  /** Position of the input column. */
  readonly index: number
  /** Positions of the fields on the way down; none: the input column itself. */
  readonly path: readonly number[]
  readonly type: SqlType
}

/** Undefined where the expression is more than reading a column. */
export function leafOf(expression: Expression): Leaf | undefined {
  const path: number[] = []
  let at = expression
  while (at.kind === 'field') {
    path.unshift(at.index)
    at = at.input
  }
  return at.kind === 'input' ? { index: at.index, path, type: expression.type } : undefined
}

/** A NULL row makes its fields NULL. */
export function leafColumn(batch: ChangeBatch, { index, path, type }: Leaf): Column {
  let at = batch.columns[index] as Column
  for (const field of path) {
    const child = at.kind === 'row' ? at.fields[field] : undefined
    if (at.kind !== 'row' || child === undefined || child.kind === 'null') return nullColumn(type, batch.rows)
    at = at.nulls === null ? child : { ...child, nulls: mergeNulls(at.nulls, child.nulls, batch.rows) }
  }
  return at
}

function nullColumn(type: SqlType, rows: number): Column {
  return columnOf(
    type,
    Array.from({ length: rows }, () => null),
  )
}

function mergeNulls(outer: Uint8Array, inner: Uint8Array | null, rows: number): Uint8Array {
  if (inner === null) return outer
  const merged = new Uint8Array(rows)
  for (let row = 0; row < rows; row++) merged[row] = (outer[row] as number) | (inner[row] as number)
  return merged
}

/** @param rows that are looked at: the first `count`, or those at the first `count` places of `selection` */
export function noneIsNull(columns: readonly Column[], selection: Int32Array | undefined, count: number): boolean {
  let seen: NullMask = null
  for (const column of columns) {
    if (column.kind === 'null') return false
    // Fields of one row mostly share its mask.
    if (column.nulls === null || column.nulls === seen) continue
    if (firstNull(column.nulls, selection, count) < count) return false
    seen = column.nulls
  }
  return true
}

function firstNull(nulls: Uint8Array, selection: Int32Array | undefined, count: number): number {
  let at = 0
  if (selection === undefined) while (at < count && nulls[at] === 0) at++
  else while (at < count && nulls[selection[at] as number] === 0) at++
  return at
}
