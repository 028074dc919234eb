/** Input of the micro-benchmarks: columns of random values, the same in each run. */
import { type ChangeBatch, createBatch } from '../../core/change-batch.ts'
import type { BytesColumn, Column, Int64Column } from '../../core/column.ts'
import { BIGINT, type Field, STRING, timestamp } from '../../core/types.ts'

export const BATCH_ROWS = 4096

/** Numbers from 0 up to, but not including, 1. */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 0) / 2 ** 32
  }
}

export function longs(numbers: readonly number[]): Int64Column {
  return { kind: 'i64', values: BigInt64Array.from(numbers, (n) => BigInt(n)), nulls: null }
}

/** ASCII texts, one behind the other. */
export function texts(values: readonly string[]): BytesColumn {
  const starts = new Int32Array(values.length)
  const lengths = new Int32Array(values.length)
  let at = 0
  values.forEach((value, row) => {
    starts[row] = at
    lengths[row] = value.length
    at += value.length
  })
  return { kind: 'bytes', starts, lengths, data: Buffer.from(values.join(''), 'latin1'), nulls: null }
}

export function rowsOf<T>(make: (row: number) => T): T[] {
  return Array.from({ length: BATCH_ROWS }, (_, row) => make(row))
}

export function batchOf(fields: readonly Field[], columns: readonly Column[]): ChangeBatch {
  return createBatch({ fields }, columns, BATCH_ROWS)
}

export const BID_FIELDS: readonly Field[] = [
  { name: 'auction', type: BIGINT },
  { name: 'bidder', type: BIGINT },
  { name: 'price', type: BIGINT },
  { name: 'channel', type: STRING },
  { name: 'url', type: STRING },
  { name: 'dateTime', type: timestamp(3) },
  { name: 'extra', type: STRING },
]

const HOT_CHANNELS = ['Google', 'Facebook', 'Baidu', 'Apple']

/** Bids as Nexmark has them: half of them through a hot channel, about 290 bytes as JSON. */
export function bids(batches: number): ChangeBatch[] {
  const random = randomFrom(42)
  const below = (bound: number): number => Math.floor(random() * bound)
  const letters = (length: number): string => Array.from({ length }, () => String.fromCharCode(97 + below(26))).join('')
  return Array.from({ length: batches }, (_, batch) => {
    const channels = rowsOf(() => (below(2) > 0 ? (HOT_CHANNELS[below(4)] ?? '') : `channel-${below(10_000)}`))
    const urls = channels.map((channel) => {
      const page = `https://www.nexmark.com/${letters(5)}/${letters(5)}/${letters(5)}/item.htm?query=1`
      return channel.startsWith('channel-') && below(10) > 0 ? `${page}&channel_id=${below(1_000_000)}` : page
    })
    return batchOf(BID_FIELDS, [
      longs(rowsOf(() => 1000 + below(10_000))),
      longs(rowsOf(() => 1000 + below(100_000))),
      longs(rowsOf(() => 100 + below(100_000_000))),
      texts(channels),
      texts(urls),
      longs(rowsOf((row) => 1_700_000_000_000 + batch * BATCH_ROWS + row)),
      texts(rowsOf(() => letters(90))),
    ])
  })
}

export function longAt(batch: ChangeBatch, index: number): Int64Column {
  const column = batch.columns[index]
  if (column?.kind !== 'i64') throw new Error(`column ${index} is ${column?.kind ?? 'missing'}`)
  return column
}

export function textAt(batch: ChangeBatch, index: number): BytesColumn {
  const column = batch.columns[index]
  if (column?.kind !== 'bytes') throw new Error(`column ${index} is ${column?.kind ?? 'missing'}`)
  return column
}

/** The halves of 64-bit values: low word, high word. */
export function wordsOf({ values }: Int64Column): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, 2 * values.length)
}
