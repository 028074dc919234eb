/** Column pruning of TO_CHANGELOG and FROM_CHANGELOG. */
import { behindOp, createFromChangelog, type FromChangelog } from '../logical/from-changelog.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createToChangelog, type ToChangelog } from '../logical/to-changelog.ts'
import type { Pruned } from './prune-columns.ts'

type PruneInput = (input: LogicalNode, needed: ReadonlySet<number>) => Pruned

/** Every column is needed: a change of one that nobody reads further up is still a change. */
export function pruneToChangelog(node: ToChangelog, prune: PruneInput): Pruned {
  const columns = [...node.input.schema.fields.keys()]
  const input = prune(node.input, new Set(columns))
  const op = [columns.length, input.node.schema.fields.length] as const
  return { node: createToChangelog(input.node, node.spec), mapping: new Map([...input.mapping, op]) }
}

/** The operation is read, and the key wherever rows replace others by it. */
export function pruneFromChangelog(node: FromChangelog, needed: ReadonlySet<number>, prune: PruneInput): Pruned {
  const { op, keys } = node.spec
  const read = [...needed].map((column) => (column >= op ? column + 1 : column))
  const input = prune(node.input, new Set([...read, op, ...(keys ?? [])]))
  const at = (column: number): number => input.mapping.get(column) ?? column
  const moved = at(op)
  const spec = { ...node.spec, op: moved, ...(keys === undefined ? {} : { keys: keys.map(at) }) }
  const mapping = new Map(
    [...input.mapping.keys()]
      .filter((column) => column !== op)
      .map((column) => [behindOp(column, op), behindOp(at(column), moved)]),
  )
  return { node: createFromChangelog(input.node, spec, node.position), mapping }
}
