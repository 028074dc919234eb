/**
 * Where the watermark has to be exact between any two rows. With `on-event` it is emitted between two rows only before
 * a row that it would make late. But an operator that takes rows back emits old ones together with new ones; whether
 * those are late to a window above it depends on the watermark as of the new row.
 */
import { type ChangelogMode, INSERT_ONLY } from '../../catalog/connector.ts'
import type { Draft, DraftNode } from './draft.ts'

/** What only hands on the rows that it gets. */
const PASSES: readonly DraftNode['kind'][] = [
  'source',
  'watermark',
  'calc',
  'union',
  'expand',
  'correlate',
  'drop-update-before',
  'to-changelog',
  'from-changelog',
  'mini-batch-assigner',
]

/** Marks the watermarks below windows over rows that operators in between take back. */
export function demandExactWatermarks(order: readonly Draft[], modes: ReadonlyMap<Draft, ChangelogMode>): void {
  for (const draft of order) {
    const [input] = draft.inputs
    if (input === undefined || !dropsLateRows(draft.node)) continue
    const { updateAfter, delete: deletes } = modes.get(input) ?? INSERT_ONLY
    if (updateAfter || deletes) mark(input, false)
  }
}

function dropsLateRows(node: DraftNode): boolean {
  switch (node.kind) {
    case 'window-aggregate':
      return node.window.time === 'rowtime'
    case 'window-table-function':
      return node.window.time === 'rowtime' && node.window.kind === 'session'
    default:
      return false
  }
}

function mark(draft: Draft, behindUpdates: boolean): void {
  const { node } = draft
  if (node.kind === 'watermark' && behindUpdates && node.strategy.emit === 'on-event') {
    draft.node = { ...node, strategy: { ...node.strategy, afterEveryRow: true } }
  }
  const passes = PASSES.includes(node.kind) || (node.kind === 'window-table-function' && !dropsLateRows(node))
  for (const input of draft.inputs) mark(input, behindUpdates || !passes)
}
