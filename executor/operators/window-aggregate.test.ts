import { describe, expect, it } from 'vitest'
import { INSERT_ONLY } from '../../catalog/connector.ts'
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
import type { AlignedWindow } from '../../planner/physical/window-spec.ts'
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
const DISTINCT: AggregateCall = {
  function: 'COUNT',
  args: [2],
  distinct: true,
  argumentTypes: [BIGINT],
  type: COUNT_TYPE,
  name: 'd',
}

function input(time: SqlType): Schema {
  return {
    fields: [
      { name: 'ts', type: time },
      { name: 'k', type: STRING },
      { name: 'v', type: BIGINT },
    ],
  }
}

function node(
  window: Partial<AlignedWindow>,
  options: Partial<NodeOf<'window-aggregate'>> & { readonly time?: SqlType } = {},
): NodeOf<'window-aggregate'> {
  const { time = TS, ...rest } = options
  const keys = rest.keys ?? [1]
  const aggregates = rest.aggregates ?? [COUNT, SUM]
  const properties = rest.properties ?? ['window_start', 'window_end']
  return {
    kind: 'window-aggregate',
    form: 'window-function',
    id: 1,
    uid: 'w',
    inputs: [0],
    description: 'WindowAggregate',
    changelog: INSERT_ONLY,
    schema: {
      fields: [
        ...keys.map((key) => input(time).fields[key] ?? { name: '?', type: STRING }),
        ...aggregates.map(({ name, type }) => ({ name, type })),
        ...properties.map((name) => ({ name, type: name === 'window_time' ? time : TS })),
      ],
    },
    window: { kind: 'tumble', size: 10, step: 10, offset: 0, time: 'rowtime', timeColumn: 0, ...window },
    keys,
    aggregates,
    properties,
    inputRetracts: false,
    ...rest,
  }
}

function emitted(
  plan: NodeOf<'window-aggregate'>,
  steps: readonly (string | number)[],
  time: SqlType = TS,
  timeZone = 'UTC',
): string[] {
  const script = steps.map((step): OperatorStep => (typeof step === 'string' ? { rows: step } : { watermark: step }))
  const runs = runThreeWays({ node: plan, input: input(time), timeZone }, script)
  expect(runs.recovered).toEqual(runs.straight)
  expect(runs.tiny).toEqual(runs.straight)
  return runs.straight.filter((line) => !line.startsWith('watermark'))
}

describe('window aggregate', () => {
  it('fires a tumbling window when the watermark reaches its last millisecond', () => {
    expect(emitted(node({}), ['1 a 1\n9 a 2\n10 a 4\n3 b 8', 8, '5 a 16', 9, 18, 19])).toEqual([
      '+I a 3 19 0 10',
      '+I b 1 8 0 10',
      '+I a 1 4 10 20',
    ])
  })

  it('fires in the order of the windows and drops late rows', () => {
    const plan = node({})
    expect(emitted(plan, ['35 a 1\n5 a 2\n15 a 4', 29, '29 a 64\n31 a 8', MAX_WATERMARK])).toEqual([
      '+I a 1 2 0 10',
      '+I a 1 4 10 20',
      '+I a 2 9 30 40',
    ])
    const harness = new OperatorHarness({ node: plan, input: input(TS) })
    harness.step({ rows: '35 a 1' })
    harness.step({ watermark: 29 })
    harness.step({ rows: '29 a 64\n20 a 64\n30 a 1' })
    expect(harness.operator.metrics?.()).toMatchObject({ lateRows: 2, stateEntries: 1 })
  })

  it('puts times before 1970 and offsets into the right windows', () => {
    expect(emitted(node({ offset: 3 }), ['-8 a 1\n-7 a 2\n2 a 4\n3 a 8', MAX_WATERMARK])).toEqual([
      '+I a 1 1 -17 -7',
      '+I a 2 6 -7 3',
      '+I a 1 8 3 13',
    ])
  })

  it('adds the slices of hopping windows up', () => {
    expect(
      emitted(node({ kind: 'hop', size: 30, step: 10 }), [
        '5 a 1\n15 a 2\n15 b 4\n25 a 8',
        9,
        19,
        29,
        39,
        MAX_WATERMARK,
      ]),
    ).toEqual([
      '+I a 1 1 -20 10',
      '+I a 2 3 -10 20',
      '+I b 1 4 -10 20',
      '+I a 3 11 0 30',
      '+I b 1 4 0 30',
      '+I a 2 10 10 40',
      '+I b 1 4 10 40',
      '+I a 1 8 20 50',
    ])
  })

  it('counts a late row in the hopping windows that have not fired', () => {
    expect(
      emitted(node({ kind: 'hop', size: 20, step: 10 }), ['5 a 1', 9, '6 a 2\n-5 a 100', 19, '7 a 4', MAX_WATERMARK]),
    ).toEqual(['+I a 1 1 -10 10', '+I a 2 3 0 20'])
  })

  it('lets windows grow by steps with CUMULATE', () => {
    expect(
      emitted(node({ kind: 'cumulate', size: 30, step: 10 }), [
        '5 a 1\n15 a 2\n25 b 4\n31 a 8',
        9,
        '8 a 16',
        19,
        MAX_WATERMARK,
      ]),
    ).toEqual([
      '+I a 1 1 0 10',
      '+I a 3 19 0 20',
      '+I a 3 19 0 30',
      '+I b 1 4 0 30',
      '+I a 1 8 30 40',
      '+I a 1 8 30 50',
      '+I a 1 8 30 60',
    ])
  })

  it('keeps windows apart where groups cannot be added up', () => {
    const plan = node({ kind: 'hop', size: 20, step: 10 }, { aggregates: [DISTINCT, SUM] })
    expect(emitted(plan, ['5 a 1\n6 a 1\n15 a 1\n16 a 2', 9, '7 a 3', MAX_WATERMARK])).toEqual([
      '+I a 1 2 -10 10',
      '+I a 3 8 0 20',
      '+I a 2 3 10 30',
    ])
    const cumulate = node({ kind: 'cumulate', size: 20, step: 10 }, { aggregates: [DISTINCT] })
    expect(emitted(cumulate, ['5 a 1\n6 a 1\n15 a 1\n16 a 2', 9, MAX_WATERMARK])).toEqual([
      '+I a 1 0 10',
      '+I a 2 0 20',
    ])
  })

  it('takes rows back', () => {
    const plan = node({}, { inputRetracts: true })
    expect(emitted(plan, ['+I 1 a 1\n+I 2 b 2\n-D 1 a 1\n-U 2 b 2\n+U 3 b 5', 9])).toEqual(['+I b 1 5 0 10'])
  })

  it('has one group for each window without keys', () => {
    expect(emitted(node({}, { keys: [] }), ['1 a 1\n11 b 2', 100])).toEqual(['+I 1 1 0 10', '+I 1 2 10 20'])
  })

  it('reads timestamps of every precision', () => {
    const time = timestamp(6)
    const plan = node({}, { time, properties: ['window_time', 'window_end'] })
    expect(emitted(plan, ['9999 a 1\n10000 a 2\n-1 a 4', 100], time)).toEqual([
      '+I a 1 4 -1000 0',
      '+I a 1 1 9000 10',
      '+I a 1 2 19000 20',
    ])
  })

  it('cuts days of TIMESTAMP_LTZ at midnight of the session zone', () => {
    const time = timestampLtz(3)
    const day = 86_400_000
    const plan = node({ size: day, step: day }, { time, properties: ['window_start', 'window_end', 'window_time'] })
    const midnight = Date.parse('2026-01-01T05:00:00Z')
    const local = Date.parse('2026-01-01T00:00:00Z')
    const lines = emitted(
      plan,
      [`${midnight - 1} a 1\n${midnight} a 2`, midnight - 2, midnight - 1, midnight + day - 1],
      time,
      'America/New_York',
    )
    expect(lines).toEqual([
      `+I a 1 1 ${local - day} ${local} ${midnight - 1}`,
      `+I a 1 2 ${local} ${local + day} ${midnight + day - 1}`,
    ])
  })

  it('fires the hour that occurs twice when it is over for the second time', () => {
    const time = timestampLtz(3)
    const hour = 3_600_000
    const plan = node({ size: hour, step: hour }, { time })
    // 01:00 to 02:00 EDT and again EST on 2026-11-01.
    const first = Date.parse('2026-11-01T05:30:00Z')
    const local = Date.parse('2026-11-01T01:00:00Z')
    const end = Date.parse('2026-11-01T07:00:00Z')
    const harness = new OperatorHarness({ node: plan, input: input(time), timeZone: 'America/New_York' })
    const steps: OperatorStep[] = [
      { rows: `${first} a 1\n${first + hour} a 2` },
      { watermark: end - 2 },
      { watermark: end - 1 },
    ]
    for (const step of steps) harness.step(step)
    expect(harness.emitted).toEqual([
      `watermark ${end - 2}`,
      `+I a 2 3 ${local} ${local + hour}`,
      `watermark ${end - 1}`,
    ])
  })

  it('fires windows of processing time when the clock has passed them, and the last ones at the end', () => {
    const plan = node({ time: 'proctime' }, { time: timestampLtz(3) })
    const steps: OperatorStep[] = [
      { time: 5 },
      { rows: 'NULL a 1' },
      { time: 9 },
      { rows: 'NULL a 2' },
      { time: 10 },
      { rows: 'NULL a 4' },
      { end: true },
    ]
    const runs = runThreeWays({ node: plan, input: input(timestampLtz(3)) }, steps)
    expect(runs.straight).toEqual(['+I a 2 3 0 10', '+I a 1 4 10 20'])
    expect(runs.recovered).toEqual(runs.straight)
  })

  it('says what is wrong with a row without a time', () => {
    const harness = new OperatorHarness({ node: node({}), input: input(TS) })
    expect(() => {
      harness.step({ rows: 'NULL a 1' })
    }).toThrow('the time attribute of a window is NULL')
  })

  it('refuses the state of other windows', () => {
    const harness = new OperatorHarness({ node: node({}), input: input(TS) })
    harness.step({ rows: '5 a 1' })
    const pages = harness.operator.snapshot?.() ?? []
    const other = new OperatorHarness({ node: node({ size: 20, step: 20 }), input: input(TS) })
    expect(() => other.operator.restore?.(pages)).toThrow('the checkpoint is of windows of another kind or size')
  })

  it('goes by the windows that rows bring along', () => {
    const attached = { start: 2, end: 0, timeType: TS }
    const plan = node({ kind: 'hop', size: 20, step: 10 }, { attached, aggregates: [COUNT, DISTINCT] })
    expect(emitted(plan, ['20 a 0\n30 a 10\n20 a 0\n30 b 10', 18, 19, '20 a 0', MAX_WATERMARK])).toEqual([
      '+I a 2 1 0 20',
      '+I a 1 1 10 30',
      '+I b 1 1 10 30',
    ])
  })

  it('adds up slices of the largest length that divides size and slide, and knows gaps between windows', () => {
    const rows = ['1 a 1\n5 a 2\n11 a 4\n17 a 8', MAX_WATERMARK]
    expect(emitted(node({ kind: 'hop', size: 10, step: 4 }), rows)).toEqual([
      '+I a 1 1 -8 2',
      '+I a 2 3 -4 6',
      '+I a 2 3 0 10',
      '+I a 2 6 4 14',
      '+I a 2 12 8 18',
      '+I a 1 8 12 22',
      '+I a 1 8 16 26',
    ])
    const gaps = node({ kind: 'hop', size: 4, step: 10 })
    expect(emitted(gaps, rows)).toEqual(['+I a 1 1 0 4', '+I a 1 4 10 14'])
    const harness = new OperatorHarness({ node: gaps, input: input(TS) })
    harness.step({ rows: '5 a 1' })
    expect(harness.operator.metrics?.().lateRows).toBe(1)
  })

  it('takes a late row back in the steps of CUMULATE that are to come', () => {
    const plan = node({ kind: 'cumulate', size: 30, step: 10 }, { inputRetracts: true })
    expect(emitted(plan, ['+I 5 a 1\n+I 6 a 2', 9, '-D 5 a 1', 19, '-D 6 a 2', MAX_WATERMARK])).toEqual([
      '+I a 2 3 0 10',
      '+I a 1 2 0 20',
    ])
  })

  it('emits with emitOnlyOnUpdate only groups that the last step has brought rows of', () => {
    const rows = ['5 a 1\n6 b 2', 9, '7 a 4\n15 b 8', 19, '31 a 16', MAX_WATERMARK]
    const window = { kind: 'cumulate', size: 30, step: 10, emitOnlyOnUpdate: true } as const
    expect(emitted(node(window), rows)).toEqual(['+I a 1 1 0 10', '+I b 1 2 0 10', '+I b 2 10 0 20', '+I a 1 16 30 40'])
    expect(emitted(node(window, { aggregates: [DISTINCT, SUM] }), rows)).toEqual([
      '+I a 1 1 0 10',
      '+I b 1 2 0 10',
      '+I b 2 10 0 20',
      '+I a 1 16 30 40',
    ])
    const harness = new OperatorHarness({ node: node(window, { aggregates: [DISTINCT] }), input: input(TS) })
    harness.step({ rows: '5 a 1\n15 a 2' })
    harness.recover()
    harness.step({ watermark: MAX_WATERMARK })
    harness.recover()
    expect(harness.stored).toEqual(['progress/0', 'spec/0'])
  })

  it('has state of the same size after many windows of the same keys', () => {
    for (const kind of ['tumble', 'hop', 'cumulate'] as const) {
      const harness = new OperatorHarness({
        node: node({ kind, size: 20, step: kind === 'tumble' ? 20 : 10 }),
        input: input(TS),
      })
      const sizes: number[] = []
      for (let at = 0; at < 4000; at += 10) {
        harness.step({ rows: Array.from({ length: 20 }, (_, key) => `${at + (key % 10)} k${key} ${key}`).join('\n') })
        harness.step({ watermark: at + 8 })
        if (at % 200 === 0) harness.recover()
        sizes.push(harness.operator.metrics?.().stateBytes ?? 0)
      }
      expect(Math.max(...sizes.slice(100))).toBeLessThanOrEqual(Math.max(...sizes.slice(0, 100)))
    }
  })

  it('leaves no state behind', () => {
    for (const kind of ['tumble', 'hop', 'cumulate'] as const) {
      const harness = new OperatorHarness({
        node: node({ kind, size: 20, step: kind === 'tumble' ? 20 : 10 }),
        input: input(TS),
      })
      harness.step({ rows: '5 a 1\n15 b 2\n25 c 3' })
      harness.recover()
      harness.step({ watermark: 12 })
      harness.recover()
      expect(harness.stored.length).toBeGreaterThan(1)
      harness.step({ watermark: MAX_WATERMARK })
      harness.recover()
      expect(harness.stored).toEqual(['progress/0', 'spec/0'])
    }
  })
})

/** Every row in every window, without slices or state. */
function model(
  window: AlignedWindow,
  rows: readonly { readonly ts: number; readonly k: string; readonly v: number }[],
): string[] {
  const groups = new Map<string, { count: number; sum: number; distinct: Set<number> }>()
  for (const { ts, k, v } of rows) {
    for (let end = -200; end < 1200; end++) {
      const start = windowStart(window, end)
      if (start === undefined || ts < start || ts >= end) continue
      const key = `${k}|${start} ${end}`
      const group = groups.get(key) ?? { count: 0, sum: 0, distinct: new Set<number>() }
      group.count++
      group.sum += v
      group.distinct.add(v)
      groups.set(key, group)
    }
  }
  return [...groups]
    .map(([key, { count, sum, distinct }]) => {
      const [k = '', bounds = ''] = key.split('|')
      return `${k} ${count} ${sum} ${distinct.size} ${bounds}`
    })
    .sort()
}

function windowStart({ kind, size, step, offset }: AlignedWindow, end: number): number | undefined {
  const modulo = (value: number, by: number): number => ((value % by) + by) % by
  if (kind === 'cumulate') {
    if (modulo(end - offset, step) !== 0) return undefined
    return end - 1 - modulo(end - 1 - offset, size)
  }
  return modulo(end - offset, kind === 'tumble' ? size : step) === 0 ? end - size : undefined
}

describe('window aggregate against a naive model', () => {
  for (let seed = 1; seed <= 24; seed++) {
    it(`seed ${seed}`, () => {
      let state = seed * 7919
      const next = (below: number): number => {
        state = (Math.imul(state, 1664525) + 1013904223) | 0
        return Math.floor(((state >>> 0) / 2 ** 32) * below)
      }
      const kind = (['tumble', 'hop', 'cumulate'] as const)[seed % 3] ?? 'tumble'
      const step = 5 + next(20)
      const size = kind === 'tumble' ? step : step * (1 + next(5))
      const window: AlignedWindow = { kind, size, step, offset: next(step), time: 'rowtime', timeColumn: 0 }
      const distinct = seed % 2 === 0
      const plan = node(window, { aggregates: distinct ? [COUNT, SUM, DISTINCT] : [COUNT, SUM] })
      const rows: { ts: number; k: string; v: number }[] = []
      const steps: OperatorStep[] = []
      for (let at = 0; at < 30; at++) {
        // Never late: at most as far back as the watermark says.
        const batch = Array.from({ length: 1 + next(12) }, () => ({
          ts: at * 20 + next(60),
          k: `k${next(4)}`,
          v: next(5),
        }))
        rows.push(...batch)
        steps.push({ rows: batch.map(({ ts, k, v }) => `${ts} ${k} ${v}`).join('\n') }, { watermark: at * 20 - 1 })
      }
      steps.push({ watermark: MAX_WATERMARK })
      const runs = runThreeWays({ node: plan, input: input(TS) }, steps)
      const expected = model(window, rows)
        .map((line) => (distinct ? line : line.replace(/^(\S+ \S+ \S+) \S+/, '$1')))
        .sort()
      expect(materialize(runs.straight)).toEqual(expected)
      expect(runs.recovered).toEqual(runs.straight)
      expect(materialize(runs.tiny)).toEqual(expected)
    })
  }
})
