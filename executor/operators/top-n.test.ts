import { describe, expect, it } from 'vitest'
import { ALL_CHANGES } from '../../catalog/connector.ts'
import { BIGINT, INT, type Schema, STRING, type SqlType } from '../../core/types.ts'
import { materialize, type NodeOf, OperatorHarness, type OperatorStep, runThreeWays } from './operator-harness.ts'

const INPUT: Schema = {
  fields: [
    { name: 'k', type: STRING },
    { name: 'v', type: INT },
    { name: 'w', type: BIGINT },
  ],
}
const NUMBERED: Schema = { fields: [...INPUT.fields, { name: 'n', type: { kind: 'BIGINT', nullable: false } }] }
const BY_V = [{ column: 1, descending: true, nullsFirst: false }]

function rank(more: Partial<NodeOf<'rank'>>): NodeOf<'rank'> {
  return {
    kind: 'rank',
    id: 1,
    uid: 'n',
    inputs: [0],
    description: '',
    changelog: ALL_CHANGES,
    schema: NUMBERED,
    keys: [0],
    order: BY_V,
    range: { kind: 'constant', start: 1, end: 2 },
    outputRankNumber: true,
    strategy: 'append-fast',
    rowKey: [],
    emitUpdateBefore: true,
    stateTtl: 0,
    ...more,
  }
}

function expectAll(node: NodeOf<'rank'>, steps: readonly OperatorStep[], expected: string): void {
  const runs = runThreeWays({ node, input: INPUT }, steps)
  const lines = expected.split('\n').map((line) => line.trim())
  expect(runs.straight).toEqual(lines)
  expect(runs.recovered).toEqual(lines)
  expect(runs.tiny).toEqual(lines)
}

function rows(...lines: string[]): OperatorStep[] {
  return lines.map((line) => ({ rows: line.replaceAll(', ', '\n') }))
}

const PLAIN = { outputRankNumber: false, schema: INPUT } as const

describe('Top-N over input that only appends', () => {
  it('moves rows down, with and without -U', () => {
    const steps = rows('a 5 1, a 7 2', 'a 6 3, b 1 4', 'a 6 5, a 9 6')
    expectAll(
      rank({}),
      steps,
      `+I a 5 1 1
       -U a 5 1 1
       +U a 7 2 1
       +I a 5 1 2
       -U a 5 1 2
       +U a 6 3 2
       +I b 1 4 1
       -U a 7 2 1
       +U a 9 6 1
       -U a 6 3 2
       +U a 7 2 2`,
    )
    expectAll(
      rank({ emitUpdateBefore: false, upsertKey: [0, 3], changelog: { ...ALL_CHANGES, updateBefore: false } }),
      steps,
      `+I a 5 1 1
       +U a 7 2 1
       +I a 5 1 2
       +U a 6 3 2
       +I b 1 4 1
       +U a 9 6 1
       +U a 7 2 2`,
    )
  })

  it('keeps only what is in the range', () => {
    const harness = new OperatorHarness({ node: rank(PLAIN), input: INPUT })
    for (let v = 0; v < 50; v++) harness.step({ rows: `a ${v} 0\nb ${-v} 0` })
    expect(harness.operator.metrics?.().stateEntries).toBe(4)
    expect(materialize(harness.emitted)).toEqual(['a 48 0', 'a 49 0', 'b -1 0', 'b 0 0'])
  })

  it('replaces a single row in place, by a better one only', () => {
    const single = rank({ ...PLAIN, range: { kind: 'constant', start: 1, end: 1 } })
    expectAll(
      single,
      rows('a 5 1, a 5 2, a 4 3', 'a 6 4'),
      `+I a 5 1
       -U a 5 1
       +U a 6 4`,
    )
  })

  it('takes the end of the range from the first row of each key', () => {
    const variable = rank({ ...PLAIN, range: { kind: 'variable', column: 2 } })
    expectAll(
      variable,
      rows('a 1 2, a 2 9, b 1 0', 'a 3 9, b 5 3'),
      `+I a 1 2
       +I a 2 9
       -D a 1 2
       +I a 3 9`,
    )
  })

  it('forgets a key when its time is over', () => {
    const node = rank({ ...PLAIN, stateTtl: 100 })
    expectAll(
      node,
      [{ rows: 'a 5 1\na 7 2' }, { time: 60 }, { rows: 'a 1 3\nb 1 1' }, { time: 170 }, { rows: 'a 0 4\nb 2 2' }],
      `+I a 5 1
       +I a 7 2
       +I b 1 1
       +I a 0 4
       +I b 2 2`,
    )
  })
})

describe('Top-N over input that updates by key', () => {
  const fast = { strategy: 'update-fast', rowKey: [0, 2], keys: [0] } as const

  it('moves a row up to its new place', () => {
    expectAll(
      rank({ ...fast, range: { kind: 'constant', start: 1, end: 3 } }),
      rows('a 5 1, a 4 2, a 3 3', '+U a 5 3, +U a 5 2', '+U a 9 4, +U a 10 2', '+U a 10 2'),
      `+I a 5 1 1
       +I a 4 2 2
       +I a 3 3 3
       -U a 4 2 2
       -U a 3 3 3
       +U a 5 3 2
       +U a 4 2 3
       -U a 4 2 3
       +U a 5 2 3
       -U a 5 1 1
       +U a 9 4 1
       -U a 5 3 2
       +U a 5 1 2
       -U a 5 2 3
       +U a 5 3 3
       -U a 9 4 1
       +U a 10 2 1
       -U a 5 1 2
       +U a 9 4 2
       -U a 5 3 3
       +U a 5 1 3
       -U a 10 2 1
       +U a 10 2 1`,
    )
  })

  it('without the number updates the row, and drops the last for a new one', () => {
    expectAll(
      rank({ ...PLAIN, ...fast }),
      rows('a 5 1, a 4 2', '+U a 6 2, +U a 7 3', '+U a 8 3, +U a 4 1'),
      `+I a 5 1
       +I a 4 2
       -U a 4 2
       +U a 6 2
       -D a 5 1
       +I a 7 3
       -U a 7 3
       +U a 8 3`,
    )
  })

  it('updates a single row whose order has stayed', () => {
    const single = rank({ ...PLAIN, ...fast, rowKey: [0, 1], range: { kind: 'constant', start: 1, end: 1 } })
    expectAll(
      single,
      rows('a 5 1', '+U a 5 2, +U a 4 9, +U a 6 3'),
      `+I a 5 1
       -U a 5 1
       +U a 5 2
       -U a 5 2
       +U a 6 3`,
    )
  })
})

describe('Top-N over anything', () => {
  it('takes rows back and brings others in', () => {
    const steps = rows(
      'a 5 1, a 4 2, a 3 3, a 2 4',
      '-D a 5 1',
      '-D a 2 4, -U a 4 2, +U a 1 2',
      '-D a 3 3, -D a 9 9',
      '-D a 1 2',
    )
    expectAll(
      rank({ strategy: 'retract' }),
      steps,
      `+I a 5 1 1
       +I a 4 2 2
       -U a 5 1 1
       +U a 4 2 1
       -U a 4 2 2
       +U a 3 3 2
       -U a 4 2 1
       +U a 3 3 1
       -D a 3 3 2
       +I a 1 2 2
       -U a 3 3 1
       +U a 1 2 1
       -D a 1 2 2
       -D a 1 2 1`,
    )
    expectAll(
      rank({ ...PLAIN, strategy: 'retract' }),
      steps,
      `+I a 5 1
       +I a 4 2
       -D a 5 1
       +I a 3 3
       -D a 4 2
       +I a 1 2
       -D a 3 3
       -D a 1 2`,
    )
  })

  it('keeps many rows in order, whatever comes and goes', () => {
    const types: SqlType[] = [STRING, INT, BIGINT]
    const input: Schema = { fields: types.map((type, index) => ({ name: `c${index}`, type })) }
    const node = rank({ ...PLAIN, schema: input, strategy: 'retract', range: { kind: 'constant', start: 1, end: 20 } })
    let state = 7
    const random = (limit: number): number => (state = (state * 1103515245 + 12345) % 2147483648) % limit
    const live: string[] = []
    const steps: OperatorStep[] = Array.from({ length: 40 }, () => {
      const lines = Array.from({ length: 50 }, (_, at) => {
        if (live.length > 0 && random(3) === 0) return `-D ${live.splice(random(live.length), 1)[0] ?? ''}`
        const row = `k ${random(300)} ${at}${live.length}`
        live.push(row)
        return row
      })
      return { rows: lines.join('\n') }
    })
    const runs = runThreeWays({ node, input }, steps)
    const best = live
      .map((row) => Number(row.split(' ')[1]))
      .sort((a, b) => b - a)
      .slice(0, 20)
    const values = materialize(runs.straight).map((row) => Number(row.split(' ')[1]))
    expect(values.sort((a, b) => b - a)).toEqual(best)
    expect(runs.recovered).toEqual(runs.straight)
    expect(runs.tiny).toEqual(runs.straight)
  })
})
