/**
 * A checkpoint of one number of subtasks as if another number had written it: rows of state go where the exchanges
 * will send their keys, and each source gets the positions of all subtasks, to take its own.
 */
import { invariant, MillraceError, unreachable } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import { type Deployment, planDeployment } from '../../planner/physical/exchange.ts'
import type { OperatorGraph, OperatorNode } from '../../planner/physical/graph.ts'
import type { Manifest, PageWrite, RestoredState } from '../../state/state-store.ts'
import type { TablePage } from '../../state/table/page.ts'
import { readPage } from '../../state/table/page-bytes.ts'
import { type Moves, Redistribution, type Route } from '../../state/table/redistribution.ts'
import { FixedStore } from '../../state/table/stored-column.ts'
import type { StatePage } from '../operators/operator.ts'
import { windowEndOf } from '../operators/window-join.ts'
import { KeyGroups } from '../runtime/exchange/partitioner.ts'
import { type BroadcastState, divideBroadcast } from './rescale-broadcast.ts'
import { mergedNumber, pagesOfTable, type Placement, routeByKey } from './placement.ts'
import { type RowReference, type TableRule, tableRule } from './state-layout.ts'
import { isOfWaiting } from './gathered-pages.ts'
import { pagesOfPartitions } from './partition-pages.ts'
import { divideWaiting } from './rescale-waiting.ts'
import { subtaskUid } from './subtask-state.ts'

/** Puts the positions of all subtasks of a source together; undefined: it cannot be divided otherwise. */
export type MergePositions = (node: OperatorNode, positions: readonly JsonValue[]) => Promise<JsonValue | undefined>

export interface RescaledState {
  /** New pages, and old ones that are gone. */
  readonly pages: readonly PageWrite[]
  readonly manifest: Manifest
}

interface Subtasks {
  readonly parallelism: number
  readonly maxParallelism: number
  /** By node id. */
  readonly of: readonly number[]
  readonly divisions: Deployment['divisions']
  readonly broadcasts: Deployment['broadcasts']
}

/** @throws MillraceError INVALID_CHECKPOINT that names the operator */
export async function rescale(
  graph: OperatorGraph,
  restored: RestoredState,
  deployment: Deployment | undefined,
  runsParallel: (node: OperatorNode) => boolean,
  mergePositions: MergePositions,
): Promise<RescaledState> {
  const { manifest } = restored
  const before = manifest.parallelism ?? 1
  const old = planDeployment(graph, before, manifest.maxParallelism ?? 1, runsParallel, false).subtasks
  const subtasks: Subtasks =
    deployment === undefined
      ? { parallelism: 1, maxParallelism: 1, of: graph.nodes.map(() => 1), divisions: {}, broadcasts: {} }
      : { ...deployment, of: deployment.subtasks }
  const pages: PageWrite[] = []
  const positions: Record<string, JsonValue> = {}
  for (const node of graph.nodes) {
    const written = Array.from({ length: old[node.id] ?? 1 }, (_, subtask) => subtaskUid(node.uid, subtask))
    const lists = await Promise.all(written.map((uid) => restored.pages(uid)))
    const parts = lists.flatMap((own) => pagesOfPartitions(own.filter((page) => !isOfWaiting(page))))
    const broadcast = broadcastState(node, graph, parts, manifest, subtasks)
    if (lists.some((own) => own.some(isOfWaiting))) pages.push(...waitingPages(node, graph, lists, subtasks, broadcast))
    if (parts.length === 1 && subtasks.of[node.id] === 1) pages.push(...(parts[0] ?? []))
    else if (broadcast !== undefined) pages.push(...ofSubtasks(node, broadcast.parts))
    else if (parts.some((part) => part.length > 0)) pages.push(...ofOperator(node, parts, subtasks))
    const found = written.flatMap((uid) => manifest.positions[uid] ?? [])
    if (found.length === 0) continue
    const merged = found.length === 1 && subtasks.of[node.id] === 1 ? found[0] : await mergePositions(node, found)
    if (merged === undefined) throw indivisible(node, before)
    for (let subtask = 0; subtask < (subtasks.of[node.id] ?? 1); subtask++)
      positions[subtaskUid(node.uid, subtask)] = merged
  }
  const { parallelism: _, maxParallelism: __, divisions: ___, broadcasts: ____, ...rest } = manifest
  const { parallelism, maxParallelism, divisions, broadcasts } = subtasks
  const layout = deployment === undefined ? {} : { parallelism, maxParallelism, divisions, broadcasts }
  return { pages, manifest: { ...rest, ...layout, positions } }
}

/** The old pages that are not among the new ones. */
export async function goneWith(
  all: AsyncIterable<PageWrite>,
  pages: readonly PageWrite[],
): Promise<readonly PageWrite[]> {
  const key = ({ uid, table, page }: PageWrite): string => `${uid}\u0000${table}\u0000${page}`
  const kept = new Set(pages.map(key))
  const gone: PageWrite[] = []
  for await (const page of all) if (!kept.has(key(page))) gone.push({ ...page, bytes: null })
  return gone
}

function waitingPages(
  node: OperatorNode,
  graph: OperatorGraph,
  lists: readonly (readonly PageWrite[])[],
  { parallelism, maxParallelism, divisions, of }: Subtasks,
  broadcast: BroadcastState | undefined,
): PageWrite[] {
  const targets = of[node.id] ?? 1
  const placement = { targets, parallelism, maxParallelism, division: divisions[node.uid], broadcast }
  return ofSubtasks(node, divideWaiting(node, graph, lists, placement))
}

function ofSubtasks(node: OperatorNode, parts: Iterable<readonly StatePage[]>): PageWrite[] {
  return [...parts].flatMap((pages, subtask) => pages.map((page) => ({ uid: subtaskUid(node.uid, subtask), ...page })))
}

function ofOperator(node: OperatorNode, parts: readonly (readonly PageWrite[])[], subtasks: Subtasks): PageWrite[] {
  if (node.kind === 'watermark') return ofWatermark(node, parts, subtasks)
  return ofSubtasks(node, dividePages(node, parts, placementOf(node, subtasks)))
}

function placementOf(node: OperatorNode, { parallelism, maxParallelism, divisions, of }: Subtasks): Placement {
  const groups = new KeyGroups([], parallelism, maxParallelism)
  return { targets: of[node.id] ?? 1, groups, division: divisions[node.uid] }
}

/** Of an operator that has all rows of an input in every subtask, or had them when the checkpoint was written. */
function broadcastState(
  node: OperatorNode,
  graph: OperatorGraph,
  parts: readonly (readonly PageWrite[])[],
  manifest: Manifest,
  subtasks: Subtasks,
): BroadcastState | undefined {
  const now = subtasks.broadcasts[node.uid]
  const input = now ?? manifest.broadcasts?.[node.uid]
  if (node.kind !== 'window-join' || input === undefined) return undefined
  const schema = graph.nodes[node.inputs[input] ?? -1]?.schema ?? { fields: [] }
  const end = windowEndOf(schema, input === 0 ? node.left.end : node.right.end)
  return divideBroadcast(parts, { ...placementOf(node, subtasks), input, isCopied: now !== undefined, end })
}

/**
 * Of each new part the pages, one part after the other.
 *
 * @param parts pages that are all there is of each old part of the operator
 * @throws MillraceError INVALID_CHECKPOINT that names the operator
 */
export function* dividePages(
  node: OperatorNode,
  parts: readonly (readonly StatePage[])[],
  placement: Placement,
): Generator<readonly StatePage[]> {
  const tables = new TablesOfOperator(node, parts, placement)
  const names = [...new Set(parts.flat().map((page) => page.table))]
  const all = names.map((table) => ({ table, pagesOf: tables.pages(table) }))
  for (let target = 0; target < placement.targets; target++)
    yield all.flatMap(({ table, pagesOf }) => pagesOf(target).map((page) => ({ table, ...page })))
}

class TablesOfOperator {
  readonly #node: OperatorNode
  readonly #parts: readonly (readonly StatePage[])[]
  readonly #placement: Placement
  readonly #targets: number
  readonly #placed = new Map<string, Redistribution>()

  constructor(node: OperatorNode, parts: readonly (readonly StatePage[])[], placement: Placement) {
    this.#node = node
    this.#parts = parts
    this.#placement = placement
    this.#targets = placement.targets
  }

  /** What gives the pages of a new part. */
  pages(table: string): (target: number) => readonly TablePage[] {
    const rule = this.#rule(table)
    switch (rule.kind) {
      case 'rows': {
        const { owner, references, unique } = rule
        const all = 'table' in owner ? [owner, ...references] : references
        const followed = all.map((reference) => ({ ...reference, moves: this.#place(reference.table).moves }))
        const placed = this.#place(table)
        return (target) => placed.pagesOf(target, followed, unique)
      }
      case 'number': {
        const numbers = mergedNumber(this.#own(table), rule.merge, this.#targets)
        return (target) => numbers[target] ?? []
      }
      case 'copied': {
        const [first = []] = this.#own(table).filter((pages) => pages.length > 0)
        return () => first
      }
      default:
        return unreachable(rule)
    }
  }

  #rule(table: string): TableRule {
    const rule = tableRule(this.#node, table)
    if (rule === undefined) throw indivisible(this.#node, this.#parts.length)
    return rule
  }

  #own(table: string): readonly (readonly TablePage[])[] {
    return pagesOfTable(this.#parts, table)
  }

  #place(table: string): Redistribution {
    const known = this.#placed.get(table)
    if (known !== undefined) return known
    const rule = this.#rule(table)
    invariant(rule.kind === 'rows', 'rows go with rows')
    const { owner } = rule
    const route =
      'table' in owner ? withOwner(owner, this.#place(owner.table).moves) : routeByKey(owner, this.#placement)
    const placed = new Redistribution(this.#own(table), this.#targets, route)
    this.#placed.set(table, placed)
    return placed
  }
}

function withOwner({ column, plus }: RowReference, moves: readonly Moves[]): Route {
  return (columns, rows, subtask) => {
    const ids = columns[column]
    const values = ids instanceof FixedStore ? ids.values : new Int32Array(0)
    const { subtasks } = moves[subtask] ?? { subtasks: new Int32Array(0) }
    const out = new Int32Array(rows.length)
    for (let i = 0; i < out.length; i++) {
      const owner = Number(values[rows[i] as number] ?? -1) - plus
      out[i] = owner >= 0 && owner < subtasks.length ? (subtasks[owner] as number) : -1
    }
    return out
  }
}

interface WatermarkState {
  readonly emitted: number
  readonly splits: readonly (readonly [string, number])[]
}

/**
 * Every subtask knows all splits, and forgets those that it does not get; one that has not forgotten a split knows less
 * of it than the one that reads it. What all have emitted is the lowest of what those with splits have: the others did
 * not hold anything back.
 */
function ofWatermark(node: OperatorNode, parts: readonly (readonly PageWrite[])[], subtasks: Subtasks): PageWrite[] {
  const states = parts
    .flat()
    .flatMap(({ bytes }) =>
      bytes === null ? [] : [JSON.parse(new TextDecoder().decode(readPage(bytes))) as WatermarkState],
    )
  const counting = states.filter(({ splits }) => splits.length > 0)
  const emitted = Math.min(...(counting.length === 0 ? states : counting).map((state) => state.emitted))
  const merged = new Map<string, number>()
  for (const [split, watermark] of states.flatMap(({ splits }) => splits))
    merged.set(split, Math.max(watermark, merged.get(split) ?? watermark))
  const text = JSON.stringify({ version: 1, emitted, splits: [...merged] })
  return Array.from({ length: subtasks.of[node.id] ?? 1 }, (_, subtask) => ({
    uid: subtaskUid(node.uid, subtask),
    table: 'splits',
    page: 0,
    bytes: new TextEncoder().encode(text),
  }))
}

function indivisible(node: OperatorNode, parallelism: number): MillraceError {
  return new MillraceError(
    'INVALID_CHECKPOINT',
    `the state of ${node.description} cannot be divided among another number of workers`,
    { hint: `SET 'parallelism.default' = '${parallelism}', with which the checkpoint was written.` },
  )
}
