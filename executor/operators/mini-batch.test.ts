import { describe, expect, it } from 'vitest'
import { ALL_CHANGES, INSERT_ONLY } from '../../catalog/connector.ts'
import { BIGINT, type Schema, STRING, withNullability } from '../../core/types.ts'
import type { AggregateCall } from '../../planner/expression.ts'
import { materialize, type NodeOf, OperatorHarness, type OperatorStep, runThreeWays } from './operator-harness.ts'

const INPUT: Schema = {
  fields: [
    { name: 'k', type: STRING },
    { name: 'v', type: BIGINT },
  ],
}

function call(name: string, args: readonly number[]): AggregateCall {
  const argumentTypes = args.map((arg) => INPUT.fields[arg]?.type ?? BIGINT)
  const type = name === 'LISTAGG' ? STRING : withNullability(BIGINT, name !== 'COUNT')
  return { function: name, args, distinct: false, argumentTypes, type, name }
}

function aggregate(options: Partial<NodeOf<'group-aggregate'>> = {}): NodeOf<'group-aggregate'> {
  const aggregates = [call('COUNT', []), call('SUM', [1]), call('LISTAGG', [0])]
  return {
    kind: 'group-aggregate',
    id: 1,
    uid: 'a',
    inputs: [0],
    description: 'GroupAggregate',
    schema: { fields: [{ name: 'k', type: STRING }, ...aggregates.map(({ name, type }) => ({ name, type }))] },
    changelog: ALL_CHANGES,
    upsertKey: [0],
    keys: [0],
    aggregates,
    emitUpdateBefore: true,
    inputRetracts: true,
    stateTtl: 0,
    miniBatch: { size: 4 },
    ...options,
  }
}

describe('group aggregate over bundles', () => {
  const steps: readonly OperatorStep[] = [
    { rows: '+I a 1\n+I b 2\n+I a 3\n-D b 2\n+I NULL 4\n+I a 5' },
    { watermark: 10 },
    { rows: '-D a 1\n+I a 1' },
    { watermark: 20 },
    { rows: '-U a 3\n+U c 3\n-D a 5\n-D a 1\n-D x 1\n-D NULL 4' },
    { watermark: 30 },
    { end: true },
  ]

  it('gives one change for each group at the end of a bundle', () => {
    const { straight, tiny } = runThreeWays({ node: aggregate(), input: INPUT }, steps)
    expect(straight).toEqual([
      '+I a 2 4 a,a',
      '+I NULL 1 4 NULL',
      '-U a 2 4 a,a',
      '+U a 3 9 a,a,a',
      'watermark 10',
      'watermark 20',
      '-D a 3 9 a,a,a',
      '+I c 1 3 c',
      '-D NULL 1 4 NULL',
      'watermark 30',
    ])
    expect(tiny).toEqual(straight)
  })

  it('ends the bundle before a checkpoint', () => {
    const { straight, recovered } = runThreeWays({ node: aggregate(), input: INPUT }, steps)
    expect(materialize(recovered)).toEqual(materialize(straight))
    const harness = new OperatorHarness({ node: aggregate(), input: INPUT })
    harness.step({ rows: '+I a 1' })
    expect(harness.emitted).toEqual([])
    harness.recover()
    expect(harness.emitted).toEqual(['+I a 1 1 a'])
  })

  it('shows that a group lives where state expires', () => {
    const node = aggregate({ stateTtl: 1000, emitUpdateBefore: false })
    const harness = new OperatorHarness({ node, input: INPUT })
    for (const [watermark, rows] of ['+I a 1', '-D a 1\n+I a 1'].entries()) {
      harness.step({ rows })
      harness.step({ watermark })
    }
    expect(harness.emitted).toEqual(['+I a 1 1 a', 'watermark 0', '+U a 1 1 a', 'watermark 1'])
    harness.step({ time: 5000 })
    harness.step({ rows: '-D a 1' })
    harness.step({ watermark: 2 })
    expect(harness.emitted.slice(4)).toEqual(['watermark 2'])
  })
})

describe('mini-batch assigner', () => {
  function assigner(mode: 'proctime' | 'rowtime'): NodeOf<'mini-batch-assigner'> {
    return {
      kind: 'mini-batch-assigner',
      id: 1,
      uid: 'm',
      inputs: [0],
      description: 'MiniBatchAssigner',
      schema: INPUT,
      changelog: INSERT_ONLY,
      interval: 100,
      mode,
    }
  }

  it('marks every interval of the clock and drops watermarks', () => {
    const steps: readonly OperatorStep[] = [
      { time: 130 },
      { rows: '+I a 1' },
      { watermark: 5 },
      { time: 199 },
      { time: 200 },
      { rows: '+I b 1' },
      { time: 555 },
      { watermark: Number.MAX_SAFE_INTEGER },
    ]
    const { straight } = runThreeWays({ node: assigner('proctime'), input: INPUT }, steps)
    expect(straight).toEqual([
      'watermark 100',
      '+I a 1',
      'watermark 200',
      '+I b 1',
      'watermark 500',
      `watermark ${Number.MAX_SAFE_INTEGER}`,
    ])
  })

  it('lets the first watermark of each interval through', () => {
    const steps = [-150, -120, 5, 50, 99, 120, 198, 199, 450].map((watermark) => ({ watermark }))
    const { straight } = runThreeWays({ node: assigner('rowtime'), input: INPUT }, steps)
    expect(straight).toEqual([-150, 5, 99, 199, 450].map((time) => `watermark ${time}`))
  })
})
