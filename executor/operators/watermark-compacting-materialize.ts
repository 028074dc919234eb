/**
 * ON CONFLICT DO ERROR and DO NOTHING (Flink's WatermarkCompactingSinkMaterializer): changes wait for the next
 * watermark; then what was added and taken back again is gone, and what is left of each primary key is looked at. One
 * row is written, none deletes what was written, and of several rows DO NOTHING keeps the first, while they are an
 * error for DO ERROR.
 */
import { type ChangeBatch, createBatch, DELETE, INSERT, isRetraction, UPDATE_AFTER } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { invariant, MillraceError } from '../../core/errors.ts'
import { BIGINT, type SqlType } from '../../core/types.ts'
import type { SinkMaterializeNode } from '../../planner/physical/graph.ts'
import { KeyedTable } from '../../state/table/keyed-table.ts'
import type { FixedStore } from '../../state/table/stored-column.ts'
import type { Operator, OperatorContext, OperatorMetrics, StatePage } from './operator.ts'
import { rowComparer } from './row-equality.ts'
import { MixedRows } from './mixed-rows.ts'
import { putRows, rowColumns } from './row-store.ts'

const WRITTEN = 'written'
const WAITING = 'waiting'

/** @param inputKey by which rows of the input are the same row; absent: by all columns */
export function createWatermarkCompactingMaterialize(
  node: SinkMaterializeNode,
  inputKey: readonly number[] | undefined,
  context: OperatorContext,
): Operator {
  return new WatermarkCompactingMaterialize(node, inputKey, context)
}

/** What a key's rows are: a position among the waiting rows, or -1 - row for the one that is written. */
type RowReference = number

class WatermarkCompactingMaterialize implements Operator {
  readonly #node: SinkMaterializeNode
  readonly #inputKey: readonly number[] | undefined
  readonly #context: OperatorContext
  readonly #mixed = new MixedRows()
  /** By primary key: the row that the sink has. */
  readonly #written: KeyedTable
  /** By the order in which they came: row kinds and rows. */
  readonly #waiting: KeyedTable
  #nextNumber = 1n
  #kinds: number[] = []
  #sources: RowReference[] = []

  constructor(node: SinkMaterializeNode, inputKey: readonly number[] | undefined, context: OperatorContext) {
    this.#node = node
    this.#inputKey = inputKey?.length === 0 ? undefined : inputKey
    this.#context = context
    const keyTypes = node.keys.map((key): SqlType => node.schema.fields[key]?.type ?? { kind: 'NULL', nullable: true })
    this.#written = new KeyedTable(keyTypes, rowColumns(node.schema))
    this.#waiting = new KeyedTable([BIGINT], [{ kind: 'i8' }, ...rowColumns(node.schema)])
  }

  onBatch(batch: ChangeBatch): void {
    const { rows, kinds } = batch
    const numbers = BigInt64Array.from({ length: rows }, () => this.#nextNumber++)
    const { rowIds } = this.#waiting.lookupOrInsert([{ kind: 'i64', values: numbers, nulls: null }], rows)
    const [kindColumn, ...columns] = this.#waiting.values
    const stored = (kindColumn as FixedStore).values as Int8Array
    for (let row = 0; row < rows; row++)
      stored[rowIds[row] as number] = kinds === null ? INSERT : (kinds[row] as number)
    putRows(
      columns,
      rowIds,
      batch,
      Int32Array.from({ length: rows }, (_, row) => row),
      rows,
    )
  }

  onWatermark(time: number): void {
    if (this.#waiting.size > 0) this.#compact()
    this.#context.output.watermark(time)
  }

  #compact(): void {
    const numbers = (this.#waiting.keys[0] as FixedStore).values as BigInt64Array
    const ids = this.#waiting.rows().sort((a, b) => ((numbers[a] as bigint) < (numbers[b] as bigint) ? -1 : 1))
    const count = ids.length
    const kinds = (this.#waiting.values[0] as FixedStore).values as Int8Array
    const retracts = Uint8Array.from(ids, (id) => (isRetraction(kinds[id] as number) ? 1 : 0))
    const columns = this.#waiting.values.slice(1).map((column) => column.gather(ids, count))
    const batch = createBatch(this.#node.schema, columns, count)
    this.#kinds = []
    this.#sources = []
    this.#resolve(batch, retracts)
    for (const id of ids) this.#waiting.remove(id)
    this.#waiting.compact()
  }

  #resolve(batch: ChangeBatch, retracts: Uint8Array): void {
    const keys = this.#node.keys.map((key): Column => {
      const column = batch.columns[key]
      invariant(column !== undefined, 'a key is a column of the input')
      return column
    })
    const { rowIds, inserted } = this.#written.lookupOrInsert(keys, batch.rows)
    const isNew = new Set<number>()
    const lists = new Map<number, RowReference[]>()
    const same = rowComparer(batch.columns, batch.rows, this.#written.values, this.#inputKey)
    for (let row = 0; row < batch.rows; row++) {
      const place = rowIds[row] as number
      if (inserted[row] === 1) isNew.add(place)
      const list = lists.get(place) ?? (isNew.has(place) ? [] : [-1 - place])
      lists.set(place, list)
      const at = this.#inputKey === undefined && retracts[row] === 0 ? -1 : list.findIndex((other) => same(row, other))
      if (retracts[row] === 1) {
        if (at >= 0) list.splice(at, 1)
      } else if (at >= 0) list[at] = row
      else list.push(row)
    }
    const equal = rowComparer(batch.columns, batch.rows, this.#written.values)
    const puts: (readonly [place: number, row: number])[] = []
    const gone: number[] = []
    for (const [place, list] of lists) {
      const write = this.#decide(place, list, isNew.has(place), equal)
      if (write !== undefined) puts.push([place, write])
      else if (list.length === 0 || isNew.has(place)) gone.push(place)
    }
    this.#emit(batch)
    putRows(
      this.#written.values,
      Int32Array.from(puts, ([place]) => place),
      batch,
      Int32Array.from(puts, ([, row]) => row),
      puts.length,
    )
    for (const place of gone) this.#written.remove(place)
    this.#written.compact()
  }

  /** @returns the waiting row that the sink has from now on; undefined: the one that it had, or none */
  #decide(
    place: number,
    list: readonly RowReference[],
    isNew: boolean,
    equal: (row: number, other: number) => boolean,
  ): number | undefined {
    const [first] = list
    if (first === undefined) {
      if (!isNew) this.#put(DELETE, -1 - place)
      return undefined
    }
    if (list.length > 1) {
      if (this.#node.conflict === 'ERROR') throw this.#conflict()
      if (!isNew) return undefined
    }
    if (first < 0) return undefined
    if (isNew) this.#put(INSERT, first)
    else if (!equal(first, -1 - place)) this.#put(UPDATE_AFTER, first)
    return first
  }

  #put(kind: number, source: RowReference): void {
    this.#kinds.push(kind)
    this.#sources.push(source)
  }

  #emit(batch: ChangeBatch): void {
    const count = this.#kinds.length
    if (count === 0) return
    const columns = this.#mixed.take(batch, this.#written.values, Int32Array.from(this.#sources), count)
    this.#context.output.batch(createBatch(this.#node.schema, columns, count, Uint8Array.from(this.#kinds)))
  }

  #conflict(): MillraceError {
    const names = this.#node.keys.map((key) => this.#node.schema.fields[key]?.name ?? '')
    return new MillraceError(
      'INVALID_ARGUMENT',
      `Primary key constraint violation: multiple distinct records with the same primary key (${names.join(', ')}) detected.`,
      { hint: 'ON CONFLICT DO NOTHING keeps the first record, DO DEDUPLICATE the last.', retryable: false },
    )
  }

  snapshot(): readonly StatePage[] {
    const written = this.#written.snapshotPages().map((page) => ({ table: WRITTEN, ...page }))
    return [...written, ...this.#waiting.snapshotPages().map((page) => ({ table: WAITING, ...page }))]
  }

  restore(pages: readonly StatePage[]): void {
    this.#written.restorePages(pages.filter(({ table }) => table === WRITTEN))
    this.#waiting.restorePages(pages.filter(({ table }) => table === WAITING))
    const numbers = (this.#waiting.keys[0] as FixedStore).values as BigInt64Array
    for (const id of this.#waiting.rows()) {
      const number = numbers[id] as bigint
      if (number >= this.#nextNumber) this.#nextNumber = number + 1n
    }
  }

  metrics(): OperatorMetrics {
    return {
      stateBytes: this.#written.bytes + this.#waiting.bytes,
      stateEntries: this.#written.size + this.#waiting.size,
      lateRows: 0,
    }
  }
}
