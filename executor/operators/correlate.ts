/** A table function for every row. Keeps nothing: what comes out has the kind and the place of its input row. */
import { type ChangeBatch, createBatch, gatherRows, sliceRows } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { gatherColumn, isNull } from '../../core/column-ops.ts'
import { unreachable } from '../../core/errors.ts'
import type { Schema } from '../../core/types.ts'
import type { Expression } from '../../planner/expression.ts'
import type { CorrelateNode, TableInvocation } from '../../planner/physical/graph.ts'
import { compileScalar } from '../codegen/calc.ts'
import type { Operator, OperatorContext } from './operator.ts'
import { gatherOptional } from './optional-rows.ts'
import { createReplicateRows } from './replicate-rows.ts'
import { createUnnest } from './unnest.ts'
import { createUserTableFunction } from './user-table-function.ts'

/** What a table function makes of some rows, in the order of the rows. */
export interface Expansion {
  /** For each row that comes out, the input row that it belongs to. */
  readonly rows: Int32Array
  readonly count: number
  readonly columns: readonly Column[]
}

/** @param outer whether a row without results comes out once, with NULLs */
export type TableFunction = (batch: ChangeBatch, outer: boolean) => Expansion

function createTableFunction(invocation: TableInvocation, input: Schema): TableFunction {
  switch (invocation.kind) {
    case 'unnest':
      return createUnnest(invocation, input)
    case 'user':
      return createUserTableFunction(invocation, input)
    case 'replicate-rows':
      return createReplicateRows(invocation.args)
    default:
      return unreachable(invocation)
  }
}

/** Rows of the input that are expanded at a time: a few of them may make very many. */
const PIECE = 1024

export function createCorrelate(node: CorrelateNode, input: Schema, context: OperatorContext): Operator {
  const { output } = context
  const expand = createTableFunction(node.invocation, input)
  const outer = node.joinType === 'left'
  const keep = node.condition === undefined ? undefined : createFilter(node, input, node.condition, context)
  return {
    onBatch: (batch) => {
      for (let start = 0; start < batch.rows; start += PIECE) {
        const piece = sliceRows(batch, start, Math.min(batch.rows, start + PIECE))
        const { rows, count, columns } = keep === undefined ? expand(piece, outer) : keep(piece, expand(piece, false))
        if (count === 0) continue
        const left = gatherRows(piece, rows, count)
        output.batch(createBatch(node.schema, [...left.columns, ...columns], count, left.kinds))
      }
    },
    onWatermark: (time) => {
      output.watermark(time)
    },
  }
}

/** Takes away what does not count; a row that is left with nothing gets its NULLs. */
function createFilter(
  node: CorrelateNode,
  input: Schema,
  condition: Expression,
  context: OperatorContext,
): (batch: ChangeBatch, expansion: Expansion) => Expansion {
  const test = compileScalar(condition, context)
  const types = node.schema.fields.slice(input.fields.length).map((field) => field.type)
  return (batch, { rows, count, columns }) => {
    const left = gatherRows(batch, rows, count)
    const passed = test(createBatch(node.schema, [...left.columns, ...columns], count))
    const owners: number[] = []
    const positions: number[] = []
    for (let row = 0, at = 0; row < batch.rows; row++) {
      const before = owners.length
      for (; at < count && rows[at] === row; at++) {
        if (!isTrue(passed, at)) continue
        owners.push(row)
        positions.push(at)
      }
      if (owners.length > before) continue
      owners.push(row)
      positions.push(-1)
    }
    const kept = Int32Array.from(positions)
    return {
      rows: Int32Array.from(owners),
      count: kept.length,
      columns: columns.map((column, index) =>
        gatherOptional(kept, kept.length, types[index] ?? { kind: 'NULL', nullable: true }, (present, some) =>
          gatherColumn(column, present, some),
        ),
      ),
    }
  }
}

function isTrue(column: Column, row: number): boolean {
  return column.kind === 'bool' && column.values[row] === 1 && !isNull(column, row)
}
