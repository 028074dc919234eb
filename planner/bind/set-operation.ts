/**
 * UNION, INTERSECT and EXCEPT (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/set-ops/).
 * As in Flink INTERSECT and EXCEPT are the different rows of a semi or anti join, in which NULL is equal to NULL; with
 * ALL the rows of both sides are counted together, and each comes out as often as the counts say.
 */
import type { Field, SqlType } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { AggregateCall, Expression } from '../expression.ts'
import { conjunction } from '../expression-rewrite.ts'
import { createAggregate } from '../logical/aggregate.ts'
import { createCorrelate } from '../logical/correlate.ts'
import { createFilter } from '../logical/filter.ts'
import { createJoin } from '../logical/join.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createProject } from '../logical/project.ts'
import { createUnion } from '../logical/union.ts'
import { type BinderContext, errorAt } from './binder-context.ts'
import { convertColumns, sharedType } from './convert.ts'
import { booleanLiteral, literal } from './literal.ts'
import { distinct } from './select.ts'

const NUMBER: SqlType = { kind: 'BIGINT', nullable: false }
const MARKER: SqlType = { kind: 'BOOLEAN', nullable: true }
const TRUTH: SqlType = { kind: 'BOOLEAN', nullable: false }

export function bindSetOperation(
  context: BinderContext,
  node: ast.SetOperation,
  bindBody: (body: ast.QueryBody) => LogicalNode,
): LogicalNode {
  const bodies = node.operator === 'UNION' && node.all ? unionAllParts(node) : [node.left, node.right]
  const given = bodies.map(bindBody)
  const fields = sharedFields(context, node, bodies, given)
  const inputs = given.map((input) => convertColumns(input, fields))
  const [left, right] = inputs
  if (node.operator === 'UNION' || left === undefined || right === undefined) {
    const union = createUnion(inputs, { fields })
    return node.all ? union : distinct(union)
  }
  if (!node.all) return distinct(joinedBy(node.operator === 'INTERSECT' ? 'semi' : 'anti', left, right))
  return node.operator === 'INTERSECT' ? intersectAll(left, right, fields) : exceptAll(left, right, fields)
}

/** `a UNION ALL b UNION ALL c` is one union of three. */
function unionAllParts(node: ast.SetOperation): readonly ast.QueryBody[] {
  const parts: ast.QueryBody[] = [node.right]
  let left = node.left
  while (left.kind === 'set-operation' && left.operator === 'UNION' && left.all) {
    parts.unshift(left.right)
    left = left.left
  }
  return [left, ...parts]
}

function sharedFields(
  context: BinderContext,
  { operator, span }: ast.SetOperation,
  bodies: readonly ast.QueryBody[],
  inputs: readonly LogicalNode[],
): readonly Field[] {
  const [first] = inputs
  const width = first?.schema.fields.length ?? 0
  for (const [index, input] of inputs.entries()) {
    const count = input.schema.fields.length
    if (count === width) continue
    const message = `${operator} needs the same number of columns: ${width} and ${count}`
    throw errorAt(context, bodies[index]?.span ?? span, 'TYPE_MISMATCH', message)
  }
  return Array.from({ length: width }, (_, column): Field => {
    const types = inputs.flatMap((input) => input.schema.fields[column]?.type ?? [])
    const name = first?.schema.fields[column]?.name ?? `EXPR$${column}`
    return { name, type: sharedType(context, types, `column "${name}" of ${operator}`, span) }
  })
}

function joinedBy(joinType: 'semi' | 'anti', left: LogicalNode, right: LogicalNode): LogicalNode {
  const width = left.schema.fields.length
  const equal = left.schema.fields.flatMap(({ type }, index): Expression[] => {
    const other = right.schema.fields[index]?.type
    if (other === undefined) return []
    const args = [input(index, type), input(width + index, other)]
    const name = type.nullable || other.nullable ? 'IS NOT DISTINCT FROM' : '='
    return [{ kind: 'call', function: name, args, type: TRUTH }]
  })
  return createJoin(joinType, left, right, conjunction(equal) ?? booleanLiteral(true))
}

function intersectAll(left: LogicalNode, right: LogicalNode, fields: readonly Field[]): LogicalNode {
  const width = fields.length
  const names = ['vcol_left_marker', 'vcol_right_marker']
  const set = booleanLiteral(true)
  const unset = literal(null, MARKER)
  const both = createUnion([marked(left, [set, unset], names), marked(right, [unset, set], names)], {
    fields: [...fields, ...names.map((name): Field => ({ name, type: MARKER }))],
  })
  const count = (name: string, index: number): AggregateCall => ({
    function: 'COUNT',
    args: [width + index],
    distinct: false,
    argumentTypes: [MARKER],
    type: NUMBER,
    name,
  })
  const counted = createAggregate(both, [...fields.keys()], [count('vcol_left_cnt', 0), count('vcol_right_cnt', 1)])
  const [mine, theirs] = [input(width, NUMBER), input(width + 1, NUMBER)]
  const present = [mine, theirs].map((side) => compare('>=', side, literal('1', NUMBER)))
  const kept = createFilter(counted, conjunction(present) ?? booleanLiteral(true))
  const smaller: Expression = {
    kind: 'case',
    whens: [{ condition: compare('>', mine, theirs), result: theirs }],
    otherwise: mine,
    type: NUMBER,
  }
  return replicated(kept, smaller, '$f0', fields)
}

function exceptAll(left: LogicalNode, right: LogicalNode, fields: readonly Field[]): LogicalNode {
  const width = fields.length
  const names = ['vcol_marker']
  const both = createUnion(
    [marked(left, [literal('1', NUMBER)], names), marked(right, [literal('-1', NUMBER)], names)],
    { fields: [...fields, { name: 'vcol_marker', type: NUMBER }] },
  )
  const sum: AggregateCall = {
    function: 'SUM',
    args: [width],
    distinct: false,
    argumentTypes: [NUMBER],
    type: NUMBER,
    name: 'sum_vcol_marker',
  }
  const counted = createAggregate(both, [...fields.keys()], [sum])
  const kept = createFilter(counted, compare('>', input(width, NUMBER), literal('0', NUMBER)))
  return replicated(kept, input(width, NUMBER), 'sum_vcol_marker', fields)
}

/** The columns with markers of the side behind them. */
function marked(node: LogicalNode, markers: readonly Expression[], names: readonly string[]): LogicalNode {
  const { fields } = node.schema
  const columns = fields.map(({ type }, index) => input(index, type))
  const added = markers.map(({ type }, index): Field => ({ name: names[index] ?? '', type }))
  return createProject(node, [...columns, ...markers], { fields: [...fields, ...added] })
}

/** Each row as often as the count says. */
function replicated(node: LogicalNode, count: Expression, name: string, fields: readonly Field[]): LogicalNode {
  const columns = fields.map(({ type }, index) => input(index, type))
  const counted = createProject(node, [count, ...columns], { fields: [{ name, type: count.type }, ...fields] })
  const width = fields.length + 1
  const args = [0, ...fields.map((_, index) => index + 1)]
  const rows = createCorrelate(counted, { kind: 'replicate-rows', args }, 'inner')
  return createProject(
    rows,
    fields.map(({ type }, index) => input(width + index, type)),
    { fields },
  )
}

function input(index: number, type: SqlType): Expression {
  return { kind: 'input', index, type }
}

function compare(operator: string, left: Expression, right: Expression): Expression {
  return { kind: 'call', function: operator, args: [left, right], type: TRUTH }
}
