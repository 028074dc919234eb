import { describe, expect, it } from 'vitest'
import { INSERT_ONLY } from '../../catalog/connector.ts'
import { BIGINT, INT, type Schema, STRING } from '../../core/types.ts'
import type { AggregateCall } from '../../planner/expression.ts'
import { MAX_WATERMARK } from './operator.ts'
import { type NodeOf, type OperatorStep, runThreeWays } from './operator-harness.ts'

const INPUT: Schema = {
  fields: [
    { name: 'k', type: STRING },
    { name: 'v', type: INT },
  ],
}
const BASE = { id: 1, uid: 'n', inputs: [0], description: '', changelog: INSERT_ONLY } as const
const STEPS: readonly OperatorStep[] = [
  { rows: 'b 3\na 1\nb NULL' },
  { rows: 'a 5\nb 3' },
  { watermark: MAX_WATERMARK },
]

function sort(more: Partial<NodeOf<'sort'>>): NodeOf<'sort'> {
  const order = [{ column: 1, descending: true, nullsFirst: false }]
  return { ...BASE, kind: 'sort', schema: INPUT, order, offset: 0, ...more }
}

function call(name: string, args: readonly number[]): AggregateCall {
  const type = name === 'SUM' ? INT : { ...BIGINT, nullable: false }
  return { function: name, args, distinct: false, argumentTypes: args.map(() => INT), type, name }
}

function over(more: Partial<NodeOf<'batch-over-aggregate'>>): NodeOf<'batch-over-aggregate'> {
  const calls = [call('SUM', [1]), call('COUNT', []), call('RANK', [])]
  return {
    ...BASE,
    kind: 'batch-over-aggregate',
    schema: { fields: [...INPUT.fields, ...calls.map(({ name, type }) => ({ name, type }))] },
    keys: [0],
    order: [{ column: 1, descending: false, nullsFirst: true }],
    frame: { unit: 'RANGE', start: null, end: 0 },
    calls,
    ...more,
  }
}

function results(node: NodeOf<'sort'> | NodeOf<'batch-over-aggregate'>): readonly string[] {
  const runs = runThreeWays({ node, input: INPUT }, STEPS)
  expect(runs.recovered).toEqual(runs.straight)
  expect(runs.tiny).toEqual(runs.straight)
  return runs.straight.filter((line) => !line.startsWith('watermark'))
}

describe('sort', () => {
  it('gives everything in order at the end', () => {
    expect(results(sort({}))).toEqual(['+I a 5', '+I b 3', '+I b 3', '+I a 1', '+I b NULL'])
  })

  it('keeps with LIMIT what can come out', () => {
    expect(results(sort({ offset: 1, fetch: 2 }))).toEqual(['+I b 3', '+I b 3'])
    expect(results(sort({ fetch: 0 }))).toEqual([])
    expect(results(sort({ offset: 9 }))).toEqual([])
  })
})

describe('OVER of input that ends', () => {
  it('by partition and in order', () => {
    expect(results(over({}))).toEqual([
      '+I b NULL NULL 1 1',
      '+I b 3 6 3 2',
      '+I b 3 6 3 2',
      '+I a 1 1 1 1',
      '+I a 5 6 2 2',
    ])
  })

  it('with frames that look ahead, empty ones included', () => {
    expect(results(over({ frame: { unit: 'ROWS', start: 1, end: 2 } }))).toEqual([
      '+I b NULL 6 2 1',
      '+I b 3 3 1 2',
      '+I b 3 NULL 0 2',
      '+I a 1 5 1 1',
      '+I a 5 NULL 0 2',
    ])
    expect(results(over({ frame: { unit: 'ROWS', start: -5, end: -1 } }))).toEqual([
      '+I b NULL NULL 0 1',
      '+I b 3 NULL 1 2',
      '+I b 3 3 2 2',
      '+I a 1 NULL 0 1',
      '+I a 5 1 1 2',
    ])
    expect(results(over({ frame: { unit: 'RANGE', start: -4, end: null } }))).toEqual([
      '+I b NULL 6 3 1',
      '+I b 3 6 2 2',
      '+I b 3 6 2 2',
      '+I a 1 6 2 1',
      '+I a 5 6 2 2',
    ])
  })
})
