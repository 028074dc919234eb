/**
 * Items of FROM that are computed from the row to their left: UNNEST
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/joins/, "Array, Multiset and Map
 * Expansion").
 */
import { type Field, typeToString, withNullability } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { Expression } from '../expression.ts'
import { createCorrelate, unnestedFields } from '../logical/correlate.ts'
import { createFilter } from '../logical/filter.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createProject, selectColumns } from '../logical/project.ts'
import { createValues } from '../logical/values.ts'
import { type BoundSource, renamed } from './alias.ts'
import { type BinderContext, errorAt, unsupported } from './binder-context.ts'
import { bindExpression, expressionContext } from './expression.ts'
import { bindCondition } from './expression-context.ts'
import { EMPTY_SCOPE, type Scope } from './scope.ts'

type CorrelatedItem = ast.Unnest

export function isCorrelated(node: ast.TableReference): node is CorrelatedItem {
  return node.kind === 'unnest'
}

/** UNNEST without anything to its left. */
export function bindUnnest(context: BinderContext, node: ast.Unnest): BoundSource {
  const nothing = { plan: createValues([[]], { fields: [] }), scope: EMPTY_SCOPE }
  return bindItem(context, node, nothing, 'inner')
}

/** `left JOIN UNNEST(…)`, `left, UNNEST(…)`. */
export function bindCorrelated(
  context: BinderContext,
  join: ast.Join,
  item: CorrelatedItem,
  left: BoundSource,
): BoundSource {
  const what = 'UNNEST'
  if (join.natural) throw unsupported(context, join.span, `NATURAL JOIN of ${what}`)
  const { condition } = join
  if (condition?.kind === 'join-using') throw unsupported(context, condition.span, `USING with ${what}`)
  if (join.type === 'RIGHT' || join.type === 'FULL') {
    throw unsupported(
      context,
      join.span,
      `${join.type} JOIN of ${what}`,
      `${what} is computed from the row to its left: write CROSS JOIN, or LEFT JOIN … ON TRUE.`,
    )
  }
  const joinType = join.type === 'LEFT' ? 'left' : 'inner'
  const bound = bindItem(context, item, left, joinType)
  if (condition === undefined) return bound
  const predicate = bindCondition(expressionContext(context, bound.scope, 'ON'), condition.condition)
  if (predicate.kind === 'literal' && predicate.value === true) return bound
  if (joinType === 'left') {
    throw unsupported(
      context,
      condition.span,
      `a condition of LEFT JOIN ${what}`,
      'Only ON TRUE is supported: move the condition into a subquery, or use an inner join.',
    )
  }
  return { plan: createFilter(bound.plan, predicate), scope: bound.scope }
}

function bindItem(
  context: BinderContext,
  node: CorrelatedItem,
  left: BoundSource,
  joinType: 'inner' | 'left',
): BoundSource {
  const width = left.plan.schema.fields.length
  const collection = bindCollection(context, node, left.scope)
  if (node.withOrdinality && joinType === 'left') {
    throw unsupported(
      context,
      node.span,
      'WITH ORDINALITY in a LEFT JOIN',
      'Write CROSS JOIN UNNEST(…) WITH ORDINALITY.',
    )
  }
  const known = collection.kind === 'input'
  const input = known ? left.plan : withColumn(left.plan, collection)
  const invocation = {
    kind: 'unnest',
    collection: known ? collection.index : width,
    withOrdinality: node.withOrdinality,
  } as const
  const correlate = createCorrelate(input, invocation, joinType)
  const kept = [...correlate.schema.fields.keys()].filter((column) => known || column !== width)
  const plan = known ? correlate : selectColumns(correlate, kept)
  const fields = relationFields(context, node, plan.schema.fields.slice(width), collection)
  const relation = { names: node.alias === undefined ? [] : [node.alias.name.name], offset: width, fields }
  return { plan, scope: { ...left.scope, relations: [...left.scope.relations, relation] } }
}

function bindCollection(context: BinderContext, node: ast.Unnest, scope: Scope): Expression {
  const [operand, second] = node.operands
  if (operand === undefined || second !== undefined) {
    throw unsupported(
      context,
      node.span,
      'UNNEST of several collections',
      'Write CROSS JOIN UNNEST(…) once for each: that gives all combinations.',
    )
  }
  const collection = bindExpression(expressionContext(context, scope, 'UNNEST'), operand)
  if (unnestedFields(collection.type) !== undefined) return collection
  throw errorAt(
    context,
    operand.span,
    'TYPE_MISMATCH',
    `UNNEST needs an ARRAY, MAP or MULTISET, not ${typeToString(withNullability(collection.type, true))}`,
  )
}

function withColumn(input: LogicalNode, expression: Expression): LogicalNode {
  const { fields } = input.schema
  const columns = fields.map(({ type }, index): Expression => ({ kind: 'input', index, type }))
  const schema = { fields: [...fields, { name: `$f${fields.length}`, type: expression.type }] }
  return createProject(input, [...columns, expression], schema)
}

/** Names as a query sees them: those of the alias, or the standard's. */
function relationFields(
  context: BinderContext,
  node: ast.Unnest,
  fields: readonly Field[],
  collection: Expression,
): readonly Field[] {
  if (node.alias !== undefined && node.alias.columns.length > 0) return renamed(context, fields, node.alias)
  const names = standardNames(collection)
  return fields.map((field, index) => ({ ...field, name: names[index] ?? 'ORDINALITY' }))
}

function standardNames({ type }: Expression): readonly string[] {
  if (type.kind === 'MAP') return ['KEY', 'VALUE']
  if (type.kind !== 'ARRAY' && type.kind !== 'MULTISET') return []
  return type.element.kind === 'ROW' ? type.element.fields.map((field) => field.name) : ['EXPR$0']
}
