import { describe, expect, it } from 'vitest'
import { ALL_CHANGES, INSERT_ONLY } from '../../catalog/connector.ts'
import { formatBatch, parseBatch } from '../../core/batch-text.ts'
import { type ChangeBatch, sliceRows } from '../../core/change-batch.ts'
import { readValue } from '../../core/column-ops.ts'
import { MillraceError } from '../../core/errors.ts'
import { BIGINT, BOOLEAN, INT, type Schema, STRING } from '../../core/types.ts'
import type { FoundRows, LookupSource } from '../../connectors/api/lookup.ts'
import type { Expression } from '../../planner/expression.ts'
import type { LookupJoinNode } from '../../planner/physical/join-nodes.ts'
import { CheckedOutput } from './checked-output.ts'
import { createLookupJoin, type LookupOperator, type LookupProvider } from './lookup-join.ts'
import { PartialCache, type PartialCacheOptions } from './lookup-rows.ts'

const INPUT: Schema = {
  fields: [
    { name: 'n', type: INT },
    { name: 'k', type: BIGINT },
  ],
}
const TABLE: Schema = {
  fields: [
    { name: 'id', type: BIGINT },
    { name: 'name', type: STRING },
  ],
}
const ROWS: Readonly<Record<string, readonly string[]>> = { '1': ['1 a'], '2': ['2 b', '2 c'], '3': ['3 d'] }

function input(index: number): Expression {
  return { kind: 'input', index, type: index === 0 ? INT : index === 3 ? STRING : BIGINT }
}

function node(more: Partial<LookupJoinNode> = {}): LookupJoinNode {
  return {
    kind: 'lookup-join',
    id: 1,
    uid: 'l',
    inputs: [0],
    description: 'LookupJoin',
    changelog: INSERT_ONLY,
    schema: { fields: [...INPUT.fields, ...TABLE.fields] },
    joinType: 'left',
    table: {
      kind: 'table',
      path: { catalog: 'c', database: 'd', name: 'dim' },
      temporary: false,
      columns: [],
      partitionKeys: [],
      options: {},
    },
    options: {},
    columns: ['id', 'name'],
    lookup: TABLE,
    keys: [{ column: 0, value: input(1) }],
    projections: [
      { kind: 'input', index: 0, type: BIGINT },
      { kind: 'input', index: 1, type: STRING },
    ],
    asynchronous: { ordered: true, capacity: 100, timeout: 1000 },
    ...more,
  }
}

/** Answers when the test says so; knows what it was asked. */
class Desk implements LookupSource {
  readonly asked: string[] = []
  rows: Record<string, readonly string[]> = { ...ROWS }
  readonly #open: { readonly keys: ChangeBatch; readonly answer: PromiseWithResolvers<FoundRows> }[] = []

  async open(): Promise<void> {}

  lookup(keys: ChangeBatch): Promise<FoundRows> {
    this.asked.push(this.#texts(keys).join(','))
    const answer = Promise.withResolvers<FoundRows>()
    this.#open.push({ keys, answer })
    return answer.promise
  }

  #texts(keys: ChangeBatch): string[] {
    const [column] = keys.columns
    return Array.from({ length: keys.rows }, (_, row) =>
      column === undefined ? '' : String(readValue(column, BIGINT, row)),
    )
  }

  get waiting(): number {
    return this.#open.length
  }

  /** The request at this place is answered. */
  async answer(at = 0): Promise<void> {
    const [request] = this.#open.splice(at, 1)
    if (request === undefined) throw new Error('nobody asks')
    const keyOf: number[] = []
    const lines: string[] = []
    for (const [place, key] of this.#texts(request.keys).entries()) {
      for (const row of this.rows[key] ?? []) {
        keyOf.push(place)
        lines.push(row)
      }
    }
    request.answer.resolve({ rows: parseBatch(TABLE, lines.join('\n')), keyOf: Int32Array.from(keyOf) })
    await turn()
  }

  async refuse(error: MillraceError): Promise<void> {
    this.#open.shift()?.answer.reject(error)
    await turn()
  }

  async close(): Promise<void> {}
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

interface Setup {
  readonly operator: LookupOperator
  readonly desk: Desk
  readonly emitted: string[]
  readonly failures: MillraceError[]
  readonly delays: number[]
  now: number
}

function setup(more: Partial<LookupJoinNode> = {}, cache?: PartialCacheOptions): Setup {
  const made = node(more)
  const emitted: string[] = []
  const { schema, changelog } = made
  const sink = {
    batch: (batch: ChangeBatch) => void emitted.push(...formatBatch(batch).split('\n')),
    watermark: (time: number) => void emitted.push(`watermark ${time}`),
  }
  const state: Setup = {
    operator: createLookupJoin(made, INPUT, {
      output: new CheckedOutput(sink, { schema, changelog }),
      clock: { now: () => state.now },
      timeZone: 'UTC',
    }),
    desk: new Desk(),
    emitted,
    failures: [],
    delays: [],
    now: 0,
  }
  const provider: LookupProvider = {
    kind: 'queries',
    source: state.desk,
    cache: cache === undefined ? undefined : new PartialCache([BIGINT], TABLE, cache),
  }
  state.operator.connect(provider, {
    resume: (step) => {
      step()
    },
    fail: (error) => void state.failures.push(error),
    delay: (milliseconds) => {
      state.delays.push(milliseconds)
      return Promise.resolve()
    },
  })
  return state
}

const rows = (text: string): ChangeBatch => parseBatch(INPUT, text)

describe('lookup join', () => {
  it('asks for each key of a batch once, never for NULL, and joins all rows found', async () => {
    const { operator, desk, emitted } = setup()
    operator.onBatch(rows('1 1\n2 2\n3 9\n4 NULL\n5 1'), 0)
    operator.onWatermark(7)
    expect(emitted).toEqual([])
    expect(operator.pending).toBeInstanceOf(Promise)
    expect(desk.asked).toEqual(['1,2,9'])
    await desk.answer()
    expect(emitted).toEqual([
      '+I 1 1 1 a',
      '+I 2 2 2 b',
      '+I 2 2 2 c',
      '+I 3 9 NULL NULL',
      '+I 4 NULL NULL NULL',
      '+I 5 1 1 a',
      'watermark 7',
    ])
    expect(operator.pending).toBeUndefined()
  })

  it('leaves rows without partners out in an inner join, and keeps the row kinds', async () => {
    const { operator, desk, emitted } = setup({ joinType: 'inner', changelog: ALL_CHANGES })
    operator.onBatch(rows('+I 1 1\n-U 1 1\n+U 1 2\n-D 1 2\n+I 3 9'), 0)
    await desk.answer()
    expect(emitted).toEqual(['+I 1 1 1 a', '-U 1 1 1 a', '+U 1 2 2 b', '+U 1 2 2 c', '-D 1 2 2 b', '-D 1 2 2 c'])
  })

  it('gives answers out in the order of the input', async () => {
    const { operator, desk, emitted } = setup()
    operator.onBatch(rows('1 1'), 0)
    operator.onBatch(rows('2 2'), 0)
    await desk.answer(1)
    expect(emitted).toEqual([])
    await desk.answer()
    expect(emitted).toEqual(['+I 1 1 1 a', '+I 2 2 2 b', '+I 2 2 2 c'])
  })

  it('lets answers overtake each other, but no watermark, where order does not matter', async () => {
    const { operator, desk, emitted } = setup({ asynchronous: { ordered: false, capacity: 100, timeout: 1000 } })
    operator.onBatch(rows('1 1'), 0)
    operator.onBatch(rows('2 2'), 0)
    operator.onWatermark(5)
    operator.onBatch(rows('3 3'), 0)
    await desk.answer(2)
    expect(emitted).toEqual([])
    await desk.answer(1)
    expect(emitted).toEqual(['+I 2 2 2 b', '+I 2 2 2 c'])
    await desk.answer()
    expect(emitted.slice(2)).toEqual(['+I 1 1 1 a', 'watermark 5', '+I 3 3 3 d'])
  })

  it('asks no more at a time than its capacity, and then wants no more rows', async () => {
    const { operator, desk } = setup({ asynchronous: { ordered: true, capacity: 1, timeout: 1000 } })
    operator.onBatch(rows('1 1'), 0)
    const pressure = operator.pressure
    expect(pressure).toBeInstanceOf(Promise)
    operator.onBatch(rows('2 2'), 0)
    expect(desk.asked).toEqual(['1'])
    await desk.answer()
    await pressure
    expect(desk.asked).toEqual(['1', '2'])
    await desk.answer()
    expect(operator.pressure).toBeUndefined()
  })

  it('remembers what it has looked up until that is too old or makes room', async () => {
    const state = setup({}, { maxRows: 2, expireAfterWrite: 100, missingKeys: true })
    const { operator, desk, emitted } = state
    operator.onBatch(rows('1 1\n2 9'), 0)
    await desk.answer()
    operator.onBatch(rows('3 9\n4 1'), 0)
    expect(emitted.slice(2)).toEqual(['+I 3 9 NULL NULL', '+I 4 1 1 a'])
    // 9 was not used for longest.
    operator.onBatch(rows('5 2\n6 1'), 0)
    await desk.answer()
    operator.onBatch(rows('7 9'), 0)
    await desk.answer()
    expect(desk.asked).toEqual(['1,9', '2', '9'])
    state.now = 100
    operator.onBatch(rows('8 9'), 0)
    expect(desk.asked).toEqual(['1,9', '2', '9', '9'])
    await desk.answer()
    expect(operator.metrics?.().stateEntries).toBeLessThanOrEqual(2)
  })

  it('forgets a key that was not used for long, and does not remember that a key is missing', async () => {
    const state = setup({}, { expireAfterAccess: 100, missingKeys: false })
    const { operator, desk } = state
    operator.onBatch(rows('1 1\n2 9'), 0)
    await desk.answer()
    for (state.now = 60; state.now < 200; state.now += 60) operator.onBatch(rows('1 1'), 0)
    operator.onBatch(rows('2 9'), 0)
    await desk.answer()
    expect(desk.asked).toEqual(['1,9', '9'])
    state.now = 400
    operator.onBatch(rows('1 1'), 0)
    expect(desk.asked).toEqual(['1,9', '9', '1'])
    await desk.answer()
  })

  it('asks again for keys without rows, so often and after so long as the hint says', async () => {
    const { operator, desk, emitted, delays } = setup({ retry: { delay: 10, attempts: 2 } })
    operator.onBatch(rows('1 1\n2 8\n3 9'), 0)
    await desk.answer()
    desk.rows['8'] = ['8 late']
    await desk.answer()
    await desk.answer()
    expect(desk.asked).toEqual(['1,8,9', '8,9', '9'])
    expect(delays).toEqual([10, 10])
    expect(emitted).toEqual(['+I 1 1 1 a', '+I 2 8 8 late', '+I 3 9 NULL NULL'])
  })

  it('tests the rest of the condition over computed columns', async () => {
    const condition: Expression = {
      kind: 'call',
      function: '<>',
      args: [input(3), { kind: 'literal', value: 'b', type: STRING }],
      type: BOOLEAN,
    }
    const { operator, desk, emitted } = setup({ condition })
    operator.onBatch(rows('1 1\n2 2\n3 3'), 0)
    desk.rows['3'] = ['3 b']
    await desk.answer()
    expect(emitted).toEqual(['+I 1 1 1 a', '+I 2 2 2 c', '+I 3 3 NULL NULL'])
  })

  it('names the table of a lookup that fails or takes too long', async () => {
    const { operator, desk, failures } = setup({ asynchronous: { ordered: true, capacity: 100, timeout: 1 } })
    operator.onBatch(rows('1 1'), 0)
    await desk.refuse(new MillraceError('EXTERNAL_ERROR', 'no'))
    operator.onBatch(rows('1 1'), 0)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(failures.map(({ message, at }) => [message, at])).toEqual([
      ['no', { table: 'dim' }],
      ['a lookup in table "dim" took longer than 1 ms', { table: 'dim' }],
    ])
  })

  it('gives the same however the input is cut', async () => {
    const batch = rows(Array.from({ length: 600 }, (_, i) => `${i} ${i % 5 === 4 ? 'NULL' : i % 5}`).join('\n'))
    const whole = setup()
    whole.operator.onBatch(batch, 0)
    while (whole.desk.waiting > 0) await whole.desk.answer()
    const cut = setup({}, { maxRows: 2, missingKeys: true })
    for (let row = 0; row < batch.rows; row += 7)
      cut.operator.onBatch(sliceRows(batch, row, Math.min(batch.rows, row + 7)), 0)
    while (cut.desk.waiting > 0) await cut.desk.answer(cut.desk.waiting - 1)
    expect(cut.emitted).toEqual(whole.emitted)
    expect(whole.emitted).toHaveLength(720)
  })
})
