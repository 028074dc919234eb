/**
 * The raw format: the record is the value of its one column. Exports a `Format`.
 * https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/formats/raw/
 */
import { type Charset, requireCharset } from '../../../catalog/connectors/formats/raw.ts'
import type { Column, Value } from '../../../core/column.ts'
import { columnOf } from '../../../core/column-builder.ts'
import { decodeText, readValue } from '../../../core/column-ops.ts'
import { MillraceError } from '../../../core/errors.ts'
import { BYTES, type Field, type SqlType, typeToString } from '../../../core/types.ts'
import {
  type DecodedRows,
  type DecoderRequest,
  type EncodedRecords,
  type EncoderRequest,
  RecordError,
  type RecordDecoder,
  type RecordEncoder,
  type RecordSlices,
} from '../../api/format.ts'
import { ByteBuilder } from '../byte-builder.ts'

export function createDecoder(request: DecoderRequest): RecordDecoder {
  const field = request.fields[0] as Field
  const charset = requireCharset(request.options.string('charset'))
  const isLittle = request.options.enum('endianness') === 'little-endian'
  const read = createReader(field.type, charset, isLittle)
  return {
    decode(records): DecodedRows {
      const columns = request.wanted.map(() => read(records))
      return { columns, rows: records.count, kinds: null, recordOf: null, skipped: 0 }
    },
  }
}

/** A record that is absent (a tombstone) is NULL, as in Flink. */
function nullsOf(records: RecordSlices): Uint8Array | null {
  let nulls: Uint8Array | null = null
  for (let record = 0; record < records.count; record++) {
    if ((records.lengths[record] as number) >= 0) continue
    nulls ??= new Uint8Array(records.count)
    nulls[record] = 1
  }
  return nulls
}

function createReader(type: SqlType, charset: Charset, isLittle: boolean): (records: RecordSlices) => Column {
  const isText = type.kind === 'CHAR' || type.kind === 'VARCHAR'
  if ((isText && charset === 'utf8') || type.kind === 'BINARY' || type.kind === 'VARBINARY' || type.kind === 'RAW') {
    return (records) => ({
      kind: 'bytes',
      starts: records.starts.slice(0, records.count),
      lengths: records.lengths.slice(0, records.count).map((length) => Math.max(0, length)),
      data: records.data,
      nulls: nullsOf(records),
    })
  }
  const size = isText ? -1 : sizeOf(type)
  return (records) => {
    const view = new DataView(records.data.buffer, records.data.byteOffset, records.data.byteLength)
    const values = Array.from({ length: records.count }, (_, record): Value => {
      const start = records.starts[record] as number
      const length = records.lengths[record] as number
      if (length < 0) return null
      if (isText) return decodeCharset(records.data, start, length, charset)
      if (length !== size) {
        throw new RecordError(record, `a ${typeToString(type)} has ${size} bytes but the record has ${length}`)
      }
      return readNumber(view, start, type, isLittle)
    })
    return columnOf(type, values)
  }
}

function sizeOf(type: SqlType): number {
  switch (type.kind) {
    case 'BOOLEAN':
    case 'TINYINT':
      return 1
    case 'SMALLINT':
      return 2
    case 'INT':
    case 'FLOAT':
      return 4
    default:
      return 8
  }
}

function readNumber(view: DataView, at: number, type: SqlType, isLittle: boolean): Value {
  switch (type.kind) {
    case 'BOOLEAN':
      return view.getInt8(at) !== 0
    case 'TINYINT':
      return view.getInt8(at)
    case 'SMALLINT':
      return view.getInt16(at, isLittle)
    case 'INT':
      return view.getInt32(at, isLittle)
    case 'BIGINT':
      return view.getBigInt64(at, isLittle)
    case 'FLOAT':
      return view.getFloat32(at, isLittle)
    case 'DOUBLE':
      return view.getFloat64(at, isLittle)
    default:
      throw new MillraceError('UNSUPPORTED_FEATURE', `raw has no ${typeToString(type)}`)
  }
}

function decodeCharset(data: Uint8Array, start: number, length: number, charset: Charset): string {
  const bytes = Buffer.from(data.buffer, data.byteOffset + start, length)
  switch (charset) {
    case 'utf8':
      return decodeText(data, start, length)
    case 'latin1':
      return bytes.toString('latin1')
    case 'ascii':
      return bytes.toString('latin1').replace(/[\u0080-\u00ff]/g, '\ufffd')
    case 'utf16le':
      return bytes.toString('utf16le')
    case 'utf16be':
      return swapped(bytes).toString('utf16le')
    default: {
      // A byte order mark says which; Java takes big-endian without one.
      if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.subarray(2).toString('utf16le')
      return swapped(bytes[0] === 0xfe && bytes[1] === 0xff ? bytes.subarray(2) : bytes).toString('utf16le')
    }
  }
}

function swapped(bytes: Buffer): Buffer {
  return Buffer.from(bytes.subarray(0, bytes.length & ~1)).swap16()
}

function encodeCharset(text: string, charset: Charset): Uint8Array {
  switch (charset) {
    case 'utf8':
      return Buffer.from(text)
    case 'latin1':
      return Buffer.from(text.replace(/[^\u0000-\u00ff]/gu, '?'), 'latin1')
    case 'ascii':
      return Buffer.from(text.replace(/[^\u0000-\u007f]/gu, '?'), 'latin1')
    case 'utf16le':
      return Buffer.from(text, 'utf16le')
    case 'utf16be':
      return Buffer.from(text, 'utf16le').swap16()
    default:
      return Buffer.from(`\ufeff${text}`, 'utf16le').swap16()
  }
}

export function createEncoder(request: EncoderRequest): RecordEncoder {
  const field = request.fields[0] as Field
  const charset = requireCharset(request.options.string('charset'))
  const isLittle = request.options.enum('endianness') === 'little-endian'
  const out = new ByteBuilder(64 * 1024)
  return {
    encode(columns, rows): EncodedRecords {
      const starts = new Int32Array(rows)
      const lengths = new Int32Array(rows)
      out.pos = 0
      for (let row = 0; row < rows; row++) {
        const value = readValue(columns[0] as Column, isPlainText(field.type, charset) ? BYTES : field.type, row)
        starts[row] = out.pos
        writeValue(out, value, field.type, charset, isLittle)
        lengths[row] = value === null ? -1 : out.pos - (starts[row] as number)
        if (request.terminator !== undefined) {
          out.reserve(request.terminator.length)
          out.raw(request.terminator)
        }
      }
      return { data: out.data, starts, lengths, count: rows, size: out.pos }
    },
  }
}

/** Text in UTF-8 is written as the bytes that it has already. */
function isPlainText(type: SqlType, charset: Charset): boolean {
  return charset === 'utf8' && (type.kind === 'CHAR' || type.kind === 'VARCHAR')
}

function writeValue(out: ByteBuilder, value: Value, type: SqlType, charset: Charset, isLittle: boolean): void {
  if (value === null) return
  const bytes = typeof value === 'string' ? encodeCharset(value, charset) : value
  if (bytes instanceof Uint8Array) {
    out.reserve(bytes.length)
    out.copy(bytes, 0, bytes.length)
    return
  }
  const size = sizeOf(type)
  out.reserve(size)
  writeNumber(out.view, out.pos, value, type, isLittle)
  out.pos += size
}

function writeNumber(view: DataView, at: number, value: Value, type: SqlType, isLittle: boolean): void {
  switch (type.kind) {
    case 'BOOLEAN':
      return view.setInt8(at, value === true ? 1 : 0)
    case 'TINYINT':
      return view.setInt8(at, value as number)
    case 'SMALLINT':
      return view.setInt16(at, value as number, isLittle)
    case 'INT':
      return view.setInt32(at, value as number, isLittle)
    case 'BIGINT':
      return view.setBigInt64(at, value as bigint, isLittle)
    case 'FLOAT':
      return view.setFloat32(at, value as number, isLittle)
    case 'DOUBLE':
      return view.setFloat64(at, value as number, isLittle)
    default:
      throw new MillraceError('UNSUPPORTED_FEATURE', `raw has no ${typeToString(type)}`)
  }
}
