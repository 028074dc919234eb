/** Expressions over bids by hand: each knows its columns, that none is NULL, and that texts are ASCII. */
import type { ChangeBatch } from '../../../core/change-batch.ts'
import type { Column } from '../../../core/column.ts'
import type { Emitted } from '../case.ts'
import { BATCH_ROWS, longAt, textAt } from '../inputs.ts'

type Kernel = (batch: ChangeBatch) => Emitted

const CENTS_PER_EURO = 908n

/** q1: prices below 2^53. */
export function createConversion(): Kernel {
  const values = new BigInt64Array(2 * BATCH_ROWS)
  return (batch) => {
    const prices = longAt(batch, 2).values
    for (let row = 0; row < batch.rows; row++) {
      const price = BigInt.asIntN(64, (prices[row] as bigint) * CENTS_PER_EURO)
      values[2 * row] = price
      values[2 * row + 1] = BigInt.asIntN(64, price >> 63n)
    }
    const [auction, bidder, , , , time, extra] = batch.columns as [
      Column,
      Column,
      Column,
      Column,
      Column,
      Column,
      Column,
    ]
    return {
      columns: [auction, bidder, { kind: 'i128', values, nulls: null }, time, extra],
      rows: batch.rows,
      kinds: null,
    }
  }
}

/** q2. */
export function createSelection(): Kernel {
  const out = [new BigInt64Array(BATCH_ROWS), new BigInt64Array(BATCH_ROWS)] as const
  const columns: readonly Column[] = out.map((values) => ({ kind: 'i64', values, nulls: null }))
  return (batch) => {
    const auctions = longAt(batch, 0).values
    const prices = longAt(batch, 2).values
    const [ownAuctions, ownPrices] = out
    let rows = 0
    for (let row = 0; row < batch.rows; row++) {
      if (BigInt.asIntN(64, (auctions[row] as bigint) % 123n) !== 0n) continue
      ownAuctions[rows] = auctions[row] as bigint
      ownPrices[rows++] = prices[row] as bigint
    }
    return { columns, rows, kinds: null }
  }
}

export function createUpper(): Kernel {
  const data = new Uint8Array(BATCH_ROWS * 16)
  const starts = new Int32Array(BATCH_ROWS)
  return (batch) => {
    const channel = textAt(batch, 3)
    let at = 0
    for (let row = 0; row < batch.rows; row++) {
      const start = channel.starts[row] as number
      const length = channel.lengths[row] as number
      starts[row] = at
      for (let i = start; i < start + length; i++) {
        const byte = channel.data[i] as number
        data[at++] = byte >= 97 && byte <= 122 ? byte - 32 : byte
      }
    }
    const upper: Column = { kind: 'bytes', data, starts, lengths: channel.lengths, nulls: null }
    return { columns: [longAt(batch, 0), upper], rows: batch.rows, kinds: null }
  }
}

const SLASH = 0x2f

/** q22: there are at least six parts. */
export function createDirectories(): Kernel {
  const parts = Array.from({ length: 3 }, () => ({
    starts: new Int32Array(BATCH_ROWS),
    lengths: new Int32Array(BATCH_ROWS),
  }))
  const [first, second, third] = parts as [(typeof parts)[0], (typeof parts)[0], (typeof parts)[0]]
  return (batch) => {
    const { starts, data } = textAt(batch, 4)
    for (let row = 0; row < batch.rows; row++) {
      let at = starts[row] as number
      for (let slashes = 0; slashes < 3; ) if (data[at++] === SLASH) slashes++
      first.starts[row] = at
      while (data[at] !== SLASH) at++
      first.lengths[row] = at - (first.starts[row] as number)
      second.starts[row] = ++at
      while (data[at] !== SLASH) at++
      second.lengths[row] = at - (second.starts[row] as number)
      third.starts[row] = ++at
      while (data[at] !== SLASH) at++
      third.lengths[row] = at - (third.starts[row] as number)
    }
    const texts = parts.map((part): Column => ({ kind: 'bytes', ...part, data, nulls: null }))
    return { columns: [longAt(batch, 0), ...texts], rows: batch.rows, kinds: null }
  }
}

const PATTERN = Buffer.from('&channel_id=')
const LAST = PATTERN.length - 1
const AMPERSAND = 0x26

/** How far to go on when a byte stands under the pattern's last. */
function skips(): Uint8Array {
  const table = new Uint8Array(256).fill(PATTERN.length)
  for (let i = 0; i < LAST; i++) table[PATTERN[i] as number] = LAST - i
  return table
}

/** Place behind the pattern, or -1. */
function find(data: Uint8Array, start: number, end: number, skip: Uint8Array): number {
  let at = start + LAST
  while (at < end) {
    const byte = data[at] as number
    if (byte === PATTERN[LAST]) {
      let i = 1
      while (i <= LAST && data[at - i] === PATTERN[LAST - i]) i++
      if (i > LAST) return at + 1
    }
    at += skip[byte] as number
  }
  return -1
}

/** q21: the hot channels differ in their first letter, and the others are longer. */
export function createChannelIds(): Kernel {
  const auctions = new BigInt64Array(BATCH_ROWS)
  const data = new Uint8Array(BATCH_ROWS * 8)
  const starts = new Int32Array(BATCH_ROWS)
  const lengths = new Int32Array(BATCH_ROWS)
  const skip = skips()
  const columns: readonly Column[] = [
    { kind: 'i64', values: auctions, nulls: null },
    { kind: 'bytes', data, starts, lengths, nulls: null },
  ]
  return (batch) => {
    const auction = longAt(batch, 0).values
    const channel = textAt(batch, 3)
    const url = textAt(batch, 4)
    let rows = 0
    let end = 0
    for (let row = 0; row < batch.rows; row++) {
      const id = hotChannel(channel.data[channel.starts[row] as number] as number, channel.lengths[row] as number)
      const start = url.starts[row] as number
      const until = start + (url.lengths[row] as number)
      let from = -1
      if (id < 0) {
        from = find(url.data, start, until, skip)
        if (from < 0) continue
      }
      auctions[rows] = auction[row] as bigint
      starts[rows] = end
      if (id >= 0) data[end++] = id
      else for (; from < until && url.data[from] !== AMPERSAND; from++) data[end++] = url.data[from] as number
      lengths[rows] = end - (starts[rows] as number)
      rows++
    }
    return { columns, rows, kinds: null }
  }
}

/** The digit of a hot channel, or -1. */
function hotChannel(letter: number, length: number): number {
  if (length === 5 && (letter | 0x20) === 0x61) return 0x30
  if (length === 6 && (letter | 0x20) === 0x67) return 0x31
  if (length === 8 && (letter | 0x20) === 0x66) return 0x32
  if (length === 5 && (letter | 0x20) === 0x62) return 0x33
  return -1
}
