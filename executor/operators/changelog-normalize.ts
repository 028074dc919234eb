/**
 * ChangelogNormalize: remembers the last row of each key, so that an upsert stream, or one that repeats events, becomes
 * a full changelog. +I and +U of an unknown key become +I; of a known one -U with the old row and +U with the new one,
 * or nothing where the two are the same; -D and -U of a known key become -D with the whole old row, because a +U need
 * not follow. As in Flink a row that repeats is emitted all the same while state expires.
 */
import {
  type ChangeBatch,
  createBatch,
  DELETE,
  INSERT,
  isRetraction,
  UPDATE_AFTER,
  UPDATE_BEFORE,
} from '../../core/change-batch.ts'
import { type Column } from '../../core/column.ts'
import { invariant } from '../../core/errors.ts'
import type { SqlType } from '../../core/types.ts'
import type { ChangelogNormalizeNode } from '../../planner/physical/graph.ts'
import { KeyedTable } from '../../state/table/keyed-table.ts'
import type { Operator, OperatorContext, OperatorMetrics, StatePage } from './operator.ts'
import { rowComparer } from './row-equality.ts'
import { MixedRows } from './mixed-rows.ts'
import { putRows, rowColumns } from './row-store.ts'

const TABLE = 'rows'

export function createChangelogNormalize(node: ChangelogNormalizeNode, context: OperatorContext): Operator {
  return new ChangelogNormalize(node, context)
}

class ChangelogNormalize implements Operator {
  readonly #node: ChangelogNormalizeNode
  readonly #context: OperatorContext
  readonly #mixed = new MixedRows()
  readonly #table: KeyedTable

  constructor(node: ChangelogNormalizeNode, context: OperatorContext) {
    this.#node = node
    this.#context = context
    const keyTypes = node.keys.map((key): SqlType => node.schema.fields[key]?.type ?? { kind: 'NULL', nullable: true })
    this.#table = new KeyedTable(keyTypes, rowColumns(node.schema), { ttl: node.stateTtl })
  }

  restore(pages: readonly StatePage[]): void {
    this.#table.restorePages(pages, this.#context.clock.now())
  }

  onBatch(batch: ChangeBatch): void {
    const now = this.#node.stateTtl > 0 ? this.#context.clock.now() : 0
    const keys = this.#node.keys.map((key): Column => {
      const column = batch.columns[key]
      invariant(column !== undefined, 'a key is a column of the input')
      return column
    })
    const { rowIds, inserted } = this.#table.lookupOrInsert(keys, batch.rows, now)
    const merge = new Merge(this.#table, batch, rowIds, inserted)
    merge.run(this.#node.emitUpdateBefore, this.#node.stateTtl > 0)
    if (merge.count > 0) this.#context.output.batch(merge.batch(this.#node.schema, this.#mixed))
    merge.settle()
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

  metrics(): OperatorMetrics {
    return { stateBytes: this.#table.bytes, stateEntries: this.#table.size, lateRows: 0 }
  }
}

const ABSENT = -2
const STORED = -1

/** One batch: where each key's row is as of each input row, in the table or in the batch itself. */
class Merge {
  count = 0
  readonly #table: KeyedTable
  readonly #batch: ChangeBatch
  readonly #groups: Int32Array
  /** By group: ABSENT, STORED, or the batch row that is the newest. */
  readonly #newest = new Map<number, number>()
  readonly #kinds: Uint8Array
  /** Where each emitted row comes from: a batch row, or -1 - row of the table. */
  readonly #sources: Int32Array

  constructor(table: KeyedTable, batch: ChangeBatch, groups: Int32Array, inserted: Uint8Array) {
    this.#table = table
    this.#batch = batch
    this.#groups = groups
    this.#kinds = new Uint8Array(2 * batch.rows)
    this.#sources = new Int32Array(2 * batch.rows)
    for (let row = 0; row < batch.rows; row++) if (inserted[row] === 1) this.#newest.set(groups[row] as number, ABSENT)
  }

  run(emitUpdateBefore: boolean, expires: boolean): void {
    const { kinds, rows, columns } = this.#batch
    const same = rowComparer(columns, rows, this.#table.values)
    for (let row = 0; row < rows; row++) {
      const kind = kinds === null ? INSERT : (kinds[row] as number)
      const group = this.#groups[row] as number
      const newest = this.#newest.get(group) ?? STORED
      const old = newest === STORED ? -1 - group : newest
      if (isRetraction(kind)) {
        if (newest === ABSENT) continue
        this.#put(DELETE, old)
        this.#newest.set(group, ABSENT)
        continue
      }
      if (newest === ABSENT) this.#put(INSERT, row)
      else if (expires || !same(row, old)) {
        if (emitUpdateBefore) this.#put(UPDATE_BEFORE, old)
        this.#put(UPDATE_AFTER, row)
      }
      this.#newest.set(group, row)
    }
  }

  #put(kind: number, source: number): void {
    this.#kinds[this.count] = kind
    this.#sources[this.count++] = source
  }

  batch(schema: ChangeBatch['schema'], mixed: MixedRows): ChangeBatch {
    const { count } = this
    const columns = mixed.take(this.#batch, this.#table.values, this.#sources, count)
    return createBatch(
      schema,
      columns,
      count,
      this.#kinds.subarray(0, count).some((kind) => kind !== INSERT) ? this.#kinds : null,
    )
  }

  /** Writes the newest rows to the table; keys that are gone leave it. */
  settle(): void {
    const to: number[] = []
    const from: number[] = []
    const gone: number[] = []
    for (const [group, newest] of this.#newest) {
      if (newest === ABSENT) gone.push(group)
      else if (newest !== STORED) {
        to.push(group)
        from.push(newest)
      }
    }
    for (const group of gone) this.#table.remove(group)
    putRows(this.#table.values, Int32Array.from(to), this.#batch, Int32Array.from(from), to.length)
  }
}
