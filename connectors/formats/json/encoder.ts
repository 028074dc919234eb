/**
 * Columns to JSON records: a kernel in WebAssembly where many rows of simple types come, else JavaScript, byte by byte.
 * Its loop over rows is generated from the schema; values of nested types go through closures. Forms follow Flink's
 * RowDataToJsonConverters.
 */
import type { Column } from '../../../core/column.ts'
import { readInt128 } from '../../../core/column-ops.ts'
import { MillraceError } from '../../../core/errors.ts'
import { type Field, mapTypes, type SqlType, typeToString, unitsPerMillisecond } from '../../../core/types.ts'
import type { EncodedRecords, EncoderRequest, RecordEncoder } from '../../api/format.ts'
import { ByteBuilder } from '../byte-builder.ts'
import { bigDecimalText } from '../decimal-text.ts'
import type { RecordSyntax } from '../encode-kernel/syntax.ts'
import { EncodeWriter } from '../encode-kernel/writer.ts'
import { jsonSyntax } from './encode-syntax.ts'
import type { JsonOptions } from './options.ts'

type EncodeRows = (columns: readonly Column[], rows: number, starts: Int32Array, lengths: Int32Array) => void

export class JsonEncoder implements RecordEncoder {
  readonly #request: Pick<EncoderRequest, 'fields' | 'terminator'>
  readonly #options: JsonOptions
  readonly #out = new ByteBuilder(64 * 1024)
  readonly #encodeRows: EncodeRows
  #kernel: EncodeWriter | undefined
  #rows = 0
  #starts = new Int32Array(0)
  #lengths = new Int32Array(0)

  constructor(request: Pick<EncoderRequest, 'fields' | 'terminator'>, options: JsonOptions) {
    this.#request = request
    this.#options = options
    this.#encodeRows = createRowLoop(request, options, this.#out)
  }

  encode(columns: readonly Column[], rows: number): EncodedRecords {
    const { fields, terminator } = this.#request
    if (!this.#options.ignoreNullFields) {
      const syntax = (): RecordSyntax => jsonSyntax(fields, this.#options, terminator ?? NO_TERMINATOR)
      this.#kernel ??= EncodeWriter.create(fields, this.#rows, syntax)
    }
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
    this.#encodeRows(columns, rows, this.#starts, this.#lengths)
    return { data: out.data, starts: this.#starts, lengths: this.#lengths, count: rows, size: out.pos }
  }
}

const NO_TERMINATOR = new Uint8Array(0)

type WriteValue = (out: ByteBuilder, column: Column, row: number) => void

function createRowLoop(
  request: Pick<EncoderRequest, 'fields' | 'terminator'>,
  options: JsonOptions,
  out: ByteBuilder,
): EncodeRows {
  const { fields, terminator } = request
  const keys = fields.map((field, index) => {
    const opening = options.ignoreNullFields ? '' : index === 0 ? '{' : ','
    return new Uint8Array(Buffer.from(`${opening}${JSON.stringify(field.name)}:`))
  })
  const writers = fields.map((field) => createWriter(field.type, options))
  const parts = fields.map((field, index) => fieldSource(field, index, keys[index]?.length ?? 0, options))
  const fixed = keys.reduce((sum, key) => sum + key.length + 48, (terminator?.length ?? 0) + 8)
  const source = `'use strict'
return function encodeRows(columns, rows, starts, lengths) {
  ${parts.map((part) => part.declare).join('\n  ')}
  for (let r = 0; r < rows; r++) {
    const need = ${fixed}${parts.map((part) => part.extra).join('')}
    out.reserve(need)
    const start = out.pos
    ${options.ignoreNullFields || fields.length === 0 ? 'out.byte(123)' : ''}
    ${parts.map((part) => part.write).join('\n    ')}
    out.byte(125)
    starts[r] = start
    lengths[r] = out.pos - start
    ${terminator === undefined ? '' : 'out.raw(terminator)'}
  }
}`
  const factory = new Function('out', 'keys', 'writers', 'terminator', source) as (
    out: ByteBuilder,
    keys: readonly Int32Array[],
    writers: readonly WriteValue[],
    terminator: Uint8Array | undefined,
  ) => EncodeRows
  return factory(out, keys.map(wordsOf), writers, terminator)
}

/** The bytes in words of four, zeros behind. */
function wordsOf(bytes: Uint8Array): Int32Array {
  const padded = new Uint8Array((bytes.length + 3) & ~3)
  padded.set(bytes)
  return new Int32Array(padded.buffer)
}

interface FieldSource {
  readonly declare: string
  /** Term to be added to the bytes reserved for a row. */
  readonly extra: string
  readonly write: string
}

function fieldSource(field: Field, k: number, keyLength: number, options: JsonOptions): FieldSource {
  const column = `columns[${k}]`
  const simple = simpleWrite(field.type, k, options)
  const declare = [`const n${k} = ${column}.nulls`]
  if (simple?.storage === 'bytes') {
    declare.push(
      `const s${k} = ${column}.starts, l${k} = ${column}.lengths`,
      `const { buffer: b${k}, byteOffset: o${k}, byteLength: z${k} } = ${column}.data`,
      `const d${k} = new Uint8Array(b${k}, o${k}, z${k}), e${k} = new DataView(b${k}, o${k}, z${k})`,
    )
  } else if (simple !== undefined) {
    declare.push(`const v${k} = ${column}.values`)
  }
  if (simple?.storage === 'words') {
    declare.push(`const w${k} = new Int32Array(v${k}.buffer, v${k}.byteOffset, 2 * v${k}.length)`)
  }
  const value = simple?.write ?? `writers[${k}](out, ${column}, r); out.reserve(need)`
  const isNull = `n${k} !== null && n${k}[r] === 1`
  const key = `out.words(keys[${k}], ${keyLength})`
  const write = options.ignoreNullFields
    ? `if (!(${isNull})) { if (out.pos !== start + 1) out.byte(44); ${key}; ${value} }`
    : `${key}; if (${isNull}) out.ascii('null'); else { ${value} }`
  return { declare: declare.join('; '), extra: simple?.storage === 'bytes' ? ` + 6 * l${k}[r]` : '', write }
}

interface SimpleWrite {
  readonly storage: 'values' | 'words' | 'bytes'
  readonly write: string
}

/** The statement that writes a value of a simple type; undefined: a closure does. */
function simpleWrite(type: SqlType, k: number, options: JsonOptions): SimpleWrite | undefined {
  switch (type.kind) {
    case 'BOOLEAN':
      return { storage: 'values', write: `out.boolean(v${k}[r])` }
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'INTERVAL_YEAR_MONTH':
      return { storage: 'values', write: `out.integer(v${k}[r])` }
    case 'BIGINT':
    case 'INTERVAL_DAY_TIME':
      return { storage: 'words', write: `out.long(w${k}, v${k}, r)` }
    case 'DOUBLE':
    case 'FLOAT': {
      const method = type.kind === 'DOUBLE' ? 'double' : 'float'
      const quoted = `out.byte(34); out.ascii(String(v${k}[r])); out.byte(34)`
      return { storage: 'values', write: `if (Number.isFinite(v${k}[r])) out.${method}(v${k}[r]); else { ${quoted} }` }
    }
    case 'DECIMAL':
      if (type.precision > 18 || (type.scale > 6 && !options.plainDecimals)) return undefined
      return { storage: 'words', write: `out.decimal(w${k}, v${k}, r, ${type.scale})` }
    case 'DATE':
      return { storage: 'values', write: `out.byte(34); out.date(v${k}[r]); out.byte(34)` }
    case 'TIME':
      return { storage: 'values', write: `out.byte(34); out.time(v${k}[r], 0); out.byte(34)` }
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ': {
      const separator = options.timestamps === 'SQL' ? 32 : 84
      const units = Number(unitsPerMillisecond(type.precision))
      const zone = type.kind === 'TIMESTAMP_LTZ' ? 'out.byte(90); ' : ''
      const write = `out.byte(34); out.timestamp(w${k}, v${k}, r, ${units}, ${separator}); ${zone}out.byte(34)`
      return { storage: 'words', write }
    }
    case 'CHAR':
    case 'VARCHAR':
      return { storage: 'bytes', write: `out.jsonString(d${k}, e${k}, s${k}[r], l${k}[r])` }
    case 'BINARY':
    case 'VARBINARY':
      return { storage: 'bytes', write: `out.byte(34); out.base64(d${k}, s${k}[r], l${k}[r]); out.byte(34)` }
    default:
      return undefined
  }
}

/** Writes a value of any type, its own room made; for values inside of others and rare types. */
function createWriter(type: SqlType, options: JsonOptions): WriteValue {
  const write = createNotNullWriter(type, options)
  return (out, column, row) => {
    out.reserve(64)
    if (column.kind === 'null' || (column.nulls !== null && column.nulls[row] === 1)) out.ascii('null')
    else write(out, column, row)
  }
}

function createNotNullWriter(type: SqlType, options: JsonOptions): WriteValue {
  switch (type.kind) {
    case 'ARRAY': {
      const writeElement = createWriter(type.element, options)
      return (out, column, row) => {
        if (column.kind === 'list')
          writeList(out, column.child, column.starts[row] ?? 0, column.lengths[row] ?? 0, writeElement)
      }
    }
    case 'MAP':
    case 'MULTISET':
      return createMapWriter(type, options)
    case 'ROW':
      return createObjectWriter(type.fields, options)
    case 'DECIMAL':
      return (out, column, row) => {
        const unscaled =
          column.kind === 'i64'
            ? (column.values[row] ?? 0n)
            : column.kind === 'i128'
              ? readInt128(column.values, row)
              : 0n
        out.ascii(bigDecimalText(unscaled, type.scale, options.plainDecimals))
      }
    default:
      return createScalarWriter(type, options)
  }
}

/** One value at a time through the same generated statement as a top-level column's. */
function createScalarWriter(type: SqlType, options: JsonOptions): WriteValue {
  const simple = simpleWrite(type, 0, options)
  if (simple === undefined) {
    return () => {
      throw new MillraceError('UNSUPPORTED_FEATURE', `json cannot write ${typeToString(type)}`)
    }
  }
  const arrays =
    simple.storage === 'bytes'
      ? `const s0 = column.starts, l0 = column.lengths, d0 = column.data
  const e0 = new DataView(d0.buffer, d0.byteOffset, d0.byteLength)
  out.reserve(6 * l0[r] + 64)`
      : `const v0 = column.values`
  const words = simple.storage === 'words' ? 'const w0 = new Int32Array(v0.buffer, v0.byteOffset, 2 * v0.length)' : ''
  return new Function('out', 'column', 'r', `${arrays}\n  ${words}\n  ${simple.write}`) as WriteValue
}

function writeList(out: ByteBuilder, child: Column, start: number, length: number, write: WriteValue): void {
  out.byte(91)
  for (let i = 0; i < length; i++) {
    if (i > 0) out.byte(44)
    write(out, child, start + i)
  }
  out.reserve(64)
  out.byte(93)
}

function createObjectWriter(fields: readonly Field[], options: JsonOptions): WriteValue {
  const keys = fields.map((field) => new Uint8Array(Buffer.from(`${JSON.stringify(field.name)}:`)))
  const writers = fields.map((field) => createWriter(field.type, options))
  return (out, column, row) => {
    if (column.kind !== 'row') return
    out.byte(123)
    let first = true
    for (let index = 0; index < keys.length; index++) {
      const field = column.fields[index] as Column
      const isNull = field.kind === 'null' || (field.nulls !== null && field.nulls[row] === 1)
      if (isNull && options.ignoreNullFields) continue
      const key = keys[index] as Uint8Array
      out.reserve(key.length + 64)
      if (!first) out.byte(44)
      first = false
      out.raw(key)
      ;(writers[index] as WriteValue)(out, field, row)
    }
    out.reserve(64)
    out.byte(125)
  }
}

function createMapWriter(type: SqlType, options: JsonOptions): WriteValue {
  const pair = mapTypes(type)
  if (pair === undefined || (pair.key.kind !== 'CHAR' && pair.key.kind !== 'VARCHAR')) {
    throw new MillraceError('UNSUPPORTED_FEATURE', `json cannot write ${typeToString(type)}`, {
      detail: 'Keys of a JSON object are text.',
    })
  }
  const writeKey = createScalarWriter(pair.key, options)
  const writeValue = createWriter(pair.value, options)
  const literal = Buffer.from(JSON.stringify(options.nullKeyLiteral))
  return (out, column, row) => {
    if (column.kind !== 'map') return
    const start = column.starts[row] ?? 0
    const end = start + (column.lengths[row] ?? 0)
    out.byte(123)
    let first = true
    for (let at = start; at < end; at++) {
      const isNull = column.keys.kind === 'null' || (column.keys.nulls !== null && column.keys.nulls[at] === 1)
      if (isNull && options.nullKeys === 'DROP') continue
      if (isNull && options.nullKeys === 'FAIL') throw nullKey()
      out.reserve(literal.length + 64)
      if (!first) out.byte(44)
      first = false
      if (isNull) out.raw(literal)
      else writeKey(out, column.keys, at)
      out.byte(58)
      writeValue(out, column.values, at)
    }
    out.reserve(64)
    out.byte(125)
  }
}

function nullKey(): MillraceError {
  return new MillraceError('NOT_NULL_VIOLATION', 'a map with a NULL key cannot be written as JSON', {
    hint: "Set option 'map-null-key.mode' of the format to 'DROP' or 'LITERAL'.",
    retryable: false,
  })
}
