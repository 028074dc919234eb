/** The first row of each key by event time: it waits for the watermark, so that the result only appends. */
import { type ChangeBatch, createBatch } from '../../core/change-batch.ts'
import { invariant } from '../../core/errors.ts'
import type { DeduplicateNode } from '../../planner/physical/graph.ts'
import { KeyedTable } from '../../state/table/keyed-table.ts'
import type { FixedStore } from '../../state/table/stored-column.ts'
import { CounterPage } from './counter-page.ts'
import { keyColumnsOf, keyTypesOf } from './key-columns.ts'
import { MIN_WATERMARK, type Operator, type OperatorContext, type OperatorMetrics, type StatePage } from './operator.ts'
import { putRows, rowColumns } from './row-store.ts'
import { TimerQueue } from './timer-queue.ts'
import { readWholeNumbers } from './whole-numbers.ts'

const WAITING = 'waiting'
const EMITTED = 'emitted'
/** Rows of an emitted batch. */
const BATCH_ROWS = 4096

export class FirstRowByTime implements Operator {
  readonly #node: DeduplicateNode
  readonly #context: OperatorContext
  /** The row of each key that is the first so far. Values: its time, its place among all rows, its columns. */
  readonly #waiting: KeyedTable
  /** Keys that have had their row. */
  readonly #emitted: KeyedTable
  readonly #timers = new TimerQueue()
  readonly #watermark = new CounterPage('watermark', MIN_WATERMARK)
  readonly #arrived = new CounterPage('arrived')
  #lateRows = 0

  constructor(node: DeduplicateNode, context: OperatorContext) {
    this.#node = node
    this.#context = context
    const keyTypes = keyTypesOf(node.schema, node.keys)
    this.#waiting = new KeyedTable(keyTypes, [{ kind: 'f64' }, { kind: 'f64' }, ...rowColumns(node.schema)])
    this.#emitted = new KeyedTable(keyTypes, [], { ttl: node.stateTtl })
  }

  onBatch(batch: ChangeBatch): void {
    const { rows } = batch
    const column = batch.columns[this.#node.timeColumn]
    invariant(column !== undefined, 'the time attribute is a column of the input')
    // Time attributes are milliseconds.
    const times = readWholeNumbers(column, rows)
    const keys = keyColumnsOf(batch, this.#node.keys)
    const known = this.#emitted.lookup(keys, rows, this.#context.clock.now()).slice(0, rows)
    const { rowIds, inserted } = this.#waiting.lookupOrInsert(keys, rows)
    const first = (this.#waiting.values[0] as FixedStore).values as Float64Array
    const places = (this.#waiting.values[1] as FixedStore).values as Float64Array
    for (let row = 0; row < rows; row++)
      if (inserted[row] === 1) first[rowIds[row] as number] = Number.POSITIVE_INFINITY
    const to = new Int32Array(rows)
    const from = new Int32Array(rows)
    let count = 0
    for (let row = 0; row < rows; row++) {
      const group = rowIds[row] as number
      const time = times[row] as number
      if (time < this.#watermark.value) this.#lateRows++
      else if (known[row] === -1 && time < (first[group] as number)) {
        first[group] = time
        places[group] = this.#arrived.value + row
        to[count] = group
        from[count++] = row
      }
    }
    this.#arrived.value += rows
    // In the order of the batch: of several rows for a key the last one is written last, and it is the first by time.
    putRows(this.#waiting.values.slice(2), to, batch, from, count)
    for (let i = 0; i < count; i++) this.#timers.push(times[from[i] as number] as number, to[i] as number)
    for (let row = 0; row < rows; row++) {
      const group = rowIds[row] as number
      if (first[group] === Number.POSITIVE_INFINITY) this.#waiting.remove(group)
    }
    this.#waiting.compact()
  }

  onWatermark(time: number): void {
    if (time > this.#watermark.value) {
      if (this.#timers.next <= time) this.#fire(time)
      this.#watermark.value = time
    }
    this.#context.output.watermark(time)
  }

  #fire(watermark: number): void {
    const times = (this.#waiting.values[0] as FixedStore).values as Float64Array
    const places = (this.#waiting.values[1] as FixedStore).values as Float64Array
    const due = new Set<number>()
    while (this.#timers.next <= watermark) {
      const { next } = this.#timers
      const row = this.#timers.pop()
      // A row with an earlier time has taken its place since.
      if (this.#waiting.storage.has(row) && times[row] === next) due.add(row)
    }
    const rows = Int32Array.from(due).sort(
      (a, b) => (times[a] as number) - (times[b] as number) || (places[a] as number) - (places[b] as number),
    )
    for (let from = 0; from < rows.length; from += BATCH_ROWS) {
      const part = rows.subarray(from, from + BATCH_ROWS)
      const columns = this.#waiting.values.slice(2).map((column) => column.gather(part, part.length))
      this.#context.output.batch(createBatch(this.#node.schema, columns, part.length))
    }
    const keys = this.#waiting.keys.map((column) => column.gather(rows, rows.length))
    this.#emitted.lookupOrInsert(keys, rows.length, this.#context.clock.now())
    for (const row of rows) this.#waiting.remove(row)
    this.#waiting.compact()
    this.#emitted.compact()
  }

  onProcessingTime(now: number): void {
    this.#emitted.sweep(now)
  }

  snapshot(): readonly StatePage[] {
    return [
      ...this.#waiting.snapshotPages().map((page) => ({ table: WAITING, ...page })),
      ...this.#emitted.snapshotPages().map((page) => ({ table: EMITTED, ...page })),
      ...this.#watermark.snapshot(),
      ...this.#arrived.snapshot(),
    ]
  }

  restore(pages: readonly StatePage[]): void {
    this.#waiting.restorePages(pages.filter(({ table }) => table === WAITING))
    this.#emitted.restorePages(
      pages.filter(({ table }) => table === EMITTED),
      this.#context.clock.now(),
    )
    this.#watermark.restore(pages)
    this.#arrived.restore(pages)
    const times = (this.#waiting.values[0] as FixedStore).values as Float64Array
    for (const row of this.#waiting.rows()) this.#timers.push(times[row] as number, row)
  }

  metrics(): OperatorMetrics {
    return {
      stateBytes: this.#waiting.bytes + this.#emitted.bytes + this.#timers.bytes,
      stateEntries: this.#waiting.size + this.#emitted.size,
      lateRows: this.#lateRows,
    }
  }
}
