/**
 * OVER aggregates whose rows wait, for the watermark or for the end of the millisecond, or stay as long as a frame may
 * need them. A timer for each group and time; rows come out in the order of their time, groups in the order of their
 * first row of that time.
 *
 * What is late, as in Flink: without a bound what is not above the watermark, with one what is not above the last row
 * of its partition that came out. What is kept of a partition goes when no frame can need it any more (RANGE), or when
 * nothing has come for the time to live (ROWS, and without a bound).
 */
import { type ChangeBatch, createBatch } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { gatherColumn } from '../../core/column-ops.ts'
import { BIGINT, INT, type Schema } from '../../core/types.ts'
import type { OverAggregateNode } from '../../planner/physical/graph.ts'
import { SortedRows } from '../../state/table/sorted-rows.ts'
import type { FixedStore } from '../../state/table/stored-column.ts'
import { AggregateTable, planAggregates } from './aggregate-table.ts'
import { CounterPage } from './counter-page.ts'
import { keyColumnsOf, keyTypesOf } from './key-columns.ts'
import { MIN_WATERMARK, type Operator, type OperatorContext, type OperatorMetrics, type StatePage } from './operator.ts'
import { type FrameLoop, frameLoop, OverSteps } from './over-frame.ts'
import { TimerQueue } from './timer-queue.ts'
import { readWholeNumbers } from './whole-numbers.ts'

const ACCUMULATORS = 'accumulators'
/** Rows that come out at once. */
const BATCH_ROWS = 4096
/** Groups that one call looks at for ones that have been idle. */
const SWEEP_GROUPS = 1 << 12

export class BufferedOver implements Operator {
  readonly #node: OverAggregateNode
  readonly #context: OperatorContext
  readonly #rows: SortedRows
  readonly #accumulators: AggregateTable
  readonly #frame: FrameLoop
  readonly #steps = new OverSteps()
  readonly #timers = new TimerQueue()
  /** The watermark, or the processing time up to which rows have come out. */
  readonly #progress = new CounterPage('progress', MIN_WATERMARK)
  /** Column of the stored rows that holds their time. */
  readonly #timeColumn: number
  readonly #width: number
  /** Rows do not wait: each comes out when it comes. */
  readonly #immediate: boolean
  readonly #bounded: boolean
  /** Milliseconds that a frame of RANGE reaches back; undefined: a partition is not forgotten for having no rows in it. */
  readonly #reach: number | undefined
  #released: number[] = []
  #sweepAt = 0
  #lateRows = 0

  constructor(node: OverAggregateNode, input: Schema, context: OperatorContext) {
    this.#node = node
    this.#context = context
    const { frame, time, order, keys, calls } = node
    this.#bounded = frame.start !== null
    this.#immediate = time === 'proctime' && frame.unit === 'ROWS'
    this.#reach = frame.start !== null && frame.unit === 'RANGE' ? -frame.start : undefined
    this.#width = input.fields.length
    // Processing time is that of the arrival here, and not what a column says.
    this.#timeColumn = time === 'proctime' ? this.#width : order.column
    const schema = time === 'proctime' ? { fields: [...input.fields, { name: '$time', type: BIGINT }] } : input
    this.#rows = new SortedRows({
      schema,
      keyTypes: keyTypesOf(input, keys),
      order: [{ column: this.#timeColumn, descending: false, nullsFirst: true }],
      // Time of the last row that came out; when the partition can be forgotten; when it was last written.
      keyValues: [{ kind: 'f64' }, { kind: 'f64' }, { kind: 'f64' }],
      ttl: 0,
    })
    this.#accumulators = new AggregateTable(planAggregates([INT], calls, this.#bounded))
    this.#frame = frameLoop(frame, {
      rows: this.#rows,
      time: (row) => this.#time(row),
      release: (row) => this.#released.push(row),
    })
  }

  #perGroup(column: 0 | 1 | 2): Float64Array {
    return (this.#rows.keys.values[column] as FixedStore).values as Float64Array
  }

  #time(row: number): number {
    const { words } = this.#rows.values[this.#timeColumn] as FixedStore
    return (words[2 * row + 1] as number) * 4294967296 + ((words[2 * row] as number) >>> 0)
  }

  onBatch(batch: ChangeBatch): void {
    if (batch.rows === 0) return
    const now = this.#context.clock.now()
    if (this.#node.time === 'proctime') this.#store(withTime(batch, now), new Float64Array(batch.rows).fill(now), now)
    else {
      const column = batch.columns[this.#timeColumn] ?? ({ kind: 'null', nulls: null } as const)
      this.#store(batch, readWholeNumbers(column, batch.rows), now)
    }
  }

  #store(batch: ChangeBatch, times: Float64Array, now: number): void {
    // What was to come out before this moment does so first.
    if (this.#node.time === 'proctime' && !this.#immediate) this.#advance(now - 1)
    const found = this.#rows.groups(keyColumnsOf(batch, this.#node.keys), batch.rows, 0)
    const groups = found.rowIds.slice(0, batch.rows)
    const last = this.#perGroup(0)
    for (let row = 0; row < batch.rows; row++) {
      if (found.inserted[row] === 1) last[groups[row] as number] = MIN_WATERMARK
    }
    const from = this.#punctual(groups, times, batch.rows)
    const ids = this.#rows.store(batch, from, from.length)
    for (const [i, row] of from.entries()) {
      const group = groups[row] as number
      const position = this.#rows.insert(group, ids[i] as number)
      if (this.#immediate) this.#frame(this.#steps, group, position, position + 1)
      else this.#expect(group, times[row] as number, position)
      if (this.#node.stateTtl > 0) this.#touch(group, now)
    }
    if (this.#immediate) this.#emit()
    this.#settle()
  }

  #punctual(groups: Int32Array, times: Float64Array, rows: number): Int32Array {
    const from = new Int32Array(rows)
    if (this.#node.time === 'proctime') return from.map((_, row) => row)
    const last = this.#perGroup(0)
    let count = 0
    for (let row = 0; row < rows; row++) {
      const limit = this.#bounded ? (last[groups[row] as number] as number) : this.#progress.value
      if ((times[row] as number) > limit) from[count++] = row
      else this.#lateRows++
    }
    return from.subarray(0, count)
  }

  /** A timer for the first row of a time, and one for when the partition is out of reach. */
  #expect(group: number, time: number, position: number): void {
    if (position === 0 || this.#time(this.#rows.at(group, position - 1)) !== time) this.#timers.push(time, group)
    if (this.#reach === undefined) return
    const cleanup = this.#perGroup(1)
    const known = cleanup[group] as number
    if (known !== 0 && known >= time + this.#reach + 1) return
    cleanup[group] = time + Math.floor(this.#reach * 1.5) + 1
    this.#rows.keys.storage.mark(group)
    this.#timers.push(cleanup[group], group)
  }

  #touch(group: number, now: number): void {
    this.#perGroup(2)[group] = now
    this.#rows.keys.storage.mark(group)
  }

  onWatermark(time: number): void {
    if (this.#node.time === 'rowtime') this.#advance(time)
    this.#context.output.watermark(time)
  }

  onProcessingTime(now: number): void {
    if (this.#node.time === 'proctime' && !this.#immediate) this.#advance(now - 1)
    if (this.#node.stateTtl > 0) this.#forgetIdle(now)
  }

  end(): void {
    if (this.#node.time === 'proctime') this.#advance(Number.MAX_SAFE_INTEGER)
  }

  #advance(time: number): void {
    if (time <= this.#progress.value) return
    while (this.#timers.next <= time) this.#fire(this.#timers.next)
    this.#emit()
    this.#settle()
    this.#progress.value = time
  }

  /** All groups that have something to do at a time, in the order of their first rows of it. */
  #fire(time: number): void {
    const group = this.#timers.pop()
    if (this.#timers.next !== time) {
      this.#fireGroup(group, time)
      return
    }
    const groups = new Set([group])
    while (this.#timers.next === time) groups.add(this.#timers.pop())
    const place = (of: number): number => this.#rows.placeOf(this.#rows.at(of, this.#firstAt(of, time)))
    const waiting = [...groups].filter((of) => this.#firstAt(of, time) >= 0)
    for (const of of groups) if (!waiting.includes(of)) this.#fireGroup(of, time)
    const places = new Map(waiting.map((of) => [of, place(of)]))
    waiting.sort((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0))
    for (const of of waiting) this.#fireGroup(of, time)
  }

  /** Position of a group's first row of a time, -1 where there is none. */
  #firstAt(group: number, time: number): number {
    if (!this.#rows.keys.storage.has(group)) return -1
    const position = this.#rows.position(group, (row) => this.#time(row) < time)
    return position < this.#rows.count(group) && this.#time(this.#rows.at(group, position)) === time ? position : -1
  }

  #fireGroup(group: number, time: number): void {
    const position = this.#firstAt(group, time)
    if (position < 0) {
      const cleanup = this.#rows.keys.storage.has(group) ? (this.#perGroup(1)[group] as number) : 0
      if (cleanup !== 0 && cleanup <= time) this.#forget(group)
      return
    }
    const end = this.#rows.position(group, (row) => this.#time(row) <= time)
    this.#frame(this.#steps, group, position, end)
    this.#perGroup(0)[group] = time
    this.#rows.keys.storage.mark(group)
    if (this.#steps.dueCount >= BATCH_ROWS) this.#emit()
  }

  #emit(): void {
    const { count, rows, kinds, groups, due, dueCount, results } = this.#steps
    if (dueCount === 0) return
    const columns = this.#rows.gather(rows, count).slice(0, this.#width)
    const batch = { schema: { fields: [] }, rows: count, columns, kinds: this.#bounded ? kinds : null }
    const update = this.#accumulators.update(batch, [{ kind: 'i32', values: groups, nulls: null }], true, 0)
    const after = Int32Array.from({ length: dueCount }, (_, i) => 2 * (results[i] as number) + 1)
    const input = this.#rows.gather(due, dueCount).slice(0, this.#width)
    const aggregates = update.results.map((column) => gatherColumn(column, after, dueCount))
    this.#context.output.batch(createBatch(this.#node.schema, [...input, ...aggregates], dueCount))
    this.#accumulators.settle()
    this.#steps.clear()
    for (const row of this.#released) this.#rows.free(row)
    this.#released = []
  }

  #settle(): void {
    this.#rows.compact()
  }

  #forget(group: number): void {
    this.#emit()
    const found = this.#accumulators.table.lookup([{ kind: 'i32', values: Int32Array.of(group), nulls: null }], 1)
    const [row = -1] = found
    if (row >= 0) this.#accumulators.table.remove(row)
    this.#rows.keys.remove(group)
  }

  /** Partitions of which nothing has come for the time to live, and nothing waits. */
  #forgetIdle(now: number): void {
    const { stateTtl } = this.#node
    if (this.#reach !== undefined) return
    const { storage } = this.#rows.keys
    for (let looked = Math.min(SWEEP_GROUPS, storage.high); looked > 0; looked--) {
      if (this.#sweepAt >= storage.high) this.#sweepAt = 0
      const group = this.#sweepAt++
      if (!storage.has(group) || now - (this.#perGroup(2)[group] as number) < stateTtl) continue
      if (!this.#waits(group)) this.#forget(group)
    }
  }

  #waits(group: number): boolean {
    const count = this.#rows.count(group)
    if (count === 0 || this.#immediate) return false
    return this.#time(this.#rows.at(group, count - 1)) > (this.#perGroup(0)[group] as number)
  }

  snapshot(): readonly StatePage[] {
    return [...this.#rows.snapshot(), ...this.#accumulators.snapshot(ACCUMULATORS), ...this.#progress.snapshot()]
  }

  restore(pages: readonly StatePage[]): void {
    this.#rows.restore(
      pages.filter(({ table }) => table === 'keys' || table === 'rows'),
      0,
    )
    this.#accumulators.restore(ACCUMULATORS, pages, 0)
    this.#progress.restore(pages)
    if (this.#immediate) return
    const [last, cleanup] = [this.#perGroup(0), this.#perGroup(1)]
    for (const row of this.#rows.rows()) {
      const group = this.#rows.groupOf(row)
      if (this.#time(row) > (last[group] as number)) this.#timers.push(this.#time(row), group)
    }
    for (const group of this.#rows.keys.rows()) {
      if (cleanup[group] !== 0) this.#timers.push(cleanup[group] as number, group)
    }
  }

  metrics(): OperatorMetrics {
    return {
      stateBytes: this.#rows.bytes + this.#accumulators.bytes + this.#timers.bytes,
      stateEntries: this.#rows.size + this.#accumulators.size,
      lateRows: this.#lateRows,
    }
  }
}

function withTime(batch: ChangeBatch, now: number): ChangeBatch {
  const time: Column = { kind: 'i64', values: new BigInt64Array(batch.rows).fill(BigInt(now)), nulls: null }
  return { ...batch, columns: [...batch.columns, time] }
}
