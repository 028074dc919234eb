/**
 * How the state of an operator is divided by key: what a restore with another number of subtasks does with each of its
 * tables. Tables are named as the operators name them in their snapshots.
 */
import type { OperatorNode } from '../../planner/physical/graph.ts'

export type TableRule =
  /** Rows have their key in the first `count` columns, in the order of the exchange below the operator. */
  | { readonly kind: 'keyed'; readonly count: number }
  /** Rows go where the row of another table goes whose id is in their first column. */
  | { readonly kind: 'follows'; readonly table: string }

/** @returns undefined where the table cannot be divided otherwise than it is */
export function tableRule(node: OperatorNode, table: string): TableRule | undefined {
  switch (node.kind) {
    case 'group-aggregate':
      // What stands beside the groups may be named by them.
      return table === 'groups' ? { kind: 'keyed', count: node.keys.length } : undefined
    case 'join':
      for (const name of ['left', 'right']) {
        if (table === `${name}-keys`) return { kind: 'keyed', count: node.left.keys.length }
        if (table === `${name}-rows`) return { kind: 'follows', table: `${name}-keys` }
      }
      return undefined
    case 'rank':
      if (table === 'keys') return { kind: 'keyed', count: node.keys.length }
      return table === 'rows' ? { kind: 'follows', table: 'keys' } : undefined
    default:
      return undefined
  }
}
