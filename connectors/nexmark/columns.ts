/** Columns of one kind of event, written into arrays that are used again for the next batch. */
import type { BytesColumn, Column, Int64Column } from '../../core/column.ts'
import type { EventRun } from './events.ts'
import type { TextList, TextPool } from './texts.ts'
import { below } from './random.ts'

/** Makes a column from the events of a run; only the rows of its own kind get values. */
export type FieldMaker = (run: EventRun) => Column

/** Value of an event as a whole number below 2^53. */
export type NumberOf = (run: EventRun, row: number) => number

/** BIGINT and TIMESTAMP(3) fields. */
export function numbers(kind: 0 | 1 | 2, capacity: number, valueOf: NumberOf): FieldMaker {
  const column: Int64Column = { kind: 'i64', values: new BigInt64Array(capacity), nulls: null }
  const words = new Int32Array(column.values.buffer)
  return (run) => {
    const rows = run.rowsOf[kind]
    const count = run.countOf[kind]
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number
      const value = valueOf(run, row)
      words[2 * row] = value | 0
      words[2 * row + 1] = Math.floor(value / 4294967296)
    }
    return column
  }
}

/** @param pick which text of the list the event has */
export function listed(kind: 0 | 1 | 2, capacity: number, list: TextList, pick: (hash: number) => number): FieldMaker {
  const starts = new Int32Array(capacity)
  const lengths = new Int32Array(capacity)
  const column: BytesColumn = { kind: 'bytes', starts, lengths, data: list.data, nulls: null }
  return (run) => {
    const rows = run.rowsOf[kind]
    const count = run.countOf[kind]
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number
      const index = pick(run.hashes[row] as number)
      starts[row] = list.starts[index] as number
      lengths[row] = list.lengths[index] as number
    }
    return column
  }
}

/** A stretch of a pool: where it starts and how long it is, given where the random number says to look. */
export type Stretch = (hash: number, place: number, views: Views, row: number) => void

export interface Views {
  readonly starts: Int32Array
  readonly lengths: Int32Array
}

export function stretches(
  kind: 0 | 1 | 2,
  capacity: number,
  pool: TextPool,
  salt: number,
  stretch: Stretch,
): FieldMaker {
  const views = { starts: new Int32Array(capacity), lengths: new Int32Array(capacity) }
  const column: BytesColumn = { kind: 'bytes', ...views, data: pool.data, nulls: null }
  return (run) => {
    const rows = run.rowsOf[kind]
    const count = run.countOf[kind]
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number
      const hash = run.hashes[row] as number
      stretch(hash, below(hash, salt, pool.places), views, row)
    }
    return column
  }
}

/** Texts that are written out for each event, `longest` bytes at the most. */
export function written(
  kind: 0 | 1 | 2,
  capacity: number,
  longest: number,
  write: (hash: number, to: Uint8Array, at: number) => number,
): FieldMaker {
  const starts = new Int32Array(capacity)
  const lengths = new Int32Array(capacity)
  const data = new Uint8Array(capacity * longest)
  const column: BytesColumn = { kind: 'bytes', starts, lengths, data, nulls: null }
  return (run) => {
    const rows = run.rowsOf[kind]
    const count = run.countOf[kind]
    let end = 0
    for (let at = 0; at < count; at++) {
      const row = rows[at] as number
      const start = end
      end = write(run.hashes[row] as number, data, start)
      starts[row] = start
      lengths[row] = end - start
    }
    return column
  }
}
