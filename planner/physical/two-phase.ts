/**
 * Which aggregates are made in two phases where rows go to other workers: each worker aggregates what it has, by key and
 * slice, and sends the groups (Flink's LocalWindowAggregate and GlobalWindowAggregate,
 * https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/tuning/#local-global-aggregation).
 */
import type { ConfigurationReader } from '../../catalog/reader.ts'
import type { OperatorNode, WindowAggregateNode } from './graph.ts'

/** Whose accumulators can be merged. Not the first and the last value: between workers there is no order. */
const MERGEABLE: ReadonlySet<string> = new Set([
  'AVG',
  'COUNT',
  'MAX',
  'MIN',
  'STDDEV',
  'STDDEV_POP',
  'STDDEV_SAMP',
  'SUM',
  'SUM0',
  '$SUM0',
  'VARIANCE',
  'VAR_POP',
  'VAR_SAMP',
])

export function allowsTwoPhases(configuration: ConfigurationReader): boolean {
  return configuration.get('table.optimizer.agg-phase-strategy') !== 'ONE_PHASE'
}

/**
 * By processing time the clock behind the exchange says which window a row is in, so that nothing may wait
 * before it.
 */
export function hasTwoPhases(node: OperatorNode): node is WindowAggregateNode {
  return (
    node.kind === 'window-aggregate' &&
    node.window.kind !== 'session' &&
    node.window.time === 'rowtime' &&
    !node.inputRetracts &&
    node.aggregates.every((call) => !call.distinct && MERGEABLE.has(call.function))
  )
}
