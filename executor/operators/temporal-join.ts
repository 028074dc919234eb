/**
 * Event-time temporal join: each left row with the version of the right row that was current at the left row's time
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/joins/#event-time-temporal-join).
 *
 * Left rows wait until the watermark of both inputs has passed their time; then those of a key are given out in the
 * order in which they came. Of the versions that the watermark has passed only the newest is kept. As in Flink each key
 * has one timer, at the smallest time for which there is something to do.
 */
import { type ChangeBatch, INSERT, isRetraction } from '../../core/change-batch.ts'
import { invariant } from '../../core/errors.ts'
import { type Schema, type SqlType, unitsPerMillisecond } from '../../core/types.ts'
import type { TemporalJoinNode } from '../../planner/physical/join-nodes.ts'
import { KeyedTable } from '../../state/table/keyed-table.ts'
import type { FixedStore } from '../../state/table/stored-column.ts'
import { TimedRows } from '../../state/table/timed-rows.ts'
import { compileJoinCondition, type JoinCondition } from './join-condition.ts'
import { doubled, gatherFrom, JoinedRows, keyColumns, PADDING, type RowSource } from './joined-rows.ts'
import type { Operator, OperatorContext, OperatorMetrics, StatePage } from './operator.ts'
import { rowColumns } from './row-store.ts'
import { TimerQueue } from './timer-queue.ts'
import { readMilliseconds } from './timestamps.ts'

const KEYS = 'keys'
const CHUNK = 8192
const NO_TIMER = Number.POSITIVE_INFINITY

/** @param inputs schemas of the left and the right input */
export function createTemporalJoin(
  node: TemporalJoinNode,
  inputs: readonly [Schema, Schema],
  context: OperatorContext,
): Operator {
  return new TemporalJoin(node, inputs, context)
}

class TemporalJoin implements Operator {
  readonly #node: TemporalJoinNode
  readonly #context: OperatorContext
  readonly #units: readonly [number, number]
  /** With the time of the key's timer, and when its state is cleared. */
  readonly #keys: KeyedTable
  /** In the order of arrival; with row kind and time. */
  readonly #left: TimedRows
  /** In the order of their time, one for each; with the row kind. */
  readonly #versions: TimedRows
  readonly #timers = new TimerQueue()
  readonly #clearings = new TimerQueue()
  readonly #condition: JoinCondition | undefined
  readonly #joined = new JoinedRows()
  #times = new Float64Array(0)
  /** Left rows that are due, and for each its version or PADDING. */
  #due = new Int32Array(1024)
  #matches = new Int32Array(1024)
  #dueCount = 0
  #versionRows = new Int32Array(16)

  constructor(node: TemporalJoinNode, inputs: readonly [Schema, Schema], context: OperatorContext) {
    const [left, right] = inputs
    this.#node = node
    this.#context = context
    this.#units = [unitsOf(left, node.leftTime), unitsOf(right, node.rightTime)]
    const keyTypes = node.leftKeys.map((key): SqlType => left.fields[key]?.type ?? { kind: 'NULL', nullable: true })
    this.#keys = new KeyedTable(keyTypes, [{ kind: 'f64' }, { kind: 'f64' }])
    this.#left = new TimedRows([{ kind: 'i8' }, { kind: 'f64' }, ...rowColumns(left)])
    this.#versions = new TimedRows([{ kind: 'i8' }, ...rowColumns(right)])
    this.#condition =
      node.condition === undefined ? undefined : compileJoinCondition(node.condition, left, right, context)
  }

  get #leftSource(): RowSource {
    return this.#left.values.slice(2)
  }

  get #rightSource(): RowSource {
    return this.#versions.values.slice(1)
  }

  onBatch(batch: ChangeBatch, input: number): void {
    const { rows } = batch
    const times = this.#readTimes(batch, input)
    const keys = keyColumns(batch, input === 0 ? this.#node.leftKeys : this.#node.rightKeys)
    const { rowIds: groups, inserted } = this.#keys.lookupOrInsert(keys, rows)
    const timers = this.#timersOf(0)
    for (let row = 0; row < rows; row++) if (inserted[row] === 1) timers[groups[row] as number] = NO_TIMER
    const ids = new Int32Array(rows)
    for (let row = 0; row < rows; row++) {
      const [group, time] = [groups[row] as number, times[row] as number]
      ids[row] = input === 0 ? this.#left.add(group, 0) : this.#version(group, time)
      if (time < (timers[group] as number)) this.#register(group, time)
    }
    this.#put(batch, input, ids, times)
    this.#postpone(groups, rows)
  }

  #readTimes(batch: ChangeBatch, input: number): Float64Array {
    if (this.#times.length < batch.rows) this.#times = new Float64Array(batch.rows)
    const column = batch.columns[input === 0 ? this.#node.leftTime : this.#node.rightTime]
    invariant(column !== undefined, 'a temporal join has time attributes')
    readMilliseconds(column, this.#units[input === 0 ? 0 : 1], batch.rows, 0, this.#times)
    return this.#times
  }

  /** The row of the version with this time: a later one of the same time takes its place. */
  #version(group: number, time: number): number {
    let row = this.#versions.last(group)
    while (row >= 0 && this.#versions.time(row) > time) row = this.#versions.previous(row)
    if (row < 0 || this.#versions.time(row) !== time) return this.#versions.add(group, time)
    this.#versions.touch(row)
    return row
  }

  #put(batch: ChangeBatch, input: number, ids: Int32Array, times: Float64Array): void {
    const { rows, kinds } = batch
    const side = input === 0 ? this.#left : this.#versions
    const first = input === 0 ? 2 : 1
    const stored = (side.values[0] as FixedStore).values as Int8Array
    for (let row = 0; row < rows; row++) stored[ids[row] as number] = kinds === null ? INSERT : (kinds[row] as number)
    for (const [index, column] of batch.columns.entries()) side.values[first + index]?.put(ids, column, null, rows)
    if (input !== 0) return
    const own = (side.values[1] as FixedStore).values as Float64Array
    for (let row = 0; row < rows; row++) own[ids[row] as number] = times[row] as number
  }

  /** 0: timers of event time; 1: when state is cleared, 0 where it is not. */
  #timersOf(index: 0 | 1): Float64Array {
    return (this.#keys.values[index] as FixedStore).values as Float64Array
  }

  #register(group: number, time: number): void {
    this.#timersOf(0)[group] = time
    this.#timers.push(time, group)
  }

  /** `table.exec.state.ttl`, as Flink: state is cleared between one and one and a half times after the last change. */
  #postpone(groups: Int32Array, count: number): void {
    const { stateTtl } = this.#node
    if (stateTtl === 0) return
    const now = this.#context.clock.now()
    const clearings = this.#timersOf(1)
    for (let i = 0; i < count; i++) {
      const group = groups[i] as number
      if (now + stateTtl <= (clearings[group] as number)) continue
      const at = now + Math.floor((stateTtl * 3) / 2)
      clearings[group] = at
      this.#keys.storage.mark(group)
      this.#clearings.push(at, group)
    }
  }

  onWatermark(time: number): void {
    while (this.#timers.next <= time) {
      const at = this.#timers.next
      const group = this.#timers.pop()
      // Replaced by an earlier one, or of a key that is gone.
      if (!this.#keys.storage.has(group) || this.#timersOf(0)[group] !== at) continue
      this.#fire(group, time)
      if (this.#dueCount >= CHUNK) this.#giveOut()
    }
    this.#giveOut()
    this.#finish()
    this.#context.output.watermark(time)
  }

  #fire(group: number, watermark: number): void {
    const versions = this.#collectVersions(group)
    const times = (this.#left.values[1] as FixedStore).values as Float64Array
    let earliest = NO_TIMER
    for (let row = this.#left.first(group); row >= 0; ) {
      const next = this.#left.next(row)
      const time = times[row] as number
      if (time <= watermark) {
        this.#addDue(row, this.#currentVersion(versions, time))
        this.#left.remove(row)
      } else if (time < earliest) earliest = time
      row = next
    }
    this.#dropVersions(versions, watermark)
    this.#timersOf(0)[group] = NO_TIMER
    this.#keys.storage.mark(group)
    if (earliest !== NO_TIMER) this.#register(group, earliest)
    if (earliest === NO_TIMER && this.#versions.first(group) < 0) this.#keys.remove(group)
    else this.#postpone(Int32Array.of(group), 1)
  }

  /** Of a key, in the order of their time. @returns how many */
  #collectVersions(group: number): number {
    let count = 0
    for (let row = this.#versions.first(group); row >= 0; row = this.#versions.next(row)) {
      if (count === this.#versionRows.length) this.#versionRows = doubled(this.#versionRows)
      this.#versionRows[count++] = row
    }
    return count
  }

  /** The last version that is not newer than the time, where it is no deletion. */
  #currentVersion(count: number, time: number): number {
    const found = this.#countUpTo(count, time)
    if (found === 0) return PADDING
    const row = this.#versionRows[found - 1] as number
    const kinds = (this.#versions.values[0] as FixedStore).values as Int8Array
    return isRetraction(kinds[row] as number) ? PADDING : row
  }

  /** How many of the collected versions are not newer than the time. */
  #countUpTo(count: number, time: number): number {
    let [low, high] = [0, count]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#versions.time(this.#versionRows[middle] as number) <= time) low = middle + 1
      else high = middle
    }
    return low
  }

  #dropVersions(count: number, watermark: number): void {
    const past = this.#countUpTo(count, watermark)
    for (let i = 0; i < past - 1; i++) this.#versions.remove(this.#versionRows[i] as number)
  }

  #addDue(row: number, version: number): void {
    if (this.#dueCount === this.#due.length) {
      this.#due = doubled(this.#due)
      this.#matches = doubled(this.#matches)
    }
    this.#due[this.#dueCount] = row
    this.#matches[this.#dueCount++] = version
  }

  #giveOut(): void {
    const count = this.#dueCount
    if (count === 0) return
    this.#test(count)
    const kinds = (this.#left.values[0] as FixedStore).values as Int8Array
    const outer = this.#node.joinType === 'left'
    for (let i = 0; i < count; i++) {
      const row = this.#due[i] as number
      const version = this.#matches[i] as number
      if (version !== PADDING || outer) this.#joined.add(row, version, kinds[row])
    }
    this.#dueCount = 0
    const result = this.#joined.take(this.#node.schema, this.#leftSource, this.#rightSource)
    if (result !== undefined) this.#context.output.batch(result)
  }

  /** A version for which the rest of the condition is not TRUE is none. */
  #test(count: number): void {
    if (this.#condition === undefined) return
    const places: number[] = []
    for (let i = 0; i < count; i++) if (this.#matches[i] !== PADDING) places.push(i)
    const left = Int32Array.from(places, (place) => this.#due[place] as number)
    const right = Int32Array.from(places, (place) => this.#matches[place] as number)
    const [leftSource, rightSource] = [this.#leftSource, this.#rightSource]
    const mask = this.#condition.test(places.length, (index) => {
      const onLeft = index < leftSource.length
      const column = onLeft ? leftSource[index] : rightSource[index - leftSource.length]
      invariant(column !== undefined, 'a condition reads columns of its inputs')
      return gatherFrom(column, onLeft ? left : right, places.length)
    })
    for (const [i, place] of places.entries()) if (mask[i] === 0) this.#matches[place] = PADDING
  }

  #finish(): void {
    this.#left.settle()
    this.#versions.settle()
    this.#keys.compact()
  }

  onProcessingTime(now: number): void {
    if (this.#clearings.next > now) return
    while (this.#clearings.next <= now) {
      const at = this.#clearings.next
      const group = this.#clearings.pop()
      if (!this.#keys.storage.has(group) || this.#timersOf(1)[group] !== at) continue
      for (const rows of [this.#left, this.#versions]) {
        for (let row = rows.first(group); row >= 0; row = rows.first(group)) rows.remove(row)
      }
      this.#keys.remove(group)
    }
    this.#finish()
  }

  snapshot(): readonly StatePage[] {
    return [
      ...this.#keys.snapshotPages().map((page) => ({ table: KEYS, ...page })),
      ...this.#left.snapshotPages().map((page) => ({ table: 'left', ...page })),
      ...this.#versions.snapshotPages().map((page) => ({ table: 'versions', ...page })),
    ]
  }

  restore(pages: readonly StatePage[]): void {
    this.#keys.restorePages(pages.filter(({ table }) => table === KEYS))
    this.#left.restorePages(pages.filter(({ table }) => table === 'left'))
    this.#versions.restorePages(pages.filter(({ table }) => table === 'versions'))
    for (const group of this.#keys.rows()) {
      const [at, clearing] = [this.#timersOf(0)[group] as number, this.#timersOf(1)[group] as number]
      if (at !== NO_TIMER) this.#timers.push(at, group)
      // The time to live may have been set since.
      if (clearing === 0) this.#postpone(Int32Array.of(group), 1)
      else if (this.#node.stateTtl > 0) this.#clearings.push(clearing, group)
    }
  }

  metrics(): OperatorMetrics {
    const timers = this.#timers.bytes + this.#clearings.bytes
    return {
      stateBytes: this.#keys.bytes + this.#left.bytes + this.#versions.bytes + timers,
      stateEntries: this.#left.size + this.#versions.size,
      lateRows: 0,
    }
  }
}

function unitsOf(schema: Schema, column: number): number {
  const type = schema.fields[column]?.type
  return type?.kind === 'TIMESTAMP' || type?.kind === 'TIMESTAMP_LTZ' ? Number(unitsPerMillisecond(type.precision)) : 1
}
