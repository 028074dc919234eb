import { describe, expect, test } from 'vitest'
import { type SqlType, typeToString } from '../../core/types.ts'
import { parseDataType } from '../../parser/parse.ts'
import {
  arithmeticType,
  commonType,
  comparisonType,
  isAssignable,
  supportsCast,
  supportsImplicitCast,
} from './coercion.ts'
import { bindType } from './types.ts'

function type(text: string): SqlType {
  return bindType(parseDataType(text))
}

function shown(found: SqlType | undefined): string {
  return found === undefined ? '-' : typeToString(found)
}

describe('the common type', () => {
  test.each([
    ['INT', 'BIGINT', 'BIGINT'],
    ['TINYINT NOT NULL', 'SMALLINT NOT NULL', 'SMALLINT NOT NULL'],
    ['INT NOT NULL', 'INT', 'INT'],
    ['INT', 'DECIMAL(5, 2)', 'DECIMAL(12, 2)'],
    ['BIGINT', 'DECIMAL(38, 10)', 'DECIMAL(38, 10)'],
    ['DECIMAL(38, 0)', 'DECIMAL(10, 5)', 'DECIMAL(38, 0)'],
    ['DECIMAL(20, 5)', 'DECIMAL(10, 8)', 'DECIMAL(23, 8)'],
    ['INT', 'FLOAT', 'FLOAT'],
    ['FLOAT', 'DECIMAL(3, 1)', 'DOUBLE'],
    ['FLOAT', 'DOUBLE', 'DOUBLE'],
    ['CHAR(3) NOT NULL', 'CHAR(5) NOT NULL', 'VARCHAR(5) NOT NULL'],
    ['CHAR(3)', 'CHAR(3)', 'CHAR(3)'],
    ['VARCHAR(3)', 'STRING', 'STRING'],
    ['BINARY(2)', 'BYTES', 'BYTES'],
    ['NULL', 'INT NOT NULL', 'INT'],
    ['DATE', 'TIMESTAMP(3)', 'TIMESTAMP(3)'],
    ['TIMESTAMP(3)', 'TIMESTAMP(6)', 'TIMESTAMP(6)'],
    ['TIMESTAMP(3)', 'TIMESTAMP_LTZ(0)', 'TIMESTAMP_LTZ(3)'],
    ['DATE', 'TIME(3)', '-'],
    ['INT', 'STRING', '-'],
    ['BOOLEAN', 'INT', '-'],
    ['ARRAY<INT NOT NULL>', 'ARRAY<BIGINT>', 'ARRAY<BIGINT>'],
    ['MAP<STRING, INT>', 'MAP<STRING, DOUBLE>', 'MAP<STRING, DOUBLE>'],
    ['ROW<a INT, b STRING>', 'ROW<x BIGINT, y STRING>', 'ROW<`a` BIGINT, `b` STRING>'],
    ['ROW<a INT>', 'ROW<a INT, b INT>', '-'],
  ])('of %s and %s is %s', (a, b, expected) => {
    expect(shown(commonType([type(a), type(b)]))).toBe(expected)
  })

  test('keeps a time attribute only where all have it', () => {
    const rowtime: SqlType = { kind: 'TIMESTAMP', precision: 3, nullable: true, timeAttribute: 'rowtime' }
    expect(shown(commonType([rowtime, rowtime]))).toBe('TIMESTAMP(3) *ROWTIME*')
    expect(shown(commonType([rowtime, type('TIMESTAMP(3)')]))).toBe('TIMESTAMP(3)')
  })

  test('of a comparison takes a string beside a timestamp, but not beside a number', () => {
    expect(shown(comparisonType(type('TIMESTAMP(3)'), type('STRING')))).toBe('TIMESTAMP(3)')
    expect(comparisonType(type('INT'), type('STRING'))).toBeUndefined()
  })
})

describe('DECIMAL arithmetic', () => {
  test.each([
    ['DECIMAL(10, 2)', '+', 'DECIMAL(5, 4)', 'DECIMAL(13, 4)'],
    ['DECIMAL(10, 2)', '-', 'INT', 'DECIMAL(13, 2)'],
    ['DECIMAL(30, 10)', '*', 'DECIMAL(30, 10)', 'DECIMAL(38, 6)'],
    ['DECIMAL(30, 20)', '*', 'DECIMAL(30, 20)', 'DECIMAL(38, 17)'],
    ['DECIMAL(38, 2)', '*', 'DECIMAL(38, 3)', 'DECIMAL(38, 5)'],
    ['DECIMAL(32, 8)', '/', 'DECIMAL(38, 8)', 'DECIMAL(38, 6)'],
    ['DECIMAL(30, 20)', '/', 'DECIMAL(30, 20)', 'DECIMAL(38, 8)'],
    ['DECIMAL(30, 10)', '%', 'DECIMAL(30, 10)', 'DECIMAL(30, 10)'],
    ['DECIMAL(30, 20)', '%', 'DECIMAL(25, 20)', 'DECIMAL(25, 20)'],
    ['INT NOT NULL', '+', 'BIGINT NOT NULL', 'BIGINT NOT NULL'],
    ['DECIMAL(3, 2)', '*', 'FLOAT', 'DOUBLE'],
    ['INT', '/', 'INT', 'INT'],
    ['INT', '+', 'STRING', '-'],
  ] as const)('%s %s %s is %s', (a, operator, b, expected) => {
    expect(shown(arithmeticType(operator, type(a), type(b)))).toBe(expected)
  })
})

describe('casts', () => {
  test.each([
    // from, to, implicit, explicit
    ['INT', 'BIGINT', true, true],
    ['BIGINT', 'INT', false, true],
    ['DOUBLE', 'DECIMAL(10, 2)', true, true],
    ['DECIMAL(10, 2)', 'INT', false, true],
    ['BIGINT', 'FLOAT', true, true],
    ['DOUBLE', 'FLOAT', false, true],
    ['STRING', 'INT', false, true],
    ['INT', 'STRING', false, true],
    ['CHAR(3)', 'VARCHAR(2)', true, true],
    ['STRING', 'CHAR(3)', false, true],
    ['BYTES', 'STRING', false, true],
    ['STRING', 'BYTES', false, true],
    ['BOOLEAN', 'INT', false, true],
    ['INT', 'BOOLEAN', false, true],
    ['BIGINT', 'DATE', false, false],
    ['DATE', 'BIGINT', false, false],
    ['BIGINT', 'TIMESTAMP(3)', false, false],
    ['TIMESTAMP(3)', 'DATE', true, true],
    ['TIMESTAMP(3)', 'TIMESTAMP_LTZ(3)', true, true],
    ['TIMESTAMP_LTZ(3)', 'DATE', false, true],
    ['DATE', 'TIMESTAMP(3)', false, true],
    ['NULL', 'ROW<a INT>', true, true],
    ['ROW<a INT>', 'ROW<b BIGINT>', true, true],
    ['ROW<a BIGINT>', 'ROW<b INT>', false, true],
    ['ARRAY<INT>', 'ARRAY<STRING>', false, true],
    ['ARRAY<INT>', 'STRING', false, true],
    ['STRING', 'ARRAY<INT>', false, false],
    ['MAP<STRING, INT>', 'MAP<STRING, BIGINT>', true, true],
  ])('%s to %s: implicit %s, explicit %s', (from, to, implicit, explicit) => {
    expect(supportsImplicitCast(type(from), type(to))).toBe(implicit)
    expect(supportsCast(type(from), type(to))).toBe(explicit)
  })

  test('a text goes into a longer one as it is', () => {
    expect(isAssignable(type('CHAR(3)'), type('STRING'))).toBe(true)
    expect(isAssignable(type('STRING'), type('VARCHAR(3)'))).toBe(false)
    expect(isAssignable(type('INT'), type('BIGINT'))).toBe(false)
    expect(isAssignable(type('ROW<a INT, b CHAR(2)>'), type('ROW<x INT, y STRING>'))).toBe(true)
    expect(isAssignable(type('MAP<CHAR(1), INT>'), type('MAP<STRING, BIGINT>'))).toBe(false)
  })
})

describe('declared types', () => {
  test.each([
    ['CHAR', 'CHAR(1)'],
    ['VARCHAR', 'STRING'],
    ['DECIMAL', 'DECIMAL(10, 0)'],
    ['TIMESTAMP', 'TIMESTAMP(6)'],
    ['TIME', 'TIME(0)'],
    ['TIMESTAMP(3) WITH LOCAL TIME ZONE', 'TIMESTAMP_LTZ(3)'],
    ['INTERVAL DAY TO SECOND', 'INTERVAL DAY TO SECOND(3)'],
    ['INTERVAL YEAR', 'INTERVAL YEAR TO MONTH'],
    ["ROW<a INT NOT NULL 'key', b ROW(c STRING)>", "ROW<`a` INT NOT NULL 'key', `b` ROW<`c` STRING>>"],
    ['INT ARRAY', 'ARRAY<INT>'],
    ['STRING MULTISET NOT NULL', 'MULTISET<STRING> NOT NULL'],
  ])('%s is %s', (text, expected) => {
    expect(shown(type(text))).toBe(expected)
  })

  test.each(['DECIMAL(0)', 'DECIMAL(5, 6)', 'TIMESTAMP(10)', 'CHAR(0)', 'TIMESTAMP WITH TIME ZONE'])(
    '%s is refused',
    (text) => {
      expect(() => type(text)).toThrow(/out of range|not supported/)
    },
  )
})
