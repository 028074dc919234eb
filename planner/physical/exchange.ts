/**
 * How a graph is laid out over several workers (Flink: "Parallel Dataflows"). Every worker runs the whole graph; where
 * an operator needs all rows of a key in one place there is an exchange. Keys fall into key groups, and every subtask
 * has a range of these (https://nightlies.apache.org/flink/flink-docs-stable/docs/concepts/stateful-stream-processing/#keyed-state).
 * With one worker there is no exchange: the graph itself says nothing of this.
 */
import type { ConnectorDescriptor } from '../../catalog/connector.ts'
import { unreachable } from '../../core/errors.ts'
import type { SqlType } from '../../core/types.ts'
import { broadcastInput } from './broadcast.ts'
import { columnsOf, divisionOf, isPlaced, outputPlacements, type Placements } from './distribution.ts'
import type { OperatorGraph, OperatorNode } from './graph.ts'
import { hasTwoPhases } from './two-phase.ts'

/** Whether a source or sink can be divided among workers, and is not to stay in one. */
export function isDivisible(connectors: ReadonlyMap<string, ConnectorDescriptor>, node: OperatorNode): boolean {
  if (node.kind !== 'source' && node.kind !== 'sink') return false
  if (node.options[node.kind === 'source' ? 'scan.parallelism' : 'sink.parallelism'] === '1') return false
  const descriptor = connectors.get(node.options['connector'] ?? '')
  if (node.kind === 'source') return descriptor?.source?.divisible === true
  return descriptor?.sink?.divisible?.(node.options) === true
}

/** Whether the job calls a function of the program around it, which other threads cannot. */
export function callsProgram(graph: OperatorGraph): boolean {
  return JSON.stringify(graph).includes('"kind":"registered"')
}

/**
 * What an operator needs of an input: rows stay where they are, go by the hash of columns, all to the first worker, or
 * each to all of them.
 */
export type Distribution =
  | { readonly kind: 'forward' }
  | { readonly kind: 'hash'; readonly columns: readonly number[] }
  | { readonly kind: 'single' }
  | { readonly kind: 'broadcast' }

export interface Exchange {
  /** Position in `Deployment.exchanges`; they are in the order of the operators that they lead to. */
  readonly index: number
  /** Node ids. */
  readonly from: number
  readonly to: number
  /** Position among the inputs of `to`. */
  readonly input: number
  readonly distribution: Exclude<Distribution, { readonly kind: 'forward' }>
  /** Rows are aggregated before they go, and what goes are groups. */
  readonly twoPhase: boolean
}

export interface Deployment {
  /** Number of workers. */
  readonly parallelism: number
  /** Number of key groups. */
  readonly maxParallelism: number
  /** By node id: in how many workers it runs, all or the first one. */
  readonly subtasks: readonly number[]
  readonly exchanges: readonly Exchange[]
  /** By uid of the operators whose rows go by some of their keys alone: the positions of these keys. */
  readonly divisions: { readonly [uid: string]: readonly number[] }
  /** By uid of the operators that have all rows of an input in every worker: which input. */
  readonly broadcasts: { readonly [uid: string]: number }
}

const FORWARD: Distribution = { kind: 'forward' }
const SINGLE: Distribution = { kind: 'single' }
const BROADCAST: Distribution = { kind: 'broadcast' }

/**
 * @param runsParallel whether a source or sink can be divided among workers
 * @param twoPhases whether aggregates may be made in two phases, where they can
 */
export function planDeployment(
  graph: OperatorGraph,
  parallelism: number,
  maxParallelism: number,
  runsParallel: (node: OperatorNode) => boolean,
  twoPhases: boolean,
): Deployment {
  const subtasks: number[] = []
  const exchanges: Exchange[] = []
  const divisions: Record<string, readonly number[]> = {}
  const broadcasts: Record<string, number> = {}
  /** By node id: how its rows are divided. */
  const placements: Placements[] = []
  for (const node of graph.nodes) {
    const broadcast = broadcastInput(node, graph, subtasks)
    if (broadcast !== undefined) broadcasts[node.uid] = broadcast
    const needed =
      broadcast === undefined
        ? distributions(node, graph, runsParallel)
        : node.inputs.map((_, input) => (input === broadcast ? BROADCAST : FORWARD))
    subtasks.push(subtasksOf(node, needed, subtasks, parallelism, runsParallel))
    const inputs = node.inputs.map((from) => placements[from] ?? [])
    const division = divisionOf(needed.map(hashColumns), inputs)
    if (division !== undefined) divisions[node.uid] = division
    const arrived: Placements[] = []
    for (const [input, from] of node.inputs.entries()) {
      const distribution = divided(needed[input] ?? FORWARD, division)
      const isThere = isArranged(distribution, subtasks[from] ?? 1, inputs[input] ?? [])
      arrived.push(isThere ? (inputs[input] ?? []) : arrivedBy(distribution))
      if (distribution.kind === 'forward' || isThere) continue
      const twoPhase = twoPhases && hasTwoPhases(node)
      exchanges.push({ index: exchanges.length, from, to: node.id, input, distribution, twoPhase })
    }
    placements.push(subtasks[node.id] === 1 ? [] : outputPlacements(node, graph, arrived))
  }
  return { parallelism, maxParallelism, subtasks, exchanges, divisions, broadcasts }
}

/** Whether rows need not go to other workers. */
function isArranged(needed: Distribution, subtasks: number, placements: Placements): boolean {
  switch (needed.kind) {
    case 'forward':
      return true
    case 'single':
      return subtasks === 1
    case 'hash':
      return isPlaced(placements, needed.columns)
    case 'broadcast':
      return false
    default:
      return unreachable(needed)
  }
}

/** How rows are divided behind an exchange. */
function arrivedBy(distribution: Distribution): Placements {
  return distribution.kind === 'hash' ? [distribution.columns] : []
}

function hashColumns(distribution: Distribution): readonly number[] {
  return distribution.kind === 'hash' ? distribution.columns : []
}

function divided(distribution: Distribution, division: readonly number[] | undefined): Distribution {
  return distribution.kind === 'hash' ? byHash(columnsOf(distribution.columns, division)) : distribution
}

function subtasksOf(
  node: OperatorNode,
  needed: readonly Distribution[],
  below: readonly number[],
  parallelism: number,
  runsParallel: (node: OperatorNode) => boolean,
): number {
  if (node.inputs.length === 0) return runsParallel(node) ? parallelism : 1
  if (needed.some(({ kind }) => kind === 'hash')) return parallelism
  if (needed.some(({ kind }) => kind === 'single')) return 1
  return Math.max(...node.inputs.map((input) => below[input] ?? 1))
}

/**
 * By input: the columns that say which rows an operator needs in one place.
 *
 * @returns undefined: it needs them all, or none
 */
export function keysOfInputs(node: OperatorNode, graph: OperatorGraph): readonly (readonly number[])[] | undefined {
  const columns = distributions(node, graph, () => false).map(hashColumns)
  return columns.length === 0 || columns.some(({ length }) => length === 0) ? undefined : columns
}

/** By input. */
function distributions(
  node: OperatorNode,
  graph: OperatorGraph,
  runsParallel: (node: OperatorNode) => boolean,
): readonly Distribution[] {
  switch (node.kind) {
    case 'source':
    case 'values':
      return []
    case 'watermark':
    case 'calc':
    case 'expand':
    case 'correlate':
    case 'lookup-join':
    case 'drop-update-before':
    case 'mini-batch-assigner':
    case 'union':
    case 'from-changelog':
    case 'to-changelog':
      return node.inputs.map(() => FORWARD)
    case 'window-table-function':
      return [node.window.kind === 'session' ? byHash(node.window.partitionKeys) : FORWARD]
    case 'window-aggregate':
    case 'group-aggregate':
    case 'hash-aggregate':
    case 'window-rank':
    case 'window-deduplicate':
    case 'changelog-normalize':
    case 'sink-materialize':
    case 'rank':
    case 'deduplicate':
    case 'over-aggregate':
    case 'batch-over-aggregate':
      return [byHash(node.keys)]
    case 'process-function':
      return [node.spec.keys.length === 0 ? FORWARD : byHash(node.spec.keys)]
    case 'match':
      return [byHash(node.match.partitionKeys)]
    case 'join':
      return ofJoin(node, graph, node.left.keys, node.right.keys)
    case 'interval-join':
    case 'temporal-join':
      return ofJoin(node, graph, node.leftKeys, node.rightKeys)
    case 'window-join':
      // Without keys a window is a key: its rows meet in one worker, those of another window in another.
      if (node.leftKeys.length === 0) return ofJoin(node, graph, [node.left.end], [node.right.end])
      return ofJoin(node, graph, node.leftKeys, node.rightKeys)
    case 'sort':
    case 'final-rows':
    case 'limit':
    case 'sort-limit':
    case 'temporal-sort':
    case 'collect':
      return [SINGLE]
    case 'sink':
      // INSERT OVERWRITE clears what was there once; changes of a key stay in order only in one place.
      if (node.overwrite || !runsParallel(node)) return [SINGLE]
      return [node.primaryKey.length > 0 ? byHash(node.primaryKey) : FORWARD]
    default:
      return unreachable(node)
  }
}

function byHash(columns: readonly number[]): Distribution {
  return columns.length === 0 ? SINGLE : { kind: 'hash', columns }
}

/** Equal keys hash alike only where they are stored alike. */
function ofJoin(
  node: OperatorNode,
  graph: OperatorGraph,
  left: readonly number[],
  right: readonly number[],
): readonly Distribution[] {
  const [leftSchema, rightSchema] = node.inputs.map((input) => graph.nodes[input]?.schema)
  const alike = left.every((column, index) =>
    isAlike(leftSchema?.fields[column]?.type, rightSchema?.fields[right[index] ?? -1]?.type),
  )
  return alike ? [byHash(left), byHash(right)] : [SINGLE, SINGLE]
}

function isAlike(left: SqlType | undefined, right: SqlType | undefined): boolean {
  if (left === undefined || right === undefined || left.kind !== right.kind) return false
  const of = (type: SqlType): string =>
    JSON.stringify({ ...type, nullable: true, ...('length' in type ? { length: 0 } : {}) })
  return of(left) === of(right)
}
