/**
 * Source reuse: what several places of a statement read of one table (with the same options) is read once, with all
 * the columns that any of them needs; each place then selects its own.
 */
import { requireConnector } from '../../catalog/table-options.ts'
import type { Field } from '../../core/types.ts'
import { mapInputs } from '../expression-rewrite.ts'
import { logicalInputs, type LogicalNode, mapLogicalInputs } from '../logical/node.ts'
import { selectColumns } from '../logical/project.ts'
import { createScan, type Scan } from '../logical/scan.ts'
import { createWatermark } from '../logical/watermark.ts'
import type { RuleContext } from './rule-context.ts'

export function reuseSources(roots: readonly LogicalNode[], rules: RuleContext): readonly LogicalNode[] {
  const { configuration } = rules.planner
  const off = (key: string): boolean => configuration.get(key) === 'false'
  if (off('table.optimizer.reuse-source-enabled') || off('table.optimizer.reuse-sub-plan-enabled')) return roots
  const unions = new Map<string, Map<string, Field>>()
  for (const root of roots) collectScans(root, unions, rules)
  return roots.map((root) => widen(root, unions))
}

function scanKey(scan: Scan): string {
  return JSON.stringify([scan.table.path, Object.entries(scan.options).sort(([a], [b]) => (a < b ? -1 : 1))])
}

function collectScans(node: LogicalNode, unions: Map<string, Map<string, Field>>, rules: RuleContext): void {
  for (const input of logicalInputs(node)) collectScans(input, unions, rules)
  if (node.kind !== 'scan') return
  const { source } = requireConnector(node.options, rules.planner, `table "${node.table.path.name}"`)
  if (source?.reusable === false) return
  const key = scanKey(node)
  const columns = unions.get(key) ?? new Map<string, Field>()
  for (const field of node.schema.fields) columns.set(field.name, field)
  unions.set(key, columns)
}

function widen(node: LogicalNode, unions: ReadonlyMap<string, ReadonlyMap<string, Field>>): LogicalNode {
  if (node.kind === 'watermark' && node.input.kind === 'scan') {
    const scan = widerScan(node.input, unions)
    if (scan === undefined) return node
    const moved = node.input.columns.map((name) => scan.columns.indexOf(name))
    const position = (index: number): number => moved[index] ?? index
    const strategy = {
      ...node.strategy,
      rowtime: position(node.strategy.rowtime),
      expression: mapInputs(node.strategy.expression, (input) => ({ ...input, index: position(input.index) })),
    }
    return selectColumns(createWatermark(scan, strategy), moved)
  }
  if (node.kind === 'scan') {
    const scan = widerScan(node, unions)
    if (scan === undefined) return node
    return selectColumns(
      scan,
      node.columns.map((name) => scan.columns.indexOf(name)),
    )
  }
  return mapLogicalInputs(node, (input) => widen(input, unions))
}

/** The scan with everything that is read of its table, in the table's order; undefined where it has that already. */
function widerScan(scan: Scan, unions: ReadonlyMap<string, ReadonlyMap<string, Field>>): Scan | undefined {
  const union = unions.get(scanKey(scan))
  if (union === undefined || union.size === scan.columns.length) return undefined
  const fields = scan.table.columns.flatMap((column) => union.get(column.name) ?? [])
  return createScan(scan.table, fields, scan.options)
}
