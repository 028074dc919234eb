/** Workers that are no threads: all in the thread of the test, which saves starting them. */
import { MessageChannel } from 'node:worker_threads'
import type { StartWorker } from '../executor/runtime/workers/parallel-attempt.ts'
import type { FromWorker } from '../executor/runtime/workers/protocol.ts'
import { serveWorker } from '../executor/runtime/workers/serve.ts'

export const startInlineWorker: StartWorker = (setup) => {
  const { port1, port2 } = new MessageChannel()
  serveWorker(port2, setup)
  return {
    postMessage: (message) => {
      port1.postMessage(message)
    },
    on: (event: string, listener: ((message: FromWorker) => void) | ((value: never) => void)) => {
      if (event === 'message') port1.on('message', listener as (message: FromWorker) => void)
    },
    terminate: async () => {
      port1.close()
      port2.close()
    },
  }
}
