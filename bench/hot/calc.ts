/** Filters, arithmetic and functions over text: Nexmark's q1, q2, q21, q22, and UPPER. */
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { Emitted, HotCase, Workload } from './case.ts'
import { BATCH_ROWS, bids } from './inputs.ts'
import { createChannelIds, createConversion, createDirectories, createSelection, createUpper } from './kernels/calc.ts'
import { feeding, planned } from './planned.ts'

const BATCHES = 16
const SOURCE =
  "CREATE TABLE bid (auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING, `dateTime` TIMESTAMP(3), extra STRING) WITH ('connector' = 'datagen')"

function calc(name: string, query: string, limit: string, kernel: () => (batch: ChangeBatch) => Emitted): HotCase {
  return {
    name,
    unit: 'rows',
    limit,
    same: true,
    engine: async () => feeding(await planned([SOURCE], query, 'calc'), bids(BATCHES)),
    kernel: (): Workload => {
      const compute = kernel()
      const batches = bids(BATCHES)
      return {
        rows: BATCHES * BATCH_ROWS,
        run: (emit) => {
          for (const batch of batches) emit(compute(batch))
        },
      }
    },
  }
}

const CHANNEL_ID = "REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2)"

export const CALC_CASES: readonly HotCase[] = [
  calc(
    'calc-arithmetic',
    'SELECT auction, bidder, 0.908 * price, `dateTime`, extra FROM bid',
    'one loop: 64-bit multiplication into 128-bit values',
    createConversion,
  ),
  calc(
    'calc-filter',
    'SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0',
    'one loop that copies the selected values',
    createSelection,
  ),
  calc('text-upper', 'SELECT auction, UPPER(channel) FROM bid', 'one loop over the bytes, ASCII', createUpper),
  calc(
    'text-split-index',
    "SELECT auction, SPLIT_INDEX(url, '/', 3), SPLIT_INDEX(url, '/', 4), SPLIT_INDEX(url, '/', 5) FROM bid",
    'one loop over the bytes for all three, results as places in the input',
    createDirectories,
  ),
  calc(
    'text-regexp-extract',
    `SELECT auction, CASE WHEN LOWER(channel) = 'apple' THEN '0' WHEN LOWER(channel) = 'google' THEN '1'
      WHEN LOWER(channel) = 'facebook' THEN '2' WHEN LOWER(channel) = 'baidu' THEN '3' ELSE ${CHANNEL_ID} END
    FROM bid WHERE ${CHANNEL_ID} IS NOT NULL OR LOWER(channel) IN ('apple', 'google', 'facebook', 'baidu')`,
    'search for the bytes of the pattern from their end (Horspool), cases compared by length and first letter',
    createChannelIds,
  ),
]
