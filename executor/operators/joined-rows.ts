/** Pairs of rows of two sides, gathered into the columns of a join's output. */
import { type ChangeBatch, createBatch, INSERT } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { gatherColumn } from '../../core/column-ops.ts'
import { invariant } from '../../core/errors.ts'
import type { Schema, SqlType } from '../../core/types.ts'
import { BytesStore } from '../../state/table/bytes-store.ts'
import { FixedStore, NullStore, type StoredColumn } from '../../state/table/stored-column.ts'
import { batchColumn, stateColumn } from './join-pairs.ts'

/** In the place of a row: NULLs. */
export const PADDING = -1

/** Where the rows of a side are: in a batch or in a table. */
export type RowSource = readonly (Column | StoredColumn)[]

export class JoinedRows {
  left = new Int32Array(1024)
  right = new Int32Array(1024)
  kinds = new Uint8Array(1024)
  count = 0
  #changes = false

  add(left: number, right: number, kind: number = INSERT): void {
    if (this.count === this.left.length) this.#grow()
    this.left[this.count] = left
    this.right[this.count] = right
    this.kinds[this.count++] = kind
    if (kind !== INSERT) this.#changes = true
  }

  #grow(): void {
    this.left = doubled(this.left)
    this.right = doubled(this.right)
    const kinds = new Uint8Array(2 * this.kinds.length)
    kinds.set(this.kinds)
    this.kinds = kinds
  }

  /** The rows so far as a batch, undefined where there are none; begins anew. */
  take(schema: Schema, left: RowSource, right: RowSource): ChangeBatch | undefined {
    const { count } = this
    if (count === 0) return undefined
    const type = (index: number): SqlType => schema.fields[index]?.type ?? { kind: 'NULL', nullable: true }
    const columns = [
      ...gatherSide(left, type, this.left, count),
      ...gatherSide(right, (index) => type(left.length + index), this.right, count),
    ]
    const kinds = this.#changes ? this.kinds.slice(0, count) : null
    this.count = 0
    this.#changes = false
    return createBatch(schema, columns, count, kinds)
  }
}

export function doubled(values: Int32Array): Int32Array<ArrayBuffer> {
  const out = new Int32Array(2 * values.length)
  out.set(values)
  return out
}

export function gatherFrom(source: Column | StoredColumn, rows: Int32Array, count: number): Column {
  return isStored(source) ? source.gather(rows, count) : gatherColumn(source, rows, count)
}

function isStored(source: Column | StoredColumn): source is StoredColumn {
  return source instanceof FixedStore || source instanceof BytesStore || source instanceof NullStore
}

/** Rows of a side with NULLs for `PADDING`. */
function gatherSide(
  sources: RowSource,
  type: (index: number) => SqlType,
  rows: Int32Array,
  count: number,
): readonly Column[] {
  let [missing, inPlace] = [false, true]
  for (let i = 0; i < count; i++) {
    const row = rows[i] as number
    if (row === PADDING) missing = true
    if (row !== i) inPlace = false
  }
  return sources.map((source, index) => {
    if (isStored(source)) return stateColumn(source, type(index), rows, count, missing)
    // All of a batch: its columns are passed on.
    return inPlace ? source : batchColumn(source, type(index), rows, count, missing)
  })
}

/** Key columns of a batch. */
export function keyColumns(batch: ChangeBatch, keys: readonly number[]): readonly Column[] {
  return keys.map((key) => {
    const column = batch.columns[key]
    invariant(column !== undefined, 'a key is a column of the input')
    return column
  })
}

/** 1 where a key has a NULL that is equal to nothing; null: nowhere. */
export function rowsWithNullKey(
  keys: readonly Column[],
  filterNulls: readonly boolean[],
  rows: number,
): Uint8Array | null {
  let found: Uint8Array | null = null
  for (const [index, column] of keys.entries()) {
    if (filterNulls[index] === false) continue
    if (column.kind === 'null') return new Uint8Array(rows).fill(1)
    if (column.nulls === null) continue
    found ??= new Uint8Array(rows)
    for (let row = 0; row < rows; row++) found[row] = (found[row] as number) | (column.nulls[row] as number)
  }
  return found
}
