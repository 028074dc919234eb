import { describe, expect, it } from 'vitest'
import { ALL_CHANGES } from '../../catalog/connector.ts'
import { type Schema, type SqlType, STRING, timestamp, timestampLtz } from '../../core/types.ts'
import type { AlignedWindow } from '../../planner/physical/window-spec.ts'
import { type NodeOf, type OperatorStep, runThreeWays } from './operator-harness.ts'

function emitted(
  window: Partial<AlignedWindow>,
  rows: string,
  time: SqlType = timestamp(3),
  timeZone = 'UTC',
  before: readonly OperatorStep[] = [],
): readonly string[] {
  const input: Schema = {
    fields: [
      { name: 'ts', type: time },
      { name: 's', type: STRING },
    ],
  }
  const bounds = ['window_start', 'window_end'].map((name) => ({ name, type: timestamp(3) }))
  const node: NodeOf<'window-table-function'> = {
    kind: 'window-table-function',
    id: 1,
    uid: 'w',
    inputs: [0],
    description: '',
    changelog: ALL_CHANGES,
    schema: { fields: [...input.fields, ...bounds, { name: 'window_time', type: time }] },
    window: { kind: 'tumble', size: 10, step: 10, offset: 0, time: 'rowtime', timeColumn: 0, ...window },
  }
  const runs = runThreeWays({ node, input, timeZone }, [...before, { rows }])
  expect(runs.tiny).toEqual(runs.straight)
  return runs.straight
}

describe('window table function', () => {
  it('appends the window of TUMBLE and keeps the row kind', () => {
    expect(emitted({}, '3 a\n13 b\n-D 13 b')).toEqual(['+I 3 a 0 10 9', '+I 13 b 10 20 19', '-D 13 b 10 20 19'])
  })

  it('repeats a row for each window of HOP, the last one first', () => {
    expect(emitted({ kind: 'hop', size: 20, step: 10 }, '3 a')).toEqual(['+I 3 a 0 20 19', '+I 3 a -10 10 9'])
  })

  it('repeats a row for each longer window of CUMULATE', () => {
    expect(emitted({ kind: 'cumulate', size: 30, step: 10, offset: 5 }, '17 a')).toEqual([
      '+I 17 a 5 25 24',
      '+I 17 a 5 35 34',
    ])
  })

  it('lays windows of TIMESTAMP_LTZ on the wall clock, with window_time as an instant', () => {
    const hour = 3_600_000
    expect(emitted({ size: 24 * hour, step: 24 * hour }, `${23 * hour} a`, timestampLtz(3), 'Asia/Tokyo')).toEqual([
      `+I ${23 * hour} a ${24 * hour} ${48 * hour} ${39 * hour - 1}`,
    ])
  })

  it('takes the clock for processing time', () => {
    expect(emitted({ time: 'proctime' }, 'NULL a', timestampLtz(3), 'UTC', [{ time: 25 }])).toEqual([
      '+I NULL a 20 30 29',
    ])
  })
})
