/**
 * Runs a query straight, with batches of 2 rows, and failed and restored in the middle, and gives the changes of each.
 * The third way holds the sources after some batches, takes a checkpoint, goes on a little, and fails: what was emitted
 * behind the checkpoint is taken back, as a transactional sink would.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CONNECTORS } from '../../connectors/index.ts'
import type { Source, SourcePoll } from '../../connectors/api/source.ts'
import type { ChangeBatch } from '../../core/change-batch.ts'
import { MillraceError } from '../../core/errors.ts'
import { SYSTEM_CLOCK } from '../../core/clock.ts'
import { type Job, runJob } from '../../executor/runtime/job.ts'
import type { OperatorGraph } from '../../planner/physical/graph.ts'
import { Configuration } from '../../catalog/configuration.ts'
import { CONNECTORS as HELD_CONNECTORS } from '../held-connectors.ts'
import { startInlineWorker } from '../inline-workers.ts'
import { wrapSources } from '../wrapped-sources.ts'
import { DividingMemory } from './dividing-memory.ts'
import { DroppingMemory, giveBack } from './dropping-memory.ts'

/** `parallel` has its workers in the thread of the test, `threads` as a job has them. */
export type Way =
  | 'straight'
  | 'tiny'
  | 'restored'
  | 'parallel'
  | 'threads'
  | 'rescaled'
  | 'rescaled back'
  | 'dropped'
  | 'dropped and restored'
  | 'divided'
  | 'divided and restored'

/** Ways with several workers at some time. */
export function isInWorkers(way: Way): boolean {
  return way === 'parallel' || way === 'threads' || way.startsWith('rescaled')
}

export const WAYS: readonly Way[] = ['straight', 'tiny', 'restored']

const BATCHES_BEFORE_CHECKPOINT = 2
const BATCHES_BEFORE_FAILURE = 1

/** How many workers begin, go on and end: from one number to the next by a savepoint. */
const PARALLELISMS = { rescaled: [1, 2, 3], 'rescaled back': [2, 1, 3] } as const

async function runRescaled(
  graph: OperatorGraph,
  settings: Readonly<Record<string, string>>,
  parallelisms: readonly number[],
): Promise<readonly ChangeBatch[]> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-rescaled-'))
  const collected: ChangeBatch[] = []
  let savepointPath: string | undefined
  try {
    for (const parallelism of parallelisms) {
      const isLast = parallelism === parallelisms.at(-1)
      const job = runJob({
        keepFinished: false,
        graph,
        name: 'slt',
        stateName: 'slt',
        configuration: new Configuration({
          ...settings,
          'execution.batch-rows': '2',
          'parallelism.default': `${parallelism}`,
        }),
        connectors: isLast ? CONNECTORS : HELD_CONNECTORS,
        ...(isLast ? {} : { connectorsModule: new URL('../held-connectors.ts', import.meta.url).href }),
        startWorker: startInlineWorker,
        dataDirectory: undefined,
        ...(savepointPath === undefined ? {} : { savepointPath }),
        output: { write: () => undefined, writeError: () => undefined },
        clock: SYSTEM_CLOCK,
        log: () => undefined,
        onCollect: (batch) => {
          collected.push(batch)
          return undefined
        },
      })
      if (isLast) await job.finished
      else savepointPath = await stopOnTheWay(job, directory)
      // Without a source, only of VALUES, it may have ended before.
      if (savepointPath === undefined) return collected
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  return collected
}

async function stopOnTheWay(job: Job, directory: string): Promise<string | undefined> {
  while (job.status === 'INITIALIZING') await new Promise((resolve) => setTimeout(resolve, 5))
  try {
    for (let checkpoint = 0; checkpoint < 3; checkpoint++) await job.triggerCheckpoint()
    return await job.stopWithSavepoint(directory)
  } catch (error) {
    await job.finished
    if (job.status === 'FINISHED') return undefined
    throw error
  }
}

export async function runWay(
  graph: OperatorGraph,
  settings: Readonly<Record<string, string>>,
  way: Way,
): Promise<readonly ChangeBatch[]> {
  if (way === 'rescaled' || way === 'rescaled back') return runRescaled(graph, settings, PARALLELISMS[way])
  const configuration = new Configuration({
    ...settings,
    ...(way === 'straight' ? {} : { 'execution.batch-rows': '2' }),
    ...(isInWorkers(way) ? { 'parallelism.default': '2' } : {}),
    'restart-strategy.type': 'fixed-delay',
    'restart-strategy.fixed-delay.attempts': '3',
    'restart-strategy.fixed-delay.delay': '0 ms',
  })
  const collected: ChangeBatch[] = []
  const lengths = new Map<number, number>()
  const failure = new FailureInTheMiddle()
  const restores = way.endsWith('restored')
  const dropping = way.startsWith('dropped') ? new DroppingMemory() : undefined
  const memory = dropping ?? (way.startsWith('divided') ? new DividingMemory() : undefined)
  const job = runJob({
    keepFinished: false,
    graph,
    name: 'slt',
    stateName: 'slt',
    configuration,
    connectors: restores ? failure.wrap(CONNECTORS) : CONNECTORS,
    ...(way === 'threads' ? {} : { startWorker: startInlineWorker }),
    dataDirectory: undefined,
    ...(memory && { memory }),
    output: { write: () => undefined, writeError: () => undefined },
    clock: SYSTEM_CLOCK,
    log: () => undefined,
    onCollect: (batch) => {
      collected.push(batch)
      dropping?.drop()
      return undefined
    },
    onPhase: (phase, checkpoint) => {
      if (phase === 'snapshot') lengths.set(checkpoint, collected.length)
      if (phase === 'restoring') collected.length = lengths.get(checkpoint) ?? 0
    },
  })
  failure.job = job
  await job.finished
  if (memory !== undefined) await giveBack()
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
