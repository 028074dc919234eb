/** Formats: record bytes to columns and back. Both are generated from the schema and read only what is asked for. */
import type { Column } from '../../core/column.ts'
import type { OptionValues } from '../../core/options.ts'
import type { Field } from '../../core/types.ts'

/** Records as places in a byte buffer. */
export interface RecordSlices {
  readonly data: Uint8Array
  readonly starts: Int32Array
  /** -1: no record (a Kafka tombstone). */
  readonly lengths: Int32Array
  readonly count: number
}

export interface DecodedRows {
  readonly columns: readonly Column[]
  readonly rows: number
  readonly kinds: Uint8Array | null
  /** The record that row r came from, where rows and records are not one to one; null: row r is record r. */
  readonly recordOf: Int32Array | null
  /** Records (or fields) skipped because of `ignore-parse-errors`. */
  readonly skipped: number
}

/** Bytes `start … end)` of a file of lines. */
export interface Lines {
  /** May be written to: escapes are replaced where they stand. */
  readonly data: Uint8Array
  readonly start: number
  readonly end: number
  /** The file ends here: what has no line end is a line too. */
  readonly isLast: boolean
}

export interface DecodedLines extends DecodedRows {
  /** Lines read: the records that `recordOf` counts. */
  readonly lines: number
  /** Where the first line begins that was not read: one that does not end here, or that is beyond the limit. */
  readonly next: number
}

export interface RecordDecoder {
  /**
   * The result is valid until the next call. String columns point into `records.data`, or a copy of it, wherever the
   * text stands there as it is.
   *
   * @throws RecordError for the first record that cannot be decoded
   */
  decode(records: RecordSlices): DecodedRows
  /**
   * The same for records that are lines, up to `limit` of them; fastest where the bytes are in linear memory. Absent:
   * records of the format may go over several lines.
   */
  decodeLines?(lines: Lines, limit: number): DecodedLines
}

/** Names the record so that the connector can say where it was (topic, partition, offset; file and line). */
export class RecordError extends Error {
  override readonly name = 'RecordError'
  readonly record: number
  constructor(record: number, message: string) {
    super(message)
    this.record = record
  }
}

export interface EncodedRecords {
  readonly data: Uint8Array
  readonly starts: Int32Array
  readonly lengths: Int32Array
  readonly count: number
  /** Bytes used of `data`; with a terminator, records are contiguous and `data[0, size)` can be written as it is. */
  readonly size: number
  /** Takes `data` over: it stays as it is until the function that this gives is called. At once, or never. */
  readonly takeOver?: () => () => void
}

export interface RecordEncoder {
  /** The result may be overwritten by the next call. `kinds` is for formats that carry row kinds. */
  encode(columns: readonly Column[], rows: number, kinds: Uint8Array | null): EncodedRecords
}

export interface DecoderRequest {
  /** All fields of the record, in the order of the schema (csv needs it). */
  readonly fields: readonly Field[]
  /** Positions in `fields` of the columns wanted, in the order of the result's columns. */
  readonly wanted: readonly number[]
  /** Metadata of the format to be read as well, by key and in the type asked for: columns behind the wanted ones. */
  readonly metadata?: readonly Field[]
  /** Options of the format, keys without the format's prefix. */
  readonly options: OptionValues
}

export interface EncoderRequest {
  readonly fields: readonly Field[]
  readonly options: OptionValues
  /** Written behind every record: a newline in files, absent in Kafka. */
  readonly terminator?: Uint8Array
}

export interface Format {
  createDecoder(request: DecoderRequest): RecordDecoder
  createEncoder(request: EncoderRequest): RecordEncoder
}
