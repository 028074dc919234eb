import { describe, expect, it } from 'vitest'
import type { Column } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import { readValue } from '../../core/column-ops.ts'
import { BIGINT, INT, STRING } from '../../core/types.ts'
import { KeyedRows, type KeyedRowsOptions, type KeyedRowsPage } from './keyed-rows.ts'
import { PAGE_ROWS } from './page.ts'
import type { FixedStore } from './stored-column.ts'

type Key = bigint | null

const longs = (values: readonly Key[]): Column[] => [columnOf(BIGINT, values)]
const texts = (values: readonly (string | null)[]): Column[] => [columnOf(STRING, values)]

function create(options: KeyedRowsOptions = {}): KeyedRows {
  return new KeyedRows([BIGINT], [{ kind: 'bytes', type: STRING }, { kind: 'i32' }], options)
}

function add(table: KeyedRows, keys: readonly Key[], values: readonly string[], now = 0): number[] {
  const rows = table.append(longs(keys), keys.length, now)
  for (const [index, column] of texts(values).entries()) table.values[index]?.put(rows, column, null, values.length)
  return [...rows.subarray(0, keys.length)]
}

/** Of each key, its rows' text, forwards; checked against the way back. */
function lists(table: KeyedRows): string[] {
  const groups = table.allGroups()
  const keys = table.keys.keys[0]?.gather(groups, groups.length) as Column
  return Array.from(groups, (group, index) => {
    const rows: number[] = []
    for (let row = table.first(group); row >= 0; row = table.next(row)) rows.push(row)
    const back: number[] = []
    for (let row = table.last(group); row >= 0; row = table.previous(row)) back.unshift(row)
    expect(back).toEqual(rows)
    expect(table.count(group)).toBe(rows.length)
    expect(rows.every((row) => table.groupOf(row) === group)).toBe(true)
    return `${String(readValue(keys, BIGINT, index))}: ${textsOf(table, rows).join(' ')}`
  }).sort()
}

function textsOf(table: KeyedRows, rows: readonly number[]): string[] {
  const store = table.identity[0] ?? table.values[0]
  const column = store?.gather(Int32Array.from(rows), rows.length) as Column
  return rows.map((_, index) => String(readValue(column, STRING, index)))
}

function model(map: ReadonlyMap<Key, readonly string[]>): string[] {
  return [...map].flatMap(([key, rows]) => (rows.length === 0 ? [] : [`${String(key)}: ${rows.join(' ')}`])).sort()
}

function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 0) / 2 ** 32
  }
}

/** A checkpoint after another, and a new table from what is in the last one. */
class Checkpoints {
  readonly #pages = new Map<string, KeyedRowsPage>()

  restore(table: KeyedRows, fresh: KeyedRows, now = 0): KeyedRows {
    for (const page of table.snapshot('t')) this.#pages.set(`${page.table}/${page.page}`, page)
    fresh.restore('t', [...this.#pages.values()], now)
    expect(fresh.snapshot('t')).toEqual([])
    return fresh
  }
}

describe('KeyedRows', () => {
  it('keeps the rows of each key in order, whatever is removed and restored', () => {
    const next = random(5)
    const checkpoints = new Checkpoints()
    const expected = new Map<Key, string[]>()
    let table = create()
    for (let round = 0; round < 200; round++) {
      const keys = Array.from({ length: 1 + Math.floor(next() * 30) }, (): Key => {
        const key = Math.floor(next() * 40)
        return key === 0 ? null : BigInt(key)
      })
      const values = keys.map((_, index) => `${round}.${index}`)
      add(table, keys, values)
      for (const [index, key] of keys.entries())
        expected.set(key, [...(expected.get(key) ?? []), values[index] as string])
      const rows = table.allRows()
      for (let n = Math.floor(next() * 30); n > 0; n--) {
        const row = rows[Math.floor(next() * rows.length)] as number
        if (!table.isAttached(row)) continue
        const [value] = textsOf(table, [row])
        for (const [key, list] of expected)
          expected.set(
            key,
            list.filter((item) => item !== value),
          )
        table.remove(row)
      }
      table.compact()
      if (round % 7 === 6) table = checkpoints.restore(table, create())
      expect(lists(table)).toEqual(model(expected))
    }
    expect(table.size).toBe([...expected.values()].flat().length)
  })

  it('finds rows by their identity, and puts them at the end when they come back', () => {
    const next = random(11)
    const checkpoints = new Checkpoints()
    const expected = new Map<Key, string[]>()
    const fresh = (): KeyedRows => new KeyedRows([BIGINT], [{ kind: 'i32' }], { identity: [STRING] })
    let table = fresh()
    for (let round = 0; round < 150; round++) {
      const changes = Array.from({ length: 1 + Math.floor(next() * 20) }, () => ({
        key: BigInt(Math.floor(next() * 6)),
        name: `n${Math.floor(next() * 8)}`,
        add: next() < 0.6,
      }))
      const keys = longs(changes.map(({ key }) => key))
      const names = texts(changes.map(({ name }) => name))
      const { rows } = table.findOrInsert(keys, names, changes.length)
      for (const [index, { key, name, add: added }] of changes.entries()) {
        const row = rows[index] as number
        const list = (expected.get(key) ?? []).filter((item) => item !== name)
        expect(table.isAttached(row)).toBe((expected.get(key) ?? []).includes(name))
        table.detach(row)
        if (added) table.attach(row)
        expected.set(key, added ? [...list, name] : list)
      }
      table.settle()
      table.compact()
      if (round % 7 === 6) table = checkpoints.restore(table, fresh())
      expect(lists(table)).toEqual(model(expected))
    }
    const found = table.find(longs([0n, 0n, 77n]), texts([...(expected.get(0n) ?? []), 'none'].slice(0, 3)), 1)
    expect(textsOf(table, [found[0] as number])).toEqual((expected.get(0n) ?? []).slice(0, 1))
    expect([...table.find(longs([77n, 0n]), texts(['n1', 'none']), 2).subarray(0, 2)]).toEqual([-1, -1])
  })

  it('pairs a batch with the rows of its keys, a limited number at a time', () => {
    const table = create()
    add(table, [1n, 2n, 1n, 1n], ['a', 'b', 'c', 'd'])
    const groups = table.lookup(longs([2n, 9n, 1n, 2n]), 4).slice(0, 4)
    expect(groups[1]).toBe(-1)
    const pairsOf = (start: number, limit: number): string => {
      const { positions, rows, count, end } = table.pairs(groups, start, 4, limit)
      const names = textsOf(table, [...rows.subarray(0, count)])
      return `${names.map((name, index) => `${positions[index]}${name}`).join(' ')} | ${end}`
    }
    expect(pairsOf(0, 100)).toBe('0b 2a 2c 2d 3b | 4')
    expect(pairsOf(0, 1)).toBe('0b | 2')
    expect(pairsOf(2, 1)).toBe('2a 2c 2d | 3')
    expect(pairsOf(3, 1)).toBe('3b | 4')
  })

  it('forgets a row its time to live after it was written, and the group with the last', () => {
    const removed: number[] = []
    const table = create({ ttl: 1000, onRemove: (row) => removed.push(row) })
    const [a, b, c] = add(table, [1n, 1n, 2n], ['a', 'b', 'c'], 0)
    table.touch(b as number, 600)
    expect([...table.lookup(longs([1n, 2n, 1n, 2n]), 4, 1100).subarray(0, 4)]).toEqual([0, -1, 0, -1])
    expect(lists(table)).toEqual(['1: b'])
    expect(removed).toEqual([a, c])
    expect(table.sweep(1599)).toBe(0)
    expect(table.sweep(1600)).toBe(1)
    expect(lists(table)).toEqual([])
    expect(table.keys.size).toBe(0)
  })

  it('begins an expired row with an identity anew', () => {
    const table = new KeyedRows([BIGINT], [{ kind: 'i32' }], { identity: [STRING], ttl: 1000 })
    const put = (names: readonly string[], now: number): void => {
      const { rows, inserted } = table.findOrInsert(longs(names.map(() => 1n)), texts(names), names.length, now)
      const counts = (table.values[0] as FixedStore).values
      for (let i = 0; i < names.length; i++) {
        if (inserted[i] === 1) table.attach(rows[i] as number)
        counts[rows[i] as number] = (counts[rows[i] as number] as number) + 1
      }
      table.settle()
    }
    put(['a', 'b', 'a'], 0)
    put(['b'], 500)
    expect(lists(table)).toEqual(['1: a b'])
    put(['a'], 1200)
    expect(lists(table)).toEqual(['1: b a'])
    const counts = (table.values[0] as FixedStore).values
    expect([...table.allRows()].map((row) => counts[row]).sort()).toEqual([1, 2])
    expect([...table.find(longs([1n, 1n]), texts(['b', 'a']), 2, 1600).subarray(0, 2)].map((row) => row >= 0)).toEqual([
      false,
      true,
    ])
  })

  it('writes only what has changed', () => {
    const table = new KeyedRows([INT], [])
    const ints = (values: number[]): Column[] => [columnOf(INT, values)]
    const many = Array.from({ length: 3 * PAGE_ROWS - 100 }, (_, n) => n % 100)
    table.append(ints(many), many.length)
    expect(table.snapshot('x').map(({ table: name, page }) => `${name} ${page}`)).toEqual([
      'x-keys 0',
      'x-rows 0',
      'x-rows 1',
      'x-rows 2',
    ])
    table.append(ints([5]), 1)
    expect(table.snapshot('x').map(({ table: name, page }) => `${name} ${page}`)).toEqual(['x-rows 2'])
    expect(table.snapshot('x')).toEqual([])
  })
})
