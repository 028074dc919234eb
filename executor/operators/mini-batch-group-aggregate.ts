/**
 * Unbounded GROUP BY over bundles of rows (Flink's MiniBatchGroupAggFunction): at the end of a bundle each of its
 * groups gives one change, +I, -U and +U, or -D, and none where the result is what it was. A bundle ends with a
 * watermark, at its size, and before a checkpoint. Groups come in the order of their first rows in the bundle.
 */
import {
  type ChangeBatch,
  copyBatch,
  createBatch,
  DELETE,
  INSERT,
  sliceRows,
  UPDATE_AFTER,
  UPDATE_BEFORE,
} from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { gatherColumn, readValue } from '../../core/column-ops.ts'
import { copyColumn } from '../../core/column-copy.ts'
import { invariant } from '../../core/errors.ts'
import type { SqlType } from '../../core/types.ts'
import type { GroupAggregateNode } from '../../planner/physical/graph.ts'
import { encodeValue } from '../../state/table/value-codec.ts'
import { equalBytes } from '../codegen/byte-arena.ts'
import { AggregateTable, planAggregates } from './aggregate-table.ts'
import type { Operator, OperatorContext, OperatorMetrics, StatePage } from './operator.ts'
import { concatRows } from './row-merge.ts'

/** As without bundles: a checkpoint serves both. */
const TABLE = 'groups'

export function createMiniBatchGroupAggregate(
  node: GroupAggregateNode,
  size: number,
  context: OperatorContext,
): Operator {
  return new MiniBatchGroupAggregate(node, size, context)
}

/** The groups of a bundle, each once. */
interface BundleGroups {
  readonly ids: Int32Array
  /** 1 where there was no such group before. */
  readonly isNew: Uint8Array
  readonly count: number
}

class MiniBatchGroupAggregate implements Operator {
  readonly #node: GroupAggregateNode
  readonly #size: number
  readonly #context: OperatorContext
  readonly #groups: AggregateTable
  readonly #bundle: ChangeBatch[] = []
  #rows = 0

  constructor(node: GroupAggregateNode, size: number, context: OperatorContext) {
    this.#node = node
    this.#size = size
    this.#context = context
    const keyTypes = node.keys.map((_, index) => {
      const field = node.schema.fields[index]
      invariant(field !== undefined, 'a group aggregate has a field for each key')
      return field.type
    })
    this.#groups = new AggregateTable(planAggregates(keyTypes, node.aggregates, node.inputRetracts, node.stateTtl))
  }

  restore(pages: readonly StatePage[]): void {
    this.#groups.restore(TABLE, pages, this.#context.clock.now())
  }

  onBatch(batch: ChangeBatch): void {
    for (let row = 0; row < batch.rows; ) {
      const end = Math.min(batch.rows, row + this.#size - this.#rows)
      this.#bundle.push(copyBatch(sliceRows(batch, row, end)))
      this.#rows += end - row
      row = end
      if (this.#rows >= this.#size) this.#finishBundle()
    }
  }

  onWatermark(time: number): void {
    this.#finishBundle()
    this.#context.output.watermark(time)
  }

  onProcessingTime(now: number): void {
    if (this.#node.stateTtl > 0) this.#groups.table.sweep(now)
  }

  prepareSnapshot(): void {
    this.#finishBundle()
  }

  snapshot(): readonly StatePage[] {
    return this.#groups.snapshot(TABLE)
  }

  metrics(): OperatorMetrics {
    return { stateBytes: this.#groups.bytes, stateEntries: this.#groups.size, lateRows: 0 }
  }

  #finishBundle(): void {
    if (this.#rows === 0) return
    const bundle = this.#bundle.splice(0)
    this.#rows = 0
    const now = this.#node.stateTtl > 0 ? this.#context.clock.now() : 0
    const groups = this.#groupsOf(bundle, now)
    const { ids, count } = groups
    const keys = this.#groups.keyColumns(ids, count)
    const before = this.#groups.results(ids, count).map((column) => copyColumn(column, count))
    for (const batch of bundle) this.#groups.update(batch, this.#keysOf(batch), false, now)
    const after = this.#groups.results(ids, count)
    const out = this.#changes(groups, keys, before, after)
    this.#groups.settle()
    if (out !== undefined) this.#context.output.batch(out)
  }

  #keysOf(batch: ChangeBatch): readonly Column[] {
    return this.#node.keys.map((key) => {
      const column = batch.columns[key]
      invariant(column !== undefined, 'a key is a column of the input')
      return column
    })
  }

  #groupsOf(bundle: readonly ChangeBatch[], now: number): BundleGroups {
    const seen = new Set<number>()
    const ids: number[] = []
    const isNew: number[] = []
    for (const batch of bundle) {
      const { rowIds, inserted } = this.#groups.table.lookupOrInsert(this.#keysOf(batch), batch.rows, now)
      for (let row = 0; row < batch.rows; row++) {
        const id = rowIds[row] as number
        if (seen.has(id)) continue
        seen.add(id)
        ids.push(id)
        isNew.push(inserted[row] as number)
      }
    }
    return { ids: Int32Array.from(ids), isNew: Uint8Array.from(isNew), count: ids.length }
  }

  #changes(
    { ids, isNew, count }: BundleGroups,
    keys: readonly Column[],
    before: readonly Column[],
    after: readonly Column[],
  ): ChangeBatch | undefined {
    const { schema, emitUpdateBefore, stateTtl, aggregates } = this.#node
    const types = aggregates.map((call) => call.type)
    /** Positions of groups, and from `count` on of their results after the bundle. */
    const order = new Int32Array(2 * count)
    const kinds = new Uint8Array(2 * count)
    let rows = 0
    const emit = (kind: number, at: number): void => {
      kinds[rows] = kind
      order[rows++] = at
    }
    for (let i = 0; i < count; i++) {
      const isGone = this.#groups.isGone(ids[i] as number)
      if (isNew[i] === 1) {
        if (!isGone) emit(INSERT, count + i)
      } else if (isGone) {
        emit(DELETE, i)
      } else if ((stateTtl > 0 && types.length > 0) || !sameResults(before, after, types, i)) {
        if (emitUpdateBefore) emit(UPDATE_BEFORE, i)
        emit(UPDATE_AFTER, count + i)
      }
    }
    if (rows === 0) return undefined
    const results = concatRows(before, count, after, order, rows)
    const groups = order.subarray(0, rows).map((at) => (at < count ? at : at - count))
    return createBatch(schema, [...keys.map((key) => gatherColumn(key, groups, rows)), ...results], rows, kinds)
  }
}

function sameResults(
  before: readonly Column[],
  after: readonly Column[],
  types: readonly SqlType[],
  row: number,
): boolean {
  return types.every((type, index) => {
    const [a, b] = [before[index], after[index]]
    return a === undefined || b === undefined || sameValue(a, b, type, row)
  })
}

function sameValue(a: Column, b: Column, type: SqlType, row: number): boolean {
  const isNull = a.kind === 'null' || a.nulls?.[row] === 1
  const isNullNow = b.kind === 'null' || b.nulls?.[row] === 1
  if (isNull || isNullNow) return isNull === isNullNow
  if (a.kind === 'bytes' && b.kind === 'bytes') {
    const { starts, lengths } = b
    return equalBytes(
      a.data,
      a.starts[row] as number,
      a.lengths[row] as number,
      b.data,
      starts[row] as number,
      lengths[row] as number,
    )
  }
  const [x, y] = [readValue(a, type, row), readValue(b, type, row)]
  if (typeof x !== 'object' || typeof y !== 'object') return x === y
  return Buffer.compare(encodeValue(x, type), encodeValue(y, type)) === 0
}
