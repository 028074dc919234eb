/** Bids of the Nexmark benchmark in one hand-written loop: what a generator of this schema can reach. */
import type { Emitted } from '../case.ts'

const [CYCLE, BIDS_FROM] = [50, 4]
const POOL_BYTES = 1 << 16
const CHANNELS = 10_004

/** @param withTexts all seven fields; else auction, price and time */
export function createBidMaker(withTexts: boolean): (rows: number) => Emitted {
  const capacity = 1 << 16
  const types = new Int32Array(capacity)
  const nulls = new Uint8Array(capacity)
  const longs = Array.from({ length: 4 }, () => new BigInt64Array(capacity))
  const [auctions, bidders, prices, times] = longs.map(({ buffer }) => new Int32Array(buffer)) as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ]
  const pool = new Uint8Array(POOL_BYTES).fill(97)
  const views = Array.from({ length: 3 }, () => ({
    starts: new Int32Array(capacity),
    lengths: new Int32Array(capacity),
  }))
  const [channel, url, extra] = views as [(typeof views)[0], (typeof views)[0], (typeof views)[0]]
  let state = 42
  let event = 0
  const random = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 4294967296
  }
  const text = ({ starts, lengths }: (typeof views)[0]): Emitted['columns'][0] => ({
    kind: 'bytes',
    starts,
    lengths,
    data: pool,
    nulls: null,
  })
  const long = (index: number): Emitted['columns'][0] => ({
    kind: 'i64',
    values: longs[index] as BigInt64Array,
    nulls: null,
  })
  const fields = withTexts
    ? [long(0), long(1), long(2), text(channel), text(url), long(3), text(extra)]
    : [long(0), long(2), long(3)]
  return (rows) => {
    for (let row = 0; row < rows; row++, event++) {
      const place = event % CYCLE
      types[row] = place < BIDS_FROM ? (place === 0 ? 0 : 1) : 2
      nulls[row] = place < BIDS_FROM ? 1 : 0
      if (place < BIDS_FROM) continue
      const newest = Math.floor(event / CYCLE) * 3 + 2
      auctions[2 * row] = (random() < 0.5 ? Math.floor(newest / 100) * 100 : newest - Math.floor(random() * 100)) + 1000
      auctions[2 * row + 1] = 0
      prices[2 * row] = Math.round(10 ** (random() * 6) * 100)
      prices[2 * row + 1] = 0
      const time = 1_700_000_000_000 + Math.floor(event / 1000)
      times[2 * row] = time | 0
      times[2 * row + 1] = Math.floor(time / 4294967296)
      if (!withTexts) continue
      bidders[2 * row] = (random() < 0.75 ? Math.floor(newest / 100) * 100 : Math.floor(random() * 1000)) + 1000
      bidders[2 * row + 1] = 0
      const which = random() < 0.5 ? Math.floor(random() * 4) : Math.floor(random() * CHANNELS)
      channel.starts[row] = which & 0xfff
      channel.lengths[row] = 8 + (which & 3)
      url.starts[row] = which & 0xfff
      url.lengths[row] = 58 + (which & 15)
      extra.starts[row] = Math.floor(random() * (POOL_BYTES - 128))
      extra.lengths[row] = 40 + Math.floor(random() * 54)
    }
    return {
      columns: [
        { kind: 'i32', values: types, nulls: null },
        { kind: 'row', fields, nulls },
      ],
      rows,
      kinds: null,
    }
  }
}
