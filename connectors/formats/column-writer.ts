/**
 * Columns under construction, written row by row at any position. What a decoder fills: generated code takes the
 * arrays themselves, the general path goes through the closures that know the type.
 */
import type { Column } from '../../core/column.ts'
import { unreachable } from '../../core/errors.ts'
import type { LinearArray } from '../../core/wasm/memory.ts'
import { mapTypes, physicalKind, type SqlType } from '../../core/types.ts'

/**
 * Text that does not stand in the record as it is (escapes). A view whose start is negative, `-1 - offset`, points
 * here; `finish` resolves it.
 */
export class SideText {
  data: Buffer = Buffer.allocUnsafe(0)
  size = 0

  reserve(bytes: number): void {
    if (this.size + bytes <= this.data.length) return
    const grown = Buffer.allocUnsafe(Math.max(2 * this.data.length, this.size + bytes, 256))
    this.data.copy(grown, 0, 0, this.size)
    this.data = grown
  }

  append(bytes: Uint8Array): number {
    this.reserve(bytes.length)
    this.data.set(bytes, this.size)
    const start = this.size
    this.size += bytes.length
    return -1 - start
  }

  reset(): void {
    this.size = 0
  }

  #area: Buffer = Buffer.allocUnsafe(0)

  /** Memory for a batch's text, used again for the next batch: megabytes a batch would keep the collector busy. */
  area(bytes: number): Buffer {
    if (this.#area.length < bytes) this.#area = Buffer.allocUnsafe(bytes + (bytes >> 2))
    return this.#area
  }
}

/** Where the text of a batch ends up: the record buffer itself, or a copy of the part in use with the side text. */
export class TextArea {
  readonly data: Uint8Array
  readonly #base: number
  readonly #sideStart: number
  readonly #moved: boolean

  /** @param start first byte of the records, and `end` the byte behind the last */
  constructor(records: Uint8Array, start: number, end: number, side: SideText) {
    this.#moved = side.size > 0
    this.#base = start
    this.#sideStart = end - start
    if (this.#moved) {
      const data = side.area(end - start + side.size)
      data.set(records.subarray(start, end), 0)
      side.data.copy(data, end - start, 0, side.size)
      this.data = data
    } else {
      this.data = records
    }
  }

  relocate(starts: Int32Array, lengths: Int32Array, rows: number): void {
    if (!this.#moved) return
    for (let row = 0; row < rows; row++) {
      const start = starts[row] as number
      if (start < 0) starts[row] = this.#sideStart - 1 - start
      else if (lengths[row] !== 0) starts[row] = start - this.#base
      else starts[row] = 0
    }
  }
}

/** Where a writer's arrays are made. */
export type MakeArray = <T>(type: LinearArray<T> & { new (length: number): T }, length: number) => T

const makeOwn: MakeArray = (type, length) => new type(length)

export abstract class ColumnWriter {
  nulls: Uint8Array | null = null
  capacity = 0
  /** All zeros, not in use now. */
  #nulls: Uint8Array | null = null
  protected make: MakeArray = makeOwn

  /** The arrays of the next columns are made by this; the current ones are given up. */
  moveTo(make: MakeArray): void {
    this.make = make
    this.capacity = 0
    this.nulls = null
    this.#nulls = null
  }

  /** Starts a new column with room for `rows`, in the arrays of the last one: fresh ones would keep the collector busy. */
  reset(rows: number): void {
    if (this.nulls !== null) this.#nulls = this.nulls.fill(0)
    this.nulls = null
    if (this.capacity < rows) {
      this.capacity = rows
      this.allocate(rows)
    }
    this.resetChildren(rows)
  }

  /** Makes room for row `row`, keeping what is there. */
  ensure(row: number): void {
    if (row < this.capacity) return
    const capacity = Math.max(16, 2 * this.capacity, row + 1)
    if (this.nulls !== null) this.nulls = grow(this.nulls, new Uint8Array(capacity))
    this.grow(capacity)
    this.capacity = capacity
  }

  /** All zeros: where a row may be marked as NULL from outside, which counts when `takeMask` is called. */
  nullMask(): Uint8Array {
    if (this.#nulls === null || this.#nulls.length < this.capacity) {
      this.#nulls = this.make<Uint8Array>(Uint8Array, this.capacity).fill(0)
    }
    return this.#nulls
  }

  takeMask(): void {
    this.nulls ??= this.nullMask()
  }

  setNull(row: number): void {
    this.takeMask()
    ;(this.nulls as Uint8Array)[row] = 1
    this.clear(row)
  }

  clearNull(row: number): void {
    if (this.nulls !== null) this.nulls[row] = 0
  }

  protected resetChildren(_rows: number): void {}

  protected abstract allocate(rows: number): void
  protected abstract grow(capacity: number): void
  /** Makes the value of a NULL row safe to read. */
  clear(_row: number): void {}
  abstract finish(rows: number, text: TextArea): Column
}

function grow<T extends { set(array: T): void }>(old: T, grown: T): T {
  grown.set(old)
  return grown
}

type FixedArray = Uint8Array | Int8Array | Int16Array | Int32Array | BigInt64Array | Float32Array | Float64Array

export type FixedKind = 'bool' | 'i8' | 'i16' | 'i32' | 'i64' | 'f32' | 'f64' | 'i128'

function allocateFixed(kind: FixedKind, rows: number, make: MakeArray): FixedArray {
  switch (kind) {
    case 'bool':
      return make<Uint8Array>(Uint8Array, rows)
    case 'i8':
      return make<Int8Array>(Int8Array, rows)
    case 'i16':
      return make<Int16Array>(Int16Array, rows)
    case 'i32':
      return make<Int32Array>(Int32Array, rows)
    case 'i64':
      return make<BigInt64Array>(BigInt64Array, rows)
    case 'i128':
      return make<BigInt64Array>(BigInt64Array, 2 * rows)
    case 'f32':
      return make<Float32Array>(Float32Array, rows)
    case 'f64':
      return make<Float64Array>(Float64Array, rows)
    default:
      return unreachable(kind)
  }
}

export class FixedWriter extends ColumnWriter {
  readonly kind: FixedKind
  values: FixedArray = new Uint8Array(0)
  /** The same memory as `values` in 32-bit halves, for 64-bit kinds. */
  words: Int32Array = new Int32Array(0)

  constructor(kind: FixedKind) {
    super()
    this.kind = kind
  }

  protected allocate(rows: number): void {
    this.#set(allocateFixed(this.kind, rows, this.make))
  }

  protected grow(capacity: number): void {
    const grown = allocateFixed(this.kind, capacity, this.make)
    ;(grown as BigInt64Array).set(this.values as BigInt64Array)
    this.#set(grown)
  }

  #set(values: FixedArray): void {
    this.values = values
    if (values instanceof BigInt64Array)
      this.words = new Int32Array(values.buffer, values.byteOffset, 2 * values.length)
  }

  setNumber(row: number, value: number): void {
    ;(this.values as Float64Array)[row] = value
  }

  /** For kinds `i64` and `i128`. */
  setBigint(row: number, value: bigint): void {
    const values = this.values as BigInt64Array
    if (this.kind === 'i64') {
      values[row] = value
    } else {
      values[2 * row] = BigInt.asIntN(64, value)
      values[2 * row + 1] = value >> 64n
    }
  }

  finish(): Column {
    return { kind: this.kind, values: this.values, nulls: this.nulls } as Column
  }
}

export class BytesWriter extends ColumnWriter {
  starts: Int32Array = new Int32Array(0)
  lengths: Int32Array = new Int32Array(0)

  protected allocate(rows: number): void {
    this.starts = this.make<Int32Array>(Int32Array, rows)
    this.lengths = this.make<Int32Array>(Int32Array, rows)
  }

  protected grow(capacity: number): void {
    this.starts = grow(this.starts, new Int32Array(capacity))
    this.lengths = grow(this.lengths, new Int32Array(capacity))
  }

  set(row: number, start: number, length: number): void {
    this.starts[row] = start
    this.lengths[row] = length
  }

  override clear(row: number): void {
    this.starts[row] = 0
    this.lengths[row] = 0
  }

  finish(rows: number, text: TextArea): Column {
    text.relocate(this.starts, this.lengths, rows)
    return { kind: 'bytes', starts: this.starts, lengths: this.lengths, data: text.data, nulls: this.nulls }
  }
}

/** Lists and maps: children are appended, so `used` counts the child's rows. */
export class ListWriter extends ColumnWriter {
  readonly children: readonly ColumnWriter[]
  starts: Int32Array = new Int32Array(0)
  lengths: Int32Array = new Int32Array(0)
  used = 0

  /** @param children one for a list; keys and values for a map */
  constructor(children: readonly ColumnWriter[]) {
    super()
    this.children = children
  }

  protected allocate(rows: number): void {
    this.starts = new Int32Array(rows)
    this.lengths = new Int32Array(rows)
  }

  protected override resetChildren(rows: number): void {
    this.used = 0
    for (const child of this.children) child.reset(rows)
  }

  protected grow(capacity: number): void {
    this.starts = grow(this.starts, new Int32Array(capacity))
    this.lengths = grow(this.lengths, new Int32Array(capacity))
  }

  /** Reserves the next row of the children. */
  append(): number {
    const row = this.used++
    for (const child of this.children) {
      child.ensure(row)
      child.clearNull(row)
    }
    return row
  }

  set(row: number, start: number, length: number): void {
    this.starts[row] = start
    this.lengths[row] = length
  }

  override clear(row: number): void {
    this.lengths[row] = 0
  }

  finish(_rows: number, text: TextArea): Column {
    const [first, second] = this.children.map((child) => child.finish(this.used, text))
    const { starts, lengths, nulls } = this
    if (first !== undefined && second !== undefined)
      return { kind: 'map', starts, lengths, keys: first, values: second, nulls }
    return { kind: 'list', starts, lengths, child: first ?? { kind: 'null', nulls: null }, nulls }
  }
}

export class RowWriter extends ColumnWriter {
  readonly children: readonly ColumnWriter[]

  constructor(children: readonly ColumnWriter[]) {
    super()
    this.children = children
  }

  protected allocate(): void {}

  override moveTo(make: MakeArray): void {
    super.moveTo(make)
    for (const child of this.children) child.moveTo(make)
  }

  protected override resetChildren(rows: number): void {
    for (const child of this.children) child.reset(rows)
  }

  protected grow(capacity: number): void {
    for (const child of this.children) child.ensure(capacity - 1)
  }

  /** Fields of a NULL row are NULL because the row is. */
  override clear(row: number): void {
    for (const child of this.children) child.clear(row)
  }

  override clearNull(row: number): void {
    super.clearNull(row)
    for (const child of this.children) child.clearNull(row)
  }

  finish(rows: number, text: TextArea): Column {
    return { kind: 'row', fields: this.children.map((child) => child.finish(rows, text)), nulls: this.nulls }
  }
}

class NullWriter extends ColumnWriter {
  protected allocate(): void {}
  protected grow(): void {}
  override setNull(): void {}

  finish(): Column {
    return { kind: 'null', nulls: null }
  }
}

export function createColumnWriter(type: SqlType): ColumnWriter {
  const kind = physicalKind(type)
  switch (kind) {
    case 'bytes':
      return new BytesWriter()
    case 'list':
      return new ListWriter(type.kind === 'ARRAY' ? [createColumnWriter(type.element)] : [])
    case 'map': {
      const pair = mapTypes(type)
      return new ListWriter(pair === undefined ? [] : [createColumnWriter(pair.key), createColumnWriter(pair.value)])
    }
    case 'row':
      return new RowWriter(type.kind === 'ROW' ? type.fields.map((field) => createColumnWriter(field.type)) : [])
    case 'null':
      return new NullWriter()
    default:
      return new FixedWriter(kind)
  }
}
