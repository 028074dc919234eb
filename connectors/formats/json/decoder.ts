/**
 * JSON records to columns: a kernel in WebAssembly where many records are alike, then generated JavaScript, then the
 * general path, each for what the one before does not read.
 */
import type { Field } from '../../../core/types.ts'
import {
  type DecodedLines,
  type DecodedRows,
  type DecoderRequest,
  type Lines,
  RecordError,
  type RecordDecoder,
  type RecordSlices,
} from '../../api/format.ts'
import { type ColumnWriter, createColumnWriter, SideText, TextArea } from '../column-writer.ts'
import { quoteText, ValueError } from '../scalar-text.ts'
import { JsonCursor, JsonSyntaxError } from './cursor.ts'
import {
  allColumns,
  createFastPath,
  fastColumns,
  type FastColumn,
  type FastPath,
  type LayoutField,
} from './fast-path.ts'
import { KernelReader } from './kernel/kernel-reader.ts'
import { RecordArea } from './kernel/record-area.ts'
import type { JsonOptions } from './options.ts'
import { createValueReader, ObjectReader, type ValueReader } from './value-reader.ts'

/** How often the fast path may be generated anew for an order of fields that the records turn out to have. */
const MAX_LAYOUTS = 4
const LEARN_AFTER = 64

export class JsonDecoder implements RecordDecoder {
  readonly #fields: readonly Field[]
  readonly #options: JsonOptions
  readonly #writers: readonly ColumnWriter[]
  readonly #readers: readonly ValueReader[]
  readonly #object: ObjectReader
  readonly #columns: readonly FastColumn[]
  /** Of columns and of the fields of ROWs, by target. */
  readonly #allWriters: readonly ColumnWriter[]
  readonly #allReaders: readonly ValueReader[]
  readonly #side = new SideText()
  readonly #cursor = new JsonCursor(this.#side)
  #fast: FastPath
  #layouts = 1
  /** Records in the expected order and in others, since the order was learned. */
  #fits = 0
  #misfits = 0
  #skipped = 0
  #kernel: KernelReader | undefined
  /** Records decoded without one. */
  #records = 0
  #area: RecordArea | undefined
  #data: Uint8Array = new Uint8Array(0)
  #recordOf = new Int32Array(0)

  constructor(request: Pick<DecoderRequest, 'fields' | 'wanted'>, options: JsonOptions) {
    this.#fields = request.wanted.map((index) => request.fields[index] as Field)
    this.#options = options
    this.#writers = this.#fields.map((field) => createColumnWriter(field.type))
    const onSkipped = (): void => {
      this.#skipped++
    }
    this.#readers = this.#fields.map((field, index) =>
      createValueReader(field.type, this.#writers[index] as ColumnWriter, this.#options, onSkipped),
    )
    this.#columns = fastColumns(this.#fields, this.#writers)
    const all = allColumns(this.#columns)
    this.#allWriters = all.map((column) => column.writer)
    this.#allReaders = all.map(
      ({ type, writer, target }) => this.#readers[target] ?? createValueReader(type, writer, this.#options, onSkipped),
    )
    this.#object = new ObjectReader(this.#fields, this.#writers, this.#readers, this.#options)
    this.#fast = this.#createFastPath(
      request.fields.map((field, index) => ({ name: field.name, target: request.wanted.indexOf(index) })),
    )
  }

  decode(records: RecordSlices): DecodedRows {
    const { count } = records
    const kernel = this.#begin(count)
    // The kernel replaces escapes where they stand: in a copy, because the records are the caller's.
    const area = kernel === undefined ? undefined : this.#copy(kernel, records)
    const { data, starts, lengths } = area ?? records
    this.#bind(data)
    const recordOf = this.#recordOf
    let rows = 0
    for (let record = 0; record < count; record++) {
      if (kernel !== undefined && area !== undefined) {
        const next = kernel.slices(this.#data, starts, lengths, record, count, rows)
        for (const to = kernel.rowsAfter(rows); rows < to; rows++) recordOf[rows] = record++
        if (next === count) break
      }
      const start = starts[record] as number
      if (this.#decodeRecord(record, start, start + (lengths[record] as number), rows)) recordOf[rows++] = record
    }
    return this.#finish({ data, starts, lengths, count }, rows, rows === count ? null : recordOf.subarray(0, rows))
  }

  decodeLines({ data, start, end, isLast }: Lines, limit: number): DecodedLines {
    const kernel = this.#begin(limit)
    this.#bind(data)
    const recordOf = this.#recordOf
    const reads = kernel?.memory.holds(data) === true ? kernel : undefined
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    let [rows, lines, at] = [0, 0, start]
    while (lines < limit && at < end) {
      if (reads !== undefined) {
        at = reads.lines(this.#data, at, end, rows, rows + limit - lines)
        for (const to = reads.rowsAfter(rows); rows < to; rows++) recordOf[rows] = lines++
        if (lines === limit || at === end) break
      }
      const found = bytes.indexOf(10, at)
      if ((found < 0 || found >= end) && !isLast) break
      const lineEnd = found < 0 || found >= end ? end : found
      if (this.#decodeRecord(lines, at, lineEnd, rows)) recordOf[rows++] = lines
      lines++
      at = Math.min(lineEnd + 1, end)
    }
    const slices = { data, starts: Int32Array.of(start), lengths: Int32Array.of(at - start), count: 1 }
    const decoded = this.#finish(slices, rows, rows === lines ? null : recordOf.subarray(0, rows))
    return { ...decoded, lines, next: at }
  }

  /** The kernel, if it is time for one; writers for so many rows. */
  #begin(rows: number): KernelReader | undefined {
    this.#kernel ??= KernelReader.create(this.#columns, this.#options.timestamps, this.#records)
    this.#kernel?.reserve(rows)
    this.#side.reset()
    this.#skipped = 0
    for (const writer of this.#writers) writer.reset(rows)
    if (this.#recordOf.length < rows) this.#recordOf = new Int32Array(rows)
    return this.#kernel
  }

  #bind(data: Uint8Array): void {
    // Always the same class, so that the generated code sees one kind of array.
    this.#data = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    this.#fast.bind(this.#data)
  }

  #copy(kernel: KernelReader, records: RecordSlices): RecordSlices | undefined {
    this.#area ??= new RecordArea(kernel)
    return this.#area.copy(records)
  }

  /** Reads a record that no kernel has read; false: there is none, or it is left out. */
  #decodeRecord(record: number, start: number, end: number, row: number): boolean {
    if (end <= start) return false
    const last = this.#trimEnd(start, end)
    if (last === start) return false
    if (!this.#decodeFast(start, last, row) && !this.#decodeGeneral(record, start, last, row)) return false
    this.#records++
    this.#kernel?.misfit(this.#data, start, last)
    return true
  }

  #trimEnd(start: number, end: number): number {
    let last = end
    while (last > start) {
      const c = this.#data[last - 1] as number
      if (c !== 32 && c !== 10 && c !== 13 && c !== 9) break
      last--
    }
    return last
  }

  #decodeFast(start: number, end: number, row: number): boolean {
    const skipped = this.#skipped
    try {
      if (this.#fast.record(start, end, row)) {
        this.#fits++
        return true
      }
      this.#skipped = skipped
      this.#clearNulls(row)
      if (this.#fast.anyOrder(start, end, row)) {
        if (++this.#misfits > LEARN_AFTER && this.#misfits > this.#fits && this.#layouts < MAX_LAYOUTS) {
          this.#learnLayout(start, end)
        }
        return true
      }
    } catch (error) {
      if (!(error instanceof ValueError) && !(error instanceof JsonSyntaxError)) throw error
    }
    // The general path reads the record from its beginning, and gives the complete message.
    this.#skipped = skipped
    return false
  }

  #clearNulls(row: number): void {
    for (const writer of this.#writers) writer.clearNull(row)
  }

  #decodeGeneral(record: number, start: number, end: number, row: number): boolean {
    const cursor = this.#cursor
    this.#clearNulls(row)
    const skipped = this.#skipped
    try {
      cursor.reset(this.#data, start, end)
      if (cursor.peek() !== 123) cursor.fail('a JSON object')
      this.#object.read(cursor, row)
      cursor.finish()
      return true
    } catch (error) {
      if (!(error instanceof ValueError) && !(error instanceof JsonSyntaxError)) throw error
      this.#clearNulls(row)
      if (this.#options.ignoreParseErrors) {
        this.#skipped = skipped + 1
        return false
      }
      const text = Buffer.from(this.#data.subarray(start, end)).toString()
      throw new RecordError(record, `${error.message} in ${quoteText(text)}`)
    }
  }

  #finish(records: RecordSlices, rows: number, recordOf: Int32Array | null): DecodedRows {
    let first = 0
    let last = 0
    if (this.#side.size > 0) {
      first = records.data.length
      for (let record = 0; record < records.count; record++) {
        const length = records.lengths[record] as number
        if (length <= 0) continue
        const start = records.starts[record] as number
        first = Math.min(first, start)
        last = Math.max(last, start + length)
      }
    }
    const text = new TextArea(this.#data, Math.min(first, last), last, this.#side)
    const columns = this.#writers.map((writer) => writer.finish(rows, text))
    this.#data = new Uint8Array(0)
    return { columns, rows, kinds: null, recordOf, skipped: this.#skipped }
  }

  #createFastPath(layout: readonly LayoutField[]): FastPath {
    return createFastPath({
      layout,
      columns: this.#columns,
      timestamps: this.#options.timestamps,
      missing: (target, row) => {
        if (this.#options.failOnMissingField) return false
        this.#allWriters[target]?.setNull(row)
        return true
      },
      slow: (target, position, start, end, row) => {
        const cursor = this.#cursor
        cursor.reset(this.#data, start, end)
        cursor.pos = position
        if (target < 0) cursor.skipValue()
        else (this.#allReaders[target] as ValueReader)(cursor, row)
        return cursor.pos
      },
    })
  }

  /** Generates the fast path for the order of fields that this (valid) record has, if it names all wanted ones. */
  #learnLayout(start: number, end: number): void {
    this.#layouts++
    this.#misfits = 0
    this.#fits = 0
    const cursor = this.#cursor
    const layout: LayoutField[] = []
    cursor.reset(this.#data, start, end)
    if (!cursor.accept(123) || cursor.accept(125)) return
    do {
      const side = this.#side.size
      cursor.readString()
      const name = cursor.text()
      this.#side.size = side
      layout.push({ name, target: this.#fields.findIndex((field) => field.name === name) })
      cursor.expect(58, '":"')
      cursor.skipValue()
    } while (cursor.accept(44))
    const targets = layout.map((field) => field.target).filter((target) => target >= 0)
    // The generated code compares keys four bytes at a time.
    if (layout.some((field) => field.name === '')) return
    if (targets.length !== this.#fields.length || new Set(targets).size !== targets.length) return
    this.#fast = this.#createFastPath(layout)
    this.#fast.bind(this.#data)
  }
}
