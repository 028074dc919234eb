/** An attempt in several workers: starts them, asks them all the same, and puts their answers together. */
import { getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { ChangeBatch } from '../../../core/change-batch.ts'
import { asMillraceError, MillraceError, unreachable } from '../../../core/errors.ts'
import type { JsonValue } from '../../../core/json.ts'
import type { OperatorGraph } from '../../../planner/physical/graph.ts'
import type { MemoryBudget } from '../../../state/memory/budget.ts'
import type { RestoredState } from '../../../state/state-store.ts'
import { subtaskState } from '../../checkpoint/subtask-state.ts'
import { MAX_WATERMARK } from '../../operators/operator.ts'
import { createSharedMemory } from '../exchange/exchanges.ts'
import { readMessage } from '../exchange/messages.ts'
import type { GatheredState, GatherRequest, JobAttempt, SlowestSplit, StageStatistics } from '../job-attempt.ts'
import {
  type FromWorker,
  ownBuffers,
  receivedError,
  type RequestKind,
  type Requests,
  type SentState,
  sentState,
  type ToWorker,
  type WorkerCounts,
  type WorkerSetup,
} from './protocol.ts'

/** A worker that does not end by itself is ended after this long. */
const CLOSE_MILLISECONDS = 10_000

/** A worker as the job's thread sees it. */
export interface WorkerHandle {
  postMessage(message: ToWorker, transfer: readonly ArrayBuffer[]): void
  on(event: 'message', listener: (message: FromWorker) => void): unknown
  on(event: 'error', listener: (error: unknown) => void): unknown
  on(event: 'exit', listener: (code: number) => void): unknown
  terminate(): Promise<unknown>
}

export type StartWorker = (setup: WorkerSetup) => WorkerHandle

export function startThread(setup: WorkerSetup): Worker {
  // The same ending as this module has: sources are run as they are, the package holds what they compile to.
  const entry = new URL(`./entry.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
  return new Worker(entry, { workerData: setup, name: `millrace-${setup.worker}` })
}

export interface ParallelOptions
  extends Omit<WorkerSetup, 'worker' | 'memory' | 'collects' | 'compileCache' | 'stateMemory'> {
  /** Of the state of all workers; absent: no limit. */
  readonly budget: MemoryBudget | undefined

  readonly onCollect: ((batch: ChangeBatch) => Promise<void> | undefined) | undefined
  readonly onSkipped: (records: number) => void
  readonly output: { write(text: string): void; writeError(text: string): void }
  /** Absent: in a thread. */
  readonly startWorker: StartWorker | undefined
}

export class ParallelAttempt implements JobAttempt {
  readonly #options: ParallelOptions
  readonly #workers: readonly WorkerThread[]
  readonly #failure = Promise.withResolvers<never>()
  #stopped = false

  constructor(options: ParallelOptions) {
    this.#options = options
    this.#failure.promise.catch(() => undefined)
    const { graph, deployment, jobName, configuration, checkpointing, connectorsModule, onCollect } = options
    const memory = createSharedMemory(deployment)
    // The directory that is told has one of this version of Node.js in it.
    const cache = getCompileCacheDir()
    const compileCache = cache && dirname(cache)
    const setup = { graph, deployment, memory, jobName, configuration, checkpointing, connectorsModule, compileCache }
    this.#workers = Array.from(
      { length: deployment.parallelism },
      (_, worker) =>
        new WorkerThread(
          {
            ...setup,
            worker,
            collects: onCollect !== undefined,
            stateMemory: options.budget?.share(deployment.parallelism),
          },
          options,
          (error) => {
            this.fail(error)
          },
        ),
    )
  }

  get failure(): Promise<never> {
    return this.#failure.promise
  }

  get stopped(): boolean {
    return this.#stopped
  }

  get ended(): boolean {
    return this.#workers.every((worker) => worker.counts?.ended === true)
  }

  async open(restored: RestoredState | undefined): Promise<void> {
    const { graph, deployment } = this.#options
    const states = await Promise.all(
      this.#workers.map(async (_, worker) => {
        if (restored === undefined) return undefined
        return sentState(subtaskState(restored, worker, deployment.parallelism), graph)
      }),
    )
    await this.#all((worker, index) => worker.open(states[index]))
  }

  async run(): Promise<void> {
    await this.#all((worker) => worker.ask('run', undefined))
  }

  async gather(request: GatherRequest): Promise<GatheredState> {
    const parts = await this.#all((worker) => worker.ask('gather', request))
    return {
      pages: parts.flatMap(({ pages }) => pages),
      files: parts.flatMap(({ files }) => files),
      positions: Object.assign({}, ...parts.map(({ positions }) => positions)) as Record<string, JsonValue>,
    }
  }

  async prepare(checkpoint: number): Promise<Record<string, JsonValue>> {
    const parts = await this.#all((worker) => worker.ask('prepare', checkpoint))
    return Object.assign({}, ...parts) as Record<string, JsonValue>
  }

  resume(): void {
    for (const worker of this.#workers) worker.tell('resume')
  }

  async commit(handles: Readonly<Record<string, JsonValue>>): Promise<void> {
    await this.#all((worker) => worker.ask('commit', handles))
  }

  async complete(positions: Readonly<Record<string, JsonValue>>): Promise<void> {
    await this.#all((worker) => worker.ask('complete', positions))
  }

  fail(error: unknown): void {
    this.#failure.reject(asMillraceError(error))
    this.stop()
  }

  stop(): void {
    this.#stopped = true
    for (const worker of this.#workers) worker.tell('stop')
  }

  async close(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#workers.map((worker) => worker.close()))
  }

  statistics(): readonly StageStatistics[] {
    const counts = this.#workers.flatMap(({ counts: own }) => (own === undefined ? [] : [own.stages]))
    return this.#options.graph.nodes.map((_, node) =>
      counts.map((stages) => stages[node] ?? NOTHING).reduce(addStages, NOTHING),
    )
  }

  slowestSplit(): SlowestSplit | undefined {
    return this.#workers
      .flatMap(({ counts }) => counts?.slowest ?? [])
      .sort((a, b) => a.watermark - b.watermark)
      .at(0)
  }

  /** @returns the answers by worker; rejects with what has made the attempt fail */
  async #all<T>(ask: (worker: WorkerThread, index: number) => Promise<T>): Promise<T[]> {
    return Promise.race([Promise.all(this.#workers.map(ask)), this.failure])
  }
}

const NOTHING: StageStatistics = {
  rowsIn: 0,
  rowsOut: 0,
  rowsRead: 0,
  bytesRead: 0,
  rowsWritten: 0,
  busy: 0,
  waited: 0,
  watermark: MAX_WATERMARK,
  stateBytes: 0,
  stateEntries: 0,
  lateRows: 0,
}

function addStages(a: StageStatistics, b: StageStatistics): StageStatistics {
  return {
    rowsIn: a.rowsIn + b.rowsIn,
    rowsOut: a.rowsOut + b.rowsOut,
    rowsRead: a.rowsRead + b.rowsRead,
    bytesRead: a.bytesRead + b.bytesRead,
    rowsWritten: a.rowsWritten + b.rowsWritten,
    busy: a.busy + b.busy,
    waited: a.waited + b.waited,
    watermark: Math.min(a.watermark, b.watermark),
    stateBytes: a.stateBytes + b.stateBytes,
    stateEntries: a.stateEntries + b.stateEntries,
    lateRows: a.lateRows + b.lateRows,
  }
}

class WorkerThread {
  readonly #graph: OperatorGraph
  readonly #options: ParallelOptions
  readonly #thread: WorkerHandle
  readonly #asked = new Map<number, PromiseWithResolvers<unknown>>()
  readonly #onFailure: (error: MillraceError) => void
  #next = 0
  #isOver = false
  counts: WorkerCounts | undefined

  constructor(setup: WorkerSetup, options: ParallelOptions, onFailure: (error: MillraceError) => void) {
    this.#graph = setup.graph
    this.#options = options
    this.#onFailure = onFailure
    this.#thread = (options.startWorker ?? startThread)(setup)
    this.#thread.on('message', (message: FromWorker) => {
      this.#receive(message)
    })
    this.#thread.on('error', (error) => {
      this.#end(asMillraceError(error))
    })
    this.#thread.on('exit', (code) => {
      this.#end(
        new MillraceError('INTERNAL_ERROR', `worker ${setup.worker} ended by itself (exit code ${code})`, {
          retryable: true,
        }),
      )
    })
  }

  /** The pages are copied: the store they come from goes on holding them. */
  async open(state: SentState | undefined): Promise<void> {
    const lists = Object.entries(state?.pages ?? {}).map(([uid, pages]) => [uid, ownBuffers(pages).pages] as const)
    await this.ask('open', state && { ...state, pages: Object.fromEntries(lists) })
  }

  async ask<K extends RequestKind>(kind: K, content: Requests[K]['request']): Promise<Requests[K]['response']> {
    if (this.#isOver) throw new MillraceError('INTERNAL_ERROR', 'a worker has ended')
    const id = this.#next++
    const answer = Promise.withResolvers<unknown>()
    // Whoever waits for several workers hears of the first that fails.
    answer.promise.catch(() => undefined)
    this.#asked.set(id, answer)
    this.#post({ kind, id, content } as ToWorker)
    return (await answer.promise) as Requests[K]['response']
  }

  tell(kind: 'resume' | 'stop'): void {
    if (!this.#isOver) this.ask(kind, undefined).catch(() => undefined)
  }

  async close(): Promise<void> {
    if (this.#isOver) return
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MILLISECONDS)
    })
    await Promise.race([this.ask('close', undefined).catch(() => undefined), patience])
    clearTimeout(timer)
    this.#isOver = true
    await this.#thread.terminate()
    // A checkpoint that was under way hears no answer any more.
    this.#refuseAll(new MillraceError('JOB_CANCELLED', 'the worker was ended', { retryable: true }))
  }

  #post(message: ToWorker): void {
    this.#thread.postMessage(message, [])
  }

  #receive(message: FromWorker): void {
    switch (message.kind) {
      case 'answer':
        this.#take(message.id)?.resolve(message.content)
        return
      case 'refused':
        this.#take(message.id)?.reject(receivedError(message.error))
        return
      case 'failed':
        this.#onFailure(receivedError(message.error))
        return
      case 'collected':
        this.#collect(message.node, message.bytes)
        return
      case 'output':
        this.#options.output.write(message.text)
        return
      case 'errorOutput':
        this.#options.output.writeError(message.text)
        return
      case 'skipped':
        this.#options.onSkipped(message.records)
        return
      case 'counts':
        this.counts = message.counts
        return
      default:
        unreachable(message)
    }
  }

  #take(id: number): PromiseWithResolvers<unknown> | undefined {
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    return asked
  }

  #collect(node: number, bytes: Uint8Array): void {
    const received = readMessage(bytes, this.#graph.nodes[node]?.schema ?? { fields: [] })
    const waiting = received.kind === 'rows' ? this.#options.onCollect?.(received.batch) : undefined
    if (waiting === undefined) this.#post({ kind: 'taken' })
    else
      void waiting.then(() => {
        if (!this.#isOver) this.#post({ kind: 'taken' })
      })
  }

  #end(error: MillraceError): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#refuseAll(error)
    this.#onFailure(error)
  }

  #refuseAll(error: MillraceError): void {
    for (const { reject } of this.#asked.values()) reject(error)
    this.#asked.clear()
  }
}
