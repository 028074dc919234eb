/**
 * SessionWindows: the open sessions of each key, that grow and merge as rows come, and the order in which they end. A
 * session reaches from its first row to its last one plus the gap; rows that touch it belong to it. It has an id, under
 * which its user keeps what it knows of it.
 *
 * Laws:
 * 1. An id is stable from the first row to the end, also over a restore. When sessions merge one of the ids stays.
 * 2. Sessions of one key neither overlap nor touch.
 * 3. A session that ends where time has passed already is late, and is none.
 */
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { invariant } from '../../core/errors.ts'
import type { Schema, SqlType } from '../../core/types.ts'
import type { SessionWindow } from '../../planner/physical/window-spec.ts'
import { KeyedRows } from '../../state/table/keyed-rows.ts'
import type { FixedStore } from '../../state/table/stored-column.ts'
import type { OperatorContext, StatePage } from './operator.ts'
import { TimerQueue } from './timer-queue.ts'
import { WallClock } from './wall-clock.ts'
import { arrayFor } from '../../state/table/memory.ts'

const TABLE = 'sessions'
/** In place of an id: the row's session has ended already. */
export const LATE = -1

export interface SessionUser {
  /** Session `from` becomes part of session `into`. Its id may be used again afterwards. */
  merge(into: number, from: number): void
}

export class SessionWindows {
  readonly clock: WallClock
  readonly keyTypes: readonly SqlType[]
  readonly #window: SessionWindow
  readonly #keys: readonly number[]
  readonly #context: OperatorContext
  readonly #sessions: KeyedRows
  readonly #starts: FixedStore
  readonly #ends: FixedStore
  /** Ascending in the order in which sessions began: ids say nothing of it. */
  readonly #opened: FixedStore
  #nextOpened = 0
  /** Of the rows of the batch at hand. */
  #groups = new Int32Array(0)
  /** One for each session, at its end or, where it has grown since, before it. */
  readonly #timers = new TimerQueue()
  /** By session: when its timer goes off. */
  #scheduled = new Float64Array(16)
  readonly #fireDelay: number
  #times = new Float64Array(0)

  /** @param keys columns of the input */
  constructor(window: SessionWindow, keys: readonly number[], input: Schema, context: OperatorContext) {
    const typeOf = (column: number): SqlType => input.fields[column]?.type ?? { kind: 'NULL', nullable: true }
    this.#window = window
    this.#keys = keys
    this.#context = context
    this.clock = new WallClock(typeOf(window.timeColumn), context.timeZone)
    this.keyTypes = keys.map(typeOf)
    this.#sessions = new KeyedRows(this.keyTypes, [{ kind: 'f64' }, { kind: 'f64' }, { kind: 'f64' }])
    this.#starts = this.#sessions.values[0] as FixedStore
    this.#ends = this.#sessions.values[1] as FixedStore
    this.#opened = this.#sessions.values[2] as FixedStore
    // A watermark says that all rows up to it are there; of a clock the end itself has to be reached.
    this.#fireDelay = window.time === 'rowtime' ? 0 : 1
  }

  keysOf(batch: ChangeBatch): readonly Column[] {
    return this.#keys.map((key) => {
      const column = batch.columns[key]
      invariant(column !== undefined, 'a key is a column of the input')
      return column
    })
  }

  /**
   * Local times of the rows, valid until the next call. Errors: NOT_NULL_VIOLATION for a row without a time.
   *
   * @param progress up to where sessions have ended
   */
  timesOf(batch: ChangeBatch, progress: number): Float64Array {
    if (this.#times.length < batch.rows) this.#times = new Float64Array(batch.rows)
    if (this.#window.time === 'proctime') {
      const now = Math.max(this.#context.clock.now(), progress)
      return this.#times.fill(this.clock.toLocal(now), 0, batch.rows)
    }
    const column = batch.columns[this.#window.timeColumn]
    invariant(column !== undefined, 'a window has a time attribute')
    this.clock.readLocal(column, batch.rows, this.#times)
    return this.#times
  }

  get size(): number {
    return this.#sessions.size
  }

  get bytes(): number {
    return this.#sessions.bytes + this.#timers.bytes + this.#scheduled.byteLength
  }

  startOf(session: number): number {
    return this.#starts.values[session] as number
  }

  endOf(session: number): number {
    return this.#ends.values[session] as number
  }

  /** Keys of sessions. */
  keyColumns(sessions: Int32Array, count: number): Column[] {
    const groups = new Int32Array(count)
    for (let i = 0; i < count; i++) groups[i] = this.#sessions.groupOf(sessions[i] as number)
    return this.#sessions.keys.keys.map((key) => key.gather(groups, count))
  }

  /**
   * The session of each row; LATE where it has ended.
   *
   * @param times local
   * @param progress up to where sessions have ended
   * @param user told of merges, before later rows are looked at
   * @param assign told the session of each row, in the order of the rows
   */
  assign(
    keys: readonly Column[],
    times: Float64Array,
    rows: number,
    progress: number,
    user: SessionUser,
    assign: (row: number, session: number) => void,
  ): void {
    if (this.#groups.length < rows) this.#groups = new Int32Array(rows)
    const groups = this.#groups
    groups.set(this.#sessions.keys.intern(keys, rows).rowIds.subarray(0, rows))
    for (let row = 0; row < rows; row++) {
      const group = groups[row] as number
      const time = times[row] as number
      const known = this.#extend(group, time, user)
      assign(row, known === LATE ? this.#open(group, time, progress) : known)
    }
    for (let row = 0; row < rows; row++) {
      const group = groups[row] as number
      if (this.#sessions.count(group) === 0) this.#sessions.keys.remove(group)
    }
  }

  /** The open session that the time belongs to, with the time in it. */
  #extend(group: number, time: number, user: SessionUser): number {
    let start = time
    let end = time + this.#window.gap
    let found = LATE
    for (let session = this.#sessions.first(group); session >= 0; ) {
      const next = this.#sessions.next(session)
      if (this.startOf(session) <= end && this.endOf(session) >= start) {
        start = Math.min(start, this.startOf(session))
        end = Math.max(end, this.endOf(session))
        if (found === LATE) found = session
        else {
          user.merge(found, session)
          this.#sessions.remove(session)
        }
      }
      session = next
    }
    if (found === LATE || (start === this.startOf(found) && end === this.endOf(found))) return found
    this.#starts.values[found] = start
    this.#ends.values[found] = end
    this.#sessions.touch(found)
    return found
  }

  #open(group: number, time: number, progress: number): number {
    const end = time + this.#window.gap
    if (this.#fireTime(end) <= progress) return LATE
    const session = this.#sessions.appendTo(group)
    this.#starts.values[session] = time
    this.#ends.values[session] = end
    this.#opened.values[session] = this.#nextOpened++
    this.#schedule(session)
    return session
  }

  #fireTime(end: number): number {
    return this.clock.toEpoch(end - 1) + this.#fireDelay
  }

  #schedule(session: number): void {
    this.#scheduled = arrayFor(this.#scheduled, session + 1)
    const time = this.#fireTime(this.endOf(session))
    this.#scheduled[session] = time
    this.#timers.push(time, session)
  }

  /** Sessions that have ended at this time, in the order of their ends, then of their beginning. They stay until `remove`. */
  due(time: number): Int32Array {
    const sessions: number[] = []
    while (this.#timers.next <= time) {
      const scheduled = this.#timers.next
      const session = this.#timers.pop()
      // The session may be gone, and another one have its id.
      if (!this.#sessions.isAttached(session) || this.#scheduled[session] !== scheduled) continue
      this.#scheduled[session] = Number.NaN
      if (this.#fireTime(this.endOf(session)) <= time) sessions.push(session)
      else this.#schedule(session)
    }
    const opened = this.#opened.values as Float64Array
    const before = (a: number, b: number): number => (opened[a] as number) - (opened[b] as number)
    return Int32Array.from(sessions.sort((a, b) => this.endOf(a) - this.endOf(b) || before(a, b)))
  }

  remove(session: number): void {
    this.#sessions.remove(session)
  }

  compact(): void {
    this.#sessions.compact()
  }

  snapshot(): StatePage[] {
    return this.#sessions.snapshot(TABLE)
  }

  restore(pages: readonly StatePage[]): void {
    this.#sessions.restore(TABLE, pages)
    for (const session of this.#sessions.allRows()) {
      this.#schedule(session)
      this.#nextOpened = Math.max(this.#nextOpened, (this.#opened.values[session] as number) + 1)
    }
  }
}
