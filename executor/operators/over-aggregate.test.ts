import { describe, expect, it } from 'vitest'
import { INSERT_ONLY } from '../../catalog/connector.ts'
import { BIGINT, INT, type Schema, STRING, timestamp } from '../../core/types.ts'
import type { AggregateCall } from '../../planner/expression.ts'
import { type NodeOf, OperatorHarness, type OperatorStep, runThreeWays } from './operator-harness.ts'

const INPUT: Schema = {
  fields: [
    { name: 'k', type: STRING },
    { name: 'v', type: INT },
    { name: 'ts', type: timestamp(3) },
  ],
}

function call(name: string, args: readonly number[], more: Partial<AggregateCall> = {}): AggregateCall {
  const type = name === 'COUNT' || name === 'ROW_NUMBER' ? { ...BIGINT, nullable: false } : INT
  const argumentTypes = args.map((arg) => INPUT.fields[arg]?.type ?? INT)
  return { function: name, args, distinct: false, argumentTypes, type, name, ...more }
}

function over(more: Partial<NodeOf<'over-aggregate'>>): NodeOf<'over-aggregate'> {
  const calls = more.calls ?? [call('SUM', [1]), call('COUNT', [])]
  return {
    kind: 'over-aggregate',
    id: 1,
    uid: 'o',
    inputs: [0],
    description: '',
    changelog: INSERT_ONLY,
    schema: { fields: [...INPUT.fields, ...calls.map(({ name, type }) => ({ name, type }))] },
    keys: [0],
    order: { column: 2, descending: false, nullsFirst: true },
    time: 'rowtime',
    frame: { unit: 'RANGE', start: null, end: 0 },
    calls,
    emitUpdateBefore: false,
    inputRetracts: false,
    stateTtl: 0,
    ...more,
  }
}

function expectAll(node: NodeOf<'over-aggregate'>, steps: readonly OperatorStep[], expected: string): void {
  const runs = runThreeWays({ node, input: INPUT }, steps)
  const lines = expected.split('\n').map((line) => line.trim())
  expect(runs.straight).toEqual(lines)
  expect(runs.recovered).toEqual(lines)
  expect(runs.tiny).toEqual(lines)
}

const STEPS: readonly OperatorStep[] = [
  { rows: 'b 1 20\na 2 10\na 3 20\nb 4 10' },
  { watermark: 15 },
  { rows: 'a 5 20\na NULL 30\nc 6 12\na 7 16' },
  { watermark: 20 },
  { watermark: 40 },
]

describe('OVER by event time', () => {
  it('over everything before: rows of one time see each other, by groups in the order of their first rows', () => {
    expectAll(
      over({}),
      STEPS,
      `+I a 2 10 2 1
       +I b 4 10 4 1
       watermark 15
       +I a 7 16 9 2
       +I b 1 20 5 2
       +I a 3 20 17 4
       +I a 5 20 17 4
       watermark 20
       +I a NULL 30 17 5
       watermark 40`,
    )
  })

  it('row by row', () => {
    expectAll(
      over({ frame: { unit: 'ROWS', start: null, end: 0 } }),
      STEPS,
      `+I a 2 10 2 1
       +I b 4 10 4 1
       watermark 15
       +I a 7 16 9 2
       +I b 1 20 5 2
       +I a 3 20 12 3
       +I a 5 20 17 4
       watermark 20
       +I a NULL 30 17 5
       watermark 40`,
    )
  })

  it('over the last rows, where only what is not above the last row of the partition is late', () => {
    expectAll(
      over({
        frame: { unit: 'ROWS', start: -1, end: 0 },
        calls: [call('SUM', [1]), call('MIN', [1]), call('MAX', [1])],
      }),
      STEPS,
      `+I a 2 10 2 2 2
       +I b 4 10 4 4 4
       watermark 15
       +I c 6 12 6 6 6
       +I a 7 16 9 2 7
       +I b 1 20 5 1 4
       +I a 3 20 10 3 7
       +I a 5 20 8 3 5
       watermark 20
       +I a NULL 30 5 5 5
       watermark 40`,
    )
  })

  it('over the last time', () => {
    expectAll(
      over({ frame: { unit: 'RANGE', start: -6, end: 0 } }),
      STEPS,
      `+I a 2 10 2 1
       +I b 4 10 4 1
       watermark 15
       +I c 6 12 6 1
       +I a 7 16 9 2
       +I b 1 20 1 1
       +I a 3 20 15 3
       +I a 5 20 15 3
       watermark 20
       +I a NULL 30 NULL 1
       watermark 40`,
    )
  })

  it('counts late rows', () => {
    const late = (start: number | null): number => {
      const harness = new OperatorHarness({ node: over({ frame: { unit: 'ROWS', start, end: 0 } }), input: INPUT })
      for (const step of STEPS) harness.step(step)
      harness.step({ rows: 'a 1 30\na 1 39\nz 1 5' })
      return harness.operator.metrics?.().lateRows ?? -1
    }
    expect(late(null)).toBe(4)
    expect(late(-1)).toBe(1)
  })

  it('forgets a partition whose rows are out of reach', () => {
    const harness = new OperatorHarness({ node: over({ frame: { unit: 'RANGE', start: -10, end: 0 } }), input: INPUT })
    harness.step({ rows: 'a 1 1000\nb 1 1005' })
    harness.step({ watermark: 1015 })
    expect(harness.operator.metrics?.().stateEntries).toBe(4)
    harness.step({ watermark: 1016 })
    expect(harness.operator.metrics?.().stateEntries).toBe(2)
    harness.recover()
    harness.step({ rows: 'b 2 1030' })
    harness.step({ watermark: 1100 })
    expect(harness.operator.metrics?.().stateEntries).toBe(0)
    expect(harness.emitted.filter((line) => line.startsWith('+I'))).toEqual([
      '+I a 1 1000 1 1',
      '+I b 1 1005 1 1',
      '+I b 2 1030 2 1',
    ])
  })

  it('forgets a partition without rows for the time to live, but no row that waits', () => {
    const node = over({ stateTtl: 100, frame: { unit: 'ROWS', start: -5, end: 0 } })
    expectAll(
      node,
      [{ rows: 'a 1 10\nb 1 50' }, { watermark: 20 }, { time: 150 }, { rows: 'a 2 30' }, { watermark: 60 }],
      `+I a 1 10 1 1
       watermark 20
       +I a 2 30 2 1
       +I b 1 50 1 1
       watermark 60`,
    )
  })

  it('looks back, with NULL or a default where there is nothing', () => {
    const lag = (offset: number, args: readonly number[]): AggregateCall => call('LAG', args, { offset })
    expectAll(
      over({ frame: { unit: 'RANGE', start: null, end: 0 }, calls: [lag(1, [1]), lag(2, [1, 1])] }),
      STEPS,
      `+I a 2 10 NULL 2
       +I b 4 10 NULL 4
       watermark 15
       +I a 7 16 2 7
       +I b 1 20 4 1
       +I a 3 20 3 7
       +I a 5 20 3 7
       watermark 20
       +I a NULL 30 5 3
       watermark 40`,
    )
  })
})

describe('OVER by processing time', () => {
  const steps: readonly OperatorStep[] = [
    { rows: 'a 1 0\nb 2 0\na 3 0' },
    { time: 10 },
    { rows: 'a 4 0\na 5 0' },
    { time: 15 },
    { rows: 'a 6 0' },
    { time: 40 },
    { rows: 'a 7 0' },
    { end: true },
  ]

  it('over everything before', () => {
    const runs = `+I a 1 0 1 1
       +I b 2 0 2 1
       +I a 3 0 4 2
       +I a 4 0 8 3
       +I a 5 0 13 4
       +I a 6 0 19 5
       +I a 7 0 26 6`
    expectAll(over({ time: 'proctime' }), steps, runs)
    expectAll(over({ time: 'proctime', frame: { unit: 'ROWS', start: null, end: 0 } }), steps, runs)
  })

  it('over the last rows', () => {
    expectAll(
      over({ time: 'proctime', frame: { unit: 'ROWS', start: -1, end: 0 } }),
      steps,
      `+I a 1 0 1 1
       +I b 2 0 2 1
       +I a 3 0 4 2
       +I a 4 0 7 2
       +I a 5 0 9 2
       +I a 6 0 11 2
       +I a 7 0 13 2`,
    )
  })

  it('over the last time, when the millisecond is over', () => {
    expectAll(
      over({ time: 'proctime', frame: { unit: 'RANGE', start: -10, end: 0 } }),
      steps,
      `+I a 1 0 4 2
       +I a 3 0 4 2
       +I b 2 0 2 1
       +I a 4 0 13 4
       +I a 5 0 13 4
       +I a 6 0 15 3
       +I a 7 0 7 1`,
    )
  })
})
