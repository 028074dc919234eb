/**
 * SESSION without an aggregation by its window on top: keeps the rows of open sessions, and gives them out with
 * window_start, window_end and window_time when the session has ended, in the order in which they came. Rows without a
 * time are dropped, as late ones are.
 */
import { type ChangeBatch, createBatch, gatherRows } from '../../core/change-batch.ts'
import type { Schema } from '../../core/types.ts'
import type { SessionWindow } from '../../planner/physical/window-spec.ts'
import type { WindowTableFunctionNode } from '../../planner/physical/graph.ts'
import { CounterPage } from './counter-page.ts'
import { MIN_WATERMARK, type Operator, type OperatorContext, type OperatorMetrics, type StatePage } from './operator.ts'
import { SessionRows } from './session-rows.ts'
import { LATE, SessionWindows } from './session-windows.ts'
import { appendWindows, rowsWithTime } from './window-table-function.ts'

export class SessionTableFunction implements Operator {
  readonly #node: WindowTableFunctionNode
  readonly #window: SessionWindow
  readonly #context: OperatorContext
  readonly #windows: SessionWindows
  readonly #rows: SessionRows
  readonly #progress = new CounterPage('progress', MIN_WATERMARK)
  #lateRows = 0

  constructor(node: WindowTableFunctionNode, window: SessionWindow, input: Schema, context: OperatorContext) {
    this.#node = node
    this.#window = window
    this.#context = context
    this.#windows = new SessionWindows(window, window.partitionKeys, input, context)
    this.#rows = new SessionRows(this.#windows.keyTypes, input)
  }

  onBatch(batch: ChangeBatch): void {
    const isEventTime = this.#window.time === 'rowtime'
    const timed = isEventTime ? rowsWithTime(batch, this.#window.timeColumn) : batch
    this.#lateRows += batch.rows - timed.rows
    if (timed.rows === 0) return
    const times = this.#windows.timesOf(timed, this.#progress.value)
    const kept: number[] = []
    // Rows are found by key and time: sessions may merge without them.
    const user = { merge: (): void => undefined }
    this.#windows.assign(this.#windows.keysOf(timed), times, timed.rows, this.#progress.value, user, (row, session) => {
      if (session === LATE) this.#lateRows++
      else kept.push(row)
    })
    const part = gatherRows(timed, Int32Array.from(kept), kept.length)
    this.#rows.add(
      part,
      this.#windows.keysOf(part),
      Float64Array.from(kept, (row) => times[row] as number),
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
      this.#emit(due)
      for (const session of due) this.#windows.remove(session)
      this.#windows.compact()
    }
    this.#progress.value = Math.max(this.#progress.value, time)
  }

  #emit(due: Int32Array): void {
    const { batch, sessions } = this.#rows.take(this.#windows, due)
    const idOf = (position: number): number => due[position] as number
    const bounds = {
      starts: Float64Array.from(sessions, (position) => this.#windows.startOf(idOf(position))),
      ends: Float64Array.from(sessions, (position) => this.#windows.endOf(idOf(position))),
      count: batch.rows,
    }
    const columns = appendWindows(this.#node, this.#windows.clock, this.#context.clock.now(), batch.columns, bounds)
    this.#context.output.batch(createBatch(this.#node.schema, columns, batch.rows, batch.kinds))
  }

  snapshot(): readonly StatePage[] {
    return [...this.#windows.snapshot(), ...this.#rows.snapshot(), ...this.#progress.snapshot()]
  }

  restore(pages: readonly StatePage[]): void {
    this.#progress.restore(pages)
    this.#windows.restore(pages)
    this.#rows.restore(pages)
  }

  metrics(): OperatorMetrics {
    return {
      stateBytes: this.#windows.bytes + this.#rows.bytes,
      stateEntries: this.#windows.size + this.#rows.size,
      lateRows: this.#lateRows,
    }
  }
}
