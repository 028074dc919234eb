/**
 * Columns to CSV records, as Jackson's CsvGenerator writes them for Flink: numbers and booleans bare; text in quotes
 * where it is longer than 24 characters or has a character below the highest of delimiter and quote, and otherwise bare.
 * A kernel in WebAssembly writes many rows of simple types, JavaScript the others.
 */
import type { Column } from '../../../core/column.ts'
import { decodeText, isNull, readInt128 } from '../../../core/column-ops.ts'
import { MillraceError } from '../../../core/errors.ts'
import { type Field, type SqlType, typeToString, unitsPerMillisecond } from '../../../core/types.ts'
import type { EncodedRecords, EncoderRequest, RecordEncoder } from '../../api/format.ts'
import { ByteBuilder } from '../byte-builder.ts'
import { bigDecimalText } from '../decimal-text.ts'
import type { RecordSyntax } from '../encode-kernel/syntax.ts'
import { EncodeWriter } from '../encode-kernel/writer.ts'
import { csvSyntax, MAX_CHECKED, quotesTimestamps, safeByteOf } from './encode-syntax.ts'
import { type CsvOptions, readCsvOptions } from './options.ts'

/** Writes the value of a row that is not NULL, room for it made. */
type WriteField = (column: Column, row: number) => void

export class CsvEncoder implements RecordEncoder {
  readonly #fields: readonly Field[]
  readonly #out = new ByteBuilder(64 * 1024)
  readonly #options: CsvOptions
  readonly #writers: readonly WriteField[]
  readonly #nullText: Uint8Array
  readonly #terminator: Uint8Array
  /** Text of bytes from here on needs no quotes. */
  readonly #safeByte: number
  #kernel: EncodeWriter | undefined
  #rows = 0
  #starts = new Int32Array(0)
  #lengths = new Int32Array(0)

  constructor(request: EncoderRequest) {
    this.#fields = request.fields
    this.#options = readCsvOptions(request.options)
    this.#nullText = new Uint8Array(Buffer.from(this.#options.nullLiteral ?? ''))
    this.#terminator = request.terminator ?? new Uint8Array(0)
    this.#safeByte = safeByteOf(this.#options)
    this.#writers = request.fields.map((field) => this.#createWriter(field.type))
  }

  encode(columns: readonly Column[], rows: number): EncodedRecords {
    const syntax = (): RecordSyntax => csvSyntax(this.#fields, this.#options, this.#terminator)
    this.#kernel ??= EncodeWriter.create(this.#fields, this.#rows, syntax)
    this.#rows += rows
    return this.#kernel?.encode(columns, rows) ?? this.#encode(columns, rows)
  }

  #encode(columns: readonly Column[], rows: number): EncodedRecords {
    if (this.#starts.length < rows) {
      this.#starts = new Int32Array(rows)
      this.#lengths = new Int32Array(rows)
    }
    const out = this.#out
    out.pos = 0
    const { delimiter } = this.#options
    for (let row = 0; row < rows; row++) {
      const start = out.pos
      for (let index = 0; index < this.#writers.length; index++) {
        const column = columns[index] as Column
        out.reserve(64 + this.#nullText.length)
        if (index > 0) out.byte(delimiter)
        if (isNull(column, row)) out.raw(this.#nullText)
        else (this.#writers[index] as WriteField)(column, row)
      }
      this.#starts[row] = start
      this.#lengths[row] = out.pos - start
      out.reserve(this.#terminator.length)
      out.raw(this.#terminator)
    }
    return { data: out.data, starts: this.#starts, lengths: this.#lengths, count: rows, size: out.pos }
  }

  #createWriter(type: SqlType): WriteField {
    const { quote } = this.#options
    const bare = createBareWriter(type, this.#out, this.#options, quotesTimestamps(this.#options) ? quote : -1)
    if (bare !== undefined) return bare
    if (type.kind === 'CHAR' || type.kind === 'VARCHAR') {
      return (column, row) => {
        if (column.kind === 'bytes') this.#text(column.data, column.starts[row] ?? 0, column.lengths[row] ?? 0)
      }
    }
    const toText = this.#textOf(type)
    return (column, row) => {
      const bytes = Buffer.from(toText(column, row))
      this.#text(bytes, 0, bytes.length)
    }
  }

  #text(data: Uint8Array, start: number, length: number): void {
    const out = this.#out
    const { quote, escape } = this.#options
    out.reserve(2 * length + 64)
    if (quote < 0 || !this.#needsQuotes(data, start, length)) {
      out.copy(data, start, length)
      return
    }
    out.byte(quote)
    if (this.#hasEscaped(data, start, length)) {
      for (let at = start; at < start + length; at++) {
        const c = data[at] as number
        if (c === quote || c === escape) out.byte(c)
        out.byte(c)
      }
    } else out.copy(data, start, length)
    out.byte(quote)
  }

  /** Whether a quote or an escape character has to be written twice. */
  #hasEscaped(data: Uint8Array, start: number, length: number): boolean {
    const { quote, escape } = this.#options
    for (let at = start; at < start + length; at++) {
      const c = data[at] as number
      if (c === quote || c === escape) return true
    }
    return false
  }

  #needsQuotes(data: Uint8Array, start: number, length: number): boolean {
    if (length > MAX_CHECKED)
      return (
        length > 4 * MAX_CHECKED ||
        javaLength(data, start, length) > MAX_CHECKED ||
        this.#hasUnsafe(data, start, length)
      )
    return this.#hasUnsafe(data, start, length)
  }

  #hasUnsafe(data: Uint8Array, start: number, length: number): boolean {
    const { escape } = this.#options
    for (let at = start; at < start + length; at++) {
      const c = data[at] as number
      if (c < this.#safeByte || c === escape) return true
    }
    return false
  }

  /** Text of a value that may have to be quoted: binary, arrays, rows. */
  #textOf(type: SqlType): (column: Column, row: number) => string {
    switch (type.kind) {
      case 'BINARY':
      case 'VARBINARY':
        return (column, row) => {
          if (column.kind !== 'bytes') return ''
          const start = column.starts[row] ?? 0
          return Buffer.from(column.data.subarray(start, start + (column.lengths[row] ?? 0))).toString('base64')
        }
      case 'CHAR':
      case 'VARCHAR':
        return (column, row) =>
          column.kind === 'bytes' ? decodeText(column.data, column.starts[row] ?? 0, column.lengths[row] ?? 0) : ''
      case 'ARRAY': {
        const toText = this.#elementText(type.element)
        return (column, row) => {
          if (column.kind !== 'list') return ''
          const start = column.starts[row] ?? 0
          return Array.from({ length: column.lengths[row] ?? 0 }, (_, at) => toText(column.child, start + at)).join(
            this.#options.arrayDelimiter,
          )
        }
      }
      case 'ROW': {
        const texts = type.fields.map((field) => this.#elementText(field.type))
        return (column, row) => {
          if (column.kind !== 'row') return ''
          return texts
            .map((toText, index) => toText(column.fields[index] as Column, row))
            .join(this.#options.arrayDelimiter)
        }
      }
      default:
        throw new MillraceError('UNSUPPORTED_FEATURE', `csv cannot write ${typeToString(type)}`)
    }
  }

  #elementText(type: SqlType): (column: Column, row: number) => string {
    const scratch = new ByteBuilder(256)
    const bare = createBareWriter(type, scratch, this.#options, -1)
    const nested = bare === undefined ? this.#textOf(type) : undefined
    return (column, row) => {
      if (isNull(column, row)) return this.#options.nullLiteral ?? ''
      if (nested !== undefined) return nested(column, row)
      scratch.pos = 0
      bare?.(column, row)
      return decodeText(scratch.data, 0, scratch.pos)
    }
  }
}

/** UTF-16 code units of UTF-8 text: one for each character, two for those of four bytes. */
function javaLength(data: Uint8Array, start: number, length: number): number {
  let units = 0
  for (let at = start; at < start + length; at++) {
    const c = data[at] as number
    if ((c & 0xc0) !== 0x80) units += c >= 0xf0 ? 2 : 1
  }
  return units
}

/**
 * Values that are written without looking for characters to be quoted; undefined: the type has others.
 *
 * @param timestampQuote the blank in a timestamp makes Jackson quote it; -1: not here
 */
function createBareWriter(
  type: SqlType,
  out: ByteBuilder,
  options: CsvOptions,
  timestampQuote: number,
): WriteField | undefined {
  switch (type.kind) {
    case 'BOOLEAN':
      return (column, row) => {
        if (column.kind === 'bool') out.boolean(column.values[row] as number)
      }
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'INTERVAL_YEAR_MONTH':
      return (column, row) => out.integer((column as { values: Int32Array }).values[row] as number)
    case 'BIGINT':
    case 'INTERVAL_DAY_TIME':
      return wordsWriter((words, values, row) => out.long(words, values, row))
    case 'DOUBLE':
      return (column, row) => out.double((column as { values: Float64Array }).values[row] as number)
    case 'FLOAT':
      return (column, row) => out.float((column as { values: Float32Array }).values[row] as number)
    case 'DECIMAL':
      return createDecimalWriter(type.precision, type.scale, out, options)
    case 'DATE':
      return (column, row) => out.date((column as { values: Int32Array }).values[row] as number)
    case 'TIME':
      return (column, row) => out.time((column as { values: Int32Array }).values[row] as number, 0)
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ': {
      const units = Number(unitsPerMillisecond(type.precision))
      const zone = type.kind === 'TIMESTAMP_LTZ' ? 'Z' : ''
      return wordsWriter((words, values, row) => {
        if (timestampQuote >= 0) out.byte(timestampQuote)
        out.timestamp(words, values, row, units, 32)
        out.ascii(zone)
        if (timestampQuote >= 0) out.byte(timestampQuote)
      })
    }
    default:
      return undefined
  }
}

function createDecimalWriter(precision: number, scale: number, out: ByteBuilder, options: CsvOptions): WriteField {
  if (precision <= 18 && (scale <= 6 || options.plainDecimals)) {
    return wordsWriter((words, values, row) => out.decimal(words, values, row, scale))
  }
  return (column, row) => {
    const unscaled =
      column.kind === 'i64'
        ? (column.values[row] as bigint)
        : column.kind === 'i128'
          ? readInt128(column.values, row)
          : 0n
    out.ascii(bigDecimalText(unscaled, scale, options.plainDecimals))
  }
}

function wordsWriter(write: (words: Int32Array, values: BigInt64Array, row: number) => void): WriteField {
  let last: BigInt64Array | undefined
  let words: Int32Array = new Int32Array(0)
  return (column, row) => {
    if (column.kind !== 'i64') return
    if (column.values !== last) {
      last = column.values
      words = new Int32Array(last.buffer, last.byteOffset, 2 * last.length)
    }
    write(words, last, row)
  }
}
