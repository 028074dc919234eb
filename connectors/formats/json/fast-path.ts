/**
 * The generated part of the decoder: one function that reads records whose fields stand in one known order, straight
 * from bytes into the column arrays. What it does not understand in a value (escapes, null, exponents, nested types)
 * it leaves to the general reader of that field; what it does not understand in the record, to the general path.
 */
import { invariant } from '../../../core/errors.ts'
import { type Field, type SqlType, timestampUnit } from '../../../core/types.ts'
import { BytesWriter, type ColumnWriter, FixedWriter, RowWriter } from '../column-writer.ts'
import type { TimestampStandard } from '../scalar-text.ts'

/** One field of the expected order: the column it goes to, or -1 to be skipped. */
export interface LayoutField {
  readonly name: string
  readonly target: number
}

export interface FastColumn {
  readonly name: string
  readonly type: SqlType
  readonly writer: ColumnWriter
  /** Number under which `slow` and `missing` know the column or field: its position in `allColumns`. */
  readonly target: number
  /** Fields of a ROW. */
  readonly children: readonly FastColumn[]
}

/** Columns for the fields of a record; `target`s of the fields of ROWs come behind those of the columns. */
export function fastColumns(fields: readonly Field[], writers: readonly ColumnWriter[]): readonly FastColumn[] {
  let next = fields.length
  const columnOf = (field: Field, writer: ColumnWriter | undefined, target: number): FastColumn => {
    invariant(writer !== undefined, 'every field has a writer')
    const { name, type } = field
    const nested = type.kind === 'ROW' && writer instanceof RowWriter ? type.fields : []
    const first = next
    next += nested.length
    const children = nested.map((child, index) => columnOf(child, (writer as RowWriter).children[index], first + index))
    return { name, type, writer, target, children }
  }
  return fields.map((field, index) => columnOf(field, writers[index], index))
}

/** Columns and fields of ROWs by their targets. */
export function allColumns(columns: readonly FastColumn[]): readonly FastColumn[] {
  const all: FastColumn[] = []
  const add = (column: FastColumn): void => {
    all[column.target] = column
    column.children.forEach(add)
  }
  columns.forEach(add)
  return all
}

export interface FastPath {
  /** Takes the record buffer and the writers' arrays; to be called again whenever either changes. */
  bind(data: Uint8Array): void
  /** Whether the record `start … end)`, trimmed, was read into the row. `data[end - 1]` exists. */
  record(start: number, end: number, row: number): boolean
  /** The same for fields in any order, some perhaps missing, and whitespace between. */
  anyOrder(start: number, end: number, row: number): boolean
}

export interface FastPathRequest {
  readonly layout: readonly LayoutField[]
  readonly columns: readonly FastColumn[]
  readonly timestamps: TimestampStandard
  /** Reads one value (target -1: skips it) by the general reader; gives the position behind it. */
  readonly slow: (target: number, position: number, start: number, end: number, row: number) => number
  /** Sets a missing field to NULL; false: that is an error. */
  readonly missing: (target: number, row: number) => boolean
}

export function createFastPath(request: FastPathRequest): FastPath {
  const { columns, layout } = request
  const all = allColumns(columns)
  const readers = all.map((column) => readerSource(column, request.timestamps))
  const source = `'use strict'
let d, dv, n, limit, rs = 0, stop = 0
const ESCAPES = new Uint8Array(256)
for (const c of [34, 47, 92, 98, 102, 110, 114, 116]) ESCAPES[c] = 1
let ms = 0, ns = 0, cachedDate = -1, cachedDays = 0, serial = 0
const seen = new Float64Array(${Math.max(1, columns.length)})
${all.map((column) => declareArrays(column.writer, column.target)).join('\n')}
${HELPERS}
${readers.join('\n')}
${keyOfSource('keyOf', columns)}
return {
  bind(data) {
    d = data; n = data.length; limit = n - 4
    dv = new DataView(data.buffer, data.byteOffset, n)
    ${all.map((column) => bindArrays(column.writer, column.target)).join('\n    ')}
  },
  record(p, end, r) {
    if (end - p < 2 || d[p] !== 123 || d[end - 1] !== 125) return false
    rs = p
    p++
    ${layout.map((field, index) => fieldSource(field, index)).join('\n    ')}
    return p === end - 1
  },
  anyOrder(p, end, r) {
    if (end - p < 2 || d[p] !== 123 || d[end - 1] !== 125) return false
    rs = p
    p = space(p + 1, end)
    const now = ++serial
    if (d[p] === 125) p++
    else for (;;) {
      if (d[p] !== 34) return false
      const e = str(p + 1)
      if (e < 0 || e >= end) return false
      const k = keyOf(p + 1, e - p - 1)
      p = space(e + 1, end)
      if (d[p] !== 58) return false
      p = space(p + 1, end)
      if (k < 0) p = skip(p, end, r)
      else if (seen[k] === now) return false
      else {
        seen[k] = now
        switch (k) {
          ${columns.map((_, index) => `case ${index}: p = read${index}(p, end, r); break`).join('\n          ')}
        }
      }
      p = space(p, end)
      const c = d[p]
      p++
      if (c === 125) break
      if (c !== 44) return false
      p = space(p, end)
    }
    if (p !== end) return false
    for (let k = 0; k < ${columns.length}; k++) if (seen[k] !== now && !missing(k, r)) return false
    return true
  },
}`
  const factory = new Function('writers', 'slow', 'missing', 'setNull', 'POW', source) as (
    writers: readonly ColumnWriter[],
    slow: FastPathRequest['slow'],
    missing: FastPathRequest['missing'],
    setNull: (target: number, row: number) => void,
    powers: readonly number[],
  ) => FastPath
  const writers = all.map((column) => column.writer)
  const setNull = (target: number, row: number): void => {
    writers[target]?.setNull(row)
  }
  return factory(writers, request.slow, request.missing, setNull, POWERS_OF_TEN)
}

const POWERS_OF_TEN = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))

function declareArrays(writer: ColumnWriter, index: number): string {
  if (writer instanceof BytesWriter) return `let s${index}, l${index}`
  return writer instanceof FixedWriter ? `let v${index}, w${index}` : ''
}

function bindArrays(writer: ColumnWriter, index: number): string {
  if (writer instanceof BytesWriter)
    return `s${index} = writers[${index}].starts; l${index} = writers[${index}].lengths`
  if (!(writer instanceof FixedWriter)) return ''
  return `v${index} = writers[${index}].values; w${index} = writers[${index}].words`
}

/** Comma, key and value of one field, from `p` on. */
function fieldSource(field: LayoutField, index: number): string {
  const key = Buffer.from(`${JSON.stringify(field.name)}:`)
  const tests: string[] = []
  for (let at = 0; at < key.length; at += 4) {
    const from = Math.min(at, key.length - 4)
    tests.push(`dv.getInt32(p + ${from}, true) !== ${key.readInt32LE(from)}`)
  }
  const comma = index === 0 ? '' : 'if (d[p] !== 44) return false\n    p++\n    if (d[p] === 32) p++\n    '
  const read = field.target < 0 ? 'skip(p, end, r)' : `read${field.target}(p, end, r)`
  return `${comma}if (p + ${key.length} >= end || ${tests.join(' || ')}) return false
    p += ${key.length}
    if (d[p] === 32) p++
    p = ${read}`
}

/** The position of the key whose bytes stand at `p`, or -1; a key that is spelled with escapes does not get here. */
function keyOfSource(name: string, columns: readonly FastColumn[]): string {
  const byLength = new Map<number, string[]>()
  columns.forEach((column, index) => {
    const key = Buffer.from(column.name)
    const tests = [...key].map((byte, at) => `d[p + ${at}] === ${byte}`)
    const list = byLength.get(key.length) ?? []
    list.push(`if (${['true', ...tests].join(' && ')}) return ${index}`)
    byLength.set(key.length, list)
  })
  const cases = [...byLength].map(
    ([length, tests]) => `    case ${length}:\n      ${tests.join('\n      ')}\n      return -1`,
  )
  return `function ${name}(p, length) {\n  switch (length) {\n${cases.join('\n')}\n  }\n  return -1\n}`
}

/**
 * `str` finds the closing quote four bytes at a time and gives -1 at a backslash or control character, whose place is
 * then in `stop`.
 */
const HELPERS = `
function str(p) {
  for (const last = limit - 4; p <= last; p += 8) {
    const x = dv.getInt32(p, true)
    const y = dv.getInt32(p + 4, true)
    const a = x ^ 0x22222222
    const b = x ^ 0x5c5c5c5c
    const e = y ^ 0x22222222
    const f = y ^ 0x5c5c5c5c
    const t = ((a - 0x01010101) & ~a) | ((b - 0x01010101) & ~b) | ((x - 0x20202020) & ~x)
    const u = ((e - 0x01010101) & ~e) | ((f - 0x01010101) & ~f) | ((y - 0x20202020) & ~y)
    if (((t | u) & 0x80808080) !== 0) break
  }
  while (p <= limit) {
    const x = dv.getInt32(p, true)
    const a = x ^ 0x22222222
    const b = x ^ 0x5c5c5c5c
    const t = (((a - 0x01010101) & ~a) | ((b - 0x01010101) & ~b) | ((x - 0x20202020) & ~x)) & 0x80808080
    if (t !== 0) {
      p += (31 - Math.clz32(t & -t)) >> 3
      if (d[p] === 34) return p
      stop = p
      return -1
    }
    p += 4
  }
  for (; p < n; p++) {
    const c = d[p]
    if (c === 34) return p
    if (c === 92 || c < 32) {
      stop = p
      return -1
    }
  }
  stop = n - 1
  return -1
}
function space(p, end) {
  while (p < end && (d[p] === 32 || d[p] === 10 || d[p] === 13 || d[p] === 9)) p++
  return p
}
function skip(p, end, r) {
  let c = d[p]
  if (c === 34) {
    let e = str(p + 1)
    // What is skipped is not looked at: any character may be escaped, but for the digits of a Unicode escape.
    while (e < 0 && d[stop] === 92 && d[stop + 1] !== 117 && ESCAPES[d[stop + 1]] === 1 && stop + 2 < end) e = str(stop + 2)
    return e < 0 || e >= end ? slow(-1, p, rs, end, r) : e + 1
  }
  if (c === 110 && d[p + 1] === 117 && d[p + 2] === 108 && d[p + 3] === 108) return p + 4
  let q = p
  if (c === 45) c = d[++q]
  if (c > 48 && c <= 57) {
    do c = d[++q]; while (c >= 48 && c <= 57)
    if (c === 44 || c === 125 || c <= 32) return q
  }
  return slow(-1, p, rs, end, r)
}
// A date at p: days, or NaN.
function date(p) {
  const a = d[p] - 48, b = d[p + 1] - 48, c = d[p + 2] - 48, e = d[p + 3] - 48
  const f = d[p + 5] - 48, g = d[p + 6] - 48, h = d[p + 8] - 48, i = d[p + 9] - 48
  if ((a >>> 0) > 9 || (b >>> 0) > 9 || (c >>> 0) > 9 || (e >>> 0) > 9 || (f >>> 0) > 9 || (g >>> 0) > 9 ||
    (h >>> 0) > 9 || (i >>> 0) > 9 || d[p + 4] !== 45 || d[p + 7] !== 45) return NaN
  const year = a * 1000 + b * 100 + c * 10 + e, month = f * 10 + g, day = h * 10 + i
  const key = (year << 10) | (month << 5) | day
  if (key === cachedDate) return cachedDays
  if (month < 1 || month > 12 || day < 1 || day > 28) {
    if (month < 1 || month > 12 || day < 1 || day > 31 || month === 2 || (day === 31 && (month === 4 || month === 6 || month === 9 || month === 11))) return NaN
  }
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400), yoe = y - era * 400
  const doy = ((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) | 0
  cachedDays = era * 146097 + yoe * 365 + ((yoe / 4) | 0) - ((yoe / 100) | 0) + doy + day - 719469
  cachedDate = key
  return cachedDays
}
// A quoted timestamp at p: the position behind it with ms and ns set, or -1.
function timestamp(p, end, separator, zoned) {
  if (p + 21 > end || d[p] !== 34 || d[p + 11] !== separator || d[p + 14] !== 58 || d[p + 17] !== 58) return -1
  const days = date(p + 1)
  if (days !== days) return -1
  const a = d[p + 12] - 48, b = d[p + 13] - 48, c = d[p + 15] - 48, e = d[p + 16] - 48, f = d[p + 18] - 48, g = d[p + 19] - 48
  if ((a >>> 0) > 9 || (b >>> 0) > 9 || (c >>> 0) > 9 || (e >>> 0) > 9 || (f >>> 0) > 9 || (g >>> 0) > 9) return -1
  const hour = a * 10 + b, minute = c * 10 + e, second = f * 10 + g
  if (hour > 23 || minute > 59 || second > 59) return -1
  ms = days * 86400000 + ((hour * 60 + minute) * 60 + second) * 1000
  ns = 0
  p += 20
  if (d[p] === 46) {
    const from = ++p
    let fraction = 0
    while (p < end && ((d[p] - 48) >>> 0) <= 9) fraction = fraction * 10 + (d[p++] - 48)
    const digits = p - from
    if (digits === 3) {
      ms += fraction
    } else {
      if (digits > 9) return -1
      const nanos = fraction * POW[9 - digits]
      ms += Math.floor(nanos / 1000000)
      ns = nanos % 1000000
    }
  }
  if (zoned) {
    if (d[p] !== 90) return -1
    p++
  }
  return d[p] === 34 && p < end ? p + 1 : -1
}
`

/** More fields go to the general reader: those that were there are bits of one number. */
const MAX_FIELDS = 31

function readerSource(column: FastColumn, timestamps: TimestampStandard): string {
  const { target, type, children } = column
  const slow = `slow(${target}, at, rs, end, r)`
  const isRow = children.length > 0 && children.length <= MAX_FIELDS
  const body = isRow ? rowBody(column, slow) : readerBody(type, target, slow, timestamps)
  return `${isRow ? keyOfSource(`keyOf${target}`, children) : ''}
function read${target}(p, end, r) {
  const at = p
  if (d[p] === 110 && d[p + 1] === 117 && d[p + 2] === 108 && d[p + 3] === 108) {
    setNull(${target}, r)
    return p + 4
  }
${body}
  return ${slow}
}`
}

/** An object with its fields in any order. */
function rowBody({ target, children }: FastColumn, slow: string): string {
  const cases = children.map(
    (child, index) => `case ${index}:
          if ((m & ${1 << index}) !== 0) return ${slow}
          m |= ${1 << index}
          p = read${child.target}(p, end, r)
          break`,
  )
  const missing = children.map(
    (child, index) => `if ((m & ${1 << index}) === 0 && !missing(${child.target}, r)) return ${slow}`,
  )
  return `  if (d[p] === 123) {
    let m = 0
    p = space(p + 1, end)
    if (d[p] === 125) p++
    else for (;;) {
      if (d[p] !== 34) return ${slow}
      const e = str(p + 1)
      if (e < 0 || e >= end) return ${slow}
      const k = keyOf${target}(p + 1, e - p - 1)
      p = e + 1
      if (d[p] !== 58) {
        p = space(p, end)
        if (d[p] !== 58) return ${slow}
      }
      p = space(p + 1, end)
      switch (k) {
        ${cases.join('\n        ')}
        default:
          p = skip(p, end, r)
      }
      p = space(p, end)
      const c = d[p++]
      if (c === 125) break
      if (c !== 44 || p >= end) return ${slow}
      p = space(p, end)
    }
    if (m !== ${(2 ** children.length - 1) | 0}) {
      ${missing.join('\n      ')}
    }
    return p
  }`
}

/** Statements that return the position behind the value, or fall through to the general reader. */
function readerBody(type: SqlType, k: number, slow: string, timestamps: TimestampStandard): string {
  switch (type.kind) {
    case 'CHAR':
    case 'VARCHAR':
      return `  if (d[p] === 34) {
    const e = str(p + 1)
    if (e >= 0 && e < end) {
      s${k}[r] = p + 1
      l${k}[r] = e - p - 1
      return e + 1
    }
  }`
    case 'BOOLEAN':
      return `  const c = d[p]
  if (c === 116 && p + 4 < end && d[p + 1] === 114 && d[p + 2] === 117 && d[p + 3] === 101) { v${k}[r] = 1; return p + 4 }
  if (c === 102 && p + 5 < end && d[p + 1] === 97 && d[p + 2] === 108 && d[p + 3] === 115 && d[p + 4] === 101) { v${k}[r] = 0; return p + 5 }`
    case 'TINYINT':
      return wholeNumber(slow, 4, `if (m < -128 || m > 127) return ${slow}\n  v${k}[r] = m`)
    case 'SMALLINT':
      return wholeNumber(slow, 6, `if (m < -32768 || m > 32767) return ${slow}\n  v${k}[r] = m`)
    case 'INT':
      return wholeNumber(slow, 11, `if (m < -2147483648 || m > 2147483647) return ${slow}\n  v${k}[r] = m`)
    case 'BIGINT':
      return wholeNumber(slow, 15, storeWords(k, 'm'))
    case 'DOUBLE':
    case 'FLOAT':
      return decimalNumber(slow, `v${k}[r] = f === 0 ? (neg ? -m : m) : (neg ? -m : m) / POW[f]`)
    case 'DECIMAL':
      return decimalNumber(slow, storeDecimal(k, type.precision, type.scale, slow))
    case 'DATE':
      return `  if (d[p] === 34 && p + 12 < end && d[p + 11] === 34) {
    const days = date(p + 1)
    if (days === days) { v${k}[r] = days; return p + 12 }
  }`
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ': {
      const separator = timestamps === 'SQL' ? 32 : 84
      const store = storeTimestamp(k, type.precision, slow)
      return `  p = timestamp(p, end, ${separator}, ${type.kind === 'TIMESTAMP_LTZ'})\n  if (p >= 0) {\n    ${store}\n    return p\n  }`
    }
    default:
      return ''
  }
}

/** Sign and digits into `m`; anything behind them but the end of the value goes to the general reader. */
function wholeNumber(slow: string, maxDigits: number, store: string): string {
  return `  let c = d[p]
  const quoted = c === 34
  if (quoted) c = d[++p]
  const neg = c === 45
  if (neg) c = d[++p]
  let m = c - 48
  if ((m >>> 0) > 9) return ${slow}
  const from = p++
  if (m !== 0) {
    for (let g = d[p] - 48; (g >>> 0) <= 9; g = d[++p] - 48) m = m * 10 + g
    if (p - from > ${maxDigits}) return ${slow}
  }
  ${endOfNumber(slow)}
  if (neg) m = -m
  ${store}
  return p`
}

/** Behind the digits: the closing quote if there was one, else what ends a value. */
function endOfNumber(slow: string): string {
  return `c = d[p]
  if (quoted) {
    if (c !== 34) return ${slow}
    p++
  } else if (c !== 44 && c !== 125 && c > 32) return ${slow}`
}

/** Digits with a fraction: the number is m / 10^f, m below 10^15 and so exact. */
function decimalNumber(slow: string, store: string): string {
  return `  let c = d[p]
  const quoted = c === 34
  if (quoted) c = d[++p]
  const neg = c === 45
  if (neg) c = d[++p]
  let m = c - 48
  if ((m >>> 0) > 9) return ${slow}
  const from = p++
  if (m !== 0) for (let g = d[p] - 48; (g >>> 0) <= 9; g = d[++p] - 48) m = m * 10 + g
  let f = 0
  if (d[p] === 46) {
    const point = p++
    for (let g = d[p] - 48; (g >>> 0) <= 9; g = d[++p] - 48) m = m * 10 + g
    f = p - point - 1
    if (f === 0) return ${slow}
  }
  if (p - from > (f === 0 ? 15 : 16)) return ${slow}
  ${endOfNumber(slow)}
  ${store}
  return p`
}

function storeWords(k: number, value: string): string {
  return `w${k}[2 * r] = ${value} | 0\n  w${k}[2 * r + 1] = Math.floor(${value} / 4294967296)`
}

function storeDecimal(k: number, precision: number, scale: number, slow: string): string {
  const limit = Math.min(Number.MAX_SAFE_INTEGER, 10 ** precision)
  const scaled = `if (f > ${scale}) return ${slow}
  m *= POW[${Math.min(scale, 22)} - f]
  if (m >= ${limit}${scale > 22 ? ' || true' : ''}) return ${slow}
  if (neg) m = -m`
  if (precision <= 18) return `${scaled}\n  ${storeWords(k, 'm')}`
  return `${scaled}
  const hi = Math.floor(m / 4294967296)
  w${k}[4 * r] = m | 0
  w${k}[4 * r + 1] = hi
  w${k}[4 * r + 2] = w${k}[4 * r + 3] = hi < 0 ? -1 : 0`
}

/** A timestamp in `ms` and `ns`, into the unit of the precision; digits beyond the precision are cut off. */
function storeTimestamp(k: number, precision: number, slow: string): string {
  switch (timestampUnit(precision)) {
    case 'millisecond': {
      const step = 10 ** (3 - precision)
      const cut = step === 1 ? '' : `ms = Math.floor(ms / ${step}) * ${step}\n    `
      return `${cut}${storeWords(k, 'ms')}`
    }
    case 'microsecond': {
      const step = 10 ** (9 - precision)
      return `const us = ms * 1000 + Math.floor(ns / ${step}) * ${step / 1000}
    if (us > 9007199254740991 || us < -9007199254740991) return ${slow}
    ${storeWords(k, 'us')}`
    }
    default: {
      const step = 10 ** (9 - precision)
      return `v${k}[r] = BigInt(ms) * 1000000n + BigInt(Math.floor(ns / ${step}) * ${step})`
    }
  }
}
