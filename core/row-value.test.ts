import { describe, expect, it } from 'vitest'
import type { Value } from './column.ts'
import { type RowValue, rowValueReader, rowValueWriter } from './row-value.ts'
import {
  BIGINT,
  BOOLEAN,
  BYTES,
  DATE,
  decimal,
  DOUBLE,
  FLOAT,
  INT,
  type SqlType,
  STRING,
  timestamp,
  timestampLtz,
  TINYINT,
  withNullability,
} from './types.ts'

const POINT: SqlType = {
  kind: 'ROW',
  fields: [
    { name: 'x', type: INT },
    { name: 'y', type: STRING },
  ],
  nullable: true,
}
const COUNTS: SqlType = { kind: 'MULTISET', element: STRING, nullable: true }
const PRICES: SqlType = { kind: 'MAP', key: STRING, value: decimal(6, 2), nullable: true }

const CASES: readonly (readonly [SqlType, Value, RowValue])[] = [
  [BOOLEAN, true, true],
  [TINYINT, -128, -128],
  [BIGINT, 2n ** 62n, 2n ** 62n],
  [DOUBLE, 0.1, 0.1],
  [decimal(10, 2), -1205n, '-12.05'],
  [DATE, 1, '1970-01-02'],
  [{ kind: 'TIME', precision: 3, nullable: true }, 3_723_004, '01:02:03.004'],
  [timestamp(6), 1_000_001n, '1970-01-01 00:00:01.000001'],
  [timestampLtz(3), 1500n, new Date(1500)],
  [STRING, 'ü', 'ü'],
  [BYTES, Uint8Array.of(1, 2), Uint8Array.of(1, 2)],
  [{ kind: 'ARRAY', element: BIGINT, nullable: true }, [1n, null], [1n, null]],
  [POINT, [4, 'a'], { x: 4, y: 'a' }],
  [COUNTS, [['a', 2]], new Map([['a', 2]])],
  [PRICES, [['tea', 250n]], new Map([['tea', '2.50']])],
]

describe('values of rows', () => {
  it.each(CASES)('%j goes out and comes back', (type, value, expected) => {
    expect(rowValueReader(type)(value)).toEqual(expected)
    expect(rowValueReader(type)(null)).toBeNull()
    expect(rowValueWriter(type)(expected)).toEqual(value)
    expect(rowValueWriter(type)(undefined)).toBeNull()
    expect(rowValueWriter(withNullability(type, false))(null)).toBeUndefined()
  })

  it.each<readonly [SqlType, unknown, Value]>([
    [BIGINT, 5, 5n],
    [INT, 5n, 5],
    [FLOAT, 0.1, Math.fround(0.1)],
    [DOUBLE, 5n, 5],
    [decimal(6, 2), 1.005e2, 10050n],
    [decimal(6, 2), 7n, 700n],
    [DATE, new Date(86_400_000), 1],
    [timestamp(3), new Date(1500), 1500n],
    [POINT, [4, 'a'], [4, 'a']],
    [PRICES, { tea: '2.5' }, [['tea', 250n]]],
  ])('%j also takes %s', (type, given, value) => {
    expect(rowValueWriter(type)(given)).toEqual(value)
  })

  it.each<readonly [SqlType, unknown]>([
    [INT, 1.5],
    [INT, 2147483648],
    [TINYINT, -129],
    [BIGINT, 2 ** 60],
    [BIGINT, 2n ** 63n],
    [INT, '5'],
    [STRING, 5],
    [BOOLEAN, 1],
    [decimal(4, 2), 123],
    [DATE, 'tomorrow'],
    [timestampLtz(3), '1970-01-01'],
    [timestamp(3), new Date(Number.NaN)],
    [BYTES, 'abc'],
    [{ kind: 'ARRAY', element: INT, nullable: true }, [1, 'b']],
    [POINT, [4]],
    [POINT, { x: 'a', y: 'a' }],
    [PRICES, [['tea', '2.5']]],
  ])('%j does not take %s', (type, given) => {
    expect(rowValueWriter(type)(given)).toBeUndefined()
  })
})
