/** Connectors whose sources give two batches and then wait for more that never comes: their input does not end. */
import { CONNECTORS as ALL } from '../connectors/index.ts'
import { delay } from '../core/delay.ts'
import { wrapSources } from './wrapped-sources.ts'

const BATCHES = 2
const NEVER = new AbortController()

export const CONNECTORS = wrapSources(ALL, (source) => {
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
      return polled.kind === 'end' ? { kind: 'idle' } : polled
    },
    splits: () => source.splits(),
    position: () => source.position(),
    close: () => source.close(),
  }
})
