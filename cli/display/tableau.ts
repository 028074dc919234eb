/**
 * Tables in the style of Flink's SQL client in tableau mode
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sqlclient/#sql-client-result-modes).
 */
import type { SqlType } from '../../core/types.ts'
import { fitText, padLeft, textWidth } from './text-width.ts'

export interface TableauColumn {
  readonly name: string
  readonly width: number
}

/** Widths by type, for results whose rows are not known yet. */
export function streamingColumns(
  fields: readonly { readonly name: string; readonly type: SqlType }[],
  maxWidth: number,
): TableauColumn[] {
  return fields.map(({ name, type }) => ({
    name,
    width: Math.max(Math.min(typeWidth(type), maxWidth), textWidth(name)),
  }))
}

function typeWidth(type: SqlType): number {
  switch (type.kind) {
    case 'BOOLEAN':
    case 'NULL':
      return 7
    case 'TINYINT':
      return 7
    case 'SMALLINT':
      return 8
    case 'INT':
      return 11
    case 'BIGINT':
      return 20
    case 'DATE':
      return 10
    case 'TIME':
      return 8
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return type.precision === 0 ? 19 : 20 + type.precision
    case 'DECIMAL':
      return type.precision + 2
    default:
      return Number.MAX_SAFE_INTEGER
  }
}

/** Widths by content. */
export function contentColumns(
  names: readonly string[],
  rows: readonly (readonly string[])[],
  maxWidth = Number.MAX_SAFE_INTEGER,
): TableauColumn[] {
  return names.map((name, index) => {
    const widest = rows.reduce((width, row) => Math.max(width, longestLine(row[index] ?? '')), 0)
    return { name, width: Math.max(Math.min(widest, maxWidth), textWidth(name)) }
  })
}

function longestLine(text: string): number {
  return text.split('\n').reduce((width, line) => Math.max(width, textWidth(line)), 0)
}

export function borderLine(columns: readonly TableauColumn[]): string {
  return `+${columns.map((column) => '-'.repeat(column.width + 2)).join('+')}+`
}

export function headerLines(columns: readonly TableauColumn[]): string[] {
  const border = borderLine(columns)
  return [
    border,
    rowLine(
      columns,
      columns.map((column) => column.name),
    ),
    border,
  ]
}

export function rowLine(columns: readonly TableauColumn[], cells: readonly string[]): string {
  const texts = columns.map((column, index) =>
    padLeft(fitText(oneLine(cells[index] ?? ''), column.width), column.width),
  )
  return `| ${texts.join(' | ')} |`
}

function oneLine(text: string): string {
  return text.replace(/\r?\n/g, '\\n')
}

/** A finished result, with its border and without the count of rows. */
export function tableLines(
  names: readonly string[],
  rows: readonly (readonly string[])[],
  maxWidth?: number,
): string[] {
  const columns = contentColumns(names, rows, maxWidth)
  return [...headerLines(columns), ...rows.map((row) => rowLine(columns, row)), borderLine(columns)]
}
