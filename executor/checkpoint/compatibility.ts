/** Whether the state of a checkpoint belongs to a graph: operators are known by uid and by what their state looks like. */
import { MillraceError } from '../../core/errors.ts'
import { typeToString } from '../../core/types.ts'
import type { AggregateCall } from '../../planner/expression.ts'
import type { OperatorGraph, OperatorNode } from '../../planner/physical/graph.ts'
import type { Manifest, RestoredState } from '../../state/state-store.ts'
import { splitSubtaskUid } from './subtask-state.ts'

/** What must be the same for an operator's state to be taken over. */
function describe(node: OperatorNode): string {
  const types = node.schema.fields.map((field) => typeToString(field.type)).join(', ')
  switch (node.kind) {
    case 'source':
    case 'sink':
      return `${node.kind} ${node.table.path.catalog}.${node.table.path.database}.${node.table.path.name}`
    case 'window-aggregate':
      return `${node.kind} ${JSON.stringify(node.window)} keys [${node.keys.join(', ')}] of (${types}): ${node.aggregates.map(describeCall).join(', ')}`
    case 'group-aggregate':
      return `${node.kind} keys [${node.keys.join(', ')}] of (${types}): ${node.aggregates.map(describeCall).join(', ')}`
    case 'process-function':
      return `${node.kind} ${node.spec.function.path.name} by ${node.spec.keys.length} keys of (${types})`
    default:
      return `${node.kind} (${types})`
  }
}

function describeCall({ function: name, distinct, argumentTypes, filter }: AggregateCall): string {
  const types = argumentTypes.map(typeToString).join(', ')
  return `${name}(${distinct ? 'DISTINCT ' : ''}${types})${filter === undefined ? '' : ' FILTER'}`
}

const STATELESS: readonly string[] = [
  'calc',
  'lookup-join',
  'expand',
  'union',
  'to-changelog',
  'from-changelog',
  'drop-update-before',
  'collect',
]

function isStateless(node: OperatorNode): boolean {
  if (node.kind === 'process-function') return node.spec.keys.length === 0
  return STATELESS.includes(node.kind) || (node.kind === 'window-table-function' && node.window.kind !== 'session')
}

export function describeOperators(graph: OperatorGraph): Record<string, string> {
  return Object.fromEntries(graph.nodes.filter((node) => !isStateless(node)).map((node) => [node.uid, describe(node)]))
}

/**
 * The state that fits the graph.
 *
 * @param allowUnclaimed leaves out what fits nothing, and reports it; otherwise that is an error
 * @throws MillraceError INVALID_CHECKPOINT
 */
export function matchState(
  graph: OperatorGraph,
  restored: RestoredState,
  allowUnclaimed: boolean,
  log: (text: string) => void,
): RestoredState {
  const current = describeOperators(graph)
  const { manifest } = restored
  const lost = Object.entries(manifest.operators).filter(([uid, description]) => current[uid] !== description)
  if (lost.length === 0) return restored
  const names = lost.map(([, description]) => description)
  if (!allowUnclaimed) {
    throw new MillraceError('INVALID_CHECKPOINT', `checkpoint "${restored.origin}" belongs to a different query`, {
      detail: `It has state of operators that this query does not have: ${names.join('; ')}.`,
      hint: `Run the query under another name (SET 'pipeline.name' = '…'), or SET 'execution.state-recovery.ignore-unclaimed-state' = 'true' to go on without that state.`,
    })
  }
  for (const name of names) log(`state that no operator claims is left out: ${name}`)
  return {
    ...restored,
    manifest: keepOnly(
      manifest,
      new Set(Object.keys(manifest.operators).filter((uid) => current[uid] === manifest.operators[uid])),
    ),
  }
}

function keepOnly(manifest: Manifest, uids: ReadonlySet<string>): Manifest {
  const keep = <T>(entries: { readonly [uid: string]: T }): Record<string, T> =>
    Object.fromEntries(Object.entries(entries).filter(([uid]) => uids.has(splitSubtaskUid(uid).uid)))
  return {
    ...manifest,
    operators: keep(manifest.operators),
    positions: keep(manifest.positions),
    handles: keep(manifest.handles),
  }
}
