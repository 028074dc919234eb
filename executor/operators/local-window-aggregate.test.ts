import { describe, expect, it } from 'vitest'
import { INSERT_ONLY } from '../../catalog/connector.ts'
import { parseBatch } from '../../core/batch-text.ts'
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
import { createGlobalWindowAggregate } from './index.ts'
import { LocalWindowAggregate } from './local-window-aggregate.ts'
import { MAX_WATERMARK } from './operator.ts'
import { type NodeOf, OperatorHarness } from './operator-harness.ts'

type WindowAggregateNode = NodeOf<'window-aggregate'>

function call(name: string, type: SqlType, ...args: readonly number[]): AggregateCall {
  return { function: name, args, distinct: false, argumentTypes: args.map(() => type), type, name }
}

const CALLS: readonly AggregateCall[] = [
  call('COUNT', withNullability(BIGINT, false)),
  call('SUM', BIGINT, 2),
  call('MIN', STRING, 1),
  call('MAX', BIGINT, 2),
  call('AVG', BIGINT, 2),
]

function input(time: SqlType): Schema {
  return {
    fields: [
      { name: 'ts', type: time },
      { name: 'k', type: STRING },
      { name: 'v', type: BIGINT },
    ],
  }
}

function node(window: Partial<AlignedWindow>, options: Partial<WindowAggregateNode> = {}): WindowAggregateNode {
  const keys = options.keys ?? [1]
  const aggregates = options.aggregates ?? CALLS
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
        ...keys.map((key) => input(timestamp(3)).fields[key] ?? { name: '?', type: STRING }),
        ...aggregates.map(({ name, type }) => ({ name, type })),
        { name: 'window_end', type: timestamp(3) },
      ],
    },
    window: { kind: 'tumble', size: 10, step: 10, offset: 0, time: 'rowtime', timeColumn: 0, ...window },
    keys,
    aggregates,
    properties: ['window_end'],
    inputRetracts: false,
    ...options,
  }
}

const CHECKPOINT = Symbol('checkpoint')

/** Rows of a batch as text, a watermark, or a checkpoint. */
type Step = string | number | typeof CHECKPOINT

/** What the aggregate gives with rows as they come, or with groups of them. */
function emitted(
  plan: WindowAggregateNode,
  steps: readonly Step[],
  isLocal: boolean,
  time: SqlType = timestamp(3),
  timeZone = 'UTC',
): readonly string[] {
  const harness = new OperatorHarness({
    node: plan,
    input: input(time),
    timeZone,
    ...(isLocal ? { create: (graph, context) => createGlobalWindowAggregate(plan, graph, context) } : {}),
  })
  const local = new LocalWindowAggregate(plan, input(time), timeZone, (groups) => {
    harness.step({ batch: groups })
  })
  for (const step of steps) {
    if (step === CHECKPOINT) {
      local.flush()
      harness.recover()
    } else if (typeof step === 'number') {
      local.onWatermark(step)
      harness.step({ watermark: step })
    } else if (isLocal) local.onBatch(parseBatch(input(time), step))
    else harness.step({ rows: step })
  }
  return harness.emitted
}

/** Times that go forth and back, with watermarks in between that some rows are late for. */
function script(seed: number): Step[] {
  let state = seed
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return Math.floor(((state >>> 0) / 2 ** 32) * below)
  }
  const steps: Step[] = []
  for (let n = 0; n < 120; n++) {
    const rows = Array.from({ length: 1 + next(6) }, () => {
      const key = ['NULL', 'a', 'b', 'c', 'a_longer_key'][next(5)]
      return `+I ${Math.max(0, n - 15 + next(30))} ${key} ${next(4) === 0 ? 'NULL' : next(100) - 50}`
    })
    steps.push(rows.join('\n'))
    if (next(3) === 0) steps.push(n)
    if (next(10) === 0) steps.push(CHECKPOINT)
  }
  return [...steps, MAX_WATERMARK]
}

const WINDOWS: readonly (readonly [string, Partial<AlignedWindow>])[] = [
  ['TUMBLE', {}],
  ['TUMBLE with an offset', { offset: 3 }],
  ['HOP', { kind: 'hop', size: 12, step: 4 }],
  ['HOP of uneven slices', { kind: 'hop', size: 10, step: 4 }],
  ['HOP with gaps', { kind: 'hop', size: 4, step: 10 }],
  ['CUMULATE', { kind: 'cumulate', size: 20, step: 5 }],
  ['CUMULATE of what is new', { kind: 'cumulate', size: 20, step: 5, emitOnlyOnUpdate: true }],
]

describe('rows aggregated by key and slice before they are sent', () => {
  for (const [name, window] of WINDOWS) {
    it(`give what the rows give: ${name}`, () => {
      for (const seed of [1, 2, 3]) {
        for (const plan of [node(window), node(window, { keys: [] }), node(window, { aggregates: [] })]) {
          const straight = emitted(plan, script(seed), false)
          expect(emitted(plan, script(seed), true)).toEqual(straight)
          expect(straight.length).toBeGreaterThan(40)
        }
      }
    })
  }

  it('lie on the wall clock of the time zone', () => {
    const ltz = timestampLtz(3)
    const plan = node({ size: 86_400_000, step: 86_400_000 })
    const steps = [
      `+I ${Date.UTC(2026, 2, 28, 22, 30)} a 1\n+I ${Date.UTC(2026, 2, 28, 23, 30)} a 2`,
      Date.UTC(2026, 2, 28, 23),
      MAX_WATERMARK,
    ]
    const straight = emitted(plan, steps, false, ltz, 'Europe/Berlin')
    expect(straight).toHaveLength(4)
    expect(emitted(plan, steps, true, ltz, 'Europe/Berlin')).toEqual(straight)
  })

  it('of windows that rows have already are aggregated by their end', () => {
    const attached = { start: 0, end: 0, timeType: timestamp(3) }
    const steps = ['+I 10 a 1\n+I 20 a 2\n+I 10 a 3', 9, '+I 10 a 4\n+I 20 b 5', MAX_WATERMARK]
    const straight = emitted(node({}, { attached }), steps, false)
    expect(emitted(node({}, { attached }), steps, true)).toEqual(straight)
    expect(straight).toContain('+I a 2 4 a 3 2 10')
  })
})

describe('groups', () => {
  const rows = (from: number, count: number): string =>
    Array.from({ length: count }, (_, n) => `+I 5 k${from + n} 1`).join('\n')

  /** @returns by batch that is sent: how many groups it has */
  function sent(steps: readonly Step[]): readonly number[] {
    const sizes: number[] = []
    const plan = node({}, { aggregates: CALLS.slice(0, 2) })
    const local = new LocalWindowAggregate(plan, input(timestamp(3)), 'UTC', (groups) => sizes.push(groups.rows))
    for (const step of steps) {
      if (step === CHECKPOINT) local.flush()
      else if (typeof step === 'number') local.onWatermark(step)
      else local.onBatch(parseBatch(input(timestamp(3)), step))
    }
    return sizes
  }

  it('wait for the watermark at the end of their slice', () => {
    expect(sent([rows(0, 3), 8, rows(0, 3)])).toEqual([])
    expect(sent([rows(0, 3), 8, rows(0, 3), 9])).toEqual([3])
    expect(sent([rows(0, 3), 9, rows(0, 2), 10])).toEqual([3, 2])
  })

  it('do not wait when there are many', () => {
    const batches = Array.from({ length: 5 }, (_, n) => rows(4000 * n, 4000))
    expect(sent(batches)).toEqual([4096, 4096, 4096, 4096, 3616])
    expect(sent([...batches, rows(0, 7), CHECKPOINT])).toEqual([4096, 4096, 4096, 4096, 3616, 7])
  })

  it('are of one row each where there are hardly fewer, until they are again', () => {
    const unique = Array.from({ length: 5 }, (_, n) => rows(4000 * n, 4000))
    const few = Array.from({ length: 2 }, () => rows(0, 100))
    expect(sent([...unique, ...few, CHECKPOINT])).toEqual([4096, 4096, 4096, 4096, 3616, 100, 100])
    const many = rows(0, 40_000).replaceAll(/k\d+/g, 'k')
    expect(sent([...unique, ...Array.from({ length: 7 }, () => many), ...few, CHECKPOINT]).slice(5)).toEqual([
      ...Array.from({ length: 7 }, () => 40_000),
      100,
    ])
  })

  it('of one row each are added up as others are', () => {
    const row = (n: number): string => `+I ${n % 23} ${n % 7 === 0 ? 'NULL' : `k${n}`} ${n % 5 === 0 ? 'NULL' : n}`
    const batches = Array.from({ length: 8 }, (_, n) =>
      Array.from({ length: 3000 }, (__, i) => row(3000 * n + i)).join('\n'),
    )
    const steps: readonly Step[] = [
      ...batches,
      15,
      batches[0] ?? '',
      batches[1] ?? '',
      CHECKPOINT,
      batches[2] ?? '',
      MAX_WATERMARK,
    ]
    for (const plan of [node({}), node({ kind: 'hop', size: 12, step: 4 })]) {
      const straight = emitted(plan, steps, false)
      expect(emitted(plan, steps, true)).toEqual(straight)
      expect(straight.length).toBeGreaterThan(20_000)
    }
  })

  it('are given away once', () => {
    expect(sent([rows(0, 3), CHECKPOINT, CHECKPOINT, MAX_WATERMARK])).toEqual([3])
  })
})
