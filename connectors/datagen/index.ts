/** The datagen connector: rows of random values or of sequences, at a steady rate. */
import { createBatch } from '../../core/change-batch.ts'
import { delay } from '../../core/delay.ts'
import type { JsonValue } from '../../core/json.ts'
import type { Source, SourceContext, SourcePoll } from '../api/source.ts'
import { Enumerator } from '../api/enumerator.ts'
import { createGenerator, type Generator, sequenceLength } from './generator.ts'

export function createSource(context: SourceContext): Source {
  return new DatagenSource(context)
}

export { mergePositions } from '../api/enumerator.ts'

/** Rows are handed over at the latest after this many milliseconds. */
const LATENCY = 10

class DatagenSource implements Source {
  readonly #context: SourceContext
  readonly #generators: readonly Generator[]
  readonly #split: string
  readonly #rowsPerMillisecond: number
  /** Rows of all subtasks. */
  readonly #rows: Enumerator
  /** When the allowance was last topped up, and the rows allowed and not yet made. */
  #lastTime = 0
  #allowance = 0

  constructor(context: SourceContext) {
    this.#context = context
    this.#split = `datagen-${context.subtask}`
    this.#rowsPerMillisecond = Number(context.options.long('rows-per-second')) / context.parallelism / 1000
    this.#rows = new Enumerator(context.enumerator, this.#rowsInAll())
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

  async open(position: JsonValue | undefined): Promise<void> {
    this.#rows.restore(position)
    this.#lastTime = this.#context.clock.now()
    this.#allowance = 1
  }

  poll(maxWait: number): Promise<SourcePoll> | SourcePoll {
    if (this.#rows.hasEnded) return { kind: 'end' }
    this.#topUp()
    const wanted = Math.min(this.#context.batchRows, Math.ceil(this.#rowsPerMillisecond * LATENCY), this.#rows.left)
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
    const { first, count } = this.#rows.take(Math.min(batchRows, Math.floor(this.#allowance)))
    if (count === 0) return { kind: 'idle' }
    const columns = this.#generators.map((generate) => generate(first, count))
    this.#allowance -= count
    return { kind: 'rows', split: this.#split, batch: createBatch(schema, columns, count), bytes: 0 }
  }

  splits(): readonly string[] {
    return this.#rows.hasEnded ? [] : [this.#split]
  }

  position(): JsonValue {
    return this.#rows.position()
  }

  async close(): Promise<void> {}
}
