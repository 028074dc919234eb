/**
 * Names under which state is stored. A source is named after its table; any other node after its kind and the path
 * to the sink, in which only nodes count that hold state or join several inputs: a filter or a projection more or
 * less, or another INSERT in the statement set, leaves the names as they are.
 */
import { tablePath } from './describe.ts'
import type { Draft } from './draft.ts'

const COUNTED: readonly Draft['node']['kind'][] = [
  'group-aggregate',
  'hash-aggregate',
  'final-rows',
  'window-aggregate',
  'window-rank',
  'window-deduplicate',
  'changelog-normalize',
  'sink-materialize',
  'match',
  'limit',
  'process-function',
  'join',
  'rank',
  'deduplicate',
  'sort-limit',
  'sort',
  'temporal-sort',
  'interval-join',
  'temporal-join',
  'window-join',
  'over-aggregate',
  'batch-over-aggregate',
]

export function assignUids(roots: readonly Draft[], order: readonly Draft[]): ReadonlyMap<Draft, string> {
  const wanted = new Map<Draft, string>()
  for (const root of roots) visit(root, rootPath(root), wanted)
  const used = new Set<string>()
  const uids = new Map<Draft, string>()
  for (const draft of byRoots(roots, order)) {
    const name = wanted.get(draft) ?? draft.node.kind
    let unique = name
    for (let number = 2; used.has(unique); number++) unique = `${name}#${number}`
    used.add(unique)
    uids.set(draft, unique)
  }
  return uids
}

function rootPath(root: Draft): string {
  return root.node.kind === 'sink' ? tablePath(root.node.table) : root.node.kind
}

function nameOf(node: Draft['node'], path: string): string {
  if (node.kind === 'source') return `source:${tablePath(node.table)}`
  const name = node.kind === 'process-function' ? node.spec.name : undefined
  return `${node.kind}:${name ?? path}`
}

/** A shared node keeps the name that it has below the first root. */
function visit(draft: Draft, path: string, wanted: Map<Draft, string>): void {
  if (wanted.has(draft)) return
  const { node, inputs } = draft
  wanted.set(draft, nameOf(node, path))
  for (const [index, input] of inputs.entries()) {
    const branch = inputs.length > 1 ? `/${node.kind}.${index}` : ''
    visit(input, COUNTED.includes(node.kind) ? `${path}/${node.kind}${branch}` : `${path}${branch}`, wanted)
  }
}

/** In the order of first sight from the roots, top down, so that `#2` falls to the same node each time. */
function byRoots(roots: readonly Draft[], order: readonly Draft[]): readonly Draft[] {
  const seen = new Set<Draft>()
  const visitTopDown = (draft: Draft): void => {
    if (seen.has(draft)) return
    seen.add(draft)
    for (const input of draft.inputs) visitTopDown(input)
  }
  for (const root of roots) visitTopDown(root)
  return [...seen, ...order.filter((draft) => !seen.has(draft))]
}
