/**
 * Items of FROM that are computed from the row to their left: UNNEST, and LATERAL TABLE(f(…)) of a table function
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/joins/, "Array, Multiset and Map
 * Expansion" and "Table Function").
 */
import type { Field } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { Expression } from '../expression.ts'
import { mapInputs } from '../expression-rewrite.ts'
import { createCorrelate } from '../logical/correlate.ts'
import { createFilter } from '../logical/filter.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createProject, selectColumns } from '../logical/project.ts'
import { createValues } from '../logical/values.ts'
import type { TableInvocation } from '../physical/graph.ts'
import { type BoundSource, renamed } from './alias.ts'
import { type BinderContext, unsupported } from './binder-context.ts'
import { expressionContext } from './expression.ts'
import { bindCondition } from './expression-context.ts'
import { EMPTY_SCOPE, type Scope } from './scope.ts'
import { bindTableFunctionCall } from './table-function.ts'
import { bindUnnestCall } from './unnest.ts'

type CorrelatedItem = ast.Unnest | ast.TableFunction

/** A call before its arguments are columns. */
export interface BoundInvocation {
  readonly args: readonly Expression[]
  readonly invoke: (columns: readonly number[]) => TableInvocation
  /** Names of the result's columns as a query sees them where the alias names none. */
  readonly names: readonly string[]
}

export function isCorrelated(node: ast.TableReference): node is CorrelatedItem {
  return node.kind === 'unnest' || (node.kind === 'table-function' && node.lateral)
}

/** Without anything to its left. */
export function bindUncorrelated(context: BinderContext, node: CorrelatedItem): BoundSource {
  return bindItem(context, node, { plan: createValues([[]], { fields: [] }), scope: EMPTY_SCOPE }, 'inner')
}

/** `left JOIN UNNEST(…)`, `left, LATERAL TABLE(…)`. */
export function bindCorrelated(
  context: BinderContext,
  join: ast.Join,
  item: CorrelatedItem,
  left: BoundSource,
): BoundSource {
  const what = item.kind === 'unnest' ? 'UNNEST' : 'LATERAL TABLE'
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
  if (join.type === 'LEFT') return bindItem(context, item, left, 'left', condition)
  const bound = bindItem(context, item, left, 'inner')
  const predicate = condition === undefined ? undefined : bindPredicate(context, condition, bound.scope)
  return predicate === undefined ? bound : { plan: createFilter(bound.plan, predicate), scope: bound.scope }
}

/** @returns undefined for ON TRUE */
function bindPredicate(context: BinderContext, node: ast.JoinOn, scope: Scope): Expression | undefined {
  const predicate = bindCondition(expressionContext(context, scope, 'ON'), node.condition)
  return predicate.kind === 'literal' && predicate.value === true ? undefined : predicate
}

function bindItem(
  context: BinderContext,
  node: CorrelatedItem,
  left: BoundSource,
  joinType: 'inner' | 'left',
  condition?: ast.JoinOn,
): BoundSource {
  const width = left.plan.schema.fields.length
  const call = bindInvocation(context, node, left.scope, joinType)
  const { input, columns } = withColumns(left.plan, call.args)
  const correlate = createCorrelate(input, call.invoke(columns), joinType)
  const made = input.schema.fields.length
  const kept = [...correlate.schema.fields.keys()].filter((column) => column < width || column >= made)
  const plan = made === width ? correlate : selectColumns(correlate, kept)
  const relation = {
    names: node.alias === undefined ? [] : [node.alias.name.name],
    offset: width,
    fields: relationFields(context, node, plan.schema.fields.slice(width), call.names),
  }
  const scope = { ...left.scope, relations: [...left.scope.relations, relation] }
  const bound = condition === undefined ? undefined : bindPredicate(context, condition, scope)
  if (bound === undefined) return { plan, scope }
  const predicate = mapInputs(bound, (column) => ({ ...column, index: kept[column.index] ?? column.index }))
  const filtered = createCorrelate(input, correlate.invocation, joinType, predicate)
  return { plan: made === width ? filtered : selectColumns(filtered, kept), scope }
}

function bindInvocation(
  context: BinderContext,
  node: CorrelatedItem,
  scope: Scope,
  joinType: 'inner' | 'left',
): BoundInvocation {
  return node.kind === 'unnest'
    ? bindUnnestCall(context, node, scope, joinType)
    : bindTableFunctionCall(context, node, scope)
}

/** The plan with a column for each argument that is none yet. */
function withColumns(
  plan: LogicalNode,
  args: readonly Expression[],
): { readonly input: LogicalNode; readonly columns: readonly number[] } {
  const { fields } = plan.schema
  const computed: Expression[] = []
  const columns = args.map((arg) => (arg.kind === 'input' ? arg.index : fields.length + computed.push(arg) - 1))
  if (computed.length === 0) return { input: plan, columns }
  const existing = fields.map(({ type }, index): Expression => ({ kind: 'input', index, type }))
  const added = computed.map(({ type }, index): Field => ({ name: `$f${fields.length + index}`, type }))
  return { input: createProject(plan, [...existing, ...computed], { fields: [...fields, ...added] }), columns }
}

function relationFields(
  context: BinderContext,
  node: CorrelatedItem,
  fields: readonly Field[],
  names: readonly string[],
): readonly Field[] {
  if (node.alias !== undefined && node.alias.columns.length > 0) return renamed(context, fields, node.alias)
  return fields.map((field, index) => ({ ...field, name: names[index] ?? field.name }))
}
