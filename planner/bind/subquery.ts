/**
 * Subqueries in expressions (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/joins/,
 * Flink's FlinkSubQueryRemoveRule). IN and EXISTS that a row of WHERE or HAVING has to fulfil become semi and anti
 * joins; anywhere else a subquery is joined, and the expression reads a column of it.
 *
 * While expressions are bound, the value of a subquery is a reference from SUBQUERY_BASE on. Once it is known what the
 * expressions are over, `attach` joins the subqueries with that and says what the references stand for.
 */
import { BIGINT, type Field, type SqlType, withNullability } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { AggregateCall, Expression } from '../expression.ts'
import { conjunction, mapInputs, substitute } from '../expression-rewrite.ts'
import { type Aggregate, createAggregate } from '../logical/aggregate.ts'
import { createFilter } from '../logical/filter.ts'
import { createJoin } from '../logical/join.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createProject } from '../logical/project.ts'
import { createValues } from '../logical/values.ts'
import { errorAt, unsupported } from './binder-context.ts'
import { applyFunction, implicitCast } from './call.ts'
import { commonType } from './coercion.ts'
import { type Decorrelated, decorrelate, isCorrelated, type OuterQuery } from './decorrelate.ts'
import type { ExpressionContext, Subqueries } from './expression-context.ts'
import { GROUPING_BASE } from './grouping-sets.ts'
import { booleanLiteral, literal } from './literal.ts'
import { OUTER_BASE } from './outer-column.ts'

/** References from here on are values of subqueries, by position. */
export const SUBQUERY_BASE = GROUPING_BASE + (1 << 20)
/** References from here on are columns of the subquery that is being bound. */
const INNER_BASE = GROUPING_BASE + (1 << 21)

const BOOLEAN: SqlType = { kind: 'BOOLEAN', nullable: true }

/** Turns an expression of the scope into one over the plan that the subqueries are joined with. */
export type Rewrite = (expression: Expression, span?: ast.Span) => Expression

interface Step {
  readonly plan: LogicalNode
  /** Over the plan. */
  readonly value: Expression
}

type Join = (left: LogicalNode, rewrite: Rewrite) => Step

export interface Attached {
  readonly plan: LogicalNode
  /** Puts the values of subqueries in the place of references to them. */
  readonly replace: Rewrite
}

export class SubqueryCollector implements Subqueries {
  readonly #values: Join[] = []
  readonly #predicates: ((left: LogicalNode, rewrite: Rewrite) => LogicalNode)[] = []

  get isEmpty(): boolean {
    return this.#values.length === 0 && this.#predicates.length === 0
  }

  value(context: ExpressionContext, node: ast.SubqueryExpression): Expression {
    const plan = bindSubquery(context, node.query)
    const [field, second] = plan.schema.fields
    if (field === undefined || second !== undefined) {
      const count = plan.schema.fields.length
      throw errorAt(context, node.span, 'TYPE_MISMATCH', `a scalar subquery has one column, not ${count}`)
    }
    const type = withNullability(field.type, true)
    const single = givesOneRow(plan) || (isCorrelated(plan) && isKeyless(plan)) ? plan : singleValue(plan, field)
    return this.#add(type, scalarJoin(context, node.span, single))
  }

  exists(context: ExpressionContext, node: ast.ExistsPredicate): Expression {
    const plan = withoutList(bindSubquery(context, node.query))
    if (alwaysHasRow(plan)) return booleanLiteral(true)
    const join = scalarJoin(context, node.span, anyRow(plan))
    return this.#add({ ...BOOLEAN, nullable: false }, (left, rewrite) => {
      const step = join(left, rewrite)
      return { ...step, value: isNotNull(step.value) }
    })
  }

  in(context: ExpressionContext, node: ast.InSubqueryPredicate): Expression {
    const { plan, operands } = bindMembership(context, node)
    const found = this.#add(BOOLEAN, memberJoin(context, node, plan, operands))
    return node.negated ? call('NOT', [found], BOOLEAN) : found
  }

  /** `x > ALL (SELECT …)` from the least or greatest value, how many rows there are, and how many that are not NULL. */
  quantified(context: ExpressionContext, node: ast.QuantifiedComparison & { readonly target: ast.Query }): Expression {
    const { operator, quantifier, target, operand, span } = node
    if (operator === '=' || operator === '<>') {
      const negated = operator === '<>'
      if (negated !== (quantifier === 'ALL')) throw unsupported(context, span, `${operator} ${quantifier}`)
      return this.in(context, { kind: 'in-subquery', operand, query: target, negated, span })
    }
    const plan = bindSubquery(context, target)
    const [field, second] = plan.schema.fields
    if (field === undefined || second !== undefined) throw wrongWidth(context, span, 1, plan)
    const value = context.bind(context, operand)
    const isAll = quantifier === 'ALL'
    const largest = (operator === '>' || operator === '>=') === isAll
    const limits = createAggregate(
      plan,
      [],
      [
        aggregateCall(largest ? 'MAX' : 'MIN', [0], withNullability(field.type, true), 'm', [field.type]),
        aggregateCall('COUNT', [], NUMBER, 'c', []),
        aggregateCall('COUNT', [0], NUMBER, 'd', [field.type]),
      ],
    )
    const compared = applyFunction(context, operator, [value, inner(0, withNullability(field.type, true))], span)
    const count = inner(1, BIGINT)
    const decided: Expression = {
      kind: 'case',
      whens: [
        { condition: noneOf(count), result: booleanLiteral(isAll) },
        { condition: call(isAll ? 'IS FALSE' : 'IS TRUE', [compared], TRUTH), result: booleanLiteral(!isAll) },
        { condition: call('<>', [count, inner(2, BIGINT)], BOOLEAN), result: literal(null, BOOLEAN) },
      ],
      otherwise: compared,
      type: BOOLEAN,
    }
    return this.#add(BOOLEAN, (left, rewrite) => leftJoin(context, span, left, limits, decided, rewrite))
  }

  /** IN and EXISTS, perhaps under NOT, as a condition that every row has to fulfil. */
  predicate(context: ExpressionContext, node: ast.Expression): boolean {
    let negated = false
    let inside = node
    while (inside.kind === 'unary' && inside.operator === 'NOT') {
      negated = !negated
      inside = inside.operand
    }
    if (inside.kind === 'quantified' && inside.target.kind === 'query') {
      const { operator, quantifier, target, operand, span } = inside
      const isIn = operator === '=' && quantifier === 'ANY'
      if (!isIn && !(operator === '<>' && quantifier === 'ALL')) return false
      inside = { kind: 'in-subquery', operand, query: target, negated: !isIn, span }
    }
    if (inside.kind === 'exists') {
      const plan = withoutList(bindSubquery(context, inside.query))
      this.#predicates.push(
        alwaysHasRow(plan)
          ? (left) => (negated ? createValues([], left.schema) : left)
          : existsJoin(context, inside.span, plan, negated),
      )
      return true
    }
    if (inside.kind !== 'in-subquery') return false
    const { plan, operands } = bindMembership(context, inside)
    const anti = inside.negated !== negated
    const conditions = operands.map((operand, index) =>
      memberCondition(context, inside.span, operand, plan, index, anti),
    )
    this.#predicates.push((left, rewrite) => {
      if (isCorrelated(plan) && isKeyless(plan) && (anti || counts(plan))) {
        throw outerOf(context, inside.span, left, rewrite).refuse('an aggregate without GROUP BY')
      }
      return semiJoin(context, inside.span, plan, conditions, anti)(left, rewrite)
    })
    return true
  }

  #add(type: SqlType, join: Join): Expression {
    return { kind: 'input', index: SUBQUERY_BASE + this.#values.push(join) - 1, type }
  }

  attach(input: LogicalNode, rewrite: Rewrite): Attached {
    let plan = input
    const values: Expression[] = []
    const replace: Rewrite = (expression) =>
      mapInputs(expression, (input) => {
        const { index } = input
        const value = index >= SUBQUERY_BASE && index < INNER_BASE ? values[index - SUBQUERY_BASE] : undefined
        return value ?? input
      })
    const both: Rewrite = (expression, span) => replace(rewrite(expression, span))
    for (const join of this.#values) {
      const step = join(plan, both)
      plan = step.plan
      values.push(step.value)
    }
    for (const join of this.#predicates) plan = join(plan, both)
    return { plan, replace }
  }
}

function bindSubquery(context: ExpressionContext, query: ast.Query): LogicalNode {
  const { sql, planner, commonTables, views, bindQuery, stateTtl, lookupHints, scope } = context
  return bindQuery({ sql, planner, commonTables, views, bindQuery, stateTtl, lookupHints, outer: scope }, query)
}

function wrongWidth(context: ExpressionContext, span: ast.Span, wanted: number, plan: LogicalNode): Error {
  const count = plan.schema.fields.length
  return errorAt(context, span, 'TYPE_MISMATCH', `the subquery has ${count} columns, and ${wanted} are compared`)
}

function bindMembership(
  context: ExpressionContext,
  node: ast.InSubqueryPredicate,
): { readonly plan: LogicalNode; readonly operands: readonly Expression[] } {
  const plan = bindSubquery(context, node.query)
  const given = node.operand.kind === 'row' ? node.operand.fields.map((field) => field.value) : [node.operand]
  if (given.length !== plan.schema.fields.length) throw wrongWidth(context, node.span, given.length, plan)
  return { plan, operands: given.map((operand) => context.bind(context, operand)) }
}

function inner(index: number, type: SqlType): Expression {
  return { kind: 'input', index: INNER_BASE + index, type }
}

const TRUTH: SqlType = { kind: 'BOOLEAN', nullable: false }
const NUMBER: SqlType = { kind: 'BIGINT', nullable: false }

function call(name: string, args: readonly Expression[], type: SqlType): Expression {
  return { kind: 'call', function: name, args, type }
}

function isNotNull(value: Expression): Expression {
  return call('IS NOT NULL', [value], TRUTH)
}

/** Nothing was counted, or there is nothing to count yet. */
function noneOf(count: Expression): Expression {
  return call('OR', [call('IS NULL', [count], TRUTH), call('=', [count, literal('0', NUMBER)], BOOLEAN)], BOOLEAN)
}

function aggregateCall(
  name: string,
  args: readonly number[],
  type: SqlType,
  column: string,
  argumentTypes: readonly SqlType[],
): AggregateCall {
  return { function: name, args, distinct: false, argumentTypes, type, name: column }
}

/** `a = b`; of NOT IN also where it is unknown, because then the row is not kept either. */
function memberCondition(
  context: ExpressionContext,
  span: ast.Span,
  operand: Expression,
  plan: LogicalNode,
  index: number,
  anti: boolean,
): Expression {
  const type = plan.schema.fields[index]?.type ?? BOOLEAN
  const column = inner(index, type)
  const equal = applyFunction(context, '=', [operand, column], span)
  if (!anti) return equal
  const unknown = [operand, column].filter((side) => side.type.nullable).map((side) => call('IS NULL', [side], TRUTH))
  return [...unknown, equal].reduce((a, b) => call('OR', [a, b], BOOLEAN))
}

/** Over the columns of the outer plan and then of the subquery. */
function overBoth(condition: Expression, width: number, outer: OuterQuery): Expression {
  return mapInputs(condition, (input) => {
    if (input.index >= OUTER_BASE) return outer.column({ ...input, index: input.index - OUTER_BASE })
    return { ...input, index: input.index + width }
  })
}

/** An expression of the outer query with columns of the subquery in it. */
function withInner(expression: Expression, width: number, rewrite: Rewrite): Expression {
  return mapInputs(rewrite(expression), (input) =>
    input.index >= INNER_BASE && input.index < OUTER_BASE
      ? { ...input, index: width + input.index - INNER_BASE }
      : input,
  )
}

function outerOf(context: ExpressionContext, span: ast.Span, plan: LogicalNode, rewrite: Rewrite): OuterQuery {
  return {
    plan,
    column: (reference) => rewrite(reference, span),
    refuse: (what) =>
      errorAt(context, span, 'UNSUPPORTED_FEATURE', `a correlated subquery with ${what} is not supported`, {
        hint: 'Write it as a join of the two queries.',
      }),
  }
}

function semiJoin(
  context: ExpressionContext,
  span: ast.Span,
  plan: LogicalNode,
  conditions: readonly Expression[],
  anti: boolean,
): (left: LogicalNode, rewrite: Rewrite) => LogicalNode {
  return (left, rewrite) => {
    const width = left.schema.fields.length
    const outer = outerOf(context, span, left, rewrite)
    const found = decorrelate(plan, outer)
    const condition = conjunction([
      ...conditions.map((part) => withInner(part, width, rewrite)),
      ...found.conditions.map((part) => overBoth(part, width, outer)),
    ])
    return createJoin(anti ? 'anti' : 'semi', left, found.plan, condition ?? booleanLiteral(true))
  }
}

function existsJoin(
  context: ExpressionContext,
  span: ast.Span,
  plan: LogicalNode,
  anti: boolean,
): (left: LogicalNode, rewrite: Rewrite) => LogicalNode {
  return semiJoin(context, span, isCorrelated(plan) ? plan : isThere(plan), [], anti)
}

/** What the SELECT list of a query makes is of no interest to EXISTS. */
function withoutList(plan: LogicalNode): LogicalNode {
  return plan.kind === 'project' ? plan.input : plan
}

function alwaysHasRow(node: LogicalNode): boolean {
  if (node.kind === 'project') return alwaysHasRow(node.input)
  return node.kind === 'aggregate' && node.keys.length === 0
}

/** One row where the query has rows, and none where it has none. */
function isThere(plan: LogicalNode): LogicalNode {
  const any = anyRow(plan)
  const type = any.schema.fields[0]?.type ?? BOOLEAN
  return createFilter(any, isNotNull({ kind: 'input', index: 0, type }))
}

/** TRUE where the query has rows, else NULL. */
function anyRow(plan: LogicalNode): LogicalNode {
  const marked = createProject(plan, [booleanLiteral(true)], { fields: [{ name: 'i', type: TRUTH }] })
  return createAggregate(marked, [], [aggregateCall('MIN', [0], BOOLEAN, 'm', [TRUTH])])
}

function singleValue(plan: LogicalNode, { type }: Field): LogicalNode {
  return createAggregate(plan, [], [aggregateCall('SINGLE_VALUE', [0], withNullability(type, true), '$f0', [type])])
}

/** Whether there is never more than one row. */
function givesOneRow(node: LogicalNode): boolean {
  switch (node.kind) {
    case 'aggregate':
      return node.keys.length === 0
    case 'values':
      return node.rows.length <= 1
    case 'limit':
      return node.fetch <= 1 || givesOneRow(node.input)
    case 'filter':
      return givesOneRow(node.input)
    // As in Flink: what is computed from an aggregate goes through SINGLE_VALUE, and its updates are -D and +I then.
    case 'project':
      return node.expressions.every(({ kind }) => kind === 'input') && givesOneRow(node.input)
    default:
      return false
  }
}

/** Projections over an aggregate without keys, which has a row even where there is nothing to aggregate. */
function isKeyless(node: LogicalNode): boolean {
  if (node.kind === 'project' || node.kind === 'filter') return isKeyless(node.input)
  return node.kind === 'aggregate' && node.keys.length === 0
}

function counts(node: LogicalNode): boolean {
  if (node.kind === 'project' || node.kind === 'filter') return counts(node.input)
  return node.kind === 'aggregate' && node.aggregates.some(({ function: name }) => NEVER_NULL.includes(name))
}

const NEVER_NULL: readonly string[] = ['COUNT', 'SUM0', '$SUM0', 'APPROX_COUNT_DISTINCT']

/** The first column of a query of at most one row, or NULL. */
function scalarJoin(context: ExpressionContext, span: ast.Span, plan: LogicalNode): Join {
  return (left, rewrite) => {
    const type = withNullability(plan.schema.fields[0]?.type ?? BOOLEAN, true)
    const computed = isCorrelated(plan) ? ofNothing(plan) : undefined
    if (computed === undefined) return leftJoin(context, span, left, plan, inner(0, type), rewrite)
    return leftJoin(context, span, left, computed.aggregate, computed.value, rewrite)
  }
}

/**
 * An aggregate that is grouped by the outer query's values has no row for a value without any: what is counted is 0
 * then, and what is computed from it is computed from 0.
 */
function ofNothing(plan: LogicalNode): { readonly aggregate: Aggregate; readonly value: Expression } | undefined {
  if (!isKeyless(plan) || !counts(plan)) return undefined
  let node = plan
  let value: Expression = { kind: 'input', index: 0, type: plan.schema.fields[0]?.type ?? BOOLEAN }
  while (node.kind === 'project') {
    value = substitute(value, node.expressions)
    node = node.input
  }
  if (node.kind !== 'aggregate') return undefined
  const { aggregates } = node
  const column: Rewrite = (expression) =>
    mapInputs(expression, ({ index, type }) => {
      const counted = inner(index, withNullability(type, true))
      if (!NEVER_NULL.includes(aggregates[index]?.function ?? '')) return counted
      const whens = [{ condition: call('IS NULL', [counted], TRUTH), result: literal('0', type) }]
      return { kind: 'case', whens, otherwise: counted, type: withNullability(type, true) }
    })
  return { aggregate: node, value: column(value) }
}

function leftJoin(
  context: ExpressionContext,
  span: ast.Span,
  left: LogicalNode,
  right: LogicalNode,
  value: Expression,
  rewrite: Rewrite,
): Step {
  const width = left.schema.fields.length
  const outer = outerOf(context, span, left, rewrite)
  const found = decorrelate(right, outer)
  const condition = conjunction(found.conditions.map((part) => overBoth(part, width, outer)))
  const plan = createJoin('left', left, found.plan, condition ?? booleanLiteral(true))
  return { plan, value: withInner(value, width, rewrite) }
}

/**
 * `x IN (SELECT y …)` as a value: FALSE where there are no rows, UNKNOWN where x is NULL, TRUE where x is among them,
 * UNKNOWN where a NULL is, else FALSE.
 */
function memberJoin(
  context: ExpressionContext,
  node: ast.InSubqueryPredicate,
  plan: LogicalNode,
  operands: readonly Expression[],
): Join {
  const [operand] = operands
  const type = plan.schema.fields[0]?.type
  if (operand === undefined || type === undefined || operands.length > 1) {
    throw unsupported(context, node.span, 'IN with several columns outside of WHERE')
  }
  const compared = withNullability(commonType([operand.type, type]) ?? type, type.nullable)
  const column = createProject(plan, [implicitCast({ kind: 'input', index: 0, type }, compared)], {
    fields: [{ name: plan.schema.fields[0]?.name ?? 'x', type: compared }],
  })
  const all = createAggregate(
    column,
    [],
    [aggregateCall('COUNT', [], NUMBER, 'c', []), aggregateCall('COUNT', [0], NUMBER, 'ck', [compared])],
  )
  return (left, rewrite) => {
    const counted = leftJoin(context, node.span, left, all, inner(0, BIGINT), rewrite)
    const known = counted.plan.schema.fields.length
    const count = counted.value
    const present: Expression = { kind: 'input', index: left.schema.fields.length + 1, type: BIGINT }
    const outer = outerOf(context, node.span, counted.plan, rewrite)
    const found: Decorrelated = decorrelate(marked(column, compared), outer)
    const equal = applyFunction(context, '=', [operand, inner(0, compared)], node.span)
    const condition = conjunction([
      withInner(equal, known, rewrite),
      ...found.conditions.map((part) => overBoth(part, known, outer)),
    ])
    const joined = createJoin('left', counted.plan, found.plan, condition ?? booleanLiteral(true))
    const value: Expression = {
      kind: 'case',
      whens: [
        { condition: noneOf(count), result: booleanLiteral(false) },
        { condition: call('IS NULL', [rewrite(operand)], TRUTH), result: literal(null, BOOLEAN) },
        { condition: isNotNull({ kind: 'input', index: known + 1, type: BOOLEAN }), result: booleanLiteral(true) },
        { condition: call('<', [present, count], BOOLEAN), result: literal(null, BOOLEAN) },
      ],
      otherwise: booleanLiteral(false),
      type: BOOLEAN,
    }
    return { plan: joined, value }
  }
}

/** The different values, each with TRUE beside it. */
function marked(column: LogicalNode, type: SqlType): LogicalNode {
  const distinct = createAggregate(column, [0], [])
  const fields = [...distinct.schema.fields, { name: 'i', type: TRUTH }]
  return createProject(distinct, [{ kind: 'input', index: 0, type }, booleanLiteral(true)], { fields })
}
