/**
 * A checkpoint of one number of subtasks as if another number had written it: rows of state go where the exchanges
 * will send their keys, and each source gets the positions of all subtasks, to take its own.
 */
import { dataView } from '../../core/byte-copy.ts'
import { invariant, MillraceError, unreachable } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import { columnsOf } from '../../planner/physical/distribution.ts'
import { type Deployment, planDeployment } from '../../planner/physical/exchange.ts'
import type { OperatorGraph, OperatorNode } from '../../planner/physical/graph.ts'
import type { Manifest, PageWrite, RestoredState } from '../../state/state-store.ts'
import type { TablePage } from '../../state/table/page.ts'
import { readPage } from '../../state/table/page-bytes.ts'
import { gatherStored, type Moves, Redistribution, type Route } from '../../state/table/redistribution.ts'
import { FixedStore } from '../../state/table/stored-column.ts'
import type { StatePage } from '../operators/operator.ts'
import { KeyGroups } from '../runtime/exchange/partitioner.ts'
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
      ? { parallelism: 1, maxParallelism: 1, of: graph.nodes.map(() => 1), divisions: {} }
      : { ...deployment, of: deployment.subtasks }
  const pages: PageWrite[] = []
  const positions: Record<string, JsonValue> = {}
  for (const node of graph.nodes) {
    const written = Array.from({ length: old[node.id] ?? 1 }, (_, subtask) => subtaskUid(node.uid, subtask))
    const lists = await Promise.all(written.map((uid) => restored.pages(uid)))
    const parts = lists.flatMap((own) => pagesOfPartitions(own.filter((page) => !isOfWaiting(page))))
    if (lists.some((own) => own.some(isOfWaiting))) pages.push(...waitingPages(node, graph, lists, subtasks))
    if (parts.length === 1 && subtasks.of[node.id] === 1) pages.push(...(parts[0] ?? []))
    else if (parts.some((part) => part.length > 0)) pages.push(...ofOperator(node, parts, subtasks))
    const found = written.flatMap((uid) => manifest.positions[uid] ?? [])
    if (found.length === 0) continue
    const merged = found.length === 1 && subtasks.of[node.id] === 1 ? found[0] : await mergePositions(node, found)
    if (merged === undefined) throw indivisible(node, before)
    for (let subtask = 0; subtask < (subtasks.of[node.id] ?? 1); subtask++)
      positions[subtaskUid(node.uid, subtask)] = merged
  }
  const { parallelism: _, maxParallelism: __, divisions: ___, ...rest } = manifest
  const { parallelism, maxParallelism, divisions } = subtasks
  const layout = deployment === undefined ? {} : { parallelism, maxParallelism, divisions }
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
): PageWrite[] {
  const placement = { targets: of[node.id] ?? 1, parallelism, maxParallelism, division: divisions[node.uid] }
  return divideWaiting(node, graph, lists, placement).flatMap((own, subtask) =>
    own.map((page) => ({ uid: subtaskUid(node.uid, subtask), ...page })),
  )
}

function ofOperator(node: OperatorNode, parts: readonly (readonly PageWrite[])[], subtasks: Subtasks): PageWrite[] {
  if (node.kind === 'watermark') return ofWatermark(node, parts, subtasks)
  const { parallelism, maxParallelism, divisions } = subtasks
  const placement = {
    targets: subtasks.of[node.id] ?? 1,
    groups: new KeyGroups([], parallelism, maxParallelism),
    division: divisions[node.uid],
  }
  return [...dividePages(node, parts, placement)].flatMap((pages, subtask) =>
    pages.map((page) => ({ uid: subtaskUid(node.uid, subtask), ...page })),
  )
}

/** Where the rows of an operator go. */
export interface Placement {
  /** How many parts there will be. */
  readonly targets: number
  /** Of the keys that say so. */
  readonly groups: KeyGroups
  /** Positions of these among the operator's keys; undefined: all of them, in their order. */
  readonly division: readonly number[] | undefined
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
        const numbers = this.#number(table, rule.merge)
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
    return this.#parts.map((part) =>
      part.flatMap(({ table: name, page, bytes }) => (name === table && bytes !== null ? [{ page, bytes }] : [])),
    )
  }

  #place(table: string): Redistribution {
    const known = this.#placed.get(table)
    if (known !== undefined) return known
    const rule = this.#rule(table)
    invariant(rule.kind === 'rows', 'rows go with rows')
    const { owner } = rule
    const route = 'table' in owner ? withOwner(owner, this.#place(owner.table).moves) : this.#byKey(owner)
    const placed = new Redistribution(this.#own(table), this.#targets, route)
    this.#placed.set(table, placed)
    return placed
  }

  #byKey(key: readonly number[]): Route {
    const { groups, division } = this.#placement
    return (columns, rows) => {
      const workers = new Int32Array(rows.length)
      if (this.#targets === 1) return workers
      const keys = columnsOf(key, division).flatMap((column) => columns[column] ?? [])
      groups.workersOf(gatherStored(keys, rows), rows.length, workers)
      return workers
    }
  }

  /** A subtask without the number has that of the beginning, below all others. */
  #number(table: string, merge: 'lowest' | 'highest' | 'sum'): readonly (readonly TablePage[])[] {
    const pages = this.#own(table).flat()
    const numbers = pages.flatMap(({ bytes }) =>
      bytes === null ? [] : [dataView(readPage(bytes)).getFloat64(0, true)],
    )
    if (numbers.length === 0 || (merge === 'lowest' && numbers.length < this.#parts.length)) return []
    const sum = numbers.reduce((a, b) => a + b)
    const merged = merge === 'sum' ? sum : merge === 'lowest' ? Math.min(...numbers) : Math.max(...numbers)
    return Array.from({ length: this.#targets }, (_, subtask) => {
      const bytes = new Uint8Array(8)
      new DataView(bytes.buffer).setFloat64(0, merge === 'sum' && subtask > 0 ? 0 : merged, true)
      return [{ page: 0, bytes }]
    })
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
