/** What depends on an order of rows → drafts: window functions, Top-N, ORDER BY. */
import { MillraceError } from '../../core/errors.ts'
import type { Schema, SqlType } from '../../core/types.ts'
import { timeAttributeOf, withoutTimeAttribute } from '../bind/types.ts'
import type { AggregateCall } from '../expression.ts'
import type { Over } from '../logical/over.ts'
import type { Sort } from '../logical/sort.ts'
import type { WindowRank } from '../logical/window-rank.ts'
import type { DraftNode } from './draft.ts'
import type { TopNSpec } from './graph.ts'

/** Filled in when it is known what the input brings. */
export function undecided(stateTtl: number): TopNSpec {
  return { strategy: 'retract', rowKey: [], emitUpdateBefore: false, stateTtl }
}

/** @throws MillraceError for an order that a stream cannot be brought into */
export function translateSort(node: Sort, stateTtl: number, isBatch: boolean): DraftNode {
  const { order, offset, fetch, schema } = node
  if (isBatch) return { kind: 'sort', order, offset, schema, ...(fetch === undefined ? {} : { fetch }) }
  if (fetch !== undefined) return { kind: 'sort-limit', order, offset, fetch, schema, ...undecided(stateTtl) }
  const [first] = order
  const time = first === undefined ? undefined : timeOf(schema, first.column)
  if (time === undefined || first?.descending !== false || offset > 0) {
    throw new MillraceError('UNSUPPORTED_FEATURE', 'Sort on a non-time-attribute field is not supported.', {
      position: node.position,
      detail: 'A stream can be ordered only by a time attribute, ascending, and then by other columns.',
      hint: 'Add LIMIT n for the first n rows, which are kept up to date, or order by the column that has the watermark. Batch mode orders bounded input by anything.',
    })
  }
  return { kind: 'temporal-sort', order, time, schema }
}

/** One row of each window by a time attribute is a deduplication. */
export function translateWindowRank(node: WindowRank): DraftNode {
  const { window, attached, partition: keys, order, start, end, outputRankNumber, schema } = node
  const [first, second] = order
  const time = first === undefined ? undefined : timeOf(schema, first.column)
  if (
    first !== undefined &&
    second === undefined &&
    time !== undefined &&
    !outputRankNumber &&
    start === 1 &&
    end === 1
  ) {
    const keep = first.descending ? 'last' : 'first'
    return { kind: 'window-deduplicate', window, attached, keys, keep, timeColumn: first.column, schema }
  }
  return { kind: 'window-rank', window, attached, keys, order, start, end, outputRankNumber, schema }
}

/** @throws MillraceError for windows that Flink does not compute on streams */
export function translateOver(node: Over, stateTtl: number): DraftNode {
  if (node.input.kind === 'over') {
    throw refused(
      node,
      'All aggregates must be computed on the same window.',
      'Compute each window in a query of its own over the one before.',
    )
  }
  const [order, another] = node.order
  if (order === undefined || another !== undefined) {
    throw refused(node, 'The window can only be ordered by a single time column.')
  }
  if (order.descending) throw refused(node, 'The window can only be ordered in ASCENDING mode.')
  const { frame } = node
  if (frame.end !== 0)
    throw refused(node, 'OVER RANGE FOLLOWING windows are not supported yet.', 'End the frame with CURRENT ROW.')
  const time = timeOf(node.schema, order.column) ?? 'value'
  if (time === 'value' && frame.start !== null) {
    throw refused(
      node,
      'Non-time attribute sort is not supported for bounded OVER window.',
      'Order by the column that has the watermark, or begin the frame with UNBOUNDED PRECEDING.',
    )
  }
  for (const call of node.calls) refuseCall(node, call.function)
  return {
    kind: 'over-aggregate',
    keys: node.partition,
    order,
    time,
    frame,
    calls: node.calls.map((call) => withOrder(call, order.column, node.input.schema)),
    emitUpdateBefore: false,
    inputRetracts: false,
    stateTtl,
    schema: node.schema,
  }
}

/** Of input that ends every window can be computed. */
export function translateBatchOver({ partition: keys, order, frame, calls, schema }: Over): DraftNode {
  return { kind: 'batch-over-aggregate', keys, order, frame, calls, schema }
}

const REFUSED: readonly string[] = ['LEAD', 'NTILE', 'PERCENT_RANK', 'CUME_DIST']

function refuseCall(node: Over, name: string): void {
  if (REFUSED.includes(name)) throw refused(node, `${name} Function is not supported in stream mode.`)
}

/** RANK and DENSE_RANK compare what they are ordered by. */
function withOrder(call: AggregateCall, order: number, schema: Schema): AggregateCall {
  const type = schema.fields[order]?.type
  if ((call.function !== 'RANK' && call.function !== 'DENSE_RANK') || type === undefined) return call
  return { ...call, args: [order], argumentTypes: [withoutTimeAttribute(type)] }
}

function refused(node: Over, message: string, hint?: string): MillraceError {
  return new MillraceError('UNSUPPORTED_FEATURE', message, { position: node.position, hint })
}

function timeOf(schema: Schema, column: number): 'rowtime' | 'proctime' | undefined {
  const type: SqlType | undefined = schema.fields[column]?.type
  return type === undefined ? undefined : timeAttributeOf(type)
}
