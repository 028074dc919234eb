/** Connectors whose sources give two batches and then wait for more that never comes: their input does not end. */
import { CONNECTORS as ALL } from '../connectors/index.ts'
import { delay } from '../core/delay.ts'
import { wrapSources } from './wrapped-sources.ts'

const BATCHES = 2
const NEVER = new AbortController()

/** What a lookup join reads its table with is not `execution.batch-rows`, and such a table has to end. */
const SMALL_BATCH = 16

export const CONNECTORS = wrapSources(ALL, (source, { batchRows }) => {
  if (batchRows > SMALL_BATCH) return source
  let batches = 0
  return {
    open: (position) => source.open(position),
    poll: async (maxWait) => {
      if (batches >= BATCHES) {
        await delay(maxWait, NEVER.signal)
        return { kind: 'idle' }
      }
      const polled = await source.poll(maxWait)
      if (polled.kind === 'rows') batches++
      else await delay(maxWait, NEVER.signal)
      return polled.kind === 'end' ? { kind: 'idle' } : polled
    },
    splits: () => source.splits(),
    position: () => source.position(),
    close: () => source.close(),
  }
})
