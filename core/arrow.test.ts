import * as arrow from 'apache-arrow'
import { expect, test } from 'vitest'
import { toArrow } from './arrow.ts'
import { createBatch } from './change-batch.ts'
import type { Value } from './column.ts'
import { columnOf } from './column-builder.ts'
import { BIGINT, BOOLEAN, decimal, INT, type SqlType, STRING, timestamp } from './types.ts'

const COLUMNS: readonly (readonly [SqlType, readonly Value[], readonly unknown[]])[] = [
  [BIGINT, [1n, null, 9007199254740993n], [1n, null, 9007199254740993n]],
  [BOOLEAN, [true, false, null], [true, false, null]],
  [STRING, ['a', 'bcü', ''], ['a', 'bcü', '']],
  [timestamp(3), [1n, 2n, null], [1, 2, null]],
  [{ kind: 'ARRAY', element: INT, nullable: true }, [[1, 2], [], null], [[1, 2], [], null]],
]

test('batches go through Arrow IPC and come back with the same values', () => {
  const schema = { fields: COLUMNS.map(([type], index) => ({ name: `c${index}`, type })) }
  const batch = createBatch(
    schema,
    COLUMNS.map(([type, values]) => columnOf(type, values)),
    3,
  )
  const table = arrow.tableFromIPC(arrow.tableToIPC(new arrow.Table([toArrow(batch)])))
  COLUMNS.forEach(([, , expected], index) => {
    const vector = table.getChildAt(index)
    const values = Array.from({ length: 3 }, (_, row) => {
      const value: unknown = vector?.get(row)
      return value instanceof arrow.Vector ? [...(value as Iterable<unknown>)] : value
    })
    expect(values).toEqual(expected)
  })
})

test('decimals of both widths are 128-bit decimals, negative ones too', () => {
  const types = [decimal(10, 2), decimal(38, 2)]
  const schema = { fields: types.map((type, index) => ({ name: `d${index}`, type })) }
  const batch = createBatch(
    schema,
    types.map((type) => columnOf(type, [-12345n, 7n])),
    2,
  )
  const table = arrow.tableFromIPC(arrow.tableToIPC(new arrow.Table([toArrow(batch)])))
  for (const index of [0, 1]) {
    const words = table.getChildAt(index)?.get(0) as Uint32Array
    const low = BigInt(words[0] ?? 0) | (BigInt(words[1] ?? 0) << 32n)
    const high = BigInt(words[2] ?? 0) | (BigInt(words[3] ?? 0) << 32n)
    expect((BigInt.asIntN(64, high) << 64n) | low).toBe(-12345n)
  }
})
