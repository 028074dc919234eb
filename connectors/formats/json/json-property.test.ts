/** The decoder against JSON.parse, on random documents in many spellings and on damaged ones. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JSON_FORMAT } from '../../../catalog/connectors/formats/json.ts'
import { formatBatch } from '../../../core/batch-text.ts'
import { createBatch } from '../../../core/change-batch.ts'
import type { Value } from '../../../core/column.ts'
import { columnOf } from '../../../core/column-builder.ts'
import * as types from '../../../core/types.ts'
import type { Field, SqlType } from '../../../core/types.ts'
import { RecordError } from '../../api/format.ts'
import { formatOptionsOf, recordsOf } from '../../test-support/records.ts'
import { parseDecimalText, parseDoubleText, parseWhole } from '../scalar-text.ts'
import { JsonDecoder } from './decoder.ts'
import { JsonEncoder } from './encoder.ts'
import { readJsonOptions } from './options.ts'

const NESTED: SqlType = {
  kind: 'ROW',
  nullable: true,
  fields: [
    { name: 'xs', type: { kind: 'ARRAY', element: types.BIGINT, nullable: true } },
    { name: 's', type: types.STRING },
  ],
}

const FIELDS: readonly Field[] = [
  { name: 'id', type: types.BIGINT },
  { name: 'name', type: types.STRING },
  { name: 'price', type: types.decimal(10, 2) },
  { name: 'ratio', type: types.DOUBLE },
  { name: 'é', type: types.STRING },
  { name: 'nested', type: NESTED },
  { name: 'flag', type: types.BOOLEAN },
]

/** A number as written: JSON.parse itself would round it. */
class NumberText {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** JSON.parse, with numbers as text. */
function parseExactly(text: string): unknown {
  JSON.parse(text)
  const marked = text.replace(
    /("(?:[^"\\]|\\.)*")|-?\d[\d.eE+-]*/g,
    (number, string?: string) => string ?? `"\\u0000#${number}"`,
  )
  return unmark(JSON.parse(marked))
}

function unmark(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith('\0#') ? new NumberText(value.slice(2)) : value
  if (Array.isArray(value)) return value.map(unmark)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unmark(item)]))
}

/** What a column gets for a parsed value: the rules again, from values instead of bytes. */
function convert(value: unknown, type: SqlType): Value {
  if (value === null || value === undefined) return null
  switch (type.kind) {
    case 'BIGINT': {
      if (typeof value === 'string') return parseWhole(value, -(2n ** 63n), 2n ** 63n - 1n, 'BIGINT')
      if (!(value instanceof NumberText)) throw new Error('not a number')
      if (/^-?\d+$/.test(value.text)) return parseWhole(value.text, -(2n ** 63n), 2n ** 63n - 1n, 'BIGINT')
      return parseWhole(BigInt(Math.trunc(Number(value.text))).toString(), -(2n ** 63n), 2n ** 63n - 1n, 'BIGINT')
    }
    case 'VARCHAR':
      if (typeof value === 'string') return value.toWellFormed()
      return value instanceof NumberText ? value.text : typeof value === 'boolean' ? String(value) : compact(value)
    case 'DECIMAL':
      return parseDecimalText(scalar(value), type.precision, type.scale)
    case 'DOUBLE':
      return parseDoubleText(scalar(value))
    case 'BOOLEAN':
      return typeof value === 'boolean' ? value : scalar(value).trim().toLowerCase() === 'true'
    case 'ARRAY':
      if (!Array.isArray(value)) throw new Error('not an array')
      return value.map((item) => convert(item, type.element))
    case 'ROW':
      if (typeof value !== 'object' || Array.isArray(value) || value instanceof NumberText)
        throw new Error('not an object')
      return type.fields.map((field) => convert((value as Record<string, unknown>)[field.name], field.type))
    default:
      throw new Error(type.kind)
  }
}

function scalar(value: unknown): string {
  if (value instanceof NumberText) return value.text
  if (typeof value === 'string' || typeof value === 'boolean') return String(value)
  throw new Error('not a scalar')
}

function compact(value: unknown): string {
  if (value instanceof NumberText) return value.text
  if (Array.isArray(value)) return `[${value.map(compact).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, item]) => `${JSON.stringify(key)}:${compact(item)}`)
      .join(',')}}`
  }
  return JSON.stringify(value)
}

/** The row that JSON.parse leads to, as text; undefined: the record must be refused. */
function reference(record: Uint8Array): string | undefined {
  try {
    const text = Buffer.from(record).toString()
    if (text.trim() === '') return ''
    const parsed = parseExactly(text)
    const row = convert(parsed, { kind: 'ROW', fields: FIELDS, nullable: false }) as readonly Value[] | null
    if (row === null) return undefined
    const columns = FIELDS.map((field, index) => columnOf(field.type, [row[index] ?? null]))
    return formatBatch(createBatch({ fields: FIELDS }, columns, 1))
  } catch {
    return undefined
  }
}

function decoded(decoder: JsonDecoder, record: Uint8Array): string | undefined {
  try {
    const { columns, rows } = decoder.decode(recordsOf([record]))
    return formatBatch(createBatch({ fields: FIELDS }, columns, rows))
  } catch (error) {
    if (error instanceof RecordError) return undefined
    throw error
  }
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ maxLength: 40 }),
  fc.constantFrom('', '"', '\\', 'true', '12', ' 7 ', '-1.5'),
)
const numberText = fc.oneof(
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.tuple(fc.integer({ min: -99999, max: 99999 }), fc.nat(999)).map(([whole, fraction]) => `${whole}.${fraction}`),
  fc.constantFrom('0', '-0', '0.0', '1e3', '1E-2', '99999999.995', '123456789012345.6', '9223372036854775807'),
)
const scalarText = fc.oneof(
  text.map((value) => JSON.stringify(value)),
  numberText,
  fc.constantFrom('null', 'true', 'false'),
)
const space = fc.constantFrom('', '', '', '', ' ', '\n', '\t \r')

/** A string in which some characters are spelled as escapes. */
const spelled = fc.tuple(text, fc.nat()).map(([value, pick]) => {
  const escaped = [...value].map((char, index) =>
    (pick >> (index % 16)) & 1
      ? [...Array(char.length)].map((_, at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')
      : JSON.stringify(char).slice(1, -1),
  )
  return `"${escaped.join('')}"`
})

/**
 * No key that a JavaScript object would put before the others; and none with a backslash, because V8 13.6, once it has
 * seen an object with the key `\`, reads the key `"` of the next one as `\` too.
 */
const nestedKey = fc.oneof(
  text.filter((key) => !/^\d+$|\\/.test(key) && key !== '__proto__'),
  fc.constantFrom('xs', 's', 'id'),
)

const anyValue: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalarText,
    spelled,
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
    fc
      .array(fc.tuple(nestedKey, tie('value')), { maxLength: 3 })
      .map((entries) => `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${item}`).join(',')}}`),
  ),
})).value

/** A value that the field's type can take, most of the time. */
function valueFor(type: SqlType): fc.Arbitrary<string> {
  const fitting =
    type.kind === 'VARCHAR'
      ? fc.oneof(
          spelled,
          text.map((value) => JSON.stringify(value)),
        )
      : type.kind === 'BIGINT'
        ? fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)
        : type.kind === 'BOOLEAN'
          ? fc.constantFrom('true', 'false')
          : type.kind === 'ROW'
            ? fc
                .tuple(fc.array(fc.bigInt({ min: -9n, max: 2n ** 62n }).map(String)), spelled)
                .map(([xs, s]) => `{"xs":[${xs.join(',')}],"s":${s}}`)
            : numberText
  return fc.oneof(
    { weight: 8, arbitrary: fitting },
    { weight: 1, arbitrary: fc.constant('null') },
    { weight: 1, arbitrary: anyValue },
  )
}

const document = fc
  .tuple(
    fc.tuple(...FIELDS.map((field) => valueFor(field.type))),
    fc.oneof(fc.constant(FIELDS.map((_, index) => index)), fc.shuffledSubarray(FIELDS.map((_, index) => index))),
    fc.option(fc.tuple(fc.oneof(nestedKey, fc.constantFrom('id', 'name')), anyValue), { freq: 4 }),
    fc.array(space, { minLength: 4, maxLength: 4 }),
  )
  .map(([values, order, extra, [a = '', b = '', c = '', d = '']]) => {
    const entries = order.map((index) => `${JSON.stringify(FIELDS[index]?.name)}${b}:${c}${values[index]}`)
    if (extra !== null) entries.push(`${JSON.stringify(extra[0])}:${extra[1]}`)
    return `${a}{${a}${entries.join(`,${d}`)}${d}}${a}`
  })

/** The decoder converts every value as it comes; JSON.parse shows only the last of several with one name. */
function repeatsKey(record: Uint8Array): boolean {
  const keys =
    Buffer.from(record)
      .toString()
      .match(/"(?:[^"\\]|\\.)*"(?=\s*:)/g) ?? []
  return new Set(keys.map((key) => (/\\u/.test(key) ? '' : key))).size !== keys.length
}

const wanted = FIELDS.map((_, index) => index)

describe('decoder', () => {
  it('gives what JSON.parse gives', () => {
    const decoder = new JsonDecoder({ fields: FIELDS, wanted }, readJsonOptions(formatOptionsOf(JSON_FORMAT)))
    fc.assert(
      fc.property(document, (record) => {
        const bytes = Buffer.from(record)
        const row = decoded(decoder, bytes)
        if (row === undefined && repeatsKey(bytes)) return
        expect(row).toBe(reference(bytes))
      }),
      { numRuns: 3000 },
    )
  })

  it('gives the same for many records at once', () => {
    const decoder = new JsonDecoder({ fields: FIELDS, wanted }, readJsonOptions(formatOptionsOf(JSON_FORMAT)))
    fc.assert(
      fc.property(fc.array(document, { minLength: 1, maxLength: 20 }), (records) => {
        const good = records.filter(
          (record) => reference(Buffer.from(record)) !== undefined && !repeatsKey(Buffer.from(record)),
        )
        const { columns, rows } = decoder.decode(recordsOf(good))
        const lines = rows === 0 ? [] : formatBatch(createBatch({ fields: FIELDS }, columns, rows)).split('\n')
        expect(lines).toEqual(good.map((record) => reference(Buffer.from(record))))
      }),
      { numRuns: 200 },
    )
  })

  it('accepts and refuses as JSON.parse does after damage', () => {
    const decoder = new JsonDecoder({ fields: FIELDS, wanted }, readJsonOptions(formatOptionsOf(JSON_FORMAT)))
    const damage = fc.tuple(
      document,
      fc.nat(),
      fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('"\\{}[],:0-. \n'))),
      fc.nat(2),
    )
    fc.assert(
      fc.property(damage, ([record, place, byte, kind]) => {
        const bytes = [...Buffer.from(record)]
        bytes.splice(place % bytes.length, kind === 2 ? 0 : 1, ...(kind === 0 ? [] : [byte]))
        const damaged = Uint8Array.from(bytes)
        // Damage may make keys that JSON.parse has its own ways with (see `nestedKey`).
        if (/"(?:\d+|[^"]*\\["\\])"\s*:/.test(Buffer.from(damaged).toString())) return
        const row = decoded(decoder, damaged)
        if (row === undefined && repeatsKey(damaged)) return
        expect(row).toBe(reference(damaged))
      }),
      { numRuns: 3000 },
    )
  })
})

describe('encoder', () => {
  it('writes what JSON.parse and the decoder read back', () => {
    const options = formatOptionsOf(JSON_FORMAT)
    const decoder = new JsonDecoder({ fields: FIELDS, wanted }, readJsonOptions(options))
    const encoder = new JsonEncoder({ fields: FIELDS }, readJsonOptions(options))
    fc.assert(
      fc.property(document, (record) => {
        const first = decoded(decoder, Buffer.from(record))
        if (first === undefined) return
        const { columns, rows } = decoder.decode(recordsOf([record]))
        const { data, size } = encoder.encode(columns, rows)
        const written = Buffer.from(data.subarray(0, size))
        JSON.parse(written.toString())
        expect(decoded(decoder, written)).toBe(first)
      }),
      { numRuns: 1000 },
    )
  })
})
