/**
 * Pages: 4,096 consecutive rows of a table as bytes. Where rows have columns that stay as they were when the row was
 * made, as keys do, a page is in two parts, of which only the second is written again when values change: what is
 * said here is said of each. Little-endian throughout:
 *
 *     u32 'MRTP' · u8 version · u8 columns · u16 rows (above the highest in use) · u16 rows in use · 2 unused bytes
 *     bitmap of the rows in use, 1 bit a row, padded to a byte
 *     for each column: u8 kind · u8 form · NULL bytes of the rows in use, if any · values of the rows in use
 *
 * Fixed-width values are packed; variable-length ones are u32 lengths, then the bytes of all rows. Form: bit 0 has
 * NULLs; the bits from 1 on: 0, or the 1, 2 or 4 bytes that each value of a 64-bit column takes here.
 */
import { MillraceError } from '../../core/errors.ts'
import { narrowValues, narrowWidth, readNarrow } from './narrow-values.ts'
import { BytesStore } from './bytes-store.ts'
import { FIXED_WIDTH, type FixedStore, type StoredColumn, type StoredKind } from './stored-column.ts'
import { pageBytes } from './memory.ts'
import type { PageBytes } from './page-bytes.ts'
import { pageOutput } from './page-output.ts'

export const PAGE_SHIFT = 12
export const PAGE_ROWS = 1 << PAGE_SHIFT

/** Added to the number of a page: its second part. */
export const SECOND_PART = 2 ** 31

export interface TablePage {
  /** Number of the page, plus `SECOND_PART` for that. */
  readonly page: number
  readonly bytes: PageBytes | null
}

const MAGIC = 0x5054524d
const VERSION = 3
const HEADER = 12

const KIND_CODES: readonly StoredKind[] = [
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
  'encoded',
]

/** Of a page or its second part. */
export function pageNumber({ page }: TablePage): number {
  return page >= SECOND_PART ? page - SECOND_PART : page
}

/** Rows that a table has to have room for: a spread of so many pages would not fit on the stack. */
export function rowsSpanned(pages: readonly TablePage[]): number {
  return pages.reduce((rows, page) => Math.max(rows, (pageNumber(page) + 1) * PAGE_ROWS), 0)
}

/** Rows of the page that is being encoded. */
const scratch = new Int32Array(PAGE_ROWS)

/** @returns null where no row of the page is in use; in a file where there is an output that takes it */
export function encodePage(
  page: number,
  high: number,
  occupied: Uint8Array,
  columns: readonly StoredColumn[],
): PageBytes | null {
  const first = page << PAGE_SHIFT
  const rows = scratch
  let count = 0
  for (let row = first; row < Math.min(high, first + PAGE_ROWS); row++) if (occupied[row] === 1) rows[count++] = row
  if (count === 0) return null
  const span = (rows[count - 1] as number) - first + 1
  const bitmap = (span + 7) >> 3
  const widths = columns.map((column) => storedWidth(column, rows, count))
  const length = columns.reduce(
    (sum, column, n) => sum + columnLength(column, rows, count, widths[n] as number),
    HEADER + bitmap,
  )
  const output = pageOutput()
  const room = output?.room(length)
  const out = room ?? pageBytes(length)
  const view = new DataView(out.buffer, out.byteOffset, length)
  view.setUint32(0, MAGIC, true)
  view.setUint8(4, VERSION)
  view.setUint8(5, columns.length)
  view.setUint16(6, span, true)
  view.setUint16(8, count, true)
  view.setUint16(10, 0, true)
  out.fill(0, HEADER, HEADER + bitmap)
  for (let i = 0; i < count; i++) {
    const bit = (rows[i] as number) - first
    const byte = HEADER + (bit >> 3)
    out[byte] = (out[byte] as number) | (1 << (bit & 7))
  }
  let at = HEADER + bitmap
  for (const [n, column] of columns.entries()) at = writeColumn(column, rows, count, out, view, at, widths[n] as number)
  return output === undefined || room === undefined ? out : output.take()
}

/** Bytes that each value takes; of variable length: 0. */
function storedWidth(column: StoredColumn, rows: Int32Array, count: number): number {
  if (column.kind === 'null' || column instanceof BytesStore) return 0
  return column.kind === 'i64' ? narrowWidth(column.words, rows, count) : FIXED_WIDTH[column.kind]
}

function columnLength(column: StoredColumn, rows: Int32Array, count: number, width: number): number {
  const nulls = column.nulls === null ? 0 : count
  if (column.kind === 'null') return 2
  if (!(column instanceof BytesStore)) return 2 + nulls + count * width
  return 2 + nulls + 4 * count + column.sizeOf(rows, count)
}

function writeColumn(
  column: StoredColumn,
  rows: Int32Array,
  count: number,
  out: Uint8Array,
  view: DataView,
  start: number,
  width: number,
): number {
  let at = start
  const isNarrow = column.kind === 'i64' && width < 8
  out[at++] = KIND_CODES.indexOf(column.kind)
  out[at++] = (column.nulls === null ? 0 : 1) | (isNarrow ? width << 1 : 0)
  if (column.kind === 'null') return at
  if (column.nulls !== null) for (let i = 0; i < count; i++) out[at++] = column.nulls[rows[i] as number] as number
  if (column instanceof BytesStore) return writeBytes(column, rows, count, view, at)
  if (isNarrow) {
    out.set(narrowValues(column.words, rows, count, width), at)
    return at + count * width
  }
  const { buffer, byteOffset } = column.values
  const source = new Uint8Array(buffer, byteOffset, column.values.byteLength)
  const first = rows[0] as number
  if ((rows[count - 1] as number) - first + 1 === count) {
    out.set(source.subarray(first * width, (first + count) * width), at)
    return at + count * width
  }
  for (let i = 0; i < count; i++) {
    const from = (rows[i] as number) * width
    for (let byte = 0; byte < width; byte++) out[at++] = source[from + byte] as number
  }
  return at
}

function writeBytes(column: BytesStore, rows: Int32Array, count: number, view: DataView, start: number): number {
  const { lengths } = column
  let at = start
  for (let i = 0; i < count; i++, at += 4) view.setUint32(at, lengths[rows[i] as number] as number, true)
  return column.copyTo(view, at, rows, count)
}

/** What kinds of columns a page says it has. Errors: INVALID_CHECKPOINT. */
export function storedKinds(page: number, bytes: Uint8Array): readonly StoredKind[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const count = view.getUint16(8, true)
  let at = HEADER + ((view.getUint16(6, true) + 7) >> 3)
  return Array.from({ length: storedColumns(bytes) }, () => {
    const kind = KIND_CODES[bytes[at] ?? KIND_CODES.length]
    const form = bytes[at + 1] ?? 0
    if (kind === undefined) throw corrupt(page, 'a column is of an unknown kind')
    at += 2
    if (kind === 'null') return kind
    if ((form & 1) === 1) at += count
    if (kind === 'bytes' || kind === 'encoded') {
      let values = 0
      for (let row = 0; row < count; row++) values += view.getUint32(at + 4 * row, true)
      at += 4 * count + values
    } else at += count * (form >> 1 === 0 ? FIXED_WIDTH[kind] : form >> 1)
    return kind
  })
}

/** How many columns a page says it has. */
export function storedColumns(bytes: Uint8Array): number {
  return bytes[5] ?? 0
}

/**
 * Fills the page's rows in; the columns are long enough already. Errors: INVALID_CHECKPOINT.
 *
 * @returns number of rows
 */
export function decodePage(
  page: number,
  bytes: Uint8Array,
  occupied: Uint8Array,
  columns: readonly StoredColumn[],
): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < HEADER || view.getUint32(0, true) !== MAGIC)
    throw corrupt(page, 'it does not begin as a page does')
  const version = view.getUint8(4)
  if (version !== VERSION) throw corrupt(page, `its format version is ${version}, not ${VERSION}`)
  if (view.getUint8(5) !== columns.length) {
    throw corrupt(page, `it has ${view.getUint8(5)} columns where the state has ${columns.length}`)
  }
  const span = view.getUint16(6, true)
  const count = view.getUint16(8, true)
  const rows = new Int32Array(count)
  let found = 0
  for (let at = 0; at < span; at++) {
    if ((((bytes[HEADER + (at >> 3)] as number) >> (at & 7)) & 1) === 0) continue
    const row = (page << PAGE_SHIFT) + at
    rows[found++] = row
    occupied[row] = 1
  }
  let at = HEADER + ((span + 7) >> 3)
  for (const column of columns) at = readColumn(column, rows, bytes, view, at, page)
  if (found !== count || at !== bytes.length) throw corrupt(page, 'its length does not fit its contents')
  return count
}

function readColumn(
  column: StoredColumn,
  rows: Int32Array,
  bytes: Uint8Array,
  view: DataView,
  start: number,
  page: number,
): number {
  let at = start
  const kind = KIND_CODES[bytes[at++] as number]
  if (kind !== column.kind) throw corrupt(page, `a column is ${kind ?? 'unknown'} where the state has ${column.kind}`)
  const form = bytes[at++] as number
  if (column.kind === 'null') return at
  if ((form & 1) === 1) {
    const nulls = column.ensureNulls()
    for (const row of rows) nulls[row] = bytes[at++] as number
  }
  if (column instanceof BytesStore) return readBytes(column, rows, bytes, view, at)
  const width = form >> 1
  if (width === 0) return readFixed(column, rows, bytes, at)
  if (column.kind !== 'i64' || (width !== 1 && width !== 2 && width !== 4) || at + rows.length * width > bytes.length)
    throw corrupt(page, `a column has the unknown form ${form}`)
  readNarrow(column.words, rows, view, at, width)
  return at + rows.length * width
}

function readFixed(column: FixedStore, rows: Int32Array, bytes: Uint8Array, start: number): number {
  const width = FIXED_WIDTH[column.kind]
  const { buffer, byteOffset, byteLength } = column.values
  const target = new Uint8Array(buffer, byteOffset, byteLength)
  let at = start
  const first = rows[0] ?? 0
  if (rows.length > 0 && (rows.at(-1) as number) - first + 1 === rows.length) {
    const values = bytes.subarray(at, at + rows.length * width)
    target.set(values, first * width)
    return at + rows.length * width
  }
  for (const row of rows) {
    const to = row * width
    for (let byte = 0; byte < width; byte++) target[to + byte] = bytes[at++] as number
  }
  return at
}

function readBytes(column: BytesStore, rows: Int32Array, bytes: Uint8Array, view: DataView, start: number): number {
  let from = start + 4 * rows.length
  rows.forEach((row, i) => {
    const length = view.getUint32(start + 4 * i, true)
    column.set(row, bytes, from, length)
    from += length
  })
  return from
}

export function corrupt(page: number, reason: string): MillraceError {
  return new MillraceError('INVALID_CHECKPOINT', `state page ${page} cannot be read: ${reason}`)
}
