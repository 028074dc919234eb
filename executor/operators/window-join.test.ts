import { describe, expect, it } from 'vitest'
import { INSERT_ONLY } from '../../catalog/connector.ts'
import { BIGINT, BOOLEAN, INT, type Schema, type SqlType, STRING, timestamp, timestampLtz } from '../../core/types.ts'
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
    { name: 'k', type: INT },
    { name: 'v', type: STRING },
    { name: 'window_end', type: timestamp(3) },
  ],
}
const RIGHT: Schema = {
  fields: [
    { name: 'window_end', type: timestamp(3) },
    { name: 'k', type: INT },
    { name: 'w', type: BIGINT },
  ],
}

type JoinType = NodeOf<'window-join'>['joinType']

function options(
  joinType: JoinType,
  more: Partial<NodeOf<'window-join'>> = {},
  timeType: SqlType = timestamp(3),
  timeZone = 'UTC',
): HarnessOptions {
  const semi = joinType === 'semi' || joinType === 'anti'
  const node: NodeOf<'window-join'> = {
    kind: 'window-join',
    id: 2,
    uid: 'j',
    inputs: [0, 1],
    description: 'WindowJoin',
    changelog: INSERT_ONLY,
    schema: { fields: semi ? LEFT.fields : [...LEFT.fields, ...RIGHT.fields] },
    joinType,
    leftKeys: [0],
    rightKeys: [1],
    filterNulls: [true],
    window: { kind: 'tumble', size: 10, step: 10, offset: 0, time: 'rowtime', timeColumn: 0 },
    left: { start: 2, end: 2, timeType },
    right: { start: 0, end: 0, timeType },
    where: undefined,
    ...more,
  }
  return { node, input: LEFT, secondInput: RIGHT, timeZone }
}

function run(harness: HarnessOptions, steps: readonly OperatorStep[]): readonly string[] {
  const { straight, recovered, tiny } = runThreeWays(harness, steps)
  expect(recovered).toEqual(straight)
  expect(tiny).toEqual(straight)
  return straight
}

const left = (rows: string): OperatorStep => ({ rows, input: 0 })
const right = (rows: string): OperatorStep => ({ rows, input: 1 })

const STEPS: readonly OperatorStep[] = [
  left('1 a 10\n1 b 10\n2 c 10\nNULL d 10\n1 e 20'),
  right('10 1 1\n10 1 2\n10 3 3\n10 NULL 4\n20 1 5'),
  { watermark: 8 },
  { watermark: 9 },
]

describe('window join', () => {
  it.each<[JoinType, readonly string[]]>([
    ['inner', ['+I 1 a 10 10 1 1', '+I 1 a 10 10 1 2', '+I 1 b 10 10 1 1', '+I 1 b 10 10 1 2']],
    [
      'left',
      [
        '+I 1 a 10 10 1 1',
        '+I 1 a 10 10 1 2',
        '+I 1 b 10 10 1 1',
        '+I 1 b 10 10 1 2',
        '+I 2 c 10 NULL NULL NULL',
        '+I NULL d 10 NULL NULL NULL',
      ],
    ],
    [
      'right',
      [
        '+I 1 a 10 10 1 1',
        '+I 1 b 10 10 1 1',
        '+I 1 a 10 10 1 2',
        '+I 1 b 10 10 1 2',
        '+I NULL NULL NULL 10 NULL 4',
        '+I NULL NULL NULL 10 3 3',
      ],
    ],
    [
      'full',
      [
        '+I 1 a 10 10 1 1',
        '+I 1 a 10 10 1 2',
        '+I 1 b 10 10 1 1',
        '+I 1 b 10 10 1 2',
        '+I 2 c 10 NULL NULL NULL',
        '+I NULL d 10 NULL NULL NULL',
        '+I NULL NULL NULL 10 NULL 4',
        '+I NULL NULL NULL 10 3 3',
      ],
    ],
    ['semi', ['+I 1 a 10', '+I 1 b 10']],
    ['anti', ['+I 2 c 10', '+I NULL d 10']],
  ])('%s joins a window when it is past', (joinType, expected) => {
    expect(run(options(joinType), STEPS)).toEqual(['watermark 8', ...expected, 'watermark 9'])
  })

  it('tests the rest of the condition', () => {
    const condition: Expression = {
      kind: 'call',
      function: '=',
      args: [
        { kind: 'input', index: 5, type: BIGINT },
        { kind: 'literal', value: '2', type: BIGINT },
      ],
      type: BOOLEAN,
    }
    const steps = [left('1 a 10\n2 b 10'), right('10 1 1\n10 1 2\n10 2 3'), { watermark: 9 }]
    expect(run(options('full', { condition }), steps)).toEqual([
      '+I 1 a 10 10 1 2',
      '+I NULL NULL NULL 10 1 1',
      '+I 2 b 10 NULL NULL NULL',
      '+I NULL NULL NULL 10 2 3',
      'watermark 9',
    ])
  })

  it('fires windows in the order of their ends and drops rows of windows that are past', () => {
    const harness = new OperatorHarness(options('inner'))
    const steps = [
      left('1 b 20\n1 a 10'),
      right('20 1 2\n10 1 1'),
      { watermark: 30 },
      left('1 late 20\n1 c 40'),
      right('40 1 4'),
      { watermark: MAX_WATERMARK },
    ]
    for (const step of steps) harness.step(step)
    expect(harness.emitted).toEqual([
      '+I 1 a 10 10 1 1',
      '+I 1 b 20 20 1 2',
      'watermark 30',
      '+I 1 c 40 40 1 4',
      `watermark ${MAX_WATERMARK}`,
    ])
    expect(harness.operator.metrics?.()).toMatchObject({ stateEntries: 0, lateRows: 1 })
    expect(run(options('inner'), steps)).toEqual(harness.emitted)
    harness.recover()
    expect(harness.stored).toEqual(['watermark/0'])
  })

  it('waits for the wall clock of the time zone where the time is TIMESTAMP_LTZ', () => {
    const hour = 3_600_000
    const end = 10 * hour
    const steps = [left(`1 a ${end}`), right(`${end} 1 1`), { watermark: 2 * hour - 2 }, { watermark: 2 * hour - 1 }]
    // 10:00 in Shanghai is 02:00 UTC.
    expect(run(options('inner', {}, timestampLtz(3), 'Asia/Shanghai'), steps)).toEqual([
      `watermark ${2 * hour - 2}`,
      `+I 1 a ${end} ${end} 1 1`,
      `watermark ${2 * hour - 1}`,
    ])
  })
})
