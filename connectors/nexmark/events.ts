/**
 * The schedule of the Nexmark benchmark: which event number is a person, an auction or a bid, when it happens, and
 * which people and auctions exist by then (https://github.com/nexmark/nexmark, `GeneratorConfig` and the generators
 * of its model). A cycle has `person + auction + bid` proportions of events, in that order.
 */
import type { OptionValues } from '../../core/options.ts'
import { eventHash } from './random.ts'

export const PERSON = 0
export const AUCTION = 1
export const BID = 2

/** Ids start here, so that small samples find each other. */
export const FIRST_PERSON_ID = 1000
export const FIRST_AUCTION_ID = 1000
export const FIRST_CATEGORY_ID = 10
/** Bidders are numbered from here: the reference adds the first person's id to them twice. */
export const FIRST_BIDDER_ID = 2000

/** The reference starts in the middle of the first cycle, at its third event, which is an auction. */
const FIRST_IN_CYCLE = 2
/** And its first event is one delay after `base-time`. */
const FIRST_NUMBER = 1

export interface Schedule {
  readonly seed: number
  readonly personProportion: number
  readonly auctionProportion: number
  readonly totalProportion: number
  /** Microseconds from one event to the next. */
  readonly delay: number
  /** Milliseconds since the epoch. */
  readonly baseTime: number
}

export function scheduleOf(options: OptionValues): Schedule {
  const [personProportion, auctionProportion, bidProportion] = ['person', 'auction', 'bid'].map((kind) =>
    options.int(`${kind}.proportion`),
  ) as [number, number, number]
  return {
    seed: Number(BigInt.asIntN(32, options.long('seed'))),
    personProportion,
    auctionProportion,
    totalProportion: personProportion + auctionProportion + bidProportion,
    delay: 1_000_000 / options.int('first-event.rate'),
    baseTime: Number(options.long('base-time')),
  }
}

/** @param number of the event for the clock, from 1 on: {@link EventRun.numberOf} */
export function timeOf({ baseTime, delay }: Schedule, number: number): number {
  return baseTime + Math.floor(Math.floor(number * delay) / 1000)
}

/** A run of events, with what all their fields are made from. Arrays are used again for the next run. */
export class EventRun {
  readonly #schedule: Schedule
  #first = 0
  rows = 0
  readonly kinds: Int32Array
  readonly hashes: Int32Array
  readonly times: Float64Array
  /** Number, from 0, of the newest person and auction as of each event: its own for a person or an auction. */
  readonly people: Float64Array
  readonly auctions: Float64Array
  /** Rows of each kind: `rowsOf[BID][0 … countOf[BID])`. */
  readonly rowsOf: readonly [Int32Array, Int32Array, Int32Array]
  readonly countOf: [number, number, number] = [0, 0, 0]

  constructor(schedule: Schedule, capacity: number) {
    this.#schedule = schedule
    this.kinds = new Int32Array(capacity)
    this.hashes = new Int32Array(capacity)
    this.times = new Float64Array(capacity)
    this.people = new Float64Array(capacity)
    this.auctions = new Float64Array(capacity)
    this.rowsOf = [new Int32Array(capacity), new Int32Array(capacity), new Int32Array(capacity)]
  }

  /** What the clock of the schedule has for an event of the run. */
  numberOf(row: number): number {
    return this.#first + row + FIRST_NUMBER
  }

  /** @param first how many events there are before the first one of the run */
  fill(first: number, rows: number): void {
    this.#first = first
    const { kinds, hashes, times, people, auctions, countOf } = this
    const [peopleRows, auctionRows, bidRows] = this.rowsOf
    const { seed, personProportion, auctionProportion, totalProportion, delay, baseTime } = this.#schedule
    const bidsFrom = personProportion + auctionProportion
    const inCycles = first + FIRST_IN_CYCLE
    let cycle = Math.floor(inCycles / totalProportion)
    let offset = inCycles - cycle * totalProportion
    let [persons, opened, bids] = [0, 0, 0]
    for (let row = 0; row < rows; row++) {
      const event = first + row
      hashes[row] = eventHash(seed, event)
      times[row] = baseTime + Math.floor(Math.floor((event + FIRST_NUMBER) * delay) / 1000)
      people[row] = cycle * personProportion + Math.min(offset, personProportion - 1)
      if (offset < personProportion) {
        kinds[row] = PERSON
        peopleRows[persons++] = row
        auctions[row] = (cycle - 1) * auctionProportion + auctionProportion - 1
      } else if (offset < bidsFrom) {
        kinds[row] = AUCTION
        auctionRows[opened++] = row
        auctions[row] = cycle * auctionProportion + offset - personProportion
      } else {
        kinds[row] = BID
        bidRows[bids++] = row
        auctions[row] = cycle * auctionProportion + auctionProportion - 1
      }
      if (++offset === totalProportion) {
        offset = 0
        cycle++
      }
    }
    this.rows = rows
    countOf[PERSON] = persons
    countOf[AUCTION] = opened
    countOf[BID] = bids
  }
}
