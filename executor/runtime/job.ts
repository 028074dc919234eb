/** Jobs: an operator graph at work, from its start to its end, restarts and checkpoints included. */
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConfigurationReader } from '../../catalog/reader.ts'
import type { Connector } from '../../connectors/index.ts'
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { Clock } from '../../core/clock.ts'
import { asMillraceError, MillraceError } from '../../core/errors.ts'
import { parseDuration } from '../../core/quantities.ts'
import type { JsonValue } from '../../core/json.ts'
import type { OperatorGraph, OperatorNode } from '../../planner/physical/graph.ts'
import type { MemoryBudget } from '../../state/memory/budget.ts'
import { MemoryStore } from '../../state/memory-store.ts'
import type { RestoredState, StateStore } from '../../state/state-store.ts'
import type { StateMemory } from '../../state/table/memory.ts'
import { matchState } from '../checkpoint/compatibility.ts'
import { isOfSubtasks, writtenUids } from '../checkpoint/subtask-state.ts'
import { mergePositions, runsParallel } from './connect.ts'
import { CheckpointCoordinator, type CheckpointPhase } from '../checkpoint/coordinator.ts'
import type { Deployment } from '../../planner/physical/exchange.ts'
import { deploymentOf } from './deployment.ts'
import { Attempt } from './attempt.ts'
import { createEnvironment } from './environment.ts'
import type { JobAttempt } from './job-attempt.ts'
import type { StartWorker } from './workers/parallel-attempt.ts'
import { JobStatistics } from './job-statistics.ts'
import type { JobMetrics } from './metrics.ts'
import { createRestartStrategy } from './restart-strategy.ts'

export type JobStatus =
  | 'INITIALIZING'
  | 'CREATED'
  | 'RUNNING'
  | 'FAILING'
  | 'RESTARTING'
  | 'CANCELLING'
  | 'CANCELED'
  | 'FAILED'
  | 'FINISHED'

/** Also what was set, so that workers can be told. */
export interface JobConfiguration extends ConfigurationReader {
  entries(): readonly (readonly [string, string])[]
}

export interface JobOptions {
  readonly graph: OperatorGraph
  /** For people. */
  readonly name: string
  /** What the job's state is kept under: the same name goes on from the last checkpoint. */
  readonly stateName: string
  readonly configuration: JobConfiguration
  readonly connectors: Readonly<Record<string, () => Promise<Connector>>>
  /** Module whose CONNECTORS workers use in place of the ones there are: for tests that wrap these. */
  readonly connectorsModule?: string
  /** How workers are started, for tests; absent: as threads. */
  readonly startWorker?: StartWorker
  /** undefined: state in memory only. */
  readonly dataDirectory: string | undefined
  /** Of the operators' state, in place of what `state.memory.budget` says: for tests that leave it often. */
  readonly memory?: StateMemory
  /** A savepoint or checkpoint directory to start from. */
  readonly savepointPath?: string
  /** Takes the changelog of a SELECT; a promise holds the job back. */
  readonly onCollect?: (batch: ChangeBatch) => Promise<void> | undefined
  readonly output: { write(text: string): void; writeError(text: string): void }
  readonly clock: Clock
  readonly log: (text: string) => void
  /** Called at each step of a checkpoint and of a restore, for tests that stop the process there. */
  readonly onPhase?: (phase: JobPhase, checkpoint: number) => void
  /**
   * Whether the last checkpoint of a job that has ended stays, so that it has also ended for the next process: jobs
   * of a script, of which others may still run when the process is killed.
   */
  readonly keepFinished: boolean
}

/** Steps of checkpoints and of a restore: before anything is opened, and when sinks and sources are. */
export type JobPhase = CheckpointPhase | 'restoring' | 'restored'

export interface Job {
  /** 32 hexadecimal digits, as Flink's JobID. */
  readonly id: string
  readonly name: string
  readonly status: JobStatus
  readonly startTime: number
  /** Settles when the job has ended: rejects with the cause when it failed or was cancelled. */
  readonly finished: Promise<void>
  /** Settles after `finished`, when what the job no longer needs has left the disk. */
  readonly removed: Promise<void>
  metrics(): JobMetrics
  /** Ends the job; its last checkpoint stays. Settles when it has ended. */
  cancel(): Promise<void>
  /** @returns the savepoint's directory */
  stopWithSavepoint(directory: string, options?: { readonly drain?: boolean }): Promise<string>
  /** Settles when a checkpoint is complete. */
  triggerCheckpoint(): Promise<void>
}

export function runJob(options: JobOptions): Job {
  const job = new RunningJob(options)
  job.start()
  return job
}

class RunningJob implements Job {
  readonly id = randomBytes(16).toString('hex')
  readonly startTime: number
  readonly #options: JobOptions
  readonly #finished = Promise.withResolvers<void>()
  readonly #cancelled = Promise.withResolvers<void>()
  readonly #statistics: JobStatistics
  #status: JobStatus = 'INITIALIZING'
  #store: StateStore | undefined
  #attempt: JobAttempt | undefined
  #coordinator: CheckpointCoordinator | undefined
  #stopping = false
  #cancelRequested = false
  #removed: Promise<void> = Promise.resolve()

  constructor(options: JobOptions) {
    this.#options = options
    this.startTime = options.clock.now()
    this.#statistics = new JobStatistics(options.graph, this.startTime, options.clock)
    this.#finished.promise.catch(() => undefined)
  }

  get name(): string {
    return this.#options.name
  }

  get status(): JobStatus {
    return this.#status
  }

  get finished(): Promise<void> {
    return this.#finished.promise
  }

  get removed(): Promise<void> {
    return this.#removed
  }

  start(): void {
    this.#removed = this.#run().then(() => this.#store?.removed)
  }

  metrics(): JobMetrics {
    return this.#statistics.read(this.#attempt, this.#coordinator)
  }

  async cancel(): Promise<void> {
    if (this.#isOver()) return
    this.#cancelRequested = true
    this.#status = 'CANCELLING'
    this.#cancelled.resolve()
    this.#attempt?.stop()
    await this.#finished.promise.catch(() => undefined)
  }

  async triggerCheckpoint(): Promise<void> {
    await this.#requireCoordinator().trigger()
  }

  async stopWithSavepoint(directory: string, options: { readonly drain?: boolean } = {}): Promise<string> {
    const { writeSavepoint } = await import('../../state/savepoint.ts')
    const coordinator = this.#requireCoordinator()
    const attempt = this.#attempt
    const store = this.#store
    if (attempt === undefined || store === undefined) throw notRunning(this.id)
    this.#stopping = true
    try {
      const { manifest } = await coordinator.trigger({ last: true, drain: options.drain === true })
      const path = join(directory, `savepoint-${this.id.slice(0, 6)}-${randomBytes(6).toString('hex')}`)
      await writeSavepoint(path, manifest, store.allPages())
      attempt.stop()
      await this.#finished.promise
      return path
    } catch (error) {
      this.#stopping = false
      attempt.resume()
      throw error
    }
  }

  #requireCoordinator(): CheckpointCoordinator {
    if (this.#coordinator === undefined || this.#status !== 'RUNNING') throw notRunning(this.id)
    return this.#coordinator
  }

  #isOver(): boolean {
    return this.#status === 'FINISHED' || this.#status === 'FAILED' || this.#status === 'CANCELED'
  }

  async #run(): Promise<void> {
    let outcome: MillraceError | undefined
    try {
      this.#store = await this.#openStore()
      await this.#runAttempts(this.#store)
    } catch (error) {
      outcome = asMillraceError(error)
    }
    await this.#store?.close().catch(() => undefined)
    if (this.#cancelRequested) {
      this.#status = 'CANCELED'
      this.#finished.reject(new MillraceError('JOB_CANCELLED', `job "${this.name}" was cancelled`))
    } else if (outcome === undefined) {
      this.#status = 'FINISHED'
      this.#finished.resolve()
    } else {
      this.#status = 'FAILED'
      this.#finished.reject(outcome)
    }
  }

  async #openStore(): Promise<StateStore> {
    const { configuration, log } = this.#options
    const directory = this.#directory()
    if (directory === undefined) return new MemoryStore()
    const { RocksStore } = await import('../../state/rocks-store.ts')
    return new RocksStore({ directory, retained: configuration.int('execution.checkpointing.num-retained'), log })
  }

  async #runAttempts(store: StateStore): Promise<void> {
    const strategy = createRestartStrategy(this.#options.configuration, this.#options.clock)
    let hasRun = false
    for (;;) {
      try {
        const restored = await this.#restore(store)
        hasRun ||= restored !== undefined
        await this.#runAttempt(store, restored, () => {
          hasRun = true
        })
        return
      } catch (error) {
        const failure = asMillraceError(error)
        if (this.#cancelRequested) return
        const delay = failure.retryable && hasRun ? strategy.nextDelay() : undefined
        if (delay === undefined) throw failure
        this.#status = 'RESTARTING'
        this.#statistics.restarts++
        this.#options.log(
          `job "${this.name}" failed: ${failure.message}; starting again in ${(delay / 1000).toFixed(1)} s from the last checkpoint`,
        )
        await Promise.race([new Promise((resolve) => setTimeout(resolve, delay)), this.#cancelled.promise])
      }
    }
  }

  /** The last checkpoint, or the savepoint that the job is to start from. */
  async #restore(store: StateStore): Promise<RestoredState | undefined> {
    const { graph, savepointPath, configuration, log } = this.#options
    const allowUnclaimed = configuration.boolean('execution.state-recovery.ignore-unclaimed-state')
    const own = await store.restore()
    if (savepointPath !== undefined && own?.manifest.startedFrom !== savepointPath) {
      const { openSavepoint } = await import('../../state/open-savepoint.ts')
      const savepoint = matchState(graph, await openSavepoint(savepointPath), allowUnclaimed, log)
      if (own !== undefined) await store.clear()
      const uids = writtenUids(savepoint.manifest, graph)
      const pages = (await Promise.all(uids.map((uid) => savepoint.pages(uid)))).flat()
      await store.write(pages, { ...savepoint.manifest, handles: {}, finished: false, startedFrom: savepointPath })
      const copied = await store.restore()
      return copied && this.#rescale(store, copied)
    }
    if (own === undefined) return undefined
    const fitting = own.manifest.fingerprint === graph.fingerprint ? own : matchState(graph, own, allowUnclaimed, log)
    return this.#rescale(store, fitting)
  }

  /** Brings state of another number of subtasks to that of this job, as a checkpoint of its own. */
  async #rescale(store: StateStore, restored: RestoredState): Promise<RestoredState | undefined> {
    const { graph, configuration } = this.#options
    const deployment = deploymentOf(graph, configuration)
    const { manifest } = restored
    if (manifest.finished || isOfSubtasks(manifest, deployment)) return restored
    const { goneWith, rescale } = await import('../checkpoint/rescale.ts')
    const merge = (node: OperatorNode, positions: readonly JsonValue[]): Promise<JsonValue | undefined> =>
      mergePositions(node, positions, this.#options)
    const rescaled = await rescale(graph, restored, deployment, runsParallel, merge)
    const gone = await goneWith(store.allPages(), rescaled.pages)
    await store.write([...rescaled.pages, ...gone], { ...rescaled.manifest, checkpoint: manifest.checkpoint + 1 })
    return store.restore()
  }

  async #runAttempt(store: StateStore, restored: RestoredState | undefined, onRunning: () => void): Promise<void> {
    const { graph, clock, onPhase, savepointPath } = this.#options
    if (restored !== undefined) onPhase?.('restoring', restored.manifest.checkpoint)
    const deployment = deploymentOf(graph, this.#options.configuration)
    const budget = await this.#openBudget()
    const attempt = await this.#createAttempt(deployment, budget).catch(async (error: unknown) => {
      await budget?.close()
      throw error
    })
    this.#attempt = attempt
    const coordinator = new CheckpointCoordinator({
      graph,
      jobName: this.#options.stateName,
      store,
      attempt,
      ...(deployment === undefined ? {} : { deployment }),
      last: restored?.manifest.checkpoint ?? 0,
      startedFrom: savepointPath ?? restored?.manifest.startedFrom,
      now: () => clock.now(),
      onPhase,
    })
    let timer: CheckpointTimer | undefined
    try {
      await attempt.open(restored)
      if (restored !== undefined) onPhase?.('restored', restored.manifest.checkpoint)
      if (restored?.manifest.finished === true) {
        await this.#forget(store)
        return
      }
      if (this.#cancelRequested) return
      this.#coordinator = coordinator
      this.#status = 'RUNNING'
      onRunning()
      timer = this.#startTimer(coordinator, attempt)
      await attempt.run()
      timer?.stop()
      if (this.#cancelRequested || this.#stopping) return
      await Promise.race([coordinator.trigger({ finished: true }), attempt.failure])
      await this.#forget(store)
    } finally {
      timer?.stop()
      coordinator.stop()
      this.#statistics.keep(attempt, coordinator)
      try {
        await attempt.close()
        await coordinator.settled()
      } finally {
        await budget?.close()
      }
    }
  }

  async #forget(store: StateStore): Promise<void> {
    if (!this.#options.keepFinished) await store.clear()
  }

  /** Of an attempt: undefined where there is no limit. */
  async #openBudget(): Promise<MemoryBudget | undefined> {
    const text = this.#options.configuration.get('state.memory.budget')
    if (text === undefined) return undefined
    const { budgetOf, MemoryBudget } = await import('../../state/memory/budget.ts')
    return new MemoryBudget(budgetOf(text), this.#directory() ?? tmpdir())
  }

  /** Of the job's own. */
  #directory(): string | undefined {
    const { dataDirectory, stateName } = this.#options
    if (dataDirectory === undefined) return undefined
    return join(dataDirectory, 'jobs', ...stateName.split('/').map((part) => encodeURIComponent(part)))
  }

  async #createAttempt(deployment: Deployment | undefined, budget: MemoryBudget | undefined): Promise<JobAttempt> {
    const { graph, configuration, connectors, clock, output, onCollect, stateName } = this.#options
    const environment = createEnvironment(configuration, clock)
    const checkpointing = this.#interval() !== undefined
    const onSkipped = (records: number): void => {
      this.#statistics.skipped += records
    }
    const common = { graph, jobName: stateName, checkpointing, output, onCollect, onSkipped }
    if (deployment !== undefined) {
      const { ParallelAttempt } = await import('./workers/parallel-attempt.ts')
      const settings = Object.fromEntries(configuration.entries())
      const { connectorsModule, startWorker } = this.#options
      const own = { connectorsModule, startWorker, budget }
      return new ParallelAttempt({ ...common, deployment, configuration: settings, ...own })
    }
    const memory = this.#options.memory ?? budget?.memory()
    return new Attempt({ ...common, ...(memory && { memory }), configuration, connectors, environment, clock })
  }

  #interval(): number | undefined {
    const text = this.#options.configuration.get('execution.checkpointing.interval')
    const interval = text === undefined ? undefined : parseDuration(text)
    return interval === undefined || interval === 0 ? undefined : interval
  }

  #startTimer(coordinator: CheckpointCoordinator, attempt: JobAttempt): CheckpointTimer | undefined {
    const interval = this.#interval()
    if (interval === undefined) return undefined
    const { configuration } = this.#options
    return new CheckpointTimer(interval, configuration.duration('execution.checkpointing.min-pause'), async () => {
      if (attempt.ended || this.#stopping) return
      try {
        await withTimeout(coordinator.trigger(), configuration.duration('execution.checkpointing.timeout'))
      } catch (error) {
        attempt.fail(error)
      }
    })
  }
}

function notRunning(id: string): MillraceError {
  return new MillraceError('INVALID_ARGUMENT', `job "${id}" is not running`)
}

async function withTimeout(work: Promise<unknown>, milliseconds: number): Promise<void> {
  const timeout = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    timeout.reject(
      new MillraceError('EXTERNAL_ERROR', `the checkpoint was not complete after ${milliseconds} ms`, {
        hint: "SET 'execution.checkpointing.timeout' to give it more time.",
      }),
    )
  }, milliseconds)
  try {
    await Promise.race([work, timeout.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Fires every interval, never while the last one runs. */
class CheckpointTimer {
  readonly #interval: number
  readonly #minPause: number
  readonly #action: () => Promise<void>
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(interval: number, minPause: number, action: () => Promise<void>) {
    this.#interval = interval
    this.#minPause = minPause
    this.#action = action
    this.#schedule(interval)
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #schedule(delay: number): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => {
      const started = performance.now()
      void this.#action().then(() => {
        this.#schedule(Math.max(this.#minPause, this.#interval - (performance.now() - started), 0))
      })
    }, delay)
  }
}
