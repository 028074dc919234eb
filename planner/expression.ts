/**
 * Bound expressions: names resolved to input positions, types attached, every implicit conversion an explicit cast.
 * Plain JSON data, because they are part of the operator graph. The executor's code generator is the only consumer.
 */
import type { UserFunction } from '../catalog/function.ts'
import type { SqlType } from '../core/types.ts'

/**
 * The engine's representation of a value (see `Value`) as JSON: BIGINT, TIMESTAMP, TIMESTAMP_LTZ, INTERVAL DAY and
 * DECIMAL (unscaled) as decimal text; DOUBLE and FLOAT as number or 'NaN', 'Infinity', '-Infinity'; binary as hex.
 * ARRAY, MAP and ROW are calls of their constructors, never literals (but NULL is).
 */
export type LiteralValue = string | number | boolean | null

export interface InputRef {
  readonly kind: 'input'
  /** Position in the concatenated input columns. */
  readonly index: number
  readonly type: SqlType
}

export interface Literal {
  readonly kind: 'literal'
  readonly value: LiteralValue
  readonly type: SqlType
}

/**
 * A function or operator. Operators are called by these names: `=` `<>` `<` `<=` `>` `>=` `+` `-` `*` `/` `%` `||`
 * `NEGATE` `AND` `OR` `NOT` `IS NULL` `IS NOT NULL` `IS TRUE` `IS NOT TRUE` `IS FALSE` `IS NOT FALSE` `IS UNKNOWN`
 * `IS NOT UNKNOWN` `IS DISTINCT FROM` `IS NOT DISTINCT FROM` `BETWEEN` (expanded by the binder to AND of
 * comparisons) `IN` (first argument against the rest) `NOT IN` `LIKE` `NOT LIKE` `SIMILAR TO` `NOT SIMILAR TO` `ITEM` (array or map
 * element) `ROW` `ARRAY` `MAP` `CASE` is its own node.
 */
export interface Call {
  readonly kind: 'call'
  readonly function: string
  readonly args: readonly Expression[]
  readonly type: SqlType
  /** Of a function that a user wrote: what is to be called. */
  readonly user?: UserFunction
}

export interface Cast {
  readonly kind: 'cast'
  readonly input: Expression
  /** TRY_CAST: NULL in place of an error. */
  readonly safe: boolean
  readonly type: SqlType
}

export interface Case {
  readonly kind: 'case'
  readonly whens: readonly { readonly condition: Expression; readonly result: Expression }[]
  readonly otherwise: Expression
  readonly type: SqlType
}

/** A field of a ROW value. */
export interface FieldAccess {
  readonly kind: 'field'
  readonly input: Expression
  readonly index: number
  readonly type: SqlType
}

export type Expression = InputRef | Literal | Call | Cast | Case | FieldAccess

/** A column of ORDER BY. */
export interface SortField {
  readonly column: number
  readonly descending: boolean
  readonly nullsFirst: boolean
}

export interface AggregateCall {
  /** `COUNT`, `SUM`, `AVG`, `MIN`, `MAX` …; COUNT(*) has no arguments. */
  readonly function: string
  /** Input positions: arguments that are expressions are computed by a calc below. */
  readonly args: readonly number[]
  readonly distinct: boolean
  /** Position of a BOOLEAN column: only rows where it is TRUE count. */
  readonly filter?: number
  /** Rows that LAG and LEAD look back or ahead; their second argument, where there is one, is the default. */
  readonly offset?: number
  /**
   * Of a MAX over values that only rise and of a MIN over values that only fall: a row that is taken back is followed by
   * one that is at least as far, so that it changes nothing.
   */
  readonly monotonic?: true
  readonly argumentTypes: readonly SqlType[]
  readonly type: SqlType
  /** For EXPLAIN and state descriptions. */
  readonly name: string
}
