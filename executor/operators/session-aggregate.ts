/**
 * GROUP BY the window of SESSION: one result for each session, when time has passed its end
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/window-tvf/#session).
 *
 * Sessions that merge add their accumulators up. Where these cannot be added up (DISTINCT, collections) the rows are
 * kept, and aggregated in the order in which they came when the session ends.
 */
import { type ChangeBatch, createBatch, gatherRows } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { INT, type Schema, withNullability } from '../../core/types.ts'
import type { SessionWindow } from '../../planner/physical/window-spec.ts'
import type { WindowAggregateNode } from '../../planner/physical/graph.ts'
import { AggregateTable, type AggregateTablePlan, planAggregates } from './aggregate-table.ts'
import { CounterPage } from './counter-page.ts'
import { MIN_WATERMARK, type Operator, type OperatorContext, type OperatorMetrics, type StatePage } from './operator.ts'
import { SessionRows } from './session-rows.ts'
import { LATE, SessionWindows } from './session-windows.ts'
import { propertyColumns, type WindowBounds } from './window-bounds.ts'

const TABLE = 'aggregates'

export class SessionAggregate implements Operator {
  readonly #node: WindowAggregateNode
  readonly #window: SessionWindow
  readonly #context: OperatorContext
  readonly #windows: SessionWindows
  readonly #plan: AggregateTablePlan
  /** By id of the session; absent where rows are kept. */
  readonly #aggregates: AggregateTable | undefined
  readonly #rows: SessionRows | undefined
  readonly #progress = new CounterPage('progress', MIN_WATERMARK)
  /** Rows of the batch at hand whose session is known and that are not yet aggregated, and their sessions. */
  #known = new Int32Array(0)
  #sessions = new Int32Array(0)
  #lateRows = 0

  constructor(node: WindowAggregateNode, window: SessionWindow, input: Schema, context: OperatorContext) {
    this.#node = node
    this.#window = window
    this.#context = context
    this.#windows = new SessionWindows(window, node.keys, input, context)
    this.#plan = planAggregates([withNullability(INT, false)], node.aggregates, node.inputRetracts)
    if (this.#plan.mergeable) this.#aggregates = new AggregateTable(this.#plan)
    else this.#rows = new SessionRows(this.#windows.keyTypes, input)
  }

  onBatch(batch: ChangeBatch): void {
    if (batch.rows === 0) return
    const keys = this.#windows.keysOf(batch)
    const times = this.#windows.timesOf(batch, this.#progress.value)
    if (this.#known.length < batch.rows) {
      this.#known = new Int32Array(batch.rows)
      this.#sessions = new Int32Array(batch.rows)
    }
    const [rows, sessions] = [this.#known, this.#sessions]
    let count = 0
    const flush = (): void => {
      if (count > 0) this.#add(batch, keys, times, count)
      count = 0
    }
    const user = {
      merge: (into: number, from: number): void => {
        flush()
        this.#aggregates?.mergeGroup([one(into)], [one(from)])
      },
    }
    this.#windows.assign(keys, times, batch.rows, this.#progress.value, user, (row, session) => {
      if (session === LATE) {
        this.#lateRows++
        return
      }
      rows[count] = row
      sessions[count++] = session
    })
    flush()
  }

  #add(batch: ChangeBatch, keys: readonly Column[], times: Float64Array, count: number): void {
    const part = count === batch.rows ? batch : gatherRows(batch, this.#known, count)
    if (this.#aggregates !== undefined) {
      this.#aggregates.update(part, [{ kind: 'i32', values: this.#sessions, nulls: null }], false, 0)
      this.#aggregates.settle()
      return
    }
    const own = part === batch ? keys : this.#windows.keysOf(part)
    this.#rows?.add(
      part,
      own,
      part === batch ? times : Float64Array.from(this.#known.subarray(0, count), (row) => times[row] as number),
    )
  }

  onWatermark(time: number): void {
    if (this.#window.time === 'rowtime') this.#advance(time)
    this.#context.output.watermark(time)
  }

  onProcessingTime(now: number): void {
    if (this.#window.time === 'proctime' && now > this.#progress.value) this.#advance(now)
  }

  /** Sessions of processing time that are open are given out, so that bounded input loses no rows. */
  end(): void {
    if (this.#window.time === 'proctime') this.#advance(Number.MAX_SAFE_INTEGER)
  }

  #advance(time: number): void {
    const due = this.#windows.due(time)
    if (due.length > 0) {
      if (this.#aggregates !== undefined) this.#fire(due, this.#aggregates)
      else if (this.#rows !== undefined) this.#fireRows(due, this.#rows)
      for (const session of due) this.#windows.remove(session)
      this.#windows.compact()
    }
    this.#progress.value = Math.max(this.#progress.value, time)
  }

  #fire(due: Int32Array, aggregates: AggregateTable): void {
    const ids: Column = { kind: 'i32', values: due, nulls: null }
    const groups = aggregates.table.lookup([ids], due.length).slice(0, due.length)
    this.#emit(due, groups, aggregates)
    for (const group of groups) if (group >= 0) aggregates.table.remove(group)
    aggregates.settle()
  }

  #fireRows(due: Int32Array, rows: SessionRows): void {
    const { batch, sessions } = rows.take(this.#windows, due)
    const table = new AggregateTable(this.#plan)
    if (batch.rows > 0) table.update(batch, [{ kind: 'i32', values: sessions, nulls: null }], false, 0)
    table.settle()
    const positions = Int32Array.from(due, (_, position) => position)
    const groups = table.table.lookup([{ kind: 'i32', values: positions, nulls: null }], due.length)
    this.#emit(due, groups.slice(0, due.length), table)
  }

  /** @param groups -1: all rows of the session were taken back */
  #emit(due: Int32Array, groups: Int32Array, table: AggregateTable): void {
    const sessions = due.filter((_, position) => (groups[position] as number) >= 0)
    const found = groups.filter((group) => group >= 0)
    const count = found.length
    if (count === 0) return
    const bounds: WindowBounds = {
      starts: Float64Array.from(sessions, (session) => this.#windows.startOf(session)),
      ends: Float64Array.from(sessions, (session) => this.#windows.endOf(session)),
      count,
    }
    const columns = [
      ...this.#windows.keyColumns(sessions, count),
      ...table.results(found, count),
      ...propertyColumns(this.#node, this.#windows.clock, this.#context.clock.now(), bounds),
    ]
    this.#context.output.batch(createBatch(this.#node.schema, columns, count))
  }

  snapshot(): readonly StatePage[] {
    return [
      ...this.#windows.snapshot(),
      ...(this.#aggregates?.snapshot(TABLE) ?? []),
      ...(this.#rows?.snapshot() ?? []),
      ...this.#progress.snapshot(),
    ]
  }

  restore(pages: readonly StatePage[]): void {
    this.#progress.restore(pages)
    this.#windows.restore(pages)
    this.#aggregates?.restore(TABLE, pages, 0)
    this.#rows?.restore(pages)
  }

  metrics(): OperatorMetrics {
    return {
      stateBytes: this.#windows.bytes + (this.#aggregates?.bytes ?? 0) + (this.#rows?.bytes ?? 0),
      stateEntries: this.#windows.size + (this.#rows?.size ?? 0),
      lateRows: this.#lateRows,
    }
  }
}

function one(session: number): Column {
  return { kind: 'i32', values: Int32Array.of(session), nulls: null }
}
