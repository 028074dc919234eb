/** Filter and projection: one generated function over the batch. */
import type { CalcNode } from '../../planner/physical/graph.ts'
import { compileCalc } from '../codegen/calc.ts'
import type { Operator, OperatorContext } from './operator.ts'

export function createCalc(node: CalcNode, context: OperatorContext): Operator {
  const { output } = context
  const calc = compileCalc(node.condition, node.projections, node.schema, context)
  return {
    onBatch: (batch) => {
      const result = calc(batch)
      if (result.rows > 0) output.batch(result)
    },
    onWatermark: (time) => {
      output.watermark(time)
    },
  }
}
