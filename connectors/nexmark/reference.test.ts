/**
 * Events beside what the reference generator (https://github.com/nexmark/nexmark, 5 million events) makes with the same
 * options: kinds, ids and times event for event, the rest in its distributions. Tolerances are four standard errors or
 * more of the sample here.
 */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { readValue } from '../../core/column-ops.ts'
import { BIGINT, INT, type SqlType, STRING, timestamp } from '../../core/types.ts'
import { sourceContext } from '../test-support/contexts.ts'
import { createSource } from './index.ts'

const TIME = timestamp(3)
const PERSON = { id: BIGINT, dateTime: TIME, name: STRING, emailAddress: STRING, creditCard: STRING, extra: STRING }
const AUCTION = {
  id: BIGINT,
  dateTime: TIME,
  itemName: STRING,
  description: STRING,
  initialBid: BIGINT,
  reserve: BIGINT,
  expires: TIME,
  seller: BIGINT,
  category: BIGINT,
  extra: STRING,
}
const BID = {
  auction: BIGINT,
  dateTime: TIME,
  bidder: BIGINT,
  price: BIGINT,
  channel: STRING,
  url: STRING,
  extra: STRING,
}

type Values<numbers extends string, texts extends string> = Readonly<Record<numbers, bigint> & Record<texts, string>>
type Person = Values<'id' | 'dateTime', 'name' | 'emailAddress' | 'creditCard' | 'extra'>
type Auction = Values<
  'id' | 'dateTime' | 'initialBid' | 'reserve' | 'expires' | 'seller' | 'category',
  'itemName' | 'description' | 'extra'
>
type Bid = Values<'auction' | 'dateTime' | 'bidder' | 'price', 'channel' | 'url' | 'extra'>

interface Sample {
  /** Kind, id where there is one, and time of each event. */
  readonly events: readonly string[]
  readonly people: readonly Person[]
  readonly auctions: readonly Auction[]
  readonly bids: readonly Bid[]
}

function row(fields: Readonly<Record<string, SqlType>>): SqlType {
  return { kind: 'ROW', fields: Object.entries(fields).map(([name, type]) => ({ name, type })), nullable: true }
}

async function sample(count: number, options: Readonly<Record<string, string>> = {}): Promise<Sample> {
  const context = sourceContext({
    columns: { event_type: INT, person: row(PERSON), auction: row(AUCTION), bid: row(BID) },
    options: { connector: 'nexmark', 'events.num': `${count}`, ...options },
  })
  const source = createSource(context)
  await source.open(undefined)
  const kinds = [PERSON, AUCTION, BID].map((fields) => ({ names: Object.keys(fields), rows: [] as object[] }))
  const events: string[] = []
  for (let polled = await source.poll(10); polled.kind === 'rows'; polled = await source.poll(10)) {
    const read = (column: number, at: number): unknown =>
      polled.kind === 'rows' &&
      readValue(polled.batch.columns[column] as never, context.schema.fields[column]?.type as never, at)
    for (let at = 0; at < polled.batch.rows; at++) {
      const kind = read(0, at) as 0 | 1 | 2
      const values = read(kind + 1, at) as (bigint | string)[]
      const { names, rows } = kinds[kind] as (typeof kinds)[0]
      rows.push(Object.fromEntries(names.map((name, index) => [name, values[index]])))
      events.push(kind === 2 ? `2,${values[1]};` : `${kind},${values[0]},${values[1]};`)
    }
  }
  const [people, auctions, bids] = kinds.map(({ rows }) => rows)
  return { events, people, auctions, bids } as Sample
}

const share = <T>(rows: readonly T[], test: (row: T) => boolean): number => rows.filter(test).length / rows.length
const mean = <T>(rows: readonly T[], valueOf: (row: T) => number): number =>
  rows.reduce((sum, each) => sum + valueOf(each), 0) / rows.length
const range = <T>(rows: readonly T[], valueOf: (row: T) => number): [number, number] =>
  rows.reduce<[number, number]>(
    ([least, most], each) => [Math.min(least, valueOf(each)), Math.max(most, valueOf(each))],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  )
const letters = (texts: readonly string[]): { readonly kinds: number; share: (letter: string) => number } => {
  const all = texts.join('')
  return { kinds: new Set(all).size, share: (letter) => (all.split(letter).length - 1) / all.length }
}

describe('event for event', () => {
  it('begins in the first cycle, at its third event', async () => {
    const { events, bids } = await sample(100)
    expect(events.slice(0, 3)).toEqual(['1,1001,1767225600000;', '1,1002,1767225600000;', '2,1767225600000;'])
    expect(events.slice(47, 52)).toEqual([
      '2,1767225600004;',
      '0,1001,1767225600004;',
      '1,1003,1767225600005;',
      '1,1004,1767225600005;',
      '1,1005,1767225600005;',
    ])
    // People are numbered from 1000, and bidders from 2000.
    expect(range(bids, ({ bidder }) => Number(bidder))[0]).toBeGreaterThanOrEqual(2000)
  })

  it.each([
    [{}, '5b90ca5e69f702e4'],
    [
      { 'person.proportion': '5', 'auction.proportion': '7', 'bid.proportion': '13', 'first-event.rate': '3000' },
      '654094b395509d14',
    ],
    [{ 'bid.proportion': '4', 'first-event.rate': '123457', 'base-time': '0' }, '214feb6b69a655db'],
  ] as const)('has the kinds, ids and times of 20,000 events with %j', async (options, digest) => {
    const { events } = await sample(20_000, options)
    expect(createHash('sha256').update(events.join('')).digest('hex').slice(0, 16)).toBe(digest)
  })
})

describe('distributions', async () => {
  const { people, auctions, bids } = await sample(250_000)

  it('prices', () => {
    const quantiles = [
      [399n, 0.1],
      [3167n, 0.25],
      [99_816n, 0.5],
      [3_158_671n, 0.75],
      [25_161_077n, 0.9],
    ] as const
    for (const [below, expected] of quantiles) {
      expect(share(bids, ({ price }) => price < below)).toBeCloseTo(expected, 2)
      expect(Math.abs(share(auctions, ({ initialBid }) => initialBid < below) - expected)).toBeLessThan(0.02)
      const more = share(auctions, ({ initialBid, reserve }) => reserve - initialBid < below)
      expect(Math.abs(more - expected)).toBeLessThan(0.02)
    }
    expect(range(bids, ({ price }) => Number(price))[0]).toBe(100)
  })

  it('hot keys', () => {
    // The hot ones, and one in a hundred of the others by chance.
    expect(share(bids, ({ auction }) => auction % 100n === 0n)).toBeCloseTo(0.5045 + 0.4955 * 0.009, 2)
    expect(share(bids, ({ bidder }) => bidder % 100n === 1n)).toBeCloseTo(0.7499 + 0.2501 * 0.009, 2)
    expect(Math.abs(share(auctions, ({ seller }) => seller % 100n === 0n) - 0.7526)).toBeLessThan(0.015)
    for (const channel of ['Google', 'Facebook', 'Baidu', 'Apple']) {
      expect(share(bids, (bid) => bid.channel === channel)).toBeCloseTo(0.1251, 2)
    }
    expect(new Set(bids.map(({ channel }) => channel)).size).toBeGreaterThan(9_990)
    for (const category of [10n, 11n, 12n, 13n, 14n]) {
      expect(Math.abs(share(auctions, (auction) => auction.category === category) - 0.2)).toBeLessThan(0.015)
    }
  })

  it('sizes', () => {
    const words = ({ itemName, description }: Auction): number => itemName.length + description.length
    expect(range(bids, ({ extra }) => extra.length)).toEqual([54, 81])
    expect(Math.abs(mean(bids, ({ extra }) => extra.length) - 67.49)).toBeLessThan(0.1)
    expect(Math.abs(mean(auctions, (auction) => 48 + words(auction) + auction.extra.length) - 499.6)).toBeLessThan(2)
    expect(Math.abs(mean(auctions, ({ itemName }) => itemName.length) - 10.85)).toBeLessThan(0.2)
    expect(Math.abs(mean(auctions, ({ description }) => description.length) - 50.83)).toBeLessThan(1.2)
    expect(Math.abs(mean(people, ({ extra }) => extra.length) - 138.9)).toBeLessThan(1)
  })

  it('letters', () => {
    const words = letters(auctions.flatMap(({ itemName, description }) => [itemName, description]))
    expect(words.kinds).toBe(27)
    expect(Math.abs(words.share(' ') - 0.0719)).toBeLessThan(0.002)
    const extra = letters(bids.slice(0, 20_000).map((bid) => bid.extra))
    // From H to z; a is the only letter to which both directions lead.
    expect(extra.kinds).toBe(51)
    expect(Math.abs(extra.share('a') - 0.0385)).toBeLessThan(0.002)
    expect(Math.abs(extra.share('\\') - 0.0192)).toBeLessThan(0.002)
  })

  it('people', () => {
    const [users, hosts] = [0, 1].map((part) => people.map((each) => each.emailAddress.split('@')[part] ?? ''))
    const lengths = (texts: readonly string[] = []): number[] =>
      [2, 3, 4, 5, 6].map((length) => share(texts, (text) => text.length === length))
    const close = (shares: readonly number[], expected: readonly number[]): void => {
      shares.forEach((each, at) => expect(Math.abs(each - (expected[at] ?? 0))).toBeLessThan(0.028))
    }
    close(lengths(users), [0.0372, 0.2494, 0.2496, 0.2433, 0.2159])
    close(lengths(hosts?.map((host) => host.slice(0, -'.com'.length))), [0.0721, 0.4937, 0.4248, 0, 0])
    expect(new Set(people.map(({ name }) => name)).size).toBe(99)
    expect(people.every(({ creditCard }) => /^(\d{4} ){3}\d{4}$/.test(creditCard))).toBe(true)
  })

  it('pages', () => {
    const page = /^https:\/\/www\.nexmark\.com(\/[a-z_]{3,4}){3}\/item\.htm\?query=1(&channel_id=-?\d+)?$/
    expect(bids.every(({ url }) => page.test(url))).toBe(true)
    const pages = new Map(bids.map(({ channel, url }) => [channel, url]))
    const named = [...pages].filter(([channel]) => channel.startsWith('channel-'))
    expect(Math.abs(share(named, ([, url]) => url.includes('channel_id')) - 0.9)).toBeLessThan(0.013)
    const ids = { 1: -2147483648, 4431: 225968128, 6113: 2014838784, 7435: 793247744, 9339: 568066048 }
    for (const [channel, id] of Object.entries(ids)) {
      const url = pages.get(`channel-${channel}`) ?? ''
      if (url.includes('channel_id')) expect(url.split('channel_id=')[1]).toBe(`${id}`)
    }
    expect(pages.get('channel-1')).toContain('channel_id=-2147483648')
  })
})

describe('how long auctions are open', () => {
  it.each([
    [{}, { 1: 0.003, 166: 0.003, 332: 0.003 }, 332],
    // 266 events are 2 or 3 milliseconds here, as they fall.
    [
      { 'bid.proportion': '4', 'first-event.rate': '123456' },
      { 1: 0.2368, 2: 0.2368, 4: 0.2368, 5: 0.0262, 6: 0.0262 },
      6,
    ],
    [
      { 'person.proportion': '5', 'auction.proportion': '7', 'bid.proportion': '13', 'first-event.rate': '3000' },
      {},
      239,
    ],
  ] as const)('with %j', async (options, shares, longest) => {
    const { auctions } = await sample(80_000, options)
    const lengths = auctions.map(({ expires, dateTime }) => Number(expires - dateTime))
    for (const [length, expected] of Object.entries(shares)) {
      expect(Math.abs(share(lengths, (each) => each === Number(length)) - expected)).toBeLessThan(0.011)
    }
    expect(range(lengths, (length) => length)[0]).toBe(1)
    expect(range(lengths, (length) => length)[1]).toBeLessThanOrEqual(longest)
    expect(range(lengths, (length) => length)[1]).toBeGreaterThan(longest * 0.99)
  })
})
