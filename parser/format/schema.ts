/** The parts of table definitions as text. */
import { unreachable } from '../../core/errors.ts'
import type {
  ColumnChange,
  ColumnDefinition,
  CreateMaterializedTable,
  CreateTable,
  Distribution,
  PartitionEntry,
  TableConstraint,
  Watermark,
} from '../ast/definition.ts'
import type { Property, StringLiteral } from '../ast/node.ts'
import {
  formatIdentifier,
  formatNames,
  formatObjectName,
  formatProperty,
  formatString,
  parenthesize,
  words,
} from './name.ts'
import type { Printer } from './printer.ts'
import { formatType } from './type.ts'

export function formatComment(comment: StringLiteral | undefined): string | undefined {
  return comment && `COMMENT ${formatString(comment)}`
}

export const formatProperties = (options: readonly Property[]): string => parenthesize(options, formatProperty)

export function formatWith(options: readonly Property[]): string | undefined {
  return options.length === 0 ? undefined : `WITH ${formatProperties(options)}`
}

export function formatColumn(p: Printer, column: ColumnDefinition): string {
  const name = formatIdentifier(column.name)
  const comment = formatComment(column.comment)
  switch (column.kind) {
    case 'physical-column':
      return words(
        name,
        formatType(column.type),
        column.constraint && formatConstraint(column.constraint, true),
        comment,
      )
    case 'metadata-column':
      return words(
        name,
        formatType(column.type),
        'METADATA',
        column.from && `FROM ${formatString(column.from)}`,
        column.virtual && 'VIRTUAL',
        comment,
      )
    case 'computed-column':
      return words(name, 'AS', p.expression(column.expression), comment)
    default:
      return unreachable(column)
  }
}

export function formatColumnChange(p: Printer, { column, position }: ColumnChange): string {
  const after = position && (position.after === undefined ? 'FIRST' : `AFTER ${formatIdentifier(position.after)}`)
  return words(formatColumn(p, column), after)
}

export function formatWatermark(p: Printer, { column, expression }: Watermark): string {
  return `WATERMARK FOR ${formatObjectName(column)} AS ${p.expression(expression)}`
}

/** @param inline behind a column's type, where the column needs no naming */
export function formatConstraint({ type, name, columns, enforced }: TableConstraint, inline = false): string {
  return words(
    name && `CONSTRAINT ${formatIdentifier(name)}`,
    type,
    !inline && formatNames(columns),
    enforced === undefined ? undefined : enforced ? 'ENFORCED' : 'NOT ENFORCED',
  )
}

type Definition = CreateTable | CreateMaterializedTable

/** `(columns, watermarks, constraints)`, or nothing where there are none. */
export function formatSchema(p: Printer, table: Definition): string | undefined {
  if (table.columnOrder !== undefined) return formatNames(table.columnOrder)
  const elements = [
    ...table.columns.map((column) => formatColumn(p, column)),
    ...table.watermarks.map((watermark) => formatWatermark(p, watermark)),
    ...table.constraints.map((constraint) => formatConstraint(constraint)),
  ]
  return elements.length === 0 ? undefined : `(\n  ${elements.join(',\n  ')}\n)`
}

/** Comment, distribution, partitions and options. */
export function formatLayout(table: Definition): string {
  return words(
    formatComment(table.comment),
    table.distribution && `DISTRIBUTED ${formatDistribution(table.distribution)}`,
    table.partitionedBy.length > 0 && `PARTITIONED BY ${formatNames(table.partitionedBy)}`,
    formatWith(table.options),
  )
}

/** What follows DISTRIBUTED or DISTRIBUTION. */
export function formatDistribution({ method, columns, buckets }: Distribution): string {
  const into = buckets === undefined ? undefined : `INTO ${buckets} BUCKETS`
  if (columns.length === 0) return into ?? ''
  return words('BY', (method ?? '') + formatNames(columns), into)
}

export function formatPartition(p: Printer, entries: readonly PartitionEntry[]): string | undefined {
  if (entries.length === 0) return undefined
  return `PARTITION ${parenthesize(entries, ({ column, value }) =>
    words(formatIdentifier(column), value && `= ${p.expression(value)}`),
  )}`
}
