/** Filter and projection: one generated function. */
import type { CalcNode } from '../../planner/physical/graph.ts'
import { compileCalc } from '../codegen/calc.ts'
import type { Operator, OperatorContext } from './operator.ts'

export function createCalc(node: CalcNode, context: OperatorContext): Operator {
  const calc = compileCalc(node.condition, node.projections, node.schema, {
    timeZone: context.timeZone,
    clock: context.clock,
  })
  return {
    onBatch: (batch) => {
      const result = calc(batch)
      if (result.rows > 0) context.output.batch(result)
    },
    onWatermark: (time) => {
      context.output.watermark(time)
    },
  }
}
