/**
 * Projection push-down into ROW columns: a source that can skip fields makes only those that someone reads, so the
 * column's type in the scan has fewer fields than the table declares. Runs behind source reuse: one scan that several
 * places share keeps what any of them reads.
 */
import { requireConnector } from '../../catalog/table-options.ts'
import { type Field, type SqlType, withNullability } from '../../core/types.ts'
import type { Expression } from '../expression.ts'
import { childrenOf, mapChildren } from '../expression-rewrite.ts'
import { createFilter } from '../logical/filter.ts'
import { logicalInputs, type LogicalNode, mapLogicalInputs } from '../logical/node.ts'
import { createProject } from '../logical/project.ts'
import { createScan, type Scan } from '../logical/scan.ts'
import { createWatermark } from '../logical/watermark.ts'
import type { RuleContext } from './rule-context.ts'

/** Which fields of a column are read; `whole`: the row itself is. */
type Use = 'whole' | Set<number>
type Uses = Map<number, Use>

export function narrowRows(roots: readonly LogicalNode[], rules: RuleContext): readonly LogicalNode[] {
  const scans = new Map<string, Uses>()
  for (const root of roots) collect(root, wholeColumns(root), scans, rules)
  return scans.size === 0 ? roots : roots.map((root) => rewrite(root, scans).node)
}

function wholeColumns(node: LogicalNode): Uses {
  return new Map(node.schema.fields.map((_, index) => [index, 'whole']))
}

function scanKey(scan: Scan): string {
  return JSON.stringify([scan.table.path, scan.columns, scan.options])
}

function collect(node: LogicalNode, uses: Uses, scans: Map<string, Uses>, rules: RuleContext): void {
  switch (node.kind) {
    case 'scan': {
      if (!skipsFields(node, rules)) return
      const key = scanKey(node)
      const known = scans.get(key) ?? new Map<number, Use>()
      for (const [column, use] of uses) merge(known, column, use)
      scans.set(key, known)
      return
    }
    case 'watermark':
      readBy(node.strategy.expression, uses)
      merge(uses, node.strategy.rowtime, 'whole')
      collect(node.input, uses, scans, rules)
      return
    case 'filter':
      readBy(node.condition, uses)
      collect(node.input, uses, scans, rules)
      return
    case 'project': {
      const below: Uses = new Map()
      for (const [column, use] of uses) {
        const expression = node.expressions[column]
        if (expression?.kind === 'input') merge(below, expression.index, use)
        else if (expression !== undefined) readBy(expression, below)
      }
      collect(node.input, below, scans, rules)
      return
    }
    default:
      for (const input of logicalInputs(node)) collect(input, wholeColumns(input), scans, rules)
  }
}

function skipsFields(scan: Scan, rules: RuleContext): boolean {
  if (!scan.schema.fields.some(({ type }) => type.kind === 'ROW')) return false
  const { source } = requireConnector(scan.options, rules.planner, `table "${scan.table.path.name}"`)
  if (source?.nestedProjectionPushDown === true) return true
  const { options } = scan
  const format = options['value.format'] ?? options['format']
  // Fields of a key may have other names than their columns.
  if (format === undefined || options['key.format'] !== undefined) return false
  return rules.planner.formats.get(format)?.skipsNestedFields === true
}

function merge(uses: Uses, column: number, use: Use): void {
  const known = uses.get(column)
  if (known === 'whole' || use === 'whole') uses.set(column, 'whole')
  else uses.set(column, new Set([...(known ?? []), ...use]))
}

function readBy(expression: Expression, uses: Uses): void {
  if (expression.kind === 'input') merge(uses, expression.index, 'whole')
  else if (expression.kind === 'field' && expression.input.kind === 'input') {
    merge(uses, expression.input.index, new Set([expression.index]))
  } else for (const child of childrenOf(expression)) readBy(child, uses)
}

/** A column's narrower type, and the new positions of its fields. */
interface Narrowed {
  readonly type: SqlType
  readonly fields: ReadonlyMap<number, number>
}

interface Rewritten {
  readonly node: LogicalNode
  readonly columns: ReadonlyMap<number, Narrowed>
}

const UNCHANGED: ReadonlyMap<number, Narrowed> = new Map()

function rewrite(node: LogicalNode, scans: ReadonlyMap<string, Uses>): Rewritten {
  switch (node.kind) {
    case 'scan':
      return narrowScan(node, scans.get(scanKey(node)))
    case 'watermark': {
      const input = rewrite(node.input, scans)
      const strategy = { ...node.strategy, expression: moved(node.strategy.expression, input.columns) }
      return { node: createWatermark(input.node, strategy), columns: input.columns }
    }
    case 'filter': {
      const input = rewrite(node.input, scans)
      return { node: createFilter(input.node, moved(node.condition, input.columns)), columns: input.columns }
    }
    case 'project':
      return narrowProject(node, rewrite(node.input, scans))
    default:
      return { node: mapLogicalInputs(node, (input) => rewrite(input, scans).node), columns: UNCHANGED }
  }
}

function narrowScan(scan: Scan, uses: Uses | undefined): Rewritten {
  const columns = new Map<number, Narrowed>()
  if (uses === undefined) return { node: scan, columns }
  const fields = scan.schema.fields.map((field, column): Field => {
    const use = uses.get(column)
    if (field.type.kind !== 'ROW' || use === undefined || use === 'whole') return field
    const kept = [...use].sort((a, b) => a - b)
    if (kept.length === field.type.fields.length) return field
    const type: SqlType = { ...field.type, fields: field.type.fields.filter((_, index) => use.has(index)) }
    columns.set(column, { type, fields: new Map(kept.map((old, index) => [old, index])) })
    return { ...field, type }
  })
  return columns.size === 0 ? { node: scan, columns } : { node: createScan(scan.table, fields, scan.options), columns }
}

function narrowProject(node: Extract<LogicalNode, { kind: 'project' }>, input: Rewritten): Rewritten {
  if (input.columns.size === 0)
    return { node: createProject(input.node, node.expressions, node.schema), columns: UNCHANGED }
  const columns = new Map<number, Narrowed>()
  const expressions = node.expressions.map((expression, index) => {
    const narrowed = expression.kind === 'input' ? input.columns.get(expression.index) : undefined
    if (narrowed !== undefined) columns.set(index, narrowed)
    return moved(expression, input.columns)
  })
  const fields = node.schema.fields.map((field, index): Field => {
    const narrowed = columns.get(index)
    return narrowed === undefined ? field : { ...field, type: withNullability(narrowed.type, field.type.nullable) }
  })
  return { node: createProject(input.node, expressions, { fields }), columns }
}

function moved(expression: Expression, columns: ReadonlyMap<number, Narrowed>): Expression {
  if (expression.kind === 'input') {
    const narrowed = columns.get(expression.index)
    return narrowed === undefined ? expression : { ...expression, type: narrowed.type }
  }
  if (expression.kind === 'field' && expression.input.kind === 'input') {
    const narrowed = columns.get(expression.input.index)
    if (narrowed === undefined) return expression
    const input = { ...expression.input, type: narrowed.type }
    return { ...expression, input, index: narrowed.fields.get(expression.index) ?? expression.index }
  }
  return mapChildren(expression, (child) => moved(child, columns))
}
