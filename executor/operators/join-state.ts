/**
 * What a join remembers of one side: its rows by join key, in the order in which they came. A row is found again by
 * its unique key, or by all its columns and then counted, or, where nothing is ever taken back, not at all.
 */
import { type ChangeBatch, isRetraction } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { gatherColumn } from '../../core/column-ops.ts'
import { invariant } from '../../core/errors.ts'
import { areLasting } from '../../core/lasting-bytes.ts'
import { type Schema, type SqlType, withNullability } from '../../core/types.ts'
import type { JoinSide } from '../../planner/physical/join-nodes.ts'
import { KeyedRows, type KeyedRowsPage } from '../../state/table/keyed-rows.ts'
import type { ValueColumn } from '../../state/table/keyed-table.ts'
import { type FixedStore, type StoredColumn, storedKind } from '../../state/table/stored-column.ts'

/** What a batch has done to the state. By position in the batch; valid until the next call. */
export interface StateUpdate {
  /** The row that an added one has become; -1 where it is not remembered. */
  readonly rows: Int32Array
  /** 1 where an added row has taken the place of one with its unique key; null: nowhere. */
  readonly replaced: Uint8Array | null
}

export class JoinState {
  readonly #rows: KeyedRows
  /** By position in the schema. */
  readonly #columns: readonly StoredColumn[]
  readonly #values: readonly number[]
  readonly #identity: readonly number[] | undefined
  readonly #associations: FixedStore | undefined
  readonly #counts: FixedStore | undefined
  #updated = new Int32Array(0)

  /** @param associated whether each row has the number of rows that it is joined with */
  constructor(side: JoinSide, schema: Schema, associated: boolean) {
    const types = schema.fields.map(({ type }) => withNullability(type, true))
    const all = types.map((_, index) => index)
    const typesOf = (columns: readonly number[]): SqlType[] => columns.flatMap((column) => types[column] ?? [])
    const counted = side.uniqueKey === undefined && side.retracts
    this.#identity = counted ? all : side.uniqueKey
    this.#values = all.filter((column) => this.#identity?.includes(column) !== true)
    const numbers: ValueColumn[] = [...(associated ? [INTEGER] : []), ...(counted ? [INTEGER] : [])]
    const values = typesOf(this.#values).map((type): ValueColumn => ({ kind: storedKind(type), type, shares: true }))
    this.#rows = new KeyedRows(typesOf(side.keys), [...numbers, ...values], {
      ttl: side.stateTtl,
      ...(this.#identity === undefined ? {} : { identity: typesOf(this.#identity) }),
    })
    this.#associations = associated ? (this.#rows.values[0] as FixedStore) : undefined
    this.#counts = counted ? (this.#rows.values[numbers.length - 1] as FixedStore) : undefined
    const stored = this.#rows.values.slice(numbers.length)
    this.#columns = all.map((column) => {
      const place = this.#identity?.indexOf(column) ?? -1
      const found = place >= 0 ? this.#rows.identity[place] : stored[this.#values.indexOf(column)]
      invariant(found !== undefined, 'every column of a row is stored')
      return found
    })
  }

  get rows(): KeyedRows {
    return this.#rows
  }

  /** By row: how many rows of the other side it is joined with. */
  get associations(): Int32Array {
    invariant(this.#associations !== undefined, 'rows of an outer side are counted')
    return this.#associations.values as Int32Array
  }

  /** By row: how often it is there; null: once. */
  get counts(): Int32Array | null {
    return this.#counts === undefined ? null : (this.#counts.values as Int32Array)
  }

  column(index: number): StoredColumn {
    const column = this.#columns[index]
    invariant(column !== undefined, 'a stored row has all columns of its side')
    return column
  }

  /**
   * Whether all rows of a batch are remembered, each as a row of its own, and this column of them was copied: then it had
   * better go out as it is here, where who remembers texts of the result can point at them too.
   */
  hasCopied(index: number, column: Column): boolean {
    return (
      this.#identity === undefined &&
      column.kind === 'bytes' &&
      this.#columns[index]?.kind === 'bytes' &&
      !areLasting(column.data)
    )
  }

  /**
   * Adds and takes back the rows of a batch, each after the one before it. `settle` ends the batch.
   *
   * @param positions of the rows that are remembered; null: all
   */
  update(batch: ChangeBatch, keys: readonly Column[], positions: Int32Array | null, now: number): StateUpdate {
    if (this.#updated.length < batch.rows) this.#updated = new Int32Array(batch.rows)
    this.#updated.fill(-1, 0, batch.rows)
    const count = positions === null ? batch.rows : positions.length
    if (count === 0) return { rows: this.#updated, replaced: null }
    const picked = pick(keys, positions)
    return this.#identity === undefined
      ? this.#append(batch, picked, positions, count, now)
      : this.#change(batch, picked, this.#identity, positions, count, now)
  }

  #append(
    batch: ChangeBatch,
    keys: readonly Column[],
    positions: Int32Array | null,
    count: number,
    now: number,
  ): StateUpdate {
    const rows = this.#rows.append(keys, count, now)
    this.#put(batch, rows, positions, count)
    for (let i = 0; i < count; i++) this.#updated[positions === null ? i : (positions[i] as number)] = rows[i] as number
    return { rows: this.#updated, replaced: null }
  }

  #change(
    batch: ChangeBatch,
    keys: readonly Column[],
    identity: readonly number[],
    positions: Int32Array | null,
    count: number,
    now: number,
  ): StateUpdate {
    const names = identity.flatMap((column) => batch.columns[column] ?? [])
    const { rows } = this.#rows.findOrInsert(keys, pick(names, positions), count, now)
    const counts = this.counts
    const to = new Int32Array(count)
    const from = new Int32Array(count)
    let added = 0
    let replaced: Uint8Array | null = null
    for (let i = 0; i < count; i++) {
      const position = positions === null ? i : (positions[i] as number)
      const row = rows[i] as number
      const attached = this.#rows.isAttached(row)
      if (batch.kinds !== null && isRetraction(batch.kinds[position] as number)) {
        if (attached && counts !== null && (counts[row] as number) > 1) counts[row] = (counts[row] as number) - 1
        else this.#rows.detach(row)
        continue
      }
      if (!attached) {
        this.#rows.attach(row)
        if (counts !== null) counts[row] = 1
      } else if (counts !== null) counts[row] = (counts[row] as number) + 1
      else {
        replaced ??= new Uint8Array(batch.rows)
        replaced[position] = 1
      }
      this.#updated[position] = row
      to[added] = row
      from[added++] = position
    }
    this.#put(batch, to, from, added)
    return { rows: this.#updated, replaced }
  }

  #put(batch: ChangeBatch, to: Int32Array, from: Int32Array | null, count: number): void {
    for (const index of this.#values) {
      const source = batch.columns[index]
      if (source !== undefined) this.column(index).put(to, source, from, count)
    }
  }

  /** The groups of rows of the other side that have these keys: by position, -1 where there are none. */
  lookup(keys: readonly Column[], rows: number, positions: Int32Array | null, now: number): Int32Array {
    if (positions === null) return this.#rows.lookup(keys, rows, now)
    const found = this.#rows.lookup(pick(keys, positions), positions.length, now)
    const groups = new Int32Array(rows).fill(-1)
    for (let i = 0; i < positions.length; i++) groups[positions[i] as number] = found[i] as number
    return groups
  }

  settle(): void {
    this.#rows.settle()
    this.#rows.compact()
  }

  sweep(now: number): void {
    this.#rows.sweep(now)
  }

  snapshot(name: string): KeyedRowsPage[] {
    return this.#rows.snapshot(name)
  }

  restore(name: string, pages: readonly KeyedRowsPage[], now: number): void {
    this.#rows.restore(name, pages, now)
  }
}

const INTEGER: ValueColumn = { kind: 'i32' }

function pick(columns: readonly Column[], positions: Int32Array | null): readonly Column[] {
  if (positions === null) return columns
  return columns.map((column) => gatherColumn(column, positions, positions.length))
}
