import { describe, expect, it } from 'vitest'
import { MillraceError } from '../../core/errors.ts'
import * as types from '../../core/types.ts'
import type { SqlType } from '../../core/types.ts'
import { soleEnumerator } from '../api/enumerator.ts'
import type { SourceContext } from '../api/source.ts'
import {
  ManualClock,
  readAll,
  sourceContext,
  type TableRequest,
  testOptions,
  testTable,
} from '../test-support/contexts.ts'
import { createSource } from './index.ts'

function table(columns: Record<string, SqlType>, options: Record<string, string>): TableRequest {
  return { columns, options: { connector: 'datagen', 'rows-per-second': '1000000000', ...options } }
}

async function read(request: TableRequest, overrides: Partial<SourceContext> = {}, columns?: readonly string[]) {
  const source = createSource(sourceContext(request, overrides, columns))
  await source.open(undefined)
  return readAll(source)
}

const SEQUENCE = { 'fields.id.kind': 'sequence', 'fields.id.start': '5', 'fields.id.end': '14' }

describe('datagen', () => {
  it('ends with the shortest of its sequences and number-of-rows', async () => {
    const ten = Array.from({ length: 10 }, (_, i) => `+I ${i + 5}`)
    expect(await read(table({ id: types.BIGINT }, SEQUENCE))).toEqual(ten)
    expect(await read(table({ id: types.INT }, SEQUENCE))).toEqual(ten)
    expect(await read(table({ id: types.STRING }, { ...SEQUENCE, 'number-of-rows': '3' }))).toEqual(ten.slice(0, 3))
    expect(await read(table({ id: types.decimal(5, 1) }, SEQUENCE))).toEqual(ten.map((row) => `${row}0`))
    // The sequence ends the source even where nobody reads it.
    const two = table({ id: types.BIGINT, other: types.INT }, SEQUENCE)
    expect(await read(two, {}, ['other'])).toHaveLength(10)
  })

  it('deals a sequence out to subtasks and goes on behind its position', async () => {
    const request = table({ id: types.BIGINT }, SEQUENCE)
    const enumerator = soleEnumerator()
    const parts = [0, 1, 2].map((subtask) => read(request, { subtask, parallelism: 3, enumerator }))
    const all = (await Promise.all(parts)).flat()
    expect(all.sort()).toEqual(Array.from({ length: 10 }, (_, i) => `+I ${i + 5}`).sort())

    const clock = new ManualClock()
    const first = createSource(sourceContext(request, { batchRows: 4, clock }))
    await first.open(undefined)
    clock.time = 1
    expect(await readAll(first, 1)).toEqual(['+I 5', '+I 6', '+I 7', '+I 8'])
    const second = createSource(sourceContext(request))
    await second.open(JSON.parse(JSON.stringify(first.position())))
    expect((await readAll(second))[0]).toBe('+I 9')
  })

  it('keeps values in their bounds', async () => {
    const columns: Record<string, SqlType> = {
      i: types.INT,
      l: types.BIGINT,
      d: types.DOUBLE,
      n: types.decimal(4, 2),
      s: types.STRING,
      v: types.STRING,
      a: { kind: 'ARRAY', element: types.TINYINT, nullable: true },
      r: { kind: 'ROW', fields: [{ name: 'x', type: types.SMALLINT }], nullable: true },
      t: types.timestamp(3),
      z: types.BOOLEAN,
    }
    // Every look at the clock takes 10 ms.
    let time = 10_000
    const clock = { now: () => (time += 10) }
    const rows = await read(
      table(columns, {
        'number-of-rows': '500',
        'fields.i.min': '-3',
        'fields.i.max': '3',
        'fields.l.min': '9007199254740993',
        'fields.l.max': '9007199254740995',
        'fields.d.min': '0.5',
        'fields.d.max': '1',
        'fields.n.min': '1.25',
        'fields.n.max': '1.27',
        'fields.s.length': '5',
        'fields.v.length': '3',
        'fields.v.var-len': 'true',
        'fields.a.length': '2',
        'fields.a.element.min': '1',
        'fields.a.element.max': '1',
        'fields.r.x.min': '7',
        'fields.r.x.max': '7',
        'fields.t.max-past': '1 s',
        'fields.z.null-rate': '0.5',
      }),
      { clock },
    )
    const cells = rows.map((row) => row.split(' ').slice(1))
    const seen = (index: number): Set<string> => new Set(cells.map((row) => row[index] ?? ''))
    expect([...seen(0)].map(Number).sort((a, b) => a - b)).toEqual([-3, -2, -1, 0, 1, 2, 3])
    expect([...seen(1)].sort()).toEqual(['9007199254740993', '9007199254740994', '9007199254740995'])
    expect(cells.every((row) => Number(row[2]) >= 0.5 && Number(row[2]) <= 1)).toBe(true)
    expect([...seen(3)].sort()).toEqual(['125', '126', '127'])
    expect(cells.every((row) => /^[0-9a-f]{5}$/.test(row[4] ?? ''))).toBe(true)
    expect(new Set(cells.map((row) => row[5]?.length))).toEqual(new Set([1, 2, 3]))
    expect([...seen(6)]).toEqual(['[1,1]'])
    expect([...seen(7)]).toEqual(['[7]'])
    expect(cells.every((row) => Number(row[8]) >= 9000 && Number(row[8]) <= time)).toBe(true)
    expect([...seen(9)].sort()).toEqual(['NULL', 'false', 'true'])
  })

  it('makes no more rows than the clock allows, and does not make up for a long pause', async () => {
    const clock = new ManualClock()
    const request = table({ i: types.INT }, { 'rows-per-second': '100' })
    const source = createSource(sourceContext(request, { clock }))
    await source.open(undefined)
    expect(await readAll(source, 1)).toHaveLength(1)
    expect(await source.poll(1)).toEqual({ kind: 'idle' })
    clock.time = 50
    expect(await readAll(source, 1)).toHaveLength(5)
    clock.time = 60_000
    expect(await readAll(source, 1)).toHaveLength(100)
  })

  it('refuses options that cannot be', () => {
    const check = (columns: Record<string, SqlType>, options: Record<string, string>): void => {
      testOptions(testTable(table(columns, options)))
    }
    expect(() => check({ a: types.INT }, { 'fields.b.min': '1' })).toThrow('option "fields.b.min" names no column')
    expect(() => check({ a: types.INT }, { 'fields.a.kind': 'sequence' })).toThrow(
      'a sequence needs option "fields.a.start"',
    )
    expect(() => check({ a: types.DATE }, { 'fields.a.kind': 'sequence' })).toThrow('cannot be a sequence')
    expect(() => check({ a: types.INT }, { 'fields.a.kind': 'sequnce' })).toThrow(MillraceError)
    expect(() => createSource(sourceContext(table({ a: types.INT }, { 'fields.a.max': 'x' })))).toThrow("cannot be 'x'")
  })
})
