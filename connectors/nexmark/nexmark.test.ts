import { expect, it } from 'vitest'
import { MillraceError } from '../../core/errors.ts'
import { readValue } from '../../core/column-ops.ts'
import { BIGINT, INT, type SqlType, STRING, timestamp } from '../../core/types.ts'
import { sourceContext, type TableRequest } from '../test-support/contexts.ts'
import { soleEnumerator } from '../api/enumerator.ts'
import type { SourceContext } from '../api/source.ts'
import { createSource } from './index.ts'

const TIME = timestamp(3)

function row(fields: Readonly<Record<string, SqlType>>): SqlType {
  return { kind: 'ROW', fields: Object.entries(fields).map(([name, type]) => ({ name, type })), nullable: true }
}

const PERSON = row({ id: BIGINT, name: STRING, emailAddress: STRING, creditCard: STRING, city: STRING, extra: STRING })
const AUCTION = row({ id: BIGINT, initialBid: BIGINT, reserve: BIGINT, dateTime: TIME, expires: TIME, seller: BIGINT })
const BID = row({
  auction: BIGINT,
  bidder: BIGINT,
  price: BIGINT,
  channel: STRING,
  url: STRING,
  dateTime: TIME,
  extra: STRING,
})

function table(
  options: Readonly<Record<string, string>>,
  columns = { event_type: INT, person: PERSON, auction: AUCTION, bid: BID },
): TableRequest {
  return { columns, options: { connector: 'nexmark', ...options } }
}

/** All events as values: [event_type, person, auction, bid]. */
async function events(
  request: TableRequest,
  overrides: Partial<SourceContext> = {},
  position?: { next: number },
): Promise<unknown[][]> {
  const context = sourceContext(request, overrides)
  const source = createSource(context)
  await source.open(position)
  const rows: unknown[][] = []
  for (let polled = await source.poll(10); polled.kind === 'rows'; polled = await source.poll(10)) {
    for (let at = 0; at < polled.batch.rows; at++) {
      rows.push(
        polled.batch.columns.map((column, index) => readValue(column, context.schema.fields[index]?.type ?? INT, at)),
      )
    }
  }
  return rows
}

const key = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? `${each}` : each))
const fieldsOf = (rows: unknown[][], kind: number): unknown[][] =>
  rows.filter(([type]) => type === kind).map((each) => each[kind + 1] as unknown[])
const share = (rows: unknown[][], test: (fields: unknown[]) => boolean): number =>
  rows.filter(test).length / rows.length
const meanLength = (rows: unknown[][], lengthOf: (fields: unknown[]) => number): number =>
  rows.reduce((sum, fields) => sum + lengthOf(fields), 0) / rows.length

it('keeps the proportions, and each event is of one kind', async () => {
  const rows = await events(table({ 'events.num': '10000' }))
  expect([0, 1, 2].map((kind) => fieldsOf(rows, kind).length)).toEqual([200, 600, 9200])
  for (const each of rows) expect(each.slice(1).filter((value) => value !== null)).toHaveLength(1)
})

it('gives other proportions and rates where they are asked for', async () => {
  const rows = await events(
    table({
      'events.num': '1000',
      'person.proportion': '2',
      'auction.proportion': '3',
      'bid.proportion': '5',
      'first-event.rate': '100',
      'base-time': '0',
    }),
  )
  expect([0, 1, 2].map((kind) => fieldsOf(rows, kind).length)).toEqual([200, 300, 500])
  // The last two of the thousand are people: the first event is the third of a cycle.
  expect(fieldsOf(rows, 2).at(-1)?.[5]).toBe(9980n)
})

it('has the hot keys of the reference', async () => {
  const rows = await events(table({ 'events.num': '200000' }))
  const bids = fieldsOf(rows, 2)
  // One half of the bids, and a hundredth of the other by chance, go to an auction that is the first of its hundred.
  expect(share(bids, ([auction]) => (auction as bigint) % 100n === 0n)).toBeCloseTo(0.505, 2)
  expect(share(bids, ([, bidder]) => (bidder as bigint) % 100n === 1n)).toBeCloseTo(0.7525, 2)
  expect(share(bids, ([, , , channel]) => !(channel as string).startsWith('channel-'))).toBeCloseTo(0.5, 2)
  expect(share(bids, ([, , , , url]) => (url as string).includes('&channel_id='))).toBeCloseTo(0.45, 2)
  expect(share(fieldsOf(rows, 1), (auction) => (auction[5] as bigint) % 100n === 0n)).toBeCloseTo(0.7525, 1)
})

it('has the sizes and prices of the reference', async () => {
  const rows = await events(table({ 'events.num': '100000' }))
  const bids = fieldsOf(rows, 2)
  expect(32 + meanLength(bids, (bid) => (bid[6] as string).length)).toBeCloseTo(99.5, 0)
  const texts = (person: unknown[]): number =>
    person.slice(1).reduce((sum: number, text) => sum + (text as string).length, 8)
  // The state is not read here, and has 2 letters.
  expect(2 + meanLength(fieldsOf(rows, 0), texts)).toBeCloseTo(200, -1)
  // Prices are spread evenly over six powers of ten, from a dollar on.
  expect(share(bids, ([, , price]) => (price as bigint) < 100_000n)).toBeCloseTo(0.5, 1)
  expect(bids.every(([, , price]) => (price as bigint) >= 100n && (price as bigint) <= 100_000_000n)).toBe(true)
  expect(fieldsOf(rows, 0)[0]?.[2]).toMatch(/^[a-z ]+@[a-z ]+\.com$/)
  expect(fieldsOf(rows, 0)[0]?.[3]).toMatch(/^\d{4} \d{4} \d{4} \d{4}$/)
})

it('bids for auctions and by people that exist or are about to', async () => {
  const rows = await events(table({ 'events.num': '50000' }))
  let [people, auctions] = [1000n, 1000n]
  for (const [, person, auction, bid] of rows as [number, bigint[] | null, bigint[] | null, bigint[] | null][]) {
    if (person !== null) people = person[0] as bigint
    if (auction !== null) auctions = auction[0] as bigint
    if (bid !== null) {
      expect((bid[0] as bigint) <= auctions + 10n && (bid[0] as bigint) >= auctions - 100n).toBe(true)
      expect((bid[1] as bigint) - 1000n <= people + 10n).toBe(true)
    }
  }
})

it('makes a field the same whether or not the others are read', async () => {
  const all = await events(table({ 'events.num': '9000' }))
  const some = await events(table({ 'events.num': '9000' }, { bid: row({ price: BIGINT, extra: STRING }) } as never))
  expect(key(some.map(([bid]) => bid))).toBe(
    key(all.map((each) => (each[3] === null ? null : [(each[3] as unknown[])[2], (each[3] as unknown[])[6]]))),
  )
})

it('gives the same events from any position and with any parallelism, and others with another seed', async () => {
  const request = table({ 'events.num': '20000' })
  const all = (await events(request)).map(key)
  expect((await events(request, {}, { next: 5000 })).map(key)).toEqual(all.slice(5000))
  const enumerator = soleEnumerator()
  const dealt = await Promise.all(
    [0, 1, 2].map((subtask) => events(request, { subtask, parallelism: 3, batchRows: 1000, enumerator })),
  )
  expect(dealt.flat().map(key).sort()).toEqual([...all].sort())
  expect(dealt.every((rows) => rows.length > 0)).toBe(true)
  expect((await events(request, { batchRows: 7 })).map(key)).toEqual(all)
  expect((await events(table({ 'events.num': '20000', seed: '1' }))).map(key)).not.toEqual(all)
})

it('keeps to the rate on the clock', async () => {
  let now = 0
  const context = sourceContext(table({ 'max-emit-speed': 'false', 'first-event.rate': '1000' }), {
    clock: { now: () => now },
  })
  const source = createSource(context)
  await source.open(undefined)
  expect((await source.poll(1)).kind).toBe('idle')
  now = 50
  const polled = await source.poll(1)
  expect(polled.kind === 'rows' && polled.batch.rows).toBe(50)
  expect((await source.poll(1)).kind).toBe('idle')
})

it('stops in front of an event, and stays where it is told to', async () => {
  const stopped = createSource(sourceContext(table({ 'events.num': '100', 'stop-at': '10', 'keep-alive': 'true' })))
  await stopped.open(undefined)
  const polled = await stopped.poll(1)
  expect(polled.kind === 'rows' && polled.batch.rows).toBe(10)
  expect((await stopped.poll(1)).kind).toBe('idle')
})

it.each([
  [{ 'next-event.rate': '5' }, 'option "next-event.rate" must be the same as "first-event.rate"'],
  [{ 'bid.proportion': '0' }, 'option "bid.proportion" must be at least 1'],
  [{ 'rate.shape': 'SINE' }, 'rate.shape'],
] as const)('refuses %j', (options, message) => {
  expect(() => sourceContext(table(options))).toThrow(MillraceError)
  expect(() => sourceContext(table(options))).toThrow(message)
})

it.each([
  [{ event_type: BIGINT }, '"event_type" must be INT, not BIGINT'],
  [{ bids: BID }, 'nexmark has no column "bids"'],
  [{ bid: row({ prize: BIGINT }) }, 'column "bid" of nexmark has no field "prize"'],
] as const)('refuses columns %j', (columns, message) => {
  expect(() => sourceContext(table({}, columns as never))).toThrow(message)
})
