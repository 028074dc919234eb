/**
 * Frames at work: rows of a group that are due, in their order, become steps of its aggregates, rows that leave the
 * frame before the ones that enter it, and each due row takes the results of one of the steps.
 */
import { DELETE, INSERT } from '../../core/change-batch.ts'
import type { OverFrame } from '../../planner/physical/graph.ts'
import type { SortedRows } from '../../state/table/sorted-rows.ts'

/** Stored rows that are added and taken back, one behind the other. */
export class OverSteps {
  rows = new Int32Array(256)
  kinds = new Uint8Array(256)
  groups = new Int32Array(256)
  count = 0
  /** Rows that come out, and the step behind which each takes its results. */
  due = new Int32Array(256)
  results = new Int32Array(256)
  dueCount = 0

  clear(): void {
    this.count = 0
    this.dueCount = 0
  }

  /** @returns the step's number */
  put(kind: number, group: number, row: number): number {
    if (this.count === this.rows.length) {
      this.rows = grown(this.rows)
      this.groups = grown(this.groups)
      const kinds = new Uint8Array(2 * this.kinds.length)
      kinds.set(this.kinds)
      this.kinds = kinds
    }
    const at = this.count++
    this.rows[at] = row
    this.kinds[at] = kind
    this.groups[at] = group
    return at
  }

  emit(row: number, step: number): void {
    if (this.dueCount === this.due.length) {
      this.due = grown(this.due)
      this.results = grown(this.results)
    }
    this.due[this.dueCount] = row
    this.results[this.dueCount++] = step
  }
}

function grown(values: Int32Array): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(2 * values.length)
  longer.set(values)
  return longer
}

export interface FrameContext {
  readonly rows: SortedRows
  /** Of a stored row, in milliseconds. */
  time(row: number): number
  /** Rows that no frame needs any more, and that are in no list. */
  release(row: number): void
}

/**
 * What becomes of the rows of a group that are due at a time.
 *
 * @param from position of the first, all before it have been due earlier
 * @param to position behind the last
 */
export type FrameLoop = (steps: OverSteps, group: number, from: number, to: number) => void

export function frameLoop({ unit, start }: OverFrame, context: FrameContext): FrameLoop {
  if (start === null) return unit === 'ROWS' ? everyRow(context) : everyTime(context)
  return unit === 'ROWS' ? lastRows(context, 1 - start) : lastTime(context, -start)
}

/** ROWS without bound: accumulators are all that is kept. */
function everyRow({ rows, release }: FrameContext): FrameLoop {
  return (steps, group, from, to) => {
    for (const row of rows.shiftFirst(group, to - from)) {
      steps.emit(row, steps.put(INSERT, group, row))
      release(row)
    }
  }
}

/** RANGE without bound: rows of one time see each other. */
function everyTime({ rows, release }: FrameContext): FrameLoop {
  return (steps, group, from, to) => {
    const due = rows.shiftFirst(group, to - from)
    let last = 0
    for (const row of due) last = steps.put(INSERT, group, row)
    for (const row of due) {
      steps.emit(row, last)
      release(row)
    }
  }
}

/** ROWS with a bound: before a row comes in that makes it too many, the oldest goes. */
function lastRows({ rows, release }: FrameContext, most: number): FrameLoop {
  return (steps, group, from, to) => {
    let inFrame = from
    const due = Array.from({ length: to - from }, (_, at) => rows.at(group, from + at))
    for (const row of due) {
      if (inFrame >= most) {
        const [oldest = -1] = rows.shiftFirst(group, 1)
        steps.put(DELETE, group, oldest)
        release(oldest)
        inFrame--
      }
      steps.emit(row, steps.put(INSERT, group, row))
      inFrame++
    }
  }
}

/** RANGE with a bound. */
function lastTime(context: FrameContext, most: number): FrameLoop {
  const { rows, release } = context
  return (steps, group, from, to) => {
    const due = Array.from({ length: to - from }, (_, at) => rows.at(group, from + at))
    const now = context.time(due[0] ?? -1)
    for (const row of rows.shift(group, (other) => context.time(other) < now - most)) {
      steps.put(DELETE, group, row)
      release(row)
    }
    let last = 0
    for (const row of due) last = steps.put(INSERT, group, row)
    for (const row of due) steps.emit(row, last)
  }
}
