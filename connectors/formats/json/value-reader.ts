/**
 * The general path of the decoder: reads any JSON value into a column of any type, by the conversions of Flink's
 * JsonParserToRowDataConverters.
 */
import { unreachable } from '../../../core/errors.ts'
import { mapTypes, type DecimalType, type Field, type SqlType, typeToString } from '../../../core/types.ts'
import { BytesWriter, type ColumnWriter, FixedWriter, ListWriter, RowWriter } from '../column-writer.ts'
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
import { compactJson } from './compact.ts'
import type { JsonCursor } from './cursor.ts'
import type { JsonOptions } from './options.ts'

/** Reads the value at the cursor into a row of the column it belongs to. */
export type ValueReader = (cursor: JsonCursor, row: number) => void

/**
 * A reader that takes `null`, and with `ignore-parse-errors` writes NULL for a value that cannot be converted.
 *
 * @param onSkipped called for each such value
 */
export function createValueReader(
  type: SqlType,
  writer: ColumnWriter,
  options: JsonOptions,
  onSkipped: () => void,
): ValueReader {
  const read = createReader(type, writer, options, onSkipped)
  return (cursor, row) => {
    if (cursor.peek() === 110) {
      cursor.readLiteral()
      writer.setNull(row)
      return
    }
    writer.clearNull(row)
    if (!options.ignoreParseErrors) {
      read(cursor, row)
      return
    }
    const start = cursor.pos
    try {
      read(cursor, row)
    } catch (error) {
      if (!(error instanceof ValueError)) throw error
      cursor.pos = start
      cursor.skipValue()
      writer.setNull(row)
      onSkipped()
    }
  }
}

function createReader(type: SqlType, writer: ColumnWriter, options: JsonOptions, onSkipped: () => void): ValueReader {
  if (writer instanceof BytesWriter) return createBytesReader(type, writer)
  if (writer instanceof ListWriter) return createContainerReader(type, writer, options, onSkipped)
  if (writer instanceof RowWriter) return createRowReader(type, writer, options, onSkipped)
  if (writer instanceof FixedWriter) return createFixedReader(type, writer, options)
  return (cursor) => cursor.skipValue()
}

function createBytesReader(type: SqlType, writer: BytesWriter): ValueReader {
  if (type.kind === 'CHAR' || type.kind === 'VARCHAR') {
    return (cursor, row) => {
      const c = cursor.peek()
      if (c === 123 || c === 91) {
        const start = cursor.pos
        cursor.skipValue()
        const text = Buffer.from(compactJson(cursor.data, start, cursor.pos))
        writer.set(row, cursor.side.append(text), text.length)
      } else {
        cursor.readScalar()
        writer.set(row, cursor.textStart, cursor.textLength)
      }
    }
  }
  return (cursor, row) => {
    const bytes = parseBase64(scalarText(cursor, type))
    writer.set(row, cursor.side.append(bytes), bytes.length)
  }
}

/** Text of the scalar at the cursor; an object or array is no scalar. */
function scalarText(cursor: JsonCursor, type: SqlType): string {
  refuseContainer(cursor, type)
  cursor.readScalar()
  return cursor.text()
}

function refuseContainer(cursor: JsonCursor, type: SqlType): void {
  const c = cursor.peek()
  if (c !== 123 && c !== 91) return
  const start = cursor.pos
  cursor.skipValue()
  const text = Buffer.from(cursor.data.subarray(start, cursor.pos)).toString()
  throw new ValueError(`${quoteText(text)} is not a ${typeToString({ ...type, nullable: true })}`)
}

const WHOLE_RANGES = {
  TINYINT: [-128n, 127n],
  SMALLINT: [-32768n, 32767n],
  INT: [-2147483648n, 2147483647n],
  BIGINT: [-(2n ** 63n), 2n ** 63n - 1n],
} as const

function createFixedReader(type: SqlType, writer: FixedWriter, options: JsonOptions): ValueReader {
  switch (type.kind) {
    case 'BOOLEAN':
      return (cursor, row) => writer.setNumber(row, parseBooleanText(scalarText(cursor, type)) ? 1 : 0)
    case 'TINYINT':
      return (cursor, row) => writer.setNumber(row, Number(readWhole(cursor, type, 'TINYINT', false)))
    case 'SMALLINT':
      return (cursor, row) => writer.setNumber(row, Number(readWhole(cursor, type, 'SMALLINT', false)))
    case 'INT':
    case 'INTERVAL_YEAR_MONTH':
      return (cursor, row) => writer.setNumber(row, Number(readWhole(cursor, type, 'INT', true)))
    case 'BIGINT':
    case 'INTERVAL_DAY_TIME':
      return (cursor, row) => writer.setBigint(row, readWhole(cursor, type, 'BIGINT', true))
    case 'FLOAT':
    case 'DOUBLE':
      return (cursor, row) => writer.setNumber(row, parseDoubleText(scalarText(cursor, type)))
    case 'DECIMAL':
      return (cursor, row) => readDecimal(cursor, row, writer, type)
    case 'DATE':
      return (cursor, row) => writer.setNumber(row, parseDateText(scalarText(cursor, type)))
    case 'TIME':
      return (cursor, row) => writer.setNumber(row, parseTimeText(scalarText(cursor, type)))
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ': {
      const zoned = type.kind === 'TIMESTAMP_LTZ'
      return (cursor, row) => {
        const instant = parseTimestampText(scalarText(cursor, type), options.timestamps, zoned)
        writer.setBigint(row, instantToUnits(instant, type.precision))
      }
    }
    default:
      throw new ValueError(`json has no ${typeToString(type)}`)
  }
}

/** @param truncates whether a JSON number with a fraction is cut to its whole part, as Jackson's getIntValue does */
function readWhole(cursor: JsonCursor, type: SqlType, kind: keyof typeof WHOLE_RANGES, truncates: boolean): bigint {
  const [min, max] = WHOLE_RANGES[kind]
  refuseContainer(cursor, type)
  const isText = cursor.peek() === 34
  cursor.readScalar()
  const text = cursor.text()
  if (isText || !truncates || /^-?\d+$/.test(text)) return parseWhole(text, min, max, kind)
  const number = Math.trunc(parseDoubleText(text))
  if (!Number.isFinite(number) || BigInt(number) < min || BigInt(number) > max) {
    throw new ValueError(`${quoteText(text)} is out of range for ${kind}`)
  }
  return BigInt(number)
}

function readDecimal(cursor: JsonCursor, row: number, writer: FixedWriter, type: DecimalType): void {
  const value = parseDecimalText(scalarText(cursor, type), type.precision, type.scale)
  if (value === null) writer.setNull(row)
  else writer.setBigint(row, value)
}

function createContainerReader(
  type: SqlType,
  writer: ListWriter,
  options: JsonOptions,
  onSkipped: () => void,
): ValueReader {
  const pair = mapTypes(type)
  const [first, second] = writer.children
  if (pair !== undefined && first instanceof BytesWriter && second !== undefined) {
    return createMapReader(type, writer, first, createValueReader(pair.value, second, options, onSkipped))
  }
  if (type.kind !== 'ARRAY' || first === undefined) throw new ValueError(`json has no ${typeToString(type)}`)
  const readElement = createValueReader(type.element, first, options, onSkipped)
  return (cursor, row) => {
    if (cursor.peek() !== 91) refuseScalar(cursor, type)
    cursor.enter()
    cursor.pos++
    const start = writer.used
    if (!cursor.accept(93)) {
      do {
        readElement(cursor, writer.append())
      } while (cursor.accept(44))
      cursor.expect(93, '"," or "]"')
    }
    cursor.leave()
    writer.set(row, start, writer.used - start)
  }
}

/** As in a Java map, the last of several equal keys wins. */
function createMapReader(type: SqlType, writer: ListWriter, keys: BytesWriter, readValue: ValueReader): ValueReader {
  return (cursor, row) => {
    if (cursor.peek() !== 123) refuseScalar(cursor, type)
    cursor.enter()
    cursor.pos++
    const start = writer.used
    const seen = new Map<string, number>()
    if (!cursor.accept(125)) {
      do {
        cursor.readString()
        const key = cursor.text()
        const [keyStart, keyLength] = [cursor.textStart, cursor.textLength]
        cursor.expect(58, '":"')
        const at = seen.get(key) ?? writer.append()
        seen.set(key, at)
        keys.set(at, keyStart, keyLength)
        readValue(cursor, at)
      } while (cursor.accept(44))
      cursor.expect(125, '"," or "}"')
    }
    cursor.leave()
    writer.set(row, start, writer.used - start)
  }
}

function refuseScalar(cursor: JsonCursor, type: SqlType): never {
  const start = cursor.pos
  cursor.skipValue()
  const text = Buffer.from(cursor.data.subarray(start, cursor.pos)).toString()
  const shape = type.kind === 'ARRAY' ? 'a JSON array' : 'a JSON object'
  throw new ValueError(`${quoteText(text)} is not ${shape}, as ${typeToString({ ...type, nullable: true })} needs`)
}

function createRowReader(type: SqlType, writer: RowWriter, options: JsonOptions, onSkipped: () => void): ValueReader {
  if (type.kind !== 'ROW') return unreachable(type as never)
  const readers = type.fields.map((field, index) =>
    createValueReader(field.type, writer.children[index] as ColumnWriter, options, onSkipped),
  )
  const object = new ObjectReader(type.fields, writer.children, readers, options)
  return (cursor, row) => {
    if (cursor.peek() !== 123) refuseScalar(cursor, type)
    object.read(cursor, row)
  }
}

/** Reads the fields of an object by name, in whatever order they come. */
export class ObjectReader {
  readonly #fields: readonly Field[]
  readonly #writers: readonly ColumnWriter[]
  readonly #readers: readonly ValueReader[]
  readonly #keys: readonly Buffer[]
  readonly #byName: ReadonlyMap<string, number>
  readonly #options: JsonOptions
  readonly #seen: Float64Array
  #serial = 0

  constructor(
    fields: readonly Field[],
    writers: readonly ColumnWriter[],
    readers: readonly ValueReader[],
    options: JsonOptions,
  ) {
    this.#fields = fields
    this.#writers = writers
    this.#readers = readers
    this.#keys = fields.map((field) => Buffer.from(field.name))
    this.#byName = new Map(fields.map((field, index) => [field.name, index]))
    this.#options = options
    this.#seen = new Float64Array(fields.length)
  }

  /** The cursor stands at the opening brace. */
  read(cursor: JsonCursor, row: number): void {
    const serial = ++this.#serial
    cursor.enter()
    cursor.pos++
    let next = 0
    if (!cursor.accept(125)) {
      do {
        const side = cursor.side.size
        cursor.readString()
        const index = this.#find(cursor, next)
        cursor.side.size = side
        cursor.expect(58, '":"')
        if (index < 0) {
          cursor.skipValue()
        } else {
          this.#seen[index] = serial
          this.#readField(cursor, index, row)
          next = index + 1
        }
      } while (cursor.accept(44))
      cursor.expect(125, '"," or "}"')
    }
    cursor.leave()
    this.#fillMissing(serial, row)
  }

  #readField(cursor: JsonCursor, index: number, row: number): void {
    try {
      ;(this.#readers[index] as ValueReader)(cursor, row)
    } catch (error) {
      if (!(error instanceof ValueError)) throw error
      throw new ValueError(`field "${this.#fields[index]?.name}": ${error.message}`)
    }
  }

  #find(cursor: JsonCursor, expected: number): number {
    const key = this.#keys[expected]
    if (key !== undefined && cursor.textLength === key.length && cursor.textStart >= 0) {
      let i = 0
      while (i < key.length && cursor.data[cursor.textStart + i] === key[i]) i++
      if (i === key.length) return expected
    }
    return this.#byName.get(cursor.text()) ?? -1
  }

  #fillMissing(serial: number, row: number): void {
    for (let index = 0; index < this.#writers.length; index++) {
      if (this.#seen[index] === serial) continue
      if (this.#options.failOnMissingField) {
        throw new ValueError(`field "${this.#fields[index]?.name}" is missing`)
      }
      this.#writers[index]?.setNull(row)
    }
  }
}
