/**
 * A chain of projections and filters as one program over what lies below it: a condition and projections. Chains are
 * merged unless that would evaluate something non-deterministic more than once.
 */
import type { Schema } from '../../core/types.ts'
import type { Expression } from '../expression.ts'
import { collectInputs, conjunction, substitute } from '../expression-rewrite.ts'
import type { LogicalNode } from '../logical/node.ts'
import type { RuleContext } from './rule-context.ts'

export interface Program {
  readonly base: LogicalNode
  readonly condition: Expression | undefined
  readonly projections: readonly Expression[]
  readonly schema: Schema
}

/** The longest mergeable chain at the top of the node; for other nodes the identity over them. */
export function programOf(node: LogicalNode, rules: RuleContext): Program {
  if (node.kind === 'filter') {
    const below = programOf(node.input, rules)
    if (!mergeable([node.condition], below, rules)) return over(node.input, node.condition, undefined, node.schema)
    const condition = conjunction(
      [below.condition, substitute(node.condition, below.projections)].filter((part) => part !== undefined),
    )
    return { ...below, condition, schema: node.schema }
  }
  if (node.kind === 'project') {
    const below = programOf(node.input, rules)
    if (!mergeable(node.expressions, below, rules)) return over(node.input, undefined, node.expressions, node.schema)
    const projections = node.expressions.map((expression) => substitute(expression, below.projections))
    return { ...below, projections, schema: node.schema }
  }
  return over(node, undefined, undefined, node.schema)
}

function over(
  base: LogicalNode,
  condition: Expression | undefined,
  projections: readonly Expression[] | undefined,
  schema: Schema,
): Program {
  return { base, condition, projections: projections ?? identity(base.schema), schema }
}

function identity(schema: Schema): readonly Expression[] {
  return schema.fields.map((field, index) => ({ kind: 'input', index, type: field.type }))
}

function mergeable(expressions: readonly Expression[], below: Program, rules: RuleContext): boolean {
  const uses = new Map<number, number>()
  for (const expression of expressions) {
    for (const index of collectInputs(expression)) uses.set(index, (uses.get(index) ?? 0) + 1)
  }
  return below.projections.every(
    (projection, index) => (uses.get(index) ?? 0) === 0 || rules.isDeterministic(projection) || uses.get(index) === 1,
  )
}

/** Whether the program hands on its input as it is, names apart. */
export function isIdentity(program: Program): boolean {
  return (
    program.condition === undefined &&
    program.projections.length === program.base.schema.fields.length &&
    program.projections.every((projection, index) => projection.kind === 'input' && projection.index === index)
  )
}
