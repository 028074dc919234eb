/** Values as PostgreSQL writes and reads them in text, and arrays of them. */
import type { Column, Value } from '../../core/column.ts'
import { isNull, readValue } from '../../core/column-ops.ts'
import { formatDate, formatTime, formatTimestamp } from '../../core/datetime-text.ts'
import { MillraceError } from '../../core/errors.ts'
import { type SqlType, typeToString } from '../../core/types.ts'
import { decimalText, parseDecimal, parseValue } from '../../core/value-text.ts'

/** The text of a value of a row, or null. */
export function pgText(column: Column, type: SqlType, row: number): string | null {
  return isNull(column, row) ? null : valueText(readValue(column, type, row), type)
}

function valueText(value: Value, type: SqlType): string {
  switch (type.kind) {
    case 'BOOLEAN':
      return value === true ? 't' : 'f'
    case 'DECIMAL':
      return decimalText(value as bigint, type.scale)
    case 'DATE':
      return formatDate(value as number)
    case 'TIME':
      return formatTime(value as number, 3)
    case 'TIMESTAMP':
      return formatTimestamp(value as bigint, type.precision)
    case 'TIMESTAMP_LTZ':
      return `${formatTimestamp(value as bigint, type.precision)}+00`
    case 'BINARY':
    case 'VARBINARY':
      return `\\x${Buffer.from(value as Uint8Array).toString('hex')}`
    case 'ARRAY':
      return arrayText(
        (value as readonly Value[]).map((item) => (item === null ? null : valueText(item, type.element))),
        type.element,
      )
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT':
    case 'FLOAT':
    case 'DOUBLE':
    case 'CHAR':
    case 'VARCHAR':
      return String(value)
    default:
      throw new MillraceError('UNSUPPORTED_FEATURE', `jdbc cannot write ${typeToString(type)}`)
  }
}

/** An array literal: `{1,NULL,"a b"}`. */
export function arrayText(items: readonly (string | null)[], element: SqlType | undefined): string {
  const isBare = element?.kind === 'ARRAY'
  return `{${items.map((item) => (item === null ? 'NULL' : isBare || isPlain(item) ? item : quoted(item))).join(',')}}`
}

function isPlain(text: string): boolean {
  return /^[\w.+:-]+$/.test(text) && text.toUpperCase() !== 'NULL'
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`
}

/** PostgreSQL's text to a value. @throws MillraceError MALFORMED_RECORD naming column and text */
export function parsePgText(text: string, type: SqlType, column: string): Value {
  const value = type.kind === 'ARRAY' ? parseArray(text, type.element, column) : parseScalar(text, type)
  if (value !== undefined) return value
  throw new MillraceError('MALFORMED_RECORD', `'${text}' in column "${column}" does not fit ${typeToString(type)}`, {
    hint: /infinity/i.test(text) ? 'Exclude infinite values, or declare the column as STRING.' : undefined,
  })
}

function parseScalar(text: string, type: SqlType): Value | undefined {
  switch (type.kind) {
    case 'CHAR':
    case 'VARCHAR':
      return text
    case 'BOOLEAN':
      return text === 't' || text === 'true'
    case 'DOUBLE':
      return Number(text)
    case 'FLOAT':
      return Math.fround(Number(text))
    case 'BINARY':
    case 'VARBINARY':
      return new Uint8Array(Buffer.from(text.slice(2), 'hex'))
    case 'DECIMAL':
      return parseDecimal(text.replace(/[$,]/g, ''), type.precision, type.scale)
    case 'TIMESTAMP':
      return parseValue(text.length === 10 ? `${text} 00:00:00` : text, type)
    case 'TIMESTAMP_LTZ':
      return parseValue(text.replace(/\+00(?::00)?$/, 'Z'), type)
    default:
      return parseValue(text, type)
  }
}

function parseArray(text: string, element: SqlType, column: string): Value {
  // Bounds that do not begin at 1 stand before the elements: `[0:1]={1,2}`.
  const reader = { text: text.replace(/^\[[^=]*=/, ''), at: 0 }
  return readArray(reader, element, column)
}

function readArray(reader: { readonly text: string; at: number }, element: SqlType, column: string): Value {
  const items: Value[] = []
  reader.at++
  while (reader.text[reader.at] !== '}') {
    if (reader.text[reader.at] === ',') {
      reader.at++
    } else if (reader.text[reader.at] === '{' && element.kind === 'ARRAY') {
      items.push(readArray(reader, element.element, column))
    } else {
      const item = readElement(reader)
      items.push(item === null ? null : parsePgText(item, element, column))
    }
    if (reader.at >= reader.text.length)
      throw new MillraceError('MALFORMED_RECORD', `column "${column}" is not an array`)
  }
  reader.at++
  return items
}

function readElement(reader: { readonly text: string; at: number }): string | null {
  const { text } = reader
  if (text[reader.at] !== '"') {
    const match = /^[^,}]*/.exec(text.slice(reader.at))?.[0] ?? ''
    reader.at += match.length
    return match.toUpperCase() === 'NULL' ? null : match
  }
  let item = ''
  for (reader.at++; reader.at < text.length && text[reader.at] !== '"'; reader.at++) {
    if (text[reader.at] === '\\') reader.at++
    item += text[reader.at]
  }
  reader.at++
  return item
}
