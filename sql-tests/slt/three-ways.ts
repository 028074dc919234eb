/**
 * Runs a query straight, with batches of 2 rows, and failed and restored in the middle, and gives the changes of each.
 * The third way holds the sources after some batches, takes a checkpoint, goes on a little, and fails: what was emitted
 * behind the checkpoint is taken back, as a transactional sink would.
 */
import { CONNECTORS } from '../../connectors/index.ts'
import type { Source, SourcePoll } from '../../connectors/api/source.ts'
import type { ChangeBatch } from '../../core/change-batch.ts'
import { MillraceError } from '../../core/errors.ts'
import { SYSTEM_CLOCK } from '../../core/clock.ts'
import { type Job, runJob } from '../../executor/runtime/job.ts'
import type { OperatorGraph } from '../../planner/physical/graph.ts'
import { Configuration } from '../../catalog/configuration.ts'
import { wrapSources } from '../wrapped-sources.ts'

export type Way = 'straight' | 'tiny' | 'restored' | 'parallel'
export const WAYS: readonly Way[] = ['straight', 'tiny', 'restored']

const BATCHES_BEFORE_CHECKPOINT = 2
const BATCHES_BEFORE_FAILURE = 1

export async function runWay(
  graph: OperatorGraph,
  settings: Readonly<Record<string, string>>,
  way: Way,
): Promise<readonly ChangeBatch[]> {
  const configuration = new Configuration({
    ...settings,
    ...(way === 'straight' ? {} : { 'execution.batch-rows': '2' }),
    ...(way === 'parallel' ? { 'parallelism.default': '2' } : {}),
    'restart-strategy.type': 'fixed-delay',
    'restart-strategy.fixed-delay.attempts': '3',
    'restart-strategy.fixed-delay.delay': '0 ms',
  })
  const collected: ChangeBatch[] = []
  const lengths = new Map<number, number>()
  const failure = new FailureInTheMiddle()
  const job = runJob({
    keepFinished: false,
    graph,
    name: 'slt',
    stateName: 'slt',
    configuration,
    connectors: way === 'restored' ? failure.wrap(CONNECTORS) : CONNECTORS,
    dataDirectory: undefined,
    output: { write: () => undefined, writeError: () => undefined },
    clock: SYSTEM_CLOCK,
    log: () => undefined,
    onCollect: (batch) => {
      collected.push(batch)
      return undefined
    },
    onPhase: (phase, checkpoint) => {
      if (phase === 'snapshot') lengths.set(checkpoint, collected.length)
      if (phase === 'restoring') collected.length = lengths.get(checkpoint) ?? 0
    },
  })
  failure.job = job
  await job.finished
  return collected
}

class FailureInTheMiddle {
  job: Job | undefined
  #batches = 0
  #checkpoint: Promise<void> | undefined
  #failed = false

  wrap(connectors: typeof CONNECTORS): typeof CONNECTORS {
    return wrapSources(connectors, (source) => this.#wrapSource(source))
  }

  #wrapSource(source: Source): Source {
    return {
      open: (position) => source.open(position),
      poll: (maxWait) => this.#poll(source, maxWait),
      splits: () => source.splits(),
      position: () => source.position(),
      close: () => source.close(),
    }
  }

  async #poll(source: Source, maxWait: number): Promise<SourcePoll> {
    if (this.#failed) return source.poll(maxWait)
    if (this.#batches >= BATCHES_BEFORE_CHECKPOINT && this.#checkpoint === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#checkpoint = promise
      void this.job?.triggerCheckpoint().then(resolve)
    }
    if (this.#batches >= BATCHES_BEFORE_CHECKPOINT && !(await isSettled(this.#checkpoint))) return { kind: 'idle' }
    // With several sources more batches may be out before the checkpoint: without it nothing would be taken back.
    if (this.#batches >= BATCHES_BEFORE_CHECKPOINT + BATCHES_BEFORE_FAILURE) {
      this.#failed = true
      throw new MillraceError('EXTERNAL_ERROR', 'the test fails the job here')
    }
    const polled = await source.poll(maxWait)
    if (polled.kind === 'rows') this.#batches++
    return polled
  }
}

async function isSettled(promise: Promise<void> | undefined): Promise<boolean> {
  return Promise.race([
    promise?.then(() => true) ?? true,
    new Promise<boolean>((resolve) => setImmediate(resolve, false)),
  ])
}
