/** SELECT: FROM, WHERE, GROUP BY, HAVING, the list, DISTINCT, in this order. */
import type { Field } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { Expression, SortField } from '../expression.ts'
import { createAggregate } from '../logical/aggregate.ts'
import { createFilter } from '../logical/filter.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createProject } from '../logical/project.ts'
import { createValues } from '../logical/values.ts'
import { AggregateCollector } from './aggregate-collector.ts'
import { type BinderContext, errorAt, unsupported } from './binder-context.ts'
import { expressionContext } from './expression.ts'
import { bindCondition, type ExpressionContext } from './expression-context.ts'
import type { BoundSource } from './alias.ts'
import { bindFrom } from './from.ts'
import { stateTtlHint } from './hints.ts'
import { bindGroups, type GroupKey } from './grouping.ts'
import { bindGroupWindow, type GroupWindow, isGroupWindow } from './group-window.ts'
import { withoutTimeAttribute } from './types.ts'
import { hasOver, OverCollector, type OverInput, overGroups, overPlan } from './over.ts'
import { withOrderColumns } from './order-by.ts'
import { accessField, EMPTY_SCOPE, isNamed, resolveColumn, type Scope, scopeFields } from './scope.ts'

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
  const source = node.from === undefined ? oneRow() : bindFrom(context, node.from)
  const stateTtl = stateTtlHint(context, node.hints, source.scope)
  const spans = new WeakMap<Expression, ast.Span>()
  const filtered = bindWhere(context, node, source, spans)
  const groups = groupingExpressions(context, node)
  const inner = expressionContext(context, source.scope, 'GROUP BY', spans)
  const window = bindWindowOf(inner, filtered, groups)
  const aggregates = new AggregateCollector(groups.length > 0)
  const over = new OverCollector(node.windows)
  const selecting: ExpressionContext = {
    ...inner,
    clause: 'the SELECT list',
    aggregates,
    over,
    ...(window === undefined ? {} : { auxiliary: (call: ast.CallExpression) => window.auxiliary(call) }),
  }
  const list = bindItems(selecting, node.items)
  const { columns, order } = withOrderColumns({ ...selecting, clause: 'ORDER BY' }, list, orderBy, node.distinct)
  const qualify = node.qualify === undefined ? undefined : bindQualify(selecting, node.qualify, node.items, list)
  const { over: _, ...grouping } = selecting
  const having = node.having === undefined ? undefined : bindCondition({ ...grouping, clause: 'HAVING' }, node.having)
  const keys = bindKeys(inner, groups, window, node.items)
  const grouped = node.groupBy !== undefined || having !== undefined || aggregates.aggregates.length > 0
  const input = window?.plan ?? filtered
  const group = (wanted: readonly Omit<SelectColumn, 'span'>[]): LogicalNode =>
    bindGroups({ context: inner, input, keys, aggregates: aggregates.aggregates, columns: wanted, having, stateTtl })
  const project = (): LogicalNode => (grouped ? group(columns) : projectOf(input, columns))
  const windows = grouped ? overGroups(group) : overPlan(input)
  const plan = over.isEmpty ? project() : withWindows(over, windows, columns, qualify)
  return { plan: node.distinct ? distinct(plan, stateTtl) : plan, order, width: list.length }
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
  const condition = bindCondition(expressionContext(context, source.scope, 'WHERE', spans), node.where)
  return createFilter(source.plan, condition)
}

function groupingExpressions(context: BinderContext, node: ast.Select): readonly ast.Expression[] {
  if (node.groupBy === undefined) return []
  if (node.groupBy.distinct) throw unsupported(context, node.groupBy.span, 'GROUP BY DISTINCT')
  return node.groupBy.items.flatMap((item) => {
    if (item.kind === 'grouping-sets') throw unsupported(context, item.span, item.type)
    return item.expressions
  })
}

function bindWindowOf(
  context: ExpressionContext,
  input: LogicalNode,
  groups: readonly ast.Expression[],
): GroupWindow | undefined {
  const [call, second] = groups.filter(isGroupWindow)
  if (second !== undefined) throw unsupported(context, second.span, 'a second window in GROUP BY')
  return call === undefined ? undefined : bindGroupWindow(context, input, call)
}

function bindKeys(
  context: ExpressionContext,
  groups: readonly ast.Expression[],
  window: GroupWindow | undefined,
  items: readonly ast.SelectItem[],
): readonly GroupKey[] {
  return groups.flatMap((node): GroupKey[] => {
    if (window !== undefined && isGroupWindow(node)) {
      return window.keys.map((expression) => ({ expression, span: node.span }))
    }
    if (node.kind === 'number') {
      throw errorAt(context, node.span, 'INVALID_AGGREGATE', `GROUP BY ${node.text} groups by a constant`, {
        detail: 'Positions of the SELECT list cannot stand in GROUP BY.',
        hint: 'Repeat the expression.',
      })
    }
    return [{ expression: bindKey(context, node, items), span: node.span }]
  })
}

/** GROUP BY knows the columns of FROM, not the names that the list gives. */
function bindKey(context: ExpressionContext, node: ast.Expression, items: readonly ast.SelectItem[]): Expression {
  const alias = node.kind === 'column' && node.path.length === 1 ? node.path[0]?.name : undefined
  const item = alias === undefined ? undefined : items.find((candidate) => candidate.alias?.name === alias)
  if (alias === undefined || item === undefined) return context.bind(context, node)
  if (scopeFields(context.scope).some((field) => field.name === alias)) return context.bind(context, node)
  const text = context.sql.slice(item.expression.span.start, item.expression.span.end)
  throw errorAt(context, node.span, 'UNKNOWN_COLUMN', `column "${alias}" does not exist`, {
    detail: 'It is a name that the SELECT list gives, which GROUP BY does not know.',
    hint: `Write GROUP BY ${text}.`,
  })
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

function columnOf(context: ExpressionContext, expression: Expression, field: Field, span: ast.Span): SelectColumn {
  context.spans.set(expression, span)
  return { name: field.name, expression, span }
}

function projectOf(input: LogicalNode, columns: readonly SelectColumn[]): LogicalNode {
  const fields = columns.map(({ name, expression }) => ({ name, type: expression.type }))
  return createProject(
    input,
    columns.map(({ expression }) => expression),
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
