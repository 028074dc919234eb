/**
 * `left, LATERAL (SELECT …)`: a query in FROM that reads columns of the row to its left. Its conditions become those
 * of a join, as of any correlated subquery; the first rows of each value of the left side become a Top-N, as Flink's
 * CorrelateSortToRankRule has it.
 */
import { isDeepStrictEqual } from 'node:util'
import { withNullability } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { Expression, SortField } from '../expression.ts'
import { conjunction, conjunctsOf, mapInputs, substitute } from '../expression-rewrite.ts'
import { createJoin } from '../logical/join.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createProject, selectColumns } from '../logical/project.ts'
import { createRank } from '../logical/rank.ts'
import type { Sort } from '../logical/sort.ts'
import { aliased, type BoundSource } from './alias.ts'
import { type BinderContext, errorAt, statementPosition, unsupported } from './binder-context.ts'
import { decorrelate, type OuterQuery } from './decorrelate.ts'
import { bindJoin } from './join.ts'
import { booleanLiteral, literal } from './literal.ts'
import { hasOuter, OUTER_BASE } from './outer-column.ts'

/** @param query the subquery, without an ORDER BY that means nothing */
export function bindLateral(
  context: BinderContext,
  join: ast.Join,
  item: ast.DerivedTable,
  left: BoundSource,
  query: ast.Query,
): BoundSource {
  if (join.type === 'RIGHT' || join.type === 'FULL') {
    throw unsupported(
      context,
      item.span,
      `${join.type} JOIN of LATERAL`,
      'LATERAL is computed from the row to its left: write CROSS JOIN, or LEFT JOIN … ON TRUE.',
    )
  }
  const plan = context.bindQuery({ ...context, outer: left.scope }, query)
  const position = statementPosition(context, item.span)
  const ranked = isCross(join) ? firstOfEach(left.plan, plan, position) : undefined
  const right = aliased(context, plan, [], item.alias)
  if (ranked !== undefined) return bindJoin(context, join, left, right, () => ranked)
  const list = plan.kind === 'project' && plan.expressions.some(hasOuter) ? plan : undefined
  const found = decorrelate(list?.input ?? plan, outerOf(context, item, left))
  const width = left.plan.schema.fields.length
  const conditions = found.conditions.map((condition) => overBoth(condition, width))
  const on = (condition: Expression): Expression => conjunction([...conditions, condition]) ?? condition
  if (list === undefined) {
    return bindJoin(context, join, left, { ...right, plan: found.plan }, (joinType, condition) =>
      createJoin(joinType, left.plan, found.plan, on(condition), { position }),
    )
  }
  return bindJoin(context, join, left, right, (joinType, condition) => {
    const computed = list.expressions.map((expression) => overBoth(expression, width))
    const below = substitute(condition, [...columnsOf(left.plan), ...computed])
    const there = withTrue(found.plan)
    const joined = createJoin(joinType, left.plan, there, on(below), { position })
    const made = joinType === 'left' ? computed.map((value) => nullUnless(lastColumn(joined), value)) : computed
    const fields = list.schema.fields.map((field, index) => ({ ...field, type: made[index]?.type ?? field.type }))
    return createProject(joined, [...columnsOf(left.plan), ...made], {
      fields: [...left.plan.schema.fields, ...fields],
    })
  })
}

/** With a column that says whether an outer join has found a row. */
function withTrue(plan: LogicalNode): LogicalNode {
  const fields = [...plan.schema.fields, { name: '$there', type: { kind: 'BOOLEAN', nullable: false } } as const]
  return createProject(plan, [...columnsOf(plan), booleanLiteral(true)], { fields })
}

function columnsOf(plan: LogicalNode): readonly Expression[] {
  return plan.schema.fields.map(({ type }, index) => ({ kind: 'input', index, type }))
}

function lastColumn(plan: LogicalNode): Expression {
  return columnsOf(plan).at(-1) ?? booleanLiteral(true)
}

/** What the list computes is NULL where the join has found nothing, even if the left side's columns alone give a value. */
function nullUnless(there: Expression, value: Expression): Expression {
  const type = withNullability(value.type, true)
  const condition: Expression = {
    kind: 'call',
    function: 'IS NOT NULL',
    args: [there],
    type: { kind: 'BOOLEAN', nullable: false },
  }
  return { kind: 'case', whens: [{ condition, result: value }], otherwise: literal(null, type), type }
}

function isCross(join: ast.Join): boolean {
  return join.type === 'CROSS' || join.type === 'COMMA'
}

function outerOf(context: BinderContext, item: ast.DerivedTable, left: BoundSource): OuterQuery {
  return {
    plan: left.plan,
    column: (reference) => reference,
    refuse: (what) =>
      errorAt(context, item.span, 'UNSUPPORTED_FEATURE', `LATERAL with ${what} is not supported`, {
        hint: 'The first rows of each value: write ROW_NUMBER() OVER (PARTITION BY …). Else: a join of the two queries.',
      }),
  }
}

/** Over the columns of the left side and then of the subquery. */
function overBoth(condition: Expression, width: number): Expression {
  return mapInputs(condition, (input) =>
    input.index >= OUTER_BASE
      ? { ...input, index: input.index - OUTER_BASE }
      : { ...input, index: input.index + width },
  )
}

/** `(SELECT DISTINCT k FROM t), LATERAL (SELECT … FROM t WHERE k = … ORDER BY … LIMIT n)`: a Top-N of t by k. */
function firstOfEach(
  left: LogicalNode,
  right: LogicalNode,
  position: ReturnType<typeof statementPosition>,
): LogicalNode | undefined {
  const values = throughColumns(left)
  const rows = throughColumns(right)
  if (values.node.kind !== 'aggregate' || values.node.aggregates.length > 0) return undefined
  const sort = rows.node
  if (sort.kind !== 'sort' || sort.offset > 0 || sort.fetch === undefined) return undefined
  const sorted = throughColumns(sort.input)
  if (sorted.node.kind !== 'filter') return undefined
  const { input: table, condition } = sorted.node
  const distinct = throughColumns(values.node.input)
  if (!isDeepStrictEqual(distinct.node, table)) return undefined
  const pairs = conjunctsOf(condition).map(equalColumns)
  const partition = values.node.keys.map((_, column) => {
    const of = values.columns.indexOf(column)
    return pairs.find((pair) => pair !== undefined && pair.outer === of)?.inner ?? -1
  })
  const whole = pairs.every((pair) => pair !== undefined && values.columns[pair.outer] !== undefined)
  const same = values.node.keys.every((key, index) => distinct.columns[key] === partition[index])
  if (!whole || !same || pairs.length !== partition.length) return undefined
  const rank = createRank({
    input: table,
    partition,
    order: orderOf(sort, sorted.columns),
    range: { kind: 'constant', start: 1, end: sort.fetch },
    outputRankNumber: false,
    rankName: 'rank_num',
    position,
  })
  const keys = values.columns.map((column) => partition[column] ?? 0)
  return selectColumns(rank, [...keys, ...rows.columns.map((column) => sorted.columns[column] ?? 0)])
}

function orderOf(sort: Sort, columns: readonly number[]): readonly SortField[] {
  return sort.order.map((field) => ({ ...field, column: columns[field.column] ?? 0 }))
}

/** What projections of mere columns are over, and where each column comes from. */
function throughColumns(plan: LogicalNode): { readonly node: LogicalNode; readonly columns: readonly number[] } {
  let node = plan
  let columns: readonly number[] = [...plan.schema.fields.keys()]
  while (node.kind === 'project') {
    const from = node.expressions.map((expression) => (expression.kind === 'input' ? expression.index : -1))
    if (from.includes(-1) || from.some((index) => index >= OUTER_BASE)) break
    columns = columns.map((column) => from[column] ?? 0)
    node = node.input
  }
  return { node, columns }
}

/** Of `column = column of the left side`: both positions. */
function equalColumns(condition: Expression): { readonly inner: number; readonly outer: number } | undefined {
  if (condition.kind !== 'call' || condition.function !== '=') return undefined
  const [a, b] = condition.args
  if (a?.kind !== 'input' || b?.kind !== 'input' || a.index >= OUTER_BASE === b.index >= OUTER_BASE) return undefined
  const [inner, outer] = a.index >= OUTER_BASE ? [b, a] : [a, b]
  return { inner: inner.index, outer: outer.index - OUTER_BASE }
}
