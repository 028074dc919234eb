/**
 * OVER aggregates over everything before, in the order of a column that is no time attribute: a row that comes or goes
 * changes the results of those behind it, each with -U and +U where they are not the same. All rows are kept with their
 * results. As in Flink a change costs a walk over its partition.
 */
import { type ChangeBatch, DELETE, INSERT, isRetraction, UPDATE_AFTER, UPDATE_BEFORE } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { gatherColumn } from '../../core/column-ops.ts'
import { INT, type Schema } from '../../core/types.ts'
import type { OverAggregateNode } from '../../planner/physical/graph.ts'
import { SortedRows } from '../../state/table/sorted-rows.ts'
import { AggregateTable, type AggregateTablePlan, planAggregates } from './aggregate-table.ts'
import { keyColumnsOf, keyTypesOf } from './key-columns.ts'
import type { Operator, OperatorContext, OperatorMetrics, StatePage } from './operator.ts'
import { RankChanges } from './rank-changes.ts'
import { type RowComparer, rowComparer } from './row-equality.ts'
import { type RowEquality, storedEquality } from './stored-equality.ts'

/** Rows of a group in their order, and their results as they are now. */
interface Results {
  readonly ids: Int32Array
  readonly columns: readonly Column[]
  /** Whether a row has other results than those stored with it. */
  differs(position: number): boolean
}

export class OverByValue implements Operator {
  readonly #node: OverAggregateNode
  readonly #context: OperatorContext
  readonly #rows: SortedRows
  readonly #changes: RankChanges
  readonly #plan: AggregateTablePlan
  readonly #width: number
  readonly #same: RowEquality
  #ended: number[] = []
  #emptied: number[] = []

  constructor(node: OverAggregateNode, input: Schema, context: OperatorContext) {
    this.#node = node
    this.#context = context
    this.#width = input.fields.length
    this.#plan = planAggregates([INT], node.calls, false)
    const keyTypes = keyTypesOf(input, node.keys)
    this.#rows = new SortedRows({ schema: node.schema, keyTypes, order: [node.order], ttl: node.stateTtl })
    const { emitUpdateBefore, schema } = node
    this.#changes = new RankChanges(this.#rows, { start: 0, outputRankNumber: false, emitUpdateBefore, schema })
    this.#same = storedEquality(
      this.#rows.values,
      input.fields.map((_, index) => index),
    )
  }

  onBatch(batch: ChangeBatch): void {
    const { rows, kinds } = batch
    const now = this.#node.stateTtl > 0 ? this.#context.clock.now() : 0
    const groups = this.#rows.groups(keyColumnsOf(batch, this.#node.keys), rows, now).rowIds.slice(0, rows)
    const from = Int32Array.from({ length: rows }, (_, row) => row)
    const stored = this.#rows.store(batch, from, rows).slice(0, rows)
    for (let row = 0; row < rows; row++) {
      const kind = kinds === null ? INSERT : (kinds[row] as number)
      const group = groups[row] as number
      if (isRetraction(kind)) this.#remove(group, stored[row] as number)
      else this.#insert(kind, group, stored[row] as number)
    }
    const out = this.#changes.take()
    for (const row of this.#ended) this.#rows.free(row)
    this.#ended = []
    for (const group of this.#emptied) if (this.#rows.count(group) === 0) this.#rows.keys.remove(group)
    this.#emptied = []
    this.#rows.compact()
    if (out !== undefined) this.#context.output.batch(out)
  }

  #insert(kind: number, group: number, row: number): void {
    const position = this.#rows.insert(group, row)
    const results = this.#compute(group)
    // With RANGE the rows that are equal to it change before it comes.
    const first = this.#node.frame.unit === 'RANGE' ? this.#rows.firstEqual(group, row) : position
    const [one] = this.#store(results, position, position + 1)
    const changes = first < position && results.differs(first)
    if (changes) this.#update(group, results, first, position)
    if (one !== undefined) {
      this.#rows.replace(group, position, one)
      this.#ended.push(row)
      this.#changes.put(kind, one, 0)
    }
    this.#updateBehind(group, results, position + 1)
  }

  /** The first equal row goes; where there is none, nothing happens. */
  #remove(group: number, row: number): void {
    this.#ended.push(row)
    const first = this.#rows.firstEqual(group, row)
    const count = this.#rows.count(group)
    let position = first
    for (; position < count; position++) {
      const other = this.#rows.at(group, position)
      if (this.#rows.compare(other, row) !== 0) return
      if (this.#same(other, row)) break
    }
    if (position >= count) {
      if (count === 0) this.#emptied.push(group)
      return
    }
    const gone = this.#rows.at(group, position)
    this.#rows.removeAt(group, position)
    this.#ended.push(gone)
    if (count === 1) {
      this.#changes.put(DELETE, gone, 0)
      this.#emptied.push(group)
      return
    }
    const results = this.#compute(group)
    if (this.#node.frame.unit === 'RANGE' && first < position && results.differs(first)) {
      this.#update(group, results, first, position)
    }
    this.#changes.put(DELETE, gone, 0)
    this.#updateBehind(group, results, position)
  }

  /** Those of the rows from a position on whose results change: an average may stay for one row and not for the next. */
  #updateBehind(group: number, results: Results, position: number): void {
    const { length } = results.ids
    for (let from = position; from < length; from++) {
      let to = from
      while (to < length && results.differs(to)) to++
      if (to > from) this.#update(group, results, from, to)
      from = to
    }
  }

  #update(group: number, results: Results, from: number, to: number): void {
    for (const [at, row] of this.#store(results, from, to).entries()) {
      const old = results.ids[from + at] as number
      this.#rows.replace(group, from + at, row)
      this.#ended.push(old)
      this.#changes.put(UPDATE_BEFORE, old, 0)
      this.#changes.put(UPDATE_AFTER, row, 0)
    }
  }

  /** Rows of the group again, with their new results. */
  #store({ ids, columns }: Results, from: number, to: number): Int32Array {
    const count = to - from
    if (count <= 0) return new Int32Array(0)
    const input = this.#rows.gather(ids.slice(from, to), count).slice(0, this.#width)
    const places = Int32Array.from({ length: count }, (_, at) => from + at)
    const results = columns.map((column) => gatherColumn(column, places, count))
    const batch: ChangeBatch = { schema: this.#node.schema, rows: count, columns: [...input, ...results], kinds: null }
    return this.#rows.store(batch, Int32Array.from(places.keys()), count).slice(0, count)
  }

  #compute(group: number): Results {
    const count = this.#rows.count(group)
    const ids = Int32Array.from({ length: count }, (_, position) => this.#rows.at(group, position))
    const columns = this.#rows.gather(ids, count).slice(0, this.#width)
    const input = { schema: this.#node.schema, rows: count, columns, kinds: null }
    const groups: Column = { kind: 'i32', values: new Int32Array(count), nulls: null }
    const update = new AggregateTable(this.#plan).update(input, [groups], true, 0)
    const after = this.#lastOfEach(ids)
    const results = update.results.map((column) => gatherColumn(column, after, count))
    const same: RowComparer = rowComparer(results, count, this.#rows.values.slice(this.#width))
    return { ids, columns: results, differs: (position) => !same(position, -1 - (ids[position] as number)) }
  }

  /** For each row the result that is its own: with RANGE that behind the last row that is equal to it. */
  #lastOfEach(ids: Int32Array): Int32Array {
    const after = new Int32Array(ids.length)
    for (let at = ids.length - 1; at >= 0; at--) {
      const joins =
        this.#node.frame.unit === 'RANGE' &&
        at + 1 < ids.length &&
        this.#rows.compare(ids[at] as number, ids[at + 1] as number) === 0
      after[at] = joins ? (after[at + 1] as number) : 2 * at + 1
    }
    return after
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
  }

  metrics(): OperatorMetrics {
    return { stateBytes: this.#rows.bytes, stateEntries: this.#rows.size, lateRows: 0 }
  }
}
