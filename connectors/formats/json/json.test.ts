import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JSON_FORMAT } from '../../../catalog/connectors/formats/json.ts'
import { parseBatch } from '../../../core/batch-text.ts'
import { createBatch } from '../../../core/change-batch.ts'
import { columnOf } from '../../../core/column-builder.ts'
import { floatText } from '../../../core/value-text.ts'
import * as types from '../../../core/types.ts'
import type { Field, SqlType } from '../../../core/types.ts'
import { decodeLines, formatOptionsOf, recordsOf } from '../../test-support/records.ts'
import { JsonDecoder } from './decoder.ts'
import { JsonEncoder } from './encoder.ts'
import { readJsonOptions } from './options.ts'

const TIME: SqlType = { kind: 'TIME', precision: 3, nullable: true }

function field(name: string, type: SqlType): Field {
  return { name, type }
}

function decode(
  fields: readonly Field[],
  records: readonly (string | null)[],
  raw: Record<string, string> = {},
): string[] {
  const wanted = fields.map((_, index) => index)
  const decoder = new JsonDecoder({ fields, wanted }, readJsonOptions(formatOptionsOf(JSON_FORMAT, raw)))
  return decodeLines(decoder, fields, recordsOf(records))
}

function decodeOne(type: SqlType, json: string, raw: Record<string, string> = {}): string {
  return (decode([field('v', type)], [`{"v":${json}}`], raw)[0] ?? '').slice(3)
}

function encode(fields: readonly Field[], rows: string, raw: Record<string, string> = {}): string {
  const encoder = new JsonEncoder(
    { fields, terminator: new Uint8Array([10]) },
    readJsonOptions(formatOptionsOf(JSON_FORMAT, raw)),
  )
  const batch = parseBatch({ fields }, rows)
  const { data, size } = encoder.encode(batch.columns, batch.rows)
  return Buffer.from(data.subarray(0, size)).toString().trimEnd()
}

describe('conversions of one value', () => {
  const cases: readonly (readonly [SqlType, string, string])[] = [
    [types.BOOLEAN, 'true', 'true'],
    [types.BOOLEAN, '"TRUE "', 'true'],
    [types.BOOLEAN, '"yes"', 'false'],
    [types.BOOLEAN, '1', 'false'],
    [types.TINYINT, '-128', '-128'],
    [types.TINYINT, '"12"', '12'],
    [types.SMALLINT, '32767', '32767'],
    [types.INT, '-0', '0'],
    [types.INT, '1.9', '1'],
    [types.INT, '-1.9', '-1'],
    [types.INT, '1e2', '100'],
    [types.INT, '" 7 "', '7'],
    [types.BIGINT, '9223372036854775807', '9223372036854775807'],
    [types.BIGINT, '-9223372036854775808', '-9223372036854775808'],
    [types.BIGINT, '9007199254740993', '9007199254740993'],
    [types.BIGINT, '-999999999999999', '-999999999999999'],
    [types.BIGINT, '"42"', '42'],
    [types.DOUBLE, '0.1', '0.1'],
    [types.DOUBLE, '123456789012345678', '123456789012345680'],
    [types.DOUBLE, '1.7976931348623157e308', '1.7976931348623157e+308'],
    [types.DOUBLE, '9007199254740993', '9007199254740992'],
    [types.DOUBLE, '"-1.5"', '-1.5'],
    [types.DOUBLE, '"NaN"', 'NaN'],
    [types.FLOAT, '0.1', '0.10000000149011612'],
    [types.STRING, '"a b"', '"a b"'],
    [types.STRING, '12.50', '12.50'],
    [types.STRING, 'false', 'false'],
    [types.STRING, '{ "a" : [ 1, "x y" ] }', '"{\\"a\\":[1,\\"x y\\"]}"'],
    [types.STRING, '"\\u00e9\\n\\ud83d\\ude00\\ud800"', '"é\\n😀�"'],
    [types.BYTES, '"AQL/"', 'x0102ff'],
    [types.decimal(5, 2), '1.005', '101'],
    [types.decimal(5, 2), '-1.005', '-101'],
    [types.decimal(5, 2), '"2.5"', '250'],
    [types.decimal(5, 2), '1000', 'NULL'],
    [types.decimal(5, 2), '999.99', '99999'],
    [types.decimal(38, 10), '12345678901234567890.5', '123456789012345678905000000000'],
    [types.decimal(38, 10), '-1.5', '-15000000000'],
    [types.decimal(18, 0), '123456789012345678', '123456789012345678'],
    [types.decimal(20, 2), '1e3', '100000'],
    [types.DATE, '"1969-12-31"', '-1'],
    [types.DATE, '"2024-02-29"', '19782'],
    [TIME, '"10:00:00.5"', '36000500'],
    [types.timestamp(3), '"2024-01-31 10:00:00.123"', '1706695200123'],
    [types.timestamp(3), '"1969-12-31 23:59:59.9"', '-100'],
    [types.timestamp(0), '"2024-01-31 10:00:00.923"', '1706695200000'],
    [types.timestamp(6), '"2024-01-31 10:00:00.123456789"', '1706695200123456'],
    [types.timestamp(9), '"2024-01-31 10:00:00.123456789"', '1706695200123456789'],
    [types.timestamp(6), '"9999-12-31 23:59:59.999999"', '253402300799999999'],
    [types.timestamp(3), '"2023-02-30 00:00:00"', '1677542400000'],
    [types.timestampLtz(3), '"2024-01-31 10:00:00Z"', '1706695200000'],
    [{ kind: 'ARRAY', element: types.INT, nullable: true }, '[1, null ,"3"]', '[1,NULL,3]'],
    [{ kind: 'MAP', key: types.STRING, value: types.INT, nullable: true }, '{"a":1,"b":2,"a":3}', '[[a,3],[b,2]]'],
    [
      { kind: 'ROW', fields: [field('x', types.INT), field('y', types.STRING)], nullable: true },
      '{"y":"q","z":[],"x":1}',
      '[1,q]',
    ],
  ]
  it.each(cases)('%j %s → %s', (type, json, expected) => {
    expect(decodeOne(type, json)).toBe(expected)
  })

  const refused: readonly (readonly [SqlType, string, string])[] = [
    [types.TINYINT, '128', 'field "v": "128" is out of range for TINYINT'],
    [types.TINYINT, '1.0', '"1.0" is not a TINYINT'],
    [types.INT, '2147483648', 'out of range'],
    [types.INT, '"x"', '"x" is not a INT'],
    [types.INT, '[1]', '"[1]" is not a INT'],
    [types.BIGINT, '9223372036854775808', 'out of range'],
    [types.DOUBLE, '"abc"', 'not a DOUBLE'],
    [types.decimal(5, 2), '"x"', 'not a DECIMAL'],
    [types.BYTES, '"?"', 'not base64'],
    [types.DATE, '"2023-02-30"', 'not a DATE'],
    [types.timestamp(3), '"2024-01-31T10:00:00"', 'not a TIMESTAMP'],
    [types.timestamp(3), '"2024-13-31 10:00:00"', 'not a TIMESTAMP'],
    [types.timestampLtz(3), '"2024-01-31 10:00:00"', 'not a TIMESTAMP_LTZ'],
    [{ kind: 'ARRAY', element: types.INT, nullable: true }, '{}', 'not a JSON array'],
    [types.STRING, '"a\tb"', 'control character 0x09 in a string at byte 7'],
    [types.STRING, '"\\x"', 'expected an escape sequence'],
    [types.INT, '01', 'expected "," or "}"'],
    [types.INT, '-', 'expected a value'],
    [types.INT, 'nul', 'expected a value'],
  ]
  it.each(refused)('%j refuses %s', (type, json, message) => {
    expect(() => decodeOne(type, json)).toThrow(message)
    if (type.kind !== 'VARCHAR' && !message.startsWith('expected')) {
      expect(decodeOne(type, json, { 'ignore-parse-errors': 'true' })).toBe('NULL')
    }
  })

  it('reads ISO-8601', () => {
    const raw = { 'timestamp-format.standard': 'iso-8601' }
    expect(decodeOne(types.timestamp(3), '"2024-01-31T10:00:00.5"', raw)).toBe('1706695200500')
    expect(decodeOne(types.timestamp(3), '"2024-01-31T10:00"', raw)).toBe('1706695200000')
    expect(decodeOne(types.timestampLtz(3), '"2024-01-31T10:00:00Z"', raw)).toBe('1706695200000')
  })
})

describe('records', () => {
  const fields = [field('a', types.INT), field('b', types.STRING), field('c', types.DOUBLE)]

  it('takes fields in any order, missing ones as NULL, unknown ones not at all', () => {
    const records = ['{"c":1.5,"a":1,"x":{"a":[9]},"b":"q"}', '{}', '{"b":"é","a":null}', '{"\\u0061":5}']
    expect(decode(fields, records)).toEqual(['+I 1 q 1.5', '+I NULL NULL NULL', '+I NULL é NULL', '+I 5 NULL NULL'])
    expect(() => decode(fields, ['{"a":1}'], { 'fail-on-missing-field': 'true' })).toThrow('field "b" is missing')
  })

  it('tells keys apart that are spelled with escapes', () => {
    // JSON.parse of V8 13.6 takes the second key for the first.
    const odd = [field('\\', types.INT), field('"', types.INT)]
    expect(decode(odd, ['{"\\\\":1}', '{"\\"":2}', '{"\\u0022":3,"\\u005c":4}'])).toEqual([
      '+I 1 NULL',
      '+I NULL 2',
      '+I 4 3',
    ])
  })

  it('skips tombstones and empty records', () => {
    expect(decode(fields, [null, '', '{"a":1}', ' '])).toEqual(['+I 1 NULL NULL'])
  })

  it('says which record is wrong, or skips and counts it', () => {
    const records = recordsOf(['{"a":1}', '{"a":1', '[]', '{"a":"x","b":"kept"}'])
    const wanted = [0, 1, 2]
    const strict = new JsonDecoder({ fields, wanted }, readJsonOptions(formatOptionsOf(JSON_FORMAT)))
    expect(() => strict.decode(records)).toThrow(expect.objectContaining({ record: 1 }))
    const options = formatOptionsOf(JSON_FORMAT, { 'ignore-parse-errors': 'true' })
    const lenient = new JsonDecoder({ fields, wanted }, readJsonOptions(options)).decode(records)
    expect(lenient.skipped).toBe(3)
    expect([...(lenient.recordOf ?? [])]).toEqual([0, 3])
  })

  it('reads only the columns wanted, in their order, and checks the rest', () => {
    const decoder = new JsonDecoder({ fields, wanted: [2, 0] }, readJsonOptions(formatOptionsOf(JSON_FORMAT)))
    const read = (record: string): string[] =>
      decodeLines(decoder, [field('c', types.DOUBLE), field('a', types.INT)], recordsOf([record]))
    expect(read('{"a":1,"b":"\\"x","c":2}')).toEqual(['+I 2 1'])
    expect(() => read('{"a":1,"b":"x\\q","c":2}')).toThrow('escape')
    expect(() => read('{"a":1,"b":"x","c":2}}')).toThrow('the end of the record')
  })

  it('learns another order of fields and stays exact', () => {
    const records = Array.from({ length: 300 }, (_, i) => `{"x":${i},"c":${i}.5,"b":"t${i}","a":${i}}`)
    records.push('{"a":1,"b":"z","c":0}')
    const wanted = [0, 1, 2]
    const decoder = new JsonDecoder({ fields, wanted }, readJsonOptions(formatOptionsOf(JSON_FORMAT)))
    for (let round = 0; round < 3; round++) {
      const lines = decodeLines(decoder, fields, recordsOf(records))
      expect(lines[299]).toBe('+I 299 t299 299.5')
      expect(lines[300]).toBe('+I 1 z 0')
    }
  })

  it('refuses deep nesting', () => {
    expect(() => decode(fields, [`{"x":${'['.repeat(100_000)}`])).toThrow('nested deeper')
  })
})

describe('encoder', () => {
  it('writes every type', () => {
    const fields = [
      field('i', types.INT),
      field('l', types.BIGINT),
      field('d', types.DOUBLE),
      field('f', types.FLOAT),
      field('n', types.decimal(10, 2)),
      field('w', types.decimal(38, 9)),
      field('s', types.STRING),
      field('y', types.BYTES),
      field('b', types.BOOLEAN),
      field('dt', types.DATE),
      field('tm', TIME),
      field('ts', types.timestamp(3)),
      field('tz', types.timestampLtz(6)),
      field('tn', types.timestamp(9)),
    ]
    const row =
      '-2147483648 -9223372036854775808 12.5 0.10000000149011612 -1250 27 "q\\"\\\\\\n\\u0001é" x0102 true 19782 36000500 1706695200120 -1 1706695200123456789'
    expect(encode(fields, row)).toBe(
      '{"i":-2147483648,"l":-9223372036854775808,"d":12.5,"f":0.1,"n":-12.50,"w":2.7E-8,"s":"q\\"\\\\\\n\\u0001é",' +
        '"y":"AQI=","b":true,"dt":"2024-02-29","tm":"10:00:00.5","ts":"2024-01-31 10:00:00.12",' +
        '"tz":"1969-12-31 23:59:59.999999Z","tn":"2024-01-31 10:00:00.123456789"}',
    )
    const nulls = fields.map(() => 'NULL').join(' ')
    expect(encode(fields, nulls)).toBe(`{${fields.map(({ name }) => `"${name}":null`).join(',')}}`)
    expect(encode(fields, nulls, { 'encode.ignore-null-fields': 'true' })).toBe('{}')
    expect(
      encode([field('a', types.INT), field('b', types.INT)], 'NULL 1', { 'encode.ignore-null-fields': 'true' }),
    ).toBe('{"b":1}')
    expect(encode([field('w', types.decimal(38, 9))], '27', { 'encode.decimal-as-plain-number': 'true' })).toBe(
      '{"w":0.000000027}',
    )
  })

  it('writes doubles as Java does', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['0', '0.0'],
      ['-0', '-0.0'],
      ['1', '1.0'],
      ['100', '100.0'],
      ['9999999', '9999999.0'],
      ['1e7', '1.0E7'],
      ['-69405002.116', '-6.9405002116E7'],
      ['123456789.125', '1.23456789125E8'],
      ['123456789012', '1.23456789012E11'],
      ['1.5e300', '1.5E300'],
      ['0.001', '0.001'],
      ['0.0001', '1.0E-4'],
      ['123456.789012345', '123456.789012345'],
      ['0.30000000000000004', '0.30000000000000004'],
      ['0.3', '0.3'],
      ['NaN', '"NaN"'],
    ]
    for (const [value, expected] of cases) {
      expect(encode([field('d', types.DOUBLE)], value)).toBe(`{"d":${expected}}`)
    }
  })

  it('writes doubles that are read back the same, in the fewest digits', () => {
    const fields = [field('d', types.DOUBLE)]
    const encoder = new JsonEncoder({ fields }, readJsonOptions(formatOptionsOf(JSON_FORMAT)))
    fc.assert(
      fc.property(
        fc.oneof(
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.tuple(fc.integer(), fc.nat(9)).map(([digits, scale]) => digits / 10 ** scale),
          fc.tuple(fc.integer(), fc.nat(20)).map(([digits, scale]) => digits * 10 ** scale),
        ),
        (value) => {
          const { data, size } = encoder.encode([columnOf(types.DOUBLE, [value])], 1)
          expect(Buffer.from(data.subarray(5, size - 1)).toString()).toBe(floatText(value, false))
        },
      ),
      { numRuns: 5000 },
    )
  })

  it('writes nested values', () => {
    const type: SqlType = {
      kind: 'ROW',
      nullable: true,
      fields: [
        field('xs', { kind: 'ARRAY', element: types.INT, nullable: true }),
        field('m', { kind: 'MAP', key: types.STRING, value: types.DOUBLE, nullable: true }),
      ],
    }
    const fields = [field('r', type), field('after', types.STRING)]
    const text = (raw: Record<string, string>): string => {
      const column = columnOf(type, [
        [
          [1, null],
          [
            ['k"', 1],
            [null, null],
          ],
        ],
        null,
      ])
      const after = columnOf(types.STRING, ['x'.repeat(100), null])
      const encoder = new JsonEncoder({ fields }, readJsonOptions(formatOptionsOf(JSON_FORMAT, raw)))
      const { data, size } = encoder.encode(createBatch({ fields }, [column, after], 2).columns, 2)
      return Buffer.from(data.subarray(0, size)).toString()
    }
    expect(() => text({})).toThrow('NULL key')
    const x = `"${'x'.repeat(100)}"`
    expect(text({ 'map-null-key.mode': 'LITERAL' })).toBe(
      `{"r":{"xs":[1,null],"m":{"k\\"":1.0,"null":null}},"after":${x}}{"r":null,"after":null}`,
    )
    expect(text({ 'map-null-key.mode': 'DROP', 'encode.ignore-null-fields': 'true' })).toBe(
      `{"r":{"xs":[1,null],"m":{"k\\"":1.0}},"after":${x}}{}`,
    )
  })
})
