import { describe, expect, it } from 'vitest'
import { ALL_CHANGES, INSERT_ONLY } from '../../catalog/connector.ts'
import { BIGINT, type Schema, STRING } from '../../core/types.ts'
import { type NodeOf, runThreeWays } from './operator-harness.ts'

const TABLE: Schema = {
  fields: [
    { name: 'k', type: BIGINT },
    { name: 'v', type: STRING },
  ],
}

const LOG: Schema = {
  fields: [
    { name: 'k', type: BIGINT },
    { name: 'op', type: STRING },
    { name: 'v', type: STRING },
  ],
}

const PLACE = { id: 1, uid: 'c', inputs: [0], description: '' }

function toChangelog(codes: readonly (string | null)[]): NodeOf<'to-changelog'> {
  const spec = { op: 'op', codes, partitioned: false }
  const schema = { fields: [...TABLE.fields, { name: 'op', type: STRING }] }
  return { kind: 'to-changelog', ...PLACE, changelog: INSERT_ONLY, schema, spec }
}

function fromChangelog(
  kinds: NodeOf<'from-changelog'>['spec']['kinds'],
  invalidOp: 'FAIL' | 'SKIP',
): NodeOf<'from-changelog'> {
  return { kind: 'from-changelog', ...PLACE, changelog: ALL_CHANGES, schema: TABLE, spec: { op: 1, kinds, invalidOp } }
}

const CHANGES = [
  { rows: '+I 1 a\n+I 2 NULL\n-U 1 a\n+U 1 é' },
  { watermark: 5 },
  { rows: '-D 2 NULL' },
  { rows: '+I 3 c' },
]

describe('to-changelog', () => {
  it('tells what each row was, and passes watermarks on', () => {
    const runs = runThreeWays({ node: toChangelog(['c', 'before', 'ü', '']), input: TABLE }, CHANGES)
    expect(runs.straight).toEqual([
      '+I 1 a c',
      '+I 2 NULL c',
      '+I 1 a before',
      '+I 1 é ü',
      'watermark 5',
      '+I 2 NULL ""',
      '+I 3 c c',
    ])
    expect(runs.recovered).toEqual(runs.straight)
    expect(runs.tiny).toEqual(runs.straight)
  })

  it('leaves kinds without a code out, whole batches too', () => {
    const runs = runThreeWays({ node: toChangelog([null, null, 'u', 'd']), input: TABLE }, CHANGES)
    expect(runs.straight).toEqual(['+I 1 é u', 'watermark 5', '+I 2 NULL d'])
    expect(runs.recovered).toEqual(runs.straight)
    expect(runs.tiny).toEqual(runs.straight)
  })
})

const KINDS = [
  ['c', 0],
  ['r', 0],
  ['ub', 1],
  ['u', 2],
  ['ü', 3],
] as const

const TOLD = [
  { rows: '+I 1 c a\n+I 2 r b\n+I 1 ub a\n+I 1 u z' },
  { watermark: 7 },
  { rows: '+I 4 x q\n+I 2 ü b\n+I 5 NULL q\n+I 6 uu q\n+I 7 "" q' },
]

describe('from-changelog', () => {
  it('gives each row the kind that its operation names, and skips the others', () => {
    const runs = runThreeWays({ node: fromChangelog(KINDS, 'SKIP'), input: LOG }, TOLD)
    expect(runs.straight).toEqual(['+I 1 a', '+I 2 b', '-U 1 a', '+U 1 z', 'watermark 7', '-D 2 b'])
    expect(runs.recovered).toEqual(runs.straight)
    expect(runs.tiny).toEqual(runs.straight)
  })

  it('fails by an operation that it does not know, and by NULL', () => {
    const run = (rows: string) => () => runThreeWays({ node: fromChangelog(KINDS, 'FAIL'), input: LOG }, [{ rows }])
    expect(run('+I 1 c a\n+I 4 x q')).toThrow('FROM_CHANGELOG knows no operation "x"')
    expect(run('+I 4 NULL q')).toThrow('FROM_CHANGELOG knows no operation NULL')
  })
})
