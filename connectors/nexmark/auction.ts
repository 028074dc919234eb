/** Fields of an auction (the reference's `AuctionGenerator`). */
import { type FieldMaker, numbers, type Stretch, stretches } from './columns.ts'
import { AUCTION, FIRST_AUCTION_ID, FIRST_CATEGORY_ID, FIRST_PERSON_ID, type Schedule, timeOf } from './events.ts'
import { activePerson } from './people.ts'
import { below, eventHash, price } from './random.ts'
import {
  extraLength,
  extraPool,
  lazily,
  type TextPool,
  trimmedEnd,
  trimmedStart,
  wordLength,
  wordPool,
} from './texts.ts'

const CATEGORIES = 5
/** One of so many people, the first of each hundred, is a hot seller. */
const HOT_SELLERS = 100
/** Auctions that are open at any time. */
export const IN_FLIGHT = 100
const NAME_LENGTH = 20
const DESCRIPTION_LENGTH = 100

const DRAW = {
  hot: 1,
  seller: 2,
  category: 3,
  initial: 4,
  reserve: 5,
  length: 6,
  name: 7,
  nameAt: 8,
  description: 9,
  descriptionAt: 10,
  extra: 11,
  extraAt: 12,
}

export interface AuctionShape {
  readonly hotSellers: number
  readonly averageSize: number
}

export function auctionFields(
  capacity: number,
  schedule: Schedule,
  { hotSellers, averageSize }: AuctionShape,
): Readonly<Record<string, () => FieldMaker>> {
  const { seed } = schedule
  const wordsOf = lazily(() => wordPool(eventHash(seed, 3), DESCRIPTION_LENGTH))
  const length = (hash: number, draw: number, drawAt: number, longest: number): number => {
    const words = wordsOf()
    const place = below(hash, drawAt, words.places)
    const end = place + wordLength(hash, draw, longest)
    const start = trimmedStart(words.data, place, end)
    return trimmedEnd(words.data, start, end) - start
  }
  const extra: Stretch = (hash, place, { starts, lengths }, row) => {
    const name = length(hash, DRAW.name, DRAW.nameAt, NAME_LENGTH)
    const size = 48 + name + length(hash, DRAW.description, DRAW.descriptionAt, DESCRIPTION_LENGTH)
    starts[row] = place
    lengths[row] = extraLength(hash, DRAW.extra, size, averageSize)
  }
  const ahead = eventsOfAuctionsInFlight(schedule)
  return {
    id: () => numbers(AUCTION, capacity, (run, row) => (run.auctions[row] as number) + FIRST_AUCTION_ID),
    itemName: () => stretches(AUCTION, capacity, wordsOf(), DRAW.nameAt, word(wordsOf(), DRAW.name, NAME_LENGTH)),
    description: () =>
      stretches(
        AUCTION,
        capacity,
        wordsOf(),
        DRAW.descriptionAt,
        word(wordsOf(), DRAW.description, DESCRIPTION_LENGTH),
      ),
    initialBid: () => numbers(AUCTION, capacity, (run, row) => price(run.hashes[row] as number, DRAW.initial)),
    reserve: () =>
      numbers(AUCTION, capacity, (run, row) => {
        const hash = run.hashes[row] as number
        return price(hash, DRAW.initial) + price(hash, DRAW.reserve)
      }),
    dateTime: () => numbers(AUCTION, capacity, (run, row) => run.times[row] as number),
    expires: () =>
      numbers(AUCTION, capacity, (run, row) => {
        const opened = run.times[row] as number
        const horizon = timeOf(schedule, run.numberOf(row) + ahead) - opened
        return opened + 1 + below(run.hashes[row] as number, DRAW.length, Math.max(2 * horizon, 1))
      }),
    seller: () =>
      numbers(AUCTION, capacity, (run, row) => {
        const hash = run.hashes[row] as number
        const people = run.people[row] as number
        const hot = below(hash, DRAW.hot, hotSellers) > 0
        const seller = hot ? Math.floor(people / HOT_SELLERS) * HOT_SELLERS : activePerson(people, hash, DRAW.seller)
        return seller + FIRST_PERSON_ID
      }),
    category: () =>
      numbers(AUCTION, capacity, (run, row) => {
        return FIRST_CATEGORY_ID + below(run.hashes[row] as number, DRAW.category, CATEGORIES)
      }),
    extra: () => stretches(AUCTION, capacity, extraPool(eventHash(seed, 4), 2 * averageSize), DRAW.extraAt, extra),
  }
}

/** In how many events as many auctions are opened as are open at any time: an auction is open that long on average. */
function eventsOfAuctionsInFlight({ totalProportion, auctionProportion }: Schedule): number {
  return Math.floor((IN_FLIGHT * totalProportion) / auctionProportion)
}

function word(pool: TextPool, draw: number, longest: number): Stretch {
  return (hash, place, { starts, lengths }, row) => {
    const end = place + wordLength(hash, draw, longest)
    const start = trimmedStart(pool.data, place, end)
    starts[row] = start
    lengths[row] = trimmedEnd(pool.data, start, end) - start
  }
}
