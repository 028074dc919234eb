/** What goes through an exchange. */
import { invariant } from '../../../core/errors.ts'
import type { Schema } from '../../../core/types.ts'
import type { Exchange } from '../../../planner/physical/exchange.ts'
import type { OperatorGraph } from '../../../planner/physical/graph.ts'
import { groupSchema } from '../../operators/window-groups.ts'

export interface ExchangedRows {
  readonly schema: Schema
  /** By whose hash they are divided; undefined: all go to the first worker, or to every one. */
  readonly columns: readonly number[] | undefined
}

/** Rows as the operator below has emitted them, or groups of them, in which the columns of the key come first. */
export function exchangedRows({ from, to, distribution, twoPhase }: Exchange, graph: OperatorGraph): ExchangedRows {
  const columns = distribution.kind === 'hash' ? distribution.columns : undefined
  const node = graph.nodes[to]
  if (!twoPhase || node?.kind !== 'window-aggregate')
    return { schema: graph.nodes[from]?.schema ?? { fields: [] }, columns }
  const positions = columns?.map((column) => node.keys.indexOf(column))
  invariant(positions?.includes(-1) !== true, 'rows of an aggregate are divided by its keys')
  return { schema: groupSchema(node), columns: positions }
}
