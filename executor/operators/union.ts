/** UNION ALL: batches as they come. */
import type { UnionNode } from '../../planner/physical/graph.ts'
import type { Operator, OperatorContext } from './operator.ts'

export function createUnion(node: UnionNode, { output }: OperatorContext): Operator {
  return {
    onBatch: (batch) => {
      output.batch({ ...batch, schema: node.schema })
    },
    onWatermark: (time) => {
      output.watermark(time)
    },
  }
}
