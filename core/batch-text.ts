/**
 * Batches as text, one row a line: `+I 1 a`, `-U 1 NULL`. For tests and debugging: what is printed can be read back.
 * Values are JSON where plain text would be ambiguous: strings with spaces or quotes, arrays, rows.
 */
import { type ChangeBatch, createBatch, kindAt, ROW_KIND_NAMES } from './change-batch.ts'
import type { Value } from './column.ts'
import { columnOf } from './column-builder.ts'
import { readValue } from './column-ops.ts'
import { MillraceError } from './errors.ts'
import type { Schema, SqlType } from './types.ts'

export function formatBatch(batch: ChangeBatch): string {
  return Array.from({ length: batch.rows }, (_, row) => formatRow(batch, row)).join('\n')
}

function formatRow(batch: ChangeBatch, row: number): string {
  const cells = batch.schema.fields.map((field, index) => {
    const column = batch.columns[index]
    return column === undefined ? '?' : formatCell(readValue(column, field.type, row))
  })
  return [ROW_KIND_NAMES[kindAt(batch, row)], ...cells].join(' ')
}

function formatCell(value: Value): string {
  if (value === null) return 'NULL'
  if (typeof value === 'string') return /^[^\s"[\]]+$/.test(value) && value !== 'NULL' ? value : JSON.stringify(value)
  if (value instanceof Uint8Array) return `x${Buffer.from(value).toString('hex')}`
  if (typeof value === 'object') return `[${value.map(formatCell).join(',')}]`
  return String(value)
}

/**
 * @param text one row a line; the row kind may be left out and is then +I. Numbers, true/false, NULL, plain words,
 *   JSON strings; ARRAY, MAP and ROW are not read
 */
export function parseBatch(schema: Schema, text: string): ChangeBatch {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const kinds = new Uint8Array(lines.length)
  const rows = lines.map((line, index) => {
    const cells = line.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []
    const kind = (ROW_KIND_NAMES as readonly string[]).indexOf(cells[0] ?? '')
    kinds[index] = Math.max(kind, 0)
    return kind < 0 ? cells : cells.slice(1)
  })
  const columns = schema.fields.map((field, column) =>
    columnOf(
      field.type,
      rows.map((cells) => parseCell(cells[column] ?? 'NULL', field.type)),
    ),
  )
  return createBatch(schema, columns, lines.length, kinds.some((kind) => kind !== 0) ? kinds : null)
}

function parseCell(cell: string, type: SqlType): Value {
  if (cell === 'NULL') return null
  switch (type.kind) {
    case 'BOOLEAN':
      return cell.toLowerCase() === 'true'
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'DATE':
    case 'TIME':
    case 'INTERVAL_YEAR_MONTH':
    case 'FLOAT':
    case 'DOUBLE':
      return Number(cell)
    case 'BIGINT':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
    case 'INTERVAL_DAY_TIME':
    case 'DECIMAL':
      return BigInt(cell)
    case 'CHAR':
    case 'VARCHAR':
      return cell.startsWith('"') ? (JSON.parse(cell) as string) : cell
    case 'BINARY':
    case 'VARBINARY':
      return Uint8Array.from(Buffer.from(cell.slice(1), 'hex'))
    default:
      throw new MillraceError('INTERNAL_ERROR', `parseBatch reads no ${type.kind}`)
  }
}
