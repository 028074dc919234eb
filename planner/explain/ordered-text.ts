/** Operators that depend on an order of rows, in Flink's words. */
import { unreachable } from '../../core/errors.ts'
import { timeAttributeOf } from '../bind/types.ts'
import type { AggregateCall, SortField } from '../expression.ts'
import type { DraftNode } from '../physical/draft.ts'
import type { OverFrame, RankRange, TopNSpec } from '../physical/graph.ts'

type OrderedKind =
  | 'rank'
  | 'deduplicate'
  | 'limit'
  | 'sort-limit'
  | 'temporal-sort'
  | 'over-aggregate'
  | 'sort'
  | 'batch-over-aggregate'

/** @param input names of the input's columns */
export function orderedText(node: Extract<DraftNode, { kind: OrderedKind }>, input: readonly string[]): string {
  const output = node.schema.fields.map((field) => field.name)
  const list = (columns: readonly number[]): string => columns.map((column) => input[column] ?? `$${column}`).join(', ')
  switch (node.kind) {
    case 'rank':
      return `Rank(strategy=[${strategyText(node)}], rankType=[ROW_NUMBER], rankRange=[${rangeText(node.range, input)}], partitionBy=[${list(node.keys)}], orderBy=[${timeText(node)}${orderText(node.order, input)}], select=[${output.join(', ')}])`
    case 'deduplicate':
      return `Deduplicate(keep=[${node.keep === 'first' ? 'FirstRow' : 'LastRow'}], key=[${list(node.keys)}], order=[${node.time.toUpperCase()}])`
    case 'limit':
      return `Limit(offset=[${node.offset}], fetch=[${node.fetch}])`
    case 'sort-limit':
      return `SortLimit(orderBy=[${orderText(node.order, input)}], offset=[${node.offset}], fetch=[${node.fetch}], strategy=[${strategyText(node)}])`
    case 'sort': {
      const orderBy = `orderBy=[${orderText(node.order, input)}]`
      if (node.fetch === undefined && node.offset === 0) return `Sort(${orderBy})`
      return `SortLimit(${orderBy}, offset=[${node.offset}], fetch=[${node.fetch ?? 'unlimited'}])`
    }
    case 'temporal-sort':
      return `TemporalSort(orderBy=[${orderText(node.order, input)}])`
    case 'over-aggregate':
    case 'batch-over-aggregate': {
      const order = node.kind === 'over-aggregate' ? [node.order] : node.order
      const sorted = order.length === 0 ? '' : `orderBy=[${orderText(order, input)}], `
      const partition = node.keys.length === 0 ? '' : `partitionBy=[${list(node.keys)}], `
      const calls = node.calls.map((call) => callText(call, list))
      return `OverAggregate(${partition}${sorted}window=[ ${frameText(node.frame)}], select=[${[...input, ...calls].join(', ')}])`
    }
    default:
      return unreachable(node)
  }
}

export function orderText(order: readonly SortField[], names: readonly string[]): string {
  return order.map((field) => `${names[field.column] ?? `$${field.column}`} ${directionText(field)}`).join(', ')
}

/** Flink's mark of an order in which there is an event time. */
function timeText(node: Extract<DraftNode, { kind: 'rank' }>): string {
  const types = node.order.map(({ column }) => node.schema.fields[column]?.type)
  return types.some((type) => type !== undefined && timeAttributeOf(type) === 'rowtime') ? 'ROWTIME ' : ''
}

/** NULLs are named where they are not where Flink has them by default: lowest. */
function directionText({ descending, nullsFirst }: SortField): string {
  const direction = descending ? 'DESC' : 'ASC'
  return nullsFirst === !descending ? direction : `${direction} NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`
}

function strategyText({ strategy, rowKey }: TopNSpec): string {
  switch (strategy) {
    case 'append-fast':
      return 'AppendFastStrategy'
    case 'update-fast':
      return `UpdateFastStrategy[${rowKey.join(',')}]`
    case 'retract':
      return 'RetractStrategy'
    default:
      return unreachable(strategy)
  }
}

export function rangeText(range: RankRange, names: readonly string[]): string {
  if (range.kind === 'variable') return `rankEnd=${names[range.column] ?? `$${range.column}`}`
  return `rankStart=${range.start}, rankEnd=${range.end}`
}

function callText(call: AggregateCall, list: (columns: readonly number[]) => string): string {
  const [value, ...rest] = call.args
  const offset = call.offset === undefined ? [] : [String(call.offset)]
  const args = [value === undefined ? '*' : list([value]), ...offset, ...(rest.length === 0 ? [] : [list(rest)])]
  return `${call.function}(${call.distinct ? 'DISTINCT ' : ''}${args.join(', ')}) AS ${call.name}`
}

export function frameText({ unit, start, end }: OverFrame): string {
  return `${unit} BETWEEN ${boundText(start, 'PRECEDING')} AND ${boundText(end, 'FOLLOWING')}`
}

function boundText(bound: number | null, unbounded: string): string {
  if (bound === null) return `UNBOUNDED ${unbounded}`
  if (bound === 0) return 'CURRENT ROW'
  return bound < 0 ? `${-bound} PRECEDING` : `${bound} FOLLOWING`
}
