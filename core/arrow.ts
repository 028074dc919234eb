/** Batches as apache-arrow record batches, for users of the library and for IPC. */
import * as arrow from 'apache-arrow'
import { toArrowSchema, toArrowType } from './arrow-types.ts'
import type { ChangeBatch } from './change-batch.ts'
import type { Column, NullMask } from './column.ts'
import { gatherColumn } from './column-ops.ts'
import { invariant, unreachable } from './errors.ts'
import { mapTypes, type SqlType } from './types.ts'

/** The rows of a batch, row kinds left out. Fixed-width buffers are shared, variable-length ones packed. */
export function toArrow(batch: ChangeBatch): arrow.RecordBatch {
  const schema = toArrowSchema(batch.schema)
  const children = batch.schema.fields.map((field, index) =>
    arrowData(columnAt(batch.columns, index), field.type, batch.rows),
  )
  return new arrow.RecordBatch(schema, new arrow.Data(new arrow.Struct(schema.fields), 0, batch.rows, 0, {}, children))
}

function columnAt(columns: readonly Column[], index: number): Column {
  const column = columns[index]
  invariant(column !== undefined, 'a column is missing')
  return column
}

/** By position: offsets, values, validity; the class is exported, the type of this argument is not. */
type ArrowBuffers = Exclude<ConstructorParameters<typeof arrow.Data>[4], undefined | arrow.Data>
type NumericArray =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
type Buffers = { readonly offsets?: Int32Array; readonly values?: NumericArray }

function arrowData(column: Column, type: SqlType, rows: number): arrow.Data {
  if (column.kind === 'null') return new arrow.Data(new arrow.Null(), 0, rows, rows)
  switch (column.kind) {
    case 'bool':
      return leaf(column.nulls, type, rows, { values: packBits(column.values, rows, 1) })
    case 'i8':
    case 'i16':
    case 'i32':
    case 'f32':
    case 'f64':
      return leaf(column.nulls, type, rows, { values: column.values.subarray(0, rows) })
    case 'i64':
      if (type.kind === 'DECIMAL') return leaf(column.nulls, type, rows, { values: wideWords(column.values, rows) })
      return leaf(column.nulls, type, rows, { values: column.values.subarray(0, rows) })
    case 'i128':
      return leaf(column.nulls, type, rows, { values: words(column.values.subarray(0, 2 * rows)) })
    case 'bytes': {
      const { offsets, data } = packBytes(column.starts, column.lengths, column.data, rows)
      return leaf(column.nulls, type, rows, { offsets, values: data })
    }
    case 'list': {
      invariant(type.kind === 'ARRAY', 'a list column has an ARRAY type')
      const { offsets, indices } = packRanges(column.starts, column.lengths, rows)
      const child = gatherColumn(column.child, indices, indices.length)
      return leaf(column.nulls, type, rows, { offsets }, [arrowData(child, type.element, indices.length)])
    }
    case 'map':
      return mapData(column, type, rows)
    case 'row': {
      invariant(type.kind === 'ROW', 'a row column has a ROW type')
      const children = type.fields.map((field, index) => arrowData(columnAt(column.fields, index), field.type, rows))
      return leaf(column.nulls, type, rows, {}, children)
    }
    default:
      return unreachable(column)
  }
}

function mapData(column: Extract<Column, { kind: 'map' }>, type: SqlType, rows: number): arrow.Data {
  const pair = mapTypes(type)
  invariant(pair !== undefined, 'a map column has a MAP or MULTISET type')
  const { offsets, indices } = packRanges(column.starts, column.lengths, rows)
  const count = indices.length
  const keys = arrowData(gatherColumn(column.keys, indices, count), pair.key, count)
  const values = arrowData(gatherColumn(column.values, indices, count), pair.value, count)
  const entriesType = (toArrowType(type) as arrow.Map_).children[0]?.type
  invariant(entriesType !== undefined, 'a map type has entries')
  return leaf(column.nulls, type, rows, { offsets }, [new arrow.Data(entriesType, 0, count, 0, {}, [keys, values])])
}

function leaf(nulls: NullMask, type: SqlType, rows: number, buffers: Buffers, children: arrow.Data[] = []): arrow.Data {
  let nullCount = 0
  for (let row = 0; nulls !== null && row < rows; row++) nullCount += nulls[row] ?? 0
  const validity = nulls === null || nullCount === 0 ? undefined : packBits(nulls, rows, 0)
  const arrays: unknown[] = [buffers.offsets, buffers.values, validity]
  return new arrow.Data(toArrowType(type), 0, rows, nullCount, arrays as Partial<ArrowBuffers>, children)
}

/** One bit a row, least significant first: set where `flags[row]` is `wanted`. */
function packBits(flags: Uint8Array, rows: number, wanted: 0 | 1): Uint8Array {
  const bits = new Uint8Array((rows + 7) >> 3)
  for (let row = 0; row < rows; row++) {
    if (flags[row] === wanted) bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7))
  }
  return bits
}

function words(values: BigInt64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2)
}

function wideWords(values: BigInt64Array, rows: number): Uint32Array {
  const wide = new BigInt64Array(2 * rows)
  for (let row = 0; row < rows; row++) {
    wide[2 * row] = values[row] ?? 0n
    wide[2 * row + 1] = (values[row] ?? 0n) >> 63n
  }
  return words(wide)
}

function packBytes(
  starts: Int32Array,
  lengths: Int32Array,
  source: Uint8Array,
  rows: number,
): { offsets: Int32Array; data: Uint8Array } {
  const offsets = offsetsOf(lengths, rows)
  const data = new Uint8Array(offsets[rows] ?? 0)
  for (let row = 0; row < rows; row++) {
    const start = starts[row] ?? 0
    data.set(source.subarray(start, start + (lengths[row] ?? 0)), offsets[row])
  }
  return { offsets, data }
}

function packRanges(
  starts: Int32Array,
  lengths: Int32Array,
  rows: number,
): { offsets: Int32Array; indices: Int32Array } {
  const offsets = offsetsOf(lengths, rows)
  const indices = new Int32Array(offsets[rows] ?? 0)
  for (let row = 0; row < rows; row++) {
    const at = offsets[row] ?? 0
    for (let item = 0; item < (lengths[row] ?? 0); item++) indices[at + item] = (starts[row] ?? 0) + item
  }
  return { offsets, indices }
}

function offsetsOf(lengths: Int32Array, rows: number): Int32Array {
  const offsets = new Int32Array(rows + 1)
  for (let row = 0; row < rows; row++) offsets[row + 1] = (offsets[row] ?? 0) + (lengths[row] ?? 0)
  return offsets
}
