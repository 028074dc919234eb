/** In a worker thread: runs its subtasks of the graph and does what the job's thread asks. */
import { parentPort, workerData } from 'node:worker_threads'
import { Configuration } from '../../../catalog/configuration.ts'
import { CONNECTORS } from '../../../connectors/index.ts'
import { SYSTEM_CLOCK } from '../../../core/clock.ts'
import type { ChangeBatch } from '../../../core/change-batch.ts'
import { asMillraceError, invariant, unreachable } from '../../../core/errors.ts'
import { Attempt } from '../attempt.ts'
import { createEnvironment } from '../environment.ts'
import { Exchanges } from '../exchange/exchanges.ts'
import { MessageWriter } from '../exchange/messages.ts'
import { type FromWorker, ownBuffers, receivedState, sentError, type ToWorker, type WorkerSetup } from './protocol.ts'

const COUNTS_MILLISECONDS = 100

invariant(parentPort !== null, 'this module runs in a worker')
const port = parentPort
const setup = workerData as WorkerSetup

function send(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}

const writer = new MessageWriter()
let taken: PromiseWithResolvers<void> | undefined

/** One batch at a time is under way to whoever reads the result. */
function collect(batch: ChangeBatch): Promise<void> {
  const indices = Int32Array.from({ length: batch.rows }, (_, row) => row)
  writer.rows(batch, indices, batch.rows)
  const bytes = writer.bytes.slice(0, writer.size)
  const node = setup.graph.nodes.find((candidate) => candidate.kind === 'collect')?.inputs[0] ?? 0
  taken ??= Promise.withResolvers<void>()
  send({ kind: 'collected', node, bytes }, [bytes.buffer])
  return taken.promise
}

async function createAttempt(): Promise<Attempt> {
  const module = setup.connectorsModule
  const connectors =
    module === undefined ? CONNECTORS : ((await import(module)) as { CONNECTORS: typeof CONNECTORS }).CONNECTORS
  const clock = SYSTEM_CLOCK
  const configuration = new Configuration(setup.configuration)
  return new Attempt({
    graph: setup.graph,
    jobName: setup.jobName,
    configuration,
    connectors,
    environment: createEnvironment(configuration, clock),
    clock,
    checkpointing: setup.checkpointing,
    output: {
      write: (text) => {
        send({ kind: 'output', text })
      },
      writeError: (text) => {
        send({ kind: 'errorOutput', text })
      },
    },
    onCollect: setup.collects ? collect : undefined,
    onSkipped: (records) => {
      send({ kind: 'skipped', records })
    },
    exchanges: new Exchanges(setup.worker, setup.graph, setup.deployment, setup.memory),
  })
}

const attempt = createAttempt()
let counting: NodeJS.Timeout | undefined

async function sendCounts(): Promise<void> {
  const running = await attempt
  send({
    kind: 'counts',
    counts: { stages: running.statistics(), slowest: running.slowestSplit(), ended: running.ended },
  })
}

async function answer(message: Exclude<ToWorker, { readonly kind: 'taken' }>): Promise<void> {
  const running = await attempt
  const { id } = message
  switch (message.kind) {
    case 'open':
      running.failure.catch((error: unknown) => {
        send({ kind: 'failed', error: sentError(asMillraceError(error)) })
      })
      await running.openSubtask(message.content === undefined ? undefined : receivedState(message.content))
      break
    case 'run':
      counting = setInterval(() => void sendCounts(), COUNTS_MILLISECONDS)
      await running.run()
      await sendCounts()
      break
    case 'gather': {
      const { pages, positions } = await running.gather(message.content)
      const own = ownBuffers(pages)
      send({ kind: 'answer', id, content: { pages: own.pages, positions } }, own.buffers)
      return
    }
    case 'prepare':
      // No worker goes on before the sinks of all others have begun: its rows would get into their checkpoint.
      send({ kind: 'answer', id, content: await running.prepare(message.content, false) })
      return
    case 'resume':
      running.resume()
      break
    case 'commit':
      await running.commit(message.content)
      break
    case 'complete':
      await running.complete(message.content)
      break
    case 'stop':
      running.stop()
      break
    case 'close':
      clearInterval(counting)
      await running.close()
      await sendCounts()
      break
    default:
      unreachable(message)
  }
  send({ kind: 'answer', id, content: undefined })
}

port.on('message', (message: ToWorker) => {
  if (message.kind === 'taken') {
    taken?.resolve()
    taken = undefined
    return
  }
  answer(message).catch((error: unknown) => {
    send({ kind: 'refused', id: message.id, error: sentError(asMillraceError(error)) })
  })
})
