/**
 * Interval join: rows of two append-only inputs whose times are within bounds of each other
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/joins/#interval-joins).
 *
 * A row is joined with the rows of the other side that are kept, then kept itself as long as partners may come. As in
 * Flink each key has one timer for each side. It takes out the rows that are too old and, in an outer join, gives those
 * without a partner out with NULLs; so does a row of the other side that finds rows that are too old.
 */
import { type ChangeBatch } from '../../core/change-batch.ts'
import { type Schema, type SqlType, unitsPerMillisecond } from '../../core/types.ts'
import { invariant } from '../../core/errors.ts'
import type { IntervalJoinNode } from '../../planner/physical/join-nodes.ts'
import { KeyedTable } from '../../state/table/keyed-table.ts'
import type { FixedStore } from '../../state/table/stored-column.ts'
import { TimedRows } from '../../state/table/timed-rows.ts'
import { CounterPage } from './counter-page.ts'
import { Candidates, NONE } from './join-candidates.ts'
import { compileJoinCondition, type JoinCondition } from './join-condition.ts'
import { gatherFrom, JoinedRows, keyColumns, PADDING, type RowSource, rowsWithNullKey } from './joined-rows.ts'
import {
  MAX_WATERMARK,
  MIN_WATERMARK,
  type Operator,
  type OperatorContext,
  type OperatorMetrics,
  type StatePage,
} from './operator.ts'
import { rowColumns } from './row-store.ts'
import { TimerQueue } from './timer-queue.ts'
import { readMilliseconds } from './timestamps.ts'

const KEYS = 'keys'
/** Candidates after which what has been found is given out. */
const CHUNK = 8192

/** @param inputs schemas of the left and the right input */
export function createIntervalJoin(
  node: IntervalJoinNode,
  inputs: readonly [Schema, Schema],
  context: OperatorContext,
): Operator {
  const { lower, upper } = node.bounds
  return upper < lower ? new EmptyInterval(node, inputs, context) : new IntervalJoin(node, inputs, context)
}

type SideIndex = 0 | 1

class Side {
  readonly index: SideIndex
  readonly keys: readonly number[]
  readonly time: number
  readonly units: number
  /** Rows without a partner are given out. */
  readonly outer: boolean
  /** A row with time t is joined with rows of the other side up to t + reach. */
  readonly reach: number
  readonly rows: TimedRows
  /** Up to where rows were last taken out; in Flink one for all keys, as here. */
  readonly expired: CounterPage

  constructor(node: IntervalJoinNode, schema: Schema, index: SideIndex) {
    const { joinType, bounds, leftKeys, rightKeys } = node
    this.index = index
    this.keys = index === 0 ? leftKeys : rightKeys
    this.time = index === 0 ? bounds.leftTime : bounds.rightTime
    this.reach = index === 0 ? -bounds.lower : bounds.upper
    this.outer = joinType === 'full' || joinType === (index === 0 ? 'left' : 'right')
    const type = schema.fields[this.time]?.type
    const timed = type?.kind === 'TIMESTAMP' || type?.kind === 'TIMESTAMP_LTZ'
    this.units = timed ? Number(unitsPerMillisecond(type.precision)) : 1
    this.rows = new TimedRows([{ kind: 'bool' }, ...rowColumns(schema)])
    this.expired = new CounterPage(`${this.name}-expired`)
  }

  get name(): string {
    return this.index === 0 ? 'left' : 'right'
  }

  /** 1 where a row has found a partner; kept only for outer joins. */
  get joined(): Uint8Array {
    return (this.rows.values[0] as FixedStore).values as Uint8Array
  }

  get stored(): RowSource {
    return this.rows.values.slice(1)
  }
}

class IntervalJoin implements Operator {
  readonly #node: IntervalJoinNode
  readonly #context: OperatorContext
  readonly #sides: readonly [Side, Side]
  /** With the time of the timer that takes out left rows, and of that for right rows; 0: there is none. */
  readonly #keys: KeyedTable
  readonly #timers = new TimerQueue()
  readonly #watermark = new CounterPage('watermark', MIN_WATERMARK)
  readonly #condition: JoinCondition | undefined
  readonly #joined = new JoinedRows()
  readonly #found = new Candidates()
  #times = new Float64Array(0)
  /** By row of the batch: whether it has found a partner, whether it is kept. */
  #matched = new Uint8Array(0)
  #kept = new Uint8Array(0)

  constructor(node: IntervalJoinNode, inputs: readonly [Schema, Schema], context: OperatorContext) {
    this.#node = node
    this.#context = context
    this.#sides = [new Side(node, inputs[0], 0), new Side(node, inputs[1], 1)]
    const keyTypes = node.leftKeys.map(
      (key): SqlType => inputs[0].fields[key]?.type ?? { kind: 'NULL', nullable: true },
    )
    this.#keys = new KeyedTable(keyTypes, [{ kind: 'f64' }, { kind: 'f64' }])
    this.#condition =
      node.condition === undefined ? undefined : compileJoinCondition(node.condition, inputs[0], inputs[1], context)
  }

  get #eventTime(): boolean {
    return this.#node.bounds.time === 'rowtime'
  }

  /** Flink's clock of event time begins at 0. */
  get #now(): number {
    return this.#eventTime ? Math.max(0, this.#watermark.value) : this.#context.clock.now()
  }

  onBatch(batch: ChangeBatch, input: number): void {
    const side = this.#sides[input === 0 ? 0 : 1]
    const now = this.#now
    this.#prepare(batch, side, now)
    const keys = keyColumns(batch, side.keys)
    const nullKeys = rowsWithNullKey(keys, this.#node.filterNulls, batch.rows)
    const groups = this.#keys.lookupOrInsert(keys, batch.rows).rowIds
    for (let row = 0; row < batch.rows; row++) {
      this.#search(side, row, groups[row] as number, nullKeys !== null && nullKeys[row] === 1, now)
      if (this.#found.count >= CHUNK) this.#giveOut(batch, side)
    }
    this.#giveOut(batch, side)
    this.#keep(batch, side, groups)
    this.#settle(groups, batch.rows)
  }

  #prepare(batch: ChangeBatch, side: Side, now: number): void {
    if (this.#times.length < batch.rows) {
      this.#times = new Float64Array(batch.rows)
      this.#matched = new Uint8Array(batch.rows)
      this.#kept = new Uint8Array(batch.rows)
    }
    this.#matched.fill(0, 0, batch.rows)
    if (!this.#eventTime) {
      this.#times.fill(now, 0, batch.rows)
      return
    }
    const column = batch.columns[side.time]
    invariant(column !== undefined, 'an interval join has time attributes')
    readMilliseconds(column, side.units, batch.rows, 0, this.#times)
  }

  /** Notes the candidates of a row, the rows of the other side that go, and whether the row itself is kept. */
  #search(side: Side, row: number, group: number, isNull: boolean, now: number): void {
    const other = this.#sides[side.index === 0 ? 1 : 0]
    const time = this.#times[row] as number
    const [from, to] = [time - other.reach, time + side.reach]
    if (other.expired.value < to) {
      other.expired.value = expiration(now, other)
      this.#searchGroup(other.rows, group, row, isNull ? Number.POSITIVE_INFINITY : from, to, other.expired.value)
    }
    const kept = now < to && (!isNull || side.outer)
    this.#kept[row] = kept ? 1 : 0
    if (!kept && side.outer) this.#found.add(row, NONE)
  }

  /** As Flink, which goes through the times in order: at each first the partners, then what is too old. */
  #searchGroup(rows: TimedRows, group: number, row: number, from: number, to: number, expired: number): void {
    let at = rows.first(group)
    while (at >= 0 && rows.time(at) <= expired) {
      const time = rows.time(at)
      const first = at
      for (; at >= 0 && rows.time(at) === time; at = rows.next(at))
        if (time >= from && time <= to) this.#found.add(row, at)
      for (at = first; at >= 0 && rows.time(at) === time; ) {
        const next = rows.next(at)
        this.#found.add(NONE, at)
        rows.remove(at)
        at = next
      }
    }
    if (at < 0 || from === Number.POSITIVE_INFINITY) return
    // Most rows come near the end of what is kept: the first partner is looked for from there.
    let begin = NONE
    for (at = rows.last(group); at >= 0 && rows.time(at) >= from; at = rows.previous(at)) begin = at
    for (at = begin; at >= 0 && rows.time(at) <= to; at = rows.next(at)) this.#found.add(row, at)
  }

  /** Tests the candidates and hands on what has been found so far, in the order in which it was found. */
  #giveOut(batch: ChangeBatch, side: Side): void {
    const found = this.#found
    if (found.count === 0) return
    const other = this.#sides[side.index === 0 ? 1 : 0]
    const mask = this.#test(batch, side, other)
    const { joined } = other
    let pair = 0
    for (let i = 0; i < found.count; i++) {
      const row = found.rows[i] as number
      const partner = found.partners[i] as number
      if (partner === NONE) {
        if (this.#matched[row] === 0) this.#put(side, row, PADDING)
      } else if (row === NONE) {
        if (other.outer && joined[partner] === 0) this.#put(side, PADDING, partner)
      } else {
        if (mask !== null && mask[pair++] === 0) continue
        this.#put(side, row, partner)
        this.#matched[row] = 1
        if (!other.outer || joined[partner] === 1) continue
        joined[partner] = 1
        other.rows.touch(partner)
      }
    }
    found.count = 0
    this.#emit(side.index === 0 ? batch.columns : other.stored, side.index === 0 ? other.stored : batch.columns)
  }

  #put(side: Side, row: number, partner: number): void {
    if (side.index === 0) this.#joined.add(row, partner)
    else this.#joined.add(partner, row)
  }

  #emit(left: RowSource, right: RowSource): void {
    const result = this.#joined.take(this.#node.schema, left, right)
    if (result !== undefined) this.#context.output.batch(result)
  }

  /** For each pair whether the rest of the condition is TRUE; null: there is none. */
  #test(batch: ChangeBatch, side: Side, other: Side): Uint8Array | null {
    if (this.#condition === undefined) return null
    const { rows, partners, count } = this.#found.pairs()
    const width = side.index === 0 ? batch.columns.length : other.stored.length
    return this.#condition.test(count, (index) => {
      const own = index < width === (side.index === 0)
      const column = own
        ? batch.columns[side.index === 0 ? index : index - width]
        : other.stored[side.index === 0 ? index - width : index]
      invariant(column !== undefined, 'a condition reads columns of its inputs')
      return gatherFrom(column, own ? rows : partners, count)
    })
  }

  #keep(batch: ChangeBatch, side: Side, groups: Int32Array): void {
    const from: number[] = []
    for (let row = 0; row < batch.rows; row++) if (this.#kept[row] === 1) from.push(row)
    if (from.length === 0) return
    const ids = new Int32Array(from.length)
    const timers = this.#timersOf(side)
    for (const [i, row] of from.entries()) {
      const group = groups[row] as number
      const time = this.#times[row] as number
      ids[i] = side.rows.add(group, time)
      if (timers[group] === 0) this.#register(side, group, time)
    }
    const sources = Int32Array.from(from)
    for (const [index, column] of batch.columns.entries())
      side.rows.values[index + 1]?.put(ids, column, sources, from.length)
    if (side.outer) for (const [i, row] of from.entries()) side.joined[ids[i] as number] = this.#matched[row] as number
  }

  #timersOf(side: Side): Float64Array {
    return (this.#keys.values[side.index] as FixedStore).values as Float64Array
  }

  /** The timer that takes out a side's rows from this time on. The group's page is written anyway: it was looked up. */
  #register(side: Side, group: number, time: number): void {
    const at = time + side.reach + this.#node.minCleanupInterval + 1
    this.#timersOf(side)[group] = at
    this.#timers.push(at, timerId(group, side))
  }

  #settle(groups: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) this.#forget(groups[i] as number)
    this.#finish()
  }

  #finish(): void {
    for (const side of this.#sides) side.rows.settle()
    this.#keys.compact()
  }

  /** A key without rows and timers is forgotten. */
  #forget(group: number): void {
    const [left, right] = this.#sides
    if (this.#timersOf(left)[group] !== 0 || this.#timersOf(right)[group] !== 0) return
    if (left.rows.first(group) < 0 && right.rows.first(group) < 0) this.#keys.remove(group)
  }

  onWatermark(time: number): void {
    this.#watermark.value = time
    if (!this.#eventTime) {
      this.#context.output.watermark(time)
      return
    }
    this.#fire(time)
    // A row is given out at most so long after its time: what comes after must not be late.
    const delay = Math.max(this.#sides[0].reach, this.#sides[1].reach)
    this.#context.output.watermark(time === MAX_WATERMARK ? time : time - delay)
  }

  onProcessingTime(now: number): void {
    if (!this.#eventTime) this.#fire(now)
  }

  /** Rows of processing time that have found no partner are given out, so that bounded input loses none. */
  end(): void {
    if (!this.#eventTime) this.#fire(MAX_WATERMARK)
  }

  #fire(time: number): void {
    if (this.#timers.next > time) return
    const now = this.#eventTime ? Math.max(0, time) : time
    while (this.#timers.next <= time) {
      const id = this.#timers.pop()
      const side = this.#sides[(id & 1) === 0 ? 1 : 0]
      const group = id >> 1
      side.expired.value = expiration(now, side)
      this.#expire(side, group)
      this.#forget(group)
      if (this.#joined.count >= CHUNK) this.#emit(this.#sides[0].stored, this.#sides[1].stored)
    }
    this.#emit(this.#sides[0].stored, this.#sides[1].stored)
    this.#finish()
  }

  #expire(side: Side, group: number): void {
    const { rows, joined } = side
    let row = rows.first(group)
    while (row >= 0 && rows.time(row) <= side.expired.value) {
      const next = rows.next(row)
      if (side.outer && joined[row] === 0) this.#put(side, row, PADDING)
      rows.remove(row)
      row = next
    }
    this.#timersOf(side)[group] = 0
    this.#keys.storage.mark(group)
    if (row >= 0) this.#register(side, group, rows.time(row))
  }

  snapshot(): readonly StatePage[] {
    const pages: StatePage[] = this.#keys.snapshotPages().map((page) => ({ table: KEYS, ...page }))
    for (const side of this.#sides) {
      pages.push(
        ...side.rows.snapshotPages().map((page) => ({ table: side.name, ...page })),
        ...side.expired.snapshot(),
      )
    }
    return [...pages, ...this.#watermark.snapshot()]
  }

  restore(pages: readonly StatePage[]): void {
    this.#watermark.restore(pages)
    this.#keys.restorePages(pages.filter(({ table }) => table === KEYS))
    for (const side of this.#sides) {
      side.rows.restorePages(pages.filter(({ table }) => table === side.name))
      side.expired.restore(pages)
      for (const group of this.#keys.rows()) {
        const at = this.#timersOf(side)[group] as number
        if (at !== 0) this.#timers.push(at, timerId(group, side))
      }
    }
  }

  metrics(): OperatorMetrics {
    const [left, right] = this.#sides
    return {
      stateBytes: this.#keys.bytes + left.rows.bytes + right.rows.bytes + this.#timers.bytes,
      stateEntries: left.rows.size + right.rows.size,
      lateRows: 0,
    }
  }
}

/** Rows of the side with this time, or before it, find no more partners. */
function expiration(now: number, side: Side): number {
  return now >= MAX_WATERMARK ? MAX_WATERMARK : now - side.reach - 1
}

/** Of two timers of a key at the same time Flink looks first at the one for right rows. */
function timerId(group: number, side: Side): number {
  return 2 * group + (side.index === 1 ? 0 : 1)
}

/** Bounds that no time is between: nothing has a partner, and nothing is kept. */
class EmptyInterval implements Operator {
  readonly #node: IntervalJoinNode
  readonly #context: OperatorContext
  readonly #joined = new JoinedRows()
  readonly #sides: readonly [Side, Side]

  constructor(node: IntervalJoinNode, inputs: readonly [Schema, Schema], context: OperatorContext) {
    this.#node = node
    this.#context = context
    this.#sides = [new Side(node, inputs[0], 0), new Side(node, inputs[1], 1)]
  }

  onBatch(batch: ChangeBatch, input: number): void {
    const [left, right] = this.#sides
    if (!(input === 0 ? left : right).outer) return
    for (let row = 0; row < batch.rows; row++) {
      if (input === 0) this.#joined.add(row, PADDING)
      else this.#joined.add(PADDING, row)
    }
    const result = this.#joined.take(
      this.#node.schema,
      input === 0 ? batch.columns : left.stored,
      input === 0 ? right.stored : batch.columns,
    )
    if (result !== undefined) this.#context.output.batch(result)
  }

  onWatermark(time: number): void {
    this.#context.output.watermark(time)
  }
}
