/**
 * Unbounded GROUP BY. For every row Flink's GroupAggFunction: +I for the first row of a group, then -U with the old
 * result and +U with the new one, nothing where the result has not changed (unless state expires: then consumers must
 * see that the group lives), -D with the old result when the last row of a group is taken back. A retraction for a
 * group that is not there is dropped. Without GROUP BY there is one group, and nothing is emitted before its first row.
 */
import { type ChangeBatch, createBatch, DELETE, INSERT, UPDATE_AFTER, UPDATE_BEFORE } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { gatherColumn } from '../../core/column-ops.ts'
import { invariant } from '../../core/errors.ts'
import type { GroupAggregateNode } from '../../planner/physical/graph.ts'
import { FIRST, LAST, SKIP } from '../functions/aggregate/kernel.ts'
import { AggregateTable, type GroupUpdate, planAggregates } from './aggregate-table.ts'
import type { Operator, OperatorContext, OperatorMetrics, StatePage } from './operator.ts'

const TABLE = 'groups'

export function createGroupAggregate(node: GroupAggregateNode, context: OperatorContext): Operator {
  return new GroupAggregate(node, context)
}

class GroupAggregate implements Operator {
  readonly #node: GroupAggregateNode
  readonly #context: OperatorContext
  readonly #groups: AggregateTable
  readonly #suppresses: boolean
  /** Whether COUNT(*) is among the aggregates: every row changes it. */
  readonly #everyRowCounts: boolean
  #positions = new Int32Array(0)
  #kinds = new Uint8Array(0)
  /** What was gathered for the batch before. */
  readonly #gathered: Column[] = []

  constructor(node: GroupAggregateNode, context: OperatorContext) {
    this.#node = node
    this.#context = context
    const keyTypes = node.keys.map((_, index) => {
      const field = node.schema.fields[index]
      invariant(field !== undefined, 'a group aggregate has a field for each key')
      return field.type
    })
    this.#groups = new AggregateTable(planAggregates(keyTypes, node.aggregates, node.inputRetracts, node.stateTtl))
    this.#everyRowCounts = node.aggregates.some(
      (call) => call.function === 'COUNT' && call.args.length === 0 && call.filter === undefined,
    )
    this.#suppresses = node.stateTtl === 0 || node.aggregates.length === 0
  }

  restore(pages: readonly StatePage[]): void {
    this.#groups.restore(TABLE, pages, this.#context.clock.now())
  }

  onBatch(batch: ChangeBatch): void {
    if (batch.rows === 0) return
    const keys = this.#node.keys.map((key) => {
      const column = batch.columns[key]
      invariant(column !== undefined, 'a key is a column of the input')
      return column
    })
    const now = this.#node.stateTtl > 0 ? this.#context.clock.now() : 0
    const reads = this.#context.output.readsValues?.() !== false
    // Without results nothing tells which rows change one: then all must do so, or it must not matter.
    const emits = reads || (this.#suppresses && !this.#everyRowCounts)
    const update = this.#groups.update(batch, keys, emits, now)
    if (!emits) update.changed.fill(1, 0, batch.rows)
    const out = reads ? this.#emit(batch.rows, keys, update) : this.#emitKinds(batch.rows, update)
    this.#groups.settle()
    if (out !== undefined) this.#context.output.batch(out)
  }

  /** Everything, in order, where every row has updated its group; else what is left of it. */
  #emit(rows: number, keys: readonly Column[], update: GroupUpdate): ChangeBatch | undefined {
    const { emitUpdateBefore, schema } = this.#node
    if (emitUpdateBefore && this.#allUpdated(rows, update)) {
      const columns = [...this.#gather(keys, 0, halves(2 * rows), 2 * rows), ...update.results]
      return createBatch(schema, columns, 2 * rows, updateKinds(2 * rows))
    }
    if (this.#kinds.length < 2 * rows) this.#kinds = new Uint8Array(2 * rows)
    const kinds = this.#kinds
    const count = this.#select(rows, update, kinds)
    if (count === 0) return undefined
    const positions = this.#positions
    const results = this.#gather(update.results, keys.length, positions, count)
    for (let i = 0; i < count; i++) positions[i] = (positions[i] as number) >> 1
    const columns = [...this.#gather(keys, 0, positions, count), ...results]
    return createBatch(schema, columns, count, hasUpdates(kinds, count) ? kinds : null)
  }

  /** The changes that `#emit` would emit, without their values. */
  #emitKinds(rows: number, update: GroupUpdate): ChangeBatch | undefined {
    const { emitUpdateBefore, schema } = this.#node
    const columns = schema.fields.map((): Column => ({ kind: 'null', nulls: null }))
    if (emitUpdateBefore && this.#allUpdated(rows, update))
      return createBatch(schema, columns, 2 * rows, updateKinds(2 * rows))
    if (this.#kinds.length < 2 * rows) this.#kinds = new Uint8Array(2 * rows)
    const count = this.#select(rows, update, this.#kinds)
    if (count === 0) return undefined
    return createBatch(schema, columns, count, hasUpdates(this.#kinds, count) ? this.#kinds : null)
  }

  #gather(columns: readonly Column[], first: number, indices: Int32Array, count: number): Column[] {
    return columns.map((column, n) => {
      const gathered = gatherColumn(column, indices, count, this.#gathered[first + n])
      this.#gathered[first + n] = gathered
      return gathered
    })
  }

  #allUpdated(rows: number, { lookup, actions, changed }: GroupUpdate): boolean {
    if (actions !== null || lookup.insertedCount > 0) return false
    return !this.#suppresses || changed.indexOf(0) >= rows || !changed.subarray(0, rows).includes(0)
  }

  /** Fills in which results are emitted, by position in the columns of results, and as what. */
  #select(rows: number, { lookup, actions, changed }: GroupUpdate, kinds: Uint8Array): number {
    if (this.#positions.length < 2 * rows) this.#positions = new Int32Array(2 * rows)
    const positions = this.#positions
    const before = this.#node.emitUpdateBefore
    let count = 0
    for (let i = 0; i < rows; i++) {
      const first = actions === null ? lookup.inserted[i] === 1 : actions[i] === FIRST
      if (first) {
        kinds[count] = INSERT
        positions[count++] = 2 * i + 1
      } else if (actions !== null && actions[i] === LAST) {
        kinds[count] = DELETE
        positions[count++] = 2 * i
      } else if ((actions === null || actions[i] !== SKIP) && (changed[i] === 1 || !this.#suppresses)) {
        if (before) {
          kinds[count] = UPDATE_BEFORE
          positions[count++] = 2 * i
        }
        kinds[count] = UPDATE_AFTER
        positions[count++] = 2 * i + 1
      }
    }
    return count
  }

  onWatermark(time: number): void {
    this.#context.output.watermark(time)
  }

  onProcessingTime(now: number): void {
    if (this.#node.stateTtl > 0) this.#groups.table.sweep(now)
  }

  snapshot(): readonly StatePage[] {
    return this.#groups.snapshot(TABLE)
  }

  metrics(): OperatorMetrics {
    return { stateBytes: this.#groups.bytes, stateEntries: this.#groups.size, lateRows: 0 }
  }
}

function hasUpdates(kinds: Uint8Array, count: number): boolean {
  for (let i = 0; i < count; i++) if (kinds[i] !== INSERT) return true
  return false
}

let halfIndices = new Int32Array(0)

/** 0, 0, 1, 1, 2, 2 … */
function halves(length: number): Int32Array {
  if (halfIndices.length < length) halfIndices = Int32Array.from({ length: 2 * length }, (_, index) => index >> 1)
  return halfIndices
}

let alternating = new Uint8Array(0)

/** -U, +U, -U, +U … Shared: nobody changes a batch. */
function updateKinds(length: number): Uint8Array {
  if (alternating.length < length) {
    alternating = Uint8Array.from({ length: 2 * length }, (_, index) =>
      index % 2 === 0 ? UPDATE_BEFORE : UPDATE_AFTER,
    )
  }
  return alternating
}
