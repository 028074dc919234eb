/**
 * GROUPING SETS, ROLLUP and CUBE, and the functions that tell the sets apart
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/group-agg/#grouping-sets).
 * As in Flink every row is copied for each set, without the keys that are not in it, and `$e` says of which set a copy
 * is: one bit for each key that is missing, the first key's highest. A set that stands there twice gets numbers above.
 */
import { BIGINT, BOOLEAN, withNullability } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { Expression } from '../expression.ts'
import { expressionKey } from '../expression-rewrite.ts'
import { AGGREGATE_BASE } from './aggregate-collector.ts'
import { errorAt } from './binder-context.ts'
import type { ExpressionContext } from './expression-context.ts'
import { functionName } from './function-call.ts'
import { literal } from './literal.ts'

/** References from here on are GROUPING and its like, by position. Above those of aggregates. */
export const GROUPING_BASE = AGGREGATE_BASE + (1 << 23)

const MAXIMUM_SETS = 4096

/** The sets that the clause stands for, each a list of expressions. */
export function expandGroupingSets(
  context: ExpressionContext,
  clause: ast.GroupBy,
): readonly (readonly ast.Expression[])[] {
  let sets: readonly (readonly ast.Expression[])[] = [[]]
  for (const item of clause.items) {
    const alternatives = setsOf(item)
    sets = sets.flatMap((set) => alternatives.map((other) => [...set, ...other]))
    if (sets.length > MAXIMUM_SETS) {
      throw errorAt(context, item.span, 'INVALID_ARGUMENT', `GROUP BY makes more than ${MAXIMUM_SETS} grouping sets`)
    }
  }
  return sets
}

function setsOf(element: ast.GroupingElement): readonly (readonly ast.Expression[])[] {
  if (element.kind === 'grouping-expressions') return [element.expressions]
  const parts = element.elements.map(setsOf)
  if (element.type === 'GROUPING SETS') return parts.flat()
  const single = parts.map((sets) => sets.flat())
  if (element.type === 'ROLLUP') {
    return Array.from({ length: single.length + 1 }, (_, missing) => single.slice(0, single.length - missing).flat())
  }
  let sets: readonly (readonly ast.Expression[])[] = [[]]
  for (const part of single) sets = sets.flatMap((set) => [[...set, ...part], set])
  return sets
}

export interface GroupingSet {
  /** Positions among the keys. */
  readonly keys: readonly number[]
  /** Value of `$e`. */
  readonly id: number
  /** How many times the same set stands before this one: GROUP_ID(). */
  readonly repeated: number
}

/** In the order of Flink's plan: by `$e`. @param sets positions among the keys */
export function numberGroupingSets(sets: readonly (readonly number[])[], keyCount: number): readonly GroupingSet[] {
  const times = new Map<number, number>()
  const numbered = sets.map((keys): GroupingSet => {
    let missing = 0
    for (let key = 0; key < keyCount; key++) missing = missing * 2 + (keys.includes(key) ? 0 : 1)
    const repeated = times.get(missing) ?? 0
    times.set(missing, repeated + 1)
    return { keys, id: missing + repeated * 2 ** keyCount, repeated }
  })
  return numbered.sort((a, b) => a.id - b.id)
}

/** GROUPING(a), GROUPING_ID(a, b, …) and GROUP_ID() of a SELECT. */
export class GroupingFunctions {
  readonly #keys: readonly string[]
  readonly #sets: readonly GroupingSet[]
  /** For each call its value in each set. */
  readonly #found: (readonly number[])[] = []

  constructor(keys: readonly Expression[], sets: readonly GroupingSet[]) {
    this.#keys = keys.map(expressionKey)
    this.#sets = sets
  }

  bind(context: ExpressionContext, call: ast.CallExpression): Expression {
    const values = this.#values(context, call)
    return { kind: 'input', index: GROUPING_BASE + this.#found.push(values) - 1, type: RESULT }
  }

  #values(context: ExpressionContext, call: ast.CallExpression): readonly number[] {
    const name = functionName(call)
    if (name === 'GROUP_ID') {
      if (call.arguments.length === 0) return this.#sets.map((set) => set.repeated)
      throw errorAt(context, call.span, 'INVALID_ARGUMENT', 'GROUP_ID takes no arguments')
    }
    if (call.arguments.length === 0) {
      throw errorAt(context, call.span, 'INVALID_ARGUMENT', `${name} needs an expression of GROUP BY`)
    }
    const positions = call.arguments.map((argument) => this.#keyOf(context, argument, name))
    return this.#sets.map((set) => positions.reduce((bits, key) => bits * 2 + (set.keys.includes(key) ? 0 : 1), 0))
  }

  #keyOf(context: ExpressionContext, node: ast.CallArgument, name: string): number {
    const { aggregates: _, auxiliary: __, ...plain } = context
    const isExpression =
      node.kind === 'column' || node.kind === 'call' || node.kind === 'binary' || node.kind === 'cast'
    const key = isExpression ? this.#keys.indexOf(expressionKey(plain.bind(plain, node))) : -1
    if (key >= 0) return key
    throw errorAt(context, node.span, 'INVALID_AGGREGATE', `the argument of ${name} is no expression of GROUP BY`)
  }

  /** @param setId `$e`; undefined where there is one set only */
  expression(reference: number, setId: Expression | undefined): Expression {
    const values = this.#found[reference] ?? []
    const [first = 0] = values
    const value = (number: number): Expression => literal(String(number), RESULT)
    if (setId === undefined || values.every((other) => other === first)) return value(first)
    const whens = this.#sets.slice(0, -1).map((set, index) => ({
      condition: equalsId(setId, set.id),
      result: value(values[index] ?? 0),
    }))
    return { kind: 'case', whens, otherwise: value(values.at(-1) ?? 0), type: RESULT }
  }
}

const RESULT = withNullability(BIGINT, false)

function equalsId(setId: Expression, id: number): Expression {
  return {
    kind: 'call',
    function: '=',
    args: [setId, literal(String(id), withNullability(BIGINT, false))],
    type: withNullability(BOOLEAN, false),
  }
}
