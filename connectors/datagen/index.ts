/** The datagen connector: rows of random values or of sequences, at a steady rate. */
import { createBatch } from '../../core/change-batch.ts'
import { delay } from '../../core/delay.ts'
import type { JsonValue } from '../../core/json.ts'
import type { Source, SourceContext, SourcePoll } from '../api/source.ts'
import { Lanes } from '../api/lanes.ts'
import { createGenerator, type Generator, sequenceLength } from './generator.ts'

export function createSource(context: SourceContext): Source {
  return new DatagenSource(context)
}

export { mergeLanes as mergePositions } from '../api/lanes.ts'

/** Rows are handed over at the latest after this many milliseconds. */
const LATENCY = 10

class DatagenSource implements Source {
  readonly #context: SourceContext
  readonly #generators: readonly Generator[]
  readonly #split: string
  /** One above the last row of all subtasks; Infinity: no end. */
  readonly #end: number
  readonly #rowsPerMillisecond: number
  readonly #lanes: Lanes
  /** When the allowance was last topped up, and the rows allowed and not yet made. */
  #lastTime = 0
  #allowance = 0

  constructor(context: SourceContext) {
    this.#context = context
    this.#split = `datagen-${context.subtask}`
    this.#rowsPerMillisecond = Number(context.options.long('rows-per-second')) / context.parallelism / 1000
    this.#end = this.#rowsInAll()
    this.#lanes = new Lanes(1, context.subtask, context.parallelism)
    this.#generators = context.columns.map((name, index) =>
      createGenerator(name, context.schema.fields[index]?.type, context),
    )
  }

  /** The smallest of `number-of-rows` and all sequences. */
  #rowsInAll(): number {
    const { table, options } = this.#context
    const limit = options.optionalLong('number-of-rows')
    const lengths = table.columns
      .filter((column) => column.kind === 'physical')
      .map((column) => sequenceLength(column.name, options))
    return Math.min(limit === undefined ? Number.POSITIVE_INFINITY : Number(limit), ...lengths)
  }

  /** Rows of the lane whose turn it is. */
  get #left(): number {
    return Math.max(0, Math.ceil((this.#end - this.#lanes.next) / this.#lanes.step))
  }

  async open(position: JsonValue | undefined): Promise<void> {
    this.#lanes.restore(position)
    this.#lastTime = this.#context.clock.now()
    this.#allowance = 1
  }

  poll(maxWait: number): Promise<SourcePoll> | SourcePoll {
    const left = this.#left
    if (left === 0) return { kind: 'end' }
    this.#topUp()
    const wanted = Math.min(this.#context.batchRows, Math.ceil(this.#rowsPerMillisecond * LATENCY), left)
    if (this.#allowance >= wanted) return this.#make()
    const wait = Math.min(maxWait, Math.ceil((wanted - this.#allowance) / this.#rowsPerMillisecond))
    return this.#pause(wait)
  }

  async #pause(milliseconds: number): Promise<SourcePoll> {
    await delay(milliseconds, this.#context.signal)
    this.#topUp()
    return this.#allowance >= 1 ? this.#make() : { kind: 'idle' }
  }

  /** What a slow sink kept back is made up for by one second's rows at the most. */
  #topUp(): void {
    const now = this.#context.clock.now()
    const earned = Math.max(0, now - this.#lastTime) * this.#rowsPerMillisecond
    this.#lastTime = now
    this.#allowance = Math.min(this.#allowance + earned, Math.max(1, this.#rowsPerMillisecond * 1000))
  }

  #make(): SourcePoll {
    const { batchRows, schema } = this.#context
    const rows = Math.min(batchRows, Math.floor(this.#allowance), this.#left)
    const { next, step } = this.#lanes
    const columns = this.#generators.map((generate) => generate(next, step, rows))
    this.#lanes.advance(rows)
    this.#allowance -= rows
    return { kind: 'rows', split: this.#split, batch: createBatch(schema, columns, rows), bytes: 0 }
  }

  splits(): readonly string[] {
    return this.#left === 0 ? [] : [this.#split]
  }

  position(): JsonValue {
    return this.#lanes.position()
  }

  async close(): Promise<void> {}
}
