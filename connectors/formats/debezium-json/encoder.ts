/**
 * A changelog to change events, each row one event: what comes is a "c" with the row after, what goes a "d" with the row
 * before. An update is written as both, as Flink does: who reads it cannot tell it from a deletion and an insertion.
 */
import { isRetraction } from '../../../core/change-batch.ts'
import type { Column } from '../../../core/column.ts'
import type { EncodedRecords, EncoderRequest, RecordEncoder } from '../../api/format.ts'
import { ByteBuilder } from '../byte-builder.ts'
import { JsonEncoder } from '../json/encoder.ts'
import { readRowOptions } from './options.ts'

interface Frame {
  readonly head: Uint8Array
  readonly tail: Uint8Array
}

export class DebeziumJsonEncoder implements RecordEncoder {
  readonly #rows: JsonEncoder
  readonly #out = new ByteBuilder(64 * 1024)
  readonly #insertion: Frame
  readonly #deletion: Frame
  #starts = new Int32Array(0)
  #lengths = new Int32Array(0)
  readonly #terminator: Uint8Array

  constructor(request: EncoderRequest) {
    const { fields, options, terminator } = request
    const rowOptions = readRowOptions(options)
    this.#rows = new JsonEncoder({ fields }, rowOptions)
    this.#terminator = terminator ?? new Uint8Array(0)
    const omits = rowOptions.ignoreNullFields
    this.#insertion = {
      head: Buffer.from(omits ? '{"after":' : '{"before":null,"after":'),
      tail: Buffer.from(',"op":"c"}'),
    }
    this.#deletion = {
      head: Buffer.from('{"before":'),
      tail: Buffer.from(omits ? ',"op":"d"}' : ',"after":null,"op":"d"}'),
    }
  }

  encode(columns: readonly Column[], rows: number, kinds: Uint8Array | null): EncodedRecords {
    if (this.#starts.length < rows) {
      this.#starts = new Int32Array(rows)
      this.#lengths = new Int32Array(rows)
    }
    const encoded = this.#rows.encode(columns, rows)
    const out = this.#out
    out.pos = 0
    for (let row = 0; row < rows; row++) {
      const { head, tail } = kinds !== null && isRetraction(kinds[row] ?? 0) ? this.#deletion : this.#insertion
      const length = encoded.lengths[row] as number
      out.reserve(head.length + length + tail.length + this.#terminator.length)
      const start = out.pos
      out.raw(head)
      out.copy(encoded.data, encoded.starts[row] as number, length)
      out.raw(tail)
      this.#starts[row] = start
      this.#lengths[row] = out.pos - start
      out.raw(this.#terminator)
    }
    return { data: out.data, starts: this.#starts, lengths: this.#lengths, count: rows, size: out.pos }
  }
}
