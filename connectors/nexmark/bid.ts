/** Fields of a bid (the reference's `BidGenerator`). */
import { IN_FLIGHT } from './auction.ts'
import { type FieldMaker, listed, numbers, type Stretch, stretches } from './columns.ts'
import { BID, FIRST_AUCTION_ID, FIRST_BIDDER_ID } from './events.ts'
import { activePerson } from './people.ts'
import { below, eventHash, price } from './random.ts'
import { CHANNEL_COUNT, channelNames, channelUrls, extraLength, extraPool, HOT_CHANNEL_COUNT } from './texts.ts'

/** The first auction of each hundred is hot, and the second person, so that hot bidders are no hot sellers. */
const HOT_AUCTIONS = 100
const HOT_BIDDERS = 100
/** Bids may be for auctions that are not open yet, by so many. */
const AUCTIONS_AHEAD = 10
/** Half of the bids come through a hot channel. */
const HOT_CHANNELS_RATIO = 2
/** Auction, bidder, price and time. */
const FIXED_SIZE = 32

const DRAW = {
  hotAuction: 1,
  auction: 2,
  hotBidder: 3,
  bidder: 4,
  price: 5,
  hotChannel: 6,
  channel: 7,
  extra: 8,
  extraAt: 9,
}

export interface BidShape {
  readonly hotAuctions: number
  readonly hotBidders: number
  readonly averageSize: number
}

export function bidFields(
  capacity: number,
  seed: number,
  { hotAuctions, hotBidders, averageSize }: BidShape,
): Readonly<Record<string, () => FieldMaker>> {
  const extra: Stretch = (hash, place, { starts, lengths }, row) => {
    starts[row] = place
    lengths[row] = extraLength(hash, DRAW.extra, FIXED_SIZE, averageSize)
  }
  return {
    auction: () =>
      numbers(BID, capacity, (run, row) => {
        const hash = run.hashes[row] as number
        const newest = run.auctions[row] as number
        if (below(hash, DRAW.hotAuction, hotAuctions) > 0) {
          return Math.floor(newest / HOT_AUCTIONS) * HOT_AUCTIONS + FIRST_AUCTION_ID
        }
        const oldest = Math.max(newest - IN_FLIGHT, 0)
        return oldest + below(hash, DRAW.auction, newest - oldest + 1 + AUCTIONS_AHEAD) + FIRST_AUCTION_ID
      }),
    bidder: () =>
      numbers(BID, capacity, (run, row) => {
        const hash = run.hashes[row] as number
        const people = run.people[row] as number
        const hot = below(hash, DRAW.hotBidder, hotBidders) > 0
        const bidder = hot
          ? Math.floor(people / HOT_BIDDERS) * HOT_BIDDERS + 1
          : activePerson(people, hash, DRAW.bidder)
        return bidder + FIRST_BIDDER_ID
      }),
    price: () => numbers(BID, capacity, (run, row) => price(run.hashes[row] as number, DRAW.price)),
    channel: () => listed(BID, capacity, channelNames(), channelOf),
    url: () => listed(BID, capacity, channelUrls(eventHash(seed, 5)), channelOf),
    dateTime: () => numbers(BID, capacity, (run, row) => run.times[row] as number),
    extra: () => stretches(BID, capacity, extraPool(eventHash(seed, 6), 2 * averageSize), DRAW.extraAt, extra),
  }
}

function channelOf(hash: number): number {
  return below(hash, DRAW.hotChannel, HOT_CHANNELS_RATIO) > 0
    ? below(hash, DRAW.channel, HOT_CHANNEL_COUNT)
    : HOT_CHANNEL_COUNT + below(hash, DRAW.channel, CHANNEL_COUNT)
}
