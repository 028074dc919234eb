/**
 * Deduplication: the first or the last row of each key by a time attribute, over input that only appends
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/deduplication/).
 *
 * First by processing time: the first that comes. Last: each row updates the one before, by event time only if it is
 * not older. First by event time: when the watermark has passed it, so that nothing has to be taken back; rows below
 * the watermark are late.
 */
import {
  type ChangeBatch,
  createBatch,
  gatherRows,
  INSERT,
  UPDATE_AFTER,
  UPDATE_BEFORE,
} from '../../core/change-batch.ts'
import type { DeduplicateNode } from '../../planner/physical/graph.ts'
import { KeyedTable } from '../../state/table/keyed-table.ts'
import type { FixedStore } from '../../state/table/stored-column.ts'
import { FirstRowByTime } from './first-row-by-time.ts'
import { keyColumnsOf, keyTypesOf } from './key-columns.ts'
import type { Operator, OperatorContext, OperatorMetrics, StatePage } from './operator.ts'
import { type RowComparer, rowComparer } from './row-equality.ts'
import { MixedRows } from './mixed-rows.ts'
import { heldRows, putRows, rowColumns } from './row-store.ts'
import { readWholeNumbers } from './whole-numbers.ts'
import { arrayFor } from '../../state/table/memory.ts'

const TABLE = 'rows'

export function createDeduplicate(node: DeduplicateNode, context: OperatorContext): Operator {
  if (node.keep === 'last') return new LastRow(node, context)
  return node.time === 'rowtime' ? new FirstRowByTime(node, context) : new FirstRow(node, context)
}

class FirstRow implements Operator {
  readonly #node: DeduplicateNode
  readonly #context: OperatorContext
  readonly #table: KeyedTable

  constructor(node: DeduplicateNode, context: OperatorContext) {
    this.#node = node
    this.#context = context
    this.#table = new KeyedTable(keyTypesOf(node.schema, node.keys), [], { ttl: node.stateTtl })
  }

  onBatch(batch: ChangeBatch): void {
    const now = this.#node.stateTtl > 0 ? this.#context.clock.now() : 0
    const wanted = this.#node.stateTtl > 0 ? this.#unknown(batch, now) : batch
    // The time to live is that of the first row: keys that are known are not written again.
    const keys = keyColumnsOf(wanted, this.#node.keys)
    const { inserted, insertedCount } =
      this.#node.stateTtl > 0
        ? this.#table.lookupOrInsert(keys, wanted.rows, now)
        : this.#table.intern(keys, wanted.rows)
    this.#emit(wanted, inserted, insertedCount)
    this.#table.compact()
  }

  #unknown(batch: ChangeBatch, now: number): ChangeBatch {
    const known = this.#table.lookup(keyColumnsOf(batch, this.#node.keys), batch.rows, now)
    const rows = new Int32Array(batch.rows)
    let count = 0
    for (let row = 0; row < batch.rows; row++) if (known[row] === -1) rows[count++] = row
    return gatherRows(batch, rows, count)
  }

  #emit(batch: ChangeBatch, inserted: Uint8Array, count: number): void {
    if (count === 0) return
    if (count === batch.rows) {
      this.#context.output.batch({ ...batch, schema: this.#node.schema })
      return
    }
    const rows = new Int32Array(count)
    let at = 0
    for (let row = 0; row < batch.rows; row++) if (inserted[row] === 1) rows[at++] = row
    this.#context.output.batch({ ...gatherRows(batch, rows, count), schema: this.#node.schema })
  }

  onWatermark(time: number): void {
    this.#context.output.watermark(time)
  }

  onProcessingTime(now: number): void {
    this.#table.sweep(now)
  }

  snapshot(): readonly StatePage[] {
    return this.#table.snapshotPages().map((page) => ({ table: TABLE, ...page }))
  }

  restore(pages: readonly StatePage[]): void {
    this.#table.restorePages(pages, this.#context.clock.now())
  }

  metrics(): OperatorMetrics {
    return { stateBytes: this.#table.bytes, stateEntries: this.#table.size, lateRows: 0 }
  }
}

const STORED = 0
const ABSENT = -1

class LastRow implements Operator {
  readonly #node: DeduplicateNode
  readonly #context: OperatorContext
  readonly #mixed = new MixedRows()
  readonly #table: KeyedTable
  /** By key's row: STORED, ABSENT, or the batch's row that is the newest, + 1; STORED between batches. */
  #newest = new Int32Array(0)
  #kinds = new Uint8Array(0)
  #sources = new Int32Array(0)
  #count = 0
  /** Rows of the batch that take the place of others. */
  #written = new Int32Array(0)
  #writtenCount = 0

  constructor(node: DeduplicateNode, context: OperatorContext) {
    this.#node = node
    this.#context = context
    this.#table = new KeyedTable(keyTypesOf(node.schema, node.keys), rowColumns(node.schema), { ttl: node.stateTtl })
  }

  onBatch(batch: ChangeBatch): void {
    const { emitInsert, emitUpdateBefore, time, stateTtl } = this.#node
    if (time === 'proctime' && !emitInsert && !emitUpdateBefore) {
      const kinds = new Uint8Array(batch.rows).fill(UPDATE_AFTER)
      this.#context.output.batch({ ...batch, schema: this.#node.schema, kinds })
      return
    }
    const now = stateTtl > 0 ? this.#context.clock.now() : 0
    const { rowIds, inserted } = this.#table.lookupOrInsert(keyColumnsOf(batch, this.#node.keys), batch.rows, now)
    this.#newest = arrayFor(this.#newest, this.#table.high)
    for (let row = 0; row < batch.rows; row++) if (inserted[row] === 1) this.#newest[rowIds[row] as number] = ABSENT
    this.#merge(batch, rowIds)
    const held = heldRows(batch, this.#table.values, this.#written, this.#writtenCount)
    if (this.#count > 0) this.#emit(held)
    this.#settle(held, rowIds)
  }

  #merge(batch: ChangeBatch, groups: Int32Array): void {
    const { time, timeColumn } = this.#node
    const { rows, columns } = batch
    if (this.#kinds.length < 2 * rows) {
      this.#kinds = new Uint8Array(2 * rows)
      this.#sources = new Int32Array(2 * rows)
      this.#written = new Int32Array(2 * rows)
    }
    this.#count = 0
    this.#writtenCount = 0
    const column = columns[timeColumn]
    const times = time === 'rowtime' && column !== undefined ? readWholeNumbers(column, rows) : undefined
    const same = rowComparer(columns, rows, this.#table.values)
    const newest = this.#newest
    for (let row = 0; row < rows; row++) {
      const group = groups[row] as number
      const last = newest[group] as number
      if (last !== ABSENT && !this.#replaces(row, group, last, times, same)) continue
      this.#put(row, last === ABSENT ? undefined : last === STORED ? -1 - group : last - 1)
      newest[group] = row + 1
    }
  }

  /** By event time rows that are not older; by processing time all but those that change nothing. */
  #replaces(row: number, group: number, last: number, times: Float64Array | undefined, same: RowComparer): boolean {
    if (times !== undefined) {
      return (times[row] as number) >= (last === STORED ? this.#storedTime(group) : (times[last - 1] as number))
    }
    return this.#node.stateTtl > 0 || !same(row, last === STORED ? -1 - group : last - 1)
  }

  #storedTime(group: number): number {
    const { words } = this.#table.values[this.#node.timeColumn] as FixedStore
    return (words[2 * group + 1] as number) * 4294967296 + ((words[2 * group] as number) >>> 0)
  }

  #put(row: number, old: number | undefined): void {
    const { emitInsert, emitUpdateBefore } = this.#node
    if (old !== undefined && emitUpdateBefore) {
      this.#kinds[this.#count] = UPDATE_BEFORE
      this.#sources[this.#count++] = old
    }
    this.#written[this.#writtenCount++] = row
    this.#kinds[this.#count] = old === undefined && (emitInsert || emitUpdateBefore) ? INSERT : UPDATE_AFTER
    this.#sources[this.#count++] = row
  }

  #emit(batch: ChangeBatch): void {
    const count = this.#count
    const columns = this.#mixed.take(batch, this.#table.values, this.#sources, count)
    const kinds = this.#kinds.slice(0, count)
    const updates = kinds.some((kind) => kind !== INSERT)
    this.#context.output.batch(createBatch(this.#node.schema, columns, count, updates ? kinds : null))
  }

  #settle(batch: ChangeBatch, groups: Int32Array): void {
    const to = new Int32Array(batch.rows)
    const from = new Int32Array(batch.rows)
    let count = 0
    for (let row = 0; row < batch.rows; row++) {
      const group = groups[row] as number
      if (this.#newest[group] !== row + 1) continue
      to[count] = group
      from[count++] = row
    }
    putRows(this.#table.values, to, batch, from, count)
    for (let row = 0; row < batch.rows; row++) this.#newest[groups[row] as number] = STORED
    this.#table.compact()
  }

  onWatermark(time: number): void {
    this.#context.output.watermark(time)
  }

  onProcessingTime(now: number): void {
    this.#table.sweep(now)
  }

  snapshot(): readonly StatePage[] {
    return this.#table.snapshotPages().map((page) => ({ table: TABLE, ...page }))
  }

  restore(pages: readonly StatePage[]): void {
    this.#table.restorePages(pages, this.#context.clock.now())
  }

  metrics(): OperatorMetrics {
    return { stateBytes: this.#table.bytes, stateEntries: this.#table.size, lateRows: 0 }
  }
}
