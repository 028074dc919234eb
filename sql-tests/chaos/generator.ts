/**
 * Events of a generator, which workers take from a common store, to files: a filter, windows, and a join whose state grows.
 * No event is late, so that the same rows are right whatever the parallelism.
 */
import { mkdirSync } from 'node:fs'
import { fileOutputs } from './file-outputs.ts'
import type { ChaosTarget } from './target.ts'

/** How long the events take when nothing else does. */
const SECONDS = 3

export function createGeneratorTarget(directory: string, records: number): ChaosTarget {
  mkdirSync(directory, { recursive: true })
  const rate = Math.ceil(records / SECONDS)
  return fileOutputs(
    'generator',
    directory,
    ['windows', 'dear', 'joined'],
    (filesOf) => `
SET 'execution.checkpointing.interval' = '60 ms';
CREATE TABLE events (
  event_type INT,
  person ROW<id BIGINT>,
  auction ROW<id BIGINT, seller BIGINT, \`dateTime\` TIMESTAMP(3)>,
  bid ROW<auction BIGINT, bidder BIGINT, price BIGINT, channel VARCHAR, \`dateTime\` TIMESTAMP(3)>,
  \`dateTime\` AS CASE WHEN event_type = 1 THEN auction.\`dateTime\` ELSE bid.\`dateTime\` END,
  WATERMARK FOR \`dateTime\` AS \`dateTime\` - INTERVAL '1' SECOND
) WITH ('connector' = 'nexmark', 'events.num' = '${records}', 'max-emit-speed' = 'false', 'first-event.rate' = '${rate}', 'next-event.rate' = '${rate}');
CREATE TABLE windows (window_start TIMESTAMP(3), bidder BIGINT, bids BIGINT, price BIGINT) WITH (${filesOf('windows')});
CREATE TABLE dear (auction BIGINT, bidder BIGINT, price BIGINT, channel VARCHAR) WITH (${filesOf('dear')});
CREATE TABLE joined (auction BIGINT, bidder BIGINT, price BIGINT, seller BIGINT) WITH (${filesOf('joined')});
EXECUTE STATEMENT SET BEGIN
  INSERT INTO windows SELECT window_start, bid.bidder, COUNT(*), SUM(bid.price)
    FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(\`dateTime\`), INTERVAL '1' SECOND))
    WHERE event_type = 2 GROUP BY window_start, window_end, bid.bidder;
  INSERT INTO dear SELECT bid.auction, bid.bidder, bid.price, bid.channel FROM events WHERE event_type = 2 AND bid.price > 1000000;
  INSERT INTO joined SELECT B.bid.auction, B.bid.bidder, B.bid.price, A.auction.seller
    FROM events AS B JOIN events AS A ON B.bid.auction = A.auction.id
    WHERE B.event_type = 2 AND A.event_type = 1 AND MOD(A.auction.id, 10) = 3;
END;
`,
  )
}
