/** Which operator carries out which node. */
import { MillraceError } from '../../core/errors.ts'
import type { OperatorGraph, OperatorNode } from '../../planner/physical/graph.ts'
import { createCalc } from './calc.ts'
import type { Operator, OperatorContext } from './operator.ts'

export type OperatorNodeOfGraph = Exclude<OperatorNode, { readonly kind: 'source' | 'values' | 'sink' | 'collect' }>

export function createOperator(node: OperatorNodeOfGraph, _graph: OperatorGraph, context: OperatorContext): Operator {
  if (node.kind === 'calc') return createCalc(node, context)
  throw new MillraceError('UNSUPPORTED_FEATURE', `operator ${node.kind} cannot run yet`)
}
