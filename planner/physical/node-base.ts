/** What every node of the operator graph has. */
import type { ChangelogMode } from '../../catalog/connector.ts'
import type { Schema } from '../../core/types.ts'

export interface NodeBase {
  /** Position in `OperatorGraph.nodes`. */
  readonly id: number
  /** Stable across plannings of the same query: under this name the operator's state is stored. */
  readonly uid: string
  /** Node ids, all smaller than `id`. */
  readonly inputs: readonly number[]
  readonly schema: Schema
  /** What the node emits. */
  readonly changelog: ChangelogMode
  /** Columns that identify a row of the changelog, where there are such. */
  readonly upsertKey?: readonly number[]
  /** One line for EXPLAIN and metrics: `GroupAggregate(groupBy=[a], select=[a, SUM(b) AS s])`. */
  readonly description: string
}
