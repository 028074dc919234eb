import { describe, expect, it } from 'vitest'
import { createBatch } from '../../core/change-batch.ts'
import type { Value } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import * as types from '../../core/types.ts'
import type { SqlType } from '../../core/types.ts'
import type { SinkContext } from '../api/sink.ts'
import { sinkContext } from '../test-support/contexts.ts'
import { createSink } from './index.ts'

function print(
  values: readonly (readonly [SqlType, Value])[],
  options: Record<string, string> = {},
  overrides: Partial<SinkContext> = {},
): { out: string; error: string } {
  const columns = Object.fromEntries(values.map(([type], index) => [`c${index}`, type]))
  const written = { out: '', error: '' }
  const output = {
    write: (text: string) => {
      written.out += text
    },
    writeError: (text: string) => {
      written.error += text
    },
  }
  const sink = createSink(
    sinkContext({ columns, options: { connector: 'print', ...options } }, { output, ...overrides }),
  )
  const schema = { fields: values.map(([type], index) => ({ name: `c${index}`, type })) }
  const kinds = Uint8Array.of(0, 1, 2, 3)
  const rows = [0, 1, 2, 3]
  const batchColumns = values.map(([type, value]) =>
    columnOf(
      type,
      rows.map(() => value),
    ),
  )
  void sink.write(createBatch(schema, batchColumns, 4, kinds))
  return written
}

function first(type: SqlType, value: Value): string {
  return print([[type, value]]).out.split('\n')[0] ?? ''
}

describe('print', () => {
  it('writes row kinds as Flink does', () => {
    expect(
      print([
        [types.INT, 1],
        [types.STRING, 'a'],
      ]).out,
    ).toBe('+I[1, a]\n-U[1, a]\n+U[1, a]\n-D[1, a]\n')
  })

  it('writes values as Java does', () => {
    expect(first(types.STRING, null)).toBe('+I[null]')
    expect(first(types.DOUBLE, 1e10)).toBe('+I[1.0E10]')
    expect(first(types.decimal(10, 2), 1250n)).toBe('+I[12.50]')
    expect(first(types.decimal(20, 10), 27n)).toBe('+I[2.7E-9]')
    expect(first(types.DATE, 0)).toBe('+I[1970-01-01]')
    expect(first({ kind: 'TIME', precision: 0, nullable: true }, 36_000_000)).toBe('+I[10:00]')
    expect(first(types.timestamp(3), 1706695200000n)).toBe('+I[2024-01-31T10:00]')
    expect(first(types.timestamp(3), 1706695201500n)).toBe('+I[2024-01-31T10:00:01.500]')
    expect(first(types.timestamp(6), -1n)).toBe('+I[1969-12-31T23:59:59.999999]')
    expect(first(types.timestampLtz(3), 1706695200000n)).toBe('+I[2024-01-31T10:00:00Z]')
    expect(first(types.BYTES, Uint8Array.of(1, 255))).toBe('+I[[1, -1]]')
    expect(first({ kind: 'ARRAY', element: types.INT, nullable: true }, [1, null])).toBe('+I[[1, null]]')
    expect(first({ kind: 'MAP', key: types.STRING, value: types.INT, nullable: true }, [['a', 1]])).toBe('+I[{a=1}]')
    const row: SqlType = { kind: 'ROW', fields: [{ name: 'x', type: types.INT }], nullable: true }
    expect(first(row, [1])).toBe('+I[+I[1]]')
  })

  it('honours its options', () => {
    const one = [[types.INT, 1]] as const
    expect(print(one, { 'print-identifier': 'out' }).out).toMatch(/^out> \+I\[1\]\n/)
    expect(print(one, {}, { subtask: 1, parallelism: 2 }).out).toMatch(/^2> \+I\[1\]\n/)
    expect(print(one, { 'print-identifier': 'out' }, { subtask: 1, parallelism: 2 }).out).toMatch(/^out:2> /)
    const { out, error } = print(one, { 'standard-error': 'true' })
    expect([out, error.split('\n')[0]]).toEqual(['', '+I[1]'])
  })
})
