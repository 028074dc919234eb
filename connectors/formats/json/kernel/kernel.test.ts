/** The kernel against the general code: random records of one order of fields in many spellings, and damaged ones. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JSON_FORMAT } from '../../../../catalog/connectors/formats/json.ts'
import { formatBatch } from '../../../../core/batch-text.ts'
import { createBatch } from '../../../../core/change-batch.ts'
import * as types from '../../../../core/types.ts'
import type { Field, SqlType } from '../../../../core/types.ts'
import { linearMemory } from '../../../../core/wasm/memory.ts'
import { type DecodedRows, RecordError } from '../../../api/format.ts'
import { formatOptionsOf, recordsOf } from '../../../test-support/records.ts'
import { JsonDecoder } from '../decoder.ts'
import { readJsonOptions } from '../options.ts'

const FIELDS: readonly Field[] = [
  { name: 'id', type: types.BIGINT },
  { name: 'name', type: types.STRING },
  { name: 'flag', type: types.BOOLEAN },
  { name: 'tiny', type: { kind: 'TINYINT', nullable: true } },
  { name: 'small', type: { kind: 'SMALLINT', nullable: true } },
  { name: 'int', type: types.INT },
  { name: 'float', type: { kind: 'FLOAT', nullable: true } },
  { name: 'a key of more than sixteen bytes, é', type: types.DOUBLE },
  { name: 'price', type: types.decimal(10, 2) },
  { name: 'wide', type: types.decimal(30, 4) },
  { name: 'day', type: { kind: 'DATE', nullable: true } },
  { name: 'ms', type: types.timestamp(3) },
  { name: 'us', type: types.timestamp(6) },
  { name: 'ns', type: types.timestamp(9) },
  { name: 'zoned', type: { kind: 'TIMESTAMP_LTZ', precision: 1, nullable: true } },
  {
    name: 'row',
    type: {
      kind: 'ROW',
      nullable: true,
      fields: [
        { name: 'x', type: types.BIGINT },
        { name: 's', type: types.STRING },
        {
          name: 'inner',
          type: { kind: 'ROW', nullable: true, fields: [{ name: 't', type: types.STRING }] },
        },
      ],
    },
  },
  { name: 'last', type: types.STRING },
]

/** All fields of records, two of which no column wants. */
const DECLARED: readonly Field[] = [...FIELDS.slice(0, 3), { name: 'skipped', type: types.STRING }, ...FIELDS.slice(3)]

const wanted = FIELDS.map(({ name }) => DECLARED.findIndex((field) => field.name === name))

const text = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom('', '"', '\\', '\\\\\\\\', '"'.repeat(40), 'a'.repeat(15), 'b'.repeat(16), 'c'.repeat(33)),
)

/** A string in which characters are spelled as they are, or as one of their escapes. */
const spelled = fc.tuple(text, fc.array(fc.nat(9), { minLength: 1, maxLength: 17 })).map(([value, picks]) => {
  const units = value.split('').map((unit, index) => {
    const plain = JSON.stringify(unit).slice(1, -1)
    const pick = picks[index % picks.length] ?? 0
    if (pick === 0) return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
    return pick === 1 && unit === '/' ? '\\/' : plain
  })
  return `"${units.join('')}"`
})

const digits = (length: number): fc.Arbitrary<string> =>
  fc.nat(10 ** length - 1).map((value) => String(value).padStart(length, '0'))
const number = (most: number): fc.Arbitrary<string> =>
  fc.oneof(fc.integer({ min: -most - 1, max: most }), fc.integer({ min: -20, max: 20 })).map(String)
const long = fc
  .tuple(fc.nat(15), fc.boolean(), digits(15))
  .map(([length, isNegative, text]) => `${isNegative ? '-' : ''}${BigInt(text.slice(0, Math.max(1, length)))}`)
const decimal = fc
  .tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.option(fc.nat(99)))
  .map(([before, behind]) => `${before}${behind === null ? '' : `.${behind}`}`)
const date = fc
  .date({ min: new Date(-8e12), max: new Date(8e12), noInvalidDate: true })
  .map((value) => value.toISOString().slice(0, 10))
const time = fc
  .tuple(fc.nat(23), fc.nat(59), fc.nat(59))
  .map((parts) => parts.map((part) => String(part).padStart(2, '0')).join(':'))
const fraction = fc
  .tuple(fc.nat(9), digits(9))
  .map(([length, text]) => (length === 0 ? '' : `.${text.slice(0, length)}`))

/** A value of the type, spelled as a kernel reads it. */
function valueFor(type: SqlType): fc.Arbitrary<string> {
  switch (type.kind) {
    case 'VARCHAR':
      return spelled
    case 'BOOLEAN':
      return fc.constantFrom('true', 'false')
    case 'TINYINT':
      return number(127)
    case 'SMALLINT':
      return number(32_767)
    case 'INT':
      return number(2_147_483_647)
    case 'BIGINT':
      return long
    case 'FLOAT':
    case 'DOUBLE':
    case 'DECIMAL':
      return decimal
    case 'DATE':
      return date.map((value) => `"${value}"`)
    case 'TIMESTAMP':
      return fc.tuple(date, time, fraction).map(([a, b, c]) => `"${a} ${b}${c}"`)
    case 'TIMESTAMP_LTZ':
      return fc.tuple(date, time, fraction).map(([a, b, c]) => `"${a} ${b}${c}Z"`)
    case 'ROW':
      return fc
        .tuple(...type.fields.map((field) => orNull(valueFor(field.type))))
        .map((all) => `{${all.map((value, at) => `"${type.fields[at]?.name}":${value}`).join(',')}}`)
    default:
      throw new Error(type.kind)
  }
}

function orNull(usual: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: fc.constant('null') })
}

const nested: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    spelled,
    long,
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
    fc.constantFrom('null', 'true', 'false', '[]', '{}', '[1 , 2]', '{"a" : 1}', '-0.5e+10'),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
    fc
      .array(fc.tuple(spelled, tie('value')), { maxLength: 3 })
      .map((items) => `{${items.map((item) => item.join(':')).join(', ')}}`),
  ),
})).value

const ODD_NUMBERS =
  '0 -0 00 - 01 -01 012345678 12345678 123456789012345 1234567890123456 1e2 1.0 0.5 -0.0 1. .5 99999999.99 99999999.995 123456789012.345 1E-2 -null 128 -129 32768 -32769 2147483648 -2147483649 9223372036854775807'
const ODD_LITERALS =
  'nul tru falsy [1} {"a":01} "7" "" "2024-02-29" "2023-02-29" "1969-12-31" "0001-01-01" "2024-13-01" "2024-1-1"'
const ODD_TIMES =
  '24:00:00 12:60:00 12:00:60 12:34:5 1:23:45 12:3a:45 12-34-56 /2:34:56 12:34:56. 12:34:56.1234567891 12:34:56.5Z'
/** What may stand where something else is expected. */
const ODD = [
  ...ODD_NUMBERS.split(' '),
  ...ODD_LITERALS.split(' '),
  ...ODD_TIMES.split(' ').flatMap((text) =>
    ['2024-01-01', '9999-12-31', '0000-01-01'].map((day) => `"${day} ${text}"`),
  ),
  ...Array.from({ length: 33 }, (_, code) => `"a${String.fromCharCode(code)}b"`).filter((text) => !text.includes('\n')),
  ...['\\x', '\\u12g4', '\\u123', '\\', '\\ud83d\\ude00', '\\ud83d\\ud83d', '\\ude00x', '\\ud83d'].map(
    (text) => `"${text}"`,
  ),
]
const odd = fc.oneof(nested, fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String), fc.constantFrom(...ODD))

const values = fc
  .tuple(
    fc.tuple(...DECLARED.map(({ name, type }) => (name === 'skipped' ? nested : orNull(valueFor(type))))),
    fc.oneof(fc.constant([]), fc.array(fc.tuple(fc.nat(DECLARED.length - 1), odd), { maxLength: 2 })),
  )
  .map(([usual, others]) => {
    const all = [...usual]
    for (const [index, value] of others) all[index] = value
    return all
  })

/** Mostly all fields in their order and nothing between them; else with spaces, or in another order, or some missing. */
const record = fc
  .tuple(
    values,
    fc.oneof(
      { weight: 12, arbitrary: fc.constant(DECLARED.map((_, index) => index)) },
      { weight: 1, arbitrary: fc.shuffledSubarray(DECLARED.map((_, index) => index)) },
    ),
    fc.oneof(
      { weight: 8, arbitrary: fc.constant(['', '', '']) },
      { weight: 3, arbitrary: fc.constant([' ', ' ', '']) },
      { weight: 1, arbitrary: fc.array(fc.constantFrom('', ' ', '\t', '  '), { minLength: 3, maxLength: 3 }) },
    ),
  )
  .map(([all, order, [afterComma = '', afterColon = '', end = '']]) => {
    const entries = order.map((index) => `${JSON.stringify(DECLARED[index]?.name)}:${afterColon}${all[index]}`)
    return `{${entries.join(`,${afterComma}`)}}${end}`
  })
  .filter((line) => !line.includes('\n'))

const options = readJsonOptions(formatOptionsOf(JSON_FORMAT))
const lenient = readJsonOptions(formatOptionsOf(JSON_FORMAT, { 'ignore-parse-errors': 'true' }))

/** A decoder that has seen enough records to have a kernel. */
function withKernel(settings: typeof options): JsonDecoder {
  const decoder = new JsonDecoder({ fields: DECLARED, wanted }, settings)
  const row = '{"x":1,"s":"","inner":{"t":""}}'
  const plain = JSON.stringify(
    Object.fromEntries(DECLARED.map(({ name }) => [name, name === 'row' ? JSON.parse(row) : null])),
  )
  decoder.decode(recordsOf(Array.from({ length: 600 }, () => plain)))
  decoder.decode(recordsOf([plain]))
  return decoder
}

type Result = { readonly rows: string; readonly recordOf: readonly number[]; readonly skipped: number } | string

function resultOf(decode: () => DecodedRows, count: (decoded: DecodedRows) => number): Result {
  try {
    const decoded = decode()
    const { columns, rows, skipped, recordOf } = decoded
    const all = Array.from({ length: count(decoded) }, (_, index) => index)
    return {
      rows: rows === 0 ? '' : formatBatch(createBatch({ fields: FIELDS }, columns, rows)),
      recordOf: recordOf === null ? all : [...recordOf],
      skipped,
    }
  } catch (error) {
    if (error instanceof RecordError) return `${error.record}: ${error.message}`
    throw error
  }
}

function sliced(decoder: JsonDecoder, records: readonly Uint8Array[]): Result {
  return resultOf(
    () => decoder.decode(recordsOf(records)),
    ({ rows }) => rows,
  )
}

/** The records as lines of a file in linear memory, with other bytes behind them. */
function asLines(decoder: JsonDecoder, records: readonly Uint8Array[], lineEnd: string, behind: string): Result {
  const bytes = Buffer.concat(records.flatMap((line) => [line, Buffer.from(lineEnd)]))
  const memory = linearMemory()
  const block = memory.allocate(bytes.length + 200)
  const data = memory.bytes(block)
  data.set(bytes)
  data.set(Buffer.from(behind).subarray(0, 200), bytes.length)
  const result = resultOf(
    () => decoder.decodeLines({ data, start: 0, end: bytes.length, isLast: false }, 4096),
    ({ rows }) => rows,
  )
  memory.free(block)
  return result
}

/** Records in which no line end stands. */
const records = fc.array(
  record.map((line) => Buffer.from(line)),
  { minLength: 1, maxLength: 20 },
)

describe('kernel', () => {
  it('reads what the general code reads, and refuses what it refuses', () => {
    fc.assert(
      fc.property(records, fc.constantFrom('\n', '\r\n'), (list, lineEnd) => {
        const decoder = withKernel(lenient)
        const strict = withKernel(options)
        const expected = sliced(new JsonDecoder({ fields: DECLARED, wanted }, lenient), list)
        expect(sliced(decoder, list)).toEqual(expected)
        expect(asLines(decoder, list, lineEnd, list[0]?.toString() ?? '')).toEqual(expected)
        expect(sliced(strict, list)).toEqual(sliced(new JsonDecoder({ fields: DECLARED, wanted }, options), list))
      }),
      { numRuns: 400 },
    )
  })

  it('reads odd values as the general code does', () => {
    const plain = DECLARED.map(({ type }) => fc.sample(valueFor(type), { numRuns: 1, seed: 7 })[0] ?? '')
    for (const index of DECLARED.keys()) {
      const decoder = withKernel(lenient)
      const list = ODD.map((value) => {
        const all = DECLARED.map(({ name }, at) => `${JSON.stringify(name)}:${at === index ? value : plain[at]}`)
        return Buffer.from(`{${all.join(',')}}`)
      })
      const expected = sliced(new JsonDecoder({ fields: DECLARED, wanted }, lenient), list)
      expect(sliced(decoder, list)).toEqual(expected)
    }
  })

  it('reads what the general code reads after damage', () => {
    const damage = fc.tuple(
      records,
      fc.nat(),
      fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('"\\{}[],:0-. \t\u0001nu'))),
      fc.nat(2),
    )
    fc.assert(
      fc.property(damage, ([list, place, byte, kind]) => {
        const decoder = withKernel(lenient)
        const damaged = list.map((line) => {
          const bytes = [...line]
          bytes.splice(place % bytes.length, kind === 2 ? 0 : 1, ...(kind === 0 || byte === 10 ? [] : [byte]))
          return Uint8Array.from(bytes)
        })
        const expected = sliced(new JsonDecoder({ fields: DECLARED, wanted }, lenient), damaged)
        expect(sliced(decoder, damaged)).toEqual(expected)
        expect(asLines(decoder, damaged, '\n', '"}')).toEqual(expected)
      }),
      { numRuns: 400 },
    )
  })

  it('gives the same wherever a file is cut into chunks', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 6 }), fc.nat(), fc.boolean(), (list, place, isEnded) => {
        const decoder = withKernel(lenient)
        const bytes = Buffer.from(`${list.join('\n')}${isEnded ? '\n' : ''}`)
        const cut = place % bytes.length
        const memory = linearMemory()
        const block = memory.allocate(bytes.length)
        const data = memory.bytes(block)
        data.set(bytes.subarray(0, cut))
        const first = decoder.decodeLines({ data, start: 0, end: cut, isLast: false }, 4096)
        const rows =
          first.rows === 0 ? [] : formatBatch(createBatch({ fields: FIELDS }, first.columns, first.rows)).split('\n')
        data.set(bytes.subarray(first.next), first.next)
        const end = bytes.length
        const second = decoder.decodeLines({ data, start: first.next, end, isLast: true }, 4096)
        if (second.rows > 0)
          rows.push(...formatBatch(createBatch({ fields: FIELDS }, second.columns, second.rows)).split('\n'))
        memory.free(block)
        expect(first.lines + second.lines).toBe(list.length)
        expect(second.next).toBe(end)
        const plain = new JsonDecoder({ fields: DECLARED, wanted }, lenient)
        const { rows: expected } = sliced(
          plain,
          list.map((line) => Buffer.from(line)),
        ) as { rows: string }
        expect(rows.join('\n')).toBe(expected)
      }),
      { numRuns: 150 },
    )
  })

  it('learns other orders of fields, and gives up where there is none', () => {
    const indexes = DECLARED.map((_, index) => index)
    const order = fc.oneof(fc.shuffledSubarray(indexes, { minLength: indexes.length }), fc.shuffledSubarray(indexes))
    fc.assert(
      fc.property(fc.array(fc.tuple(order, values), { minLength: 1, maxLength: 12 }), (kinds) => {
        const decoder = withKernel(lenient)
        const plain = new JsonDecoder({ fields: DECLARED, wanted }, lenient)
        for (const [fields, all] of kinds) {
          const entries = fields.map((index) => `${JSON.stringify(DECLARED[index]?.name)}:${all[index]}`)
          const list = Array.from({ length: 80 }, () => Buffer.from(`{${entries.join(',')}}`))
          const expected = sliced(plain, list)
          expect(sliced(decoder, list)).toEqual(expected)
          expect(sliced(decoder, list)).toEqual(expected)
        }
      }),
      { numRuns: 20 },
    )
  })
})
