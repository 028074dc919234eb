/**
 * SinkUpsertMaterializer: for a sink whose primary key is not the changelog's own key, so that changes of one key may
 * come in the wrong order. It keeps all rows of each key in the order in which they were added, and the sink has the
 * last of them: an added row is emitted as +I or +U; when the last row goes the one before it is emitted again as +U;
 * when no row is left, -D. A row that is taken back but is not there is dropped.
 */
import { type ChangeBatch, createBatch, DELETE, INSERT, isRetraction, UPDATE_AFTER } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { invariant } from '../../core/errors.ts'
import { BIGINT, INT, type SqlType } from '../../core/types.ts'
import type { SinkMaterializeNode } from '../../planner/physical/graph.ts'
import { KeyedTable } from '../../state/table/keyed-table.ts'
import type { FixedStore, StoredColumn } from '../../state/table/stored-column.ts'
import type { Operator, OperatorContext, OperatorMetrics, StatePage } from './operator.ts'
import { type RowComparer, rowComparer } from './row-equality.ts'
import { MixedRows } from './mixed-rows.ts'
import { putRows, rowColumns } from './row-store.ts'

const KEYS = 'keys'
const ROWS = 'rows'

/** @param inputKey by which rows of the input are the same row; absent: by all columns */
export function createSinkMaterialize(
  node: SinkMaterializeNode,
  inputKey: readonly number[] | undefined,
  context: OperatorContext,
): Operator {
  return new SinkMaterialize(node, inputKey, context)
}

class SinkMaterialize implements Operator {
  readonly #node: SinkMaterializeNode
  readonly #inputKey: readonly number[] | undefined
  readonly #context: OperatorContext
  readonly #mixed = new MixedRows()
  readonly #keys: KeyedTable
  /** Rows by group and a number that is never used twice; the first value column is the position in the list. */
  readonly #rows: KeyedTable
  /** By group: rows of `#rows` in the order of the list. */
  readonly #lists = new Map<number, number[]>()
  #nextNumber = 1n
  #gone: number[] = []
  #count = 0
  #kinds = new Uint8Array(0)
  #sources = new Int32Array(0)

  constructor(node: SinkMaterializeNode, inputKey: readonly number[] | undefined, context: OperatorContext) {
    this.#node = node
    this.#inputKey = inputKey?.length === 0 ? undefined : inputKey
    this.#context = context
    const keyTypes = node.keys.map((key): SqlType => node.schema.fields[key]?.type ?? { kind: 'NULL', nullable: true })
    this.#keys = new KeyedTable(keyTypes, [], { ttl: node.stateTtl, onRemove: (group) => this.#forget(group) })
    this.#rows = new KeyedTable([INT, BIGINT], [{ kind: 'f64' }, ...rowColumns(node.schema)])
  }

  get #stored(): readonly StoredColumn[] {
    return this.#rows.values.slice(1)
  }

  get #positions(): Float64Array {
    return (this.#rows.values[0] as FixedStore).values as Float64Array
  }

  onBatch(batch: ChangeBatch): void {
    const { rows, kinds } = batch
    const now = this.#node.stateTtl > 0 ? this.#context.clock.now() : 0
    const keys = this.#node.keys.map((key): Column => {
      const column = batch.columns[key]
      invariant(column !== undefined, 'a key is a column of the input')
      return column
    })
    const groups = this.#keys.lookupOrInsert(keys, rows, now).rowIds
    const entries = this.#store(batch, groups)
    this.#count = 0
    this.#kinds = new Uint8Array(rows)
    this.#sources = new Int32Array(rows)
    const same = rowComparer(batch.columns, rows, this.#stored, this.#inputKey)
    for (let row = 0; row < rows; row++) {
      const group = groups[row] as number
      if (kinds !== null && isRetraction(kinds[row] as number)) this.#retract(group, row, same)
      else this.#add(group, row, entries[row] as number, same)
    }
    this.#emit(batch)
    this.#settle(groups, rows)
  }

  /** All rows that are added, at once; @returns for each batch row its place, where it is added. */
  #store(batch: ChangeBatch, groups: Int32Array): Int32Array {
    const { rows, kinds } = batch
    const added: number[] = []
    for (let row = 0; row < rows; row++) if (kinds === null || !isRetraction(kinds[row] as number)) added.push(row)
    const numbers = BigInt64Array.from(added, () => this.#nextNumber++)
    const ofGroup = Int32Array.from(added, (row) => groups[row] as number)
    const { rowIds } = this.#rows.lookupOrInsert(
      [
        { kind: 'i32', values: ofGroup, nulls: null },
        { kind: 'i64', values: numbers, nulls: null },
      ],
      added.length,
    )
    putRows(this.#stored, rowIds, batch, Int32Array.from(added), added.length)
    const entries = new Int32Array(rows).fill(-1)
    for (const [i, row] of added.entries()) {
      const entry = rowIds[i] as number
      entries[row] = entry
      this.#positions[entry] = Number(numbers[i])
    }
    return entries
  }

  #add(group: number, row: number, entry: number, same: RowComparer): void {
    const list = this.#lists.get(group) ?? []
    this.#lists.set(group, list)
    this.#put(list.length === 0 ? INSERT : UPDATE_AFTER, row)
    // With a key of its own an added row takes the place of the one with the same key.
    const at = this.#inputKey === undefined ? -1 : list.findIndex((candidate) => same(row, -1 - candidate))
    const replaced = list[at]
    if (replaced === undefined) {
      list.push(entry)
      return
    }
    list[at] = entry
    this.#positions[entry] = this.#positions[replaced] as number
    this.#gone.push(replaced)
  }

  #retract(group: number, row: number, same: RowComparer): void {
    const list = this.#lists.get(group) ?? []
    const at = list.findIndex((candidate) => same(row, -1 - candidate))
    const entry = list[at]
    if (entry === undefined) return
    const wasLast = at === list.length - 1
    list.splice(at, 1)
    this.#gone.push(entry)
    const last = list.at(-1)
    if (last === undefined) this.#put(DELETE, row)
    else if (wasLast) this.#put(UPDATE_AFTER, -1 - last)
  }

  #put(kind: number, source: number): void {
    this.#kinds[this.#count] = kind
    this.#sources[this.#count++] = source
  }

  #emit(batch: ChangeBatch): void {
    const count = this.#count
    if (count === 0) return
    const columns = this.#mixed.take(batch, this.#stored, this.#sources, count)
    const inserts = this.#kinds.subarray(0, count).every((kind) => kind === INSERT)
    this.#context.output.batch(createBatch(this.#node.schema, columns, count, inserts ? null : this.#kinds))
  }

  #settle(groups: Int32Array, rows: number): void {
    for (const entry of this.#gone) this.#rows.remove(entry)
    this.#gone = []
    for (const group of new Set(groups.slice(0, rows))) {
      if ((this.#lists.get(group)?.length ?? 0) === 0) this.#keys.remove(group)
    }
    this.#rows.compact()
    this.#keys.compact()
  }

  #forget(group: number): void {
    for (const entry of this.#lists.get(group) ?? []) this.#rows.remove(entry)
    this.#lists.delete(group)
  }

  onWatermark(time: number): void {
    this.#context.output.watermark(time)
  }

  onProcessingTime(now: number): void {
    this.#keys.sweep(now)
  }

  snapshot(): readonly StatePage[] {
    const keys = this.#keys.snapshotPages().map((page) => ({ table: KEYS, ...page }))
    return [...keys, ...this.#rows.snapshotPages().map((page) => ({ table: ROWS, ...page }))]
  }

  restore(pages: readonly StatePage[]): void {
    const now = this.#context.clock.now()
    this.#keys.restorePages(
      pages.filter(({ table }) => table === KEYS),
      now,
    )
    this.#rows.restorePages(pages.filter(({ table }) => table === ROWS))
    const [groups, numbers] = this.#rows.keys.map((key) => (key as FixedStore).values)
    const positions = this.#positions
    for (const entry of this.#rows.rows()) {
      const group = Number(groups?.[entry])
      const list = this.#lists.get(group) ?? []
      list.push(entry)
      this.#lists.set(group, list)
      const number = BigInt(numbers?.[entry] ?? 0)
      if (number >= this.#nextNumber) this.#nextNumber = number + 1n
    }
    for (const list of this.#lists.values()) list.sort((a, b) => (positions[a] as number) - (positions[b] as number))
  }

  metrics(): OperatorMetrics {
    return { stateBytes: this.#keys.bytes + this.#rows.bytes, stateEntries: this.#rows.size, lateRows: 0 }
  }
}
