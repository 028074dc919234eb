import { describe, expect, it } from 'vitest'
import { ALL_CHANGES, type ChangelogMode, UPSERT } from '../../catalog/connector.ts'
import {
  BIGINT,
  BOOLEAN,
  decimal,
  DOUBLE,
  INT,
  type Schema,
  type SqlType,
  STRING,
  withNullability,
} from '../../core/types.ts'
import type { AggregateCall } from '../../planner/expression.ts'
import { SECOND_PART } from '../../state/table/page.ts'
import { findAggregate } from '../functions/aggregate/index.ts'
import { materialize, type NodeOf, OperatorHarness, type OperatorStep, runThreeWays } from './operator-harness.ts'

const INPUT: Schema = {
  fields: [
    { name: 'k', type: STRING },
    { name: 'v', type: BIGINT },
    { name: 'x', type: DOUBLE },
    { name: 'p', type: decimal(10, 2) },
    { name: 's', type: STRING },
    { name: 'ok', type: BOOLEAN },
    { name: 'i', type: INT },
  ],
}

function call(
  name: string,
  columns: readonly string[],
  options: { distinct?: boolean; filter?: string } = {},
): AggregateCall {
  const args = columns.map((column) => INPUT.fields.findIndex((field) => field.name === column))
  const argumentTypes = args.map((arg) => INPUT.fields[arg]?.type ?? INT)
  const bound = findAggregate(name)?.bind(argumentTypes.map((type) => ({ type })))
  if (bound === undefined) throw new Error(`${name} does not take ${columns.join()}`)
  const filter =
    options.filter === undefined ? {} : { filter: INPUT.fields.findIndex((field) => field.name === options.filter) }
  const returnType: SqlType = name === 'COUNT' ? bound.returnType : withNullability(bound.returnType, true)
  return {
    function: name,
    args,
    distinct: options.distinct === true,
    ...filter,
    argumentTypes,
    type: returnType,
    name: name.toLowerCase(),
  }
}

function node(
  keys: readonly string[],
  aggregates: readonly AggregateCall[],
  options: Partial<NodeOf<'group-aggregate'>> = {},
): NodeOf<'group-aggregate'> {
  const positions = keys.map((key) => INPUT.fields.findIndex((field) => field.name === key))
  const changelog: ChangelogMode = options.emitUpdateBefore === false ? UPSERT : ALL_CHANGES
  return {
    kind: 'group-aggregate',
    id: 1,
    uid: 'a',
    inputs: [0],
    description: 'GroupAggregate',
    schema: {
      fields: [
        ...positions.map((position) => INPUT.fields[position] ?? { name: '?', type: INT }),
        ...aggregates.map((aggregate, n) => ({ name: `a${n}`, type: aggregate.type })),
      ],
    },
    changelog,
    upsertKey: positions.map((_, index) => index),
    keys: positions,
    aggregates,
    emitUpdateBefore: true,
    inputRetracts: false,
    stateTtl: 0,
    ...options,
  }
}

function kindOf(line: string): string {
  return line.slice(0, 2)
}

function emitted(plan: NodeOf<'group-aggregate'>, ...steps: readonly (string | OperatorStep)[]): string[] {
  const script = steps.map((step): OperatorStep => (typeof step === 'string' ? { rows: step } : step))
  const runs = runThreeWays({ node: plan, input: INPUT }, script)
  expect(runs.recovered).toEqual(runs.straight)
  expect(runs.tiny).toEqual(runs.straight)
  const blind = new OperatorHarness({ node: plan, input: INPUT, checked: false, readsValues: false })
  for (const step of script) blind.step(step)
  // Who reads no values sees the same changes.
  expect(blind.emitted.map(kindOf)).toEqual(runs.straight.map(kindOf))
  return [...runs.straight]
}

describe('group aggregate over rows that are only added', () => {
  it('emits +I for the first row of a group and -U, +U for each further one', () => {
    const plan = node(['k'], [call('COUNT', []), call('SUM', ['v'])])
    expect(emitted(plan, 'a 1\na 2\nb 5', 'a 3\nNULL 7\nNULL 1')).toEqual([
      '+I a 1 1',
      '-U a 1 1',
      '+U a 2 3',
      '+I b 1 5',
      '-U a 2 3',
      '+U a 3 6',
      '+I NULL 1 7',
      '-U NULL 1 7',
      '+U NULL 2 8',
    ])
  })

  it('leaves out -U where nobody wants it', () => {
    const plan = node(['k'], [call('COUNT', [])], { emitUpdateBefore: false })
    expect(emitted(plan, 'a 1\na 2\nb 5\na 1')).toEqual(['+I a 1', '+U a 2', '+I b 1', '+U a 3'])
  })

  it('emits nothing where the result stays', () => {
    const plan = node(['k'], [call('MAX', ['v'])])
    expect(emitted(plan, 'a 5\na 3\na 5', 'a NULL\na 9')).toEqual(['+I a 5', '-U a 5', '+U a 9'])
  })

  it('emits unchanged results while state expires, and begins anew after that', () => {
    const plan = node(['k'], [call('MAX', ['v'])], { stateTtl: 1000 })
    const harness = new OperatorHarness({ node: plan, input: INPUT })
    const steps: OperatorStep[] = [
      { rows: 'a 5\na 3' },
      { time: 900 },
      { rows: 'a 1' },
      { time: 1901 },
      { rows: 'b 1' },
    ]
    for (const step of steps) harness.step(step)
    expect(harness.emitted).toEqual(['+I a 5', '-U a 5', '+U a 5', '-U a 5', '+U a 5', '+I b 1'])
    expect(harness.operator.metrics?.().stateEntries).toBe(1)
  })

  it('gives NULL for aggregates of no values and counts without them', () => {
    const plan = node(
      ['k'],
      [call('COUNT', ['v']), call('SUM', ['v']), call('AVG', ['v']), call('MIN', ['s']), call('MAX', ['x'])],
    )
    expect(emitted(plan, 'a NULL NULL NULL NULL', 'a 7 2.5 NULL hello')).toEqual([
      '+I a 0 NULL NULL NULL NULL',
      '-U a 0 NULL NULL NULL NULL',
      '+U a 1 7 7 hello 2.5',
    ])
  })

  it('is one group without GROUP BY, and emits nothing for no rows', () => {
    const plan = node([], [call('COUNT', []), call('SUM', ['i'])])
    expect(emitted(plan)).toEqual([])
    expect(emitted(plan, 'a 1 1 1 s true 2147483647\na 1 1 1 s true 1')).toEqual([
      '+I 1 2147483647',
      '-U 1 2147483647',
      '+U 2 -2147483648',
    ])
  })

  it('is SELECT DISTINCT without aggregates', () => {
    expect(emitted(node(['k'], []), 'a 1\nb 1\na 2', 'b 1\nc 1')).toEqual(['+I a', '+I b', '+I c'])
  })

  it('counts only what a filter lets through', () => {
    const plan = node(['k'], [call('COUNT', [], { filter: 'ok' }), call('SUM', ['v'], { filter: 'ok' })])
    expect(emitted(plan, 'a 1 0 0 s true\na 2 0 0 s false\na 4 0 0 s NULL\na 8 0 0 s true')).toEqual([
      '+I a 1 1',
      '-U a 1 1',
      '+U a 2 9',
    ])
  })

  it('counts distinct values once, apart for each filter', () => {
    const plan = node(
      ['k'],
      [
        call('COUNT', ['v'], { distinct: true }),
        call('SUM', ['v'], { distinct: true }),
        call('COUNT', ['s'], { distinct: true, filter: 'ok' }),
      ],
    )
    expect(
      materialize(
        emitted(plan, 'a 1 0 0 x false\na 1 0 0 x true', 'a 2 0 0 y true\na NULL 0 0 x true\nb 1 0 0 x true'),
      ),
    ).toEqual(['a 2 3 2', 'b 1 1 1'])
  })

  it('adds decimals exactly and gives NULL beyond 38 digits', () => {
    const plan = node([], [call('SUM', ['p']), call('AVG', ['p'])])
    expect(materialize(emitted(plan, 'a 0 0 99999999999\na 0 0 1', 'a 0 0 -3'))).toEqual([
      '99999999997 333333333323333',
    ])
    const wide: Schema = { fields: [{ name: 'd', type: decimal(38, 0) }] }
    const sum: AggregateCall = {
      function: 'SUM',
      args: [0],
      distinct: false,
      argumentTypes: [decimal(38, 0)],
      type: decimal(38, 0),
      name: 's',
    }
    const harness = new OperatorHarness({ node: { ...node([], [sum]), keys: [] }, input: wide })
    harness.step({ rows: `-${'9'.repeat(38)}\n-1` })
    expect(harness.emitted).toEqual([`+I -${'9'.repeat(38)}`, `-U -${'9'.repeat(38)}`, '+U NULL'])
  })

  it('rounds averages of decimals half away from zero, small and large', () => {
    const exact = (values: readonly bigint[]): bigint => {
      const sum = values.reduce((total, value) => total + value, 0n) * 10_000n
      const count = BigInt(values.length)
      return sum < 0n ? -((-sum + count / 2n) / count) : (sum + count / 2n) / count
    }
    for (const values of [
      [1n, 1n, -4n],
      [-1n, 0n],
      [5n, 0n, 0n, 0n, 0n, 0n, 0n],
      [9_999_999_999n, 9_999_999_998n, 1n],
      [-9_999_999_999n, 2n, 3n],
    ]) {
      const lines = emitted(node([], [call('AVG', ['p'])]), values.map((value) => `a 0 0 ${value}`).join('\n'))
      expect(lines.at(-1)).toBe(`+U ${exact(values)}`)
    }
    const wide = decimal(38, 2)
    const average: AggregateCall = {
      function: 'AVG',
      args: [0],
      distinct: false,
      argumentTypes: [wide],
      type: decimal(38, 6),
      name: 'a',
    }
    const harness = new OperatorHarness({ node: node([], [average]), input: { fields: [{ name: 'd', type: wide }] } })
    const values = [-(10n ** 30n), -(10n ** 30n), 7n]
    harness.step({ rows: values.join('\n') })
    expect(harness.emitted.at(-1)).toBe(`+U ${exact(values)}`)
  })

  it('cuts off the average of integers', () => {
    expect(
      materialize(emitted(node([], [call('AVG', ['v']), call('AVG', ['i'])]), 'a -1 0 0 s true 5\na -2 0 0 s true 6')),
    ).toEqual(['-1 5'])
  })
})

describe('group aggregate over rows that are taken back', () => {
  const retracting = { inputRetracts: true }

  it('emits -D when the last row of a group goes, and +I when it comes again', () => {
    const plan = node(['k'], [call('COUNT', []), call('SUM', ['v'])], retracting)
    expect(emitted(plan, '+I a 1\n-D a 1\n+I a 2', '-U a 2\n+U a 3')).toEqual([
      '+I a 1 1',
      '-D a 1 1',
      '+I a 1 2',
      '-D a 1 2',
      '+I a 1 3',
    ])
  })

  it('drops what it takes back from a group that is not there', () => {
    expect(emitted(node(['k'], [call('COUNT', [])], retracting), '-D a 1\n+I a 1', '-D b 2')).toEqual(['+I a 1'])
  })

  it('finds the next value when a minimum or maximum goes', () => {
    const plan = node(['k'], [call('MIN', ['v']), call('MAX', ['s']), call('MAX', ['x'])], retracting)
    const rows = [
      '+I a 5 1.5 0 m\n+I a 3 2.5 0 z\n+I a 9 0.5 0 a',
      '-D a 3 2.5 0 z',
      '-D a 5 1.5 0 m\n+I a 9 0.5 0 a',
      '-D a 9 0.5 0 a',
      '-D a 9 0.5 0 a',
    ]
    expect(emitted(plan, ...rows)).toEqual([
      '+I a 5 m 1.5',
      '-U a 5 m 1.5',
      '+U a 3 z 2.5',
      '-U a 3 z 2.5',
      '+U a 5 m 1.5',
      '-U a 5 m 1.5',
      '+U a 9 a 0.5',
      '-D a 9 a 0.5',
    ])
  })

  it('takes back distinct values, NULLs and sums', () => {
    const plan = node(
      ['k'],
      [call('SUM', ['v'], { distinct: true }), call('SUM', ['p']), call('COUNT', ['v'])],
      retracting,
    )
    expect(emitted(plan, '+I a 1 0 -5\n+I a 1 0 7', '-D a 1 0 7', '+I a NULL 0 NULL\n-D a 1 0 -5')).toEqual([
      '+I a 1 -5 1',
      '-U a 1 -5 1',
      '+U a 1 2 2',
      '-U a 1 2 2',
      '+U a 1 -5 1',
      '-U a 1 -5 1',
      '+U a NULL NULL 0',
    ])
  })

  it('gives up the state of groups that are gone', () => {
    const plan = node(['k'], [call('MIN', ['v']), call('COUNT', ['s'], { distinct: true })], retracting)
    const harness = new OperatorHarness({ node: plan, input: INPUT })
    harness.step({ rows: '+I a 1 0 0 x\n+I b 2 0 0 y' })
    harness.recover()
    const tables = ['groups.distinct1', 'groups.values0', 'groups']
    expect(harness.stored).toEqual(tables.flatMap((table) => [`${table}/0`, `${table}/${SECOND_PART}`]))
    harness.step({ rows: '-D a 1 0 0 x\n-D b 2 0 0 y' })
    harness.recover()
    expect(harness.stored).toEqual([])
  })
})

describe('aggregates that depend on order or on all values', () => {
  it('keeps the first and the last value that is not NULL', () => {
    const plan = node(['k'], [call('FIRST_VALUE', ['s']), call('LAST_VALUE', ['v']), call('LAST_VALUE', ['p'])])
    expect(materialize(emitted(plan, 'a NULL 0 1 NULL\na 1 0 NULL x', 'a 2 0 7 y\na NULL 0 NULL NULL'))).toEqual([
      'a x 2 7',
    ])
    const retracting = node(['k'], [call('FIRST_VALUE', ['s']), call('LAST_VALUE', ['s'])], { inputRetracts: true })
    expect(
      materialize(emitted(retracting, '+I a 1 0 0 x\n+I a 1 0 0 y\n+I a 1 0 0 z', '-D a 1 0 0 x', '-D a 1 0 0 z')),
    ).toEqual(['a y y'])
  })

  it('joins strings and collects values', () => {
    const plan = node(['k'], [call('LISTAGG', ['s']), call('ARRAY_AGG', ['v']), call('COLLECT', ['v'])])
    expect(materialize(emitted(plan, 'a 1 0 0 x\na NULL 0 0 NULL', 'a 1 0 0 y'))).toEqual(['a x,y [1,NULL,1] [[1,2]]'])
    const retracting = node(['k'], [call('LISTAGG', ['s']), call('ARRAY_AGG', ['v']), call('COLLECT', ['v'])], {
      inputRetracts: true,
    })
    expect(materialize(emitted(retracting, '+I a 1 0 0 x\n+I a 2 0 0 y', '+I a 1 0 0 z\n-D a 1 0 0 x'))).toEqual([
      'a y,z [2,1] [[1,1],[2,1]]',
    ])
  })

  it('measures the spread of doubles and cuts off that of integers', () => {
    const plan = node(
      [],
      [call('VAR_POP', ['x']), call('STDDEV_SAMP', ['x']), call('VAR_SAMP', ['v']), call('STDDEV_POP', ['p'])],
    )
    expect(materialize(emitted(plan, 'a 1 2 100\na 2 4 300'))).toEqual(['1 1.4142135623730951 0 1000000'])
    expect(materialize(emitted(node([], [call('VAR_SAMP', ['x'])]), 'a 1 5'))).toEqual(['NULL'])
  })
})

/** Every aggregate over the rows that are there. */
function model(rows: readonly Row[]): string[] {
  const groups = new Map<string, Row[]>()
  for (const row of rows) groups.set(row.k, [...(groups.get(row.k) ?? []), row])
  return [...groups]
    .map(([k, list]) => {
      const values = list.flatMap(({ v }) => (v === null ? [] : [v]))
      const texts = list.map(({ s }) => s).sort()
      const sum = values.reduce((total, value) => total + value, 0)
      const passed = list.filter(({ ok, v }) => ok === true && v !== null).reduce((total, { v }) => total + (v ?? 0), 0)
      const some = <T>(value: T, count = values.length): T | string => (count === 0 ? 'NULL' : value)
      const cells = [
        list.length,
        some(sum),
        some(Math.min(...values)),
        some(Math.max(...values)),
        texts.at(-1),
        new Set(values).size,
        some([...new Set(values)].reduce((total, value) => total + value, 0)),
        some(Math.trunc(sum / values.length)),
        some(passed, list.filter(({ ok, v }) => ok === true && v !== null).length),
        new Set(list.flatMap(({ ok, v }) => (ok === true && v !== null ? [v] : []))).size,
      ]
      return [k, ...cells].join(' ')
    })
    .sort()
}

interface Row {
  readonly k: string
  readonly v: number | null
  readonly s: string
  readonly ok: boolean | null
}

describe('group aggregate against a naive model', () => {
  const aggregates = [
    call('COUNT', []),
    call('SUM', ['v']),
    call('MIN', ['v']),
    call('MAX', ['v']),
    call('MAX', ['s']),
    call('COUNT', ['v'], { distinct: true }),
    call('SUM', ['v'], { distinct: true }),
    call('AVG', ['v']),
    call('SUM', ['v'], { filter: 'ok' }),
    call('COUNT', ['v'], { distinct: true, filter: 'ok' }),
  ]
  for (let seed = 1; seed <= 20; seed++) {
    it(`seed ${seed}`, () => {
      let state = seed * 104729
      const next = (below: number): number => {
        state = (Math.imul(state, 1664525) + 1013904223) | 0
        return Math.floor(((state >>> 0) / 2 ** 32) * below)
      }
      const retracts = seed % 2 === 0
      const rows: Row[] = []
      const steps: OperatorStep[] = []
      for (let batch = 0; batch < 25; batch++) {
        const lines: string[] = []
        for (let count = 1 + next(20); count > 0; count--) {
          const taken = retracts && next(5) < 2 ? rows.splice(next(rows.length + 1), 1)[0] : undefined
          const row = taken ?? {
            k: `k${next(6)}`,
            v: next(6) === 0 ? null : next(40) - 20,
            s: `s${next(30)}`,
            ok: [true, false, null][next(3)] ?? null,
          }
          if (taken === undefined) rows.push(row)
          lines.push(
            `${taken === undefined ? '+I' : '-D'} ${row.k} ${row.v ?? 'NULL'} 0 0 ${row.s} ${row.ok ?? 'NULL'} 0`,
          )
        }
        steps.push({ rows: lines.join('\n') })
      }
      const runs = runThreeWays({ node: node(['k'], aggregates, { inputRetracts: retracts }), input: INPUT }, steps)
      expect(materialize(runs.straight)).toEqual(model(rows))
      expect(runs.recovered).toEqual(runs.straight)
      expect(runs.tiny).toEqual(runs.straight)
    })
  }
})
