import { describe, expect, it } from 'vitest'
import { ALL_CHANGES, INSERT_ONLY, UPSERT } from '../../catalog/connector.ts'
import { createBatch } from '../../core/change-batch.ts'
import { columnOf } from '../../core/column-builder.ts'
import { BIGINT, type Schema, type SqlType, STRING } from '../../core/types.ts'
import { materialize, OperatorHarness, type OperatorStep, type RunnableNode, runThreeWays } from './operator-harness.ts'

const INPUT: Schema = {
  fields: [
    { name: 'k', type: BIGINT },
    { name: 's', type: STRING },
    { name: 'u', type: BIGINT },
  ],
}
const BASE = { id: 1, uid: 'n', inputs: [0], description: '', schema: INPUT } as const

function emitted(node: RunnableNode, ...steps: readonly string[]): string[] {
  const script = steps.map((rows): OperatorStep => ({ rows }))
  const runs = runThreeWays({ node, input: INPUT }, script)
  expect(runs.recovered).toEqual(runs.straight)
  expect(runs.tiny).toEqual(runs.straight)
  return [...runs.straight]
}

describe('changelog normalize', () => {
  const node = {
    ...BASE,
    kind: 'changelog-normalize',
    keys: [0],
    emitUpdateBefore: true,
    stateTtl: 0,
    changelog: ALL_CHANGES,
  } as const

  it('makes a full changelog of upserts', () => {
    expect(
      emitted(node, '+U 1 a 0\n+U 1 b 0\n+I 2 x 0', '+U 1 b 0\n+U 1 NULL 0\n-D 1 NULL NULL\n-D 7 q 0', '+U 1 c 0'),
    ).toEqual(['+I 1 a 0', '-U 1 a 0', '+U 1 b 0', '+I 2 x 0', '-U 1 b 0', '+U 1 NULL 0', '-D 1 NULL 0', '+I 1 c 0'])
  })

  it('takes -U for a deletion', () => {
    expect(emitted(node, '+I 1 a 0\n-U 1 a 0\n+U 1 b 0', '+I 1 b 0')).toEqual(['+I 1 a 0', '-D 1 a 0', '+I 1 b 0'])
  })

  it('leaves out -U where nobody wants it', () => {
    const upsert = { ...node, emitUpdateBefore: false, changelog: UPSERT, upsertKey: [0] }
    expect(emitted(upsert, '+U 1 a 0\n+U 1 b 0\n-D 1 NULL 0')).toEqual(['+I 1 a 0', '+U 1 b 0', '-D 1 b 0'])
  })

  it('compares values of every type', () => {
    const row: SqlType = { kind: 'ROW', nullable: true, fields: [{ name: 'x', type: BIGINT }] }
    const map: SqlType = { kind: 'MAP', nullable: true, key: STRING, value: BIGINT }
    const list: SqlType = { kind: 'ARRAY', nullable: true, element: STRING }
    const schema: Schema = {
      fields: [
        { name: 'k', type: BIGINT },
        { name: 'r', type: row },
        { name: 'm', type: map },
        { name: 'l', type: list },
      ],
    }
    const batch = (r: bigint, m: bigint, l: string): OperatorStep => ({
      batch: createBatch(
        schema,
        [columnOf(BIGINT, [1n]), columnOf(row, [[r]]), columnOf(map, [[['a', m]]]), columnOf(list, [[l, null]])],
        1,
      ),
    })
    const steps = [batch(1n, 1n, 'x'), batch(1n, 1n, 'x'), batch(2n, 1n, 'x'), batch(2n, 5n, 'x'), batch(2n, 5n, 'y')]
    const runs = runThreeWays({ node: { ...node, schema }, input: schema }, steps)
    expect(runs.straight).toEqual([
      '+I 1 [1] [[a,1]] [x,NULL]',
      '-U 1 [1] [[a,1]] [x,NULL]',
      '+U 1 [2] [[a,1]] [x,NULL]',
      '-U 1 [2] [[a,1]] [x,NULL]',
      '+U 1 [2] [[a,5]] [x,NULL]',
      '-U 1 [2] [[a,5]] [x,NULL]',
      '+U 1 [2] [[a,5]] [y,NULL]',
    ])
    expect(runs.recovered).toEqual(runs.straight)
  })

  it('forgets rows after their time to live', () => {
    const harness = new OperatorHarness({ node: { ...node, stateTtl: 100 }, input: INPUT })
    const steps: OperatorStep[] = [{ rows: '+U 1 a 0\n+U 1 a 0' }, { time: 100 }, { rows: '+U 2 a 0' }]
    for (const step of steps) harness.step(step)
    expect(harness.emitted).toEqual(['+I 1 a 0', '-U 1 a 0', '+U 1 a 0', '+I 2 a 0'])
    expect(harness.operator.metrics?.().stateEntries).toBe(1)
  })
})

describe('sink materialize', () => {
  const node = { ...BASE, kind: 'sink-materialize', keys: [0], stateTtl: 0, changelog: UPSERT, upsertKey: [0] } as const

  it('goes back to the row before when the last one is taken back', () => {
    expect(emitted(node, '+I 1 a 10\n+I 1 b 20', '-D 1 b 20', '-U 1 a 10\n-D 1 z 1')).toEqual([
      '+I 1 a 10',
      '+U 1 b 20',
      '+U 1 a 10',
      '-D 1 a 10',
    ])
  })

  it('ends in the newest row where changes of a key cross', () => {
    const lines = emitted(node, '+I 1 a 10', '+U 1 b 20\n-U 1 a 10', '+I 2 c 30\n-D 1 b 20\n-D 2 c 30')
    expect(lines).toEqual(['+I 1 a 10', '+U 1 b 20', '+I 2 c 30', '-D 1 b 20', '-D 2 c 30'])
    const harness = new OperatorHarness({ node, input: INPUT })
    harness.step({ rows: '+I 1 a 10\n+I 2 c 30\n-D 1 a 10' })
    expect(harness.operator.metrics?.().stateEntries).toBe(1)
  })

  it('tells rows of the input apart by their own key where they have one', () => {
    const steps: OperatorStep[] = [
      { rows: '+I 1 a 10\n+I 1 b 20' },
      { rows: '+U 1 c 10' },
      { rows: '-D 1 NULL 20' },
      { rows: '-D 1 NULL 10' },
    ]
    const runs = runThreeWays({ node, input: INPUT, inputKey: [2] }, steps)
    expect(runs.straight).toEqual(['+I 1 a 10', '+U 1 b 20', '+U 1 c 10', '+U 1 c 10', '-D 1 NULL 10'])
    expect(runs.recovered).toEqual(runs.straight)
    expect(runs.tiny).toEqual(runs.straight)
  })

  it('keeps the order of the list over a restore', () => {
    expect(
      emitted(node, '+I 1 a 1\n+I 1 b 2\n+I 1 c 3', '-D 1 b 2', '+I 1 d 4', '-D 1 d 4', '-D 1 c 3', '-D 1 a 1'),
    ).toEqual(['+I 1 a 1', '+U 1 b 2', '+U 1 c 3', '+U 1 d 4', '+U 1 c 3', '+U 1 a 1', '-D 1 a 1'])
  })
})

describe('drop update before, union and limit', () => {
  it('drops -U and keeps everything else', () => {
    const node = { ...BASE, kind: 'drop-update-before', changelog: UPSERT, upsertKey: [0] } as const
    expect(emitted(node, '+I 1 a 0\n-U 1 a 0\n+U 1 b 0\n-D 1 b 0')).toEqual(['+I 1 a 0', '+U 1 b 0', '-D 1 b 0'])
  })

  it('passes on what it gets', () => {
    expect(emitted({ ...BASE, kind: 'union', changelog: ALL_CHANGES }, '+I 1 a 0', '-D 1 a 0')).toEqual([
      '+I 1 a 0',
      '-D 1 a 0',
    ])
  })

  it('lets the rows of LIMIT and OFFSET through, also over a restore', () => {
    const plan = { strategy: 'append-fast', rowKey: [], emitUpdateBefore: false, stateTtl: 0 } as const
    const node = { ...BASE, ...plan, kind: 'limit', offset: 2, fetch: 3, changelog: INSERT_ONLY } as const
    expect(emitted(node, '1 a 0', '2 a 0\n3 a 0\n4 a 0', '5 a 0\n6 a 0', '7 a 0')).toEqual([
      '+I 3 a 0',
      '+I 4 a 0',
      '+I 5 a 0',
    ])
    expect(materialize(emitted({ ...node, offset: 0, fetch: 0 }, '1 a 0'))).toEqual([])
  })
})

describe('watermark', () => {
  const time: SqlType = { kind: 'TIMESTAMP', precision: 3, nullable: true, timeAttribute: 'rowtime' }
  const schema: Schema = {
    fields: [
      { name: 'ts', type: time },
      { name: 'k', type: STRING },
    ],
  }
  const delay = { kind: 'literal', value: '5', type: { kind: 'INTERVAL_DAY_TIME', nullable: false } } as const
  const expression = {
    kind: 'call',
    function: '-',
    args: [{ kind: 'input', index: 0, type: time }, delay],
    type: time,
  } as const
  const node = (emit: 'on-periodic' | 'on-event', idleTimeout = 0): RunnableNode => ({
    ...BASE,
    kind: 'watermark',
    schema,
    changelog: INSERT_ONLY,
    strategy: { expression, rowtime: 0, emit, idleTimeout },
  })

  it('emits the lowest watermark of the splits from time to time', () => {
    const steps: OperatorStep[] = [
      { splits: ['a', 'b'] },
      { rows: '20 x\n15 y', split: 'a' },
      { time: 1 },
      { rows: '12 z', split: 'b' },
      { time: 2 },
      { time: 3 },
      { rows: '9 z', split: 'b' },
      { time: 4 },
    ]
    const runs = runThreeWays({ node: node('on-periodic'), input: schema }, steps)
    expect(runs.straight).toEqual(['+I 20 x', '+I 15 y', '+I 12 z', 'watermark 7', '+I 9 z'])
    const harness = new OperatorHarness({ node: node('on-periodic'), input: schema })
    for (const step of steps.slice(0, 5)) harness.step(step)
    expect((harness.operator as { slowestSplit?(): unknown }).slowestSplit?.()).toEqual({ split: 'b', watermark: 7 })
  })

  it('does not wait for idle splits, and waits for them again when they are back', () => {
    const harness = new OperatorHarness({ node: node('on-periodic', 10), input: schema })
    const steps: OperatorStep[] = [
      { splits: ['a', 'b'] },
      { rows: '20 x', split: 'a' },
      { time: 9 },
      { rows: '25 x', split: 'a' },
      { time: 10 },
      { rows: '24 z', split: 'b' },
      { rows: '40 x', split: 'a' },
      { time: 11 },
      { rows: '30 z', split: 'b' },
      { time: 12 },
    ]
    for (const step of steps) harness.step(step)
    expect(harness.emitted).toEqual([
      '+I 20 x',
      '+I 25 x',
      'watermark 20',
      '+I 24 z',
      '+I 40 x',
      '+I 30 z',
      'watermark 25',
    ])
  })

  it('with on-event a row meets the watermark of all rows before it', () => {
    const steps: OperatorStep[] = [{ splits: ['a'] }, { rows: '10 x\n20 x\n14 x\n16 x\n30 x\n3 x', split: 'a' }]
    const harness = new OperatorHarness({ node: node('on-event'), input: schema })
    for (const step of steps) harness.step(step)
    expect(harness.emitted).toEqual([
      '+I 10 x',
      '+I 20 x',
      'watermark 15',
      '+I 14 x',
      '+I 16 x',
      '+I 30 x',
      'watermark 25',
      '+I 3 x',
    ])
  })

  it('knows after a restore what was late before', () => {
    const harness = new OperatorHarness({ node: node('on-periodic'), input: schema, checked: false })
    const steps: OperatorStep[] = [
      { splits: ['a', 'b'] },
      { rows: '20 x', split: 'a' },
      { rows: '30 x', split: 'b' },
      { time: 1 },
    ]
    for (const step of steps) harness.step(step)
    harness.recover()
    for (const step of [{ splits: ['a', 'b'] }, { time: 2 }, { rows: '18 x', split: 'a' }, { time: 3 }])
      harness.step(step)
    expect(harness.emitted.slice(2)).toEqual(['watermark 15', 'watermark 15', '+I 18 x'])
  })

  it('forgets splits that are finished', () => {
    const harness = new OperatorHarness({ node: node('on-periodic'), input: schema })
    const steps: OperatorStep[] = [
      { splits: ['a', 'b'] },
      { rows: '20 x', split: 'a' },
      { rows: '10 x', split: 'b' },
      { time: 1 },
      { splits: ['a'] },
      { time: 2 },
    ]
    for (const step of steps) harness.step(step)
    expect(harness.emitted).toEqual(['+I 20 x', '+I 10 x', 'watermark 5', 'watermark 15'])
  })
})
