/** A table function for every row. Keeps nothing: what comes out has the kind and the place of its input row. */
import { type ChangeBatch, createBatch, gatherRows, sliceRows } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { unreachable } from '../../core/errors.ts'
import type { Schema } from '../../core/types.ts'
import type { CorrelateNode, TableInvocation } from '../../planner/physical/graph.ts'
import type { Operator, OperatorContext } from './operator.ts'
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

export function createCorrelate(node: CorrelateNode, input: Schema, { output }: OperatorContext): Operator {
  const expand = createTableFunction(node.invocation, input)
  const outer = node.joinType === 'left'
  return {
    onBatch: (batch) => {
      for (let start = 0; start < batch.rows; start += PIECE) {
        const piece = sliceRows(batch, start, Math.min(batch.rows, start + PIECE))
        const { rows, count, columns } = expand(piece, outer)
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
