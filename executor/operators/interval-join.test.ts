import { describe, expect, it } from 'vitest'
import { INSERT_ONLY } from '../../catalog/connector.ts'
import { BIGINT, BOOLEAN, INT, type Schema, STRING, timestamp } from '../../core/types.ts'
import type { Expression } from '../../planner/expression.ts'
import type { IntervalBounds } from '../../planner/physical/join-nodes.ts'
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
    { name: 'k', type: INT },
    { name: 't', type: timestamp(3) },
    { name: 'v', type: STRING },
  ],
}
const RIGHT: Schema = {
  fields: [
    { name: 'k', type: INT },
    { name: 't', type: timestamp(3) },
    { name: 'w', type: BIGINT },
  ],
}
const TRUE: Expression = { kind: 'literal', value: true, type: BOOLEAN }

function options(
  joinType: NodeOf<'interval-join'>['joinType'],
  bounds: Partial<IntervalBounds> = {},
  more: Partial<NodeOf<'interval-join'>> = {},
): HarnessOptions {
  const node: NodeOf<'interval-join'> = {
    kind: 'interval-join',
    id: 2,
    uid: 'j',
    inputs: [0, 1],
    description: 'IntervalJoin',
    changelog: INSERT_ONLY,
    schema: { fields: [...LEFT.fields, ...RIGHT.fields] },
    joinType,
    leftKeys: [0],
    rightKeys: [0],
    filterNulls: [true],
    bounds: { time: 'rowtime', lower: -10, upper: 5, leftTime: 1, rightTime: 1, ...bounds },
    where: TRUE,
    minCleanupInterval: 0,
    ...more,
  }
  return { node, input: LEFT, secondInput: RIGHT }
}

/** Left rows join right rows from 5 before to 10 after them. */
function run(harness: HarnessOptions, steps: readonly OperatorStep[]): readonly string[] {
  const { straight, recovered, tiny } = runThreeWays(harness, steps)
  expect(recovered).toEqual(straight)
  expect(tiny).toEqual(straight)
  return straight
}

const left = (rows: string): OperatorStep => ({ rows, input: 0 })
const right = (rows: string): OperatorStep => ({ rows, input: 1 })

describe('interval join of event time', () => {
  it('joins rows within the bounds, both ends included', () => {
    expect(
      run(options('inner'), [
        left('1 100 a'),
        right('1 94 1\n1 95 2\n1 110 3\n1 111 4\n2 100 5'),
        left('1 99 b\n1 105 c\n1 120 d'),
        { watermark: 90 },
      ]),
    ).toEqual([
      '+I 1 100 a 1 95 2',
      '+I 1 100 a 1 110 3',
      '+I 1 99 b 1 94 1',
      '+I 1 99 b 1 95 2',
      '+I 1 105 c 1 110 3',
      '+I 1 105 c 1 111 4',
      'watermark 80',
    ])
  })

  it('gives a left row without a partner out when its timer is passed', () => {
    // The row may find partners up to 110: its timer is at 111.
    expect(
      run(options('left'), [left('1 100 a\n2 100 b'), right('2 101 7'), { watermark: 110 }, { watermark: 111 }]),
    ).toEqual(['+I 2 100 b 2 101 7', 'watermark 100', '+I 1 100 a NULL NULL NULL', 'watermark 101'])
  })

  it('waits longer with a minimum clean-up interval, and then takes out all that is too old', () => {
    const steps = [left('1 100 a\n1 103 b\n1 106 c'), { watermark: 130 }, { watermark: 131 }]
    expect(run(options('left', {}, { minCleanupInterval: 20 }), steps)).toEqual([
      'watermark 120',
      '+I 1 100 a NULL NULL NULL',
      '+I 1 103 b NULL NULL NULL',
      '+I 1 106 c NULL NULL NULL',
      'watermark 121',
    ])
  })

  it('gives rows of both sides out in a full join, NULL keys among them', () => {
    expect(
      run(options('full'), [
        left('NULL 100 a'),
        right('NULL 100 1\n3 100 2'),
        { watermark: 105 },
        { watermark: 106 },
        { watermark: 111 },
        { watermark: MAX_WATERMARK },
      ]),
    ).toEqual([
      'watermark 95',
      '+I NULL NULL NULL NULL 100 1',
      '+I NULL NULL NULL 3 100 2',
      'watermark 96',
      '+I NULL 100 a NULL NULL NULL',
      'watermark 101',
      `watermark ${MAX_WATERMARK}`,
    ])
  })

  it('neither keeps nor joins a late row, and gives it out at once where it is outer', () => {
    const steps = [right('1 50 1'), { watermark: 100 }, left('1 80 a'), left('1 90 b\n1 91 c'), { watermark: 101 }]
    expect(run(options('left'), steps)).toEqual([
      'watermark 90',
      '+I 1 80 a NULL NULL NULL',
      '+I 1 90 b NULL NULL NULL',
      'watermark 91',
    ])
  })

  it('tests the rest of the condition; a row whose partners all fail has none', () => {
    const condition: Expression = {
      kind: 'call',
      function: '>',
      args: [
        { kind: 'input', index: 5, type: BIGINT },
        { kind: 'literal', value: '5', type: BIGINT },
      ],
      type: BOOLEAN,
    }
    expect(
      run(options('full', {}, { condition }), [
        left('1 100 a'),
        right('1 100 5\n1 100 NULL\n1 101 6'),
        left('1 102 b'),
        { watermark: MAX_WATERMARK },
      ]),
    ).toEqual([
      '+I 1 100 a 1 101 6',
      '+I 1 102 b 1 101 6',
      '+I NULL NULL NULL 1 100 5',
      '+I NULL NULL NULL 1 100 NULL',
      `watermark ${MAX_WATERMARK}`,
    ])
  })

  it('gives a row out that has no candidates to test the rest of the condition with', () => {
    const condition: Expression = {
      kind: 'call',
      function: '>',
      args: [
        { kind: 'input', index: 5, type: BIGINT },
        { kind: 'literal', value: '5', type: BIGINT },
      ],
      type: BOOLEAN,
    }
    const steps = [{ watermark: 200 }, left('1 100 a')]
    expect(run(options('left', {}, { condition }), steps)).toEqual(['watermark 190', '+I 1 100 a NULL NULL NULL'])
  })

  it('has no partners at all where the bounds are empty', () => {
    const steps = [left('1 100 a'), right('1 100 1'), { watermark: 7 }]
    expect(run(options('right', { lower: 5, upper: 4 }), steps)).toEqual(['+I NULL NULL NULL 1 100 1', 'watermark 7'])
  })

  it('keeps state flat while the watermark follows', () => {
    const harness = new OperatorHarness(options('left'))
    let most = 0
    for (let round = 0; round < 100; round++) {
      const rows = Array.from({ length: 50 }, (_, i) => `${i % 7} ${round * 10 + (i % 10)} x`).join('\n')
      harness.step(left(rows))
      harness.step(right(rows.replaceAll('x', '1')))
      harness.step({ watermark: round * 10 })
      if (round > 10) most = Math.max(most, harness.operator.metrics?.().stateEntries ?? 0)
    }
    expect(most).toBeLessThan(400)
    harness.step({ watermark: MAX_WATERMARK })
    expect(harness.operator.metrics?.().stateEntries).toBe(0)
    harness.recover()
    expect(harness.stored.filter((page) => !/watermark|expired/.test(page))).toEqual([])
  })
})

describe('interval join of processing time', () => {
  it('takes the time of arrival, and gives out what is left at the end', () => {
    const steps: readonly OperatorStep[] = [
      { time: 1000 },
      left('1 0 a'),
      { time: 1005 },
      right('1 0 1'),
      { time: 1011 },
      left('2 0 b'),
      right('1 0 2'),
      { watermark: MAX_WATERMARK },
      { end: true },
    ]
    expect(run(options('left', { time: 'proctime' }), steps)).toEqual([
      '+I 1 0 a 1 0 1',
      `watermark ${MAX_WATERMARK}`,
      '+I 2 0 b NULL NULL NULL',
    ])
  })
})
