/** Rows of a batch with rows of the other side's state, and the columns that they make together. */
import { type ChangeBatch, createBatch } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import { gatherColumn } from '../../core/column-ops.ts'
import type { Schema, SqlType } from '../../core/types.ts'
import type { Expression } from '../../planner/expression.ts'
import { collectInputs, mapInputs } from '../../planner/expression-rewrite.ts'
import type { StoredColumn } from '../../state/table/stored-column.ts'
import { compileScalar } from '../codegen/calc.ts'
import type { Environment } from '../functions/function.ts'
import type { JoinState } from './join-state.ts'
import { LentColumns } from './lent-columns.ts'
import { nullsLike } from './row-merge.ts'

/** `positions[i]` of the batch beside `rows[i]` of the state, for i below `count`. */
export interface Pairs {
  readonly positions: Int32Array
  readonly rows: Int32Array
  readonly count: number
}

export type PairFilter = (batch: ChangeBatch, other: JoinState, batchIsLeft: boolean, pairs: Pairs) => Pairs

/** Keeps the pairs for which the condition is TRUE; it is computed for all of them at once. Valid until the next call. */
export function compilePairFilter(
  condition: Expression,
  left: Schema,
  right: Schema,
  environment: Environment,
): PairFilter {
  const width = left.fields.length
  const fields = [...left.fields, ...right.fields]
  const used = [...collectInputs(condition)].sort((a, b) => a - b)
  const moved = mapInputs(condition, (input) => ({ ...input, index: used.indexOf(input.index) }))
  const test = compileScalar(moved, environment)
  const schema: Schema = { fields: used.flatMap((index) => fields[index] ?? []) }
  const lent = new LentColumns()
  const kept = { positions: new Int32Array(0), rows: new Int32Array(0) }
  return (batch, other, batchIsLeft, pairs) => {
    if (pairs.count === 0) return pairs
    const columns = used.map((index, place): Column => {
      const isLeft = index < width
      const column = isLeft ? index : index - width
      return isLeft === batchIsLeft
        ? lent.gather(place, batch.columns[column] as Column, pairs.positions, pairs.count)
        : lent.gatherStored(place, other.column(column), pairs.rows, pairs.count)
    })
    if (kept.rows.length < pairs.count) {
      kept.positions = new Int32Array(pairs.count)
      kept.rows = new Int32Array(pairs.count)
    }
    return select(pairs, test(createBatch(schema, columns, pairs.count)), kept)
  }
}

function select({ positions, rows, count }: Pairs, mask: Column, kept: Omit<Pairs, 'count'>): Pairs {
  if (mask.kind !== 'bool') return { ...kept, count: 0 }
  const { values, nulls } = mask
  let k = 0
  for (let i = 0; i < count; i++) {
    if (values[i] !== 1 || (nulls !== null && nulls[i] === 1)) continue
    kept.positions[k] = positions[i] as number
    kept.rows[k++] = rows[i] as number
  }
  return { ...kept, count: k }
}

/** A row that is there several times is in several pairs, one behind the other. */
export function repeat({ positions, rows, count }: Pairs, counts: Int32Array): Pairs {
  let total = 0
  for (let i = 0; i < count; i++) total += counts[rows[i] as number] as number
  if (total === count) return { positions, rows, count }
  const repeated = { positions: new Int32Array(total), rows: new Int32Array(total), count: total }
  let k = 0
  for (let i = 0; i < count; i++) {
    for (let times = counts[rows[i] as number] as number; times > 0; times--) {
      repeated.positions[k] = positions[i] as number
      repeated.rows[k++] = rows[i] as number
    }
  }
  return repeated
}

/** A column of the batch at the positions, NULL for -1. @param missing whether there is a -1 */
export function batchColumn(
  column: Column,
  type: SqlType,
  positions: Int32Array,
  count: number,
  missing: boolean,
): Column {
  if (!missing) return gatherColumn(column, positions, count)
  return padded((rows) => gatherColumn(column, rows, count), type, positions, count)
}

/** A column of the state at the rows, NULL for -1. @param missing whether there is a -1 */
export function stateColumn(
  column: StoredColumn,
  type: SqlType,
  rows: Int32Array,
  count: number,
  missing: boolean,
): Column {
  if (!missing) return column.gather(rows, count)
  return padded((valid) => column.gather(valid, count), type, rows, count)
}

function padded(gather: (rows: Int32Array) => Column, type: SqlType, rows: Int32Array, count: number): Column {
  let there = -1
  for (let i = 0; there < 0 && i < count; i++) there = rows[i] as number
  if (there < 0) return nullsLike(columnOf(type, []), count)
  const valid = new Int32Array(count)
  const nulls = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    const row = rows[i] as number
    nulls[i] = row < 0 ? 1 : 0
    valid[i] = row < 0 ? there : row
  }
  const column = gather(valid)
  if (column.kind === 'null') return column
  if (column.nulls !== null) {
    for (let i = 0; i < count; i++) nulls[i] = (nulls[i] as number) | (column.nulls[i] as number)
  }
  return { ...column, nulls }
}
