/** ChangeBatch: a piece of a changelog in columns, the unit that flows between operators. */
import { invariant } from './errors.ts'
import { type Column } from './column.ts'
import { copyColumn } from './column-copy.ts'
import { gatherColumn, sliceColumn } from './column-ops.ts'
import type { Schema } from './types.ts'

/** Flink's codes; `kind & 1` tells a retraction (-U, -D) only for -U: use `isRetraction`. */
export const INSERT = 0
export const UPDATE_BEFORE = 1
export const UPDATE_AFTER = 2
export const DELETE = 3

export type RowKind = typeof INSERT | typeof UPDATE_BEFORE | typeof UPDATE_AFTER | typeof DELETE

/** Short forms as Flink prints them, indexed by row kind. */
export const ROW_KIND_NAMES = ['+I', '-U', '+U', '-D'] as const

/** -U and -D are the odd codes. */
export function isRetraction(kind: number): boolean {
  return (kind & 1) === 1
}

/**
 * Rows of one schema, with their row kinds. The order of the rows is the order of the changelog.
 * Invariants: every column holds at least `rows` rows; `kinds`, where present, has at least `rows` entries;
 * absent `kinds` means that every row is +I. Arrays may be longer than `rows`: never use their length.
 *
 * A batch is lent: when the call that handed it over returns, its arrays may be used again for the next one. Who needs
 * it longer takes a `copyBatch`.
 */
export interface ChangeBatch {
  readonly schema: Schema
  readonly rows: number
  readonly columns: readonly Column[]
  readonly kinds: Uint8Array | null
  /** Of a key, where whoever made the batch had to compute them anyway. */
  readonly keyHashes?: KeyHashes
}

/** Hashes by row, as tables of state hash keys. Of these very columns: they say nothing of others in their place. */
export interface KeyHashes {
  readonly columns: readonly Column[]
  readonly values: Int32Array
}

/** @param values by row, of the columns at these positions */
export function withKeyHashes(batch: ChangeBatch, key: readonly number[], values: Int32Array): ChangeBatch {
  return { ...batch, keyHashes: { columns: key.map((column) => batch.columns[column] as Column), values } }
}

/** The hashes of a key, where they came along with the batch. */
export function keyHashesOf({ keyHashes }: ChangeBatch, key: readonly Column[]): Int32Array | undefined {
  if (keyHashes === undefined || keyHashes.columns.length !== key.length) return undefined
  return keyHashes.columns.every((column, index) => column === key[index]) ? keyHashes.values : undefined
}

export function createBatch(
  schema: Schema,
  columns: readonly Column[],
  rows: number,
  kinds: Uint8Array | null = null,
): ChangeBatch {
  invariant(columns.length === schema.fields.length, 'a batch has one column for each field of its schema')
  return { schema, columns, rows, kinds }
}

export function kindAt(batch: ChangeBatch, row: number): RowKind {
  return ((batch.kinds === null ? INSERT : batch.kinds[row]) ?? INSERT) as RowKind
}

/** The batch in memory of its own, to be kept. */
export function copyBatch({ schema, rows, columns, kinds }: ChangeBatch): ChangeBatch {
  return {
    schema,
    rows,
    columns: columns.map((column) => copyColumn(column, rows)),
    kinds: kinds === null ? null : kinds.slice(0, rows),
  }
}

/** The rows at `indices[0 … count)`, in that order. Variable-length data is shared, not copied. */
export function gatherRows(batch: ChangeBatch, indices: Int32Array, count: number): ChangeBatch {
  const kinds = batch.kinds
  let gathered: Uint8Array | null = null
  if (kinds !== null) {
    gathered = new Uint8Array(count)
    for (let i = 0; i < count; i++) gathered[i] = kinds[indices[i] ?? 0] ?? 0
  }
  return {
    schema: batch.schema,
    rows: count,
    columns: batch.columns.map((column) => gatherColumn(column, indices, count)),
    kinds: gathered,
  }
}

/** Rows `start … end)`; shares the buffers. */
export function sliceRows(batch: ChangeBatch, start: number, end: number): ChangeBatch {
  if (start === 0 && end === batch.rows) return batch
  return {
    schema: batch.schema,
    rows: end - start,
    columns: batch.columns.map((column) => sliceColumn(column, start, end)),
    kinds: batch.kinds === null ? null : batch.kinds.subarray(start, end),
  }
}
