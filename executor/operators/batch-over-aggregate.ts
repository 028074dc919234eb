/**
 * OVER in batch mode: when the input has ended, each partition is complete and in order, so every frame and every
 * function of windows can be computed. Rows come out by partition, in their order.
 */
import { type ChangeBatch, createBatch, DELETE, INSERT } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { gatherColumn } from '../../core/column-ops.ts'
import { invariant } from '../../core/errors.ts'
import { INT, type Schema } from '../../core/types.ts'
import type { AggregateCall } from '../../planner/expression.ts'
import type { BatchOverAggregateNode } from '../../planner/physical/graph.ts'
import { SortedRows } from '../../state/table/sorted-rows.ts'
import { AggregateTable, type AggregateTablePlan, planAggregates } from './aggregate-table.ts'
import { keyColumnsOf, keyTypesOf } from './key-columns.ts'
import { MAX_WATERMARK, type Operator, type OperatorContext, type OperatorMetrics, type StatePage } from './operator.ts'
import { OverSteps } from './over-frame.ts'
import { boundsOf, type Peers, peersOf } from './partition-frames.ts'
import { isRanking, rankNumbers } from './rank-numbers.ts'
import { concatRows } from './row-merge.ts'

/** In place of a step: the frame has no rows. */
const EMPTY = -1
/** Rows that are computed at once, where partitions are small. */
const BATCH_ROWS = 4096

export function createBatchOverAggregate(
  node: BatchOverAggregateNode,
  input: Schema,
  context: OperatorContext,
): Operator {
  return new BatchOverAggregate(node, input, context)
}

class BatchOverAggregate implements Operator {
  readonly #node: BatchOverAggregateNode
  readonly #context: OperatorContext
  readonly #rows: SortedRows
  readonly #aggregates: readonly AggregateCall[]
  readonly #plan: AggregateTablePlan
  readonly #steps = new OverSteps()

  constructor(node: BatchOverAggregateNode, input: Schema, context: OperatorContext) {
    this.#node = node
    this.#context = context
    this.#rows = new SortedRows({ schema: input, keyTypes: keyTypesOf(input, node.keys), order: node.order, ttl: 0 })
    this.#aggregates = node.calls.filter((call) => !isRanking(call) && !isNeighbour(call))
    this.#plan = planAggregates([INT], this.#aggregates, true)
  }

  onBatch(batch: ChangeBatch): void {
    const groups = this.#rows.groups(keyColumnsOf(batch, this.#node.keys), batch.rows, 0).rowIds.slice(0, batch.rows)
    const all = Int32Array.from({ length: batch.rows }, (_, row) => row)
    for (const [i, row] of this.#rows.store(batch, all, batch.rows).slice(0, batch.rows).entries()) {
      this.#rows.insert(groups[i] as number, row)
    }
    this.#rows.compact()
  }

  onWatermark(time: number): void {
    if (time === MAX_WATERMARK) this.#emitAll()
    this.#context.output.watermark(time)
  }

  #emitAll(): void {
    let waiting: Partition[] = []
    let rows = 0
    for (const group of this.#rows.keys.rows()) {
      const partition = this.#partition(group)
      waiting.push(partition)
      rows += partition.ids.length
      if (rows < BATCH_ROWS) continue
      this.#emit(waiting, rows)
      waiting = []
      rows = 0
    }
    if (rows > 0) this.#emit(waiting, rows)
  }

  #partition(group: number): Partition {
    const ids = Int32Array.from({ length: this.#rows.count(group) }, (_, at) => this.#rows.at(group, at))
    const peers = peersOf(ids.length, (a, b) => this.#rows.compare(ids[a] as number, ids[b] as number) === 0)
    return { group, ids, peers }
  }

  #emit(partitions: readonly Partition[], rows: number): void {
    const ids = new Int32Array(rows)
    let at = 0
    for (const partition of partitions) {
      ids.set(partition.ids, at)
      at += partition.ids.length
    }
    const input = this.#rows.gather(ids, rows)
    const aggregates = this.#aggregates.length === 0 ? [] : this.#aggregate(partitions, input, rows)
    const columns = this.#node.calls.map((call): Column => {
      if (isRanking(call)) return rankNumbers(call, partitions, input, rows)
      if (isNeighbour(call)) return neighbours(call, partitions, input, rows)
      const column = aggregates[this.#aggregates.indexOf(call)]
      invariant(column !== undefined, 'every aggregate has its results')
      return column
    })
    this.#context.output.batch(createBatch(this.#node.schema, [...input, ...columns], rows))
  }

  /** Rows come into a frame and leave it as the frame moves on; each takes the results of the last step before it. */
  #aggregate(partitions: readonly Partition[], input: readonly Column[], rows: number): readonly Column[] {
    const steps = this.#steps
    steps.clear()
    let first = 0
    for (const [number, { ids, peers }] of partitions.entries()) {
      const { from, to } = boundsOf(this.#node.frame, ids.length, peers, this.#values(input, first, ids.length))
      let [low, high, last] = [0, 0, -1]
      for (let at = 0; at < ids.length; at++) {
        for (; high < (to[at] as number); high++) last = steps.put(INSERT, number, first + high)
        for (; low < Math.min(high, from[at] as number); low++) last = steps.put(DELETE, number, first + low)
        // A frame that begins behind everything so far.
        if (high < (from[at] as number)) low = high = from[at] as number
        steps.emit(first + at, low < high ? last : EMPTY)
      }
      first += ids.length
    }
    const batch = {
      schema: { fields: [] },
      rows: steps.count,
      columns: input.map((column) => gatherColumn(column, steps.rows, steps.count)),
      kinds: steps.kinds,
    }
    const groups: Column = { kind: 'i32', values: steps.groups, nulls: null }
    const { results } = new AggregateTable(this.#plan).update(batch, [groups], true, 0)
    const after = Int32Array.from({ length: rows }, (_, row) => {
      const step = steps.results[row] as number
      return step === EMPTY ? 2 * steps.count : 2 * step + 1
    })
    return concatRows(results, 2 * steps.count, this.#overNothing(), after, rows)
  }

  /** Results over no rows: NULL, or 0 of a count. */
  #overNothing(): readonly Column[] {
    const table = new AggregateTable(this.#plan)
    const { rowIds } = table.table.lookupOrInsert([{ kind: 'i32', values: new Int32Array(1), nulls: null }], 1)
    return table.results(rowIds, 1)
  }

  /** What RANGE measures distances by. */
  #values(input: readonly Column[], first: number, rows: number): Float64Array | undefined {
    const { order, frame } = this.#node
    const [field] = order
    const measured = frame.unit === 'RANGE' && ((frame.start ?? 0) !== 0 || (frame.end ?? 0) !== 0)
    const column = field === undefined ? undefined : input[field.column]
    if (!measured || field === undefined || column === undefined) return undefined
    const values = new Float64Array(rows)
    for (let at = 0; at < rows; at++) {
      const value = numberAt(column, first + at)
      values[at] = field.descending ? -value : value
    }
    return values
  }

  snapshot(): readonly StatePage[] {
    return this.#rows.snapshot()
  }

  restore(pages: readonly StatePage[]): void {
    this.#rows.restore(pages, 0)
  }

  metrics(): OperatorMetrics {
    return { stateBytes: this.#rows.bytes, stateEntries: this.#rows.size, lateRows: 0 }
  }
}

/** A partition whose rows stand behind those of the partitions before it. */
export interface Partition {
  readonly group: number
  readonly ids: Int32Array
  readonly peers: Peers
}

function numberAt(column: Column, row: number): number {
  if (column.kind === 'null' || (column.nulls !== null && column.nulls[row] === 1)) return Number.NaN
  switch (column.kind) {
    case 'i8':
    case 'i16':
    case 'i32':
    case 'f32':
    case 'f64':
      return column.values[row] as number
    case 'i64': {
      const words = new Int32Array(column.values.buffer, column.values.byteOffset + 8 * row, 2)
      return (words[1] as number) * 4294967296 + ((words[0] as number) >>> 0)
    }
    default:
      return Number.NaN
  }
}

function isNeighbour(call: AggregateCall): boolean {
  return call.function === 'LAG' || call.function === 'LEAD'
}

/** LAG and LEAD: the value some rows before or behind, the row's own default where there is no such row. */
function neighbours(
  call: AggregateCall,
  partitions: readonly Partition[],
  input: readonly Column[],
  rows: number,
): Column {
  const [value, fallback] = call.args.map((arg) => input[arg])
  invariant(value !== undefined, 'LAG and LEAD have a value')
  const missing: Column = fallback ?? { kind: 'null', nulls: null }
  const distance = call.function === 'LAG' ? -(call.offset ?? 1) : (call.offset ?? 1)
  const order = new Int32Array(rows)
  let first = 0
  for (const { ids } of partitions) {
    for (let at = 0; at < ids.length; at++) {
      const other = at + distance
      order[first + at] = other >= 0 && other < ids.length ? first + other : rows + first + at
    }
    first += ids.length
  }
  const [column] = concatRows([value], rows, [missing], order, rows)
  invariant(column !== undefined, 'one column comes of one')
  return column
}
