import { describe, expect, it } from 'vitest'
import { ALL_CHANGES } from '../../catalog/connector.ts'
import { BIGINT, type Schema, STRING, withNullability } from '../../core/types.ts'
import { type NodeOf, runThreeWays } from './operator-harness.ts'

const INPUT: Schema = {
  fields: [
    { name: 'a', type: STRING },
    { name: 'b', type: BIGINT },
  ],
}

const NODE: NodeOf<'expand'> = {
  kind: 'expand',
  id: 1,
  uid: 'e',
  inputs: [0],
  description: '',
  changelog: ALL_CHANGES,
  schema: { fields: [...INPUT.fields, { name: '$e', type: withNullability(BIGINT, false) }] },
  copies: [
    { columns: [0, 1], id: 0 },
    { columns: [0, null], id: 1 },
    { columns: [null, null], id: 3 },
  ],
}

describe('expand', () => {
  it('copies each row for each set, and keeps its kind', () => {
    const runs = runThreeWays({ node: NODE, input: INPUT }, [{ rows: '+I x 1\n+I NULL 2\n-D x 1' }, { watermark: 5 }])
    expect(runs.straight).toEqual([
      '+I x 1 0',
      '+I x NULL 1',
      '+I NULL NULL 3',
      '+I NULL 2 0',
      '+I NULL NULL 1',
      '+I NULL NULL 3',
      '-D x 1 0',
      '-D x NULL 1',
      '-D NULL NULL 3',
      'watermark 5',
    ])
    expect(runs.recovered).toEqual(runs.straight)
    expect(runs.tiny).toEqual(runs.straight)
  })
})
