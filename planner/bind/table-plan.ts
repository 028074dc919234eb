/** A table as the plan that reads it: scan, computed columns, watermark. */
import type { ChangelogMode, ConnectorDescriptor } from '../../catalog/connector.ts'
import type { PlannerContext } from '../../catalog/reader.ts'
import { checkFormats, parseTableOptions, requireConnector } from '../../catalog/table-options.ts'
import type { CatalogTable } from '../../catalog/table.ts'
import { MillraceError } from '../../core/errors.ts'
import type { OptionValues } from '../../core/options.ts'
import type { Expression } from '../expression.ts'
import { collectInputs, mapInputs } from '../expression-rewrite.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createProject } from '../logical/project.ts'
import { createScan } from '../logical/scan.ts'
import { createWatermark } from '../logical/watermark.ts'
import type { WatermarkStrategy } from '../physical/graph.ts'
import { isBatch, requireBatchSource } from '../physical/batch.ts'
import { type ResolvedTable, resolveTable } from './table.ts'

export interface TableUse {
  readonly descriptor: ConnectorDescriptor
  readonly values: OptionValues
}

/** Connector and checked options of a table that is about to be read or written. */
export function useTable(
  table: CatalogTable,
  options: Readonly<Record<string, string>>,
  planner: PlannerContext,
): TableUse {
  const label = `table "${table.path.name}"`
  const descriptor = requireConnector(options, planner, label)
  const values = parseTableOptions(options, planner, label)
  descriptor.validate?.({ ...table, options }, values)
  checkFormats({ ...table, options }, values, planner)
  return { descriptor, values }
}

/** @throws MillraceError without position */
export function planTable(
  table: CatalogTable,
  options: Readonly<Record<string, string>>,
  planner: PlannerContext,
): LogicalNode {
  const { descriptor, values } = useTable(table, options, planner)
  if (descriptor.source === undefined) {
    throw new MillraceError('INVALID_ARGUMENT', `table "${table.path.name}" cannot be read`, {
      detail: `Connector "${descriptor.name}" is only a sink.`,
    })
  }
  const used = { ...table, options }
  const mode = descriptor.source.changelogMode(used, values)
  if (isBatch(planner)) requireBatchSource(table, descriptor.source.isBounded(used, values), mode)
  checkKey(table, mode, planner)
  const resolved = resolveTable(table, planner)
  const scan = createScan(table, resolved.stored, options)
  const { watermark } = resolved
  if (watermark === undefined) return withComputed(resolved, scan)
  const { column, expression } = watermark
  const strategy = (rowtime: number, over: Expression): WatermarkStrategy => ({
    expression: over,
    rowtime,
    emit: emitOf(values),
    idleTimeout:
      values.optionalDuration('scan.watermark.idle-timeout') ??
      planner.configuration.duration('table.exec.source.idle-timeout'),
  })
  const position = storedPositions(resolved)
  const below = [column, ...collectInputs(expression)].every((index) => position(index) !== undefined)
  if (!below) return createWatermark(withComputed(resolved, scan), strategy(column, expression))
  const overStored = mapInputs(expression, (input) => ({ ...input, index: position(input.index) ?? input.index }))
  return withComputed(resolved, createWatermark(scan, strategy(position(column) ?? 0, overStored)))
}

/** Rows without what they were before are told apart by key; and so are events that may come twice. */
function checkKey(table: CatalogTable, mode: ChangelogMode, planner: PlannerContext): void {
  if (table.primaryKey !== undefined || (!mode.updateAfter && !mode.delete)) return
  if (!mode.updateBefore) {
    throw new MillraceError('INVALID_DEFINITION', `table "${table.path.name}" needs a primary key`, {
      detail: 'It is a changelog with UPDATE_AFTER but without UPDATE_BEFORE.',
      hint: 'Add PRIMARY KEY (…) NOT ENFORCED.',
    })
  }
  if (!planner.configuration.boolean('table.exec.source.cdc-events-duplicate')) return
  throw new MillraceError('INVALID_DEFINITION', `table "${table.path.name}" needs a primary key`, {
    detail: "'table.exec.source.cdc-events-duplicate' is 'true': events that come twice are told by their key.",
    hint: 'Add PRIMARY KEY (…) NOT ENFORCED, or RESET the configuration key.',
  })
}

function emitOf(values: OptionValues): 'on-periodic' | 'on-event' {
  return values.optionalString('scan.watermark.emit.strategy')?.trim().toLowerCase() === 'on-event'
    ? 'on-event'
    : 'on-periodic'
}

/** From a position among all columns to that among the stored ones. */
function storedPositions(resolved: ResolvedTable): (index: number) => number | undefined {
  return (index) => {
    const column = resolved.columns[index]
    if (column === undefined || column.kind === 'computed') return undefined
    return resolved.stored.findIndex((field) => field.name === column.name)
  }
}

function withComputed(resolved: ResolvedTable, input: LogicalNode): LogicalNode {
  if (!resolved.columns.some((column) => column.kind === 'computed')) return input
  const fields = input.schema.fields
  const expressions: Expression[] = []
  const output = resolved.columns.map((column) => {
    const index = fields.findIndex((field) => field.name === column.name)
    const stored = fields[index]
    if (column.expression === undefined && stored !== undefined) {
      expressions.push({ kind: 'input', index, type: stored.type })
      return stored
    }
    if (column.expression !== undefined) expressions.push(column.expression)
    return { name: column.name, type: column.expression?.type ?? column.type }
  })
  return createProject(input, expressions, { fields: output })
}
