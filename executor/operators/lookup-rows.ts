/** Rows of an external table by the key that they were looked up by: what lookup joins keep and work with. */
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import type { Schema, SqlType } from '../../core/types.ts'
import { KeyedTable } from '../../state/table/keyed-table.ts'
import type { FixedStore } from '../../state/table/stored-column.ts'
import { TimedRows } from '../../state/table/timed-rows.ts'
import { putRows, rowColumns } from './row-store.ts'
import { arrayFor } from '../../state/table/memory.ts'

/** Not among the keys that are known. */
export const UNKNOWN = -1

export class LookupRows {
  /** With when the key was looked up, and last used. */
  readonly keys: KeyedTable
  readonly rows: TimedRows

  constructor(keyTypes: readonly SqlType[], schema: Schema) {
    this.keys = new KeyedTable(keyTypes, [{ kind: 'f64' }, { kind: 'f64' }])
    this.rows = new TimedRows(rowColumns(schema))
  }

  /** Adds rows to those of their groups. */
  add(groups: Int32Array, batch: ChangeBatch): void {
    const ids = new Int32Array(batch.rows)
    const from = new Int32Array(batch.rows)
    for (let row = 0; row < batch.rows; row++) {
      ids[row] = this.rows.add(groups[row] as number, 0)
      from[row] = row
    }
    putRows(this.rows.values, ids, batch, from, batch.rows)
  }

  clear(group: number): void {
    for (let row = this.rows.first(group); row >= 0; row = this.rows.first(group)) this.rows.remove(row)
  }

  get bytes(): number {
    return this.keys.bytes + this.rows.bytes
  }
}

export interface PartialCacheOptions {
  readonly maxRows?: number
  readonly expireAfterWrite?: number
  readonly expireAfterAccess?: number
  readonly missingKeys: boolean
}

/** `lookup.cache` = PARTIAL: keys that were looked up, until they expire or make room for others. */
export class PartialCache {
  readonly table: LookupRows
  readonly #options: PartialCacheOptions
  /** Groups in the order of their last use, linked in both directions; ids plus 1, at 0 the ends. */
  #newer = new Int32Array(16)
  #older = new Int32Array(16)

  constructor(keyTypes: readonly SqlType[], schema: Schema, options: PartialCacheOptions) {
    this.table = new LookupRows(keyTypes, schema)
    this.#options = options
  }

  /** The groups of keys that are known, UNKNOWN for others; what has expired is unknown. Valid until the next call. */
  find(columns: readonly Column[], count: number, now: number): Int32Array {
    const groups = this.table.keys.lookup(columns, count)
    const [written, used] = this.#times()
    for (let i = 0; i < count; i++) {
      const group = groups[i] as number
      if (group < 0) continue
      if (this.#expired(group, written, used, now)) groups[i] = UNKNOWN
      else {
        used[group] = now
        this.#unlink(group)
        this.#link(group)
      }
    }
    return groups
  }

  #times(): readonly [Float64Array, Float64Array] {
    const [written, used] = this.table.keys.values
    return [(written as FixedStore).values as Float64Array, (used as FixedStore).values as Float64Array]
  }

  #expired(group: number, written: Float64Array, used: Float64Array, now: number): boolean {
    const { expireAfterWrite: write, expireAfterAccess: access } = this.#options
    if (write !== undefined && now - (written[group] as number) >= write) return true
    return access !== undefined && now - (used[group] as number) >= access
  }

  /** @param keyOf for each row the position of its key */
  put(keys: ChangeBatch, found: ChangeBatch, keyOf: Int32Array, now: number): void {
    const { rowIds, inserted } = this.table.keys.lookupOrInsert(keys.columns, keys.rows)
    const groups = rowIds.slice(0, keys.rows)
    const isNew = inserted.slice(0, keys.rows)
    const [written, used] = this.#times()
    for (const [i, group] of groups.entries()) {
      written[group] = now
      used[group] = now
      if (isNew[i] === 1) this.#link(group)
      else {
        this.table.clear(group)
        this.#unlink(group)
        this.#link(group)
      }
    }
    this.table.add(
      keyOf.map((key) => groups[key] as number),
      found,
    )
    if (!this.#options.missingKeys) {
      for (const group of groups) if (this.table.rows.first(group) < 0) this.#forget(group)
    }
    this.#evict()
  }

  #evict(): void {
    const { maxRows } = this.#options
    while (maxRows !== undefined && this.table.keys.size > maxRows) this.#forget((this.#newer[0] as number) - 1)
    this.table.rows.settle()
    this.table.keys.compact()
  }

  #forget(group: number): void {
    this.table.clear(group)
    this.#unlink(group)
    this.table.keys.remove(group)
  }

  /** As the one that was used last. */
  #link(group: number): void {
    const at = group + 1
    if (at >= this.#newer.length) {
      this.#newer = arrayFor(this.#newer, at + 1)
      this.#older = arrayFor(this.#older, at + 1)
    }
    const last = this.#older[0] as number
    this.#older[at] = last
    this.#newer[last] = at
    this.#newer[at] = 0
    this.#older[0] = at
  }

  #unlink(group: number): void {
    const [newer, older] = [this.#newer[group + 1] as number, this.#older[group + 1] as number]
    this.#newer[older] = newer
    this.#older[newer] = older
  }
}
