import { describe, expect, it } from 'vitest'
import type { Column, Value } from './column.ts'
import { columnOf } from './column-builder.ts'
import { createColumnBuffer } from './column-buffer.ts'
import { readValue } from './column-ops.ts'
import { BIGINT, BOOLEAN, decimal, DOUBLE, INT, type SqlType, STRING } from './types.ts'

const ROW: SqlType = {
  kind: 'ROW',
  nullable: true,
  fields: [
    { name: 'a', type: INT },
    { name: 'b', type: STRING },
  ],
}

const CASES: readonly (readonly [string, SqlType, readonly Value[]])[] = [
  ['numbers', BIGINT, [1n, null, -3n, 2n ** 60n]],
  ['wide numbers', decimal(38, 2), [1n << 100n, -5n, null, 7n]],
  ['booleans', BOOLEAN, [true, false, null, true]],
  ['doubles', DOUBLE, [1.5, null, -0.25, 9]],
  ['texts', STRING, ['x', null, '', 'a longer text, häßlich']],
  ['arrays', { kind: 'ARRAY', element: STRING, nullable: true }, [['a', null], [], null, ['b', 'c', 'd']]],
  ['maps', { kind: 'MAP', key: STRING, value: INT, nullable: true }, [[['k', 1]], null, [], [['l', null]]]],
  ['rows', ROW, [[1, 'x'], null, [null, 'y'], [2, null]]],
]

function valuesOf(column: Column, type: SqlType, rows: number): Value[] {
  return Array.from({ length: rows }, (_, row) => readValue(column, type, row))
}

describe.each(CASES)('%s', (_, type, values) => {
  it('are kept in the order in which they were appended, whatever becomes of the columns they came from', () => {
    const buffer = createColumnBuffer(type)
    for (let turn = 0; turn < 2; turn++) {
      buffer.clear()
      const expected: Value[] = []
      for (let batch = 0; batch < 500; batch++) {
        const column = columnOf(type, values)
        buffer.append(column, 1, 4)
        expected.push(...values.slice(1))
        if (column.kind === 'i64' || column.kind === 'i128') column.values.fill(0n)
        if (column.kind === 'bytes') column.data.fill(0)
        buffer.append({ kind: 'null', nulls: null }, 0, 1)
        expected.push(null)
      }
      expect(valuesOf(buffer.column(), type, expected.length)).toEqual(expected)
      expect(buffer.bytes).toBeGreaterThan(0)
    }
  })

  it('have no mask while none is NULL', () => {
    const buffer = createColumnBuffer(type)
    const some = values.filter((value) => value !== null)
    buffer.append(columnOf(type, some), 0, some.length)
    expect(buffer.column().nulls).toBeNull()
    buffer.append(columnOf(type, [null]), 0, 1)
    buffer.append(columnOf(type, some), 0, some.length)
    expect(valuesOf(buffer.column(), type, 2 * some.length + 1)).toEqual([...some, null, ...some])
  })
})
