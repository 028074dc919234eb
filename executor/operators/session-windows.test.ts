import { describe, expect, it } from 'vitest'
import { ALL_CHANGES, INSERT_ONLY } from '../../catalog/connector.ts'
import {
  BIGINT,
  type Schema,
  type SqlType,
  STRING,
  timestamp,
  timestampLtz,
  withNullability,
} from '../../core/types.ts'
import type { AggregateCall } from '../../planner/expression.ts'
import type { SessionWindow } from '../../planner/physical/window-spec.ts'
import { materialize, type NodeOf, OperatorHarness, type OperatorStep, runThreeWays } from './operator-harness.ts'
import { MAX_WATERMARK } from './operator.ts'

const TS = timestamp(3)
const COUNT_TYPE = withNullability(BIGINT, false)
const COUNT: AggregateCall = {
  function: 'COUNT',
  args: [],
  distinct: false,
  argumentTypes: [],
  type: COUNT_TYPE,
  name: 'c',
}
const SUM: AggregateCall = {
  function: 'SUM',
  args: [2],
  distinct: false,
  argumentTypes: [BIGINT],
  type: BIGINT,
  name: 's',
}
const DISTINCT: AggregateCall = { ...SUM, function: 'COUNT', distinct: true, type: COUNT_TYPE, name: 'd' }
const MAXIMUM: AggregateCall = { ...SUM, function: 'MAX', name: 'm' }

function input(time: SqlType): Schema {
  return {
    fields: [
      { name: 'ts', type: time },
      { name: 'k', type: STRING },
      { name: 'v', type: BIGINT },
    ],
  }
}

interface Options {
  readonly window?: Partial<SessionWindow>
  readonly keys?: readonly number[]
  readonly aggregates?: readonly AggregateCall[]
  readonly retracts?: boolean
  readonly time?: SqlType
}

function aggregate({ window, keys = [1], aggregates = [COUNT, SUM], retracts = false, time = TS }: Options = {}) {
  const properties = ['window_start', 'window_end'] as const
  const node: NodeOf<'window-aggregate'> = {
    kind: 'window-aggregate',
    form: 'window-function',
    id: 1,
    uid: 's',
    inputs: [0],
    description: 'WindowAggregate',
    changelog: INSERT_ONLY,
    schema: {
      fields: [
        ...keys.map((key) => input(time).fields[key] ?? { name: '?', type: STRING }),
        ...aggregates.map(({ name, type }) => ({ name, type })),
        ...properties.map((name) => ({ name, type: TS })),
      ],
    },
    window: { kind: 'session', gap: 10, partitionKeys: keys, time: 'rowtime', timeColumn: 0, ...window },
    keys,
    aggregates,
    properties,
    inputRetracts: retracts,
  }
  return node
}

function tableFunction(): NodeOf<'window-table-function'> {
  const bounds = ['window_start', 'window_end', 'window_time'].map((name) => ({ name, type: TS }))
  return {
    kind: 'window-table-function',
    id: 1,
    uid: 's',
    inputs: [0],
    description: '',
    changelog: ALL_CHANGES,
    schema: { fields: [...input(TS).fields, ...bounds] },
    window: { kind: 'session', gap: 10, partitionKeys: [1], time: 'rowtime', timeColumn: 0 },
  }
}

type AnyNode = NodeOf<'window-aggregate'> | NodeOf<'window-table-function'>

function emitted(node: AnyNode, steps: readonly (string | number)[], time: SqlType = TS, timeZone = 'UTC'): string[] {
  const script = steps.map((step): OperatorStep => (typeof step === 'string' ? { rows: step } : { watermark: step }))
  const runs = runThreeWays({ node, input: input(time), timeZone }, script)
  expect(runs.recovered).toEqual(runs.straight)
  expect(runs.tiny).toEqual(runs.straight)
  return runs.straight.filter((line) => !line.startsWith('watermark'))
}

describe('session aggregate', () => {
  it('grows while rows come within the gap, and fires when the watermark reaches its last millisecond', () => {
    expect(emitted(aggregate(), ['1 a 1\n9 a 2\n3 b 4\n25 a 8', 12, 18, '12 b 16', 21, MAX_WATERMARK])).toEqual([
      '+I b 1 4 3 13',
      '+I a 2 3 1 19',
      '+I b 1 16 12 22',
      '+I a 1 8 25 35',
    ])
  })

  it('merges sessions that a row joins, touching ones too', () => {
    expect(emitted(aggregate(), ['0 a 1\n20 a 2\n40 a 4', 5, '10 a 8', MAX_WATERMARK])).toEqual([
      '+I a 3 11 0 30',
      '+I a 1 4 40 50',
    ])
  })

  it('takes a row behind the watermark into a session that is open, and drops one that would be alone', () => {
    const node = aggregate()
    expect(emitted(node, ['20 a 1', 25, '12 a 2\n14 b 4', MAX_WATERMARK])).toEqual(['+I a 2 3 12 30'])
    const harness = new OperatorHarness({ node, input: input(TS) })
    for (const step of [{ rows: '20 a 1' }, { watermark: 25 }, { rows: '12 a 2\n14 b 4' }]) harness.step(step)
    expect(harness.operator.metrics?.()).toMatchObject({ lateRows: 1, stateEntries: 1 })
  })

  it('keeps rows where aggregates cannot be added up', () => {
    const node = aggregate({ aggregates: [DISTINCT, SUM] })
    expect(emitted(node, ['0 a 1\n20 a 1\n1 b 5', 5, '10 a 2', MAX_WATERMARK])).toEqual([
      '+I b 1 5 1 11',
      '+I a 2 4 0 30',
    ])
  })

  it('takes rows back, and says nothing of a session without rows', () => {
    for (const aggregates of [
      [COUNT, SUM],
      [DISTINCT, SUM],
      [COUNT, MAXIMUM],
    ]) {
      const node = aggregate({ aggregates, retracts: true })
      const rows = '+I 1 a 1\n+I 2 b 2\n-D 1 a 1\n+I 4 b 7\n-U 2 b 2\n+U 3 b 5'
      const [line, ...rest] = emitted(node, [rows, MAX_WATERMARK])
      expect(rest).toEqual([])
      expect(line).toMatch(/^\+I b 2 (12|7) 2 14$/)
    }
  })

  it('has one row of sessions without keys', () => {
    expect(emitted(aggregate({ keys: [] }), ['1 a 1\n8 b 2\n30 c 4', 100])).toEqual(['+I 2 3 1 18', '+I 1 4 30 40'])
  })

  it('lies on the wall clock of the session zone', () => {
    const time = timestampLtz(3)
    const noon = Date.parse('2026-01-01T12:00:00Z')
    const local = Date.parse('2026-01-01T21:00:00Z')
    expect(emitted(aggregate({ time }), [`${noon} a 1`, noon + 8, noon + 9], time, 'Asia/Tokyo')).toEqual([
      `+I a 1 1 ${local} ${local + 10}`,
    ])
  })

  it('ends sessions of processing time when the clock has passed the gap, and the last ones at the end', () => {
    const time = timestampLtz(3)
    const node = aggregate({ window: { time: 'proctime' }, time })
    const steps: OperatorStep[] = [
      { time: 5 },
      { rows: 'NULL a 1' },
      { time: 14 },
      { rows: 'NULL a 2' },
      { time: 23 },
      { time: 24 },
      { rows: 'NULL a 4' },
      { end: true },
    ]
    const runs = runThreeWays({ node, input: input(time) }, steps)
    expect(runs.straight).toEqual(['+I a 2 3 5 24', '+I a 1 4 24 34'])
    expect(runs.recovered).toEqual(runs.straight)
  })

  it('says what is wrong with a row without a time', () => {
    const harness = new OperatorHarness({ node: aggregate(), input: input(TS) })
    expect(() => {
      harness.step({ rows: 'NULL a 1' })
    }).toThrow('the time attribute of a window is NULL')
  })

  it('leaves no state behind', () => {
    for (const aggregates of [[SUM], [DISTINCT]]) {
      const harness = new OperatorHarness({ node: aggregate({ aggregates }), input: input(TS) })
      harness.step({ rows: '5 a 1\n15 b 2\n25 c 3' })
      harness.recover()
      expect(harness.stored.length).toBeGreaterThan(1)
      harness.step({ watermark: MAX_WATERMARK })
      harness.recover()
      expect(harness.stored).toEqual(['progress/0'])
      expect(harness.operator.metrics?.().stateEntries).toBe(0)
    }
  })

  it('has state of the same size after many sessions of the same keys', () => {
    for (const aggregates of [[SUM], [DISTINCT]]) {
      const harness = new OperatorHarness({ node: aggregate({ aggregates }), input: input(TS) })
      const sizes: number[] = []
      for (let round = 0; round < 400; round++) {
        const at = round * 30
        harness.step({ rows: Array.from({ length: 20 }, (_, key) => `${at + (key % 7)} k${key} ${key}`).join('\n') })
        harness.step({ watermark: at + 25 })
        if (round % 20 === 0) harness.recover()
        sizes.push(harness.operator.metrics?.().stateBytes ?? 0)
      }
      expect(Math.max(...sizes.slice(100))).toBeLessThanOrEqual(Math.max(...sizes.slice(0, 100)))
    }
  })
})

describe('session table function', () => {
  it('gives the rows of a session out when it has ended, as they came, with their kinds', () => {
    const steps = ['1 a 1\n25 b 3\n9 a 2', 5, '-D 25 b 3\n-U 9 a 2', 18, MAX_WATERMARK]
    expect(emitted(tableFunction(), steps)).toEqual([
      '+I 1 a 1 1 19 18',
      '+I 9 a 2 1 19 18',
      '-U 9 a 2 1 19 18',
      '+I 25 b 3 25 35 34',
      '-D 25 b 3 25 35 34',
    ])
  })

  it('drops and counts late rows and rows without a time', () => {
    const harness = new OperatorHarness({ node: tableFunction(), input: input(TS), checked: false })
    for (const step of [{ rows: 'NULL a 1\n20 a 1' }, { watermark: 15 }, { rows: '5 b 1' }]) harness.step(step)
    expect(harness.operator.metrics?.().lateRows).toBe(2)
  })
})

function random(seed: number): (below: number) => number {
  let state = seed * 7919
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return Math.floor(((state >>> 0) / 2 ** 32) * below)
  }
}

/** Sessions of rows none of which is late. */
function model(
  rows: readonly { readonly ts: number; readonly k: string; readonly v: number }[],
  gap: number,
): string[] {
  const lines: string[] = []
  for (const k of new Set(rows.map((row) => row.k))) {
    const own = rows.filter((row) => row.k === k).sort((a, b) => a.ts - b.ts)
    for (let from = 0; from < own.length; ) {
      let to = from + 1
      while (to < own.length && (own[to]?.ts ?? 0) <= (own[to - 1]?.ts ?? 0) + gap) to++
      const part = own.slice(from, to)
      const sum = part.reduce((total, row) => total + row.v, 0)
      const distinct = new Set(part.map((row) => row.v)).size
      lines.push(`${k} ${part.length} ${sum} ${distinct} ${part[0]?.ts} ${(part.at(-1)?.ts ?? 0) + gap}`)
      from = to
    }
  }
  return lines.sort()
}

describe('sessions against a naive model', () => {
  for (let seed = 1; seed <= 16; seed++) {
    it(`seed ${seed}`, () => {
      const next = random(seed)
      const gap = 3 + next(12)
      const rows: { ts: number; k: string; v: number }[] = []
      const steps: OperatorStep[] = []
      let watermark = 0
      for (let batch = 0; batch < 12; batch++) {
        const part = Array.from({ length: 1 + next(6) }, () => ({
          ts: watermark + 1 + next(60),
          k: `k${next(3)}`,
          v: next(4),
        }))
        rows.push(...part)
        steps.push({ rows: part.map(({ ts, k, v }) => `${ts} ${k} ${v}`).join('\n') })
        watermark += 1 + next(20)
        steps.push({ watermark })
      }
      steps.push({ watermark: MAX_WATERMARK })
      const plain = runThreeWays({ node: aggregate({ window: { gap } }), input: input(TS) }, steps)
      const kept = { node: aggregate({ window: { gap }, aggregates: [COUNT, SUM, DISTINCT] }), input: input(TS) }
      const buffered = runThreeWays(kept, steps)
      const expected = model(rows, gap)
      expect(materialize(buffered.straight).map((line) => line.trim())).toEqual(expected)
      expect(buffered.recovered).toEqual(buffered.straight)
      expect(buffered.tiny).toEqual(buffered.straight)
      expect(plain.recovered).toEqual(plain.straight)
      expect(plain.tiny).toEqual(plain.straight)
      const without = expected.map((line) =>
        line
          .split(' ')
          .filter((_, at) => at !== 3)
          .join(' '),
      )
      expect(materialize(plain.straight)).toEqual(without.sort())
    })
  }
})
