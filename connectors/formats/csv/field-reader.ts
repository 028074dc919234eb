/** Reads the text of one CSV field into a column, by the conversions of Flink's CsvToRowDataConverters. */
import { decodeText } from '../../../core/column-ops.ts'
import { MillraceError } from '../../../core/errors.ts'
import type { SqlType } from '../../../core/types.ts'
import { typeToString, unitsPerMillisecond } from '../../../core/types.ts'
import { BytesWriter, type ColumnWriter, FixedWriter, ListWriter, RowWriter, type SideText } from '../column-writer.ts'
import { quickDate, quickDouble, quickInteger, quickTimestamp, quickUnscaled } from '../quick-parse.ts'
import {
  instantToUnits,
  parseBase64,
  parseBooleanText,
  parseDateText,
  parseDecimalText,
  parseDoubleText,
  parseTimestampText,
  parseTimeText,
  parseWhole,
  quoteText,
  ValueError,
} from '../scalar-text.ts'
import type { CsvOptions } from './options.ts'

/**
 * @param data where the text stands
 * @param start its first byte, and `end` the byte behind its last
 * @param view what to keep as the start of a view of the text: `start`, or its place in the side text
 */
export type FieldReader = (data: Uint8Array, start: number, end: number, view: number, row: number) => void

export function createFieldReader(
  type: SqlType,
  writer: ColumnWriter,
  options: CsvOptions,
  side: SideText,
): FieldReader {
  if (writer instanceof BytesWriter) return bytesReader(type, writer, side)
  if (writer instanceof FixedWriter) return fixedReader(type, writer)
  if (writer instanceof ListWriter && type.kind === 'ARRAY') {
    const element = writer.children[0] as ColumnWriter
    const read = elementReader(type.element, element, options, side)
    return (data, start, end, _view, row) => {
      const text = decodeText(data, start, end - start)
      const first = writer.used
      if (text !== '') for (const item of text.split(options.arrayDelimiter)) read(item, writer.append())
      writer.set(row, first, writer.used - first)
    }
  }
  if (writer instanceof RowWriter && type.kind === 'ROW') return rowReader(type.fields, writer, options, side)
  throw new MillraceError('UNSUPPORTED_FEATURE', `csv has no ${typeToString(type)}`)
}

function rowReader(
  fields: readonly { readonly type: SqlType }[],
  writer: RowWriter,
  options: CsvOptions,
  side: SideText,
): FieldReader {
  const readers = fields.map((field, index) =>
    elementReader(field.type, writer.children[index] as ColumnWriter, options, side),
  )
  return (data, start, end, _view, row) => {
    const items = decodeText(data, start, end - start).split(options.arrayDelimiter)
    if (items.length !== readers.length && !options.ignoreParseErrors) {
      throw new ValueError(`a ROW of ${readers.length} fields was expected but it has ${items.length}`)
    }
    readers.forEach((read, index) => {
      const item = items[index]
      if (item === undefined) writer.children[index]?.setNull(row)
      else read(item, row)
    })
  }
}

/** Elements are read from a copy of their text. */
function elementReader(
  type: SqlType,
  writer: ColumnWriter,
  options: CsvOptions,
  side: SideText,
): (text: string, row: number) => void {
  const read = createFieldReader(type, writer, options, side)
  return (text, row) => {
    writer.clearNull(row)
    if (text === options.nullLiteral) {
      writer.setNull(row)
      return
    }
    const bytes = Buffer.from(text)
    const view = side.append(bytes)
    try {
      read(bytes, 0, bytes.length, view, row)
    } catch (error) {
      if (!options.ignoreParseErrors || !(error instanceof ValueError)) throw error
      writer.setNull(row)
    }
  }
}

function bytesReader(type: SqlType, writer: BytesWriter, side: SideText): FieldReader {
  if (type.kind === 'CHAR' || type.kind === 'VARCHAR') {
    return (_data, start, end, view, row) => writer.set(row, view, end - start)
  }
  return (data, start, end, _view, row) => {
    const bytes = parseBase64(decodeText(data, start, end - start))
    writer.set(row, side.append(bytes), bytes.length)
  }
}

const WHOLE_RANGES = {
  TINYINT: [-128, 127],
  SMALLINT: [-32768, 32767],
  INT: [-2147483648, 2147483647],
} as const

function fixedReader(type: SqlType, writer: FixedWriter): FieldReader {
  switch (type.kind) {
    case 'BOOLEAN':
      return textReader((text, row) => writer.setNumber(row, parseBooleanText(text) ? 1 : 0))
    case 'TINYINT':
      return wholeReader('TINYINT', writer)
    case 'SMALLINT':
      return wholeReader('SMALLINT', writer)
    case 'INT':
    case 'INTERVAL_YEAR_MONTH':
      return wholeReader('INT', writer)
    case 'BIGINT':
    case 'INTERVAL_DAY_TIME':
      return (data, start, end, _view, row) => {
        const value = quickInteger(data, start, end)
        if (value === value) setWords(writer.words, row, value)
        else
          writer.setBigint(
            row,
            parseWhole(decodeText(data, start, end - start), -(2n ** 63n), 2n ** 63n - 1n, 'BIGINT'),
          )
      }
    case 'FLOAT':
    case 'DOUBLE':
      return (data, start, end, _view, row) => {
        const value = quickDouble(data, start, end)
        writer.setNumber(row, value === value ? value : parseDoubleText(decodeText(data, start, end - start)))
      }
    case 'DECIMAL':
      return decimalReader(type.precision, type.scale, writer)
    case 'DATE':
      return (data, start, end, _view, row) => {
        const days = end - start === 10 ? quickDate(data, start) : Number.NaN
        writer.setNumber(row, days === days ? days : parseDateText(padDate(decodeText(data, start, end - start))))
      }
    case 'TIME':
      return timeReader(type.precision, writer)
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ': {
      return timestampReader(type.precision, type.kind === 'TIMESTAMP_LTZ', writer)
    }
    default:
      throw new MillraceError('UNSUPPORTED_FEATURE', `csv has no ${typeToString(type)}`)
  }
}

function setWords(words: Int32Array, row: number, value: number): void {
  words[2 * row] = value | 0
  words[2 * row + 1] = Math.floor(value / 4294967296)
}

function textReader(read: (text: string, row: number) => void): FieldReader {
  return (data, start, end, _view, row) => read(decodeText(data, start, end - start), row)
}

function wholeReader(kind: keyof typeof WHOLE_RANGES, writer: FixedWriter): FieldReader {
  const [min, max] = WHOLE_RANGES[kind]
  return (data, start, end, _view, row) => {
    const value = quickInteger(data, start, end)
    if (value >= min && value <= max) writer.setNumber(row, value)
    else writer.setNumber(row, Number(parseWhole(decodeText(data, start, end - start), BigInt(min), BigInt(max), kind)))
  }
}

function decimalReader(precision: number, scale: number, writer: FixedWriter): FieldReader {
  return (data, start, end, _view, row) => {
    const quick = precision <= 18 ? quickUnscaled(data, start, end, scale, precision) : Number.NaN
    if (quick === quick) {
      setWords(writer.words, row, quick)
      return
    }
    const value = parseDecimalText(decodeText(data, start, end - start), precision, scale)
    if (value === null) writer.setNull(row)
    else writer.setBigint(row, value)
  }
}

function timestampReader(precision: number, zoned: boolean, writer: FixedWriter): FieldReader {
  const unitsPerMilli = Number(unitsPerMillisecond(precision))
  return (data, start, end, _view, row) => {
    const isPlain = precision >= 3 && (!zoned || data[end - 1] === 90)
    const value = isPlain ? quickTimestamp(data, start, zoned ? end - 1 : end) * unitsPerMilli : Number.NaN
    if (value <= Number.MAX_SAFE_INTEGER && value >= -Number.MAX_SAFE_INTEGER) {
      setWords(writer.words, row, value)
    } else {
      const text = padDate(decodeText(data, start, end - start).trim())
      writer.setBigint(row, instantToUnits(parseTimestampText(text, 'SQL', zoned), precision))
    }
  }
}

/** `LocalTime.parse`, and digits beyond the precision cut off. */
function timeReader(precision: number, writer: FixedWriter): FieldReader {
  const step = 10 ** (3 - Math.min(precision, 3))
  return textReader((text, row) => {
    const time = parseTimeText(/^\d\d:\d\d$/.test(text) ? `${text}:00` : text)
    writer.setNumber(row, time - (time % step))
  })
}

/** `Date.valueOf` and `Timestamp.valueOf` take months and days of one digit. */
function padDate(text: string): string {
  const match = /^(\d{4})-(\d{1,2})-(\d{1,2})(?=$|[ T])/.exec(text)
  if (match === null) return text
  const [all, year, month = '', day = ''] = match
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}${text.slice(all.length)}`
}

export function fieldError(name: string, error: ValueError, text: string): ValueError {
  const hint = text === '' ? " (an empty field is NULL only with 'csv.null-literal' = '')" : ''
  return new ValueError(`field ${quoteText(name)}: ${error.message}${hint}`)
}
