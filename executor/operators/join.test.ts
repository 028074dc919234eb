import { describe, expect, it } from 'vitest'
import { ALL_CHANGES } from '../../catalog/connector.ts'
import { areLasting } from '../../core/lasting-bytes.ts'
import { parseBatch } from '../../core/batch-text.ts'
import { INT, type Schema, STRING } from '../../core/types.ts'
import type { Expression } from '../../planner/expression.ts'
import { createJoin, type JoinType } from '../../planner/logical/join.ts'
import { createValues } from '../../planner/logical/values.ts'
import type { JoinSide } from '../../planner/physical/join-nodes.ts'
import { createJoin as createOperator } from './join.ts'
import type { Output } from './operator.ts'
import { materialize, type NodeOf, OperatorHarness, type OperatorStep, runThreeWays } from './operator-harness.ts'

const SIDE: Schema = {
  fields: [
    { name: 'id', type: INT },
    { name: 'k', type: INT },
    { name: 'v', type: STRING },
  ],
}
const TRUE: Expression = { kind: 'literal', value: true, type: { kind: 'BOOLEAN', nullable: false } }
/** `l.v <> r.v` */
const DIFFERENT: Expression = {
  kind: 'call',
  function: '<>',
  args: [
    { kind: 'input', index: 2, type: STRING },
    { kind: 'input', index: 5, type: STRING },
  ],
  type: { kind: 'BOOLEAN', nullable: true },
}

interface Options {
  readonly left?: Partial<JoinSide>
  readonly right?: Partial<JoinSide>
  readonly keys?: readonly number[]
  readonly nullsMatch?: boolean
  readonly condition?: Expression
}

function join(joinType: JoinType, options: Options = {}): NodeOf<'join'> {
  const { left, right, keys = [1], nullsMatch = false, condition } = options
  const { schema } = createJoin(joinType, createValues([], SIDE), createValues([], SIDE), TRUE)
  const side: JoinSide = { keys, retracts: true, stateTtl: 0 }
  return {
    kind: 'join',
    id: 2,
    uid: 'j',
    inputs: [0, 1],
    description: '',
    changelog: ALL_CHANGES,
    schema,
    joinType,
    left: { ...side, ...left },
    right: { ...side, ...right },
    filterNulls: keys.map(() => !nullsMatch),
    emitUpdateBefore: true,
    ...(condition === undefined ? {} : { condition }),
  }
}

const left = (rows: string): OperatorStep => ({ rows, input: 0 })
const right = (rows: string): OperatorStep => ({ rows, input: 1 })

function emitted(node: NodeOf<'join'>, ...steps: readonly OperatorStep[]): readonly string[] {
  const runs = runThreeWays({ node, input: SIDE, secondInput: SIDE }, steps)
  expect(runs.recovered).toEqual(runs.straight)
  expect(runs.tiny).toEqual(runs.straight)
  return runs.straight
}

describe('join', () => {
  it('hands on the row kinds of its input where both sides are inner', () => {
    expect(
      emitted(
        join('inner'),
        left('+I 1 1 a\n+I 2 1 b'),
        right('+I 7 1 x\n+I 8 2 y'),
        left('-U 1 1 a\n+U 1 2 a'),
        right('-D 7 1 x'),
      ),
    ).toEqual(['+I 1 1 a 7 1 x', '+I 2 1 b 7 1 x', '-U 1 1 a 7 1 x', '+U 1 2 a 8 2 y', '-D 2 1 b 7 1 x'])
  })

  it('pads the rows of an outer side with NULLs until they have a partner, and again without the last', () => {
    expect(
      emitted(
        join('left'),
        left('+I 1 1 a\n+I 2 NULL b'),
        right('+I 7 1 x\n+I 8 1 y'),
        right('-D 7 1 x\n-U 8 1 y\n+U 8 2 y'),
        left('-D 2 NULL b\n+I 3 2 c\n-U 1 1 a\n+U 1 2 a'),
      ),
    ).toEqual([
      '+I 1 1 a NULL NULL NULL',
      '+I 2 NULL b NULL NULL NULL',
      '-D 1 1 a NULL NULL NULL',
      '+I 1 1 a 7 1 x',
      '+I 1 1 a 8 1 y',
      '-D 1 1 a 7 1 x',
      '-U 1 1 a 8 1 y',
      '+I 1 1 a NULL NULL NULL',
      '-D 2 NULL b NULL NULL NULL',
      '+I 3 2 c 8 2 y',
      '-D 1 1 a NULL NULL NULL',
      '+I 1 2 a 8 2 y',
    ])
  })

  it('takes both sides of a full join for outer ones', () => {
    expect(
      emitted(join('full'), left('+I 1 1 a'), right('+I 7 1 x\n+I 8 2 y'), left('+I 2 2 b\n-D 1 1 a\n-D 2 2 b')),
    ).toEqual([
      '+I 1 1 a NULL NULL NULL',
      '-D 1 1 a NULL NULL NULL',
      '+I 1 1 a 7 1 x',
      '+I NULL NULL NULL 8 2 y',
      '-D NULL NULL NULL 8 2 y',
      '+I 2 2 b 8 2 y',
      '-D 1 1 a 7 1 x',
      '+I NULL NULL NULL 7 1 x',
      '-D 2 2 b 8 2 y',
      '+I NULL NULL NULL 8 2 y',
    ])
  })

  it('joins pairs for which the rest of the condition is TRUE', () => {
    expect(
      emitted(
        join('left', { condition: DIFFERENT }),
        left('+I 1 1 x\n+I 2 1 NULL'),
        right('+I 7 1 x\n+I 8 1 y'),
        right('-D 8 1 y'),
      ),
    ).toEqual([
      '+I 1 1 x NULL NULL NULL',
      '+I 2 1 NULL NULL NULL NULL',
      '-D 1 1 x NULL NULL NULL',
      '+I 1 1 x 8 1 y',
      '-D 1 1 x 8 1 y',
      '+I 1 1 x NULL NULL NULL',
    ])
  })

  it('finds NULL equal to NULL for IS NOT DISTINCT FROM alone', () => {
    const steps = [left('+I 1 NULL a\n+I 2 1 b'), right('+I 7 NULL x')]
    expect(emitted(join('inner', { nullsMatch: true }), ...steps)).toEqual(['+I 1 NULL a 7 NULL x'])
    expect(emitted(join('inner'), ...steps)).toEqual([])
  })

  it('joins all with all where there are no keys', () => {
    expect(emitted(join('inner', { keys: [] }), left('+I 1 1 a\n+I 2 2 b'), right('+I 7 3 x'))).toEqual([
      '+I 1 1 a 7 3 x',
      '+I 2 2 b 7 3 x',
    ])
  })

  it('counts equal rows of a side without a key', () => {
    expect(
      emitted(join('right'), right('+I 7 1 x\n+I 7 1 x'), left('+I 1 1 a'), right('-D 7 1 x'), left('-D 1 1 a')),
    ).toEqual([
      '+I NULL NULL NULL 7 1 x',
      '+I NULL NULL NULL 7 1 x',
      '-D NULL NULL NULL 7 1 x',
      '+I 1 1 a 7 1 x',
      '-D NULL NULL NULL 7 1 x',
      '+I 1 1 a 7 1 x',
      '-D 1 1 a 7 1 x',
      '-D 1 1 a 7 1 x',
      '+I NULL NULL NULL 7 1 x',
    ])
  })

  it('replaces rows by their unique key, and understands +U alone where it contains the join key', () => {
    const unique = { left: { uniqueKey: [] }, right: { uniqueKey: [] } }
    const node: NodeOf<'join'> = {
      ...join('full', unique),
      changelog: { ...ALL_CHANGES, updateBefore: false },
      upsertKey: [1, 4],
    }
    expect(
      emitted(
        node,
        left('+I 1 1 a'),
        right('+I 7 1 x\n+U 7 1 y'),
        left('+U 1 1 b'),
        left('-D 1 1 b'),
        right('-D 7 1 y'),
      ),
    ).toEqual([
      '+I 1 1 a NULL NULL NULL',
      '-D 1 1 a NULL NULL NULL',
      '+I 1 1 a 7 1 x',
      '+I 1 1 a 7 1 y',
      '+I 1 1 b 7 1 y',
      '-D 1 1 b 7 1 y',
      '+I NULL NULL NULL 7 1 y',
      '-D NULL NULL NULL 7 1 y',
    ])
  })

  it('replaces rows by a unique key beside the join key', () => {
    const node = join('inner', { left: { uniqueKey: [0], retracts: false } })
    expect(emitted(node, left('+I 1 1 a\n+I 2 1 b\n+I 1 1 c'), right('+I 7 1 x'))).toEqual([
      '+I 1 1 c 7 1 x',
      '+I 2 1 b 7 1 x',
    ])
  })

  it('has the left rows with a partner (semi)', () => {
    expect(
      emitted(
        join('semi'),
        left('+I 1 1 a\n+I 2 NULL b'),
        right('+I 7 1 x\n+I 8 1 y\n-U 7 1 x\n+U 7 2 x'),
        left('+I 3 2 c\n-U 1 1 a\n+U 1 2 a'),
        right('-D 7 2 x'),
      ),
    ).toEqual(['+I 1 1 a', '+I 3 2 c', '-U 1 1 a', '+U 1 2 a', '-D 3 2 c', '-D 1 2 a'])
  })

  it('has the left rows without a partner (anti)', () => {
    expect(
      emitted(
        join('anti'),
        left('+I 1 1 a\n+I 2 NULL b'),
        right('+I 7 1 x\n+I 8 1 y'),
        right('-D 7 1 x\n-D 8 1 y'),
        left('-D 2 NULL b\n-U 1 1 a\n+U 1 2 a'),
      ),
    ).toEqual(['+I 1 1 a', '+I 2 NULL b', '-D 1 1 a', '+I 1 1 a', '-D 2 NULL b', '-U 1 1 a', '+U 1 2 a'])
  })

  it('forgets each row of a side its time to live after it was written', () => {
    const node = join('left', { left: { stateTtl: 1000, retracts: false }, right: { stateTtl: 500, retracts: false } })
    expect(
      emitted(
        node,
        left('+I 1 1 a'),
        { time: 400 },
        right('+I 7 1 x'),
        { time: 900 },
        left('+I 2 1 b'),
        // The first row was written again when it got its partner.
        { time: 1399 },
        right('+I 8 1 y'),
        { time: 2500 },
        right('+I 9 1 z'),
      ),
    ).toEqual([
      '+I 1 1 a NULL NULL NULL',
      '-D 1 1 a NULL NULL NULL',
      '+I 1 1 a 7 1 x',
      '+I 2 1 b NULL NULL NULL',
      '+I 1 1 a 8 1 y',
      '-D 2 1 b NULL NULL NULL',
      '+I 2 1 b 8 1 y',
    ])
  })

  it('gives back the memory of rows that are gone', () => {
    const harness = new OperatorHarness({ node: join('full'), input: SIDE, secondInput: SIDE })
    harness.step(left('+I 1 1 a\n+I 2 1 b'))
    harness.step(right('+I 7 1 x'))
    expect(harness.operator.metrics?.().stateEntries).toBe(3)
    harness.step(left('-D 1 1 a\n-D 2 1 b\n+I 3 1 c\n-D 3 1 c'))
    harness.step(right('-D 7 1 x'))
    expect(harness.operator.metrics?.().stateEntries).toBe(0)
    harness.recover()
    expect(harness.stored).toEqual([])
  })
})

interface Row {
  readonly id: number
  readonly k: number | null
  readonly v: string
}

/** Changes that never take back what is not there, and the rows that they leave. */
function randomChanges(next: () => number, count: number): { readonly lines: string[]; readonly rows: Row[] } {
  const int = (below: number): number => Math.floor(next() * below)
  const fresh = (): Row => ({ id: int(4), k: next() < 0.1 ? null : int(3), v: 'abc'[int(3)] ?? 'a' })
  const text = ({ id, k, v }: Row): string => `${id} ${k ?? 'NULL'} ${v}`
  const lines: string[] = []
  const rows: Row[] = []
  while (lines.length < count) {
    const at = int(rows.length)
    const old = rows[at]
    const choice = next()
    if (old === undefined || choice < 0.5) {
      const row = fresh()
      rows.push(row)
      lines.push(`+I ${text(row)}`)
    } else if (choice < 0.75) {
      rows.splice(at, 1)
      lines.push(`-D ${text(old)}`)
    } else {
      const row = fresh()
      rows[at] = row
      lines.push(`-U ${text(old)}`, `+U ${text(row)}`)
    }
  }
  return { lines, rows }
}

/** What the query gives for the final rows. */
function expected(joinType: JoinType, mine: readonly Row[], theirs: readonly Row[]): string[] {
  const matches = (a: Row, b: Row): boolean => a.k !== null && a.k === b.k && a.v !== b.v
  const text = (row: Row | undefined): string =>
    row === undefined ? 'NULL NULL NULL' : `${row.id} ${row.k ?? 'NULL'} ${row.v}`
  const lonely = (row: Row): boolean => !theirs.some((other) => matches(row, other))
  if (joinType === 'semi') return mine.filter((row) => !lonely(row)).map(text)
  if (joinType === 'anti') return mine.filter(lonely).map(text)
  const rows = mine.flatMap((a) => theirs.filter((b) => matches(a, b)).map((b) => `${text(a)} ${text(b)}`))
  if (joinType === 'left' || joinType === 'full') {
    rows.push(...mine.filter(lonely).map((row) => `${text(row)} ${text(undefined)}`))
  }
  if (joinType === 'right' || joinType === 'full') {
    const alone = theirs.filter((other) => !mine.some((row) => matches(row, other)))
    rows.push(...alone.map((row) => `${text(undefined)} ${text(row)}`))
  }
  return rows
}

describe('join of random changelogs', () => {
  for (const joinType of ['inner', 'left', 'right', 'full', 'semi', 'anti'] as const) {
    it(`${joinType}: is the join of what is left at the end, with every cut and restored`, () => {
      for (let seed = 1; seed <= 12; seed++) {
        let state = seed * 7919
        const next = (): number => {
          state = (Math.imul(state, 1664525) + 1013904223) | 0
          return (state >>> 0) / 2 ** 32
        }
        const [mine, theirs] = [randomChanges(next, 60), randomChanges(next, 60)]
        const steps: OperatorStep[] = []
        for (let at = 0; at < 70; at += 7) {
          for (const [input, { lines }] of [mine, theirs].entries()) {
            const rows = lines.slice(at, at + 7).join('\n')
            if (rows !== '') steps.push({ rows, input })
          }
        }
        const lines = emitted(join(joinType, { condition: DIFFERENT }), ...steps)
        expect(materialize(lines)).toEqual(expected(joinType, mine.rows, theirs.rows).sort())
      }
    })
  }
})

describe('texts of joined rows', () => {
  const INSERTS = { left: { retracts: false }, right: { retracts: false } }
  const step = (input: 0 | 1, first: number, count = 300): OperatorStep => {
    const rows = Array.from({ length: count }, (_, i) =>
      i % 50 === 7
        ? `+I ${first + i} NULL none`
        : `+I ${first + i} ${i % 130} ${i % 9 === 0 ? 'NULL' : `${first + i}_`.repeat(40)}`,
    )
    return { rows: rows.join('\n'), input }
  }

  it('are those of both sides, whichever came last', () => {
    const changes = emitted(join('inner', INSERTS), step(0, 1), step(1, 10_001), step(0, 20_001))
    const rows = (first: number): (readonly [number, number, string])[] =>
      Array.from(
        { length: 300 },
        (_, i) => [first + i, i % 130, i % 9 === 0 ? 'NULL' : `${first + i}_`.repeat(40)] as const,
      ).filter((_, i) => i % 50 !== 7)
    const expected = [...rows(1), ...rows(20_001)].flatMap(([id, key, text]) =>
      rows(10_001).flatMap((other) => (other[1] === key ? [`+I ${id} ${key} ${text} ${other.join(' ')}`] : [])),
    )
    expect([...changes].sort()).toEqual(expected.sort())
  })

  it('are in the state, where others can point at them, also those of the rows that came last', () => {
    const lasting: boolean[] = []
    const output: Output = {
      batch: ({ columns }) => {
        lasting.push(...columns.flatMap((column) => (column.kind === 'bytes' ? [areLasting(column.data)] : [])))
      },
      watermark: () => undefined,
      readsValues: () => true,
    }
    const run = (options: Options): boolean[] => {
      lasting.length = 0
      const operator = createOperator(join('inner', options), [SIDE, SIDE], {
        output,
        clock: { now: () => 0 },
        timeZone: 'UTC',
      })
      for (const part of [step(0, 1, 2000), step(1, 10_001, 2000)])
        if ('rows' in part) operator.onBatch(parseBatch(SIDE, part.rows), part.input ?? 0)
      return [...new Set(lasting)]
    }
    expect(run(INSERTS)).toEqual([true])
    expect(run({ left: { retracts: false } })).toEqual([true, false])
  })
})
