/**
 * A run: gathered rows, sorted by partition and encoded, that never change. It is a page of a checkpoint as it is:
 *
 *     u32 'MRGR' · u32 partitions · u32 where each partition begins in what follows, and where the last one ends
 *     · by partition u32 rows · padding to 8 bytes · by partition: messages (`exchange/messages.ts`), each with
 *     u32 input · u32 0 before it
 *
 * Of each partition the rows are in the order in which they came, and the watermarks between them.
 */
import { type ChangeBatch } from '../../../core/change-batch.ts'
import { longer } from '../../../core/column-buffer.ts'
import { MillraceError } from '../../../core/errors.ts'
import type { Schema } from '../../../core/types.ts'
import type { Scratch } from '../../../state/table/memory.ts'
import type { PageBytes } from '../../../state/table/page-bytes.ts'
import { pageOutput } from '../../../state/table/page-output.ts'
import { MessageWriter, readMessage } from '../exchange/messages.ts'

const MAGIC = 0x5247524d
const PREFIX_BYTES = 8
const FIXED_WORDS = 2

export interface RunRows {
  readonly input: number
  readonly batch: ChangeBatch
}

/** What comes out of a run: rows of an input, or a watermark. */
export type RunItem = RunRows | { readonly time: number }

function headerBytes(partitions: number): number {
  return (4 * (FIXED_WORDS + 2 * partitions + 1) + 7) & ~7
}

/** Encodes one run after the other into the same memory. */
export class RunEncoder {
  readonly #partitions: number
  readonly #writer = new MessageWriter()
  #bytes = new Uint8Array(0)
  #size = 0
  #starts: Uint32Array
  #rows: Uint32Array
  #partition = 0

  constructor(partitions: number) {
    this.#partitions = partitions
    this.#starts = new Uint32Array(partitions + 1)
    this.#rows = new Uint32Array(partitions)
    this.#size = headerBytes(partitions)
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size
  }

  /** What follows is of this partition, one after the other. */
  begin(partition: number): void {
    this.#partition = partition
    this.#starts[partition] = this.#size - headerBytes(this.#partitions)
  }

  /** @param indices which rows of the batch, the first `count` of them */
  rows(input: number, batch: ChangeBatch, indices: Int32Array, count: number): void {
    this.#writer.rows(batch, indices, count)
    this.#rows[this.#partition] = (this.#rows[this.#partition] as number) + count
    this.#append(input)
  }

  watermark(time: number): void {
    this.#writer.signal('watermark', time)
    this.#append(0)
  }

  #append(input: number): void {
    const { bytes, size } = this.#writer
    const end = this.#size + PREFIX_BYTES + size
    this.#bytes = longer(this.#bytes, end)
    new Uint32Array(this.#bytes.buffer, this.#size, 2).set([input, 0])
    this.#bytes.set(bytes.subarray(0, size), this.#size + PREFIX_BYTES)
    this.#size = end
  }

  /** The run; valid until the next one is begun. */
  end(): Uint8Array {
    const header = headerBytes(this.#partitions)
    const size = this.#size
    this.#bytes = longer(this.#bytes, size)
    const words = new Uint32Array(this.#bytes.buffer, 0, header >> 2)
    this.#starts[this.#partitions] = size - header
    words.fill(0)
    words.set([MAGIC, this.#partitions])
    words.set(this.#starts, FIXED_WORDS)
    words.set(this.#rows, FIXED_WORDS + this.#starts.length)
    this.#rows.fill(0)
    this.#size = header
    return this.#bytes.subarray(0, size)
  }
}

export class GatheredRun {
  /** Of all runs of the operator. */
  readonly number: number
  readonly bytes: number
  readonly partitions: number
  /** Whether a checkpoint has it already. */
  isStored = false
  readonly #source: Uint8Array | { readonly scratch: Scratch; readonly offset: number }
  readonly #header: number
  readonly #starts: Uint32Array
  readonly #rows: Uint32Array

  /**
   * @param bytes of the run, kept where there is no scratch
   * @throws MillraceError INVALID_CHECKPOINT where they are none
   */
  constructor(number: number, bytes: Uint8Array, scratch: Scratch | undefined) {
    const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const partitions = bytes.length < PREFIX_BYTES ? 0 : words.getUint32(4, true)
    const header = headerBytes(partitions)
    if (partitions === 0 || words.getUint32(0, true) !== MAGIC || bytes.length < header)
      throw new MillraceError('INVALID_CHECKPOINT', `rows that wait (run ${number}) cannot be read`)
    const at = (word: number): number => words.getUint32(4 * (FIXED_WORDS + word), true)
    this.number = number
    this.bytes = bytes.length
    this.partitions = partitions
    this.#header = header
    this.#starts = Uint32Array.from({ length: partitions + 1 }, (_, n) => at(n))
    this.#rows = Uint32Array.from({ length: partitions }, (_, n) => at(partitions + 1 + n))
    if (header + (this.#starts[partitions] as number) !== bytes.length)
      throw new MillraceError('INVALID_CHECKPOINT', `rows that wait (run ${number}) are not all there`)
    // Messages are aligned, so that typed arrays may look into them.
    if (scratch === undefined) this.#source = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice()
    else this.#source = { scratch, offset: scratch.append(bytes) }
  }

  rowsOf(partition: number): number {
    return this.#rows[partition] ?? 0
  }

  /**
   * @param schemas of the inputs
   * @param room memory for what is read, which batches point into; absent: they have their own
   */
  *items(partition: number, schemas: readonly Schema[], room?: ReadRoom): Generator<RunItem> {
    const [start = 0, end = 0] = this.#starts.subarray(partition, partition + 2)
    const bytes = this.#read(this.#header + start, end - start, room)
    for (let at = 0; at < bytes.length; ) {
      const [input = 0] = new Uint32Array(bytes.buffer, bytes.byteOffset + at, 1)
      at += PREFIX_BYTES
      const [size = 0] = new Uint32Array(bytes.buffer, bytes.byteOffset + at, 1)
      const message = readMessage(bytes.subarray(at, at + size), schemas[input] ?? { fields: [] })
      at += size
      if (message.kind === 'rows') yield { input, batch: message.batch }
      else yield { time: message.time }
    }
  }

  #read(offset: number, length: number, room: ReadRoom | undefined): Uint8Array {
    const source = this.#source
    if (source instanceof Uint8Array) return source.subarray(offset, offset + length)
    const bytes = room?.take(length) ?? new Uint8Array(length)
    source.scratch.read(source.offset + offset, bytes)
    return bytes
  }

  /** As a checkpoint holds it. */
  page(): PageBytes {
    const source = this.#source
    const output = pageOutput()
    const room = output?.room(this.bytes)
    const bytes = room ?? new Uint8Array(this.bytes)
    if (source instanceof Uint8Array) bytes.set(source)
    else source.scratch.read(source.offset, bytes)
    return output === undefined || room === undefined ? bytes : output.take()
  }
}

/** Memory that is used again. */
export class ReadRoom {
  #bytes = new Uint8Array(0)

  take(length: number): Uint8Array {
    this.#bytes = longer(this.#bytes, length)
    return this.#bytes.subarray(0, length)
  }
}
