/**
 * Hashes of keys, column by column over a batch. NULL is equal to NULL, as in GROUP BY; FLOAT and DOUBLE are compared
 * by their bits, as in Flink's binary rows: NaN is equal to NaN, and -0.0 is another key than 0.0.
 */
import type { Column } from '../../core/column.ts'

const NULL_HASH = 0x2545f491

/** Finalizer of MurmurHash3: the table uses the top bits. */
function finish(h: number): number {
  let x = h
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return x ^ (x >>> 16)
}

function combine(h: number, value: number): number {
  return Math.imul((h << 5) ^ (h >>> 27) ^ value, 0x9e3779b1)
}

/**
 * @param out receives the hash of each of the first `rows` keys
 * @param columns of kinds that are stored (see `StoredColumn`): lists, maps and rows already encoded as bytes
 */
export function hashKeys(columns: readonly Column[], rows: number, out: Int32Array): void {
  const [first] = columns
  if (columns.length === 1 && first !== undefined && first.kind === 'i64') {
    hashLongs(first.values, first.nulls, rows, out)
    return
  }
  out.fill(0x1b873593, 0, rows)
  for (const column of columns) addColumn(column, rows, out)
  for (let i = 0; i < rows; i++) out[i] = finish(out[i] as number)
}

/** What `hashKeys` gives a single BIGINT, from its halves. */
export function hashLong(low: number, high: number): number {
  return finish(Math.imul(low, 0x9e3779b1) ^ Math.imul(high ^ 0x5bd1e995, 0x85ebca6b))
}

function hashLongs(values: BigInt64Array, nulls: Uint8Array | null, rows: number, out: Int32Array): void {
  const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2)
  for (let i = 0; i < rows; i++) {
    out[i] =
      nulls !== null && nulls[i] === 1
        ? finish(NULL_HASH)
        : hashLong(words[2 * i] as number, words[2 * i + 1] as number)
  }
}

function addColumn(column: Column, rows: number, out: Int32Array): void {
  switch (column.kind) {
    case 'bool':
      return addBooleans(column.values, column.nulls, rows, out)
    case 'i8':
      return addBytes(column.values, column.nulls, rows, out)
    case 'i16':
      return addShorts(column.values, column.nulls, rows, out)
    case 'i32':
      return addInts(column.values, column.nulls, rows, out)
    case 'f32':
      return addInts(
        new Int32Array(column.values.buffer, column.values.byteOffset, column.values.length),
        column.nulls,
        rows,
        out,
      )
    case 'i64':
    case 'f64':
      return addPairs(
        new Int32Array(column.values.buffer, column.values.byteOffset, column.values.length * 2),
        column.nulls,
        rows,
        out,
      )
    case 'i128':
      return addQuads(
        new Int32Array(column.values.buffer, column.values.byteOffset, column.values.length * 2),
        column.nulls,
        rows,
        out,
      )
    case 'bytes':
      return addViews(column.data, column.starts, column.lengths, column.nulls, rows, out)
    default:
      for (let i = 0; i < rows; i++) out[i] = combine(out[i] as number, NULL_HASH)
  }
}

function addBooleans(values: Uint8Array, nulls: Uint8Array | null, rows: number, out: Int32Array): void {
  for (let i = 0; i < rows; i++) {
    out[i] = combine(out[i] as number, nulls !== null && nulls[i] === 1 ? NULL_HASH : (values[i] as number))
  }
}

function addBytes(values: Int8Array, nulls: Uint8Array | null, rows: number, out: Int32Array): void {
  for (let i = 0; i < rows; i++) {
    out[i] = combine(out[i] as number, nulls !== null && nulls[i] === 1 ? NULL_HASH : (values[i] as number))
  }
}

function addShorts(values: Int16Array, nulls: Uint8Array | null, rows: number, out: Int32Array): void {
  for (let i = 0; i < rows; i++) {
    out[i] = combine(out[i] as number, nulls !== null && nulls[i] === 1 ? NULL_HASH : (values[i] as number))
  }
}

function addInts(values: Int32Array, nulls: Uint8Array | null, rows: number, out: Int32Array): void {
  for (let i = 0; i < rows; i++) {
    out[i] = combine(out[i] as number, nulls !== null && nulls[i] === 1 ? NULL_HASH : (values[i] as number))
  }
}

function addPairs(words: Int32Array, nulls: Uint8Array | null, rows: number, out: Int32Array): void {
  for (let i = 0; i < rows; i++) {
    const h = out[i] as number
    if (nulls !== null && nulls[i] === 1) out[i] = combine(h, NULL_HASH)
    else out[i] = combine(combine(h, words[2 * i] as number), words[2 * i + 1] as number)
  }
}

function addQuads(words: Int32Array, nulls: Uint8Array | null, rows: number, out: Int32Array): void {
  for (let i = 0; i < rows; i++) {
    let h = out[i] as number
    if (nulls !== null && nulls[i] === 1) h = combine(h, NULL_HASH)
    else for (let w = 4 * i; w < 4 * i + 4; w++) h = combine(h, words[w] as number)
    out[i] = h
  }
}

function addViews(
  data: Uint8Array,
  starts: Int32Array,
  lengths: Int32Array,
  nulls: Uint8Array | null,
  rows: number,
  out: Int32Array,
): void {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  for (let i = 0; i < rows; i++) {
    let h = out[i] as number
    if (nulls !== null && nulls[i] === 1) {
      out[i] = combine(h, NULL_HASH)
      continue
    }
    const start = starts[i] as number
    const end = start + (lengths[i] as number)
    h = combine(h, end - start)
    let at = start
    for (; at + 4 <= end; at += 4) h = combine(h, view.getInt32(at, true))
    for (; at < end; at++) h = combine(h, data[at] as number)
    out[i] = h
  }
}
