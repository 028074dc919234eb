/** EXPLAIN (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/explain/). */
import type { PlannerContext } from '../../catalog/reader.ts'
import type { ExplainDetail } from '../../parser/ast.ts'
import type { LogicalNode } from '../logical/node.ts'
import { callsProgram, type Exchange, isDivisible, planDeployment } from '../physical/exchange.ts'
import type { OperatorGraph, OperatorNode } from '../physical/graph.ts'
import { allowsTwoPhases } from '../physical/two-phase.ts'
import { type Advice, adviceFor } from './advice.ts'
import { logicalTree } from './logical-plan.ts'
import { physicalTrees } from './physical-plan.ts'
import { drawTree, type TextTree } from './tree.ts'

/** A graph, and what may go wrong with it, by node. */
export interface Plan {
  readonly graph: OperatorGraph
  readonly warnings: readonly Advice[]
}

export function explainPlan(
  roots: readonly LogicalNode[],
  { graph, warnings }: Plan,
  details: readonly ExplainDetail[],
  context: PlannerContext,
): string {
  const has = (detail: ExplainDetail): boolean => details.includes(detail)
  const advice = has('PLAN_ADVICE') ? adviceFor(graph, warnings, context) : []
  const exchanges = exchangesOf(graph, context)
  const physical = physicalTrees(graph, {
    changelogMode: has('CHANGELOG_MODE'),
    estimatedCost: has('ESTIMATED_COST'),
    reuse: false,
    exchanges,
    advice,
  })
  const plain = { changelogMode: false, estimatedCost: false, advice: [] }
  const execution = physicalTrees(graph, { ...plain, reuse: true, exchanges })
  const sections = [
    section('Abstract Syntax Tree', drawAll(roots.map(logicalTree))),
    has('PLAN_ADVICE')
      ? section('Optimized Physical Plan With Advice', `${drawAll(physical)}\n\n${adviceText(advice)}`)
      : section('Optimized Physical Plan', drawAll(physical)),
    section('Optimized Execution Plan', drawAll(execution)),
  ]
  if (has('JSON_EXECUTION_PLAN')) sections.push(section('Physical Execution Plan', JSON.stringify(graph, null, 2)))
  return sections.join('\n')
}

/** Flink prints them with one worker too; here there are none then. */
function exchangesOf(graph: OperatorGraph, { configuration, connectors }: PlannerContext): readonly Exchange[] {
  const parallelism = configuration.int('parallelism.default')
  if (parallelism <= 1 || callsProgram(graph)) return []
  const runsParallel = (node: OperatorNode): boolean => isDivisible(connectors, node)
  return planDeployment(graph, parallelism, parallelism, runsParallel, allowsTwoPhases(configuration)).exchanges
}

function section(title: string, body: string): string {
  return `== ${title} ==\n${body}\n`
}

function drawAll(trees: readonly TextTree[]): string {
  return trees.map(drawTree).join('\n\n')
}

function adviceText(advice: readonly Advice[]): string {
  if (advice.length === 0) return 'No available advice...'
  return advice.map(({ text }, index) => `advice[${index + 1}]: ${text}`).join('\n')
}
