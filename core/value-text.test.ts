import { expect, test } from 'vitest'
import { parseTimestamp } from './datetime-text.ts'
import { BIGINT, BOOLEAN, DATE, decimal, DOUBLE, FLOAT, INT, type SqlType, STRING, timestamp } from './types.ts'
import { parseValue, valueToText } from './value-text.ts'
import type { Value } from './column.ts'

test.each<[SqlType, Value, string]>([
  [BOOLEAN, true, 'true'],
  [DOUBLE, 1, '1.0'],
  [DOUBLE, 1e7, '1.0E7'],
  [DOUBLE, 0.001, '0.001'],
  [DOUBLE, 1.5e-5, '1.5E-5'],
  [FLOAT, Math.fround(0.1), '0.1'],
  [decimal(10, 2), -5n, '-0.05'],
  [DATE, 19_753, '2024-01-31'],
  [DATE, -719_162, '0001-01-01'],
  [timestamp(3), -1n, '1969-12-31 23:59:59.999'],
  [timestamp(0), 1000n, '1970-01-01 00:00:01'],
  [timestamp(9), 1n, '1970-01-01 00:00:00.000000001'],
  [{ kind: 'INTERVAL_DAY_TIME', nullable: true }, 93_784_005n, '+1 02:03:04.005'],
  [{ kind: 'INTERVAL_YEAR_MONTH', nullable: true }, -14, '-1-02'],
  [{ kind: 'ARRAY', element: INT, nullable: true }, [1, null], '[1, NULL]'],
  [{ kind: 'MAP', key: STRING, value: INT, nullable: true }, [['a', 1]], '{a=1}'],
])('%j %s is written %s', (type, value, text) => {
  expect(valueToText(value, type)).toBe(text)
})

test.each<[string, SqlType, Value | undefined]>([
  [' 12 ', INT, 12],
  ['3.9', INT, 3],
  ['2147483648', INT, undefined],
  ['9223372036854775807', BIGINT, 9223372036854775807n],
  ['9223372036854775808', BIGINT, undefined],
  ['1.005', decimal(5, 2), 101n],
  ['-1.005', decimal(5, 2), -101n],
  ['1e3', decimal(5, 2), undefined],
  ['yes', BOOLEAN, true],
  ['2024-02-30', DATE, undefined],
  ['abc', DOUBLE, undefined],
])('%j as %j is %s', (text, type, value) => {
  expect(parseValue(text, type)).toEqual(value)
})

test('timestamps come back from their text at every precision', () => {
  for (let precision = 0; precision <= 9; precision++) {
    const value = parseTimestamp('2024-02-29 23:59:59.123456789', precision)
    expect(valueToText(value ?? null, timestamp(precision))).toBe(
      '2024-02-29 23:59:59.123456789'.slice(0, precision === 0 ? 19 : 20 + precision),
    )
  }
})
