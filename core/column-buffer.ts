/**
 * ColumnBuffer: columns of many batches behind one another, copied, so that they may be kept while the batches' own
 * arrays are used again. Emptied and filled again it takes the same memory.
 */
import { copyRun, dataView } from './byte-copy.ts'
import type { BytesColumn, Column, FixedColumn, ListColumn, MapColumn, RowColumn } from './column.ts'
import { invariant, unreachable } from './errors.ts'
import { mapTypes, physicalKind, type SqlType } from './types.ts'

const FIRST_ROWS = 1024
const FIRST_BYTES = 1 << 14

export interface ColumnBuffer {
  /** Bytes that the rows take. */
  readonly bytes: number
  /** Appends rows `start … end)` of a column, of this one's type or of kind `null`. */
  append(column: Column, start: number, end: number): void
  /** All rows; valid until more are appended. */
  column(): Column
  /** No rows are left. */
  clear(): void
}

export function createColumnBuffer(type: SqlType): ColumnBuffer {
  const kind = physicalKind(type)
  switch (kind) {
    case 'null':
      return new NullBuffer()
    case 'bytes':
      return new BytesBuffer()
    case 'list':
      invariant(type.kind === 'ARRAY', 'a list column has an ARRAY type')
      return new NestedBuffer('list', [type.element])
    case 'map': {
      const pair = mapTypes(type)
      invariant(pair !== undefined, 'a map column has a MAP or MULTISET type')
      return new NestedBuffer('map', [pair.key, pair.value])
    }
    case 'row':
      invariant(type.kind === 'ROW', 'a row column has a ROW type')
      return new RowBuffer(type.fields.map((field) => field.type))
    case 'bool':
    case 'i8':
    case 'i16':
    case 'i32':
    case 'i64':
    case 'f32':
    case 'f64':
    case 'i128':
      return new FixedBuffer(kind)
    default:
      return unreachable(kind)
  }
}

class NullBuffer implements ColumnBuffer {
  readonly bytes = 0

  append(): void {
    return
  }

  column(): Column {
    return { kind: 'null', nulls: null }
  }

  clear(): void {
    return
  }
}

/** How many rows there are, and which of them are NULL. */
class Mask {
  rows = 0
  #nulls = new Uint8Array(0)
  #isUsed = false

  append(column: Column, start: number, end: number): void {
    const count = end - start
    const from = column.kind === 'null' ? null : column.nulls
    if (column.kind === 'null' || from !== null) this.#use(count)
    if (this.#isUsed) {
      this.#nulls = longer(this.#nulls, this.rows + count)
      if (column.kind === 'null') this.#nulls.fill(1, this.rows, this.rows + count)
      else if (from === null) this.#nulls.fill(0, this.rows, this.rows + count)
      else this.#nulls.set(from.subarray(start, end), this.rows)
    }
    this.rows += count
  }

  #use(count: number): void {
    if (this.#isUsed) return
    this.#isUsed = true
    this.#nulls = longer(this.#nulls, this.rows + count)
    this.#nulls.fill(0, 0, this.rows)
  }

  get nulls(): Uint8Array | null {
    return this.#isUsed ? this.#nulls : null
  }

  get bytes(): number {
    return this.#isUsed ? this.rows : 0
  }

  clear(): void {
    this.rows = 0
    this.#isUsed = false
  }
}

class FixedBuffer implements ColumnBuffer {
  readonly #kind: FixedColumn['kind']
  readonly #mask = new Mask()
  /** Elements of a row. */
  readonly #width: number
  #values: FixedColumn['values']

  constructor(kind: FixedColumn['kind']) {
    this.#kind = kind
    this.#width = kind === 'i128' ? 2 : 1
    this.#values = emptyValues(kind)
  }

  get bytes(): number {
    return this.#mask.rows * this.#width * this.#values.BYTES_PER_ELEMENT + this.#mask.bytes
  }

  append(column: Column, start: number, end: number): void {
    const at = this.#width * this.#mask.rows
    this.#mask.append(column, start, end)
    this.#values = longer(this.#values, this.#width * this.#mask.rows)
    if (column.kind === 'null') {
      if (this.#values instanceof BigInt64Array) this.#values.fill(0n, at, this.#width * this.#mask.rows)
      else this.#values.fill(0, at, this.#mask.rows)
      return
    }
    const { values } = column as FixedColumn
    ;(this.#values as Uint8Array).set((values as Uint8Array).subarray(this.#width * start, this.#width * end), at)
  }

  column(): Column {
    return { kind: this.#kind, values: this.#values, nulls: this.#mask.nulls } as FixedColumn
  }

  clear(): void {
    this.#mask.clear()
  }
}

/** Where the values of rows are in something that is shared by all of them. */
class Runs extends Mask {
  starts = new Int32Array(0)
  lengths = new Int32Array(0)

  /** Room for the rows, which are empty where they are NULL as a whole. */
  override append(column: Column, start: number, end: number): void {
    const { rows } = this
    super.append(column, start, end)
    this.starts = longer(this.starts, this.rows)
    this.lengths = longer(this.lengths, this.rows)
    if (column.kind !== 'null') return
    this.starts.fill(0, rows, this.rows)
    this.lengths.fill(0, rows, this.rows)
  }
}

class BytesBuffer implements ColumnBuffer {
  readonly #runs = new Runs()
  #data = new Uint8Array(0)
  #view = dataView(this.#data)
  #size = 0

  get bytes(): number {
    return 8 * this.#runs.rows + this.#size + this.#runs.bytes
  }

  append(column: Column, start: number, end: number): void {
    let { rows: row } = this.#runs
    this.#runs.append(column, start, end)
    if (column.kind === 'null') return
    const { starts, lengths, data, nulls } = column as BytesColumn
    const source = dataView(data)
    const { starts: ownStarts, lengths: ownLengths } = this.#runs
    for (let at = start; at < end; at++, row++) {
      const length = nulls !== null && nulls[at] === 1 ? 0 : (lengths[at] as number)
      if (this.#size + length > this.#data.length) this.#grow(this.#size + length)
      copyRun(source, starts[at] as number, this.#view, this.#size, length)
      ownStarts[row] = this.#size
      ownLengths[row] = length
      this.#size += length
    }
  }

  #grow(bytes: number): void {
    this.#data = longer(this.#data, Math.max(bytes, FIRST_BYTES))
    this.#view = dataView(this.#data)
  }

  column(): Column {
    const { starts, lengths, nulls } = this.#runs
    return { kind: 'bytes', starts, lengths, data: this.#data, nulls }
  }

  clear(): void {
    this.#runs.clear()
    this.#size = 0
  }
}

/** Of lists, or of maps, whose keys and values are at the same places. */
class NestedBuffer implements ColumnBuffer {
  readonly #kind: 'list' | 'map'
  readonly #children: readonly ColumnBuffer[]
  readonly #runs = new Runs()
  /** Rows of the children. */
  #items = 0

  constructor(kind: 'list' | 'map', children: readonly SqlType[]) {
    this.#kind = kind
    this.#children = children.map(createColumnBuffer)
  }

  get bytes(): number {
    return this.#children.reduce((sum, child) => sum + child.bytes, 8 * this.#runs.rows + this.#runs.bytes)
  }

  append(column: Column, start: number, end: number): void {
    let { rows: row } = this.#runs
    this.#runs.append(column, start, end)
    if (column.kind === 'null') return
    const { starts, lengths, nulls } = column as ListColumn | MapColumn
    const { starts: ownStarts, lengths: ownLengths } = this.#runs
    const children = column.kind === 'map' ? [column.keys, column.values] : [(column as ListColumn).child]
    for (let at = start; at < end; at++, row++) {
      const length = nulls !== null && nulls[at] === 1 ? 0 : (lengths[at] as number)
      const first = starts[at] as number
      ownStarts[row] = this.#items
      ownLengths[row] = length
      if (length === 0) continue
      for (const [n, child] of children.entries()) this.#children[n]?.append(child, first, first + length)
      this.#items += length
    }
  }

  column(): Column {
    const { starts, lengths, nulls } = this.#runs
    const views = { starts, lengths, nulls }
    const [first = NO_ITEMS, second = NO_ITEMS] = this.#children.map((child) => child.column())
    return this.#kind === 'list'
      ? { kind: 'list', child: first, ...views }
      : { kind: 'map', keys: first, values: second, ...views }
  }

  clear(): void {
    this.#runs.clear()
    this.#items = 0
    for (const child of this.#children) child.clear()
  }
}

const NO_ITEMS: Column = { kind: 'null', nulls: null }

class RowBuffer implements ColumnBuffer {
  readonly #fields: readonly ColumnBuffer[]
  readonly #mask = new Mask()

  constructor(fields: readonly SqlType[]) {
    this.#fields = fields.map(createColumnBuffer)
  }

  get bytes(): number {
    return this.#fields.reduce((sum, field) => sum + field.bytes, this.#mask.bytes)
  }

  append(column: Column, start: number, end: number): void {
    this.#mask.append(column, start, end)
    const fields = column.kind === 'null' ? [] : (column as RowColumn).fields
    for (const [n, field] of this.#fields.entries()) field.append(fields[n] ?? NO_ITEMS, start, end)
  }

  column(): Column {
    return { kind: 'row', fields: this.#fields.map((field) => field.column()), nulls: this.#mask.nulls }
  }

  clear(): void {
    this.#mask.clear()
    for (const field of this.#fields) field.clear()
  }
}

function emptyValues(kind: FixedColumn['kind']): FixedColumn['values'] {
  switch (kind) {
    case 'bool':
      return new Uint8Array(0)
    case 'i8':
      return new Int8Array(0)
    case 'i16':
      return new Int16Array(0)
    case 'i32':
      return new Int32Array(0)
    case 'i64':
    case 'i128':
      return new BigInt64Array(0)
    case 'f32':
      return new Float32Array(0)
    case 'f64':
      return new Float64Array(0)
    default:
      return unreachable(kind)
  }
}

/** The array, or a copy with room for so many elements, at least half as long again. */
export function longer<A extends FixedColumn['values']>(values: A, length: number): A {
  if (length <= values.length) return values
  const room = Math.max(length, values.length + (values.length >> 1), FIRST_ROWS)
  const copy = new (values.constructor as new (length: number) => A)(room)
  ;(copy as Uint8Array).set(values as Uint8Array)
  return copy
}
