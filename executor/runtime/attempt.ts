/** One run of a job from a checkpoint (or from nothing) until its input ends, it is stopped, or it fails. */
import type { Connector } from '../../connectors/index.ts'
import type { ConfigurationReader } from '../../catalog/reader.ts'
import { type ChangeBatch, copyBatch } from '../../core/change-batch.ts'
import type { Clock } from '../../core/clock.ts'
import { delay } from '../../core/delay.ts'
import { asMillraceError, MillraceError } from '../../core/errors.ts'
import type { LookupJoinNode, OperatorGraph } from '../../planner/physical/graph.ts'
import type { RestoredState } from '../../state/state-store.ts'
import type { Environment } from '../functions/function.ts'
import type { LookupOperator } from '../operators/lookup-join.ts'
import type { SplitOperator } from '../operators/operator.ts'
import { createLookupTask, createSinkTask, createSourceTask } from './connect.ts'
import type { LookupTask } from './lookup-task.ts'
import { Pipeline } from './pipeline.ts'
import type { SinkTask } from './sink-task.ts'
import type { SourceTask } from './source-task.ts'

const TICK_MILLISECONDS = 100

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
}

export class Attempt {
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
    })
  }

  /** Rejects when anything fails; never resolves. */
  get failure(): Promise<never> {
    return this.#failure.promise
  }

  /** Opens operators, lookups, sinks and sources in this order, each with its part of the restored state. */
  async open(restored: RestoredState | undefined): Promise<void> {
    const { graph } = this.#options
    const known = new Set(Object.keys(restored?.manifest.operators ?? {}))
    for (const node of graph.nodes) {
      if (restored !== undefined && known.has(node.uid)) this.pipeline.restore(node.uid, await restored.pages(node.uid))
    }
    for (const node of graph.nodes) if (node.kind === 'lookup-join') await this.#openLookup(node)
    for (const node of graph.nodes) {
      if (node.kind !== 'sink') continue
      const task = await createSinkTask(node, graph, this.#options, this.#abort.signal, (error) => {
        this.fail(error)
      })
      this.sinks.set(node.id, task)
      await task.sink.open()
      const handle = restored?.manifest.handles[node.uid]
      await task.sink.recover(handle === undefined || handle === null ? [] : [handle])
    }
    for (const node of graph.nodes) {
      if (node.kind !== 'source' && node.kind !== 'values') continue
      const task = await createSourceTask(node, this.#options, this.#abort.signal, {
        onRows: (source, { batch, split }) => {
          this.#guard(() => {
            this.pipeline.emit(source.node.id, split, batch)
          })
        },
        onEnd: (source) => {
          this.#guard(() => {
            this.pipeline.end(source.node.id)
          })
        },
        onError: (error) => {
          this.fail(error)
        },
        pressure: () => this.#pressure(),
      })
      this.sources.push(task)
      await task.source.open(restored?.manifest.positions[node.uid])
      this.pipeline.setSplits(node.id, task.source.splits())
    }
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
        if (!signal.aborted) this.#guard(() => this.pipeline.resume(node.id, step))
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
    try {
      this.#running = Promise.all(this.sources.map((source) => source.run()))
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

  /**
   * All sources stand still, no timer works, and every row emitted is in the sinks' hands; unless it has stopped:
   * then a batch may be half way through the operators.
   */
  async pause(): Promise<void> {
    await Promise.all(this.sources.map((source) => source.pause()))
    await this.drained()
    this.#standing = true
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
