/**
 * StoredColumn: one column of a table's state, indexed by row id. Grows by doubling; what it hands out as a `Column`
 * is never changed afterwards.
 */
import type { Column, NullMask } from '../../core/column.ts'
import { invariant, unreachable } from '../../core/errors.ts'
import { physicalKind, type SqlType } from '../../core/types.ts'
import { BytesStore } from './bytes-store.ts'
import type { StateArray } from './extended-array.ts'
import { longerArray, stateArray, takeInToRead, writeZeros } from './memory.ts'
import { gatherNulls, grownNulls } from './null-bytes.ts'

/** `encoded` holds ARRAY, MAP, MULTISET and ROW values in the form of `value-codec.ts`. */
export type StoredKind = FixedKind | 'bytes' | 'encoded' | 'null'
export type FixedKind = 'bool' | 'i8' | 'i16' | 'i32' | 'i64' | 'f32' | 'f64' | 'i128'

export type FixedArray = StateArray

export type StoredColumn = FixedStore | BytesStore | NullStore

export function storedKind(type: SqlType): StoredKind {
  const kind = physicalKind(type)
  return kind === 'list' || kind === 'map' || kind === 'row' ? 'encoded' : kind
}

/**
 * @param type of a key or of a stored row's field; accumulators have only a kind
 * @param shares whether texts may stay where they are lasting: read them by `dataOf` then
 */
export function createStoredColumn(kind: StoredKind, type?: SqlType, shares = false): StoredColumn {
  if (kind === 'null') return new NullStore()
  if (kind === 'bytes' || kind === 'encoded') return new BytesStore(kind, type, shares)
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
    const grown = longerArray(this.values, this.kind === 'i128' ? 2 * capacity : capacity)
    this.values = grown
    this.words = new Int32Array(grown.buffer, 0, FIXED_WIDTH[this.kind] >= 4 ? grown.byteLength >> 2 : 0)
    this.nulls = grownNulls(this.nulls, capacity)
    this.capacity = capacity
  }

  ensureNulls(): Uint8Array {
    this.nulls ??= stateArray(Uint8Array, this.capacity)
    return this.nulls
  }

  /** See `writeZeros` of memory.ts, of new rows. */
  writeZeros(start: number, end: number): void {
    const width = FIXED_WIDTH[this.kind]
    writeZeros(this.values, start * width, end * width)
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

  /** The first rows are as new. */
  reset(rows: number): void {
    const width = FIXED_WIDTH[this.kind]
    new Uint8Array(this.values.buffer, this.values.byteOffset, rows * width).fill(0)
    this.nulls = null
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
    takeInToRead(this.words, rows, count, FIXED_WIDTH[this.kind] >> 2)
    copyLoop(this.kind).gather(out, this.values, rows, count)
    return { kind: this.kind, values: out, nulls: gatherNulls(this.nulls, rows, count) } as unknown as Column
  }

  /** The stored rows as a column, for hashing at restore; only until the next change. */
  view(): Column {
    return { kind: this.kind, values: this.values, nulls: this.nulls } as unknown as Column
  }
}

/** A column of type NULL. */
export class NullStore {
  readonly kind = 'null'
  readonly bytes = 0
  readonly nulls = null
  grow(): void {}
  writeZeros(): void {}
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
