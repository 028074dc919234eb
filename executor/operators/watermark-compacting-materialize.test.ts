import { describe, expect, it } from 'vitest'
import { ALL_CHANGES } from '../../catalog/connector.ts'
import { BIGINT, type Schema, STRING } from '../../core/types.ts'
import {
  type HarnessOptions,
  type NodeOf,
  OperatorHarness,
  type OperatorStep,
  runThreeWays,
} from './operator-harness.ts'

/** A sink by name; the input is keyed by id. */
const INPUT: Schema = {
  fields: [
    { name: 'name', type: STRING },
    { name: 'id', type: BIGINT },
    { name: 'v', type: STRING },
  ],
}

function options(conflict: 'ERROR' | 'NOTHING', inputKey?: readonly number[]): HarnessOptions {
  const node: NodeOf<'sink-materialize'> = {
    kind: 'sink-materialize',
    id: 1,
    uid: 'm',
    inputs: [0],
    description: 'SinkUpsertMaterialize',
    schema: INPUT,
    changelog: { ...ALL_CHANGES, updateBefore: false },
    upsertKey: [0],
    keys: [0],
    stateTtl: 0,
    conflict,
  }
  return { node, input: INPUT, ...(inputKey === undefined ? {} : { inputKey }) }
}

function run(steps: readonly OperatorStep[], given: HarnessOptions): readonly string[] {
  const { straight, recovered, tiny } = runThreeWays(given, steps)
  expect(recovered).toEqual(straight)
  expect(tiny).toEqual(straight)
  return straight
}

describe('ON CONFLICT DO NOTHING', () => {
  it('keeps the first of several rows of a key, and takes it back only when none is left', () => {
    const steps: readonly OperatorStep[] = [
      { rows: '+I laptop 1 x\n+I phone 2 x\n+I laptop 3 x' },
      { watermark: 1 },
      { rows: '-D laptop 3 x\n+I laptop 4 x' },
      { watermark: 2 },
      { rows: '-D laptop 1 x\n-D phone 2 x' },
      { watermark: 3 },
      { rows: '+I phone 5 x\n+I laptop 6 x' },
      { watermark: 4 },
    ]
    expect(run(steps, options('NOTHING', [1]))).toEqual([
      '+I laptop 1 x',
      '+I phone 2 x',
      'watermark 1',
      'watermark 2',
      '-D laptop 1 x',
      '-D phone 2 x',
      'watermark 3',
      '+I phone 5 x',
      '+I laptop 6 x',
      'watermark 4',
    ])
  })

  it('compacts what comes and goes between two watermarks', () => {
    const steps: readonly OperatorStep[] = [
      { rows: '+I a 1 x\n-U a 1 x\n+U a 1 y\n+I b 2 x' },
      { rows: '-D b 2 x' },
      { watermark: 1 },
      { rows: '-U a 1 y\n+U a 1 y' },
      { watermark: 2 },
      { rows: '-U a 1 y\n+U a 1 z' },
      { watermark: 3 },
    ]
    for (const key of [[1], undefined]) {
      expect(run(steps, options('NOTHING', key))).toEqual([
        '+I a 1 y',
        'watermark 1',
        'watermark 2',
        '+U a 1 z',
        'watermark 3',
      ])
    }
  })
})

describe('ON CONFLICT DO ERROR', () => {
  it('writes rows that are alone with their key, whatever order their changes come in', () => {
    const steps: readonly OperatorStep[] = [
      { rows: '+I laptop 1 x\n+I laptop 3 x\n-U laptop 1 x\n+U phone 1 x' },
      { watermark: 1 },
    ]
    expect(run(steps, options('ERROR', [1]))).toEqual(['+I laptop 3 x', '+I phone 1 x', 'watermark 1'])
  })

  it('fails where two are left', () => {
    const harness = new OperatorHarness(options('ERROR', [1]))
    harness.step({ rows: '+I laptop 1 x' })
    harness.step({ watermark: 1 })
    harness.step({ rows: '+I laptop 2 x' })
    expect(() => {
      harness.step({ watermark: 2 })
    }).toThrow('Primary key constraint violation: multiple distinct records with the same primary key (name) detected.')
  })
})
