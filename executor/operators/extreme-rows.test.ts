import { describe, expect, it } from 'vitest'
import { INSERT_ONLY } from '../../catalog/connector.ts'
import { createBatch } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { BIGINT, type Schema, timestamp } from '../../core/types.ts'
import type { AggregateCall } from '../../planner/expression.ts'
import { createExtremeRows } from './extreme-rows.ts'
import type { NodeOf } from './operator-harness.ts'

const INPUT: Schema = {
  fields: [
    { name: 'ts', type: timestamp(3) },
    { name: 'v', type: BIGINT },
  ],
}

function call(name: 'MIN' | 'MAX' | 'SUM'): AggregateCall {
  return { function: name, args: [1], distinct: false, argumentTypes: [BIGINT], type: BIGINT, name }
}

function node(aggregates: readonly AggregateCall[], keys: readonly number[] = []): NodeOf<'window-aggregate'> {
  return {
    id: 1,
    uid: 'a',
    description: 'a',
    changelog: INSERT_ONLY,
    inputs: [0],
    schema: INPUT,
    kind: 'window-aggregate',
    form: 'window-function',
    window: { kind: 'tumble', time: 'rowtime', timeColumn: 0, size: 10, step: 10, offset: 0 },
    keys,
    aggregates,
    properties: [],
    inputRetracts: false,
  }
}

function longs(values: readonly (bigint | null)[]): Column {
  return {
    kind: 'i64',
    values: BigInt64Array.from(values, (value) => value ?? 0n),
    nulls: values.includes(null) ? Uint8Array.from(values, (value) => (value === null ? 1 : 0)) : null,
  }
}

/** @returns values of the rows that are kept */
function kept(
  aggregates: readonly AggregateCall[],
  times: readonly bigint[],
  values: readonly (bigint | null)[],
): bigint[] {
  const batch = createBatch(INPUT, [longs(times), longs(values)], times.length)
  const result = createExtremeRows(node(aggregates), INPUT, { timeZone: 'UTC' })?.of(batch)
  const column = result?.columns[1]
  return column?.kind === 'i64' ? [...column.values.subarray(0, result?.rows)] : []
}

describe('rows with extreme values', () => {
  const times = [1n, 2n, 11n, 3n, 12n, 13n, 4n, 5n, 6n, 7n]
  const values = [3n, -(1n << 40n), 7n, 1n << 40n, 9n, 8n, 4n, 5n, 6n, (1n << 40n) - 1n]

  it('are one of each slice for MAX, in the order of the batch', () => {
    expect(kept([call('MAX')], times, values)).toEqual([1n << 40n, 9n])
  })

  it('are two for MIN and MAX', () => {
    expect(kept([call('MIN'), call('MAX')], times, values)).toEqual([-(1n << 40n), 7n, 1n << 40n, 9n])
  })

  it('pass NULL by, unless there is nothing else', () => {
    const some = [null, 2n, null, 1n, null, null, null, 5n, 3n, 4n]
    expect(kept([call('MAX')], times, some)).toEqual([0n, 5n])
  })

  it('are all where that would hardly be fewer', () => {
    expect(kept([call('MAX')], [1n, 11n, 21n], [1n, 2n, 3n])).toEqual([1n, 2n, 3n])
  })

  it('are not enough for other aggregates, keys, or rows that are taken back', () => {
    const context = { timeZone: 'UTC' }
    expect(createExtremeRows(node([call('MAX'), call('SUM')]), INPUT, context)).toBeUndefined()
    expect(createExtremeRows(node([call('MAX')], [1]), INPUT, context)).toBeUndefined()
    expect(createExtremeRows({ ...node([call('MAX')]), inputRetracts: true }, INPUT, context)).toBeUndefined()
  })
})
