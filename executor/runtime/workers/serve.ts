/** A worker: runs its subtasks of the graph and does what the job's thread asks. */
import { Configuration } from '../../../catalog/configuration.ts'
import { CONNECTORS } from '../../../connectors/index.ts'
import { SYSTEM_CLOCK } from '../../../core/clock.ts'
import type { ChangeBatch } from '../../../core/change-batch.ts'
import { asMillraceError, unreachable } from '../../../core/errors.ts'
import type { StateMemory } from '../../../state/table/memory.ts'
import { Attempt } from '../attempt.ts'
import { createEnvironment } from '../environment.ts'
import { Exchanges } from '../exchange/exchanges.ts'
import { MessageWriter } from '../exchange/messages.ts'
import { type FromWorker, receivedState, sentError, sentGathered, type ToWorker, type WorkerSetup } from './protocol.ts'

const COUNTS_MILLISECONDS = 100

/** A worker's end of the line to the job's thread. */
export interface WorkerPort {
  postMessage(message: FromWorker, transfer: ArrayBuffer[]): void
  on(event: 'message', listener: (message: ToWorker) => void): unknown
}

type Request = Exclude<ToWorker, { readonly kind: 'taken' }>

/** Does what is asked through the port until it is told to close. */
export function serveWorker(port: WorkerPort, setup: WorkerSetup): void {
  const worker = new ServedWorker(port, setup)
  port.on('message', (message) => {
    worker.receive(message)
  })
}

async function stateMemory({ stateMemory: share }: WorkerSetup): Promise<{ memory?: StateMemory }> {
  if (share === undefined) return {}
  const { MappedMemory } = await import('../../../state/memory/mapped-memory.ts')
  return { memory: new MappedMemory(share) }
}

class ServedWorker {
  readonly #port: WorkerPort
  readonly #setup: WorkerSetup
  readonly #writer = new MessageWriter()
  readonly #attempt: Promise<Attempt>
  /** Of the batches that are under way to whoever reads the result, in their order. */
  readonly #collected: PromiseWithResolvers<void>[] = []
  #counting: NodeJS.Timeout | undefined

  constructor(port: WorkerPort, setup: WorkerSetup) {
    this.#port = port
    this.#setup = setup
    this.#attempt = this.#createAttempt()
    this.#attempt.catch(() => undefined)
  }

  receive(message: ToWorker): void {
    if (message.kind === 'taken') {
      this.#collected.shift()?.resolve()
      return
    }
    this.#answer(message).catch((error: unknown) => {
      this.#send({ kind: 'refused', id: message.id, error: sentError(asMillraceError(error)) })
    })
  }

  #send(message: FromWorker, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer)
  }

  /** @returns settled when the reader of the result has taken this batch */
  #collect(batch: ChangeBatch): Promise<void> {
    const indices = Int32Array.from({ length: batch.rows }, (_, row) => row)
    this.#writer.rows(batch, indices, batch.rows)
    const bytes = this.#writer.bytes.slice(0, this.#writer.size)
    const node = this.#setup.graph.nodes.find((candidate) => candidate.kind === 'collect')?.inputs[0] ?? 0
    const taken = Promise.withResolvers<void>()
    this.#collected.push(taken)
    this.#send({ kind: 'collected', node, bytes }, [bytes.buffer])
    return taken.promise
  }

  async #createAttempt(): Promise<Attempt> {
    const setup = this.#setup
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
          this.#send({ kind: 'output', text })
        },
        writeError: (text) => {
          this.#send({ kind: 'errorOutput', text })
        },
      },
      onCollect: setup.collects ? (batch) => this.#collect(batch) : undefined,
      onSkipped: (records) => {
        this.#send({ kind: 'skipped', records })
      },
      ...(await stateMemory(setup)),
      exchanges: new Exchanges(setup.worker, setup.graph, setup.deployment, setup.memory),
    })
  }

  #sendCounts(attempt: Attempt): void {
    this.#send({
      kind: 'counts',
      counts: { stages: attempt.statistics(), slowest: attempt.slowestSplit(), ended: attempt.ended },
    })
  }

  async #answer(message: Request): Promise<void> {
    const attempt = await this.#attempt
    const { id } = message
    if (message.kind === 'gather') {
      const { content, buffers } = sentGathered(await attempt.gather(message.content))
      this.#send({ kind: 'answer', id, content }, buffers)
      return
    }
    // No worker goes on before the sinks of all others have begun: its rows would get into their checkpoint.
    const content =
      message.kind === 'prepare'
        ? await attempt.prepare(message.content, false)
        : await this.#carryOut(message, attempt)
    this.#send({ kind: 'answer', id, content })
  }

  async #carryOut(
    message: Exclude<Request, { readonly kind: 'gather' | 'prepare' }>,
    attempt: Attempt,
  ): Promise<undefined> {
    switch (message.kind) {
      case 'open':
        attempt.failure.catch((error: unknown) => {
          this.#send({ kind: 'failed', error: sentError(asMillraceError(error)) })
        })
        await attempt.openSubtask(message.content === undefined ? undefined : receivedState(message.content))
        break
      case 'run':
        this.#counting = setInterval(() => {
          this.#sendCounts(attempt)
        }, COUNTS_MILLISECONDS)
        await attempt.run()
        this.#sendCounts(attempt)
        break
      case 'resume':
        attempt.resume()
        break
      case 'commit':
        await attempt.commit(message.content)
        break
      case 'complete':
        await attempt.complete(message.content)
        break
      case 'stop':
        attempt.stop()
        break
      case 'close':
        clearInterval(this.#counting)
        await attempt.close()
        this.#sendCounts(attempt)
        break
      default:
        unreachable(message)
    }
    return undefined
  }
}
