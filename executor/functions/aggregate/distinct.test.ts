import { describe, expect, it } from 'vitest'
import { DELETE, INSERT } from '../../../core/change-batch.ts'
import type { Column } from '../../../core/column.ts'
import { INT } from '../../../core/types.ts'
import { SECOND_PART, type TablePage } from '../../../state/table/page.ts'
import { DistinctValues, MaskPool } from './distinct.ts'

const SLOTS = 70
const ROWS = 64

/** A generator of whole numbers that gives the same ones every time. */
function numbers(seed: number): (below: number) => number {
  let state = seed * 104729
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return Math.floor(((state >>> 0) / 2 ** 32) * below)
  }
}

interface Batch {
  readonly groups: Int32Array
  readonly column: Column
  readonly kinds: Uint8Array | null
  readonly filters: readonly (Uint8Array | null)[]
}

/** Slot 0 has all rows. Rows that are taken back were there. */
function batch(next: (below: number) => number, present: (readonly [number, number, Uint8Array])[], retracts: boolean) {
  const groups = new Int32Array(ROWS)
  const values = new Int32Array(ROWS)
  const kinds = retracts ? new Uint8Array(ROWS) : null
  const filters = Array.from({ length: SLOTS }, () => new Uint8Array(ROWS))
  for (let i = 0; i < ROWS; i++) {
    const taken = retracts && next(5) < 2 ? present.splice(next(present.length + 1), 1)[0] : undefined
    const row = taken ?? [next(4), next(20), Uint8Array.from({ length: SLOTS }, () => (next(5) === 0 ? 1 : 0))]
    if (taken === undefined) present.push(row)
    groups[i] = row[0]
    values[i] = row[1]
    filters.forEach((filter, slot) => (filter[i] = row[2][slot] ?? 0))
    if (kinds !== null) kinds[i] = taken === undefined ? INSERT : DELETE
  }
  const column: Column = { kind: 'i32', values, nulls: null }
  return { groups, column, kinds, filters: [null, ...filters.slice(1)] } satisfies Batch
}

describe.each([false, true])('distinct values, some taken back: %s', (retracts) => {
  it('are found as sets of each slot find them, also after a restore', () => {
    const next = numbers(7)
    const present: (readonly [number, number, Uint8Array])[] = []
    const counts = new Map<string, number>()
    const create = (): DistinctValues => new DistinctValues([0], [INT], SLOTS, retracts)
    let values = create()
    const pages = new Map<number, TablePage['bytes']>()
    const pool = new MaskPool()
    for (let round = 0; round < 30; round++) {
      const { groups, column, kinds, filters } = batch(next, present, retracts)
      pool.reset()
      const masks = values.masks({ rows: ROWS, columns: [column], kinds, groups, actions: null }, filters, pool)
      for (let slot = 0; slot < SLOTS; slot++) {
        const expected = new Uint8Array(ROWS)
        for (let i = 0; i < ROWS; i++) {
          if (filters[slot]?.[i] === 0) continue
          const name = `${slot} ${groups[i]} ${column.kind === 'i32' ? column.values[i] : ''}`
          const before = counts.get(name) ?? 0
          const taken = kinds?.[i] === DELETE
          counts.set(name, before + (taken ? -1 : 1))
          if (before === (taken ? 1 : 0)) expected[i] = 1
        }
        expect(masks[slot] ?? new Uint8Array(ROWS), `slot ${slot}`).toEqual(expected)
      }
      values.settle()
      for (const { page, bytes } of values.snapshot()) pages.set(page, bytes)
      if (round % 7 !== 6) continue
      values = create()
      values.restore([...pages].map(([page, bytes]) => ({ page, bytes })))
    }
  })

  it('are given up with the last row, and with their group', () => {
    const values = new DistinctValues([0], [INT], 2, retracts)
    const rows = (kind: number): void => {
      const column: Column = { kind: 'i32', values: Int32Array.of(5, 6), nulls: null }
      const kinds = retracts ? new Uint8Array(2).fill(kind) : null
      const input = { rows: 2, columns: [column], kinds, groups: Int32Array.of(0, 1), actions: null }
      values.masks(input, [Uint8Array.of(1, 1), Uint8Array.of(0, 1)], new MaskPool())
      values.settle()
    }
    rows(INSERT)
    const written = values.snapshot().map(({ page }) => page)
    expect(written).toEqual([0, SECOND_PART])
    if (retracts) rows(DELETE)
    else for (const group of [0, 1]) values.remove(group)
    expect(values.snapshot()).toEqual(written.map((page) => ({ page, bytes: null })))
  })
})
