import { describe, expect, it } from 'vitest'
import { INSERT_ONLY } from '../../catalog/connector.ts'
import type { UserFunction } from '../../catalog/function.ts'
import { BIGINT, INT, type Schema, STRING, withNullability } from '../../core/types.ts'
import { type NodeOf, OperatorHarness, runThreeWays } from './operator-harness.ts'

/** The function is given `v` as its row. */
const INPUT: Schema = {
  fields: [
    { name: 'k', type: STRING },
    { name: 'v', type: BIGINT },
    { name: 'least', type: INT },
  ],
}

function functionOf(text: string, table: 'row' | 'set'): UserFunction {
  return {
    path: { catalog: 'c', database: 'd', name: 'f' },
    kind: 'table',
    source: { kind: 'inline', text },
    table,
    parameters: [{ type: BIGINT }, { type: withNullability(INT, false) }],
    result: [{ name: 'sum', type: BIGINT }],
    deterministic: true,
  }
}

function node(text: string, keys: readonly number[], stateTtl = 0): NodeOf<'process-function'> {
  const fields = [...keys.flatMap((key) => INPUT.fields[key] ?? []), { name: 'sum', type: BIGINT }]
  return {
    kind: 'process-function',
    id: 1,
    uid: 'p',
    inputs: [0],
    description: '',
    changelog: INSERT_ONLY,
    schema: { fields },
    spec: { function: functionOf(text, keys.length > 0 ? 'set' : 'row'), args: [1, 2], keys },
    stateTtl,
  }
}

const SUMS = `function* (state, row, least) {
  state.sum = (state.sum ?? 0n) + (row ?? 0n)
  if (state.sum >= least) yield state.sum
  if (state.sum > 100n) delete state.sum
}`

describe('process-function', () => {
  it('gives the function each row alone', () => {
    const repeats = '(row, times) => Array.from({ length: times }, () => [row])'
    const runs = runThreeWays({ node: node(repeats, []), input: INPUT }, [
      { rows: '+I a 1 2\n+I b 2 0\n+I c NULL 1' },
      { watermark: 5 },
      { rows: '+I d 4 NULL' },
    ])
    expect(runs.straight).toEqual(['+I 1', '+I 1', '+I NULL', 'watermark 5'])
    expect(runs.recovered).toEqual(runs.straight)
    expect(runs.tiny).toEqual(runs.straight)
  })

  it('keeps the state of each key, also over a restore', () => {
    const runs = runThreeWays({ node: node(SUMS, [0]), input: INPUT }, [
      { rows: '+I a 1 2\n+I a 2 2\n+I NULL 5 2' },
      { rows: '+I b 1 2\n+I NULL 1 2\n+I a 98 2' },
      { watermark: 9 },
      { rows: '+I a 1 2\n+I b 1 2' },
    ])
    expect(runs.straight).toEqual(['+I a 3', '+I NULL 5', '+I NULL 6', '+I a 101', 'watermark 9', '+I b 2'])
    expect(runs.recovered).toEqual(runs.straight)
    expect(runs.tiny).toEqual(runs.straight)
  })

  it('forgets states that are empty', () => {
    const harness = new OperatorHarness({ node: node(SUMS, [0]), input: INPUT })
    harness.step({ rows: '+I a 1 2\n+I b 1 2' })
    expect(harness.operator.metrics?.().stateEntries).toBe(2)
    harness.step({ rows: '+I a 100 2' })
    expect(harness.operator.metrics?.().stateEntries).toBe(1)
  })

  it('forgets keys without rows for as long as the time to live', () => {
    const runs = runThreeWays({ node: node(SUMS, [0], 100), input: INPUT }, [
      { time: 1000 },
      { rows: '+I a 1 2' },
      { time: 1050 },
      { rows: '+I a 1 2' },
      { time: 1200 },
      { rows: '+I a 1 1' },
    ])
    expect(runs.straight).toEqual(['+I a 2', '+I a 1'])
    expect(runs.recovered).toEqual(runs.straight)
    expect(runs.tiny).toEqual(runs.straight)
  })

  it('fails by what the function throws, returns or keeps', () => {
    const run = (text: string) => () => runThreeWays({ node: node(text, [0]), input: INPUT }, [{ rows: '+I a 1 2' }])
    expect(run('() => { throw new Error("no") }')).toThrow('function "f" failed: no')
    expect(run('() => ["x"]')).toThrow('which is no row of (sum BIGINT)')
    expect(run('(state) => { state.f = () => 1; return [] }')).toThrow('could not be cloned')
  })
})
