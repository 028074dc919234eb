/**
 * StoredColumn: one column of a table's state, indexed by row id. Grows by doubling; what it hands out as a `Column`
 * is never changed afterwards.
 */
import { copyRun, copyText, dataView } from '../../core/byte-copy.ts'
import type { BytesColumn, Column, NullMask, Value } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import { invariant, unreachable } from '../../core/errors.ts'
import { physicalKind, type SqlType } from '../../core/types.ts'
import { Arena } from './arena.ts'
import { decodeValue, encodeColumn } from './value-codec.ts'

/** `encoded` holds ARRAY, MAP, MULTISET and ROW values in the form of `value-codec.ts`. */
export type StoredKind = FixedKind | 'bytes' | 'encoded' | 'null'
export type FixedKind = 'bool' | 'i8' | 'i16' | 'i32' | 'i64' | 'f32' | 'f64' | 'i128'

export type FixedArray = Uint8Array | Int8Array | Int16Array | Int32Array | BigInt64Array | Float32Array | Float64Array

export type StoredColumn = FixedStore | BytesStore | NullStore

export function storedKind(type: SqlType): StoredKind {
  const kind = physicalKind(type)
  return kind === 'list' || kind === 'map' || kind === 'row' ? 'encoded' : kind
}

/** @param type of a key or of a stored row's field; accumulators have only a kind */
export function createStoredColumn(kind: StoredKind, type?: SqlType): StoredColumn {
  if (kind === 'null') return new NullStore()
  if (kind === 'bytes' || kind === 'encoded') return new BytesStore(kind, type)
  return new FixedStore(kind)
}

export function fixedArray(kind: FixedKind, rows: number): FixedArray {
  switch (kind) {
    case 'bool':
      return new Uint8Array(rows)
    case 'i8':
      return new Int8Array(rows)
    case 'i16':
      return new Int16Array(rows)
    case 'i32':
      return new Int32Array(rows)
    case 'i64':
      return new BigInt64Array(rows)
    case 'f32':
      return new Float32Array(rows)
    case 'f64':
      return new Float64Array(rows)
    case 'i128':
      return new BigInt64Array(2 * rows)
    default:
      return unreachable(kind)
  }
}

/** Bytes of one row. */
export const FIXED_WIDTH: Readonly<Record<FixedKind, number>> = {
  bool: 1,
  i8: 1,
  i16: 2,
  i32: 4,
  i64: 8,
  f32: 4,
  f64: 8,
  i128: 16,
}

interface CopyLoop {
  /** target[rows[i]] = source[i] */
  put(target: FixedArray, rows: Int32Array, source: FixedArray, count: number): void
  /** target[rows[i]] = source[from[i]] */
  putFrom(target: FixedArray, rows: Int32Array, source: FixedArray, from: Int32Array, count: number): void
  /** target[i] = source[rows[i]] */
  gather(target: FixedArray, source: FixedArray, rows: Int32Array, count: number): void
  /** target[rows[i]] = 0 */
  clear(target: FixedArray, rows: Int32Array, count: number): void
}

const copyLoops = new Map<FixedKind, CopyLoop>()

/** Made separately for each kind, because a loop that has seen several kinds of array is ten times slower. */
function copyLoop(kind: FixedKind): CopyLoop {
  const known = copyLoops.get(kind)
  if (known !== undefined) return known
  const move = (to: string, from: string): string =>
    kind === 'i128' ? `const a = 2 * ${to}, b = 2 * ${from}; t[a] = s[b]; t[a + 1] = s[b + 1]` : `t[${to}] = s[${from}]`
  const zero = kind === 'i64' || kind === 'i128' ? '0n' : '0'
  const clear = kind === 'i128' ? `t[2 * r[i]] = t[2 * r[i] + 1] = ${zero}` : `t[r[i]] = ${zero}`
  const loop = (body: string): string => `for (let i = 0; i < n; i++) { ${body} } // ${kind}\n`
  const code = `return {
    put(t, r, s, n) { ${loop(move('r[i]', 'i'))} },
    putFrom(t, r, s, f, n) { ${loop(move('r[i]', 'f[i]'))} },
    gather(t, s, r, n) { ${loop(move('i', 'r[i]'))} },
    clear(t, r, n) { ${loop(clear)} },
  }`
  const made = new Function(code)() as CopyLoop
  copyLoops.set(kind, made)
  return made
}

function grownNulls(nulls: NullMask, capacity: number): NullMask {
  if (nulls === null) return null
  const grown = new Uint8Array(capacity)
  grown.set(nulls)
  return grown
}

export class FixedStore {
  readonly kind: FixedKind
  /** Replaced when the table grows. */
  values: FixedArray
  /** The same bytes as 32-bit words, low half first, for comparing without BigInt; null for narrower kinds. */
  words: Int32Array
  nulls: NullMask = null
  /** Rows that there is room for. */
  capacity = 0

  constructor(kind: FixedKind) {
    this.kind = kind
    this.values = fixedArray(kind, 0)
    this.words = new Int32Array(0)
  }

  get bytes(): number {
    return this.values.byteLength + (this.nulls?.length ?? 0)
  }

  grow(capacity: number): void {
    const grown = fixedArray(this.kind, capacity)
    ;(grown as Uint8Array).set(this.values as Uint8Array)
    this.values = grown
    this.words = FIXED_WIDTH[this.kind] >= 4 ? new Int32Array(grown.buffer) : new Int32Array(0)
    this.nulls = grownNulls(this.nulls, capacity)
    this.capacity = capacity
  }

  ensureNulls(): Uint8Array {
    this.nulls ??= new Uint8Array(this.capacity)
    return this.nulls
  }

  clear(row: number): void {
    if (this.kind === 'i64') (this.values as BigInt64Array)[row] = 0n
    else if (this.kind === 'i128') (this.values as BigInt64Array).fill(0n, 2 * row, 2 * row + 2)
    else (this.values as Uint8Array)[row] = 0
    if (this.nulls !== null) this.nulls[row] = 0
  }

  clearAll(rows: Int32Array, count: number): void {
    copyLoop(this.kind).clear(this.values, rows, count)
    const { nulls } = this
    if (nulls !== null) for (let i = 0; i < count; i++) nulls[rows[i] as number] = 0
  }

  /** Stores rows `from[0 … count)` of a column of this kind at `rows`; `from` null means 0, 1, 2 … */
  put(rows: Int32Array, column: Column, from: Int32Array | null, count: number): void {
    invariant(column.kind === this.kind, 'a stored column keeps its kind')
    const nulls = column.nulls === null ? this.nulls : this.ensureNulls()
    const copy = copyLoop(this.kind)
    if (from === null) copy.put(this.values, rows, column.values, count)
    else copy.putFrom(this.values, rows, column.values, from, count)
    if (nulls === null) return
    for (let i = 0; i < count; i++) {
      nulls[rows[i] as number] =
        column.nulls === null ? 0 : (column.nulls[from === null ? i : (from[i] as number)] as number)
    }
  }

  /** @param reuse an earlier result that nobody looks at any more: its arrays are taken where they are long enough */
  gather(rows: Int32Array, count: number, reuse?: Column): Column {
    const length = this.kind === 'i128' ? 2 * count : count
    const fits = reuse?.kind === this.kind && reuse.values.length >= length
    const out = fits ? reuse.values : fixedArray(this.kind, count)
    copyLoop(this.kind).gather(out, this.values, rows, count)
    return { kind: this.kind, values: out, nulls: gatherNulls(this.nulls, rows, count) } as unknown as Column
  }

  /** The stored rows as a column, for hashing at restore; only until the next change. */
  view(): Column {
    return { kind: this.kind, values: this.values, nulls: this.nulls } as unknown as Column
  }
}

function gatherNulls(nulls: NullMask, rows: Int32Array, count: number): NullMask {
  if (nulls === null) return null
  let first = 0
  while (first < count && nulls[rows[first] as number] === 0) first++
  if (first === count) return null
  const out = new Uint8Array(count)
  for (let i = first; i < count; i++) out[i] = nulls[rows[i] as number] as number
  return out
}

/**
 * Bytes behind one another in an arena that is only ever appended to, so that columns that share it stay valid.
 * Overwritten values are garbage until `compact` copies the live ones to a new arena.
 */
export class BytesStore {
  readonly kind: 'bytes' | 'encoded'
  readonly type: SqlType | undefined
  starts = new Int32Array(0)
  lengths = new Int32Array(0)
  nulls: NullMask = null
  readonly #isText: boolean
  #arena = new Arena()
  #live = 0

  constructor(kind: 'bytes' | 'encoded', type: SqlType | undefined) {
    this.kind = kind
    this.type = type
    this.#isText = kind === 'bytes' && (type?.kind === 'VARCHAR' || type?.kind === 'CHAR')
  }

  get bytes(): number {
    return this.#arena.size + this.starts.length * 8 + (this.nulls?.length ?? 0)
  }

  get data(): Uint8Array {
    return this.#arena.data
  }

  grow(capacity: number): void {
    const starts = new Int32Array(capacity)
    starts.set(this.starts)
    this.starts = starts
    const lengths = new Int32Array(capacity)
    lengths.set(this.lengths)
    this.lengths = lengths
    this.nulls = grownNulls(this.nulls, capacity)
  }

  ensureNulls(): Uint8Array {
    this.nulls ??= new Uint8Array(this.starts.length)
    return this.nulls
  }

  clear(row: number): void {
    this.#live -= this.lengths[row] as number
    this.starts[row] = 0
    this.lengths[row] = 0
    if (this.nulls !== null) this.nulls[row] = 0
  }

  clearAll(rows: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) this.clear(rows[i] as number)
  }

  set(row: number, source: Uint8Array, start: number, length: number): void {
    const arena = this.#arena
    arena.reserve(length)
    const to = arena.size
    if (length > 64) arena.data.set(source.subarray(start, start + length), to)
    else for (let i = 0; i < length; i++) arena.data[to + i] = source[start + i] as number
    this.#live += length - (this.lengths[row] as number)
    this.starts[row] = to
    this.lengths[row] = length
    arena.size = to + length
  }

  put(rows: Int32Array, column: Column, from: Int32Array | null, count: number): void {
    const { data, starts, lengths, nulls: missing } = this.input(column, rowsUsed(from, count))
    const nulls = missing === null ? this.nulls : this.ensureNulls()
    if (nulls !== null) {
      for (let i = 0; i < count; i++) {
        nulls[rows[i] as number] = missing === null ? 0 : (missing[from === null ? i : (from[i] as number)] as number)
      }
    }
    const arena = this.#arena
    const [source, isText] = [dataView(data), this.#isText]
    let to = arena.size
    let end = arena.data.length
    let live = this.#live
    for (let i = 0; i < count; i++) {
      const at = from === null ? i : (from[i] as number)
      const row = rows[i] as number
      const length = missing !== null && missing[at] === 1 ? 0 : (lengths[at] as number)
      if (to + length > end) {
        arena.size = to
        arena.reserve(length)
        end = arena.data.length
      }
      if (isText) copyText(source, starts[at] as number, arena.view, to, length)
      else copyRun(source, starts[at] as number, arena.view, to, length)
      live += length - (this.lengths[row] as number)
      this.starts[row] = to
      this.lengths[row] = length
      to += length
    }
    arena.size = to
    this.#live = live
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
    const nulls = gatherNulls(this.nulls, rows, count)
    const fits = reuse?.kind === 'bytes' && reuse.starts.length >= count && reuse.lengths.length >= count
    const starts = fits ? reuse.starts : new Int32Array(count)
    const lengths = fits ? reuse.lengths : new Int32Array(count)
    for (let i = 0; i < count; i++) {
      starts[i] = this.starts[rows[i] as number] as number
      lengths[i] = this.lengths[rows[i] as number] as number
    }
    return { kind: 'bytes', starts, lengths, data: this.data, nulls }
  }

  #decode(rows: Int32Array, count: number): Column {
    const type = this.type
    invariant(type !== undefined, 'an encoded column has a type')
    const values = Array.from({ length: count }, (_, i): Value => {
      const row = rows[i] as number
      if (this.nulls !== null && this.nulls[row] === 1) return null
      const start = this.starts[row] as number
      return decodeValue(this.data.subarray(start, start + (this.lengths[row] as number)), type)
    })
    return columnOf(type, values)
  }

  /** Of an `encoded` column. */
  valueAt(row: number): Value {
    invariant(this.type !== undefined, 'an encoded column has a type')
    const start = this.starts[row] as number
    return decodeValue(this.data.subarray(start, start + (this.lengths[row] as number)), this.type)
  }

  view(): BytesColumn {
    return { kind: 'bytes', starts: this.starts, lengths: this.lengths, data: this.data, nulls: this.nulls }
  }

  /** Writes the values of rows behind one another. @returns the end */
  copyTo(target: DataView, start: number, rows: Int32Array, count: number): number {
    const { view } = this.#arena
    let to = start
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number
      const length = this.lengths[row] as number
      if (this.#isText) copyText(view, this.starts[row] as number, target, to, length)
      else copyRun(view, this.starts[row] as number, target, to, length)
      to += length
    }
    return to
  }

  /** Between batches: drops garbage once there is more of it than of values. */
  compact(highest: number): void {
    const { size, view } = this.#arena
    if (size < 1 << 16 || size < 2 * this.#live) return
    const arena = new Arena(this.#live + (this.#live >> 1))
    let to = 0
    for (let row = 0; row < highest; row++) {
      const length = this.lengths[row] as number
      if (length === 0) continue
      if (this.#isText) copyText(view, this.starts[row] as number, arena.view, to, length)
      else copyRun(view, this.starts[row] as number, arena.view, to, length)
      this.starts[row] = to
      to += length
    }
    arena.size = to
    this.#arena = arena
  }
}

function rowsUsed(from: Int32Array | null, count: number): number {
  if (from === null) return count
  let highest = 0
  for (let i = 0; i < count; i++) highest = Math.max(highest, (from[i] as number) + 1)
  return highest
}

/** A column of type NULL. */
export class NullStore {
  readonly kind = 'null'
  readonly bytes = 0
  readonly nulls = null
  grow(): void {}
  clear(): void {}
  clearAll(): void {}
  put(): void {}
  gather(): Column {
    return { kind: 'null', nulls: null }
  }
  view(): Column {
    return { kind: 'null', nulls: null }
  }
}
