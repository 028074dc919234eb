/**
 * What goes through a ring: messages of a header and, for rows, their columns. Everything is 8-byte aligned.
 *
 *     u32 bytes of the message · u32 kind · f64 time (of a watermark) · of rows: u32 rows · u32 1 where they have kinds,
 *     and 2 where hashes of their key · kinds · hashes · columns: u32 kind, u32 1 where there are NULLs · NULL bytes
 *     · values
 *
 * Variable-length values are packed: of texts starts, then lengths, then what belongs to the rows, so that nothing else
 * is copied. Texts in constant bytes (`core/lasting-bytes.ts`) stay there: the kind CONSTANT · u32 number of the bytes,
 * u32 how many follow · the bytes, in the first message of that number · starts · lengths
 */
import { copyRun, dataView } from '../../../core/byte-copy.ts'
import { type ChangeBatch, withKeyHashes } from '../../../core/change-batch.ts'
import type { BytesColumn, Column, FixedColumn, NullMask } from '../../../core/column.ts'
import { invariant, MillraceError } from '../../../core/errors.ts'
import { areConstant, constantBytes } from '../../../core/lasting-bytes.ts'
import type { Schema } from '../../../core/types.ts'

export type Signal = 'watermark' | 'barrier' | 'end' | 'idle' | 'active'

const KINDS = ['rows', 'watermark', 'barrier', 'end', 'idle', 'active'] as const
export const HEADER_BYTES = 16

const COLUMN_KINDS: readonly Column['kind'][] = [
  'null',
  'bool',
  'i8',
  'i16',
  'i32',
  'i64',
  'f32',
  'f64',
  'i128',
  'bytes',
  'list',
  'map',
  'row',
]

const HAS_KINDS = 1
const HAS_HASHES = 2

/** Beside the kinds of columns. */
const CONSTANT = COLUMN_KINDS.length
/** How many a reader is told of; texts in further ones are sent with the rows, as all other texts are. */
const MOST_CONSTANTS = 64

/** Constant bytes that a reader has been sent, numbered in their order. */
export class SentConstants {
  readonly #numbers = new Map<ArrayBufferLike, number>()

  get size(): number {
    return this.#numbers.size
  }

  /** @returns `size` for such that are to be added; undefined: they cannot be named */
  numberOf(data: Uint8Array): number | undefined {
    if (!areConstant(data)) return undefined
    return this.#numbers.get(data.buffer) ?? (this.size < MOST_CONSTANTS ? this.size : undefined)
  }

  add(data: Uint8Array): void {
    this.#numbers.set(data.buffer, this.size)
  }
}

const FIRST_BYTES = 1 << 16
/** Bytes from which on a copy by the system is the faster one. */
const LONG_RUN = 96

/** Writes one message at a time into a buffer that is used again. */
export class MessageWriter {
  bytes = new Uint8Array(FIRST_BYTES)
  /** Length of the message. */
  size = 0
  #words = new Uint32Array(this.bytes.buffer)
  #constants: SentConstants | undefined

  signal(kind: Signal, time: number): void {
    this.size = 0
    this.#begin(kind, time)
    this.#end()
  }

  /**
   * Rows `indices[0, count)` of the batch.
   *
   * @param constants of the reader, who gets every message; absent: nothing is left out
   * @param hashes of the key of each row of the batch, to be sent along
   */
  rows(
    batch: ChangeBatch,
    indices: Int32Array,
    count: number,
    constants?: SentConstants,
    hashes: Int32Array | null = null,
  ): void {
    this.size = 0
    this.#constants = constants
    this.#begin('rows', 0)
    this.#pair(count, (batch.kinds === null ? 0 : HAS_KINDS) | (hashes === null ? 0 : HAS_HASHES))
    if (batch.kinds !== null) this.#nulls(batch.kinds, indices, count)
    if (hashes !== null) this.#ints(hashes, indices, count)
    for (const column of batch.columns) this.#column(column, indices, count)
    this.#end()
  }

  #begin(kind: (typeof KINDS)[number], time: number): void {
    this.#pair(0, KINDS.indexOf(kind))
    const at = this.#take(8)
    new Float64Array(this.bytes.buffer, at, 1)[0] = time
  }

  #end(): void {
    this.#words[0] = this.size
  }

  #pair(first: number, second: number): void {
    const at = this.#take(8) >> 2
    this.#words[at] = first
    this.#words[at + 1] = second
  }

  /** Room for so many bytes, up to the next multiple of 8. @returns where it begins */
  #take(bytes: number): number {
    const at = this.size
    this.size = (at + bytes + 7) & ~7
    if (this.size > this.bytes.length) {
      const grown = new Uint8Array(2 ** Math.ceil(Math.log2(this.size)))
      grown.set(this.bytes.subarray(0, at))
      this.bytes = grown
      this.#words = new Uint32Array(grown.buffer)
    }
    return at
  }

  #nulls(nulls: Uint8Array, indices: Int32Array, count: number): void {
    const at = this.#take(count)
    const { bytes } = this
    for (let i = 0; i < count; i++) bytes[at + i] = nulls[indices[i] as number] as number
  }

  #column(column: Column, indices: Int32Array, count: number): void {
    if (column.kind === 'bytes' && this.#constants !== undefined) {
      const number = this.#constants.numberOf(column.data)
      if (number !== undefined) {
        this.#constantColumn(column, number, indices, count, this.#constants)
        return
      }
    }
    this.#pair(COLUMN_KINDS.indexOf(column.kind), column.nulls === null ? 0 : 1)
    if (column.kind === 'null') return
    if (column.nulls !== null) this.#nulls(column.nulls, indices, count)
    switch (column.kind) {
      case 'bytes':
        this.#bytesColumn(column, indices, count)
        return
      case 'list':
      case 'map': {
        const children = this.#views(column, indices, count)
        const parts = column.kind === 'list' ? [column.child] : [column.keys, column.values]
        this.#pair(children.length, 0)
        for (const part of parts) this.#column(part, children, children.length)
        return
      }
      case 'row':
        this.#pair(column.fields.length, 0)
        for (const field of column.fields) this.#column(field, indices, count)
        return
      default:
        this.#fixed(column, indices, count)
    }
  }

  #ints(values: Int32Array, indices: Int32Array, count: number): void {
    const at = this.#take(4 * count)
    gatherInts(values, indices, count, new Int32Array(this.bytes.buffer, at, count))
  }

  /** Lengths. @returns the rows of the child that belong to the rows */
  #views(
    { starts, lengths, nulls }: { starts: Int32Array; lengths: Int32Array; nulls: NullMask },
    indices: Int32Array,
    count: number,
  ): Int32Array {
    const at = this.#take(4 * count)
    const out = new Int32Array(this.bytes.buffer, at, count)
    let total = 0
    for (let i = 0; i < count; i++) {
      const row = indices[i] as number
      total += out[i] = nulls !== null && nulls[row] === 1 ? 0 : (lengths[row] as number)
    }
    const children = new Int32Array(total)
    for (let i = 0, to = 0; i < count; i++) {
      const start = starts[indices[i] as number] as number
      for (let n = 0; n < (out[i] as number); n++) children[to++] = start + n
    }
    return children
  }

  #bytesColumn({ starts, lengths, data, nulls }: BytesColumn, indices: Int32Array, count: number): void {
    const [startsAt, lengthsAt] = [this.#take(4 * count), this.#take(4 * count)]
    const places = new Int32Array(this.bytes.buffer, startsAt, count)
    const out = new Int32Array(this.bytes.buffer, lengthsAt, count)
    let total = 0
    for (let i = 0; i < count; i++) {
      const row = indices[i] as number
      places[i] = total
      total += out[i] = nulls !== null && nulls[row] === 1 ? 0 : (lengths[row] as number)
    }
    this.#pair(total, 0)
    let to = this.#take(total)
    const { bytes } = this
    const sizes = new Int32Array(bytes.buffer, lengthsAt, count)
    const [source, target] = [dataView(data), dataView(bytes)]
    for (let i = 0; i < count; i++) {
      const length = sizes[i] as number
      const from = starts[indices[i] as number] as number
      if (length > LONG_RUN) bytes.set(data.subarray(from, from + length), to)
      else copyRun(source, from, target, to, length)
      to += length
    }
  }

  #constantColumn(
    { starts, lengths, data, nulls }: BytesColumn,
    number: number,
    indices: Int32Array,
    count: number,
    constants: SentConstants,
  ): void {
    this.#pair(CONSTANT, nulls === null ? 0 : 1)
    if (nulls !== null) this.#nulls(nulls, indices, count)
    const isNew = number === constants.size
    this.#pair(number, isNew ? data.length : 0)
    if (isNew) {
      const at = this.#take(data.length)
      this.bytes.set(data, at)
      constants.add(data)
    }
    this.#ints(starts, indices, count)
    this.#ints(lengths, indices, count)
  }

  #fixed(column: FixedColumn, indices: Int32Array, count: number): void {
    const { values } = column
    const at = this.#take(values.BYTES_PER_ELEMENT * (column.kind === 'i128' ? 2 : 1) * count)
    const { buffer } = this.bytes
    switch (column.kind) {
      // A loop for each class of array, so that each is compiled for its own.
      case 'i64':
        gatherLongs(column.values, indices, count, new BigInt64Array(buffer, at, count))
        return
      case 'i128':
        gatherWide(column.values, indices, count, new BigInt64Array(buffer, at, 2 * count))
        return
      case 'i32':
        gatherInts(column.values, indices, count, new Int32Array(buffer, at, count))
        return
      case 'f64':
        gatherDoubles(column.values, indices, count, new Float64Array(buffer, at, count))
        return
      case 'f32':
        gatherNarrow(column.values, indices, count, new Float32Array(buffer, at, count))
        return
      case 'i16':
        gatherNarrow(column.values, indices, count, new Int16Array(buffer, at, count))
        return
      default:
        gatherNarrow(column.values, indices, count, new Int8Array(buffer, at, count))
    }
  }
}

type Longs = BigInt64Array

function gatherLongs(values: Longs, indices: Int32Array, count: number, out: Longs): void {
  for (let i = 0; i < count; i++) out[i] = values[indices[i] as number] as bigint
}

function gatherWide(values: Longs, indices: Int32Array, count: number, out: Longs): void {
  for (let i = 0; i < count; i++) {
    const from = 2 * (indices[i] as number)
    out[2 * i] = values[from] as bigint
    out[2 * i + 1] = values[from + 1] as bigint
  }
}

function gatherInts(values: Int32Array, indices: Int32Array, count: number, out: Int32Array): void {
  for (let i = 0; i < count; i++) out[i] = values[indices[i] as number] as number
}

function gatherDoubles(values: Float64Array, indices: Int32Array, count: number, out: Float64Array): void {
  for (let i = 0; i < count; i++) out[i] = values[indices[i] as number] as number
}

type Narrow = Uint8Array | Int8Array | Int16Array | Float32Array

function gatherNarrow(values: Narrow, indices: Int32Array, count: number, out: Narrow): void {
  for (let i = 0; i < count; i++) out[i] = values[indices[i] as number] as number
}

export type Message =
  | { readonly kind: 'rows'; readonly batch: ChangeBatch }
  | { readonly kind: Signal; readonly time: number }

/**
 * @param bytes of one whole message, 8-byte aligned; the batch points into them
 * @param constants that earlier messages of this writer had with them, by number; new ones are added
 * @param key the columns that hashes are of
 */
export function readMessage(
  bytes: Uint8Array,
  schema: Schema,
  constants: Uint8Array[] = [],
  key: readonly number[] = [],
): Message {
  const reader = new MessageReader(bytes, constants)
  const [, code] = reader.pair()
  const time = reader.double()
  const kind = KINDS[code]
  if (kind === undefined) throw new MillraceError('INTERNAL_ERROR', `an exchange brought a message of kind ${code}`)
  return kind === 'rows' ? { kind, batch: reader.batch(schema, key) } : { kind, time }
}

class MessageReader {
  readonly #buffer: ArrayBufferLike
  readonly #constants: Uint8Array[]
  #at: number

  constructor(bytes: Uint8Array, constants: Uint8Array[]) {
    this.#buffer = bytes.buffer
    this.#constants = constants
    this.#at = bytes.byteOffset
  }

  pair(): readonly [number, number] {
    const [first, second] = new Uint32Array(this.#buffer, this.#take(8), 2)
    return [first ?? 0, second ?? 0]
  }

  double(): number {
    return new Float64Array(this.#buffer, this.#take(8), 1)[0] ?? 0
  }

  batch(schema: Schema, key: readonly number[]): ChangeBatch {
    const [rows, parts] = this.pair()
    const kinds = (parts & HAS_KINDS) === 0 ? null : this.#byteArray(rows)
    const hashes = (parts & HAS_HASHES) === 0 ? undefined : this.#intArray(rows)
    const batch = { schema, rows, kinds, columns: schema.fields.map(() => this.#column(rows)) }
    return hashes === undefined ? batch : withKeyHashes(batch, key, hashes)
  }

  #take(bytes: number): number {
    const at = this.#at
    this.#at = (at + bytes + 7) & ~7
    return at
  }

  #byteArray(count: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#take(count), count)
  }

  #intArray(count: number): Int32Array {
    return new Int32Array(this.#buffer, this.#take(4 * count), count)
  }

  #column(rows: number): Column {
    const [code, hasNulls] = this.pair()
    const kind = code === CONSTANT ? 'constant' : (COLUMN_KINDS[code] ?? 'null')
    if (kind === 'null') return { kind, nulls: null }
    const nulls = hasNulls === 1 ? this.#byteArray(rows) : null
    switch (kind) {
      case 'constant':
        return this.#constantColumn(rows, nulls)
      case 'bytes': {
        const [starts, lengths] = [this.#intArray(rows), this.#intArray(rows)]
        const [size] = this.pair()
        return { kind, starts, lengths, data: this.#byteArray(size), nulls }
      }
      case 'list': {
        const lengths = this.#intArray(rows)
        const [children] = this.pair()
        return { kind, starts: startsOf(lengths), lengths, child: this.#column(children), nulls }
      }
      case 'map': {
        const lengths = this.#intArray(rows)
        const [children] = this.pair()
        const keys = this.#column(children)
        return { kind, starts: startsOf(lengths), lengths, keys, values: this.#column(children), nulls }
      }
      case 'row': {
        const [count] = this.pair()
        return { kind, fields: Array.from({ length: count }, () => this.#column(rows)), nulls }
      }
      default:
        return this.#fixed(kind, rows, nulls)
    }
  }

  #constantColumn(rows: number, nulls: NullMask): BytesColumn {
    const [number, size] = this.pair()
    if (size > 0) this.#constants[number] = constantBytes(this.#byteArray(size).slice())
    const data = this.#constants[number]
    invariant(data !== undefined, 'constant bytes come with the first column that points into them')
    return { kind: 'bytes', starts: this.#intArray(rows), lengths: this.#intArray(rows), data, nulls }
  }

  #fixed(kind: FixedColumn['kind'], rows: number, nulls: NullMask): Column {
    const buffer = this.#buffer as ArrayBuffer
    switch (kind) {
      case 'bool':
        return { kind, values: new Uint8Array(buffer, this.#take(rows), rows), nulls }
      case 'i8':
        return { kind, values: new Int8Array(buffer, this.#take(rows), rows), nulls }
      case 'i16':
        return { kind, values: new Int16Array(buffer, this.#take(2 * rows), rows), nulls }
      case 'i32':
        return { kind, values: new Int32Array(buffer, this.#take(4 * rows), rows), nulls }
      case 'f32':
        return { kind, values: new Float32Array(buffer, this.#take(4 * rows), rows), nulls }
      case 'i64':
        return { kind, values: new BigInt64Array(buffer, this.#take(8 * rows), rows), nulls }
      case 'f64':
        return { kind, values: new Float64Array(buffer, this.#take(8 * rows), rows), nulls }
      case 'i128':
        return { kind, values: new BigInt64Array(buffer, this.#take(16 * rows), 2 * rows), nulls }
    }
  }
}

function startsOf(lengths: Int32Array): Int32Array {
  const starts = new Int32Array(lengths.length)
  for (let row = 1; row < lengths.length; row++) {
    starts[row] = (starts[row - 1] as number) + (lengths[row - 1] as number)
  }
  return starts
}
