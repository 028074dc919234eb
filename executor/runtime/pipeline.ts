/**
 * The operators of a job, wired as the graph says. Everything in here is synchronous: a batch that a source hands over
 * has gone through all operators into the sinks' hands when `emit` returns, or waits in one that asks an external system
 * (`waiting`): when the answer is there, `resume` goes on.
 */
import { type ChangeBatch } from '../../core/change-batch.ts'
import { asMillraceError, MillraceError } from '../../core/errors.ts'
import type { OperatorGraph, OperatorNode } from '../../planner/physical/graph.ts'
import type { Environment } from '../functions/function.ts'
import { createOperator } from '../operators/index.ts'
import {
  type AsyncOperator,
  MAX_WATERMARK,
  MIN_WATERMARK,
  type Operator,
  type Output,
  type SplitOperator,
  type StatePage,
} from '../operators/operator.ts'
import type { PageWrite } from '../../state/state-store.ts'
import type { SinkTask } from './sink-task.ts'

interface Edge {
  readonly to: Stage
  readonly input: number
}

export class Stage {
  readonly node: OperatorNode
  readonly edges: Edge[] = []
  /** By input: the watermark; an ended input has MAX_WATERMARK. */
  readonly watermarks: number[]
  operator: Operator | undefined
  watermark = MIN_WATERMARK
  rowsIn = 0
  rowsOut = 0
  busy = 0
  ended = 0

  constructor(node: OperatorNode) {
    this.node = node
    this.watermarks = node.inputs.map(() => MIN_WATERMARK)
  }
}

export interface PipelineOptions {
  readonly graph: OperatorGraph
  readonly environment: Environment
  readonly sinks: ReadonlyMap<number, SinkTask>
  readonly onCollect: (batch: ChangeBatch) => void
}

export class Pipeline {
  readonly stages: readonly Stage[]
  readonly #options: PipelineOptions
  /** Stages whose input has ended while rows wait in them. */
  readonly #ending = new Set<Stage>()
  #split = ''
  /** Times of the stages under way, for the busy share: a stage's own time is what those above it do not take. */
  #mark = 0
  readonly #stack: Stage[] = []

  constructor(options: PipelineOptions) {
    this.#options = options
    this.stages = options.graph.nodes.map((node) => new Stage(node))
    for (const stage of this.stages) {
      for (const [input, from] of stage.node.inputs.entries()) this.#stage(from).edges.push({ to: stage, input })
    }
    for (const stage of this.stages) stage.operator = this.#createOperator(stage)
  }

  /** Rows of a source, all of one split. */
  emit(source: number, split: string, batch: ChangeBatch): void {
    this.#split = split
    this.#send(this.#stage(source), batch)
  }

  /** The input of a source has ended. */
  end(source: number): void {
    for (const { to, input } of this.#stage(source).edges) this.#endInput(to, input)
  }

  /** `WITH DRAIN`: as if every input had ended now. */
  endAll(): void {
    for (const stage of this.stages) if (stage.node.inputs.length === 0) this.end(stage.node.id)
  }

  onProcessingTime(now: number): void {
    for (const stage of this.stages) this.#run(stage, () => stage.operator?.onProcessingTime?.(now))
  }

  onPeriodicEmit(now: number): void {
    for (const stage of this.stages) {
      if (stage.node.kind === 'watermark') this.#run(stage, () => (stage.operator as SplitOperator).onPeriodicEmit(now))
    }
  }

  /** Tells the watermark operators above a source which splits it has. */
  setSplits(source: number, splits: readonly string[]): void {
    for (const { to } of this.#stage(source).edges) {
      if (to.node.kind === 'watermark') (to.operator as SplitOperator).setSplits(splits)
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
    if (!this.#ending.has(stage) || (stage.operator as AsyncOperator).pending !== undefined) return
    this.#ending.delete(stage)
    this.#endOutput(stage)
  }

  /** What changed since the last call. */
  snapshot(): PageWrite[] {
    return this.stages.flatMap((stage) =>
      (stage.operator?.snapshot?.() ?? []).map((page) => ({ uid: stage.node.uid, ...page })),
    )
  }

  restore(uid: string, pages: readonly StatePage[]): void {
    const stage = this.stages.find((candidate) => candidate.node.uid === uid)
    if (pages.length > 0) stage?.operator?.restore?.(pages)
  }

  #stage(id: number): Stage {
    const stage = this.stages[id]
    if (stage === undefined) throw new MillraceError('INTERNAL_ERROR', `the graph has no node ${id}`)
    return stage
  }

  #createOperator(stage: Stage): Operator | undefined {
    const { node } = stage
    if (node.kind === 'source' || node.kind === 'values' || node.kind === 'sink' || node.kind === 'collect')
      return undefined
    const { environment, graph } = this.#options
    return createOperator(node, graph, {
      output: this.#outputOf(stage),
      clock: environment.clock,
      get timeZone() {
        return environment.timeZone
      },
    })
  }

  #outputOf(stage: Stage): Output {
    return {
      batch: (batch) => {
        this.#send(stage, batch)
      },
      watermark: (time) => {
        stage.watermark = time
        for (const { to, input } of stage.edges) this.#advance(to, input, time)
      },
      readsValues: () => stage.edges.some(({ to }) => this.#options.sinks.get(to.node.id)?.readsValues !== false),
    }
  }

  #send(stage: Stage, batch: ChangeBatch): void {
    if (batch.rows === 0) return
    stage.rowsOut += batch.rows
    for (const { to, input } of stage.edges) this.#deliver(to, input, batch)
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
          ;(stage.operator as SplitOperator).onSplitBatch(batch, this.#split)
          return
        default:
          stage.operator?.onBatch(batch, input)
      }
    })
  }

  #advance(stage: Stage, input: number, time: number): void {
    stage.watermarks[input] = time
    const lowest = Math.min(...stage.watermarks)
    if (lowest <= stage.watermark) return
    if (stage.operator === undefined) stage.watermark = lowest
    else this.#run(stage, () => stage.operator?.onWatermark(lowest))
  }

  #endInput(stage: Stage, input: number): void {
    this.#advance(stage, input, MAX_WATERMARK)
    stage.ended++
    if (stage.ended < stage.node.inputs.length) return
    this.#run(stage, () => stage.operator?.end?.())
    if (stage.node.kind === 'lookup-join' && (stage.operator as AsyncOperator).pending !== undefined) {
      this.#ending.add(stage)
    } else this.#endOutput(stage)
  }

  #endOutput(stage: Stage): void {
    for (const edge of stage.edges) this.#endInput(edge.to, edge.input)
  }

  /** Runs a step of a stage: counts its time and says in an error where it was. */
  #run(stage: Stage, step: () => void): void {
    const now = performance.now()
    const above = this.#stack.at(-1)
    if (above !== undefined) above.busy += now - this.#mark
    this.#mark = now
    this.#stack.push(stage)
    try {
      step()
    } catch (error) {
      throw locate(error, stage)
    } finally {
      const end = performance.now()
      stage.busy += end - this.#mark
      this.#mark = end
      this.#stack.pop()
    }
  }
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
