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
import { type NodeOf, OperatorHarness, type OperatorStep, runThreeWays } from './operator-harness.ts'
import { MAX_WATERMARK } from './operator.ts'

const TS = timestamp(3)
const INPUT: Schema = {
  fields: [
    { name: 'k', type: STRING },
    { name: 'v', type: BIGINT },
    { name: 'window_start', type: TS },
    { name: 'window_end', type: TS },
  ],
}
const NUMBER = { name: 'n', type: withNullability(BIGINT, false) }
const BASE = { id: 1, uid: 'r', inputs: [0], description: '', changelog: INSERT_ONLY }

function rank(options: Partial<NodeOf<'window-rank'>> = {}, timeType: SqlType = TS): NodeOf<'window-rank'> {
  const { outputRankNumber = true } = options
  return {
    ...BASE,
    kind: 'window-rank',
    schema: { fields: outputRankNumber ? [...INPUT.fields, NUMBER] : INPUT.fields },
    window: { kind: 'tumble', size: 10, step: 10, offset: 0, time: 'rowtime', timeColumn: 3 },
    attached: { start: 2, end: 3, timeType },
    keys: [0],
    order: [{ column: 1, descending: true, nullsFirst: false }],
    start: 1,
    end: 2,
    outputRankNumber,
    ...options,
  }
}

function deduplicate(keep: 'first' | 'last'): NodeOf<'window-deduplicate'> {
  return {
    ...BASE,
    kind: 'window-deduplicate',
    schema: INPUT,
    window: { kind: 'tumble', size: 10, step: 10, offset: 0, time: 'rowtime', timeColumn: 3 },
    attached: { start: 2, end: 3, timeType: TS },
    keys: [0],
    keep,
    timeColumn: 1,
  }
}

function emitted(
  node: NodeOf<'window-rank'> | NodeOf<'window-deduplicate'>,
  steps: readonly (string | number)[],
  timeZone = 'UTC',
): string[] {
  const script = steps.map((step): OperatorStep => (typeof step === 'string' ? { rows: step } : { watermark: step }))
  const runs = runThreeWays({ node, input: INPUT, timeZone }, script)
  expect(runs.recovered).toEqual(runs.straight)
  expect(runs.tiny).toEqual(runs.straight)
  return runs.straight.filter((line) => !line.startsWith('watermark'))
}

describe('window rank', () => {
  it('gives the first rows of each window and key out when the watermark has passed the window', () => {
    const rows = 'b 1 0 10\na 5 0 10\na 9 10 20\na 7 0 10\na 6 0 10\na NULL 0 10'
    expect(emitted(rank(), [rows, 8, 9, 'a 3 10 20', MAX_WATERMARK])).toEqual([
      '+I b 1 0 10 1',
      '+I a 7 0 10 1',
      '+I a 6 0 10 2',
      '+I a 9 10 20 1',
      '+I a 3 10 20 2',
    ])
  })

  it('keeps of equal rows those that came first', () => {
    const node = rank({ order: [{ column: 2, descending: false, nullsFirst: true }], end: 2, outputRankNumber: false })
    expect(emitted(node, ['a 1 0 10\na 2 0 10', 'a 3 0 10', 9])).toEqual(['+I a 1 0 10', '+I a 2 0 10'])
  })

  it('leaves rows before the first number out', () => {
    expect(emitted(rank({ start: 2, end: 3 }), ['a 1 0 10\na 2 0 10\na 3 0 10\na 4 0 10\nb 1 0 10', 9])).toEqual([
      '+I a 3 0 10 2',
      '+I a 2 0 10 3',
    ])
  })

  it('drops and counts rows of windows that are over', () => {
    const harness = new OperatorHarness({ node: rank(), input: INPUT })
    for (const step of [{ rows: 'a 1 0 10' }, { watermark: 9 }, { rows: 'a 2 0 10\na 3 10 20' }]) harness.step(step)
    expect(harness.operator.metrics?.()).toMatchObject({ lateRows: 1, stateEntries: 1 })
  })

  it('tells sessions that end at the same time apart by their start', () => {
    const window = { kind: 'session', gap: 5, partitionKeys: [0], time: 'rowtime', timeColumn: 3 } as const
    expect(emitted(rank({ window, keys: [], end: 1 }), ['a 1 0 10\nb 2 4 10', 9])).toEqual([
      '+I a 1 0 10 1',
      '+I b 2 4 10 1',
    ])
  })

  it('ends windows of TIMESTAMP_LTZ by the wall clock of the session zone', () => {
    const hour = 3_600_000
    const node = rank({}, timestampLtz(3))
    expect(emitted(node, [`a 1 ${9 * hour} ${10 * hour}`, hour - 2], 'Asia/Tokyo')).toEqual([])
    expect(emitted(node, [`a 1 ${9 * hour} ${10 * hour}`, hour - 1], 'Asia/Tokyo')).toHaveLength(1)
  })

  it('has state of the same size after many windows', () => {
    const harness = new OperatorHarness({ node: rank(), input: INPUT })
    const sizes: number[] = []
    for (let round = 0; round < 400; round++) {
      const [start, end] = [round * 10, round * 10 + 10]
      const rows = Array.from({ length: 40 }, (_, i) => `k${i % 8} ${(i * 7 + round) % 13} ${start} ${end}`)
      harness.step({ rows: rows.join('\n') })
      harness.step({ watermark: end - 1 })
      if (round % 20 === 0) harness.recover()
      sizes.push(harness.operator.metrics?.().stateBytes ?? 0)
    }
    expect(Math.max(...sizes.slice(100))).toBeLessThanOrEqual(Math.max(...sizes.slice(0, 100)))
    harness.recover()
    expect(harness.stored).toEqual(['watermark/0'])
  })
})

describe('window deduplicate', () => {
  /** v is the time. */
  const steps = ['a 3 0 10\nb 4 0 10\na 2 0 10', 'a 2 0 10\na 6 0 10\na 6 0 10\na 5 0 10', 9]

  it('keeps the first or the last row by time', () => {
    expect(emitted(deduplicate('first'), steps)).toEqual(['+I a 2 0 10', '+I b 4 0 10'])
    expect(emitted(deduplicate('last'), steps)).toEqual(['+I a 6 0 10', '+I b 4 0 10'])
  })

  it('keeps of rows of the same time the first, or the last, that came', () => {
    const schema = { fields: [...INPUT.fields, { name: 's', type: STRING }] }
    for (const keep of ['first', 'last'] as const) {
      const harness = new OperatorHarness({ node: { ...deduplicate(keep), schema }, input: schema })
      for (const rows of ['a 3 0 10 x', 'a 3 0 10 y\na 3 0 10 z']) harness.step({ rows })
      harness.step({ watermark: 9 })
      expect(harness.emitted[0]).toBe(`+I a 3 0 10 ${keep === 'first' ? 'x' : 'z'}`)
    }
  })
})
