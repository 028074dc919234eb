/**
 * How the state of an operator is divided by key: what a restore with another number of subtasks does with each of its
 * tables. Tables are named as the operators name them in their snapshots.
 */
import type { AggregateCall } from '../../planner/expression.ts'
import type { OperatorNode } from '../../planner/physical/graph.ts'
import { aggregateReferences } from '../operators/aggregate-table.ts'

/** A column of row ids of another table (or of the same one), to which `plus` has been added. */
export interface RowReference {
  readonly column: number
  readonly table: string
  readonly plus: 0 | 1
}

export type TableRule =
  | {
      readonly kind: 'rows'
      /** Columns of the key, in the order of the exchange below the operator; or the row that rows go with. */
      readonly owner: readonly number[] | RowReference
      readonly references: readonly RowReference[]
      /** Column of numbers that no two rows of a subtask have. */
      readonly unique?: number
    }
  /** A single number: a watermark, of which the lowest holds, or a count. */
  | { readonly kind: 'number'; readonly merge: 'lowest' | 'highest' | 'sum' }
  /** What all subtasks have alike. */
  | { readonly kind: 'copied' }

const LOWEST: TableRule = { kind: 'number', merge: 'lowest' }

/** @returns undefined where the table cannot be divided otherwise than it is */
export function tableRule(node: OperatorNode, table: string): TableRule | undefined {
  switch (node.kind) {
    case 'group-aggregate':
      return ofGroups('groups', firstColumns(node.keys), node.keys.length, node.aggregates, node.inputRetracts, table)
    case 'hash-aggregate':
      return ofGroups('groups', firstColumns(node.keys), node.keys.length, node.aggregates, false, table)
    case 'over-aggregate':
      return ofOver(node, table)
    case 'batch-over-aggregate':
    case 'rank':
      return ofSortedRows(node.keys, 0, table)
    case 'window-rank':
    case 'window-deduplicate':
      // Before the key: the window's end, and its start where that says more.
      return table === 'watermark' ? LOWEST : ofSortedRows(node.keys, node.window.kind === 'session' ? 2 : 1, table)
    case 'window-aggregate':
      return ofWindowAggregate(node, table)
    case 'window-table-function':
      return node.window.kind === 'session' ? ofSessions(node.window.partitionKeys, table) : undefined
    case 'join':
      return ofJoin(node.left.keys, table)
    case 'interval-join':
      if (table === 'watermark' || table.endsWith('-expired')) return LOWEST
      return ofTimedRows(node.leftKeys, 0, table)
    case 'temporal-join':
      return ofTimedRows(node.leftKeys, 0, table)
    case 'window-join':
      if (table === 'watermark') return LOWEST
      // Without keys the window's end is the key.
      return node.leftKeys.length === 0 ? ofTimedRows([0], 0, table) : ofTimedRows(node.leftKeys, 1, table)
    case 'deduplicate':
      if (table === 'watermark') return LOWEST
      return table === 'arrived' ? { kind: 'number', merge: 'highest' } : byKey(firstColumns(node.keys))
    case 'changelog-normalize':
      return byKey(firstColumns(node.keys))
    case 'process-function':
      return byKey(firstColumns(node.spec.keys))
    case 'sink-materialize':
      return ofMaterialize(node.keys, table)
    case 'match':
      return ofMatch(node.match.partitionKeys, table)
    default:
      return undefined
  }
}

function firstColumns(keys: readonly unknown[], from = 0): readonly number[] {
  return keys.map((_, index) => from + index)
}

function byKey(columns: readonly number[], references: readonly RowReference[] = []): TableRule {
  return { kind: 'rows', owner: columns, references }
}

function withRow(table: string, references: readonly RowReference[] = [], column = 0): TableRule {
  return { kind: 'rows', owner: { column, table, plus: 0 }, references }
}

/** An `AggregateTable` and the state beside it. */
function ofGroups(
  name: string,
  owner: readonly number[] | RowReference,
  keys: number,
  calls: readonly AggregateCall[],
  retracts: boolean,
  table: string,
): TableRule | undefined {
  if (table.startsWith(`${name}.`)) return withRow(name)
  if (table !== name) return undefined
  const references = aggregateReferences(name, keys, calls, retracts).map((found) => ({ ...found, plus: 1 as const }))
  return { kind: 'rows', owner, references }
}

function ofSortedRows(keys: readonly number[], before: number, table: string): TableRule | undefined {
  if (table === 'keys') return byKey(firstColumns(keys, before))
  return table === 'rows' ? withRow('keys') : undefined
}

function ofTimedRows(keys: readonly number[], before: number, table: string): TableRule | undefined {
  if (table === 'keys') return byKey(firstColumns(keys, before))
  return table === 'left' || table === 'right' || table === 'versions' ? withRow('keys') : undefined
}

function ofKeyedRows(name: string, keys: readonly number[], table: string): TableRule | undefined {
  if (table === `${name}-keys`) return byKey(firstColumns(keys))
  return table === `${name}-rows` ? withRow(`${name}-keys`) : undefined
}

function ofJoin(keys: readonly number[], table: string): TableRule | undefined {
  return ofKeyedRows('left', keys, table) ?? ofKeyedRows('right', keys, table)
}

function ofSessions(keys: readonly number[], table: string): TableRule | undefined {
  if (table === 'progress') return LOWEST
  return ofKeyedRows('sessions', keys, table) ?? ofKeyedRows('buffer', keys, table)
}

function ofOver(node: Extract<OperatorNode, { kind: 'over-aggregate' }>, table: string): TableRule | undefined {
  if (table === 'progress') return LOWEST
  const buffered = ofSortedRows(node.keys, 0, table)
  if (buffered !== undefined) return buffered
  const byRow = { column: 0, table: 'keys', plus: 0 } as const
  return (
    ofGroups('groups', firstColumns(node.keys), node.keys.length, node.calls, false, table) ??
    // By the id of the partition.
    ofGroups('accumulators', byRow, 1, node.calls, node.frame.start !== null, table)
  )
}

function ofWindowAggregate(
  node: Extract<OperatorNode, { kind: 'window-aggregate' }>,
  table: string,
): TableRule | undefined {
  const { window, attached, keys, aggregates, inputRetracts } = node
  if (table === 'spec') return { kind: 'copied' }
  if (window.kind === 'session' && attached === undefined) {
    const byRow = { column: 0, table: 'sessions-rows', plus: 0 } as const
    return ofSessions(keys, table) ?? ofGroups('aggregates', byRow, 1, aggregates, inputRetracts, table)
  }
  if (table === 'progress') return LOWEST
  const [name = ''] = table.split('.')
  const [kind] = name.split('@')
  // Behind the keys: the start of a session.
  const width = window.kind === 'session' ? keys.length + 1 : keys.length
  if (kind === 'touched') return ofGroups(name, firstColumns(keys), width, [], false, table)
  return ofGroups(name, firstColumns(keys), width, aggregates, inputRetracts, table)
}

function ofMaterialize(keys: readonly number[], table: string): TableRule | undefined {
  switch (table) {
    case 'keys':
    case 'written':
      return byKey(firstColumns(keys))
    case 'rows':
      return withRow('keys')
    case 'waiting':
      // A number and the row kind, then the row.
      return { kind: 'rows', owner: keys.map((key) => key + 2), references: [], unique: 0 }
    default:
      return undefined
  }
}

function ofMatch(keys: readonly number[], table: string): TableRule | undefined {
  switch (table) {
    case 'watermark':
      return LOWEST
    case 'late':
      return { kind: 'number', merge: 'sum' }
    case 'keys':
      return byKey(firstColumns(keys))
    case 'rows':
      return withRow('keys')
    case 'nodes':
      return withRow('rows', [{ column: 2, table: 'nodes', plus: 1 }])
    case 'runs':
      return withRow('keys', [{ column: 2, table: 'nodes', plus: 1 }])
    default:
      return undefined
  }
}
