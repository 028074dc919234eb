/**
 * A stored column of variable length. Values stand behind one another in an arena that is only ever appended to, so that
 * columns that share it stay valid; overwritten ones are garbage until `compact` copies the live ones to a new arena.
 * A store that shares does not copy values out of lasting bytes (`core/lasting-bytes.ts`): it points into them.
 */
import { copyRun, copyText, dataView } from '../../core/byte-copy.ts'
import type { BytesColumn, Column, NullMask, Value } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import { invariant } from '../../core/errors.ts'
import { areLasting, endLasting } from '../../core/lasting-bytes.ts'
import type { SqlType } from '../../core/types.ts'
import { Arena } from './arena.ts'
import { longerArray, stateArray, takeInToRead, writeZeros } from './memory.ts'
import { gatherNulls, grownNulls } from './null-bytes.ts'
import { decodeValue, encodeColumn } from './value-codec.ts'

/** The source of a value: in the arena, or at the place after that in the list of foreign buffers. */
const OWN = 0
const MAX_FOREIGN = 255
const COPY = -1
/** Bytes from which on a subarray is worth its making. */
const LONG_RUN = 512

interface Foreign {
  data: Uint8Array
  /** Rows that point into it. */
  rows: number
}

export class BytesStore {
  readonly kind: 'bytes' | 'encoded'
  readonly type: SqlType | undefined
  starts = new Int32Array(0)
  lengths = new Int32Array(0)
  nulls: NullMask = null
  readonly #isText: boolean
  readonly #shares: boolean
  #arena = new Arena()
  /** Bytes of the arena. */
  #live = 0
  /** By row; null: all are in the arena. */
  #sources: Uint8Array | null = null
  readonly #foreign: (Foreign | undefined)[] = []

  constructor(kind: 'bytes' | 'encoded', type: SqlType | undefined, shares = false) {
    this.kind = kind
    this.type = type
    this.#isText = kind === 'bytes' && (type?.kind === 'VARCHAR' || type?.kind === 'CHAR')
    this.#shares = shares && kind === 'bytes'
  }

  get bytes(): number {
    return this.#arena.size + this.starts.length * 8 + (this.nulls?.length ?? 0) + (this.#sources?.length ?? 0)
  }

  /** Of a store that does not share: where `starts` count from. */
  get data(): Uint8Array {
    return this.#arena.data
  }

  /** Where the start of this row counts from. */
  dataOf(row: number): Uint8Array {
    return this.#sources === null ? this.#arena.data : this.#dataAt(this.#sources[row] as number)
  }

  #dataAt(source: number): Uint8Array {
    return source === OWN ? this.#arena.data : (this.#foreign[source - 1]?.data ?? this.#arena.data)
  }

  grow(capacity: number): void {
    this.starts = longerArray(this.starts, capacity)
    this.lengths = longerArray(this.lengths, capacity)
    this.nulls = grownNulls(this.nulls, capacity)
    this.#sources = grownNulls(this.#sources, capacity)
  }

  ensureNulls(): Uint8Array {
    this.nulls ??= stateArray(Uint8Array, this.starts.length)
    return this.nulls
  }

  /** See `writeZeros` of memory.ts, of new rows. */
  writeZeros(start: number, end: number): void {
    writeZeros(this.starts, 4 * start, 4 * end)
    writeZeros(this.lengths, 4 * start, 4 * end)
    if (this.#sources !== null) writeZeros(this.#sources, start, end)
  }

  clear(row: number): void {
    this.#forget(row)
    this.starts[row] = 0
    this.lengths[row] = 0
    if (this.nulls !== null) this.nulls[row] = 0
  }

  clearAll(rows: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) this.clear(rows[i] as number)
  }

  /** The row's value is no longer wanted; it is in the arena then, of what length its next value has. */
  #forget(row: number): void {
    const source = this.#sources === null ? OWN : (this.#sources[row] as number)
    if (source === OWN || this.#sources === null) {
      this.#live -= this.lengths[row] as number
      return
    }
    this.#sources[row] = OWN
    const foreign = this.#foreign[source - 1]
    if (foreign !== undefined && --foreign.rows === 0) this.#foreign[source - 1] = undefined
  }

  set(row: number, source: Uint8Array, start: number, length: number): void {
    const arena = this.#arena
    arena.reserve(length)
    const to = arena.size
    if (length > 64) arena.data.set(source.subarray(start, start + length), to)
    else for (let i = 0; i < length; i++) arena.data[to + i] = source[start + i] as number
    this.#forget(row)
    this.#live += length
    this.starts[row] = to
    this.lengths[row] = length
    arena.size = to + length
  }

  put(rows: Int32Array, column: Column, from: Int32Array | null, count: number): void {
    const input = this.input(column, rowsUsed(from, count))
    const nulls = input.nulls === null ? this.nulls : this.ensureNulls()
    if (nulls !== null) {
      for (let i = 0; i < count; i++) {
        nulls[rows[i] as number] =
          input.nulls === null ? 0 : (input.nulls[from === null ? i : (from[i] as number)] as number)
      }
    }
    const source = this.#sourceOf(input.data)
    if (source === COPY) this.#copyIn(input, from, count, rows, this.starts, this.lengths)
    else this.#point(source, rows, input, from, count)
  }

  /** COPY: the values have to be copied. */
  #sourceOf(data: Uint8Array): number {
    if (!this.#shares) return COPY
    if (data.buffer === this.#arena.data.buffer) return OWN
    if (!areLasting(data)) return COPY
    let free = this.#foreign.length
    for (const [index, foreign] of this.#foreign.entries()) {
      if (foreign === undefined) free = index
      else if (foreign.data.buffer === data.buffer && foreign.data.byteOffset === data.byteOffset) {
        if (data.length > foreign.data.length) foreign.data = data
        return index + 1
      }
    }
    if (free === MAX_FOREIGN) return COPY
    this.#foreign[free] = { data, rows: 0 }
    return free + 1
  }

  /**
   * Copies values of rows `from[0 … count)` of a column behind the others.
   *
   * @param to the rows of the store that they become; null: no rows yet, they are `starts` and `lengths` by their own row
   */
  #copyIn(
    { data, starts: sourceStarts, lengths: sourceLengths, nulls }: BytesColumn,
    from: Int32Array | null,
    count: number,
    to: Int32Array | null,
    starts: Int32Array,
    lengths: Int32Array,
  ): void {
    const arena = this.#arena
    const source = dataView(data)
    for (let i = 0; i < count; ) {
      const begin = arena.size
      let first = 0
      let run = 0
      // Values that stand behind one another, as in a message of another worker, are copied together.
      for (; i < count; i++) {
        const at = from === null ? i : (from[i] as number)
        const length = nulls !== null && nulls[at] === 1 ? 0 : (sourceLengths[at] as number)
        if (run === 0) first = sourceStarts[at] as number
        else if (length > 0 && (sourceStarts[at] as number) !== first + run) break
        const row = to === null ? at : (to[i] as number)
        if (to !== null) {
          this.#forget(row)
          this.#live += length
        }
        starts[row] = begin + run
        lengths[row] = length
        run += length
      }
      arena.reserve(run)
      if (run > LONG_RUN) copyLongRun(source, first, arena.view, begin, run)
      else if (this.#isText) copyText(source, first, arena.view, begin, run)
      else copyRun(source, first, arena.view, begin, run)
      arena.size = begin + run
    }
  }

  #point(
    source: number,
    rows: Int32Array,
    { starts, lengths, nulls }: BytesColumn,
    from: Int32Array | null,
    count: number,
  ): void {
    const foreign = source === OWN ? undefined : this.#foreign[source - 1]
    if (foreign !== undefined) this.#sources ??= stateArray(Uint8Array, this.starts.length)
    const sources = this.#sources
    // Not below 1 while rows are exchanged.
    if (foreign !== undefined) foreign.rows++
    for (let i = 0; i < count; i++) {
      const at = from === null ? i : (from[i] as number)
      const row = rows[i] as number
      const length = nulls !== null && nulls[at] === 1 ? 0 : (lengths[at] as number)
      this.#forget(row)
      this.starts[row] = starts[at] as number
      this.lengths[row] = length
      if (foreign === undefined || sources === null) this.#live += length
      else {
        sources[row] = source
        foreign.rows++
      }
    }
    if (foreign !== undefined && --foreign.rows === 0) this.#foreign[source - 1] = undefined
  }

  /**
   * A batch's column whose values at these rows are where a store that shares can point at them. The others are empty.
   *
   * @param length of the column
   */
  hold(column: Column, length: number, rows: Int32Array, count: number): Column {
    if (column.kind !== 'bytes' || this.#sourceOf(column.data) !== COPY) return column
    const starts = new Int32Array(length)
    const lengths = new Int32Array(length)
    this.#copyIn(column, rows, count, null, starts, lengths)
    return { kind: 'bytes', starts, lengths, data: this.#arena.data, nulls: column.nulls }
  }

  /** A batch's column in the form in which it is stored. */
  input(column: Column, rows: number): BytesColumn {
    if (column.kind === 'bytes') return column
    invariant(this.type !== undefined, 'an encoded column has a type')
    return encodeColumn(column, this.type, rows)
  }

  /** @param reuse as of `FixedStore` */
  gather(rows: Int32Array, count: number, reuse?: Column): Column {
    if (this.kind === 'encoded') return this.#decode(rows, count)
    takeInToRead(this.starts, rows, count, 1)
    takeInToRead(this.lengths, rows, count, 1)
    const nulls = gatherNulls(this.nulls, rows, count)
    const fits = reuse?.kind === 'bytes' && reuse.starts.length >= count && reuse.lengths.length >= count
    const starts = fits ? reuse.starts : new Int32Array(count)
    const lengths = fits ? reuse.lengths : new Int32Array(count)
    let total = 0
    for (let i = 0; i < count; i++) {
      starts[i] = this.starts[rows[i] as number] as number
      total += lengths[i] = this.lengths[rows[i] as number] as number
    }
    const source = this.#commonSource(rows, count)
    if (source !== undefined) return { kind: 'bytes', starts, lengths, data: this.#dataAt(source), nulls }
    const data = new Uint8Array(total)
    this.copyTo(dataView(data), 0, rows, count)
    for (let i = 0, at = 0; i < count; at += lengths[i++] as number) starts[i] = at
    return { kind: 'bytes', starts, lengths, data, nulls }
  }

  /**
   * Rows of a batch's column and, as -1 - row, of the store, in one go.
   *
   * @param reuse as of `FixedStore`
   * @returns undefined: they are not all in the same bytes
   */
  mix(column: BytesColumn, sources: Int32Array, count: number, reuse?: Column): BytesColumn | undefined {
    const common = this.#knownSource(column.data)
    if (common === undefined || column.nulls !== null || this.nulls !== null) return undefined
    const stored = this.#sources
    const fits = reuse?.kind === 'bytes' && reuse.starts.length >= count && reuse.lengths.length >= count
    const starts = fits ? reuse.starts : new Int32Array(2 * count)
    const lengths = fits ? reuse.lengths : new Int32Array(2 * count)
    const [ownStarts, ownLengths] = [this.starts, this.lengths]
    for (let i = 0; i < count; i++) {
      const source = sources[i] as number
      if (source >= 0) {
        starts[i] = column.starts[source] as number
        lengths[i] = column.lengths[source] as number
        continue
      }
      const row = -1 - source
      if ((stored === null ? OWN : (stored[row] as number)) !== common) return undefined
      starts[i] = ownStarts[row] as number
      lengths[i] = ownLengths[row] as number
    }
    const data = this.#dataAt(common)
    return { kind: 'bytes', starts, lengths, data: data.length < column.data.length ? column.data : data, nulls: null }
  }

  #knownSource(data: Uint8Array): number | undefined {
    if (this.kind === 'encoded') return undefined
    if (data.buffer === this.#arena.data.buffer) return OWN
    const index = this.#foreign.findIndex(
      (foreign) => foreign?.data.buffer === data.buffer && foreign.data.byteOffset === data.byteOffset,
    )
    return index < 0 ? undefined : index + 1
  }

  /** Of all these rows; undefined: they have several. */
  #commonSource(rows: Int32Array, count: number): number | undefined {
    const sources = this.#sources
    if (sources === null || count === 0) return OWN
    const source = sources[rows[0] as number] as number
    for (let i = 1; i < count; i++) if (sources[rows[i] as number] !== source) return undefined
    return source
  }

  #decode(rows: Int32Array, count: number): Column {
    const type = this.type
    invariant(type !== undefined, 'an encoded column has a type')
    const values = Array.from({ length: count }, (_, i): Value => {
      const row = rows[i] as number
      return this.nulls !== null && this.nulls[row] === 1 ? null : this.valueAt(row)
    })
    return columnOf(type, values)
  }

  /** Of an `encoded` column. */
  valueAt(row: number): Value {
    invariant(this.type !== undefined, 'an encoded column has a type')
    const start = this.starts[row] as number
    return decodeValue(this.data.subarray(start, start + (this.lengths[row] as number)), this.type)
  }

  /** The stored rows as a column, of a store that does not share. */
  view(): BytesColumn {
    return { kind: 'bytes', starts: this.starts, lengths: this.lengths, data: this.data, nulls: this.nulls }
  }

  /** Bytes of the values of rows. */
  sizeOf(rows: Int32Array, count: number): number {
    const { lengths } = this
    let bytes = 0
    for (let i = 0; i < count; i++) bytes += lengths[rows[i] as number] as number
    return bytes
  }

  /** Writes the values of rows behind one another. @returns the end */
  copyTo(target: DataView, start: number, rows: Int32Array, count: number): number {
    const sources = this.#sources
    const foreign = this.#foreign.map((entry) => (entry === undefined ? undefined : dataView(entry.data)))
    const own = this.#arena.view
    const { starts, lengths } = this
    let to = start
    for (let i = 0; i < count; ) {
      const row = rows[i] as number
      const source = sources === null ? OWN : (sources[row] as number)
      const first = starts[row] as number
      let length = lengths[row] as number
      // Values that came one after the other stand behind one another.
      for (i++; i < count; i++) {
        const next = rows[i] as number
        if ((starts[next] as number) !== first + length || (sources !== null && sources[next] !== source)) break
        length += lengths[next] as number
      }
      const view = source === OWN ? own : (foreign[source - 1] ?? own)
      if (length > LONG_RUN) copyLongRun(view, first, target, to, length)
      else if (this.#isText) copyText(view, first, target, to, length)
      else copyRun(view, first, target, to, length)
      to += length
    }
    return to
  }

  /** Between batches: drops garbage once there is more of it than of values, and leaves bytes that no longer last. */
  compact(highest: number): void {
    for (const [index, foreign] of this.#foreign.entries()) {
      if (foreign !== undefined && !areLasting(foreign.data)) this.#moveIn(index + 1, foreign.data, highest)
    }
    const { size, view, data } = this.#arena
    if (size < 1 << 16 || size < 2 * this.#live) return
    const arena = new Arena(this.#live + (this.#live >> 1))
    const sources = this.#sources
    let to = 0
    for (let row = 0; row < highest; row++) {
      const length = this.lengths[row] as number
      if (length === 0 || (sources !== null && sources[row] !== OWN)) continue
      arena.size = to
      arena.reserve(length)
      if (this.#isText) copyText(view, this.starts[row] as number, arena.view, to, length)
      else copyRun(view, this.starts[row] as number, arena.view, to, length)
      this.starts[row] = to
      to += length
    }
    arena.size = to
    this.#arena = arena
    endLasting(data)
  }

  #moveIn(source: number, data: Uint8Array, highest: number): void {
    for (let row = 0; row < highest; row++) {
      if (this.#sources?.[row] !== source) continue
      this.set(row, data, this.starts[row] as number, this.lengths[row] as number)
    }
  }
}

function copyLongRun(source: DataView, from: number, target: DataView, to: number, length: number): void {
  const bytes = new Uint8Array(source.buffer, source.byteOffset + from, length)
  new Uint8Array(target.buffer, target.byteOffset + to, length).set(bytes)
}

function rowsUsed(from: Int32Array | null, count: number): number {
  if (from === null) return count
  let highest = 0
  for (let i = 0; i < count; i++) highest = Math.max(highest, (from[i] as number) + 1)
  return highest
}
