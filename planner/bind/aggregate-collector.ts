/**
 * Gathers the aggregate calls of a SELECT. While expressions are bound an aggregate is a reference to a column beyond
 * all input columns; once the aggregate's output is known `bindGroups` replaces it.
 */
import type { FunctionSpec } from '../../catalog/function.ts'
import { type SqlType, withNullability } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { Expression, InputRef } from '../expression.ts'
import { expressionKey } from '../expression-rewrite.ts'
import { errorAt, unsupported } from './binder-context.ts'
import { bindArguments } from './call.ts'
import { type AggregateCalls, bindCondition, type ExpressionContext, type Subqueries } from './expression-context.ts'
import { bindArgument } from './function-call.ts'
import { withoutTimeAttribute } from './types.ts'

/** References from here on are aggregates, by position. */
export const AGGREGATE_BASE = 1 << 24

/** Never NULL, not even over no rows at all. */
const COUNTS: readonly string[] = ['COUNT', 'SUM0', '$SUM0', 'APPROX_COUNT_DISTINCT']

/** Whether an aggregate is a number also over no rows at all. */
export function isCount(name: string): boolean {
  return COUNTS.includes(name)
}

export interface CollectedAggregate {
  readonly function: string
  readonly args: readonly Expression[]
  readonly distinct: boolean
  readonly filter: Expression | undefined
  readonly type: SqlType
}

/** The aggregate with its arguments and its condition changed. */
export function replaceParts(
  aggregate: CollectedAggregate,
  change: (expression: Expression) => Expression,
): CollectedAggregate {
  const { args, filter } = aggregate
  return {
    ...aggregate,
    args: args.map((arg) => change(arg)),
    filter: filter === undefined ? undefined : change(filter),
  }
}

export class AggregateCollector implements AggregateCalls {
  readonly #found: CollectedAggregate[] = []
  readonly #positions = new Map<string, number>()
  readonly #hasGroups: boolean
  readonly #subqueries: Subqueries

  /**
   * @param hasGroups false for one group over everything, where most aggregates of nothing are NULL
   * @param subqueries of arguments and FILTER conditions
   */
  constructor(hasGroups: boolean, subqueries: Subqueries) {
    this.#hasGroups = hasGroups
    this.#subqueries = subqueries
  }

  get aggregates(): readonly CollectedAggregate[] {
    return this.#found
  }

  add(context: ExpressionContext, node: ast.CallExpression, spec: FunctionSpec): Expression {
    refuse(context, node, spec.name)
    const { aggregates: _, ...rest } = context
    const inner: ExpressionContext = { ...rest, subqueries: this.#subqueries, clause: `an argument of ${spec.name}` }
    const star = node.arguments.length === 1 && node.arguments[0]?.kind === 'star'
    if (star && spec.name !== 'COUNT') {
      throw errorAt(context, node.span, 'INVALID_ARGUMENT', `function ${spec.name} does not take "*"`)
    }
    const given = star ? [] : node.arguments.map((argument) => bindArgument(inner, argument, spec.name))
    const { converted, returnType } = bindArguments(context, spec, given, node.span)
    const filter =
      node.filter === undefined ? undefined : bindCondition({ ...inner, clause: 'FILTER' }, node.filter, 'FILTER')
    return this.#reference({
      function: spec.name,
      args: converted,
      distinct: isDistinct(node, spec.name),
      filter,
      type: this.#resultType(spec.name, returnType, filter !== undefined),
    })
  }

  #resultType(name: string, type: SqlType, filtered: boolean): SqlType {
    const bare = withoutTimeAttribute(type)
    if (isCount(name)) return bare
    return withNullability(bare, bare.nullable || filtered || !this.#hasGroups)
  }

  #reference(aggregate: CollectedAggregate): InputRef {
    const key = JSON.stringify([
      aggregate.function,
      aggregate.args.map(expressionKey),
      aggregate.distinct,
      aggregate.filter === undefined ? null : expressionKey(aggregate.filter),
    ])
    const position = this.#positions.get(key) ?? this.#found.length
    if (position === this.#found.length) {
      this.#positions.set(key, position)
      this.#found.push(aggregate)
    }
    return { kind: 'input', index: AGGREGATE_BASE + position, type: aggregate.type }
  }
}

/** Of MIN and MAX it makes no difference. */
function isDistinct(node: ast.CallExpression, name: string): boolean {
  if (name === 'APPROX_COUNT_DISTINCT') return true
  return node.quantifier === 'DISTINCT' && name !== 'MIN' && name !== 'MAX'
}

function refuse(context: ExpressionContext, node: ast.CallExpression, name: string): void {
  if (node.orderBy.length > 0) throw unsupported(context, node.span, `ORDER BY inside ${name}`)
  if (node.withinGroup.length > 0) throw unsupported(context, node.span, `WITHIN GROUP of ${name}`)
  if (node.nulls === 'IGNORE') throw unsupported(context, node.span, `IGNORE NULLS of ${name}`)
}
