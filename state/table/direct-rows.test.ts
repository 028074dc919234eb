import { describe, expect, it } from 'vitest'
import { BIGINT, withNullability } from '../../core/types.ts'
import { KeyedTable } from './keyed-table.ts'
import type { TablePage } from './page.ts'
import type { FixedStore } from './stored-column.ts'

const BATCH = 1000
const NULLABLE = withNullability(BIGINT, true)

type Key = bigint | null

/** A table that counts its keys, beside a Map that does; checkpoints of it now and then. */
class Pair {
  table = new KeyedTable([NULLABLE], [{ kind: 'i64' }])
  readonly #counts = new Map<Key, bigint>()
  readonly #pages = new Map<number, TablePage>()

  add(keys: readonly Key[]): void {
    const { rowIds, inserted, insertedCount } = this.table.lookupOrInsert([column(keys)], keys.length)
    const counts = (this.table.values[0] as FixedStore).values as BigInt64Array
    let added = 0
    for (const [i, key] of keys.entries()) {
      const isNew = !this.#counts.has(key)
      if (isNew) added++
      if (inserted[i] !== (isNew ? 1 : 0)) throw new Error(`${key} is ${isNew ? '' : 'not '}new`)
      const count = (this.#counts.get(key) ?? 0n) + 1n
      this.#counts.set(key, count)
      const row = rowIds[i] as number
      counts[row] = (counts[row] as bigint) + 1n
      if (counts[row] !== count) throw new Error(`${key} is there ${counts[row]} times, not ${count}`)
    }
    expect(insertedCount).toBe(added)
    expect(this.table.size).toBe(this.#counts.size)
  }

  remove(keys: readonly Key[]): void {
    const rows = [...this.table.lookup([column(keys)], keys.length).subarray(0, keys.length)]
    for (const [i, key] of keys.entries()) {
      expect((rows[i] as number) >= 0).toBe(this.#counts.has(key))
    }
    for (const row of new Set(rows)) if (row >= 0) this.table.remove(row)
    for (const key of keys) this.#counts.delete(key)
  }

  reset(): void {
    expect(this.table.reset()).toBe(true)
    this.#counts.clear()
    this.#pages.clear()
    expect(this.table.writtenPages()).toEqual([])
    expect(this.table.rows()).toHaveLength(0)
  }

  recover(): void {
    for (const page of this.table.snapshotPages()) this.#pages.set(page.page, page)
    this.table = new KeyedTable([NULLABLE], [{ kind: 'i64' }])
    this.table.restorePages([...this.#pages.values()])
    expect(this.table.size).toBe(this.#counts.size)
  }
}

function column(keys: readonly Key[]) {
  const nulls = keys.includes(null) ? Uint8Array.from(keys, (key) => (key === null ? 1 : 0)) : null
  return { kind: 'i64', values: BigInt64Array.from(keys, (key) => key ?? 0n), nulls } as const
}

function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return Math.floor(((state >>> 0) / 2 ** 32) * below)
  }
}

describe('many dense BIGINT keys', () => {
  const outsiders: readonly (readonly [string, Key])[] = [
    ['a large one', 2n ** 30n],
    ['one with another upper half', 2n ** 40n + 7n],
    ['a negative one', -7n],
    ['the largest', 2n ** 63n - 1n],
    ['NULL', null],
    ['none', 5n],
  ]
  for (const [name, outsider] of outsiders) {
    for (const base of [0n, 2n ** 33n]) {
      it(`above ${base} are counted, taken away and restored, with beside them ${name}`, () => {
        const next = numbers(11)
        const pair = new Pair()
        const random = (): Key[] => Array.from({ length: BATCH }, () => base + BigInt(next(150_000)))
        for (let n = 0; n < 200; n++) pair.add(random())
        for (let round = 0; round < 6; round++) {
          pair.remove(random())
          pair.add(random())
          if (round === 2) pair.add([base + 1n, outsider, base + 1n, outsider])
          if (round === 4) pair.remove([outsider, base + 2n])
          if (round % 2 === 1) pair.recover()
        }
        // Grows until the keys are looked at again.
        for (let n = 0; n < 200; n++) pair.add(Array.from({ length: BATCH }, (_, i) => base + BigInt(n * BATCH + i)))
        pair.recover()
        pair.add(random())
      })
    }
  }

  it('that go down, below zero too, are counted', () => {
    const pair = new Pair()
    for (let n = 0; n < 40; n++)
      pair.add(Array.from({ length: 2 * BATCH }, (_, i) => BigInt(20_000 - n * BATCH + (i % BATCH))))
    pair.recover()
    pair.add(Array.from({ length: BATCH }, (_, i) => BigInt(-20_000 - i)))
  })

  it('that begin far from zero are counted, and others after a reset', () => {
    const next = numbers(5)
    for (const first of [2 ** 31 - 40_000, 1_000_000, 5, 2 ** 30]) {
      const pair = new Pair()
      for (let n = 0; n < 40; n++) pair.add(Array.from({ length: BATCH }, () => BigInt(first + next(39_000))))
      pair.reset()
      for (let n = 0; n < 20; n++) pair.add(Array.from({ length: BATCH }, () => BigInt(700_000 + next(30_000))))
      pair.recover()
      pair.reset()
      pair.add([3n, null, 3n, 2n ** 40n])
      pair.reset()
      for (let n = 0; n < 20; n++) pair.add(Array.from({ length: BATCH }, () => BigInt(next(1_000_000_000))))
      pair.recover()
    }
  })
})
