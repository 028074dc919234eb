/**
 * A condition on ROW_NUMBER() becomes a Top-N
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/topn/). Filters have been pushed
 * down to the window function before, so subqueries, views and tables of WITH between the two make no difference.
 */
import { MillraceError } from '../../core/errors.ts'
import { isInteger } from '../bind/coercion.ts'
import { literal } from '../bind/literal.ts'
import type { Expression } from '../expression.ts'
import { collectInputs, conjunction, conjunctsOf } from '../expression-rewrite.ts'
import { createFilter } from '../logical/filter.ts'
import { type LogicalNode, mapLogicalInputs } from '../logical/node.ts'
import type { Over } from '../logical/over.ts'
import { createProject } from '../logical/project.ts'
import { createRank } from '../logical/rank.ts'
import type { RankRange } from '../physical/graph.ts'

const RANKS: readonly string[] = ['ROW_NUMBER', 'RANK', 'DENSE_RANK']

/** @throws MillraceError for a range that has no end, or is empty; RANK and DENSE_RANK */
export function planRanks(node: LogicalNode): LogicalNode {
  const below = mapLogicalInputs(node, planRanks)
  if (below.kind !== 'filter' || below.input.kind !== 'over') return below
  const over = below.input
  const [call, another] = over.calls
  if (call === undefined || another !== undefined || !RANKS.includes(call.function)) return below
  const number = over.schema.fields.length - 1
  const bounds: Bound[] = []
  const rest: Expression[] = []
  for (const condition of conjunctsOf(below.condition)) {
    const bound = boundOf(condition, number)
    if (bound === undefined) rest.push(condition)
    else bounds.push(bound)
  }
  const range = rangeOf(bounds, over)
  if (range === undefined) return below
  if (call.function !== 'ROW_NUMBER')
    throw refused(over, `${call.function}() on streaming table is not supported currently`)
  const remaining = conjunction(rest)
  const ranked = rankOver(over, range, call.name)
  return remaining === undefined ? ranked : createFilter(ranked, remaining)
}

/** The number of a single row is known. */
function rankOver(over: Over, range: RankRange, rankName: string): LogicalNode {
  const { input, partition, order, position } = over
  const known = range.kind === 'constant' && range.start === range.end
  const rank = createRank({ input, partition, order, range, outputRankNumber: !known, rankName, position })
  if (!known) return rank
  const columns = input.schema.fields.map((field, index): Expression => ({ kind: 'input', index, type: field.type }))
  const number = literal(String(range.start), { kind: 'BIGINT', nullable: false })
  return createProject(rank, [...columns, number], over.schema)
}

type Bound =
  | { readonly kind: 'lower' | 'upper' | 'both'; readonly value: number }
  | { readonly kind: 'column'; readonly column: number }

const FLIPPED: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=', '=': '=' }

/** What a comparison of the number with something else says about it. */
function boundOf(condition: Expression, number: number): Bound | undefined {
  if (condition.kind !== 'call') return undefined
  const flipped = FLIPPED[condition.function]
  const [left, right] = condition.args
  if (flipped === undefined || left === undefined || right === undefined) return undefined
  const isNumber = (side: Expression): boolean => side.kind === 'input' && side.index === number
  if (isNumber(left) && !collectInputs(right).has(number)) return bound(condition.function, right)
  if (isNumber(right) && !collectInputs(left).has(number)) return bound(flipped, left)
  return undefined
}

function bound(operator: string, limit: Expression): Bound | undefined {
  const column = limit.kind === 'cast' && isInteger(limit.type) ? limit.input : limit
  if (column.kind === 'input') {
    const fits = isInteger(column.type) && column.type.kind !== 'TINYINT'
    return fits && (operator === '<' || operator === '<=' || operator === '=')
      ? { kind: 'column', column: column.index }
      : undefined
  }
  if (limit.kind !== 'literal' || limit.value === null || !isInteger(limit.type)) return undefined
  const value = Number(limit.value)
  switch (operator) {
    case '<':
      return { kind: 'upper', value: value - 1 }
    case '<=':
      return { kind: 'upper', value }
    case '>':
      return { kind: 'lower', value: value + 1 }
    case '>=':
      return { kind: 'lower', value }
    default:
      return { kind: 'both', value }
  }
}

function rangeOf(bounds: readonly Bound[], over: Over): RankRange | undefined {
  const [first, second, third] = bounds
  if (first === undefined || third !== undefined) return undefined
  if (second === undefined) return singleRange(first, over)
  if (first.kind === 'lower' && second.kind === 'upper') return checked(first.value, second.value, over)
  if (first.kind === 'upper' && second.kind === 'lower') return checked(second.value, first.value, over)
  return undefined
}

function singleRange(bound: Bound, over: Over): RankRange {
  switch (bound.kind) {
    case 'column':
      return { kind: 'variable', column: bound.column }
    case 'upper':
      return checked(1, bound.value, over)
    case 'both':
      return checked(bound.value, bound.value, over)
    default:
      throw refused(
        over,
        'Rank end is not specified. Currently rank only support TopN, which means the rank end must be specified.',
        'Add a condition such as "number <= 10".',
      )
  }
}

function checked(start: number, end: number, over: Over): RankRange {
  if (end <= 0) throw refused(over, `Rank end can't smaller than zero. The rank end is ${end}`)
  if (start > end) throw refused(over, `Rank start '${start}' can't greater than rank end '${end}'.`)
  return { kind: 'constant', start, end }
}

function refused(over: Over, message: string, hint?: string): MillraceError {
  return new MillraceError('UNSUPPORTED_FEATURE', message, { position: over.position, hint })
}
