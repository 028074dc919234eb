/**
 * Runs an operator over a script of text, for tests: straight, with a snapshot and a new operator at every step, and
 * with batches of one row. What it emits goes through CheckedOutput.
 */
import { type ChangeBatch, sliceRows } from '../../core/change-batch.ts'
import { formatBatch, parseBatch } from '../../core/batch-text.ts'
import { ALL_CHANGES } from '../../catalog/connector.ts'
import type { Schema } from '../../core/types.ts'
import type { OperatorGraph, OperatorNode } from '../../planner/physical/graph.ts'
import { CheckedOutput } from './checked-output.ts'
import { createOperator } from './index.ts'
import { type Operator, type OperatorContext, type Output, type SplitOperator, type StatePage } from './operator.ts'

export type OperatorStep =
  | { readonly rows: string; readonly input?: number; readonly split?: string }
  | { readonly batch: ChangeBatch }
  | { readonly watermark: number }
  /** The clock goes to this time and timers fire. */
  | { readonly time: number }
  | { readonly splits: readonly string[] }
  | { readonly end: true }

export type RunnableNode = Parameters<typeof createOperator>[0]

export interface HarnessOptions {
  readonly node: RunnableNode
  readonly input: Schema
  /** Of a node with two inputs, whose steps name theirs; the node's `inputs` are then 0 and 1. */
  readonly secondInput?: Schema
  readonly timeZone?: string
  /** Upsert key of the input. */
  readonly inputKey?: readonly number[]
  /** Off where the input itself takes back what is not there. */
  readonly checked?: boolean
  /** Absent: as the node says. */
  readonly create?: (graph: OperatorGraph, context: OperatorContext) => Operator
  /** What the output says; default true. False needs `checked` to be false too. */
  readonly readsValues?: boolean
}

export class OperatorHarness {
  /** `+I 1 a`, `watermark 5`, in the order of emission. */
  readonly emitted: string[] = []
  operator: Operator
  #now = 0
  readonly #options: HarnessOptions
  readonly #pages = new Map<string, StatePage>()
  readonly #output: Output

  constructor(options: HarnessOptions) {
    this.#options = options
    const sink: Output = {
      batch: (batch) => {
        this.emitted.push(...formatBatch(batch).split('\n'))
      },
      watermark: (time) => {
        this.emitted.push(`watermark ${time}`)
      },
      readsValues: () => options.readsValues !== false,
    }
    const { schema, changelog, upsertKey } = options.node
    const key = upsertKey === undefined ? {} : { upsertKey }
    this.#output = options.checked === false ? sink : new CheckedOutput(sink, { schema, changelog, ...key })
    this.operator = this.#create()
  }

  #create(): Operator {
    const context: OperatorContext = {
      output: this.#output,
      clock: { now: () => this.#now },
      timeZone: this.#options.timeZone ?? 'UTC',
    }
    const graph = graphOf(this.#options)
    return this.#options.create?.(graph, context) ?? createOperator(this.#options.node, graph, context)
  }

  step(step: OperatorStep, tiny = false): void {
    if ('rows' in step) this.#feed(parseBatch(this.#schemaOf(step.input), step.rows), tiny, step.input ?? 0, step.split)
    else if ('batch' in step) this.#feed(step.batch, tiny, 0, undefined)
    else if ('watermark' in step) this.operator.onWatermark(step.watermark)
    else if ('splits' in step) (this.operator as SplitOperator).setSplits(step.splits)
    else if ('end' in step) this.operator.end?.()
    else {
      this.#now = step.time
      this.operator.onProcessingTime?.(step.time)
      if (this.#options.node.kind === 'watermark') (this.operator as SplitOperator).onPeriodicEmit(step.time)
    }
  }

  #schemaOf(input: number | undefined): Schema {
    const { input: first, secondInput } = this.#options
    return input === 1 && secondInput !== undefined ? secondInput : first
  }

  #feed(batch: ChangeBatch, tiny: boolean, input: number, split: string | undefined): void {
    const size = tiny ? 1 : Math.max(1, batch.rows)
    for (let row = 0; row < batch.rows; row += size) {
      const part = sliceRows(batch, row, Math.min(batch.rows, row + size))
      if (split === undefined) this.operator.onBatch(part, input)
      else (this.operator as SplitOperator).onSplitBatch(part, split)
    }
  }

  /** Checkpoint, then a new operator from it. */
  recover(): void {
    this.operator.prepareSnapshot?.()
    for (const page of this.operator.snapshot?.() ?? []) {
      const name = `${page.table}/${page.page}`
      if (page.bytes === null) this.#pages.delete(name)
      else this.#pages.set(name, page)
    }
    if (this.#output instanceof CheckedOutput) this.#output.restart()
    this.operator = this.#create()
    if (this.#pages.size > 0) this.operator.restore?.([...this.#pages.values()])
  }

  /** Names of the stored pages. */
  get stored(): string[] {
    return [...this.#pages.keys()].sort()
  }
}

/** The operator's node behind nodes of the inputs' schemas. */
function graphOf({ node, input, secondInput, inputKey }: HarnessOptions): OperatorGraph {
  const from = [input, ...(secondInput === undefined ? [] : [secondInput])].map(
    (schema, id): OperatorNode => ({
      kind: 'values',
      id,
      uid: `i${id}`,
      inputs: [],
      schema,
      changelog: ALL_CHANGES,
      description: '',
      rows: [],
      ...(inputKey === undefined ? {} : { upsertKey: inputKey }),
    }),
  )
  return { version: 1, nodes: [...from, node], fingerprint: '' }
}

export interface ThreeRuns {
  readonly straight: readonly string[]
  readonly recovered: readonly string[]
  readonly tiny: readonly string[]
}

/** The script three ways. Late rows, watermarks and processing time are where the steps put them in all three. */
export function runThreeWays(options: HarnessOptions, steps: readonly OperatorStep[]): ThreeRuns {
  const straight = new OperatorHarness(options)
  for (const step of steps) straight.step(step)
  const recovered = new OperatorHarness(options)
  for (const step of steps) {
    recovered.step(step)
    recovered.recover()
  }
  const tiny = new OperatorHarness(options)
  for (const step of steps) tiny.step(step, true)
  return { straight: straight.emitted, recovered: recovered.emitted, tiny: tiny.emitted }
}

/** The table that a changelog adds up to: its rows, sorted. */
export function materialize(lines: readonly string[]): string[] {
  const rows = new Map<string, number>()
  for (const line of lines) {
    if (line.startsWith('watermark')) continue
    const row = line.slice(3)
    const count = (rows.get(row) ?? 0) + (line.startsWith('-') ? -1 : 1)
    if (count === 0) rows.delete(row)
    else rows.set(row, count)
  }
  return [...rows]
    .flatMap(([row, count]) => (count > 0 ? Array.from({ length: count }, () => row) : [`${row} x ${count}`]))
    .sort()
}

export type NodeOf<Kind extends OperatorNode['kind']> = Extract<OperatorNode, { kind: Kind }>
