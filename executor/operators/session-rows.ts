/** SessionRows: the rows of open sessions in the order in which they came, kept under the sessions' key and their time. */
import { type ChangeBatch, createBatch } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import type { Schema, SqlType } from '../../core/types.ts'
import { KeyedRows } from '../../state/table/keyed-rows.ts'
import type { FixedStore } from '../../state/table/stored-column.ts'
import type { StatePage } from './operator.ts'
import { putRows, rowColumns } from './row-store.ts'
import type { SessionWindows } from './session-windows.ts'

const TABLE = 'buffer'

export interface SessionBatch {
  readonly batch: ChangeBatch
  /** For each row the position of its session. */
  readonly sessions: Int32Array
}

export class SessionRows {
  readonly #schema: Schema
  readonly #rows: KeyedRows
  readonly #times: FixedStore
  readonly #kinds: FixedStore

  /** @param schema of the rows */
  constructor(keyTypes: readonly SqlType[], schema: Schema) {
    this.#schema = schema
    this.#rows = new KeyedRows(keyTypes, [{ kind: 'f64' }, { kind: 'i8' }, ...rowColumns(schema)])
    this.#times = this.#rows.values[0] as FixedStore
    this.#kinds = this.#rows.values[1] as FixedStore
  }

  get size(): number {
    return this.#rows.size
  }

  get bytes(): number {
    return this.#rows.bytes
  }

  /** @param times local */
  add(batch: ChangeBatch, keys: readonly Column[], times: Float64Array): void {
    if (batch.rows === 0) return
    const ids = this.#rows.append(keys, batch.rows).slice(0, batch.rows)
    for (const [i, id] of ids.entries()) {
      this.#times.values[id] = times[i] as number
      this.#kinds.values[id] = batch.kinds === null ? 0 : (batch.kinds[i] as number)
    }
    const all = Int32Array.from({ length: batch.rows }, (_, i) => i)
    putRows(this.#rows.values.slice(2), ids, batch, all, batch.rows)
  }

  /** Takes the rows of sessions out: session by session, each in the order in which its rows came. */
  take(windows: SessionWindows, sessions: Int32Array): SessionBatch {
    const groups = this.#rows.lookup(windows.keyColumns(sessions, sessions.length), sessions.length).slice()
    const times = this.#times.values as Float64Array
    const found: number[] = []
    const positions: number[] = []
    for (const [position, session] of sessions.entries()) {
      const group = groups[position] as number
      if (group < 0) continue
      const start = windows.startOf(session)
      const end = windows.endOf(session)
      for (let row = this.#rows.first(group); row >= 0; row = this.#rows.next(row)) {
        if ((times[row] as number) < start || (times[row] as number) >= end) continue
        found.push(row)
        positions.push(position)
      }
    }
    const batch = this.#gather(Int32Array.from(found))
    for (const row of found) this.#rows.remove(row)
    this.#rows.compact()
    return { batch, sessions: Int32Array.from(positions) }
  }

  #gather(rows: Int32Array): ChangeBatch {
    const [, kinds, ...columns] = this.#rows.values.map((column) => column.gather(rows, rows.length))
    const values = kinds?.kind === 'i8' ? Uint8Array.from(kinds.values.subarray(0, rows.length)) : null
    return createBatch(this.#schema, columns, rows.length, values?.some((kind) => kind !== 0) === true ? values : null)
  }

  snapshot(): StatePage[] {
    return this.#rows.snapshot(TABLE)
  }

  restore(pages: readonly StatePage[]): void {
    this.#rows.restore(TABLE, pages)
  }
}
