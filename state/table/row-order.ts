/** The order of rows by some of their columns, as in ORDER BY: stored rows with each other, and rows of a batch with them. */
import type { Column, Value } from '../../core/column.ts'
import { invariant } from '../../core/errors.ts'
import { BytesStore } from './bytes-store.ts'
import { FixedStore, type StoredColumn } from './stored-column.ts'

export interface OrderedBy {
  readonly column: number
  readonly descending: boolean
  readonly nullsFirst: boolean
}

/** Below 0 where `a` comes before `b`. */
export type RowOrder = (a: number, b: number) => number

/** @param columns read again at each comparison: they may grow */
export function storedOrder(columns: readonly StoredColumn[], order: readonly OrderedBy[]): RowOrder {
  return inTurn(
    order.map((field) => {
      const column = columns[field.column]
      invariant(column !== undefined, 'rows are ordered by their columns')
      return storedField(column, field)
    }),
  )
}

/** The first `rows` rows of a batch before (below 0) or behind stored ones. Valid until the batch is done with. */
export function batchOrder(
  batch: readonly Column[],
  rows: number,
  columns: readonly StoredColumn[],
  order: readonly OrderedBy[],
): RowOrder {
  return inTurn(
    order.map((field) => {
      const [mine, stored] = [batch[field.column], columns[field.column]]
      invariant(mine !== undefined && stored !== undefined, 'rows are ordered by their columns')
      return batchField(mine, rows, stored, field)
    }),
  )
}

function inTurn(fields: readonly RowOrder[]): RowOrder {
  const [first = () => 0, second, ...rest] = fields
  if (second === undefined) return first
  return (a, b) => {
    let order = first(a, b)
    if (order === 0) order = second(a, b)
    for (let i = 0; order === 0 && i < rest.length; i++) order = (rest[i] as RowOrder)(a, b)
    return order
  }
}

function withNulls(
  field: OrderedBy,
  isNullA: (row: number) => boolean,
  isNullB: (row: number) => boolean,
  compare: RowOrder,
): RowOrder {
  const sign = field.descending ? -1 : 1
  const first = field.nullsFirst ? -1 : 1
  return (a, b) => {
    if (isNullA(a)) return isNullB(b) ? 0 : first
    if (isNullB(b)) return -first
    return sign * compare(a, b)
  }
}

function storedField(column: StoredColumn, field: OrderedBy): RowOrder {
  if (column.kind === 'null') return () => 0
  const isNull = (row: number): boolean => column.nulls !== null && column.nulls[row] === 1
  return withNulls(field, isNull, isNull, storedValues(column))
}

function storedValues(column: FixedStore | BytesStore): RowOrder {
  if (column.kind === 'encoded') return (a, b) => compareValues(column.valueAt(a), column.valueAt(b))
  if (column instanceof BytesStore) {
    return (a, b) =>
      compareViews(
        column.dataOf(a),
        column.starts[a] as number,
        column.lengths[a] as number,
        column.dataOf(b),
        column.starts[b] as number,
        column.lengths[b] as number,
      )
  }
  switch (column.kind) {
    case 'i128':
      return (a, b) => compareWords(column.words, 4 * a, column.words, 4 * b, 4)
    case 'i64':
      return (a, b) => compareWords(column.words, 2 * a, column.words, 2 * b, 2)
    default:
      return (a, b) => difference(column.values[a] as number, column.values[b] as number)
  }
}

function batchField(column: Column, rows: number, stored: StoredColumn, field: OrderedBy): RowOrder {
  const isNullA = (row: number): boolean => column.kind === 'null' || (column.nulls !== null && column.nulls[row] === 1)
  const isNullB = (row: number): boolean => stored.kind === 'null' || (stored.nulls !== null && stored.nulls[row] === 1)
  return withNulls(field, isNullA, isNullB, batchValues(column, rows, stored))
}

function batchValues(column: Column, rows: number, stored: StoredColumn): RowOrder {
  if (stored.kind === 'encoded') {
    const encoded = new BytesStore('encoded', stored.type)
    encoded.grow(rows)
    encoded.put(
      Int32Array.from({ length: rows }, (_, row) => row),
      column,
      null,
      rows,
    )
    return (a, b) => compareValues(encoded.valueAt(a), stored.valueAt(b))
  }
  if (column.kind === 'bytes' && stored instanceof BytesStore) {
    const { data, starts, lengths } = column
    return (a, b) =>
      compareViews(
        data,
        starts[a] as number,
        lengths[a] as number,
        stored.dataOf(b),
        stored.starts[b] as number,
        stored.lengths[b] as number,
      )
  }
  if (!(stored instanceof FixedStore) || !('values' in column) || column.kind === 'map') return () => 0
  if (column.kind === 'i64' || column.kind === 'i128') {
    const { buffer, byteOffset, length } = column.values
    const words = new Int32Array(buffer, byteOffset, 2 * length)
    const width = column.kind === 'i64' ? 2 : 4
    return (a, b) => compareWords(words, width * a, stored.words, width * b, width)
  }
  const { values } = column
  return (a, b) => difference(values[a] as number, stored.values[b] as number)
}

function difference(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** ARRAY and ROW: by their parts, a NULL before anything else, a beginning before the whole. */
function compareValues(a: Value, b: Value): number {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1)
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const order = compareValues(a[i] as Value, b[i] as Value)
      if (order !== 0) return order
    }
    return a.length - b.length
  }
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b)
  return a < b ? -1 : a > b ? 1 : 0
}

/** Whole numbers of several 32-bit words, least significant first. */
function compareWords(a: Int32Array, at: number, b: Int32Array, to: number, words: number): number {
  const top = words - 1
  const [high, other] = [a[at + top] as number, b[to + top] as number]
  if (high !== other) return high < other ? -1 : 1
  for (let word = top - 1; word >= 0; word--) {
    const order = difference((a[at + word] as number) >>> 0, (b[to + word] as number) >>> 0)
    if (order !== 0) return order
  }
  return 0
}

function compareViews(
  a: Uint8Array,
  aStart: number,
  aLength: number,
  b: Uint8Array,
  bStart: number,
  bLength: number,
): number {
  const shorter = Math.min(aLength, bLength)
  for (let i = 0; i < shorter; i++) {
    const order = (a[aStart + i] as number) - (b[bStart + i] as number)
    if (order !== 0) return order
  }
  return aLength - bLength
}
