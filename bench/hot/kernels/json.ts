/** JSON of bids, read and written by hand: names, order and types are known, and nothing is escaped. */
import type { RecordSlices } from '../../../connectors/api/format.ts'
import type { ChangeBatch } from '../../../core/change-batch.ts'
import type { Column } from '../../../core/column.ts'
import type { Emitted } from '../case.ts'
import { BATCH_ROWS, longAt, textAt, wordsOf } from '../inputs.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const NAMES = ['{"auction":', ',"bidder":', ',"price":', ',"channel":"', '","url":"', '","dateTime":"', '","extra":"']
const [AUCTION, BIDDER, PRICE, CHANNEL, URL, TIME, EXTRA] = NAMES.map((name) => name.length) as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
]
/** 2026-01-01 00:00:00.000 */
const TIME_LENGTH = 23

interface Views {
  readonly starts: Int32Array
  readonly lengths: Int32Array
}

function views(): Views {
  return { starts: new Int32Array(BATCH_ROWS), lengths: new Int32Array(BATCH_ROWS) }
}

function digits(data: Buffer, at: number, count: number): number {
  let value = 0
  for (let i = at; i < at + count; i++) value = value * 10 + (data[i] as number) - 48
  return value
}

/** Days since the epoch (https://howardhinnant.github.io/date_algorithms.html). */
function daysOf(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719468
}

/** @param all seven fields; else auction and price, still looking at the whole record */
export function createBidDecoder(all: boolean): (records: RecordSlices) => Emitted {
  const longs = Array.from({ length: 4 }, () => new BigInt64Array(BATCH_ROWS))
  const [auctions, bidders, prices, times] = longs.map(({ buffer }) => new Int32Array(buffer)) as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ]
  const [channel, url, extra] = [views(), views(), views()]
  const long = (index: number): Column => ({ kind: 'i64', values: longs[index] as BigInt64Array, nulls: null })
  return ({ data, starts, count }) => {
    const bytes = data as Buffer
    if (bytes.includes(BACKSLASH)) throw new Error('these records are not for this decoder')
    let at = 0
    const number = (words: Int32Array, row: number): void => {
      let value = 0
      for (let byte = bytes[at] as number; byte >= 48 && byte <= 57; byte = bytes[++at] as number)
        value = value * 10 + byte - 48
      words[2 * row] = value | 0
      words[2 * row + 1] = Math.floor(value / 4294967296)
    }
    const text = (into: Views, row: number): void => {
      const end = bytes.indexOf(QUOTE, at)
      into.starts[row] = at
      into.lengths[row] = end - at
      at = end
    }
    let [day, milliseconds] = [-1, 0]
    for (let row = 0; row < count; row++) {
      at = (starts[row] as number) + AUCTION
      number(auctions, row)
      at += BIDDER
      number(bidders, row)
      at += PRICE
      number(prices, row)
      at += CHANNEL
      text(channel, row)
      at += URL
      text(url, row)
      at += TIME
      if (all) {
        const date = digits(bytes, at, 4) * 10_000 + digits(bytes, at + 5, 2) * 100 + digits(bytes, at + 8, 2)
        if (date !== day) {
          day = date
          milliseconds = 86_400_000 * daysOf(Math.floor(date / 10_000), Math.floor(date / 100) % 100, date % 100)
        }
        const time =
          milliseconds +
          3_600_000 * digits(bytes, at + 11, 2) +
          60_000 * digits(bytes, at + 14, 2) +
          1000 * digits(bytes, at + 17, 2) +
          digits(bytes, at + 20, 3)
        times[2 * row] = time | 0
        times[2 * row + 1] = Math.floor(time / 4294967296)
      }
      at += TIME_LENGTH + EXTRA
      text(extra, row)
    }
    const at3 = (of: Views): Column => ({ kind: 'bytes', ...of, data: bytes, nulls: null })
    const columns = all ? [long(0), long(1), long(2), at3(channel), at3(url), long(3), at3(extra)] : [long(0), long(2)]
    return { columns, rows: count, kinds: null }
  }
}

export function createBidEncoder(): (batch: ChangeBatch) => Emitted {
  const data = Buffer.alloc(BATCH_ROWS * 512)
  const view = new DataView(data.buffer, data.byteOffset)
  const names = NAMES.map((name) => {
    const padded = Buffer.alloc(16)
    padded.write(name)
    return { view: new DataView(padded.buffer, padded.byteOffset), length: name.length }
  })
  const { starts, lengths } = views()
  let at = 0
  /** Sixteen bytes at once: what is too much is written over. */
  const name = (index: number): void => {
    const { view: text, length } = names[index] as (typeof names)[0]
    view.setFloat64(at, text.getFloat64(0))
    view.setFloat64(at + 8, text.getFloat64(8))
    at += length
  }
  /** Below 2^31. */
  const number = (words: Int32Array, row: number): void => {
    let value = words[2 * row] as number
    let count = 1
    for (let power = 10; power <= value; power *= 10) count++
    for (let i = at + count - 1; i > at; i--) {
      const rest = (value / 10) | 0
      data[i] = 48 + value - rest * 10
      value = rest
    }
    data[at] = 48 + value
    at += count
  }
  const copy = (from: DataView, start: number, length: number): void => {
    let i = 0
    for (; i + 8 <= length; i += 8) view.setFloat64(at + i, from.getFloat64(start + i))
    for (; i < length; i++) data[at + i] = from.getUint8(start + i)
    at += length
  }
  const two = (value: number): void => {
    const tens = (value / 10) | 0
    data[at++] = 48 + tens
    data[at++] = 48 + value - 10 * tens
  }
  let [day, date] = [-1, '']
  const time = (words: Int32Array, row: number): void => {
    const value = (words[2 * row + 1] as number) * 4294967296 + ((words[2 * row] as number) >>> 0)
    const days = Math.floor(value / 86_400_000)
    if (days !== day) {
      day = days
      date = new Date(days * 86_400_000).toISOString().slice(0, 10)
    }
    for (let i = 0; i < 10; i++) data[at++] = date.charCodeAt(i)
    const left = value - days * 86_400_000
    const seconds = (left / 1000) | 0
    data[at++] = 32
    two((seconds / 3600) | 0)
    data[at++] = 58
    two(((seconds / 60) | 0) % 60)
    data[at++] = 58
    two(seconds % 60)
    const thousandths = left - seconds * 1000
    if (thousandths === 0) return
    data[at++] = 46
    data[at++] = 48 + ((thousandths / 100) | 0)
    two(thousandths % 100)
    while (data[at - 1] === 48) at--
  }
  return (batch) => {
    const [auction, bidder, price, stamp] = [0, 1, 2, 5].map((index) => wordsOf(longAt(batch, index))) as [
      Int32Array,
      Int32Array,
      Int32Array,
      Int32Array,
    ]
    const [channel, url, extra] = [3, 4, 6].map((index) => textAt(batch, index)) as [TextColumn, TextColumn, TextColumn]
    const [channels, urls, extras] = [channel, url, extra].map(
      ({ data: bytes }) => new DataView(bytes.buffer, bytes.byteOffset),
    ) as [DataView, DataView, DataView]
    at = 0
    for (let row = 0; row < batch.rows; row++) {
      const start = at
      name(0)
      number(auction, row)
      name(1)
      number(bidder, row)
      name(2)
      number(price, row)
      name(3)
      copy(channels, channel.starts[row] as number, channel.lengths[row] as number)
      name(4)
      copy(urls, url.starts[row] as number, url.lengths[row] as number)
      name(5)
      time(stamp, row)
      name(6)
      copy(extras, extra.starts[row] as number, extra.lengths[row] as number)
      data[at++] = 34
      data[at++] = 125
      starts[row] = start
      lengths[row] = at - start
    }
    return { columns: [{ kind: 'bytes', data, starts, lengths, nulls: null }], rows: batch.rows, kinds: null }
  }
}

type TextColumn = ReturnType<typeof textAt>
