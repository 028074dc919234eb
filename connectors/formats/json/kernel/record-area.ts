/** A copy of a batch of records in linear memory, for those that came from elsewhere. */
import type { RecordSlices } from '../../../api/format.ts'
import type { LinearArray } from '../../../../core/wasm/memory.ts'
import type { KernelReader } from './kernel-reader.ts'

/** What is between the records may be this many times as much as they are; beyond that a copy does not pay. */
const MOST_BETWEEN = 3

export class RecordArea {
  readonly #kernel: KernelReader
  #data: Uint8Array = new Uint8Array(0)
  #starts: Int32Array = new Int32Array(0)
  #lengths: Int32Array = new Int32Array(0)

  constructor(kernel: KernelReader) {
    this.#kernel = kernel
  }

  /** @returns undefined where the records are too far apart */
  copy({ data, starts, lengths, count }: RecordSlices): RecordSlices | undefined {
    let [first, last, size] = [data.length, 0, 0]
    for (let record = 0; record < count; record++) {
      const length = lengths[record] as number
      if (length <= 0) continue
      const start = starts[record] as number
      if (start < first) first = start
      if (start + length > last) last = start + length
      size += length
    }
    if (size === 0 || last - first > MOST_BETWEEN * size + 4096) return undefined
    this.#reserve(last - first, count)
    Buffer.from(data.buffer, data.byteOffset, data.length).copy(this.#data, 0, first, last)
    for (let record = 0; record < count; record++) {
      this.#starts[record] = (starts[record] as number) - first
      this.#lengths[record] = lengths[record] as number
    }
    return { data: this.#data, starts: this.#starts, lengths: this.#lengths, count }
  }

  #reserve(bytes: number, records: number): void {
    if (this.#data.length < bytes) this.#data = this.#grown<Uint8Array>(Uint8Array, this.#data, bytes)
    if (this.#starts.length >= records) return
    this.#starts = this.#grown<Int32Array>(Int32Array, this.#starts, records)
    this.#lengths = this.#grown<Int32Array>(Int32Array, this.#lengths, records)
  }

  #grown<T extends { readonly length: number }>(type: LinearArray<T>, old: T, length: number): T {
    return this.#kernel.makeArray(type, Math.max(length, 2 * old.length))
  }
}
