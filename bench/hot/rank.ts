/** The first ten rows of each key, and the last one. */
import type { ChangeBatch } from '../../core/change-batch.ts'
import { BIGINT, type Field, timestamp } from '../../core/types.ts'
import type { Emitted, HotCase, Workload } from './case.ts'
import { BATCH_ROWS, batchOf, longs, randomFrom, rowsOf } from './inputs.ts'
import { createLastRows, createTopRows } from './kernels/rank.ts'
import { inputOf, planned, start } from './planned.ts'

const SOURCE =
  "CREATE TABLE t (k BIGINT, v BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen')"
const FIELDS: readonly Field[] = [
  { name: 'k', type: BIGINT },
  { name: 'v', type: BIGINT },
  { name: 'ts', type: timestamp(3) },
]
const ROWS = 1 << 20
const TOP = 10

function rankRows(keys: number): ChangeBatch[] {
  const random = randomFrom(7)
  return Array.from({ length: ROWS / BATCH_ROWS }, (_, batch) =>
    batchOf(FIELDS, [
      longs(rowsOf(() => Math.floor(random() * keys) * 7919)),
      longs(rowsOf(() => Math.floor(random() * 1_000_000_000))),
      longs(rowsOf((row) => batch * BATCH_ROWS + row)),
    ]),
  )
}

interface Ranking {
  readonly name: string
  readonly query: string
  readonly node: 'rank' | 'deduplicate'
  readonly keys: number
  readonly limit: string
  readonly kernel: (keys: number) => (batch: ChangeBatch) => Emitted
}

/** From nothing in each pass, as later ones would find nothing better. */
function ranking({ name, query, node, keys, limit, kernel }: Ranking): HotCase {
  return {
    name,
    unit: 'rows',
    limit,
    same: true,
    engine: async (): Promise<Workload> => {
      const plan = await planned([SOURCE], query, node)
      const input = rankRows(keys).map((batch) => inputOf(plan, batch))
      return {
        rows: ROWS,
        run: (emit) => {
          const running = start(plan)
          running.emit = emit
          for (const batch of input) running.operator.onBatch(batch, 0)
        },
      }
    },
    kernel: () => {
      const input = rankRows(keys)
      return {
        rows: ROWS,
        run: (emit) => {
          const add = kernel(keys)
          for (const batch of input) emit(add(batch))
        },
      }
    },
  }
}

const numbered = (order: string): string =>
  `SELECT k, v, ts FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY ${order}) AS n FROM t)`

export const RANK_CASES: readonly HotCase[] = [
  ranking({
    name: 'top-n',
    query: `${numbered('v DESC')} WHERE n <= ${TOP}`,
    node: 'rank',
    keys: 10_000,
    limit: 'ten places for each key in typed arrays, rows moved up by one',
    kernel: (keys) => createTopRows(keys, TOP),
  }),
  ranking({
    name: 'deduplicate',
    query: `${numbered('ts DESC')} WHERE n = 1`,
    node: 'deduplicate',
    keys: 100_000,
    limit: 'open addressing over typed arrays with the last row in the entry',
    kernel: createLastRows,
  }),
]
