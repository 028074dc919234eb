import { describe, expect, it } from 'vitest'
import { ALL_CHANGES, INSERT_ONLY } from '../../catalog/connector.ts'
import { BIGINT, BOOLEAN, type Schema, STRING, timestamp } from '../../core/types.ts'
import type { Expression } from '../../planner/expression.ts'
import {
  type HarnessOptions,
  type NodeOf,
  OperatorHarness,
  type OperatorStep,
  runThreeWays,
} from './operator-harness.ts'
import { MAX_WATERMARK } from './operator.ts'

const LEFT: Schema = {
  fields: [
    { name: 'id', type: BIGINT },
    { name: 'k', type: STRING },
    { name: 't', type: timestamp(3) },
  ],
}
const RIGHT: Schema = {
  fields: [
    { name: 'k', type: STRING },
    { name: 'rate', type: BIGINT },
    { name: 't', type: timestamp(3) },
  ],
}
const TRUE: Expression = { kind: 'literal', value: true, type: BOOLEAN }

function options(
  joinType: NodeOf<'temporal-join'>['joinType'],
  more: Partial<NodeOf<'temporal-join'>> = {},
): HarnessOptions {
  const node: NodeOf<'temporal-join'> = {
    kind: 'temporal-join',
    id: 2,
    uid: 'j',
    inputs: [0, 1],
    description: 'TemporalJoin',
    changelog: INSERT_ONLY,
    schema: { fields: [...LEFT.fields, ...RIGHT.fields] },
    joinType,
    leftKeys: [1],
    rightKeys: [0],
    filterNulls: [true],
    leftTime: 2,
    rightTime: 2,
    primaryKey: [0],
    where: TRUE,
    stateTtl: 0,
    ...more,
  }
  return { node, input: LEFT, secondInput: RIGHT }
}

function run(harness: HarnessOptions, steps: readonly OperatorStep[]): readonly string[] {
  const { straight, recovered, tiny } = runThreeWays(harness, steps)
  expect(recovered).toEqual(straight)
  expect(tiny).toEqual(straight)
  return straight
}

const left = (rows: string): OperatorStep => ({ rows, input: 0 })
const right = (rows: string): OperatorStep => ({ rows, input: 1 })

describe('event-time temporal join', () => {
  it('finds the version of the row at its time, whatever the order of arrival', () => {
    const steps = [
      left('1 eur 5\n2 eur 12\n3 usd 12\n4 eur 10'),
      right('+I eur 100 10\n+U eur 90 3\n+U eur 120 20'),
      { watermark: 15 },
      left('5 eur 25\n6 eur 19'),
      { watermark: 30 },
    ]
    expect(run(options('inner'), steps)).toEqual([
      '+I 1 eur 5 eur 90 3',
      '+I 2 eur 12 eur 100 10',
      '+I 4 eur 10 eur 100 10',
      'watermark 15',
      '+I 5 eur 25 eur 120 20',
      '+I 6 eur 19 eur 100 10',
      'watermark 30',
    ])
  })

  it('has no version before the first one and after a deletion', () => {
    const steps = [
      left('1 eur 5\n2 eur 15\n3 eur 25\n4 eur 35'),
      right('+I eur 100 10\n-D eur 100 20\n+I eur 130 30'),
      { watermark: MAX_WATERMARK },
    ]
    expect(run(options('left'), steps)).toEqual([
      '+I 1 eur 5 NULL NULL NULL',
      '+I 2 eur 15 eur 100 10',
      '+I 3 eur 25 NULL NULL NULL',
      '+I 4 eur 35 eur 130 30',
      `watermark ${MAX_WATERMARK}`,
    ])
  })

  it('takes the last of several versions with one time', () => {
    const steps = [right('+I eur 1 10\n+U eur 2 10'), right('+U eur 3 10'), left('1 eur 10'), { watermark: 10 }]
    expect(run(options('inner'), steps)).toEqual(['+I 1 eur 10 eur 3 10', 'watermark 10'])
  })

  it('gives a row out when the watermark reaches its time, a late one with the next watermark', () => {
    const steps = [
      right('+I eur 1 1\n+U eur 2 5\n+U eur 3 9'),
      left('1 eur 6'),
      { watermark: 5 },
      { watermark: 6 },
      left('2 eur 2'),
      { watermark: 7 },
    ]
    // Of the versions that are past only the newest is left: at 2 there is none any more.
    expect(run(options('left'), steps)).toEqual([
      'watermark 5',
      '+I 1 eur 6 eur 2 5',
      'watermark 6',
      '+I 2 eur 2 NULL NULL NULL',
      'watermark 7',
    ])
  })

  it('keeps the row kinds of the left side', () => {
    const harness = options('left', { changelog: ALL_CHANGES })
    const steps = [right('+I eur 1 1'), left('+I 1 eur 5\n-U 1 eur 5\n+U 1 eur 6\n-D 1 eur 6'), { watermark: 6 }]
    expect(run(harness, steps)).toEqual([
      '+I 1 eur 5 eur 1 1',
      '-U 1 eur 5 eur 1 1',
      '+U 1 eur 6 eur 1 1',
      '-D 1 eur 6 eur 1 1',
      'watermark 6',
    ])
  })

  it('tests the rest of the condition', () => {
    const condition: Expression = {
      kind: 'call',
      function: '>',
      args: [
        { kind: 'input', index: 4, type: BIGINT },
        { kind: 'input', index: 0, type: BIGINT },
      ],
      type: BOOLEAN,
    }
    const steps = [right('+I eur 2 1'), left('1 eur 5\n2 eur 5\n3 usd 5'), { watermark: 6 }]
    expect(run(options('inner', { condition }), steps)).toEqual(['+I 1 eur 5 eur 2 1', 'watermark 6'])
    expect(run(options('left', { condition }), steps)).toEqual([
      '+I 1 eur 5 eur 2 1',
      '+I 2 eur 5 NULL NULL NULL',
      '+I 3 usd 5 NULL NULL NULL',
      'watermark 6',
    ])
  })

  it('clears the state of a key that nothing came for, one and a half times the time to live after', () => {
    const harness = new OperatorHarness(options('left', { stateTtl: 1000 }))
    harness.step(right('+I eur 1 1'))
    harness.step({ watermark: 1 })
    harness.step({ time: 1499 })
    expect(harness.operator.metrics?.().stateEntries).toBe(1)
    harness.recover()
    harness.step({ time: 1500 })
    expect(harness.operator.metrics?.().stateEntries).toBe(0)
  })

  it('keeps one past version for each key', () => {
    const harness = new OperatorHarness(options('inner'))
    for (let round = 0; round < 200; round++) {
      harness.step(right(`+U k${round % 5} ${round} ${round}`))
      harness.step(left(`${round} k${round % 5} ${round}`))
      harness.step({ watermark: round })
      expect(harness.operator.metrics?.().stateEntries).toBeLessThanOrEqual(5)
    }
    expect(harness.emitted.filter((line) => line.startsWith('+I'))).toHaveLength(200)
  })
})
