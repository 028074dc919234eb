/**
 * The first rows of each window and partition in an order, given out when the watermark has passed the window's end
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/window-topn/ and window-deduplication).
 * Rows come with their windows, and are kept up to the last number that is asked for; rows of windows that are over are
 * late and dropped.
 */
import { type ChangeBatch, createBatch, gatherRows } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { invariant } from '../../core/errors.ts'
import { BIGINT, type Schema, timestamp } from '../../core/types.ts'
import type { SortField } from '../../planner/expression.ts'
import type { AttachedWindow, WindowSpec } from '../../planner/physical/window-spec.ts'
import type { WindowDeduplicateNode, WindowRankNode } from '../../planner/physical/graph.ts'
import { batchOrder } from '../../state/table/row-order.ts'
import { SortedRows } from '../../state/table/sorted-rows.ts'
import type { FixedStore } from '../../state/table/stored-column.ts'
import { CounterPage } from './counter-page.ts'
import { keyColumnsOf, keyTypesOf } from './key-columns.ts'
import { MIN_WATERMARK, type Operator, type OperatorContext, type OperatorMetrics, type StatePage } from './operator.ts'
import { readMilliseconds } from './timestamps.ts'
import { WindowEnds } from './window-ends.ts'

interface WindowRankPlan {
  readonly window: WindowSpec
  readonly attached: AttachedWindow
  readonly keys: readonly number[]
  readonly order: readonly SortField[]
  readonly start: number
  readonly end: number
  /** Whether of equal rows the later one comes first. */
  readonly newestFirst: boolean
  readonly outputRankNumber: boolean
  readonly schema: Schema
}

/** @param input schema of the input */
export function createWindowRank(node: WindowRankNode, input: Schema, context: OperatorContext): Operator {
  return new WindowRank({ ...node, newestFirst: false }, input, context)
}

export function createWindowDeduplicate(
  node: WindowDeduplicateNode,
  input: Schema,
  context: OperatorContext,
): Operator {
  const isLast = node.keep === 'last'
  const order = [{ column: node.timeColumn, descending: isLast, nullsFirst: !isLast }]
  const single = { order, start: 1, end: 1, newestFirst: isLast, outputRankNumber: false }
  return new WindowRank({ ...node, ...single }, input, context)
}

/** Rows of an emitted batch, or a little more. */
const BATCH_ROWS = 4096

class WindowRank implements Operator {
  readonly #plan: WindowRankPlan
  readonly #context: OperatorContext
  readonly #open: WindowEnds
  readonly #rows: SortedRows
  /** By group: the window's end, and the order in which groups have begun. */
  readonly #ends: FixedStore
  readonly #opened: FixedStore
  #nextOpened = 0
  readonly #watermark = new CounterPage('watermark', MIN_WATERMARK)
  #times = new Float64Array(0)
  #lateRows = 0

  constructor(plan: WindowRankPlan, input: Schema, context: OperatorContext) {
    this.#plan = plan
    this.#context = context
    this.#open = new WindowEnds(plan.attached.timeType, context.timeZone)
    // Sessions of other keys may end at the same time; windows of a grid are told by their ends.
    const bounds = plan.window.kind === 'session' ? [BIGINT, timestamp(3)] : [BIGINT]
    this.#rows = new SortedRows({
      schema: input,
      keyTypes: [...bounds, ...keyTypesOf(input, plan.keys)],
      order: plan.order,
      limit: plan.end + 1,
      keyValues: [{ kind: 'f64' }, { kind: 'f64' }],
      ttl: 0,
    })
    this.#ends = this.#rows.keys.values[0] as FixedStore
    this.#opened = this.#rows.keys.values[1] as FixedStore
  }

  onBatch(batch: ChangeBatch): void {
    const punctual = this.#withoutLate(batch)
    if (punctual.rows === 0) return
    const groups = this.#groupsOf(punctual)
    const from = this.#candidates(punctual, groups)
    const stored = this.#rows.store(punctual, from, from.length)
    for (const [i, row] of from.entries()) this.#add(groups[row] as number, stored[i] as number)
    this.#rows.compact()
  }

  #readEnds(batch: ChangeBatch): Float64Array {
    const column = batch.columns[this.#plan.attached.end]
    invariant(column !== undefined, 'a Top-N of windows has window_end')
    if (this.#times.length < batch.rows) this.#times = new Float64Array(batch.rows)
    readMilliseconds(column, 1, batch.rows, 0, this.#times)
    return this.#times
  }

  #withoutLate(batch: ChangeBatch): ChangeBatch {
    const ends = this.#readEnds(batch)
    const kept = new Int32Array(batch.rows)
    let count = 0
    for (let row = 0; row < batch.rows; row++)
      if (!this.#open.isComplete(ends[row] as number, this.#watermark.value)) kept[count++] = row
    if (count === batch.rows) return batch
    this.#lateRows += batch.rows - count
    return gatherRows(batch, kept, count)
  }

  #groupsOf(batch: ChangeBatch): Int32Array {
    const { attached, keys, window } = this.#plan
    const ends = this.#readEnds(batch)
    const start = window.kind === 'session' ? [attached.start] : []
    const endColumn: Column = {
      kind: 'i64',
      values: BigInt64Array.from(ends.subarray(0, batch.rows), BigInt),
      nulls: null,
    }
    const found = this.#rows.groups([endColumn, ...keyColumnsOf(batch, [...start, ...keys])], batch.rows, 0)
    const groups = found.rowIds.slice(0, batch.rows)
    for (const [row, group] of groups.entries()) {
      if (found.inserted[row] === 0) continue
      this.#ends.values[group] = ends[row] as number
      this.#opened.values[group] = this.#nextOpened++
      this.#open.add(ends[row] as number, group)
    }
    return groups
  }

  /** Rows that are not behind all that are kept already. */
  #candidates(batch: ChangeBatch, groups: Int32Array): Int32Array {
    const { end, order, newestFirst } = this.#plan
    const compare = batchOrder(batch.columns, batch.rows, this.#rows.values, order)
    const from = new Int32Array(batch.rows)
    let count = 0
    for (let row = 0; row < batch.rows; row++) {
      const group = groups[row] as number
      if (this.#rows.count(group) >= end) {
        const difference = compare(row, this.#rows.at(group, end - 1))
        if (difference > 0 || (difference === 0 && !newestFirst)) continue
      }
      from[count++] = row
    }
    return from.subarray(0, count)
  }

  #add(group: number, row: number): void {
    const { end, newestFirst } = this.#plan
    if (newestFirst) this.#rows.insertAt(group, this.#rows.firstEqual(group, row), row)
    else this.#rows.insert(group, row)
    if (this.#rows.count(group) <= end) return
    const last = this.#rows.at(group, end)
    this.#rows.removeAt(group, end)
    this.#rows.free(last)
  }

  onWatermark(time: number): void {
    const complete = this.#open.takeComplete(time)
    for (const { end, groups } of complete) this.#fire(end, groups)
    if (complete.length > 0) this.#rows.compact()
    this.#watermark.value = time
    this.#context.output.watermark(time)
  }

  #fire(end: number, groups: readonly number[]): void {
    let rows: number[] = []
    let numbers: number[] = []
    for (const group of groups) {
      for (let number = this.#plan.start; number <= this.#rows.count(group); number++) {
        rows.push(this.#rows.at(group, number - 1))
        numbers.push(number)
      }
      if (rows.length < BATCH_ROWS) continue
      this.#emit(rows, numbers)
      rows = []
      numbers = []
    }
    if (rows.length > 0) this.#emit(rows, numbers)
    for (const group of groups) this.#rows.keys.remove(group)
  }

  #emit(rows: readonly number[], numbers: readonly number[]): void {
    const { schema, outputRankNumber } = this.#plan
    const columns = this.#rows.gather(Int32Array.from(rows), rows.length)
    const number: Column = { kind: 'i64', values: BigInt64Array.from(numbers, BigInt), nulls: null }
    this.#context.output.batch(createBatch(schema, outputRankNumber ? [...columns, number] : columns, rows.length))
  }

  snapshot(): readonly StatePage[] {
    return [...this.#rows.snapshot(), ...this.#watermark.snapshot()]
  }

  restore(pages: readonly StatePage[]): void {
    this.#watermark.restore(pages)
    this.#rows.restore(pages, 0)
    const opened = this.#opened.values as Float64Array
    const groups = this.#rows.keys.rows().sort((a, b) => (opened[a] as number) - (opened[b] as number))
    for (const group of groups) {
      this.#open.add(this.#ends.values[group] as number, group)
      this.#nextOpened = (opened[group] as number) + 1
    }
  }

  metrics(): OperatorMetrics {
    return { stateBytes: this.#rows.bytes, stateEntries: this.#rows.size, lateRows: this.#lateRows }
  }
}
