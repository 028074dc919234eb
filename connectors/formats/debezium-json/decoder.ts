/**
 * Change events to a changelog. The envelope says where the rows stand; the json decoder reads all rows of a batch at
 * once, as if each were a record.
 */
import { DELETE, INSERT, UPDATE_AFTER, UPDATE_BEFORE } from '../../../core/change-batch.ts'
import type { Column } from '../../../core/column.ts'
import {
  type DecodedRows,
  type DecoderRequest,
  RecordError,
  type RecordDecoder,
  type RecordSlices,
} from '../../api/format.ts'
import { quoteText, ValueError } from '../scalar-text.ts'
import { JsonSyntaxError } from '../json/cursor.ts'
import { JsonDecoder } from '../json/decoder.ts'
import { EnvelopeReader, type Slice } from './envelope.ts'
import { EventMetadata } from './metadata.ts'
import { readRowOptions } from './options.ts'

export class DebeziumJsonDecoder implements RecordDecoder {
  readonly #envelope: EnvelopeReader
  readonly #rowDecoder: JsonDecoder
  readonly #metadata: EventMetadata | undefined
  readonly #ignoreParseErrors: boolean
  /** The rows found so far: where each stands, what it is, and the record that it came from. */
  #starts = new Int32Array(0)
  #lengths = new Int32Array(0)
  #kinds = new Uint8Array(0)
  #recordOf = new Int32Array(0)
  #rows = 0
  #skipped = 0

  constructor(request: DecoderRequest) {
    const options = readRowOptions(request.options)
    this.#envelope = new EnvelopeReader(request.options.boolean('schema-include'))
    this.#rowDecoder = new JsonDecoder(request, options)
    this.#ignoreParseErrors = options.ignoreParseErrors
    const wanted = request.metadata ?? []
    this.#metadata = wanted.length === 0 ? undefined : new EventMetadata(wanted, options)
  }

  decode(records: RecordSlices): DecodedRows {
    this.#reserve(2 * records.count)
    this.#rows = 0
    this.#skipped = 0
    this.#metadata?.reset(records.count)
    for (let record = 0; record < records.count; record++) {
      const length = records.lengths[record] as number
      // Kafka's tombstones, and empty lines.
      if (length > 0) this.#readRecord(records, record, records.starts[record] as number, length)
    }
    const rows = this.#rows
    const decoded = this.#guard(() =>
      this.#rowDecoder.decode({ data: records.data, starts: this.#starts, lengths: this.#lengths, count: rows }),
    )
    const recordOf = this.#recordOf.subarray(0, rows)
    const metadata = this.#metadata?.read(records.data, recordOf, rows) ?? []
    return {
      columns: [...decoded.columns, ...metadata] as readonly Column[],
      rows,
      kinds: this.#kinds,
      recordOf,
      skipped: this.#skipped + decoded.skipped,
    }
  }

  #reserve(rows: number): void {
    if (this.#starts.length >= rows) return
    this.#starts = new Int32Array(rows)
    this.#lengths = new Int32Array(rows)
    this.#kinds = new Uint8Array(rows)
    this.#recordOf = new Int32Array(rows)
  }

  #readRecord(records: RecordSlices, record: number, start: number, length: number): void {
    if (isBlank(records.data, start, start + length)) return
    const envelope = this.#envelope
    try {
      switch (envelope.read(records.data, start, start + length)) {
        case 'insert':
          this.#add(envelope.after, INSERT, record)
          break
        case 'update':
          this.#add(envelope.before, UPDATE_BEFORE, record)
          this.#add(envelope.after, UPDATE_AFTER, record)
          break
        case 'delete':
          this.#add(envelope.before, DELETE, record)
      }
      this.#metadata?.add(record, envelope.payload, start, length)
    } catch (error) {
      if (!(error instanceof ValueError) && !(error instanceof JsonSyntaxError)) throw error
      if (this.#ignoreParseErrors) {
        this.#skipped++
        return
      }
      const text = Buffer.from(records.data.subarray(start, start + length)).toString()
      throw new RecordError(record, `corrupt Debezium JSON message ${quoteText(text)}: ${error.message}`)
    }
  }

  #add(slice: Slice, kind: number, record: number): void {
    const row = this.#rows++
    this.#starts[row] = slice.start
    this.#lengths[row] = slice.length
    this.#kinds[row] = kind
    this.#recordOf[row] = record
  }

  /** What is wrong with a row is wrong with its record. */
  #guard<T>(action: () => T): T {
    try {
      return action()
    } catch (error) {
      if (!(error instanceof RecordError)) throw error
      throw new RecordError(this.#recordOf[error.record] ?? 0, error.message)
    }
  }
}

function isBlank(data: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const c = data[at] as number
    if (c !== 32 && c !== 10 && c !== 13 && c !== 9) return false
  }
  return true
}
