/**
 * Takes the references to the outer query out of a subquery's plan: the conditions that have them are lifted to the
 * top, through projections, joins and aggregates, where they become conditions of the join with the outer query. An
 * aggregate gets the values that are compared as further keys; where it is not compared by equality alone, it is
 * computed for each of the values that the outer query has.
 */
import type { Field } from '../../core/types.ts'
import type { Expression } from '../expression.ts'
import { collectInputs, conjunction, conjunctsOf, mapInputs, shiftInputs } from '../expression-rewrite.ts'
import { type Aggregate, createAggregate } from '../logical/aggregate.ts'
import { createFilter } from '../logical/filter.ts'
import { createJoin, type Join } from '../logical/join.ts'
import { logicalInputs, type LogicalNode } from '../logical/node.ts'
import { createProject, type Project } from '../logical/project.ts'
import { booleanLiteral } from './literal.ts'
import { hasOuter, OUTER_BASE } from './outer-column.ts'

export interface OuterQuery {
  /** What the subquery is joined with. */
  readonly plan: LogicalNode
  /** A column of the outer query's scope as an expression over `plan`. */
  readonly column: (reference: Expression & { readonly kind: 'input' }) => Expression
  /** The error that says what keeps the subquery from being joined. */
  readonly refuse: (what: string) => Error
}

export interface Decorrelated {
  /** The subquery's columns, in their places, and behind them those that the conditions need. */
  readonly plan: LogicalNode
  /** Over the plan's columns and the outer query's (from OUTER_BASE on). */
  readonly conditions: readonly Expression[]
}

export function decorrelate(node: LogicalNode, outer: OuterQuery): Decorrelated {
  switch (node.kind) {
    case 'filter': {
      const { plan, conditions } = decorrelate(node.input, outer)
      const parts = conjunctsOf(node.condition)
      const own = conjunction(parts.filter((part) => !hasOuter(part)))
      return {
        plan: own === undefined ? plan : createFilter(plan, own),
        conditions: [...conditions, ...parts.filter(hasOuter)],
      }
    }
    case 'project':
      return decorrelateProject(node, outer)
    case 'aggregate':
      return decorrelateAggregate(node, outer)
    case 'join':
      return decorrelateJoin(node, outer)
    default:
      if (logicalInputs(node).some(isCorrelated)) throw outer.refuse(NAMES[node.kind] ?? node.kind)
      return { plan: node, conditions: [] }
  }
}

const NAMES: Readonly<Partial<Record<LogicalNode['kind'], string>>> = {
  union: 'UNION',
  limit: 'LIMIT',
  sort: 'ORDER BY and LIMIT',
  'window-table-function': 'a window',
  'window-aggregate': 'a window',
}

/** Whether the plan has references to an outer query. */
export function isCorrelated(node: LogicalNode): boolean {
  const own =
    node.kind === 'filter' || node.kind === 'join'
      ? hasOuter(node.condition)
      : node.kind === 'project' && node.expressions.some(hasOuter)
  return own || logicalInputs(node).some(isCorrelated)
}

function decorrelateProject(node: Project, outer: OuterQuery): Decorrelated {
  if (node.expressions.some(hasOuter)) throw outer.refuse('columns of the outer query in its SELECT list')
  const { plan, conditions } = decorrelate(node.input, outer)
  if (conditions.length === 0) return { plan: plan === node.input ? node : { ...node, input: plan }, conditions }
  const expressions = [...node.expressions]
  const fields: Field[] = [...node.schema.fields]
  const positions = new Map<number, number>()
  for (const index of innerInputs(conditions)) {
    const known = expressions.findIndex((expression) => expression.kind === 'input' && expression.index === index)
    positions.set(index, known >= 0 ? known : expressions.length)
    const field = plan.schema.fields[index]
    if (known >= 0 || field === undefined) continue
    expressions.push({ kind: 'input', index, type: field.type })
    fields.push({ ...field, name: unused(field.name, fields) })
  }
  return { plan: createProject(plan, expressions, { fields }), conditions: moved(conditions, positions) }
}

function unused(name: string, fields: readonly Field[]): string {
  let unique = name
  for (let number = 0; fields.some((field) => field.name === unique); number++) unique = `${name}${number}`
  return unique
}

/** Columns of the subquery that the conditions read. */
function innerInputs(conditions: readonly Expression[]): readonly number[] {
  const inputs = new Set<number>()
  for (const condition of conditions) collectInputs(condition, inputs)
  return [...inputs].filter((index) => index < OUTER_BASE).sort((a, b) => a - b)
}

function moved(conditions: readonly Expression[], positions: ReadonlyMap<number, number>): readonly Expression[] {
  return conditions.map((condition) =>
    mapInputs(condition, (input) =>
      input.index >= OUTER_BASE ? input : { ...input, index: positions.get(input.index) ?? input.index },
    ),
  )
}

/** The two sides of an equality between the subquery and the outer query. */
interface Comparison {
  readonly call: Expression & { readonly kind: 'call' }
  readonly inner: Expression
  readonly outer: Expression
  readonly innerFirst: boolean
}

function comparisonOf(condition: Expression): Comparison | undefined {
  if (condition.kind !== 'call' || condition.function !== '=') return undefined
  const [a, b] = condition.args
  if (a === undefined || b === undefined) return undefined
  if (isInner(a) && isOuterAlone(b)) return { call: condition, inner: a, outer: b, innerFirst: true }
  if (isInner(b) && isOuterAlone(a)) return { call: condition, inner: b, outer: a, innerFirst: false }
  return undefined
}

function isInner(expression: Expression): boolean {
  return !hasOuter(expression)
}

function isOuterAlone(expression: Expression): boolean {
  const inputs = [...collectInputs(expression)]
  return inputs.length > 0 && inputs.every((index) => index >= OUTER_BASE)
}

function decorrelateAggregate(node: Aggregate, outer: OuterQuery): Decorrelated {
  const { plan, conditions } = decorrelate(node.input, outer)
  if (conditions.length === 0) return { plan: plan === node.input ? node : { ...node, input: plan }, conditions }
  const comparisons = conditions.map(comparisonOf)
  if (comparisons.every((comparison) => comparison !== undefined)) {
    const { input, keys } = withColumns(
      plan,
      comparisons.map(({ inner }) => inner),
    )
    const grouped = withKeys(node, input, keys)
    const first = node.schema.fields.length
    return {
      plan: grouped,
      conditions: comparisons.map(({ call, inner, outer: other, innerFirst }, index) => {
        const key: Expression = { kind: 'input', index: first + index, type: inner.type }
        return { ...call, args: innerFirst ? [key, other] : [other, key] }
      }),
    }
  }
  return forEachOuterValue(node, plan, conditions, outer)
}

/** The values as columns; those that are columns already stay where they are. */
function withColumns(
  plan: LogicalNode,
  values: readonly Expression[],
): { readonly input: LogicalNode; readonly keys: readonly number[] } {
  const { fields } = plan.schema
  const expressions = fields.map(({ type }, index): Expression => ({ kind: 'input', index, type }))
  const all: Field[] = [...fields]
  const keys = values.map((value) => {
    if (value.kind === 'input') return value.index
    all.push({ name: unused(`$f${all.length}`, all), type: value.type })
    return expressions.push(value) - 1
  })
  if (expressions.length === fields.length) return { input: plan, keys }
  return { input: createProject(plan, expressions, { fields: all }), keys }
}

/** The aggregate with further keys, which come out behind its own columns. */
function withKeys(node: Aggregate, input: LogicalNode, more: readonly number[]): LogicalNode {
  const width = node.keys.length
  const aggregate = createAggregate(input, [...node.keys, ...more], node.aggregates, node.stateTtl)
  const order = [
    ...node.keys.map((_, index) => index),
    ...node.aggregates.map((_, index) => width + more.length + index),
    ...more.map((_, index) => width + index),
  ]
  const fields: Field[] = []
  const expressions = order.flatMap((index): Expression[] => {
    const field = aggregate.schema.fields[index]
    if (field === undefined) return []
    fields.push({ ...field, name: unused(field.name, fields) })
    return [{ kind: 'input', index, type: field.type }]
  })
  return createProject(aggregate, expressions, { fields })
}

/** Joins the aggregate's input with the different values of the outer query, and groups by them. */
function forEachOuterValue(
  node: Aggregate,
  plan: LogicalNode,
  conditions: readonly Expression[],
  outer: OuterQuery,
): Decorrelated {
  const references = new Map<number, Expression & { readonly kind: 'input' }>()
  for (const condition of conditions) {
    mapInputs(condition, (input) => {
      if (input.index >= OUTER_BASE) references.set(input.index, input)
      return input
    })
  }
  const used = [...references.values()]
  const values = used.map((input) => outer.column({ ...input, index: input.index - OUTER_BASE }))
  const fields = values.map(({ type }, index): Field => ({ name: `$v${index}`, type }))
  const domain = createAggregate(createProject(outer.plan, values, { fields }), [...fields.keys()], [])
  const width = plan.schema.fields.length
  const condition = conjunction(
    conditions.map((part) =>
      mapInputs(part, (input) =>
        input.index < OUTER_BASE
          ? input
          : { ...input, index: width + used.findIndex((reference) => reference.index === input.index) },
      ),
    ),
  )
  const joined = createJoin('inner', plan, domain, condition ?? booleanLiteral(true))
  const grouped = withKeys(
    node,
    joined,
    used.map((_, index) => width + index),
  )
  const first = node.schema.fields.length
  return {
    plan: grouped,
    conditions: used.map((reference, index): Expression => {
      const key: Expression = { kind: 'input', index: first + index, type: reference.type }
      const type = { kind: 'BOOLEAN', nullable: reference.type.nullable } as const
      return { kind: 'call', function: '=', args: [reference, key], type }
    }),
  }
}

function decorrelateJoin(node: Join, outer: OuterQuery): Decorrelated {
  if (hasOuter(node.condition)) throw outer.refuse('a column of a query further out')
  const left = decorrelate(node.left, outer)
  const right = decorrelate(node.right, outer)
  if (left.conditions.length === 0 && right.conditions.length === 0) {
    const same = left.plan === node.left && right.plan === node.right
    return { plan: same ? node : { ...node, left: left.plan, right: right.plan }, conditions: [] }
  }
  const { joinType } = node
  const leftFixed = joinType === 'right' || joinType === 'full'
  if ((leftFixed && left.conditions.length > 0) || (joinType !== 'inner' && right.conditions.length > 0)) {
    throw outer.refuse('a condition below an outer join')
  }
  return joined(node, left, right)
}

/** Columns that were added on the left are moved behind all others. */
function joined(node: Join, left: Decorrelated, right: Decorrelated): Decorrelated {
  const width = node.left.schema.fields.length
  const total = node.schema.fields.length
  const added = left.plan.schema.fields.length - width
  const condition = mapInputs(node.condition, (input) => (input.index < width ? input : shiftInputs(input, added)))
  const join = createJoin(node.joinType, left.plan, right.plan, condition, node)
  const { fields } = join.schema
  const places = fields.map((_, index) => index)
  const order = [
    ...places.filter((index) => index < width),
    ...places.filter((index) => index >= width + added && index < total + added),
    ...places.filter((index) => index >= width && index < width + added),
    ...places.filter((index) => index >= total + added),
  ]
  const expressions = order.flatMap((index): Expression[] => {
    const field = fields[index]
    return field === undefined ? [] : [{ kind: 'input', index, type: field.type }]
  })
  const plan = createProject(join, expressions, { fields: order.flatMap((index) => fields[index] ?? []) })
  const positions = new Map(order.map((from, to) => [from, to]))
  return {
    plan,
    conditions: [
      ...moved(left.conditions, positions),
      ...moved(
        right.conditions.map((part) =>
          mapInputs(part, (input) => (input.index >= OUTER_BASE ? input : shiftInputs(input, width + added))),
        ),
        positions,
      ),
    ],
  }
}
