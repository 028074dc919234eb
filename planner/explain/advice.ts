/** EXPLAIN PLAN_ADVICE: what is right, but probably not what was meant. */
import type { PlannerContext } from '../../catalog/reader.ts'
import { isBatch } from '../physical/batch.ts'
import type { OperatorGraph, OperatorNode } from '../physical/graph.ts'

export interface Advice {
  /** Ids of the nodes that it is about. */
  readonly nodes: readonly number[]
  /** `[WARNING] …` where results can be wrong, `[ADVICE] …` where they can be had for less. */
  readonly text: string
}

/** @param warnings found while planning */
export function adviceFor(
  graph: OperatorGraph,
  warnings: readonly Advice[],
  context: PlannerContext,
): readonly Advice[] {
  if (isBatch(context)) return warnings
  const about = (text: string, nodes: readonly OperatorNode[]): Advice[] =>
    nodes.length === 0 ? [] : [{ nodes: nodes.map((node) => node.id), text }]
  const groups = graph.nodes.filter((node) => node.kind === 'group-aggregate')
  const materialized = graph.nodes.filter((node) => node.kind === 'sink-materialize' && node.conflict === undefined)
  const forced = context.configuration.get('table.exec.sink.upsert-materialize')?.toUpperCase() === 'FORCE'
  return [
    ...warnings,
    ...graph.nodes.flatMap((node) => (isLooseWindow(graph, node) ? about(LOOSE_WINDOW, [node]) : [])),
    ...about(
      MINI_BATCH,
      groups.filter((node) => node.miniBatch === undefined),
    ),
    ...about(
      STATE_TTL,
      groups.filter((node) => node.stateTtl === 0),
    ),
    ...about(MATERIALIZE, forced ? [] : materialized),
  ]
}

const MINI_BATCH =
  "[ADVICE] You might want to enable mini-batches, which give one change for each group of a bundle, by configuring ('table.exec.mini-batch.enabled' to 'true', 'table.exec.mini-batch.allow-latency' to a positive long value, 'table.exec.mini-batch.size' to a positive long value)."
const STATE_TTL = "[ADVICE] Every group is kept for ever; 'table.exec.state.ttl' lets old ones go."
const LOOSE_WINDOW =
  '[WARNING] The window is not part of a window aggregate: GROUP BY window_start and window_end, and aggregate no window column, to get one row for each window.'
const MATERIALIZE =
  '[ADVICE] the upsert key of the query is not the primary key of the sink: SinkUpsertMaterialize keeps the rows of each key in state. Group by the primary key to avoid it.'

function isLooseWindow(graph: OperatorGraph, node: OperatorNode): boolean {
  if (node.kind !== 'window-table-function') return false
  const readers = graph.nodes.filter((other) => other.inputs.includes(node.id))
  return readers.some((reader) => reader.kind === 'calc' || reader.kind === 'group-aggregate')
}
