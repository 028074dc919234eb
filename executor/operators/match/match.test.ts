import { describe, expect, it } from 'vitest'
import { INSERT_ONLY } from '../../../catalog/connector.ts'
import { BIGINT, INT, type Schema, STRING, timestamp, withNullability } from '../../../core/types.ts'
import type { Expression } from '../../../planner/expression.ts'
import { createMatch as logicalMatch } from '../../../planner/logical/match.ts'
import { createValues } from '../../../planner/logical/values.ts'
import {
  ALL_VARIABLES,
  type MatchExpression,
  type MatchReference,
  type MatchSpec,
  type MatchVariable,
} from '../../../planner/physical/match-spec.ts'
import { type NodeOf, OperatorHarness, type OperatorStep, runThreeWays } from '../operator-harness.ts'

const INPUT: Schema = {
  fields: [
    { name: 'k', type: STRING },
    { name: 'x', type: INT },
    { name: 'ts', type: { ...timestamp(3), timeAttribute: 'rowtime' } },
  ],
}
const [A, B, C] = [0, 1, 2]
const BOOL = { kind: 'BOOLEAN', nullable: true } as const

function x(variable: number, from: 'first' | 'last' = 'last', offset = 0): MatchReference {
  return { kind: 'row', variable, from, offset, column: 1, type: INT }
}

function value(reference: MatchReference): MatchExpression {
  return { value: { kind: 'input', index: 0, type: reference.type }, references: [reference] }
}

/** `x = number` of the row itself. */
function equals(number: number): MatchExpression {
  return compare('=', x(ALL_VARIABLES), { kind: 'literal', value: number, type: withNullability(INT, false) })
}

function compare(operator: string, left: MatchReference, right: MatchReference | Expression): MatchExpression {
  const isReference = right.kind === 'row' || right.kind === 'aggregate'
  const other: Expression = isReference ? { kind: 'input', index: 1, type: INT } : (right as Expression)
  return {
    value: { kind: 'call', function: operator, args: [{ kind: 'input', index: 0, type: INT }, other], type: BOOL },
    references: isReference ? [left, right] : [left],
  }
}

/** The column x as an expression that is more than a column. */
function plusZero(): Expression {
  const zero: Expression = { kind: 'literal', value: 0, type: withNullability(INT, false) }
  return { kind: 'call', function: '+', args: [{ kind: 'input', index: 1, type: INT }, zero], type: INT }
}

function variable(name: string, condition?: MatchExpression, min = 1, max: number | null = 1): MatchVariable {
  const greedy = min !== max
  return condition === undefined ? { name, min, max, greedy } : { name, min, max, greedy, condition }
}

function match(spec: Partial<MatchSpec>): NodeOf<'match'> {
  const whole: MatchSpec = {
    partitionKeys: [0],
    time: 'rowtime',
    timeColumn: 2,
    orderBy: [],
    variables: [variable('A', equals(1)), variable('B', equals(2), 1, null), variable('C', equals(3))],
    after: { skip: 'past-last-row' },
    measures: [
      { name: 'a', expression: value(x(A)) },
      {
        name: 'n',
        expression: value({
          kind: 'aggregate',
          variable: B,
          function: 'COUNT',
          args: [],
          type: withNullability(BIGINT, false),
        }),
      },
      { name: 'c', expression: value(x(C)) },
    ],
    ...spec,
  }
  const position = { line: 1, column: 1, offset: 0, length: 1 }
  return {
    kind: 'match',
    id: 1,
    uid: 'm',
    inputs: [0],
    description: '',
    changelog: INSERT_ONLY,
    schema: logicalMatch(createValues([], INPUT), whole, position).schema,
    match: whole,
  }
}

function threeWays(spec: Partial<MatchSpec>, steps: readonly OperatorStep[]): readonly string[] {
  const runs = runThreeWays({ node: match(spec), input: INPUT }, steps)
  expect(runs.recovered).toEqual(runs.straight)
  expect(runs.tiny).toEqual(runs.straight)
  return runs.straight.filter((line) => !line.startsWith('watermark'))
}

function stateOf(spec: Partial<MatchSpec>, steps: readonly OperatorStep[]): { entries: number; late: number } {
  const harness = new OperatorHarness({ node: match(spec), input: INPUT })
  for (const step of steps) harness.step(step)
  const metrics = harness.operator.metrics?.()
  return { entries: metrics?.stateEntries ?? -1, late: metrics?.lateRows ?? -1 }
}

describe('match', () => {
  it('finds a pattern in each key when the watermark has passed its rows, in their order', () => {
    const steps = [
      { rows: 'k 2 20\nk 1 10\nl 1 11\nk 3 30' },
      { watermark: 25 },
      { rows: 'l 2 40\nl 2 41\nl 3 42' },
      { watermark: 50 },
    ]
    expect(threeWays({}, steps)).toEqual(['+I k 1 1 3', '+I l 1 2 3'])
    expect(threeWays({}, steps.slice(0, 2))).toEqual([])
  })

  it('drops late rows and counts them', () => {
    const steps = [{ rows: 'k 1 10' }, { watermark: 10 }, { rows: 'k 2 10\nm 1 9\nk 2 11\nk 3 12' }, { watermark: 20 }]
    expect(threeWays({}, steps)).toEqual(['+I k 1 1 3'])
    expect(stateOf({}, steps)).toEqual({ entries: 0, late: 2 })
  })

  it('keeps a match back while a run is left that began before it', () => {
    // A(1) waits for its C; the match that began with the second A is complete before.
    const variables = [
      variable('A', equals(1)),
      variable('B', compare('>=', x(B), x(A)), 0, null),
      variable('C', compare('=', x(C), { kind: 'literal', value: 3, type: withNullability(INT, false) })),
    ]
    const reluctant = variables.map((item) => ({ ...item, greedy: false }))
    const steps = [{ rows: 'k 1 1\nk 1 2\nk 3 3' }, { watermark: 3 }]
    expect(threeWays({ variables: reluctant, after: { skip: 'to-next-row' } }, steps)).toEqual([
      '+I k 1 1 3',
      '+I k 1 0 3',
    ])
  })

  it('ends runs that take too long, by rows and by the watermark alone', () => {
    const within = { within: 10 }
    expect(threeWays(within, [{ rows: 'k 1 1\nk 2 2\nk 3 11' }, { watermark: 11 }])).toEqual([])
    expect(threeWays(within, [{ rows: 'k 1 1\nk 2 2\nk 3 10' }, { watermark: 11 }])).toEqual(['+I k 1 1 3'])
    expect(stateOf(within, [{ rows: 'k 1 1\nk 2 2' }, { watermark: 2 }]).entries).toBe(5)
    expect(stateOf(within, [{ rows: 'k 1 1\nk 2 2' }, { watermark: 2 }, { watermark: 11 }]).entries).toBe(0)
  })

  it('looks back at rows of the run, and aggregates them', () => {
    const rising = compare('>', x(B), x(ALL_VARIABLES, 'last', 1))
    const measures: MatchSpec['measures'] = [
      { name: 'first', expression: value(x(B, 'first')) },
      { name: 'second', expression: value(x(B, 'first', 1)) },
      { name: 'before', expression: value(x(B, 'last', 1)) },
      { name: 'none', expression: value(x(B, 'last', 9)) },
      {
        name: 'total',
        expression: value({
          kind: 'aggregate',
          variable: ALL_VARIABLES,
          function: 'SUM',
          args: [{ kind: 'input', index: 1, type: INT }],
          type: INT,
        }),
      },
    ]
    const variables = [variable('A'), variable('B', rising, 1, null), variable('C', compare('<', x(C), x(B)))]
    expect(
      threeWays({ variables, measures }, [{ rows: 'k 1 1\nk 4 2\nk 5 3\nk 9 4\nk 2 5\nk 3 6' }, { watermark: 9 }]),
    ).toEqual(['+I k 4 5 5 NULL 21'])
  })

  it('orders rows of the same time', () => {
    const variables = [variable('A'), variable('B'), variable('C')]
    const measures: MatchSpec['measures'] = [A, B, C].map((item) => ({ name: `m${item}`, expression: value(x(item)) }))
    const steps = [{ rows: 'k 2 1\nk NULL 1\nk 7 1' }, { watermark: 1 }]
    const by = (descending: boolean, nullsLast: boolean) =>
      threeWays({ variables, measures, orderBy: [{ column: 1, descending, nullsLast }] }, steps)
    expect(by(false, false)).toEqual(['+I k NULL 2 7'])
    expect(by(true, true)).toEqual(['+I k 7 2 NULL'])
    expect(threeWays({ variables, measures }, steps)).toEqual(['+I k 2 NULL 7'])
  })

  it('says where it cannot skip to', () => {
    const steps = [{ rows: 'k 1 1\nk 2 2\nk 3 3' }, { watermark: 3 }]
    expect(() => threeWays({ after: { skip: 'to-first', variable: A } }, steps)).toThrow('cannot skip to FIRST A')
    const variables = [variable('A'), variable('B', equals(9), 0, null), variable('C')].map((item) => ({
      ...item,
      greedy: false,
    }))
    expect(() => threeWays({ variables, after: { skip: 'to-last', variable: B } }, steps)).toThrow(
      'no row of the match',
    )
    expect(() => threeWays({}, [{ rows: 'k 1 NULL' }])).toThrow('time attribute of MATCH_RECOGNIZE is NULL')
  })

  it('takes rows as they come by processing time, and forgets them when their time is over', () => {
    const spec: Partial<MatchSpec> = { time: 'proctime', within: 10 }
    const steps = [
      { time: 100 },
      { rows: 'k 1 NULL\nl 1 NULL\nk 2 NULL\nk 3 NULL' },
      { time: 109 },
      { rows: 'l 2 NULL\nl 3 NULL' },
    ]
    expect(threeWays(spec, steps)).toEqual(['+I k 1 1 3', '+I l 1 1 3'])
    expect(
      threeWays(spec, [{ time: 100 }, { rows: 'k 1 NULL' }, { time: 110 }, { rows: 'k 2 NULL\nk 3 NULL' }]),
    ).toEqual([])
    expect(stateOf(spec, [{ time: 100 }, { rows: 'k 1 NULL\nk 2 NULL' }, { time: 120 }]).entries).toBe(0)
    const sorted = { ...spec, orderBy: [{ column: 1, descending: false, nullsLast: false }] }
    expect(threeWays(sorted, [{ time: 100 }, { rows: 'k 3 NULL\nk 2 NULL\nk 1 NULL' }, { time: 101 }])).toEqual([
      '+I k 1 1 3',
    ])
  })

  it('gives the same when aggregates are added up again for every row, restored, and row by row', () => {
    let state = 3
    const below = (limit: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0
      return (state >>> 8) % limit
    }
    let matches = 0
    for (let round = 0; round < 40; round++) {
      const [name, of, limit] = [['SUM', 'MAX', 'AVG'][below(3)] as string, below(4) - 1, 2 + below(6)]
      const [max, greedy] = [below(2) === 0 ? null : 3, below(2) === 0]
      const after: MatchSpec['after'] = { skip: below(2) === 0 ? 'past-last-row' : 'to-next-row' }
      const within = below(3) === 0 ? { within: 6 } : {}
      const steps: OperatorStep[] = []
      for (let step = 1; step < 8; step++) {
        const rows = Array.from({ length: 1 + below(9) }, () => `${'kl'[below(2)]} ${below(5)} ${step * 4 + below(9)}`)
        steps.push({ rows: rows.join('\n') }, { watermark: step * 4 })
      }
      steps.push({ watermark: 100 })
      const found = [true, false].map((isPlain) => {
        const aggregate: MatchReference = {
          kind: 'aggregate',
          variable: of,
          function: name,
          args: [isPlain ? { kind: 'input', index: 1, type: INT } : plusZero()],
          type: INT,
        }
        const low = compare('<', aggregate, { kind: 'literal', value: limit, type: withNullability(INT, false) })
        const rising = compare('>=', x(C), x(B, 'first'))
        const variables = [variable('A'), { ...variable('B', low, below(2), max), greedy }, variable('C', rising)]
        const measures: MatchSpec['measures'] = [x(A), x(B, 'first'), x(B), x(C), aggregate].map((item, at) => ({
          name: `m${at}`,
          expression: value(item),
        }))
        return threeWays({ variables, measures, after, ...within }, steps)
      })
      expect(found[0]).toEqual(found[1])
      matches += found[0]?.length ?? 0
    }
    expect(matches).toBeGreaterThan(50)
  })

  it('keeps no more than the runs need', () => {
    const rows = Array.from({ length: 2000 }, (_, index) => `k ${(index % 4) + 1} ${index}`).join('\n')
    expect(stateOf({}, [{ rows }, { watermark: 1999 }]).entries).toBe(0)
  })
})
