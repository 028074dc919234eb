/**
 * Top-N: ROW_NUMBER() with a range, ORDER BY with LIMIT, and LIMIT over rows that change
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/topn/). Of the strategies of Flink's
 * planner: over input that only appends, just the rows in the range are kept; where rows replace others by key and only
 * move up, those too; over everything else all rows.
 *
 * With the number in the output, or an offset, a row that comes or goes moves those behind it: each gets -U and +U with
 * its new number. Without, the row that falls out is -D and the one that comes in +I. A single row is updated in place.
 */
import { type ChangeBatch, DELETE, INSERT, isRetraction, UPDATE_AFTER, UPDATE_BEFORE } from '../../core/change-batch.ts'
import { invariant } from '../../core/errors.ts'
import type { Schema } from '../../core/types.ts'
import type { SortField } from '../../planner/expression.ts'
import type { LimitNode, RankNode, RankRange, SortLimitNode, TopNSpec } from '../../planner/physical/graph.ts'
import { batchOrder, type RowOrder } from '../../state/table/row-order.ts'
import { SortedRows } from '../../state/table/sorted-rows.ts'
import type { FixedStore } from '../../state/table/stored-column.ts'
import { keyColumnsOf, keyTypesOf } from './key-columns.ts'
import type { Operator, OperatorContext, OperatorMetrics, StatePage } from './operator.ts'
import { RankChanges } from './rank-changes.ts'
import { RowKeys } from './row-keys.ts'
import { type RowEquality, storedEquality } from './stored-equality.ts'
import { readWholeNumbers } from './whole-numbers.ts'

interface TopNPlan extends TopNSpec {
  readonly keys: readonly number[]
  readonly order: readonly SortField[]
  readonly range: RankRange
  readonly outputRankNumber: boolean
  readonly schema: Schema
}

/** @param input schema of the input */
export function createRank(node: RankNode, input: Schema, context: OperatorContext): Operator {
  return new TopN(node, input, context)
}

export function createTopN(node: SortLimitNode | LimitNode, input: Schema, context: OperatorContext): Operator {
  const { offset, fetch } = node
  const range = { kind: 'constant', start: offset + 1, end: offset + fetch } as const
  const order = node.kind === 'sort-limit' ? node.order : []
  return new TopN({ ...node, keys: [], order, range, outputRankNumber: false }, input, context)
}

class TopN implements Operator {
  readonly #plan: TopNPlan
  readonly #context: OperatorContext
  readonly #rows: SortedRows
  readonly #changes: RankChanges
  /** Whether rows are told by their numbers. */
  readonly #numbered: boolean
  /** A single row that others only replace. */
  readonly #single: boolean
  readonly #same: RowEquality
  /** By row key, with `update-fast`. */
  readonly #rowKeys: RowKeys | undefined
  #ended: number[] = []
  /** Groups that may have lost their last row. */
  #emptied: number[] = []

  constructor(plan: TopNPlan, input: Schema, context: OperatorContext) {
    this.#plan = plan
    this.#context = context
    const { range, strategy, outputRankNumber, emitUpdateBefore, schema, rowKey } = plan
    const start = range.kind === 'constant' ? range.start : 1
    this.#numbered = outputRankNumber || start > 1
    const isTop = range.kind === 'constant' && range.start === 1 && range.end === 1
    this.#single = isTop && strategy !== 'retract'
    const short = range.kind === 'constant' && strategy !== 'retract' ? { limit: range.end + 1 } : {}
    this.#rows = new SortedRows({
      schema: input,
      keyTypes: keyTypesOf(input, plan.keys),
      order: plan.order,
      keyValues: range.kind === 'variable' ? [{ kind: 'f64' }, { kind: 'bool' }] : [],
      ttl: plan.stateTtl,
      onRemove: (row) => this.#rowKeys?.remove(row),
      ...short,
    })
    this.#changes = new RankChanges(this.#rows, { start, outputRankNumber, emitUpdateBefore, schema })
    this.#same = storedEquality(this.#rows.values, this.#single ? rowKey : undefined)
    this.#rowKeys = strategy === 'update-fast' && !isTop ? new RowKeys(input, rowKey) : undefined
  }

  onBatch(batch: ChangeBatch): void {
    const { rows } = batch
    const now = this.#plan.stateTtl > 0 ? this.#context.clock.now() : 0
    const keys = keyColumnsOf(batch, this.#plan.keys)
    const groups = this.#rows.groups(keys, rows, now).rowIds.slice(0, rows)
    this.#setEnds(batch, groups)
    const from = this.#candidates(batch, groups)
    const stored = this.#rows.store(batch, from, from.length)
    const existing = this.#rowKeys?.find(batch, groups, from)
    for (const [i, row] of from.entries()) {
      const group = groups[row] as number
      const id = stored[i] as number
      if (batch.kinds !== null && isRetraction(batch.kinds[row] as number)) this.#retract(group, id)
      else if (this.#single) this.#replaceSingle(group, id)
      else if (this.#rowKeys === undefined || existing === undefined) this.#add(group, id)
      else this.#upsert(this.#rowKeys, existing[i] as number, group, id)
    }
    const out = this.#changes.take()
    this.#settle()
    if (out !== undefined) this.#context.output.batch(out)
  }

  /** The last number of a variable range is the first that its key has come with. */
  #setEnds(batch: ChangeBatch, groups: Int32Array): void {
    const { range } = this.#plan
    if (range.kind === 'constant') return
    const column = batch.columns[range.column]
    invariant(column !== undefined, 'the end of a range is a column of the input')
    const ends = readWholeNumbers(column, batch.rows)
    const known = (this.#rows.keys.values[1] as FixedStore).values as Uint8Array
    const values = (this.#rows.keys.values[0] as FixedStore).values as Float64Array
    for (let row = 0; row < batch.rows; row++) {
      const group = groups[row] as number
      if (known[group] === 1) continue
      known[group] = 1
      values[group] = ends[row] as number
      this.#rows.keys.storage.mark(group)
    }
  }

  #end(group: number): number {
    const { range } = this.#plan
    if (range.kind === 'constant') return range.end
    return ((this.#rows.keys.values[0] as FixedStore).values as Float64Array)[group] as number
  }

  /** Rows of the batch that can make a difference: what is behind all that is kept of an input that only appends cannot. */
  #candidates(batch: ChangeBatch, groups: Int32Array): Int32Array {
    const { strategy, order } = this.#plan
    const { rows, columns, kinds } = batch
    const from = new Int32Array(rows)
    const compare: RowOrder | undefined =
      strategy === 'append-fast' ? batchOrder(columns, rows, this.#rows.values, order) : undefined
    let count = 0
    for (let row = 0; row < rows; row++) {
      const group = groups[row] as number
      if (strategy === 'update-fast' && kinds !== null && isRetraction(kinds[row] as number)) continue
      if (compare !== undefined) {
        const end = this.#end(group)
        if (end <= 0) continue
        if (this.#rows.count(group) >= end && compare(row, this.#rows.at(group, end - 1)) >= 0) continue
      }
      from[count++] = row
    }
    return from.subarray(0, count)
  }

  #add(group: number, row: number): void {
    const end = this.#end(group)
    const before = this.#rows.count(group)
    const keepsAll = this.#plan.strategy === 'retract'
    const position = this.#rows.insert(group, row)
    if (position >= end) {
      if (!keepsAll) this.#drop(group, position)
      return
    }
    if (this.#numbered) this.#shiftDown(group, position, before, end)
    else {
      if (before >= end) this.#changes.put(DELETE, this.#rows.at(group, end), end)
      this.#changes.put(INSERT, row, position + 1)
    }
    if (!keepsAll && before >= end) this.#drop(group, end)
  }

  /** From the position on each number has another row than before, up to the last that counts. */
  #shiftDown(group: number, position: number, before: number, end: number): void {
    for (let at = position; at < Math.min(before, end); at++) {
      this.#changes.put(UPDATE_BEFORE, this.#rows.at(group, at + 1), at + 1)
      this.#changes.put(UPDATE_AFTER, this.#rows.at(group, at), at + 1)
    }
    if (before < end) this.#changes.put(INSERT, this.#rows.at(group, before), before + 1)
  }

  #drop(group: number, position: number): void {
    const row = this.#rows.at(group, position)
    this.#rows.removeAt(group, position)
    this.#rowKeys?.remove(row)
    this.#ended.push(row)
  }

  /** The first row that is equal to it goes; where there is none, nothing happens. */
  #retract(group: number, row: number): void {
    this.#ended.push(row)
    const count = this.#rows.count(group)
    let position = this.#rows.firstEqual(group, row)
    for (; position < count; position++) {
      const other = this.#rows.at(group, position)
      if (this.#rows.compare(other, row) !== 0) return
      if (this.#same(other, row)) break
    }
    if (position >= count) {
      if (count === 0) this.#emptied.push(group)
      return
    }
    const end = this.#end(group)
    if (position < end) {
      if (this.#numbered) this.#shiftUp(group, position, count, end)
      else {
        this.#changes.put(DELETE, this.#rows.at(group, position), position + 1)
        if (count > end) this.#changes.put(INSERT, this.#rows.at(group, end), end)
      }
    }
    this.#drop(group, position)
    if (count === 1) this.#emptied.push(group)
  }

  #shiftUp(group: number, position: number, count: number, end: number): void {
    for (let at = position; at < Math.min(count - 1, end); at++) {
      this.#changes.put(UPDATE_BEFORE, this.#rows.at(group, at), at + 1)
      this.#changes.put(UPDATE_AFTER, this.#rows.at(group, at + 1), at + 1)
    }
    if (count <= end) this.#changes.put(DELETE, this.#rows.at(group, count - 1), count)
  }

  #replaceSingle(group: number, row: number): void {
    if (this.#rows.count(group) === 0) {
      this.#rows.insert(group, row)
      this.#changes.put(INSERT, row, 1)
      return
    }
    const old = this.#rows.at(group, 0)
    const order = this.#rows.compare(row, old)
    const updates = order === 0 && this.#plan.strategy === 'update-fast' && this.#same(row, old)
    if (order >= 0 && !updates) {
      this.#ended.push(row)
      return
    }
    this.#changes.put(UPDATE_BEFORE, old, 1)
    this.#changes.put(UPDATE_AFTER, row, 1)
    this.#rows.removeAt(group, 0)
    this.#rows.insertAt(group, 0, row)
    this.#ended.push(old)
  }

  /** A row takes the place of the one with its key, and moves up with what it is ordered by. */
  #upsert(keys: RowKeys, entry: number, group: number, row: number): void {
    const old = keys.rowOf(entry)
    if (old < 0) {
      keys.set(entry, row)
      this.#add(group, row)
      return
    }
    const from = this.#rows.positionOf(group, old)
    const order = this.#rows.compare(row, old)
    let to = from
    if (order === 0) this.#rows.replace(group, from, row)
    else {
      this.#rows.removeAt(group, from)
      to = this.#rows.insert(group, row)
    }
    keys.move(entry, old, row)
    this.#ended.push(old)
    if (this.#numbered) this.#move(group, old, from, to)
    else {
      this.#changes.put(UPDATE_BEFORE, old, 1)
      this.#changes.put(UPDATE_AFTER, row, 1)
    }
  }

  /** A row has gone from one position to another: up, or, where an operator below has forgotten its state, down. */
  #move(group: number, old: number, from: number, to: number): void {
    if (to > from) {
      this.#changes.put(UPDATE_BEFORE, old, from + 1)
      for (let at = from; at < to; at++) {
        this.#changes.put(UPDATE_BEFORE, this.#rows.at(group, at), at + 2)
        this.#changes.put(UPDATE_AFTER, this.#rows.at(group, at), at + 1)
      }
      this.#changes.put(UPDATE_AFTER, this.#rows.at(group, to), to + 1)
      return
    }
    for (let at = to; at < from; at++) {
      this.#changes.put(UPDATE_BEFORE, this.#rows.at(group, at + 1), at + 1)
      if (at === to) this.#changes.put(UPDATE_BEFORE, old, from + 1)
      this.#changes.put(UPDATE_AFTER, this.#rows.at(group, at), at + 1)
    }
    if (to === from) this.#changes.put(UPDATE_BEFORE, old, from + 1)
    this.#changes.put(UPDATE_AFTER, this.#rows.at(group, from), from + 1)
  }

  #settle(): void {
    for (const row of this.#ended) this.#rows.free(row)
    this.#ended = []
    for (const group of this.#emptied) {
      if (this.#plan.range.kind === 'constant' && this.#rows.count(group) === 0) this.#rows.keys.remove(group)
    }
    this.#emptied = []
    this.#rowKeys?.settle()
    this.#rows.compact()
  }

  onWatermark(time: number): void {
    this.#context.output.watermark(time)
  }

  onProcessingTime(now: number): void {
    this.#rows.sweep(now)
  }

  snapshot(): readonly StatePage[] {
    return this.#rows.snapshot()
  }

  restore(pages: readonly StatePage[]): void {
    this.#rows.restore(pages, this.#context.clock.now())
    this.#rowKeys?.restore(this.#rows)
  }

  metrics(): OperatorMetrics {
    return { stateBytes: this.#rows.bytes + (this.#rowKeys?.bytes ?? 0), stateEntries: this.#rows.size, lateRows: 0 }
  }
}
