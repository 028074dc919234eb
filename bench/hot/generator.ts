/** The nexmark source: all fields of bids, and three of them. */
import { SYSTEM_CLOCK } from '../../core/clock.ts'
import { BIGINT, type Field, INT, type SqlType, timestamp } from '../../core/types.ts'
import { sourceContext } from '../../connectors/test-support/contexts.ts'
import { createSource } from '../../connectors/nexmark/index.ts'
import type { HotCase, Workload } from './case.ts'
import { BATCH_ROWS, BID_FIELDS } from './inputs.ts'
import { createBidMaker } from './kernels/generator.ts'

const EVENTS = 1 << 18
const NUMBERS: readonly Field[] = [
  { name: 'auction', type: BIGINT },
  { name: 'price', type: BIGINT },
  { name: 'dateTime', type: timestamp(3) },
]

async function source(fields: readonly Field[]): Promise<Workload> {
  const bid: SqlType = { kind: 'ROW', fields, nullable: true }
  const context = sourceContext(
    { columns: { event_type: INT, bid }, options: { connector: 'nexmark' } },
    { clock: SYSTEM_CLOCK, batchRows: BATCH_ROWS },
  )
  const events = createSource(context)
  await events.open(undefined)
  return {
    rows: EVENTS,
    run: (emit) => {
      for (let made = 0; made < EVENTS; ) {
        const polled = events.poll(0)
        if (polled instanceof Promise || polled.kind !== 'rows') throw new Error('the generator waits')
        emit(polled.batch)
        made += polled.batch.rows
      }
    },
  }
}

function kernel(texts: boolean): Workload {
  const make = createBidMaker(texts)
  return {
    rows: EVENTS,
    run: (emit) => {
      for (let made = 0; made < EVENTS; made += BATCH_ROWS) emit(make(BATCH_ROWS))
    },
  }
}

export const GENERATOR_CASES: readonly HotCase[] = [
  {
    name: 'generator',
    unit: 'rows',
    limit: 'one loop over typed arrays for this schema, texts as places in a pool',
    same: false,
    engine: () => source(BID_FIELDS),
    kernel: () => kernel(true),
  },
  {
    name: 'generator-numbers',
    unit: 'rows',
    limit: 'one loop over typed arrays for this schema',
    same: false,
    engine: () => source(NUMBERS),
    kernel: () => kernel(false),
  },
]
