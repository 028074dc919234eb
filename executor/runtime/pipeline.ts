/**
 * The operators of a job, wired as the graph says. Everything in here is synchronous: a batch that a source hands over
 * has gone through all operators into the sinks' hands when `emit` returns, or waits in one that asks an external system
 * (`waiting`): when the answer is there, `resume` goes on.
 */
import { type ChangeBatch } from '../../core/change-batch.ts'
import { asMillraceError, MillraceError, unreachable } from '../../core/errors.ts'
import type { OperatorGraph, OperatorNode } from '../../planner/physical/graph.ts'
import type { Environment } from '../functions/function.ts'
import { createGlobalWindowAggregate, createOperator } from '../operators/index.ts'
import { LocalWindowAggregate } from '../operators/local-window-aggregate.ts'
import { groupInputs } from '../operators/window-groups.ts'
import {
  type AsyncOperator,
  MAX_WATERMARK,
  MIN_WATERMARK,
  type Operator,
  type Output,
  type SplitOperator,
  type StatePage,
} from '../operators/operator.ts'
import type { Exchange } from '../../planner/physical/exchange.ts'
import type { PageWrite } from '../../state/state-store.ts'
import { type StateMemory, useStateMemory, withStateMemory } from '../../state/table/memory.ts'
import type { Exchanges } from './exchange/exchanges.ts'
import type { Message, Signal } from './exchange/messages.ts'
import { isOfPartitions } from '../checkpoint/partition-pages.ts'
import { PartitionedOperator } from './partitions/partitioned-operator.ts'
import { createPartitioned, graphInputs, Spilling } from './partitions/spilling.ts'
import type { SinkTask } from './sink-task.ts'
import { type Outlet, Stage } from './stage.ts'

export interface PipelineOptions {
  readonly graph: OperatorGraph
  readonly environment: Environment
  readonly sinks: ReadonlyMap<number, SinkTask>
  readonly onCollect: (batch: ChangeBatch) => void
  /** Where the job has several workers: the exchanges of this one. */
  readonly exchanges?: Exchanges
  /** Of the operators' state; absent: the heap. */
  readonly memory?: StateMemory
}

export class Pipeline {
  readonly stages: readonly Stage[]
  readonly #options: PipelineOptions
  /** Stages whose input has ended while rows wait in them. */
  readonly #ending = new Set<Stage>()
  /** Stages that the barrier has reached while rows wait in them. */
  readonly #aligning = new Set<Stage>()
  readonly #idle = new Set<Stage>()
  #split = ''
  /** Times of the stages under way, for the busy share: a stage's own time is what those above it do not take. */
  #mark = 0
  readonly #stack: Stage[] = []
  readonly #spilling: Spilling | undefined

  constructor(options: PipelineOptions) {
    this.#options = options
    const beyond = options.memory?.beyond
    this.#spilling = beyond && new Spilling(beyond)
    this.stages = options.graph.nodes.map((node) => new Stage(node, this.#widths(node)))
    for (const stage of this.stages) if (this.runs(stage.node.id)) this.#connect(stage)
    for (const stage of this.stages) if (this.runs(stage.node.id)) stage.operator = this.#createOperator(stage)
  }

  /** Whether this worker has a part of the operator. */
  runs(id: number): boolean {
    const { exchanges } = this.#options
    return exchanges === undefined || exchanges.worker < (exchanges.deployment.subtasks[id] ?? 1)
  }

  /** Set when every part of an operator in this worker has seen its inputs end. */
  get hasEnded(): boolean {
    return this.stages.every((stage) => stage.hasEnded || !this.runs(stage.node.id))
  }

  /** By input: from how many workers it comes. */
  #widths(node: OperatorNode): readonly number[] {
    return node.inputs.map((from, input) => {
      if (this.#exchange(node.id, input) !== undefined) return this.#options.exchanges?.deployment.subtasks[from] ?? 1
      return this.runs(from) ? 1 : 0
    })
  }

  #exchange(to: number, input: number): Exchange | undefined {
    return this.#options.exchanges?.deployment.exchanges.find(
      (exchange) => exchange.to === to && exchange.input === input,
    )
  }

  #connect(stage: Stage): void {
    for (const [input, from] of stage.node.inputs.entries()) {
      if (this.#exchange(stage.node.id, input) === undefined && this.runs(from))
        this.#stage(from).edges.push({ to: stage, input, channel: stage.channels[input] ?? 0 })
    }
    for (const exchange of this.#options.exchanges?.deployment.exchanges ?? []) {
      if (exchange.from === stage.node.id) stage.exchanges.push(this.#outlet(exchange))
    }
  }

  #outlet(exchange: Exchange): Outlet {
    const { node } = this.#stage(exchange.to)
    if (!exchange.twoPhase || node.kind !== 'window-aggregate') return { exchange, local: undefined }
    const { schema } = this.#stage(exchange.from).node
    const { timeZone } = this.#options.environment
    const local = new LocalWindowAggregate(node, schema, timeZone, (groups) => {
      this.#options.exchanges?.send(exchange, groups, this)
    })
    return { exchange, local }
  }

  /** Rows of a source, all of one split. */
  emit(source: number, split: string, batch: ChangeBatch): void {
    this.#split = split
    this.#send(this.#stage(source), batch)
  }

  /** The input of a source has ended. */
  end(source: number): void {
    const stage = this.#stage(source)
    if (stage.hasEnded) return
    stage.ended = 1
    this.#endOutput(stage)
  }

  /** `WITH DRAIN`: as if every input had ended now. */
  endAll(): void {
    for (const stage of this.stages) {
      if (stage.node.inputs.length === 0 && this.runs(stage.node.id)) this.end(stage.node.id)
    }
  }

  onProcessingTime(now: number): void {
    for (const stage of this.stages) this.#run(stage, () => stage.operator?.onProcessingTime?.(now))
  }

  onPeriodicEmit(now: number): void {
    for (const stage of this.stages) {
      if (stage.node.kind !== 'watermark' || stage.operator === undefined) continue
      const operator = stage.operator as SplitOperator
      this.#run(stage, () => operator.onPeriodicEmit(now))
      this.#setIdle(stage, operator.isIdle)
    }
  }

  /**
   * Before anything runs: the watermarks that were restored, and which workers have no splits and hold none back. So
   * that which rows are late does not depend on who starts first.
   */
  announceWatermarks(): void {
    for (const stage of this.stages) {
      if (stage.node.kind !== 'watermark' || stage.operator === undefined) continue
      const operator = stage.operator as SplitOperator
      this.#run(stage, () => operator.announce())
      this.#setIdle(stage, operator.isIdle)
    }
  }

  /** Tells the watermark operators above a source which splits it has. */
  setSplits(source: number, splits: readonly string[]): void {
    for (const { to } of this.#stage(source).edges) {
      if (to.node.kind === 'watermark') (to.operator as SplitOperator | undefined)?.setSplits(splits)
      else if (to.node.kind === 'calc') this.setSplits(to.node.id, splits)
    }
  }

  /** To be called before `snapshot`. */
  prepareSnapshot(): void {
    for (const stage of this.stages) this.#run(stage, () => stage.operator?.prepareSnapshot?.())
  }

  /** Set while rows wait in operators for an external system; settles when that may have changed. */
  get waiting(): Promise<unknown> | undefined {
    return this.#firstOf((operator) => operator.pending)
  }

  /** Set while sources should not go on because of it. */
  get pressure(): Promise<unknown> | undefined {
    return this.#firstOf((operator) => operator.pressure)
  }

  #firstOf(part: (operator: AsyncOperator) => Promise<unknown> | undefined): Promise<unknown> | undefined {
    for (const { operator, node } of this.stages) {
      const found = node.kind === 'lookup-join' ? part(operator as AsyncOperator) : undefined
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Runs a step of a stage that an answer from outside has made possible. */
  resume(id: number, step: () => void): void {
    const stage = this.#stage(id)
    this.#run(stage, step)
    if ((stage.operator as AsyncOperator).pending !== undefined) return
    if (this.#aligning.delete(stage)) this.#passBarrier(stage)
    if (!this.#ending.has(stage)) return
    this.#ending.delete(stage)
    this.#endOutput(stage)
  }

  /**
   * The sources have stopped: a barrier follows on what they have emitted, through all exchanges. `isAligned` when
   * nothing that came before it is under way to this worker any more.
   */
  sendBarrier(): void {
    for (const stage of this.stages) {
      if (stage.node.inputs.length === 0 && this.runs(stage.node.id) && !stage.hasEnded) this.#passBarrier(stage)
    }
  }

  get isAligned(): boolean {
    return this.stages.every((stage) => stage.aligned || stage.hasEnded || !this.runs(stage.node.id))
  }

  /** After `isAligned`: before the next barrier can come. */
  forgetBarrier(): void {
    for (const stage of this.stages) {
      stage.aligned = false
      stage.barriers = 0
    }
  }

  /** A message through an exchange. */
  receive(exchange: Exchange, sender: number, message: Message): void {
    const stage = this.#stage(exchange.to)
    const channel = (stage.channels[exchange.input] ?? 0) + sender
    switch (message.kind) {
      case 'rows':
        this.#deliver(stage, exchange.input, message.batch)
        return
      case 'watermark':
        this.#advance(stage, channel, message.time)
        return
      case 'end':
        this.#endInput(stage, channel)
        return
      case 'barrier':
        this.#barrier(stage)
        return
      case 'idle':
      case 'active':
        this.#channelIdle(stage, channel, message.kind === 'idle')
        return
      default:
        unreachable(message)
    }
  }

  /** What changed since the last call. */
  snapshot(): PageWrite[] {
    return withStateMemory(this.#options.memory, () =>
      this.stages.flatMap((stage) =>
        (stage.operator?.snapshot?.() ?? []).map((page) => ({ uid: stage.node.uid, ...page })),
      ),
    )
  }

  restore(uid: string, pages: readonly StatePage[]): void {
    const stage = this.stages.find((candidate) => candidate.node.uid === uid)
    if (stage === undefined || pages.length === 0) return
    // Also where there is no limit any more: it is as good as one that is whole.
    if (isOfPartitions(pages) && !(stage.operator instanceof PartitionedOperator))
      stage.operator = this.#createOperator(stage, true)
    withStateMemory(this.#options.memory, () => stage.operator?.restore?.(pages))
  }

  #stage(id: number): Stage {
    const stage = this.stages[id]
    if (stage === undefined) throw new MillraceError('INTERNAL_ERROR', `the graph has no node ${id}`)
    return stage
  }

  /** @param inPartitions whether its state is divided, or may have to be */
  #createOperator(stage: Stage, inPartitions = this.#spilling !== undefined): Operator | undefined {
    const { node } = stage
    if (node.kind === 'source' || node.kind === 'values' || node.kind === 'sink' || node.kind === 'collect')
      return undefined
    const { environment, graph, memory } = this.#options
    const isGlobal = this.#exchange(node.id, 0)?.twoPhase === true && node.kind === 'window-aggregate'
    const create = (output: Output): Operator => {
      const context = {
        output,
        clock: environment.clock,
        get timeZone() {
          return environment.timeZone
        },
      }
      return isGlobal ? createGlobalWindowAggregate(node, graph, context) : createOperator(node, graph, context)
    }
    const output = this.#outputOf(stage)
    if (!inPartitions) return create(output)
    const inputs = isGlobal ? groupInputs(node) : graphInputs(node, graph)
    return createPartitioned(node, inputs, memory?.beyond, output, create) ?? create(output)
  }

  #outputOf(stage: Stage): Output {
    return {
      batch: (batch) => {
        this.#send(stage, batch)
      },
      watermark: (time) => {
        stage.watermark = time
        for (const { to, channel } of stage.edges) this.#advance(to, channel, time)
        this.#signal(stage, 'watermark', time)
      },
      readsValues: () =>
        stage.exchanges.length > 0 ||
        stage.edges.some(({ to }) => this.#options.sinks.get(to.node.id)?.readsValues !== false),
    }
  }

  #send(stage: Stage, batch: ChangeBatch): void {
    if (batch.rows === 0) return
    stage.rowsOut += batch.rows
    for (const { to, input } of stage.edges) this.#deliver(to, input, batch)
    for (const { exchange, local } of stage.exchanges) {
      if (local === undefined) this.#options.exchanges?.send(exchange, batch, this)
      else local.onBatch(batch)
    }
  }

  #signal(stage: Stage, kind: Signal, time = 0): void {
    for (const { exchange, local } of stage.exchanges) {
      if (kind === 'watermark') local?.onWatermark(time)
      else local?.flush()
      this.#options.exchanges?.signal(exchange, kind, time, this)
    }
  }

  #deliver(stage: Stage, input: number, batch: ChangeBatch): void {
    stage.rowsIn += batch.rows
    this.#run(stage, () => {
      switch (stage.node.kind) {
        case 'sink':
          this.#options.sinks.get(stage.node.id)?.write(batch)
          return
        case 'collect':
          this.#options.onCollect(batch)
          return
        case 'watermark':
          this.#setIdle(stage, false)
          ;(stage.operator as SplitOperator).onSplitBatch(batch, this.#split)
          return
        default:
          stage.operator?.onBatch(batch, input)
      }
    })
  }

  #advance(stage: Stage, channel: number, time: number): void {
    stage.watermarks[channel] = time
    const lowest = lowestWatermark(stage)
    if (lowest <= stage.watermark) return
    if (stage.operator === undefined) this.#reachSink(stage, lowest)
    else this.#run(stage, () => stage.operator?.onWatermark(lowest))
  }

  /** Partitions of files are committed by the watermark of their sink. */
  #reachSink(stage: Stage, watermark: number): void {
    stage.watermark = watermark
    this.#options.sinks.get(stage.node.id)?.onWatermark(watermark)
  }

  #endInput(stage: Stage, channel: number): void {
    stage.idle.delete(channel)
    this.#advance(stage, channel, MAX_WATERMARK)
    stage.ended++
    if (!stage.hasEnded) {
      this.#align(stage)
      return
    }
    this.#run(stage, () => stage.operator?.end?.())
    if (stage.node.kind === 'lookup-join' && (stage.operator as AsyncOperator).pending !== undefined) {
      this.#ending.add(stage)
    } else this.#endOutput(stage)
  }

  #endOutput(stage: Stage): void {
    for (const { to, channel } of stage.edges) this.#endInput(to, channel)
    this.#signal(stage, 'end')
  }

  #barrier(stage: Stage): void {
    stage.barriers++
    this.#align(stage)
  }

  /** Where the barrier has come through every channel that has not ended. */
  #align(stage: Stage): void {
    if (stage.barriers === 0 || stage.aligned || stage.barriers + stage.ended < stage.watermarks.length) return
    const waiting = stage.node.kind === 'lookup-join' ? (stage.operator as AsyncOperator).pending : undefined
    if (waiting === undefined) this.#passBarrier(stage)
    else this.#aligning.add(stage)
  }

  #passBarrier(stage: Stage): void {
    this.#run(stage, () => stage.operator?.prepareSnapshot?.())
    stage.aligned = true
    for (const { to } of stage.edges) this.#barrier(to)
    this.#signal(stage, 'barrier')
  }

  #setIdle(stage: Stage, idle: boolean): void {
    if (this.#options.exchanges === undefined || this.#idle.has(stage) === idle) return
    if (idle) this.#idle.add(stage)
    else this.#idle.delete(stage)
    for (const { to, channel } of stage.edges) this.#channelIdle(to, channel, idle)
    this.#signal(stage, idle ? 'idle' : 'active')
  }

  /** A stage is idle when all of its channels are; what is idle does not hold the others back. */
  #channelIdle(stage: Stage, channel: number, idle: boolean): void {
    if (stage.watermarks[channel] === MAX_WATERMARK) return
    if (idle) stage.idle.add(channel)
    else stage.idle.delete(channel)
    const lowest = lowestWatermark(stage)
    if (lowest > stage.watermark && lowest < MAX_WATERMARK) {
      if (stage.operator === undefined) this.#reachSink(stage, lowest)
      else this.#run(stage, () => stage.operator?.onWatermark(lowest))
    }
    this.#setIdle(stage, stage.idle.size + stage.ended === stage.watermarks.length && stage.idle.size > 0)
  }

  /** Runs a step of a stage: counts its time and says in an error where it was. */
  #run(stage: Stage, step: () => void): void {
    const now = performance.now()
    const above = this.#stack.at(-1)
    if (above !== undefined) above.busy += now - this.#mark
    this.#mark = now
    this.#stack.push(stage)
    const memory = useStateMemory(this.#options.memory)
    try {
      step()
    } catch (error) {
      throw locate(error, stage)
    } finally {
      useStateMemory(memory)
      const end = performance.now()
      stage.busy += end - this.#mark
      this.#mark = end
      this.#stack.pop()
    }
    if (this.#stack.length === 0)
      this.#spilling?.afterStep(this.stages, (largest, divide) => {
        this.#run(largest, divide)
      })
  }
}

/** Of the channels that are not idle; where all of them are, what holds is what held before. */
function lowestWatermark({ watermarks, idle }: Stage): number {
  if (idle.size === 0) return Math.min(...watermarks)
  let lowest = MAX_WATERMARK
  for (const [channel, time] of watermarks.entries()) if (!idle.has(channel)) lowest = Math.min(lowest, time)
  return lowest === MAX_WATERMARK ? MIN_WATERMARK : lowest
}

function locate(error: unknown, stage: Stage): MillraceError {
  const failure = asMillraceError(error)
  if (failure.at !== undefined || failure.position !== undefined) return failure
  const { detail, hint, retryable } = failure
  return new MillraceError(failure.code, failure.message, {
    detail,
    hint,
    retryable,
    cause: failure,
    at: { operator: stage.node.description },
  })
}
