/**
 * Rows of a batch and of a table as the columns of one batch after the other: a batch is lent, so that the arrays of
 * one are taken for the next.
 */
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { Column, NullMask } from '../../core/column.ts'
import { BytesStore } from '../../state/table/bytes-store.ts'
import {
  type FixedArray,
  type FixedKind,
  FixedStore,
  fixedArray,
  type StoredColumn,
} from '../../state/table/stored-column.ts'
import { concatRows } from './row-merge.ts'

export class MixedRows {
  /** Of the batch before. */
  readonly #lent: (Column | undefined)[] = []
  /** Stored rows among the sources, and where each source is when those stand behind the batch. */
  #stored = new Int32Array(0)
  #order = new Int32Array(0)

  /**
   * @param sources rows of the batch and, as -1 - row, of the table
   * @returns columns that are valid until the next call
   */
  take(batch: ChangeBatch, stored: readonly StoredColumn[], sources: Int32Array, count: number): Column[] {
    let split: number | undefined
    return stored.map((store, index) => {
      const column = batch.columns[index] as Column
      const mixed = mixedColumn(column, store, sources, count, this.#lent[index])
      if (mixed !== undefined) return (this.#lent[index] = mixed)
      split ??= this.#split(sources, count, batch.rows)
      const [merged] = concatRows([column], batch.rows, [store.gather(this.#stored, split)], this.#order, count)
      return merged as Column
    })
  }

  /** @returns how many stored rows there are */
  #split(sources: Int32Array, count: number, rows: number): number {
    if (this.#order.length < count) {
      this.#order = new Int32Array(2 * count)
      this.#stored = new Int32Array(2 * count)
    }
    let stored = 0
    for (let i = 0; i < count; i++) {
      const source = sources[i] as number
      this.#order[i] = source >= 0 ? source : rows + stored
      if (source < 0) this.#stored[stored++] = -1 - source
    }
    return stored
  }
}

/** undefined: the values of both are not in the same form. */
function mixedColumn(
  column: Column,
  store: StoredColumn,
  sources: Int32Array,
  count: number,
  reuse: Column | undefined,
): Column | undefined {
  if (store instanceof BytesStore) {
    return column.kind === 'bytes' ? store.mix(column, sources, count, reuse) : undefined
  }
  if (!(store instanceof FixedStore) || column.kind !== store.kind) return undefined
  const length = store.kind === 'i128' ? 2 * count : count
  const fits = reuse?.kind === store.kind && reuse.values.length >= length
  const values = fits ? reuse.values : fixedArray(store.kind, 2 * count)
  mixFixed(store.kind, column.values, store.values, sources, count, values)
  return { kind: store.kind, values, nulls: mixNulls(column.nulls, store.nulls, sources, count) } as unknown as Column
}

/** NULL bytes of rows of a batch and, as -1 - row, of a store. */
function mixNulls(mine: NullMask, theirs: NullMask, sources: Int32Array, count: number): NullMask {
  if (mine === null && theirs === null) return null
  const out = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    const source = sources[i] as number
    out[i] = source >= 0 ? (mine?.[source] ?? 0) : (theirs?.[-1 - source] ?? 0)
  }
  return out
}

type Longs = BigInt64Array
type Numbers = Exclude<FixedArray, Longs>

/** A loop for each class of array, so that each is compiled for its own. */
function mixFixed(
  kind: FixedKind,
  mine: FixedArray,
  theirs: FixedArray,
  sources: Int32Array,
  count: number,
  out: FixedArray,
): void {
  if (kind === 'i64') mixLongs(mine as Longs, theirs as Longs, sources, count, out as Longs)
  else if (kind === 'i128') mixWide(mine as Longs, theirs as Longs, sources, count, out as Longs)
  else mixNumbers(mine as Numbers, theirs as Numbers, sources, count, out as Numbers)
}

function mixLongs(mine: Longs, theirs: Longs, sources: Int32Array, count: number, out: Longs): void {
  for (let i = 0; i < count; i++) {
    const source = sources[i] as number
    if (source >= 0) out[i] = mine[source] as bigint
    else out[i] = theirs[-1 - source] as bigint
  }
}

function mixWide(mine: Longs, theirs: Longs, sources: Int32Array, count: number, out: Longs): void {
  for (let i = 0; i < count; i++) {
    const source = sources[i] as number
    const from = 2 * (source >= 0 ? source : -1 - source)
    const values = source >= 0 ? mine : theirs
    out[2 * i] = values[from] as bigint
    out[2 * i + 1] = values[from + 1] as bigint
  }
}

function mixNumbers(mine: Numbers, theirs: Numbers, sources: Int32Array, count: number, out: Numbers): void {
  for (let i = 0; i < count; i++) {
    const source = sources[i] as number
    out[i] = source >= 0 ? (mine[source] as number) : (theirs[-1 - source] as number)
  }
}
