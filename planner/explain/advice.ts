/** EXPLAIN PLAN_ADVICE: what is right, but probably not what was meant. */
import type { PlannerContext } from '../../catalog/reader.ts'
import type { OperatorGraph } from '../physical/graph.ts'

export function adviceFor(graph: OperatorGraph, context: PlannerContext): readonly string[] {
  const advice: string[] = []
  const unbounded = graph.nodes.filter((node) => node.kind === 'group-aggregate' && node.stateTtl === 0)
  for (const node of unbounded) {
    advice.push(`[ADVICE] ${node.description} keeps every group for ever; 'table.exec.state.ttl' lets old ones go.`)
  }
  for (const node of graph.nodes) {
    if (node.kind !== 'window-table-function') continue
    const readers = graph.nodes.filter((other) => other.inputs.includes(node.id))
    if (!readers.some((reader) => reader.kind === 'calc' || reader.kind === 'group-aggregate')) continue
    advice.push(
      `[WARNING] ${node.description} is not part of a window aggregate: GROUP BY window_start and window_end, and aggregate no window column, to get one row for each window.`,
    )
  }
  if (graph.nodes.some((node) => node.kind === 'sink-materialize')) {
    const off = context.configuration.get('table.exec.sink.upsert-materialize')?.toUpperCase() === 'FORCE'
    if (!off) {
      advice.push(
        '[ADVICE] the upsert key of the query is not the primary key of the sink: SinkUpsertMaterialize keeps the rows of each key in state. Group by the primary key to avoid it.',
      )
    }
  }
  return advice
}
