/** One run of a job from a checkpoint (or from nothing) until its input ends, it is stopped, or it fails. */
import type { Connector } from '../../connectors/index.ts'
import type { ConfigurationReader } from '../../catalog/reader.ts'
import { type ChangeBatch, copyBatch } from '../../core/change-batch.ts'
import type { Clock } from '../../core/clock.ts'
import { delay, nextTurn } from '../../core/delay.ts'
import { asMillraceError, MillraceError } from '../../core/errors.ts'
import type { LookupJoinNode } from '../../planner/physical/join-nodes.ts'
import type { OperatorGraph, SinkNode, SourceNode, ValuesNode } from '../../planner/physical/graph.ts'
import type { JsonValue } from '../../core/json.ts'
import type { RestoredState } from '../../state/state-store.ts'
import { PageFileOutput, type PageFileTarget } from '../../state/page-file-output.ts'
import type { StateMemory } from '../../state/table/memory.ts'
import { withPageOutput } from '../../state/table/page-output.ts'
import { type SubtaskState, subtaskState, subtaskUid } from '../checkpoint/subtask-state.ts'
import type { Environment } from '../functions/function.ts'
import type { LookupOperator } from '../operators/lookup-join.ts'
import { MAX_WATERMARK, type SplitOperator } from '../operators/operator.ts'
import type { Exchanges } from './exchange/exchanges.ts'
import type { GatheredState, GatherRequest, JobAttempt, StageStatistics } from './job-attempt.ts'
import { createLookupTask, createSinkTask, createSourceTask } from './connect.ts'
import type { LookupTask } from './lookup-task.ts'
import { Pipeline } from './pipeline.ts'
import type { SinkTask } from './sink-task.ts'
import type { SourceTask } from './source-task.ts'

const TICK_MILLISECONDS = 100
const NO_PAGES: Pick<GatheredState, 'pages' | 'files'> = { pages: [], files: [] }
const NO_STATE = { stateBytes: 0, stateEntries: 0, lateRows: 0 }

export interface AttemptOptions {
  readonly graph: OperatorGraph
  /** Name under which sinks and state are known. */
  readonly jobName: string
  readonly configuration: ConfigurationReader
  readonly connectors: Readonly<Record<string, () => Promise<Connector>>>
  readonly environment: Environment
  readonly clock: Clock
  readonly checkpointing: boolean
  readonly output: { write(text: string): void; writeError(text: string): void }
  readonly onCollect: ((batch: ChangeBatch) => Promise<void> | undefined) | undefined
  readonly onSkipped: (records: number) => void
  /** Of one of several workers; absent: the job runs in this thread alone. */
  readonly exchanges?: Exchanges
  /** Of the operators' state; absent: the heap. */
  readonly memory?: StateMemory
}

/** In this thread: the whole job, or what a worker runs of it. */
export class Attempt implements JobAttempt {
  readonly pipeline: Pipeline
  readonly sources: SourceTask[] = []
  readonly sinks = new Map<number, SinkTask>()
  readonly #lookups: LookupTask[] = []
  readonly #options: AttemptOptions
  readonly #abort = new AbortController()
  readonly #failure = Promise.withResolvers<never>()
  readonly #stopped = Promise.withResolvers<void>()
  #collecting: Promise<void> | undefined
  /** The sources' loops. */
  #running: Promise<unknown> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #lastEmit = 0
  /** While a checkpoint is being prepared nothing may reach the sinks. */
  #standing = false
  /** Settles when something has come from another worker. */
  #arrival: PromiseWithResolvers<void> | undefined

  constructor(options: AttemptOptions) {
    this.#options = options
    this.#failure.promise.catch(() => undefined)
    this.pipeline = new Pipeline({
      graph: options.graph,
      environment: options.environment,
      sinks: this.sinks,
      onCollect: (batch) => {
        this.#collect(batch)
      },
      ...(options.exchanges === undefined ? {} : { exchanges: options.exchanges }),
      ...(options.memory === undefined ? {} : { memory: options.memory }),
    })
  }

  /** Rejects when anything fails; never resolves. */
  get failure(): Promise<never> {
    return this.#failure.promise
  }

  async open(restored: RestoredState | undefined): Promise<void> {
    await this.openSubtask(restored === undefined ? undefined : subtaskState(restored, 0, 1))
  }

  /** Opens operators, lookups, sinks and sources in this order, each with its part of the restored state. */
  async openSubtask(state: SubtaskState | undefined): Promise<void> {
    const nodes = this.#options.graph.nodes.filter((node) => this.pipeline.runs(node.id))
    for (const node of nodes) {
      if (state?.operators.has(node.uid) === true) this.pipeline.restore(node.uid, await state.pages(node.uid))
    }
    for (const node of nodes) if (node.kind === 'lookup-join') await this.#openLookup(node)
    for (const node of nodes) if (node.kind === 'sink') await this.#openSink(node, state)
    for (const node of nodes) {
      if (node.kind === 'source' || node.kind === 'values') await this.#openSource(node, state)
    }
    if (this.#options.exchanges !== undefined) this.pipeline.announceWatermarks()
  }

  async #openSink(node: SinkNode, state: SubtaskState | undefined): Promise<void> {
    const task = await createSinkTask(node, this.#options.graph, this.#options, this.#abort.signal, (error) => {
      this.fail(error)
    })
    this.sinks.set(node.id, task)
    await task.sink.open()
    await task.sink.recover(state?.handles(node.uid) ?? [])
  }

  async #openSource(node: SourceNode | ValuesNode, state: SubtaskState | undefined): Promise<void> {
    const task = await createSourceTask(node, this.#options, this.#abort.signal, {
      onRows: (source, { batch, split }) => {
        this.#guard(() => {
          this.pipeline.emit(source.node.id, split, batch)
        })
        this.#exchange()
      },
      onEnd: (source) => {
        this.#guard(() => {
          this.pipeline.end(source.node.id)
        })
        this.#options.exchanges?.wake()
      },
      onError: (error) => {
        this.fail(error)
      },
      pressure: () => this.#pressure(),
    })
    this.sources.push(task)
    await task.source.open(state?.position(node.uid))
    this.pipeline.setSplits(node.id, task.source.splits())
  }

  async #openLookup(node: LookupJoinNode): Promise<void> {
    const { signal } = this.#abort
    const task = await createLookupTask(node, this.#options, signal, (error) => {
      this.fail(error)
    })
    this.#lookups.push(task)
    const operator = this.pipeline.stages[node.id]?.operator as LookupOperator
    operator.connect(await task.open(), {
      resume: (step) => {
        if (signal.aborted) return
        this.#guard(() => this.pipeline.resume(node.id, step))
        this.#arrival?.resolve()
        this.#options.exchanges?.wake()
      },
      fail: (error) => {
        this.fail(error)
      },
      delay: (milliseconds) => delay(milliseconds, signal),
    })
  }

  /** Settles when all inputs have ended or were stopped. */
  async run(): Promise<void> {
    this.#timer = setInterval(
      () => {
        this.#tick()
      },
      Math.min(
        TICK_MILLISECONDS,
        this.#options.configuration.duration('pipeline.auto-watermark-interval') || TICK_MILLISECONDS,
      ),
    )
    // All workers are open: what they announced is here.
    this.#exchange()
    try {
      this.#running = Promise.all([...this.sources.map((source) => source.run()), this.#runExchanges()])
      await Promise.race([this.#running, this.failure])
      await this.drained()
    } finally {
      clearInterval(this.#timer)
    }
  }

  fail(error: unknown): void {
    this.#failure.reject(asMillraceError(error))
    this.stop()
  }

  /** Ends the sources' loops; what they were doing is finished. */
  stop(): void {
    for (const source of this.sources) source.stop()
    this.#abort.abort()
    this.#stopped.resolve()
  }

  async gather(request: GatherRequest): Promise<GatheredState> {
    await (this.#options.exchanges === undefined ? this.#stand(request) : this.#standBehindBarrier(request))
    const { exchanges } = this.#options
    const worker = exchanges?.worker ?? 0
    const { pages, files } = request.finished || this.stopped ? NO_PAGES : this.#snapshot(request.files[worker])
    this.pipeline.forgetBarrier()
    return {
      files,
      pages: worker === 0 ? pages : pages.map((page) => ({ ...page, uid: subtaskUid(page.uid, worker) })),
      positions: Object.fromEntries(
        this.sources.map(({ node, source }) => [subtaskUid(node.uid, worker), source.position()]),
      ),
    }
  }

  #snapshot(target: PageFileTarget | undefined): Pick<GatheredState, 'pages' | 'files'> {
    if (target === undefined) return { pages: this.pipeline.snapshot(), files: [] }
    const output = new PageFileOutput(target)
    try {
      const pages = withPageOutput(output, () => this.pipeline.snapshot())
      const file = output.end()
      return { pages, files: file === undefined ? [] : [file] }
    } catch (error) {
      output.discard()
      throw error
    }
  }

  /**
   * All sources stand still, no timer works, and every row emitted is in the sinks' hands; unless it has stopped:
   * then a batch may be half way through the operators.
   */
  async #stand(request: GatherRequest): Promise<void> {
    await Promise.all(this.sources.map((source) => source.pause()))
    await this.drained()
    this.#standing = true
    if (this.stopped) return
    if (request.drain) this.pipeline.endAll()
    await this.drained()
    this.pipeline.prepareSnapshot()
  }

  /** As `#stand` in all workers: all of them stand still, and what the others have emitted before has arrived. */
  async #standBehindBarrier(request: GatherRequest): Promise<void> {
    this.#standing = true
    await Promise.all(this.sources.map((source) => source.pause()))
    await this.drained()
    if (this.stopped) return
    this.#guard(() => {
      if (request.drain) this.pipeline.endAll()
      else this.pipeline.sendBarrier()
    })
    await this.#aligned()
    await this.drained()
  }

  async #aligned(): Promise<void> {
    const { exchanges } = this.#options
    exchanges?.stand()
    const isAligned = (): boolean => this.pipeline.isAligned && exchanges?.allStand !== false
    while (!this.stopped && !isAligned()) {
      this.#arrival ??= Promise.withResolvers<void>()
      const bell = exchanges?.goToBed() ?? 0
      if (isAligned()) return
      await Promise.race([this.#arrival.promise, exchanges?.sleep(bell), this.#stopped.promise])
    }
  }

  async prepare(checkpoint: number, goOn: boolean): Promise<Record<string, JsonValue>> {
    const worker = this.#options.exchanges?.worker ?? 0
    const tasks = [...this.sinks.values()]
    await Promise.race([Promise.all(tasks.map(async (task) => task.pending)), this.failure])
    const prepared = Promise.all(
      tasks.map(async (task) => [subtaskUid(task.node.uid, worker), await task.prepare(checkpoint)] as const),
    )
    // What such sinks have to wait for is mostly the disk.
    if (goOn && tasks.every((task) => task.preparesAside)) this.resume()
    const entries = await Promise.race([prepared, this.failure])
    return Object.fromEntries(entries.flatMap(([uid, handle]) => (handle === null ? [] : [[uid, handle]])))
  }

  async commit(handles: Readonly<Record<string, JsonValue>>): Promise<void> {
    const worker = this.#options.exchanges?.worker ?? 0
    await Promise.all(
      [...this.sinks.values()].map(async (task) => {
        const handle = handles[subtaskUid(task.node.uid, worker)]
        if (handle !== undefined) await task.commit(handle)
      }),
    )
  }

  async complete(positions: Readonly<Record<string, JsonValue>>): Promise<void> {
    const worker = this.#options.exchanges?.worker ?? 0
    await Promise.all(
      this.sources.map(async ({ node, source }) =>
        source.onCheckpointComplete?.(positions[subtaskUid(node.uid, worker)] ?? null),
      ),
    )
  }

  /** Hands over what other workers have sent, as long as nothing holds this one back. */
  #exchange(): boolean {
    const { exchanges } = this.#options
    if (exchanges === undefined || this.stopped) return false
    let worked = false
    this.#guard(() => {
      worked = exchanges.work(this.pipeline, () => !this.stopped && this.#sinkPressure() === undefined)
    })
    if (!worked) return false
    this.#arrival?.resolve()
    this.#arrival = undefined
    return true
  }

  /** Until everything has come to its end here, and what this worker has sent is with the others. */
  async #runExchanges(): Promise<void> {
    const { exchanges } = this.#options
    if (exchanges === undefined) return
    while (!this.stopped && !(this.pipeline.hasEnded && exchanges.pressure === undefined)) {
      if (this.#exchange()) {
        await nextTurn()
        continue
      }
      const bell = exchanges.goToBed()
      if (this.#exchange()) continue
      const pressure = this.#sinkPressure()
      const woken = [exchanges.sleep(bell), this.#stopped.promise]
      await Promise.race(pressure === undefined ? woken : [...woken, pressure])
    }
  }

  /** No row waits in an operator for an external system, or the attempt has stopped. Rejects when it fails. */
  async drained(): Promise<void> {
    for (let waiting = this.pipeline.waiting; waiting !== undefined; waiting = this.pipeline.waiting) {
      if (this.#abort.signal.aborted) return
      await Promise.race([waiting, this.failure, this.#stopped.promise])
    }
  }

  resume(): void {
    this.#standing = false
    for (const source of this.sources) source.resume()
  }

  /** It has failed or was ended from outside. */
  get stopped(): boolean {
    return this.#abort.signal.aborted
  }

  get ended(): boolean {
    return this.sources.every((source) => source.ended)
  }

  statistics(): readonly StageStatistics[] {
    const sources = new Map(this.sources.map((task) => [task.node.id, task]))
    return this.pipeline.stages.map((stage) => {
      const source = sources.get(stage.node.id)
      const { stateBytes, stateEntries, lateRows } = stage.operator?.metrics?.() ?? NO_STATE
      const rowsWritten = this.sinks.get(stage.node.id)?.rows ?? 0
      const { rowsIn, rowsOut, busy, watermark } = stage
      const [rowsRead, bytesRead, waited] = [source?.rows ?? 0, source?.bytes ?? 0, source?.waited ?? 0]
      return {
        rowsIn: source === undefined ? rowsIn : rowsRead,
        rowsOut,
        rowsRead,
        bytesRead,
        rowsWritten,
        busy,
        waited,
        watermark: this.pipeline.runs(stage.node.id) ? watermark : MAX_WATERMARK,
        stateBytes,
        stateEntries,
        lateRows,
      }
    })
  }

  /** The split that holds the lowest watermark back, with the source it belongs to. */
  slowestSplit(): { readonly source: string; readonly split: string; readonly watermark: number } | undefined {
    for (const stage of this.pipeline.stages) {
      if (stage.node.kind !== 'watermark') continue
      const slowest = (stage.operator as SplitOperator).slowestSplit()
      if (slowest !== undefined) return { source: this.#sourceBelow(stage.node.id), ...slowest }
    }
    return undefined
  }

  async close(): Promise<void> {
    this.stop()
    clearInterval(this.#timer)
    await Promise.allSettled([
      ...this.sources.map((task) => task.close()),
      ...[...this.sinks.values()].map((task) => task.sink.close()),
      this.#running,
    ])
  }

  #sourceBelow(id: number): string {
    const node = this.#options.graph.nodes[id]
    if (node === undefined) return ''
    return node.kind === 'source' ? node.table.path.name : this.#sourceBelow(node.inputs[0] ?? -1)
  }

  #collect(batch: ChangeBatch): void {
    const waiting = this.#options.onCollect?.(copyBatch(batch))
    if (waiting === undefined) return
    this.#collecting = waiting.finally(() => {
      this.#collecting = undefined
    })
  }

  #pressure(): Promise<unknown> | undefined {
    return this.#options.exchanges?.pressure ?? this.#sinkPressure()
  }

  #sinkPressure(): Promise<unknown> | undefined {
    let waiting: Promise<unknown> | undefined = this.#collecting ?? this.pipeline.pressure
    for (const sink of this.sinks.values()) {
      if (sink.pending !== undefined)
        waiting = waiting === undefined ? sink.pending : Promise.all([waiting, sink.pending])
    }
    return waiting
  }

  #tick(): void {
    if (this.#standing || this.#abort.signal.aborted) return
    const now = this.#options.clock.now()
    this.#guard(() => {
      this.pipeline.onProcessingTime(now)
      if (now - this.#lastEmit < this.#options.configuration.duration('pipeline.auto-watermark-interval')) return
      this.#lastEmit = now
      for (const source of this.sources) {
        if (!source.ended) this.pipeline.setSplits(source.node.id, source.source.splits())
      }
      this.pipeline.onPeriodicEmit(now)
    })
    for (const sink of this.sinks.values()) {
      sink.onTime(now).catch((error: unknown) => {
        this.fail(error)
      })
    }
  }

  #guard(step: () => void): void {
    try {
      step()
    } catch (error) {
      const failure = error instanceof MillraceError ? error : asMillraceError(error)
      this.fail(failure)
    }
  }
}
