/** Costs for EXPLAIN ESTIMATED_COST, by Calcite's rules of thumb: there are no statistics. */
import { unreachable } from '../../core/errors.ts'
import type { OperatorGraph, OperatorNode } from '../physical/graph.ts'

export interface Cost {
  /** Rows that come out. */
  readonly rows: number
  /** Of the node and all below it. */
  readonly cumulative: { readonly rows: number; readonly cpu: number; readonly io: number; readonly memory: number }
}

const SOURCE_ROWS = 1e8
const FILTER_SELECTIVITY = 0.5
const GROUPS = 0.1
/** For each row. */
const ROWS_OF_TABLE_FUNCTION = 3
/** Bytes. */
const COLUMN_WIDTH = 8

export function estimateCosts(graph: OperatorGraph): ReadonlyMap<number, Cost> {
  const costs = new Map<number, Cost>()
  for (const node of graph.nodes) {
    const inputs = node.inputs.flatMap((input) => costs.get(input) ?? [])
    const sum = (part: (cost: Cost) => number): number => inputs.reduce((total, cost) => total + part(cost), 0)
    const read = sum((cost) => cost.rows)
    const rows = rowsOf(node, read)
    const width = node.schema.fields.length * COLUMN_WIDTH
    const cumulative = {
      rows: rows + sum((cost) => cost.cumulative.rows),
      cpu: Math.max(rows, read) + sum((cost) => cost.cumulative.cpu),
      io: (node.kind === 'source' ? rows * width : 0) + sum((cost) => cost.cumulative.io),
      memory: (holdsState(node) ? rows * width : 0) + sum((cost) => cost.cumulative.memory),
    }
    costs.set(node.id, { rows, cumulative })
  }
  return costs
}

const HOLDING: readonly OperatorNode['kind'][] = [
  'group-aggregate',
  'window-aggregate',
  'changelog-normalize',
  'sink-materialize',
  'rank',
  'deduplicate',
  'sort-limit',
  'temporal-sort',
  'sort',
  'hash-aggregate',
  'final-rows',
  'join',
  'interval-join',
  'temporal-join',
  'window-join',
  'over-aggregate',
  'match',
  'batch-over-aggregate',
]

function holdsState(node: OperatorNode): boolean {
  return HOLDING.includes(node.kind)
}

function rowsOf(node: OperatorNode, read: number): number {
  switch (node.kind) {
    case 'source':
      return SOURCE_ROWS
    case 'values':
      return node.rows.length
    case 'calc':
      return node.condition === undefined ? read : read * FILTER_SELECTIVITY
    case 'group-aggregate':
    case 'hash-aggregate':
      return node.keys.length === 0 ? 1 : read * GROUPS
    case 'window-aggregate':
      return read * GROUPS
    case 'expand':
      return read * node.copies.length
    case 'window-table-function': {
      const { window } = node
      return window.kind === 'tumble' || window.kind === 'session' ? read : read * (window.size / window.step)
    }
    case 'match':
      return read * GROUPS
    case 'correlate':
    case 'process-function':
      return read * ROWS_OF_TABLE_FUNCTION
    case 'interval-join':
    case 'temporal-join':
    case 'lookup-join':
      return read
    case 'window-join':
    case 'join':
      return node.joinType === 'semi' || node.joinType === 'anti' ? read * FILTER_SELECTIVITY : read
    case 'limit':
    case 'sort-limit':
      return Math.min(read, node.fetch)
    case 'rank':
    case 'deduplicate':
    case 'window-rank':
    case 'window-deduplicate':
      return read * GROUPS
    case 'sort':
      return Math.min(read, node.fetch ?? read)
    case 'temporal-sort':
    case 'over-aggregate':
    case 'batch-over-aggregate':
    case 'watermark':
    case 'mini-batch-assigner':
    case 'final-rows':
    case 'union':
    case 'changelog-normalize':
    case 'to-changelog':
    case 'from-changelog':
    case 'drop-update-before':
    case 'sink-materialize':
    case 'sink':
    case 'collect':
      return read
    default:
      return unreachable(node)
  }
}
