/** The datagen connector: rows of random values or of sequences, at a steady rate. */
import { createBatch } from '../../core/change-batch.ts'
import { delay } from '../../core/delay.ts'
import type { JsonValue } from '../../core/json.ts'
import type { Source, SourceContext, SourcePoll } from '../api/source.ts'
import { createGenerator, type Generator, sequenceLength } from './generator.ts'

export function createSource(context: SourceContext): Source {
  return new DatagenSource(context)
}

/** Rows are handed over at the latest after this many milliseconds. */
const LATENCY = 10

class DatagenSource implements Source {
  readonly #context: SourceContext
  readonly #generators: readonly Generator[]
  readonly #split: string
  /** Rows that this subtask makes in all; Infinity: no end. */
  readonly #total: number
  readonly #rowsPerMillisecond: number
  #emitted = 0
  /** When the allowance was last topped up, and the rows allowed and not yet made. */
  #lastTime = 0
  #allowance = 0

  constructor(context: SourceContext) {
    this.#context = context
    this.#split = `datagen-${context.subtask}`
    this.#rowsPerMillisecond = Number(context.options.long('rows-per-second')) / context.parallelism / 1000
    this.#total = this.#rowsOfSubtask()
    this.#generators = context.columns.map((name, index) =>
      createGenerator(name, context.schema.fields[index]?.type, context),
    )
  }

  /** The smallest of `number-of-rows` and all sequences, dealt out over the subtasks in turn. */
  #rowsOfSubtask(): number {
    const { table, options, subtask, parallelism } = this.#context
    const limit = options.optionalLong('number-of-rows')
    const lengths = table.columns
      .filter((column) => column.kind === 'physical')
      .map((column) => sequenceLength(column.name, options))
    const all = Math.min(limit === undefined ? Number.POSITIVE_INFINITY : Number(limit), ...lengths)
    return Number.isFinite(all) ? Math.max(0, Math.ceil((all - subtask) / parallelism)) : all
  }

  async open(position: JsonValue | undefined): Promise<void> {
    if (typeof position === 'number') this.#emitted = position
    this.#lastTime = this.#context.clock.now()
    this.#allowance = 1
  }

  poll(maxWait: number): Promise<SourcePoll> | SourcePoll {
    if (this.#emitted >= this.#total) return { kind: 'end' }
    this.#topUp()
    const wanted = Math.min(
      this.#context.batchRows,
      Math.ceil(this.#rowsPerMillisecond * LATENCY),
      this.#total - this.#emitted,
    )
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
    const { batchRows, schema, subtask, parallelism } = this.#context
    const rows = Math.min(batchRows, Math.floor(this.#allowance), this.#total - this.#emitted)
    const first = this.#emitted * parallelism + subtask
    const columns = this.#generators.map((generate) => generate(first, parallelism, rows))
    this.#emitted += rows
    this.#allowance -= rows
    return { kind: 'rows', split: this.#split, batch: createBatch(schema, columns, rows), bytes: 0 }
  }

  splits(): readonly string[] {
    return this.#emitted >= this.#total ? [] : [this.#split]
  }

  position(): JsonValue {
    return this.#emitted
  }

  async close(): Promise<void> {}
}
