/** Rows out of two sets of columns of the same types. */
import { copyRun, dataView } from '../../core/byte-copy.ts'
import type { BytesColumn, Column } from '../../core/column.ts'
import { gatherColumn } from '../../core/column-ops.ts'
import { invariant } from '../../core/errors.ts'
import { type FixedArray, type FixedKind, fixedArray } from '../../state/table/stored-column.ts'

/**
 * @param order rows of `first` below `firstRows`, from there on those of `second`
 */
export function concatRows(
  first: readonly Column[],
  firstRows: number,
  second: readonly Column[],
  order: Int32Array,
  count: number,
): Column[] {
  let all = true
  for (let i = 0; i < count; i++) if ((order[i] as number) >= firstRows) all = false
  return first.map((column, index) => {
    const other = second[index]
    invariant(other !== undefined, 'both sides have the same columns')
    return all ? gatherColumn(column, order, count) : merge(column, firstRows, other, order, count)
  })
}

function merge(a: Column, rows: number, b: Column, order: Int32Array, count: number): Column {
  if (a.kind === 'null') return b.kind === 'null' ? a : merge(nullsLike(b, rows), rows, b, order, count)
  if (b.kind === 'null') return merge(a, rows, nullsLike(a, Math.max(1, count)), order, count)
  const nulls = mergeNulls(a.nulls, rows, b.nulls, order, count)
  switch (a.kind) {
    case 'row':
      invariant(b.kind === 'row', 'both sides have the same types')
      return { kind: 'row', fields: concatRows(a.fields, rows, b.fields, order, count), nulls }
    case 'bytes': {
      invariant(b.kind === 'bytes', 'both sides have the same types')
      if (a.data.buffer === b.data.buffer && a.data.byteOffset === b.data.byteOffset) {
        const data = a.data.length < b.data.length ? b.data : a.data
        return { kind: 'bytes', ...mergeViews(a, rows, b, 0, order, count), data, nulls }
      }
      return { kind: 'bytes', ...packViews(a, rows, b, order, count), nulls }
    }
    case 'list': {
      invariant(b.kind === 'list', 'both sides have the same types')
      const items = itemsOf(a, rows)
      const child = joinItems(a.child, items, b.child, itemsOf(b, b.starts.length))
      return { kind: 'list', ...mergeViews(a, rows, b, items, order, count), child, nulls }
    }
    case 'map': {
      invariant(b.kind === 'map', 'both sides have the same types')
      const items = itemsOf(a, rows)
      const more = itemsOf(b, b.starts.length)
      const keys = joinItems(a.keys, items, b.keys, more)
      const values = joinItems(a.values, items, b.values, more)
      return { kind: 'map', ...mergeViews(a, rows, b, items, order, count), keys, values, nulls }
    }
    default: {
      invariant(b.kind === a.kind, 'both sides have the same types')
      const values = fixedArray(a.kind, count)
      mergeFixed(a.kind, a.values, rows, b.values, order, count, values)
      return { kind: a.kind, values, nulls } as unknown as Column
    }
  }
}

/** A loop for each class of array, so that each is compiled for its own. */
function mergeFixed(
  kind: FixedKind,
  a: FixedArray,
  rows: number,
  b: FixedArray,
  order: Int32Array,
  count: number,
  out: FixedArray,
): void {
  if (kind === 'i64') mergeLongs(a as Longs, rows, b as Longs, order, count, out as Longs)
  else if (kind === 'i128') mergeWide(a as Longs, rows, b as Longs, order, count, out as Longs)
  else mergeNumbers(a as Numbers, rows, b as Numbers, order, count, out as Numbers)
}

type Longs = BigInt64Array
type Numbers = Exclude<FixedArray, Longs>

function mergeLongs(a: Longs, rows: number, b: Longs, order: Int32Array, count: number, out: Longs): void {
  for (let i = 0; i < count; i++) {
    const at = order[i] as number
    if (at < rows) out[i] = a[at] as bigint
    else out[i] = b[at - rows] as bigint
  }
}

function mergeWide(a: Longs, rows: number, b: Longs, order: Int32Array, count: number, out: Longs): void {
  for (let i = 0; i < count; i++) {
    const at = order[i] as number
    const [values, from] = at < rows ? [a, 2 * at] : [b, 2 * (at - rows)]
    out[2 * i] = values[from] as bigint
    out[2 * i + 1] = values[from + 1] as bigint
  }
}

function mergeNumbers(a: Numbers, rows: number, b: Numbers, order: Int32Array, count: number, out: Numbers): void {
  for (let i = 0; i < count; i++) {
    const at = order[i] as number
    out[i] = at < rows ? (a[at] as number) : (b[at - rows] as number)
  }
}

interface Views {
  readonly starts: Int32Array
  readonly lengths: Int32Array
}

function mergeViews(a: Views, rows: number, b: Views, shift: number, order: Int32Array, count: number): Views {
  const starts = new Int32Array(count)
  const lengths = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    const at = order[i] as number
    starts[i] = at < rows ? (a.starts[at] as number) : (b.starts[at - rows] as number) + shift
    lengths[i] = at < rows ? (a.lengths[at] as number) : (b.lengths[at - rows] as number)
  }
  return { starts, lengths }
}

function mergeNulls(
  a: Uint8Array | null,
  rows: number,
  b: Uint8Array | null,
  order: Int32Array,
  count: number,
): Uint8Array | null {
  if (a === null && b === null) return null
  const out = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    const at = order[i] as number
    out[i] = at < rows ? (a?.[at] ?? 0) : (b?.[at - rows] ?? 0)
  }
  return out
}

/** Copies only the values that are wanted: the other side's bytes may be all of an operator's state. */
function packViews(
  a: BytesColumn,
  rows: number,
  b: BytesColumn,
  order: Int32Array,
  count: number,
): Views & { data: Uint8Array } {
  const views = mergeViews(a, rows, b, 0, order, count)
  let total = 0
  for (let i = 0; i < count; i++) total += views.lengths[i] as number
  const data = new Uint8Array(total)
  const [first, second, target] = [dataView(a.data), dataView(b.data), dataView(data)]
  let to = 0
  for (let i = 0; i < count; i++) {
    const length = views.lengths[i] as number
    copyRun((order[i] as number) < rows ? first : second, views.starts[i] as number, target, to, length)
    views.starts[i] = to
    to += length
  }
  return { ...views, data }
}

function itemsOf(views: Views, rows: number): number {
  let end = 0
  for (let row = 0; row < rows; row++)
    end = Math.max(end, (views.starts[row] as number) + (views.lengths[row] as number))
  return end
}

function joinItems(a: Column, items: number, b: Column, more: number): Column {
  const order = Int32Array.from({ length: items + more }, (_, index) => index)
  const [column] = concatRows([a], items, [b], order, order.length)
  invariant(column !== undefined, 'one column makes one column')
  return column
}

/** A column of NULLs in the form of another. */
export function nullsLike(column: Column, rows: number): Column {
  const nulls = new Uint8Array(rows).fill(1)
  switch (column.kind) {
    case 'null':
      return column
    case 'bytes':
    case 'list':
    case 'map':
      return { ...column, starts: new Int32Array(rows), lengths: new Int32Array(rows), nulls }
    case 'row':
      return { kind: 'row', fields: column.fields.map((field) => nullsLike(field, rows)), nulls }
    default:
      return { kind: column.kind, values: fixedArray(column.kind, rows), nulls } as unknown as Column
  }
}
