/** SELECT: FROM, WHERE, GROUP BY, HAVING, the list, DISTINCT, in this order. */
import type { Field, SqlType } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { Expression, SortField } from '../expression.ts'
import { conjunction } from '../expression-rewrite.ts'
import { createAggregate } from '../logical/aggregate.ts'
import { createFilter } from '../logical/filter.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createProject } from '../logical/project.ts'
import { createValues } from '../logical/values.ts'
import { AggregateCollector, replaceParts } from './aggregate-collector.ts'
import { type BinderContext, errorAt, unsupported } from './binder-context.ts'
import { expressionContext } from './expression.ts'
import { bindCondition, type ExpressionContext } from './expression-context.ts'
import type { BoundSource } from './alias.ts'
import { bindFrom } from './from.ts'
import { checkJoinHints } from './join-hint.ts'
import { checkStateTtlHints, stateTtlHints } from './hints.ts'
import { bindGroupBy } from './group-by.ts'
import { bindGroups } from './grouping.ts'
import { checkLookupHints, lookupHints } from './lookup-hint.ts'
import { withoutLostTimes } from './lost-times.ts'
import { SubqueryCollector } from './subquery.ts'
import { withoutTimeAttribute } from './types.ts'
import { hasOver, OverCollector, type OverInput, overGroups, overPlan } from './over.ts'
import { withOrderColumns } from './order-by.ts'
import { accessField, allColumns, EMPTY_SCOPE, isNamed, resolveColumn, type Scope } from './scope.ts'

/** A column of the result. */
export interface SelectColumn {
  readonly name: string
  readonly expression: Expression
  readonly span: ast.Span
}

/** What SELECT gives, and by which of its columns ORDER BY orders it. */
export interface OrderedSelect {
  /** The columns of the list, then those that only ORDER BY needs. */
  readonly plan: LogicalNode
  readonly order: readonly SortField[]
  /** Number of columns of the list. */
  readonly width: number
}

export function bindSelect(
  context: BinderContext,
  node: ast.Select,
  orderBy: readonly ast.OrderItem[] = [],
): OrderedSelect {
  refuseClauses(context, node)
  const ttls = stateTtlHints(context, node.hints)
  const lookups = lookupHints(context, node.hints)
  const source =
    node.from === undefined ? oneRow() : bindFrom({ ...context, stateTtl: ttls, lookupHints: lookups }, node.from)
  checkStateTtlHints(context, node.hints, source.scope)
  checkLookupHints(context, node.hints, source.scope)
  checkJoinHints(context, node.hints, node.from, source.scope)
  const stateTtl = source.scope.relations.length === 1 ? [...ttls.values()].at(-1) : undefined
  const spans = new WeakMap<Expression, ast.Span>()
  const filtered = bindWhere(context, node, source, spans)
  const { outer } = context
  const scope = outer === undefined ? source.scope : { ...source.scope, outer }
  const inner = expressionContext(context, scope, 'GROUP BY', spans)
  const groupBy = bindGroupBy(inner, node.groupBy, node.items)
  const ofArguments = new SubqueryCollector()
  const aggregates = new AggregateCollector(groupBy.hasGroups, ofArguments)
  const over = new OverCollector(node.windows)
  const subqueries = new SubqueryCollector()
  const selecting: ExpressionContext = {
    ...inner,
    scope: { ...withoutLostTimes(context, scope, filtered), correlates: true },
    clause: 'the SELECT list',
    aggregates,
    over,
    subqueries,
    auxiliary: (call: ast.CallExpression) => groupBy.auxiliary(inner, call),
  }
  const list = bindItems(selecting, node.items)
  const { columns, order } = withOrderColumns({ ...selecting, clause: 'ORDER BY' }, list, orderBy, node.distinct)
  const qualify = node.qualify === undefined ? undefined : bindQualify(selecting, node.qualify, node.items, list)
  const { over: _, ...grouping } = selecting
  const having =
    node.having === undefined ? [] : bindConditions({ ...grouping, clause: 'HAVING' }, subqueries, node.having)
  const grouped = node.groupBy !== undefined || node.having !== undefined || aggregates.aggregates.length > 0
  const below = ofArguments.attach(filtered, (expression) => expression)
  const group = (wanted: readonly Omit<SelectColumn, 'span'>[]): LogicalNode =>
    bindGroups({
      context: inner,
      input: below.plan,
      groupBy,
      aggregates: aggregates.aggregates.map((call) => replaceParts(call, below.replace)),
      columns: wanted,
      having,
      subqueries,
      stateTtl,
    })
  const project = (): LogicalNode => (grouped ? group(columns) : projectOf(filtered, columns, subqueries))
  if (!over.isEmpty && !subqueries.isEmpty) throw besideWindows(context, node)
  const windows = grouped ? overGroups(group) : overPlan(filtered)
  const plan = over.isEmpty ? project() : withWindows(over, windows, columns, qualify)
  return { plan: node.distinct ? distinct(plan, stateTtl) : plan, order, width: list.length }
}

function besideWindows(context: BinderContext, { span }: ast.Select): Error {
  return unsupported(context, span, 'a subquery beside a call with OVER', 'Compute one of them in a query in FROM.')
}

function refuseClauses(context: BinderContext, node: ast.Select): void {
  const names = new Set<string>()
  for (const { name } of node.windows) {
    if (names.has(name.name))
      throw errorAt(context, name.span, 'INVALID_DEFINITION', `WINDOW defines "${name.name}" twice`)
    names.add(name.name)
  }
}

/** A condition on calls with OVER; names that the list gives may stand for them. */
function bindQualify(
  context: ExpressionContext,
  node: ast.Expression,
  items: readonly ast.SelectItem[],
  columns: readonly SelectColumn[],
): Expression {
  const given = new Set(items.flatMap((item) => item.alias?.name ?? []))
  const aliases = new Map(columns.flatMap(({ name, expression }) => (given.has(name) ? [[name, expression]] : [])))
  const condition = bindCondition({ ...context, clause: 'QUALIFY', aliases }, node)
  if (hasOver(condition)) return condition
  throw errorAt(context, node.span, 'INVALID_ARGUMENT', 'QUALIFY needs a condition on a call with OVER', {
    hint: 'WHERE filters rows, HAVING filters groups.',
  })
}

function withWindows(
  over: OverCollector,
  input: OverInput,
  columns: readonly SelectColumn[],
  qualify: Expression | undefined,
): LogicalNode {
  const conditions = qualify === undefined ? [] : [qualify]
  const { node, rewritten } = over.plan(input, [...columns.map(({ expression }) => expression), ...conditions])
  const condition = qualify === undefined ? undefined : rewritten[columns.length]
  const filtered = condition === undefined ? node : createFilter(node, condition)
  return projectOf(
    filtered,
    columns.map((column, index) => ({ ...column, expression: rewritten[index] ?? column.expression })),
    new SubqueryCollector(),
  )
}

function oneRow(): BoundSource {
  return { plan: createValues([[]], { fields: [] }), scope: EMPTY_SCOPE }
}

function bindWhere(
  context: BinderContext,
  node: ast.Select,
  source: BoundSource,
  spans: WeakMap<Expression, ast.Span>,
): LogicalNode {
  if (node.where === undefined) return source.plan
  const { outer } = context
  const scope = outer === undefined ? source.scope : { ...source.scope, outer, correlates: true }
  const subqueries = new SubqueryCollector()
  const where = { ...expressionContext(context, scope, 'WHERE', spans), subqueries }
  const conditions = bindConditions(where, subqueries, node.where)
  const { plan, replace } = subqueries.attach(source.plan, (expression) => expression)
  const condition = conjunction(conditions.map((part) => replace(part)))
  return condition === undefined ? plan : createFilter(plan, condition)
}

/** The conditions joined by AND, but those that become joins. */
function bindConditions(
  context: ExpressionContext,
  subqueries: SubqueryCollector,
  node: ast.Expression,
): readonly Expression[] {
  const parts: ast.Expression[] = []
  let left = node
  while (left.kind === 'binary' && left.operator === 'AND') {
    parts.unshift(left.right)
    left = left.left
  }
  return [left, ...parts]
    .flatMap((part) => (part.kind === 'binary' && part.operator === 'AND' ? conjuncts(part) : [part]))
    .flatMap((part) => (subqueries.predicate(context, part) ? [] : [bindCondition(context, part)]))
}

function conjuncts(node: ast.Expression): readonly ast.Expression[] {
  if (node.kind !== 'binary' || node.operator !== 'AND') return [node]
  return [...conjuncts(node.left), ...conjuncts(node.right)]
}

function bindItems(context: ExpressionContext, items: readonly ast.SelectItem[]): readonly SelectColumn[] {
  const columns: SelectColumn[] = []
  for (const item of items) {
    if (item.expression.kind === 'star') {
      columns.push(...expandStar(context, item.expression))
      continue
    }
    const expression = context.bind(context, item.expression)
    const name = item.alias?.name ?? implicitName(item.expression) ?? `EXPR$${columns.length}`
    columns.push({ name, expression, span: item.expression.span })
  }
  return columns
}

function implicitName(node: ast.Expression): string | undefined {
  if (node.kind === 'column') return node.path.at(-1)?.name
  return node.kind === 'field' ? node.field.name : undefined
}

/** `*`, `t.*`, and `row.*` for the fields of a ROW column. */
function expandStar(context: ExpressionContext, star: ast.Star): readonly SelectColumn[] {
  const { scope } = context
  const qualifier = star.qualifier.map((part) => part.name)
  if (qualifier.length === 0) {
    const all = allColumns(scope).map(({ name, expression }) => columnOf(context, expression, { name }, star.span))
    if (all.length > 0) return all
  }
  const relations = scope.relations.filter((relation) => isNamed(relation, qualifier))
  const columns = relations.flatMap((relation) =>
    relation.fields.map((field, index) =>
      columnOf(context, { kind: 'input', index: relation.offset + index, type: field.type }, field, star.span),
    ),
  )
  if (columns.length > 0) return columns
  if (qualifier.length === 0) {
    throw errorAt(context, star.span, 'INVALID_ARGUMENT', 'SELECT * needs a table in FROM')
  }
  const row = resolveStarRow(context, scope, star)
  const { type } = row
  if (type.kind !== 'ROW') {
    throw errorAt(
      context,
      star.span,
      'UNKNOWN_TABLE',
      `"${qualifier.join('.')}" is neither a table nor a ROW column here`,
    )
  }
  return type.fields.map((field) => {
    const name: ast.Identifier = { kind: 'identifier', name: field.name, quoted: true, span: star.span }
    return columnOf(context, accessField(context, row, name), field, star.span)
  })
}

function resolveStarRow(context: ExpressionContext, scope: Scope, star: ast.Star): Expression {
  return resolveColumn(context, scope, star.qualifier, star.span)
}

function columnOf(
  context: ExpressionContext,
  expression: Expression,
  field: Pick<Field, 'name'>,
  span: ast.Span,
): SelectColumn {
  context.spans.set(expression, span)
  return { name: field.name, expression, span }
}

function projectOf(input: LogicalNode, columns: readonly SelectColumn[], subqueries: SubqueryCollector): LogicalNode {
  const { plan, replace } = subqueries.attach(input, (expression) => expression)
  // Behind the joins with subqueries there are no time attributes.
  const typeOf = ({ type }: Expression): SqlType => (subqueries.isEmpty ? type : withoutTimeAttribute(type))
  const fields = columns.map(({ name, expression }) => ({ name, type: typeOf(expression) }))
  return createProject(
    plan,
    columns.map(({ expression }) => replace(expression)),
    { fields },
  )
}

/** One row for each combination of values. Time attributes end here, as in any grouping. */
export function distinct(input: LogicalNode, stateTtl?: number): LogicalNode {
  const keys = input.schema.fields.map((_, index) => index)
  const aggregate = createAggregate(input, keys, [], stateTtl)
  const fields = aggregate.schema.fields.map((field) => ({ ...field, type: withoutTimeAttribute(field.type) }))
  return { ...aggregate, schema: { fields } }
}
