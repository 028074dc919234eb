import { describe, expect, it } from 'vitest'
import type { BytesColumn, Column } from '../../core/column.ts'
import { decodeText } from '../../core/column-ops.ts'
import { areLasting, lastingBytes } from '../../core/lasting-bytes.ts'
import { STRING } from '../../core/types.ts'
import { BytesStore } from './bytes-store.ts'

const encoder = new TextEncoder()

function textColumn(texts: readonly (string | null)[], data?: Uint8Array): BytesColumn {
  const encoded = texts.map((text) => encoder.encode(text ?? ''))
  const starts = new Int32Array(texts.length)
  for (let i = 1; i < texts.length; i++) starts[i] = (starts[i - 1] as number) + (encoded[i - 1]?.length ?? 0)
  const bytes = data ?? new Uint8Array(encoded.reduce((sum, { length }) => sum + length, 0))
  encoded.forEach((text, i) => bytes.set(text, starts[i]))
  const nulls = texts.includes(null) ? Uint8Array.from(texts, (text) => (text === null ? 1 : 0)) : null
  return { kind: 'bytes', starts, lengths: Int32Array.from(encoded, ({ length }) => length), data: bytes, nulls }
}

function textsOf(column: Column, count: number): (string | null)[] {
  if (column.kind !== 'bytes') throw new Error(column.kind)
  return Array.from({ length: count }, (_, i) =>
    column.nulls?.[i] === 1 ? null : decodeText(column.data, column.starts[i] as number, column.lengths[i] as number),
  )
}

function storeOf(shares: boolean, rows = 4096): BytesStore {
  const store = new BytesStore('bytes', STRING, shares)
  store.grow(rows)
  return store
}

function put(store: BytesStore, first: number, column: Column, count: number): void {
  store.put(
    Int32Array.from({ length: count }, (_, i) => first + i),
    column,
    null,
    count,
  )
}

const rows = (...ids: number[]): Int32Array => Int32Array.from(ids)

describe('a store of texts', () => {
  it('keeps texts of every length, also what was handed out before it grew', () => {
    const store = storeOf(false)
    const texts = Array.from({ length: 2000 }, (_, i) => `${'aé€😀\u007f'.repeat(i % 90)}${'z'.repeat(i % 9)}`)
    put(store, 0, textColumn(texts.slice(0, 10)), 10)
    const early = store.gather(rows(3, 7, 9), 3)
    put(store, 10, textColumn(texts.slice(10)), 1990)
    expect(store.data.length).toBeGreaterThan(1 << 18)
    expect(textsOf(early, 3)).toEqual([texts[3], texts[7], texts[9]])
    expect(
      textsOf(
        store.gather(
          Int32Array.from(texts, (_, i) => i),
          2000,
        ),
        2000,
      ),
    ).toEqual(texts)
  })

  it('gives back what was overwritten', () => {
    const store = storeOf(false)
    const texts = (round: number): string[] => Array.from({ length: 1000 }, (_, i) => `${round} `.repeat(i % 100))
    for (let round = 0; round < 20; round++) {
      put(store, 0, textColumn(texts(round)), 1000)
      store.compact(1000)
    }
    expect(
      textsOf(
        store.gather(
          Int32Array.from({ length: 1000 }, (_, i) => i),
          1000,
        ),
        1000,
      ),
    ).toEqual(texts(19))
    expect(store.bytes).toBeLessThan(3 * 150_000 + 8 * 4096)
  })

  it('points into lasting bytes, and copies others', () => {
    const data = lastingBytes(new Uint8Array(100))
    const store = storeOf(true)
    put(store, 0, textColumn(['one', null, 'three'], data), 3)
    put(store, 3, textColumn(['four', 'five']), 2)
    expect(store.gather(rows(0, 2), 2)).toMatchObject({ data })
    expect(textsOf(store.gather(rows(4, 1, 0, 3, 2), 5), 5)).toEqual(['five', null, 'one', 'four', 'three'])
    expect(store.dataOf(0)).toBe(data)
    put(store, 0, textColumn(['not one']), 1)
    store.clear(2)
    expect(textsOf(store.gather(rows(0, 2, 3), 3), 3)).toEqual(['not one', '', 'four'])
    const page = new Uint8Array(11)
    expect(store.copyTo(new DataView(page.buffer), 0, rows(0, 3), 2)).toBe(11)
    expect(decodeText(page, 0, 11)).toBe('not onefour')
  })

  it('copies values that stand behind one another, and others beside them', () => {
    const texts = Array.from({ length: 600 }, (_, i) => (i % 11 === 0 ? null : `${i}é`.repeat((i * 7) % 40)))
    const column = textColumn(texts)
    const expected = Array.from({ length: 700 }, (): string | null => '')
    for (const shares of [false, true]) {
      const store = storeOf(shares)
      // All of them, some in their order, some backwards, and rows twice, of which the second is kept.
      const orders = [
        texts.map((_, i) => i),
        texts.flatMap((_, i) => (i % 5 < 3 ? [i] : [])),
        texts.map((_, i) => texts.length - 1 - i),
        texts.flatMap((_, i) => (i % 3 === 0 ? [i, i] : [])),
      ]
      for (const [n, order] of orders.entries()) {
        const to = order.map((_, i) => (n === 3 ? 200 + (i >> 1) : 100 * n + (i % 600)))
        const from = Int32Array.from(order, (row, i) => (n === 3 && i % 2 === 0 ? (row + 1) % 600 : row))
        store.put(Int32Array.from(to), column, from, from.length)
        for (const [i, row] of to.entries()) expected[row] = texts[from[i] as number] ?? null
        store.compact(700)
      }
      const all = Int32Array.from(expected, (_, row) => row)
      expect(textsOf(store.gather(all.subarray(0, 700), 700), 700)).toEqual(expected.slice(0, 700))
    }
  })

  it('takes over the texts of an arena that ends', () => {
    const owner = storeOf(false)
    const long = Array.from({ length: 3000 }, (_, i) => `${i}`.padStart(200, '.'))
    put(owner, 0, textColumn(long), 3000)
    const handed = owner.gather(
      Int32Array.from({ length: 3000 }, (_, i) => i),
      3000,
    )
    expect(areLasting(owner.data)).toBe(true)
    const store = storeOf(true)
    put(store, 0, handed, 3000)
    const before = store.bytes
    store.compact(3000)
    expect(store.bytes).toBe(before)
    for (let row = 0; row < 2990; row++) owner.clear(row)
    owner.compact(3000)
    store.compact(3000)
    expect(store.bytes).toBeGreaterThan(before + 599_000)
    expect(textsOf(store.gather(rows(0, 1500, 2999), 3), 3)).toEqual([long[0], long[1500], long[2999]])
    expect(textsOf(owner.gather(rows(2999, 2990), 2), 2)).toEqual([long[2999], long[2990]])
  })

  it('copies a text once that goes out and is stored', () => {
    const store = storeOf(true)
    put(store, 0, textColumn(['old']), 1)
    const held = store.hold(textColumn(['a', 'b', null, 'new']), 4, rows(1, 2, 3), 3)
    expect(textsOf(held, 4).slice(1)).toEqual(['b', null, 'new'])
    store.put(rows(0, 1), held, rows(3, 2), 2)
    const { bytes } = store
    expect(textsOf(store.gather(rows(0, 1), 2), 2)).toEqual(['new', null])
    expect(store.gather(rows(0), 1)).toMatchObject({ data: store.data })
    store.put(rows(2), held, rows(1), 1)
    expect(store.bytes).toBe(bytes)
    expect(textsOf(store.gather(rows(2), 1), 1)).toEqual(['b'])
  })
})
