/**
 * A checkpoint of one number of subtasks as if another number had written it: rows of state go where the exchanges
 * will send their keys, and each source gets the positions of all subtasks, to take its own.
 */
import { MillraceError, unreachable } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import { type Deployment, planDeployment } from '../../planner/physical/exchange.ts'
import type { OperatorGraph, OperatorNode } from '../../planner/physical/graph.ts'
import type { Manifest, PageWrite, RestoredState } from '../../state/state-store.ts'
import type { TablePage } from '../../state/table/page.ts'
import { gatherStored, type Moves, redistribute } from '../../state/table/redistribution.ts'
import { KeyGroups } from '../runtime/exchange/partitioner.ts'
import { type TableRule, tableRule } from './state-layout.ts'
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
  const old = planDeployment(graph, before, manifest.maxParallelism ?? 1, runsParallel).subtasks
  const subtasks: Subtasks =
    deployment === undefined
      ? { parallelism: 1, maxParallelism: 1, of: graph.nodes.map(() => 1) }
      : { ...deployment, of: deployment.subtasks }
  const pages: PageWrite[] = []
  const positions: Record<string, JsonValue> = {}
  for (const node of graph.nodes) {
    const parts = await Promise.all(
      Array.from({ length: old[node.id] ?? 1 }, (_, subtask) => restored.pages(subtaskUid(node.uid, subtask))),
    )
    if ((old[node.id] ?? 1) === 1 && subtasks.of[node.id] === 1) pages.push(...(parts[0] ?? []))
    else if (parts.some((part) => part.length > 0)) pages.push(...ofOperator(node, parts, subtasks))
    const written = parts.flatMap((_, subtask) => manifest.positions[subtaskUid(node.uid, subtask)] ?? [])
    if (written.length === 0) continue
    const merged = written.length === 1 && subtasks.of[node.id] === 1 ? written[0] : await mergePositions(node, written)
    if (merged === undefined) throw indivisible(node, before)
    for (let subtask = 0; subtask < (subtasks.of[node.id] ?? 1); subtask++)
      positions[subtaskUid(node.uid, subtask)] = merged
  }
  const { parallelism: _, maxParallelism: __, ...rest } = manifest
  const layout =
    deployment === undefined ? {} : { parallelism: subtasks.parallelism, maxParallelism: subtasks.maxParallelism }
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

function ofOperator(node: OperatorNode, parts: readonly (readonly PageWrite[])[], subtasks: Subtasks): PageWrite[] {
  if (node.kind === 'watermark') return ofWatermark(node, parts, subtasks)
  const tables = [...new Set(parts.flat().map(({ table }) => table))]
  const done = new Map<string, readonly Moves[]>()
  const out: PageWrite[] = []
  const add = (table: string, pages: readonly (readonly TablePage[])[]): void => {
    for (const [subtask, own] of pages.entries()) {
      for (const page of own) out.push({ uid: subtaskUid(node.uid, subtask), table, ...page })
    }
  }
  const visit = (table: string): readonly Moves[] => {
    const known = done.get(table)
    if (known !== undefined) return known
    const rule = tableRule(node, table)
    if (rule === undefined) throw indivisible(node, parts.length)
    const own = parts.map((part) => part.filter((page) => page.table === table))
    const owners = rule.kind === 'follows' ? visit(rule.table) : undefined
    const { pages, moves } = ofTable(rule, own, owners, subtasks, subtasks.of[node.id] ?? 1)
    done.set(table, moves)
    add(table, pages)
    return moves
  }
  for (const table of tables) visit(table)
  return out
}

function ofTable(
  rule: TableRule,
  parts: readonly (readonly PageWrite[])[],
  owners: readonly Moves[] | undefined,
  { parallelism, maxParallelism }: Subtasks,
  targets: number,
): { readonly pages: readonly (readonly TablePage[])[]; readonly moves: readonly Moves[] } {
  switch (rule.kind) {
    case 'keyed': {
      const groups = new KeyGroups([], parallelism, maxParallelism)
      return redistribute(parts, targets, (columns, rows) => {
        const workers = new Int32Array(rows.length)
        if (targets === 1) return workers
        const keys = gatherStored(columns.slice(0, rule.count), rows)
        groups.workersOf(keys, rows.length, workers)
        return workers
      })
    }
    case 'follows': {
      const moves = owners ?? []
      return redistribute(
        parts,
        targets,
        (columns, rows, subtask) => {
          const [ids] = gatherStored(columns.slice(0, 1), rows)
          const values = ids?.kind === 'i32' ? ids.values : new Int32Array(rows.length)
          return Int32Array.from(values, (id) => moves[subtask]?.subtasks[id] ?? -1)
        },
        { column: 0, moves },
      )
    }
    default:
      return unreachable(rule)
  }
}

/** Every subtask knows all splits, and forgets those that it does not get. */
function ofWatermark(node: OperatorNode, parts: readonly (readonly PageWrite[])[], subtasks: Subtasks): PageWrite[] {
  const states = parts
    .flat()
    .flatMap(({ bytes }) =>
      bytes === null
        ? []
        : [JSON.parse(new TextDecoder().decode(bytes)) as { emitted: number; splits: [string, number][] }],
    )
  const emitted = Math.min(...states.map((state) => state.emitted))
  const text = JSON.stringify({ version: 1, emitted, splits: states.flatMap(({ splits }) => splits) })
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
