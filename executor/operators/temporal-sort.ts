/**
 * ORDER BY a time attribute, ascending, and then other columns
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/orderby/). By event time rows wait
 * until the watermark has reached them, and what is not above the last row that came out is late; by processing time
 * they wait for the next millisecond, in which no more rows of theirs can come.
 */
import { type ChangeBatch, createBatch } from '../../core/change-batch.ts'
import type { TemporalSortNode } from '../../planner/physical/graph.ts'
import { SortedRows } from '../../state/table/sorted-rows.ts'
import type { FixedStore } from '../../state/table/stored-column.ts'
import { CounterPage } from './counter-page.ts'
import { MIN_WATERMARK, type Operator, type OperatorContext, type OperatorMetrics, type StatePage } from './operator.ts'
import { readWholeNumbers } from './whole-numbers.ts'

/** Rows of an emitted batch. */
const BATCH_ROWS = 4096

export function createTemporalSort(node: TemporalSortNode, context: OperatorContext): Operator {
  return new TemporalSort(node, context)
}

class TemporalSort implements Operator {
  readonly #node: TemporalSortNode
  readonly #context: OperatorContext
  readonly #rows: SortedRows
  /** Time of the last row that came out; by processing time, when the first row began to wait. */
  readonly #last = new CounterPage('last', MIN_WATERMARK)
  #lateRows = 0

  constructor(node: TemporalSortNode, context: OperatorContext) {
    this.#node = node
    this.#context = context
    const order = node.time === 'rowtime' ? node.order : node.order.slice(1)
    this.#rows = new SortedRows({ schema: node.schema, keyTypes: [], order, ttl: 0 })
  }

  get #timeColumn(): number {
    return this.#node.order[0]?.column ?? 0
  }

  onBatch(batch: ChangeBatch): void {
    if (this.#node.time === 'proctime' && this.#node.order.length === 1) {
      this.#context.output.batch(batch)
      return
    }
    if (batch.rows === 0) return
    const from =
      this.#node.time === 'rowtime' ? this.#punctual(batch) : Int32Array.from({ length: batch.rows }, (_, row) => row)
    if (from.length === 0) return
    const [group = 0] = this.#rows.groups([], 1, 0).rowIds
    if (this.#node.time === 'proctime') {
      const now = this.#context.clock.now()
      if (this.#rows.count(group) > 0 && now > this.#last.value) this.#emit(group, () => true)
      this.#last.value = now
    }
    for (const row of this.#rows.store(batch, from, from.length).slice(0, from.length)) this.#rows.insert(group, row)
    this.#rows.compact()
  }

  #punctual(batch: ChangeBatch): Int32Array {
    const column = batch.columns[this.#timeColumn] ?? ({ kind: 'null', nulls: null } as const)
    const times = readWholeNumbers(column, batch.rows)
    const from = new Int32Array(batch.rows)
    let count = 0
    for (let row = 0; row < batch.rows; row++) {
      if ((times[row] as number) > this.#last.value) from[count++] = row
      else this.#lateRows++
    }
    return from.subarray(0, count)
  }

  onWatermark(time: number): void {
    if (this.#node.time === 'rowtime' && this.#rows.size > 0) {
      this.#emit(0, (row) => this.#time(row) <= time)
    }
    this.#context.output.watermark(time)
  }

  #time(row: number): number {
    const { words } = this.#rows.values[this.#timeColumn] as FixedStore
    return (words[2 * row + 1] as number) * 4294967296 + ((words[2 * row] as number) >>> 0)
  }

  onProcessingTime(now: number): void {
    if (this.#node.time === 'proctime' && this.#rows.size > 0 && now > this.#last.value) this.#emit(0, () => true)
  }

  end(): void {
    if (this.#rows.size > 0) this.#emit(0, () => true)
  }

  #emit(group: number, isDue: (row: number) => boolean): void {
    const rows = this.#rows.shift(group, isDue)
    const last = rows.at(-1)
    if (last === undefined) return
    if (this.#node.time === 'rowtime') this.#last.value = this.#time(last)
    for (let from = 0; from < rows.length; from += BATCH_ROWS) {
      const part = rows.subarray(from, from + BATCH_ROWS)
      this.#context.output.batch(createBatch(this.#node.schema, this.#rows.gather(part, part.length), part.length))
    }
    for (const row of rows) this.#rows.free(row)
    this.#rows.compact()
  }

  snapshot(): readonly StatePage[] {
    return [...this.#rows.snapshot(), ...this.#last.snapshot()]
  }

  restore(pages: readonly StatePage[]): void {
    this.#rows.restore(
      pages.filter(({ table }) => table === 'keys' || table === 'rows'),
      0,
    )
    this.#last.restore(pages)
  }

  metrics(): OperatorMetrics {
    return { stateBytes: this.#rows.bytes, stateEntries: this.#rows.size, lateRows: this.#lateRows }
  }
}
