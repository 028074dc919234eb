/**
 * Joins one side of which goes to all workers, so that the rows of the other stay where they are. (Flink broadcasts small
 * sides in batch mode; such a window join runs in one task there.)
 */
import { unreachable } from '../../core/errors.ts'
import type { OperatorGraph, OperatorNode } from './graph.ts'
import type { WindowJoinNode } from './join-nodes.ts'

/**
 * Which input of an operator every worker is to have all rows of: that of a window join without keys that has one row a
 * window, where the rows of the other are in several workers.
 *
 * @param subtasks by node id, of the operators below: in how many workers they run
 */
export function broadcastInput(
  node: OperatorNode,
  graph: OperatorGraph,
  subtasks: readonly number[],
): 0 | 1 | undefined {
  if (node.kind !== 'window-join' || node.leftKeys.length > 0) return undefined
  return repeatableInputs(node).find((input) => {
    const kept = node.inputs[1 - input] ?? -1
    return (subtasks[kept] ?? 1) > 1 && hasOneRowPerWindow(graph, node.inputs[input] ?? -1)
  })
}

/** A side whose rows come out where they have no partner comes out once only where it is in one place. */
function repeatableInputs({ joinType }: WindowJoinNode): readonly (0 | 1)[] {
  switch (joinType) {
    case 'inner':
      return [1, 0]
    case 'left':
    case 'semi':
    case 'anti':
      return [1]
    case 'right':
      return [0]
    case 'full':
      return []
    default:
      return unreachable(joinType)
  }
}

/** Whether the rows are those of a window aggregate without keys, or some of them. */
function hasOneRowPerWindow(graph: OperatorGraph, id: number): boolean {
  const node = graph.nodes[id]
  if (node === undefined) return false
  const { insert, updateBefore, updateAfter, delete: deletes } = node.changelog
  if (!insert || updateBefore || updateAfter || deletes) return false
  if (node.kind === 'calc') return hasOneRowPerWindow(graph, node.inputs[0] ?? -1)
  return node.kind === 'window-aggregate' && node.keys.length === 0
}
