/**
 * Columns: values of one type in Arrow's element layout over typed arrays. Nobody changes a column that was handed
 * over; many columns may share buffers.
 *
 * Two deviations from Arrow's own layout, because they are about twice as fast in JavaScript: validity and booleans
 * are one byte a row instead of one bit, and variable-length values are *views* (start, length), as in Arrow's
 * ListView and BinaryView types, so that selecting rows never moves bytes. `core/arrow.ts` converts at the edge.
 */
import type { SqlType } from './types.ts'

/** 1 where the row is NULL; absent where no row is. The value of a NULL row may be anything that is safe to read. */
export type NullMask = Uint8Array | null

export type BoolColumn = { readonly kind: 'bool'; readonly values: Uint8Array; readonly nulls: NullMask }
export type Int8Column = { readonly kind: 'i8'; readonly values: Int8Array; readonly nulls: NullMask }
export type Int16Column = { readonly kind: 'i16'; readonly values: Int16Array; readonly nulls: NullMask }
export type Int32Column = { readonly kind: 'i32'; readonly values: Int32Array; readonly nulls: NullMask }
export type Int64Column = { readonly kind: 'i64'; readonly values: BigInt64Array; readonly nulls: NullMask }
export type Float32Column = { readonly kind: 'f32'; readonly values: Float32Array; readonly nulls: NullMask }
export type Float64Column = { readonly kind: 'f64'; readonly values: Float64Array; readonly nulls: NullMask }
/** Row r is `values[2r + 1] * 2^64 + asUintN(64, values[2r])`. */
export type Int128Column = { readonly kind: 'i128'; readonly values: BigInt64Array; readonly nulls: NullMask }

export type BytesColumn = {
  readonly kind: 'bytes'
  readonly starts: Int32Array
  readonly lengths: Int32Array
  readonly data: Uint8Array
  readonly nulls: NullMask
}

export type ListColumn = {
  readonly kind: 'list'
  readonly starts: Int32Array
  readonly lengths: Int32Array
  readonly child: Column
  readonly nulls: NullMask
}

export type MapColumn = {
  readonly kind: 'map'
  readonly starts: Int32Array
  readonly lengths: Int32Array
  readonly keys: Column
  readonly values: Column
  readonly nulls: NullMask
}

export type RowColumn = { readonly kind: 'row'; readonly fields: readonly Column[]; readonly nulls: NullMask }

/** Every row is NULL. */
export type NullColumn = { readonly kind: 'null'; readonly nulls: null }

export type FixedColumn =
  | BoolColumn
  | Int8Column
  | Int16Column
  | Int32Column
  | Int64Column
  | Float32Column
  | Float64Column
  | Int128Column

export type Column = FixedColumn | BytesColumn | ListColumn | MapColumn | RowColumn | NullColumn

/**
 * A value outside of columns, in the engine's own representation (see `physicalKind` for units):
 * BOOLEAN boolean · TINYINT, SMALLINT, INT, DATE, TIME, INTERVAL YEAR number · BIGINT, TIMESTAMP, TIMESTAMP_LTZ,
 * INTERVAL DAY, DECIMAL (unscaled) bigint · FLOAT, DOUBLE number · CHAR, VARCHAR string · BINARY, VARBINARY
 * Uint8Array · ARRAY array · MAP, MULTISET array of [key, value] pairs · ROW array of the fields · NULL null.
 */
export type Value = null | boolean | number | bigint | string | Uint8Array | readonly Value[]

export type TypedColumn = { readonly type: SqlType; readonly column: Column }
