import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CSV_FORMAT } from '../../../catalog/connectors/formats/csv.ts'
import { formatBatch, parseBatch } from '../../../core/batch-text.ts'
import { createBatch } from '../../../core/change-batch.ts'
import { columnOf } from '../../../core/column-builder.ts'
import * as types from '../../../core/types.ts'
import type { Field, SqlType } from '../../../core/types.ts'
import { decodeLines, formatOptionsOf, recordsOf } from '../../test-support/records.ts'
import { CsvDecoder } from './decoder.ts'
import { CsvEncoder } from './encoder.ts'

type Raw = Record<string, string>

function fieldsOf(...fieldTypes: readonly SqlType[]): Field[] {
  return fieldTypes.map((type, index) => ({ name: `f${index}`, type }))
}

function decode(fields: readonly Field[], records: readonly string[], raw: Raw = {}): string[] {
  const wanted = fields.map((_, index) => index)
  return decodeLines(
    new CsvDecoder({ fields, wanted, options: formatOptionsOf(CSV_FORMAT, raw) }),
    fields,
    recordsOf(records),
  )
}

function encode(fields: readonly Field[], rows: string, raw: Raw = {}): string {
  const { columns, rows: count } = parseBatch({ fields }, rows)
  const encoder = new CsvEncoder({
    fields,
    options: formatOptionsOf(CSV_FORMAT, raw),
    terminator: new Uint8Array([10]),
  })
  const { data, size } = encoder.encode(columns, count)
  return Buffer.from(data.subarray(0, size)).toString().trimEnd()
}

const S = types.STRING

describe('decoder', () => {
  it.each<readonly [SqlType, string, string]>([
    [types.INT, '-12', '-12'],
    [types.INT, ' 12 ', '12'],
    [types.BIGINT, '9223372036854775807', '9223372036854775807'],
    [types.BIGINT, '"5"', '5'],
    [types.DOUBLE, '1.25', '1.25'],
    [types.DOUBLE, '-1e3', '-1000'],
    [types.DOUBLE, '9007199254740993', '9007199254740992'],
    [types.decimal(5, 2), '1.005', '101'],
    [types.decimal(5, 2), '-7', '-700'],
    [types.decimal(5, 2), '12345', 'NULL'],
    [types.decimal(20, 2), '-7.5', '-750'],
    [types.BOOLEAN, 'true', 'true'],
    [types.BOOLEAN, 'x', 'false'],
    [types.DATE, '2024-2-29', '19782'],
    [types.timestamp(3), '2024-1-31 10:00:00.5', '1706695200500'],
    [types.timestampLtz(3), '2024-01-31 10:00:00Z', '1706695200000'],
    [{ kind: 'TIME', precision: 0, nullable: true }, '10:00:00.9', '36000000'],
    [types.BYTES, 'AQI=', 'x0102'],
    [{ kind: 'ARRAY', element: types.INT, nullable: true }, '1;2', '[1,2]'],
    [{ kind: 'ROW', fields: fieldsOf(types.INT, S), nullable: true }, '1;x y', '[1,"x y"]'],
  ])('%j %s → %s', (type, text, expected) => {
    expect(decode(fieldsOf(type), [text])).toEqual([`+I ${expected}`])
  })

  it('splits as Jackson does', () => {
    const two = fieldsOf(S, S)
    expect(decode(two, ['a,b', '"a,b","c""d"', ' "a",b', '"a"  ,b', ',', '"",x', 'a"b,"x"\r'])).toEqual([
      '+I a b',
      '+I a,b "c\\"d"',
      '+I " \\"a\\"" b',
      '+I a b',
      '+I "" ""',
      '+I "" x',
      '+I "a\\"b" x',
    ])
    expect(() => decode(two, ['"a'])).toThrow('no closing quote')
    expect(() => decode(two, ['"a"x,b'])).toThrow('a delimiter was expected at byte 3')
    expect(() => decode(two, ['a'])).toThrow('2 fields were expected but there are 1')
    expect(() => decode(two, ['a,b,c'])).toThrow('2 fields were expected but there are 3')
  })

  it('honours its options', () => {
    const two = fieldsOf(S, types.INT)
    expect(decode(two, ["'a;b';1"], { 'field-delimiter': ';', 'quote-character': "'" })).toEqual(['+I a;b 1'])
    expect(decode(two, ['"a"\t1'], { 'field-delimiter': '\\t', 'disable-quote-character': 'true' })).toEqual([
      '+I "\\"a\\"" 1',
    ])
    expect(decode(two, ['a\\,b,1', '"a\\"b",2'], { 'escape-character': '\\' })).toEqual(['+I a,b 1', '+I "a\\"b" 2'])
    expect(decode(two, ['#x', 'a,1'], { 'allow-comments': 'true' })).toEqual(['+I a 1'])
    expect(decode(two, ['n/a,n/a', ',1'], { 'null-literal': 'n/a' })).toEqual(['+I NULL NULL', '+I "" 1'])
    expect(decode(two, ['a,x', 'b', 'c,3,4', 'd,5'], { 'ignore-parse-errors': 'true' })).toEqual([
      '+I a NULL',
      '+I b NULL',
      '+I d 5',
    ])
    expect(() => decode(two, ['a,'])).toThrow(/field "f1": "" is not a INT .*null-literal/)
    const array = fieldsOf({ kind: 'ARRAY', element: types.INT, nullable: true })
    expect(decode(array, ['1|2'], { 'array-element-delimiter': '|' })).toEqual(['+I [1,2]'])
  })

  it('reads only the columns wanted', () => {
    const fields = fieldsOf(types.INT, S, types.DOUBLE)
    const decoder = new CsvDecoder({ fields, wanted: [2, 1], options: formatOptionsOf(CSV_FORMAT) })
    const wantedFields = [fields[2] as Field, fields[1] as Field]
    expect(decodeLines(decoder, wantedFields, recordsOf(['oops,"q""r",1.5']))).toEqual(['+I 1.5 "q\\"r"'])
  })
})

describe('encoder', () => {
  it('quotes as Jackson does', () => {
    const one = fieldsOf(S)
    expect(encode(one, '+I abc\n+I "a b"\n+I "a\\"b"\n+I NULL\n+I abcdefghijklmnopqrstuvwxyz')).toBe(
      'abc\n"a b"\n"a""b"\n\n"abcdefghijklmnopqrstuvwxyz"',
    )
    expect(encode(one, '+I NULL', { 'null-literal': 'n/a' })).toBe('n/a')
    expect(encode(one, '+I "a b"', { 'disable-quote-character': 'true' })).toBe('a b')
  })

  it('writes every type', () => {
    const fields = fieldsOf(
      types.INT,
      types.BIGINT,
      types.DOUBLE,
      types.decimal(10, 2),
      types.decimal(20, 9),
      types.BOOLEAN,
      types.DATE,
      types.timestamp(3),
      types.BYTES,
    )
    expect(encode(fields, '1 -2 2.5 250 27 false 19782 1706695200500 x0102')).toBe(
      '1,-2,2.5,2.50,2.7E-8,false,2024-02-29,"2024-01-31 10:00:00.5",AQI=',
    )
  })
})

describe('round trip', () => {
  it('reads back what it writes, whatever the characters', () => {
    const fields = fieldsOf(S, types.BIGINT, S, types.DOUBLE, { kind: 'ARRAY', element: types.INT, nullable: true })
    const row = fc.tuple(
      fc.string({ unit: fc.constantFrom(...'ab ",;\\\t#é\u{1f600}') }),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.option(fc.string({ maxLength: 40 }).filter((text) => text !== 'NULL')),
      fc.double({ noNaN: true }),
      fc.array(fc.integer(), { minLength: 1 }),
    )
    const raw = fc.constantFrom<Raw>(
      {},
      { 'field-delimiter': ';', 'array-element-delimiter': '|' },
      { 'escape-character': '\\' },
      { 'field-delimiter': '\\t', 'quote-character': "'" },
    )
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), raw, (rows, options) => {
        const all = formatOptionsOf(CSV_FORMAT, { ...options, 'null-literal': 'NULL' })
        const columns = fields.map((field, index) =>
          columnOf(
            field.type,
            rows.map((values) => values[index] ?? null),
          ),
        )
        const encoded = new CsvEncoder({ fields, options: all }).encode(columns, rows.length)
        const decoder = new CsvDecoder({ fields, wanted: fields.map((_, index) => index), options: all })
        const lines = decodeLines(decoder, fields, encoded)
        expect(lines).toEqual(formatBatch(createBatch({ fields }, columns, rows.length)).split('\n'))
      }),
      { numRuns: 500 },
    )
  })
})
