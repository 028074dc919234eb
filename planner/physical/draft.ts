/** The operator graph while it is made: nodes without ids and changelog, that point at their inputs. */
import type { SourcePosition } from '../../core/errors.ts'
import type { OperatorNode } from './graph.ts'

type Unplaced<T> = T extends OperatorNode
  ? Omit<T, 'id' | 'uid' | 'inputs' | 'changelog' | 'upsertKey' | 'description'>
  : never

/** What a node is, without its place in the graph. */
export type DraftNode = Unplaced<OperatorNode>

export interface Draft {
  /** Replaced while changelog modes are inferred. */
  node: DraftNode
  inputs: Draft[]
  /** Where the statement names it, for errors. */
  readonly position?: SourcePosition
}

export function createDraft(node: DraftNode, inputs: Draft[], position?: SourcePosition): Draft {
  return position === undefined ? { node, inputs } : { node, inputs, position }
}

/** Every draft once, inputs before consumers, in the order of the roots. */
export function inOrder(roots: readonly Draft[]): readonly Draft[] {
  const seen = new Set<Draft>()
  const order: Draft[] = []
  const visit = (draft: Draft): void => {
    if (seen.has(draft)) return
    seen.add(draft)
    for (const input of draft.inputs) visit(input)
    order.push(draft)
  }
  for (const root of roots) visit(root)
  return order
}

/** Who reads a draft, with one entry for each time it is read. */
export function consumersOf(order: readonly Draft[]): ReadonlyMap<Draft, readonly Draft[]> {
  const consumers = new Map<Draft, Draft[]>(order.map((draft) => [draft, []]))
  for (const draft of order) for (const input of draft.inputs) consumers.get(input)?.push(draft)
  return consumers
}
