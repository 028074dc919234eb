/**
 * Takes checkpoints of a running attempt. Sources stand still while state is gathered and sinks prepare (those
 * that prepare aside only begin to); then the stream goes on while the checkpoint is made durable and its handles are
 * committed. One at a time.
 */
import { MillraceError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import type { Deployment } from '../../planner/physical/exchange.ts'
import type { OperatorGraph } from '../../planner/physical/graph.ts'
import { type Manifest, STATE_FORMAT_VERSION, type StateStore } from '../../state/state-store.ts'
import type { GatheredState, JobAttempt } from '../runtime/job-attempt.ts'
import { describeOperators } from './compatibility.ts'

/** Moments that a test may kill the process at. */
export type CheckpointPhase = 'snapshot' | 'prepared' | 'durable' | 'committed'

export interface CoordinatorOptions {
  readonly graph: OperatorGraph
  readonly jobName: string
  readonly store: StateStore
  readonly attempt: JobAttempt
  /** Workers, and key groups where there are several; absent: one. */
  readonly deployment?: Deployment
  /** Number of the last completed checkpoint. */
  readonly last: number
  readonly startedFrom: string | undefined
  readonly now: () => number
  readonly onPhase: ((phase: CheckpointPhase, checkpoint: number) => void) | undefined
}

export interface CompletedCheckpoint {
  readonly manifest: Manifest
  readonly milliseconds: number
  readonly bytes: number
}

interface CheckpointRequest {
  readonly finished?: boolean
  readonly drain?: boolean
  readonly last?: boolean
}

export class CheckpointCoordinator {
  readonly #options: CoordinatorOptions
  #number: number
  #running: Promise<unknown> = Promise.resolve()
  #stopped = false
  /** The last few. */
  readonly completed: CompletedCheckpoint[] = []
  count = 0

  constructor(options: CoordinatorOptions) {
    this.#options = options
    this.#number = options.last
  }

  /**
   * @param finished the input has ended: nothing will follow, so no state is written
   * @param drain as if all inputs had ended (`WITH DRAIN`)
   * @param last the sources stay where they are afterwards
   */
  trigger(request: CheckpointRequest = {}): Promise<CompletedCheckpoint> {
    const next = this.#running.then(() => this.#takeOrFail(request))
    this.#running = next.catch(() => undefined)
    return next
  }

  /** A checkpoint that is not being written yet fails; `settled` waits for the one that is. */
  stop(): void {
    this.#stopped = true
  }

  /** The attempt after this one must not read the store before. */
  async settled(): Promise<void> {
    await this.#running
  }

  #throwIfStopped(): void {
    if (this.#stopped || this.#options.attempt.stopped)
      throw new MillraceError('JOB_CANCELLED', 'the checkpoint was given up: the job has stopped')
  }

  /** Operators do not hand over a second time what had changed before a checkpoint that failed. */
  async #takeOrFail(request: CheckpointRequest): Promise<CompletedCheckpoint> {
    try {
      return await this.#take(request)
    } catch (error) {
      if (!this.#options.attempt.stopped) this.#options.attempt.fail(error)
      throw error
    }
  }

  async #take(request: CheckpointRequest): Promise<CompletedCheckpoint> {
    const { attempt, store, onPhase } = this.#options
    const started = performance.now()
    this.#throwIfStopped()
    let checkpoint: number
    let gathered: GatheredState
    let handles: Record<string, JsonValue>
    try {
      const finished = request.finished === true
      const files = finished ? [] : store.pageFiles(this.#options.deployment?.parallelism ?? 1)
      const gathering = attempt.gather({ drain: request.drain === true, finished, files })
      gathered = await Promise.race([gathering, attempt.failure])
      this.#throwIfStopped()
      checkpoint = ++this.#number
      onPhase?.('snapshot', checkpoint)
      handles = await attempt.prepare(checkpoint, request.last !== true)
      onPhase?.('prepared', checkpoint)
    } finally {
      if (request.last !== true) attempt.resume()
    }
    // The sinks may have thrown away what they prepared.
    this.#throwIfStopped()
    const manifest = this.#manifest(checkpoint, gathered.positions, handles, request.finished === true)
    const { bytes } = await store.write(gathered.pages, manifest, gathered.files)
    onPhase?.('durable', checkpoint)
    await attempt.commit(handles)
    onPhase?.('committed', checkpoint)
    await attempt.complete(gathered.positions)
    const result = { manifest, bytes, milliseconds: performance.now() - started }
    this.completed.push(result)
    this.count++
    if (this.completed.length > 10) this.completed.shift()
    return result
  }

  #manifest(
    checkpoint: number,
    positions: Readonly<Record<string, JsonValue>>,
    handles: Record<string, JsonValue>,
    finished: boolean,
  ): Manifest {
    const { graph, jobName, startedFrom, now, deployment } = this.#options
    if (checkpoint > 2 ** 31) throw new MillraceError('INTERNAL_ERROR', 'too many checkpoints')
    return {
      version: STATE_FORMAT_VERSION,
      jobName,
      checkpoint,
      timestamp: now(),
      fingerprint: graph.fingerprint,
      ...layoutOf(deployment),
      operators: describeOperators(graph),
      positions,
      handles,
      finished,
      ...(startedFrom === undefined ? {} : { startedFrom }),
    }
  }
}

function layoutOf(
  deployment: Deployment | undefined,
): Pick<Manifest, 'parallelism' | 'maxParallelism' | 'divisions' | 'broadcasts'> {
  if (deployment === undefined) return {}
  const { parallelism, maxParallelism, divisions, broadcasts } = deployment
  return { parallelism, maxParallelism, divisions, broadcasts }
}
