/**
 * CSV records to columns. A record without quotes and escapes is split where it stands; others go through the general
 * splitter, which follows Jackson's CsvDecoder: a quote counts at the beginning of a field only, inside of quotes it is
 * doubled, and between the closing quote and the delimiter there may be blanks.
 */
import type { Field } from '../../../core/types.ts'
import {
  type DecodedRows,
  type DecoderRequest,
  RecordError,
  type RecordDecoder,
  type RecordSlices,
} from '../../api/format.ts'
import { type ColumnWriter, createColumnWriter, SideText, TextArea } from '../column-writer.ts'
import { decodeText } from '../../../core/column-ops.ts'
import { quoteText, ValueError } from '../scalar-text.ts'
import { createFieldReader, type FieldReader, fieldError } from './field-reader.ts'
import { type CsvOptions, readCsvOptions } from './options.ts'

/** What stands behind an escape character and means something else. */
const ESCAPES = new Map([
  [48, 0],
  [110, 10],
  [114, 13],
  [116, 9],
])

export class CsvDecoder implements RecordDecoder {
  readonly #fields: readonly Field[]
  readonly #options: CsvOptions
  /** For each field of the record the place in `#writers` of its column, or -1. */
  readonly #targets: readonly number[]
  readonly #writers: readonly ColumnWriter[]
  readonly #readers: readonly FieldReader[]
  readonly #nullLiteral: Uint8Array | undefined
  readonly #side = new SideText()
  #data: Buffer = Buffer.alloc(0)
  #skipped = 0
  #recordOf = new Int32Array(0)
  /** Where the next quote and escape stand at or behind the record looked at last. */
  #nextQuote = -1
  #nextEscape = -1
  #searched = 0

  constructor(request: DecoderRequest) {
    this.#fields = request.fields
    this.#options = readCsvOptions(request.options)
    this.#targets = request.fields.map((_, index) => request.wanted.indexOf(index))
    const types = request.wanted.map((index) => (request.fields[index] as Field).type)
    this.#writers = types.map((type) => createColumnWriter(type))
    this.#readers = types.map((type, index) =>
      createFieldReader(type, this.#writers[index] as ColumnWriter, this.#options, this.#side),
    )
    const literal = this.#options.nullLiteral
    this.#nullLiteral = literal === undefined ? undefined : Buffer.from(literal)
  }

  decode(records: RecordSlices): DecodedRows {
    const { count, starts, lengths, data } = records
    this.#data = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    this.#side.reset()
    this.#skipped = 0
    this.#searched = Number.POSITIVE_INFINITY
    for (const writer of this.#writers) writer.reset(count)
    if (this.#recordOf.length < count) this.#recordOf = new Int32Array(count)
    const recordOf = this.#recordOf
    let rows = 0
    for (let record = 0; record < count; record++) {
      const length = lengths[record] as number
      if (length <= 0) continue
      const start = starts[record] as number
      const end = this.#data[start + length - 1] === 13 ? start + length - 1 : start + length
      if (end === start || (this.#options.allowComments && this.#data[start] === 35)) continue
      if (this.#decodeRecord(record, start, end, rows)) recordOf[rows++] = record
    }
    return this.#finish(records, rows, rows === count ? null : recordOf.subarray(0, rows))
  }

  #decodeRecord(record: number, start: number, end: number, row: number): boolean {
    try {
      if (this.#isPlain(start, end)) this.#splitPlain(start, end, row)
      else this.#splitQuoted(start, end, row)
      return true
    } catch (error) {
      if (!(error instanceof ValueError)) throw error
      for (const writer of this.#writers) writer.clearNull(row)
      if (this.#options.ignoreParseErrors) {
        this.#skipped++
        return false
      }
      throw new RecordError(record, `${error.message} in ${quoteText(decodeText(this.#data, start, end - start))}`)
    }
  }

  /** Whether there is no quote and no escape in the record. Searches go once over the buffer, not once a record. */
  #isPlain(start: number, end: number): boolean {
    const { quote, escape } = this.#options
    // Records may come in any order.
    if (start < this.#searched) this.#nextQuote = this.#nextEscape = -1
    this.#searched = start
    if (quote >= 0 && this.#nextQuote < start) this.#nextQuote = this.#find(quote, start)
    if (escape >= 0 && this.#nextEscape < start) this.#nextEscape = this.#find(escape, start)
    return (quote < 0 || this.#nextQuote >= end) && (escape < 0 || this.#nextEscape >= end)
  }

  #find(byte: number, start: number): number {
    const at = this.#data.indexOf(byte, start)
    return at < 0 ? Number.POSITIVE_INFINITY : at
  }

  #splitPlain(start: number, end: number, row: number): void {
    const { delimiter } = this.#options
    const data = this.#data
    let field = 0
    let from = start
    for (let p = start; p < end; p++) {
      if (data[p] !== delimiter) continue
      this.#take(field++, data, from, p, from, row)
      from = p + 1
    }
    this.#take(field++, data, from, end, from, row)
    this.#checkCount(field, row)
  }

  /** One field's text; fields that nobody wants are only counted. */
  #take(field: number, data: Uint8Array, start: number, end: number, view: number, row: number): void {
    const target = this.#targets[field]
    if (target === undefined || target < 0) return
    const writer = this.#writers[target] as ColumnWriter
    if (this.#isNullLiteral(data, start, end)) {
      writer.setNull(row)
      return
    }
    const read = this.#readers[target] as FieldReader
    try {
      read(data, start, end, view, row)
    } catch (error) {
      this.#failField(error, field, decodeText(data, start, end - start))
      writer.setNull(row)
    }
  }

  /** Returns where the field becomes NULL instead. */
  #failField(error: unknown, field: number, text: string): void {
    if (!(error instanceof ValueError)) throw error
    if (!this.#options.ignoreParseErrors) throw fieldError(this.#fields[field]?.name ?? '', error, text)
    this.#skipped++
  }

  #isNullLiteral(data: Uint8Array, start: number, end: number): boolean {
    const literal = this.#nullLiteral
    if (literal === undefined || literal.length !== end - start) return false
    for (let i = 0; i < literal.length; i++) if (data[start + i] !== literal[i]) return false
    return true
  }

  /** Fewer fields than columns are an error, or NULL with `ignore-parse-errors`; more are an error. */
  #checkCount(found: number, row: number): void {
    const expected = this.#fields.length
    if (found === expected) return
    if (found > expected || !this.#options.ignoreParseErrors) {
      throw new ValueError(`${expected} fields were expected but there are ${found}`)
    }
    for (let field = found; field < expected; field++) {
      const target = this.#targets[field] ?? -1
      this.#writers[target]?.setNull(row)
    }
  }

  #splitQuoted(start: number, end: number, row: number): void {
    const { delimiter, quote } = this.#options
    let field = 0
    let p = start
    for (;;) {
      p =
        p < end && this.#data[p] === quote
          ? this.#takeQuoted(field, p, end, row)
          : this.#takeUnquoted(field, p, end, row)
      field++
      if (p >= end) break
      // `p` is at a delimiter; one at the end of the record has an empty field behind it.
      if (this.#data[p] !== delimiter) throw new ValueError(`a delimiter was expected at byte ${p - start}`)
      p++
    }
    this.#checkCount(field, row)
  }

  #takeUnquoted(field: number, start: number, end: number, row: number): number {
    const { delimiter, escape } = this.#options
    let p = start
    while (p < end && this.#data[p] !== delimiter && this.#data[p] !== escape) p++
    if (p === end || this.#data[p] === delimiter) {
      this.#take(field, this.#data, start, p, start, row)
      return p
    }
    const from = this.#beginCopy(start, p)
    while (p < end && this.#data[p] !== delimiter) {
      if (this.#data[p] === escape) p = this.#copyEscaped(p, end)
      else this.#copyByte(p++)
    }
    this.#takeCopy(field, from, row)
    return p
  }

  #takeQuoted(field: number, at: number, end: number, row: number): number {
    const { quote, escape } = this.#options
    const start = at + 1
    let p = start
    while (p < end && this.#data[p] !== quote && this.#data[p] !== escape) p++
    if (p < end && this.#data[p] === quote && this.#data[p + 1] !== quote) {
      this.#take(field, this.#data, start, p, start, row)
      return this.#skipBlanks(p + 1, end)
    }
    if (p + 1 === end && this.#data[p] === quote) {
      this.#take(field, this.#data, start, p, start, row)
      return end
    }
    const from = this.#beginCopy(start, p)
    while (p < end) {
      if (this.#data[p] === escape && escape !== quote) {
        p = this.#copyEscaped(p, end)
      } else if (this.#data[p] !== quote) {
        this.#copyByte(p++)
      } else if (p + 1 < end && this.#data[p + 1] === quote) {
        this.#copyByte(p)
        p += 2
      } else {
        this.#takeCopy(field, from, row)
        return this.#skipBlanks(p + 1, end)
      }
    }
    throw new ValueError('a quoted field has no closing quote')
  }

  /** Copies `start … p)` to the side text and returns where the copy begins. */
  #beginCopy(start: number, p: number): number {
    const from = this.#side.size
    this.#side.append(this.#data.subarray(start, p))
    return from
  }

  #copyByte(p: number): void {
    this.#side.reserve(1)
    this.#side.data[this.#side.size++] = this.#data[p] as number
  }

  #copyEscaped(p: number, end: number): number {
    if (p + 1 >= end) throw new ValueError('there is nothing behind the escape character')
    const c = this.#data[p + 1] as number
    this.#side.reserve(1)
    this.#side.data[this.#side.size++] = ESCAPES.get(c) ?? c
    return p + 2
  }

  #takeCopy(field: number, from: number, row: number): void {
    // Readers may append to the side text themselves, which may move it.
    const data = this.#side.data
    this.#take(field, data, from, this.#side.size, -1 - from, row)
  }

  #skipBlanks(from: number, end: number): number {
    let p = from
    while (p < end && (this.#data[p] as number) <= 32 && this.#data[p] !== this.#options.delimiter) p++
    return p
  }

  #finish(records: RecordSlices, rows: number, recordOf: Int32Array | null): DecodedRows {
    let first = 0
    let last = 0
    if (this.#side.size > 0) {
      first = records.data.length
      for (let record = 0; record < records.count; record++) {
        const start = records.starts[record] as number
        first = Math.min(first, start)
        last = Math.max(last, start + Math.max(0, records.lengths[record] as number))
      }
    }
    const text = new TextArea(records.data, first, last, this.#side)
    const columns = this.#writers.map((writer) => writer.finish(rows, text))
    this.#data = Buffer.alloc(0)
    return { columns, rows, kinds: null, recordOf, skipped: this.#skipped }
  }
}
