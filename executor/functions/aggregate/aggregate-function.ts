/**
 * AggregateFunction: one aggregate with its signature and its accumulator, in one object. Two forms:
 *
 * - *columnar*: the accumulator is some columns of the group table, and small pieces of JavaScript say what one row
 *   does to it; `kernel.ts` puts a loop around them. For everything that has an accumulator of fixed size.
 * - *boxed*: the accumulator is a JavaScript object per group. For collections and for order under retraction.
 *
 * Result types follow Flink's `AVG`, `SUM` … rules
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/functions/systemfunctions/#aggregate-functions).
 */
import type { FunctionSpec } from '../../../catalog/function.ts'
import type { Value } from '../../../core/column.ts'
import type { SqlType } from '../../../core/types.ts'
import type { FixedKind } from '../../../state/table/stored-column.ts'

export interface AggregateFunction extends FunctionSpec {
  readonly kind: 'aggregate'
  readonly implement: (site: AggregateSite) => AggregateImplementation
}

export interface AggregateSite {
  readonly argumentTypes: readonly SqlType[]
  readonly returnType: SqlType
  /** Whether rows may be taken back. */
  readonly retracts: boolean
  /** Of LAG: how many rows it looks back. */
  readonly offset?: number
}

export type AggregateImplementation = ColumnarAggregate | ExtremumAggregate | BoxedAggregate

/**
 * Pieces of code. Names that they may use: `r` the group's row, `i` the batch's row, `s0`, `s1` … the state columns'
 * arrays, `a0`, `a1` … the arguments' arrays (index them with `i`). A column of kind `i128` has its 32-bit words, four
 * a row, as `w0` (state) and `v0` (argument; an argument of kind `i64` has two a row). A column of kind `bytes` has
 * `s0s` starts, `s0l` lengths and `s0d` data, likewise `a0s`, `a0l`, `a0d`, and is written with
 * `S0.set(r, data, start, length)`. In `merge` `q` is the row of the other table and `u0` … its columns (`x0` words,
 * `u0s`, `u0l`, `u0d`). `support` holds the functions of `support.ts`. Accumulators start as all zeros.
 */
export interface ColumnarAggregate {
  readonly kind: 'columnar'
  readonly state: readonly (FixedKind | 'bytes')[]
  /** Run for rows whose arguments are all not NULL. */
  readonly accumulate: string
  /** Needed where the site retracts. */
  readonly retract?: string
  /** Adds row `q` of another table. */
  readonly merge: string
  readonly result: ResultCode
}

export interface ResultCode {
  /** An expression that is true where the result is NULL; absent: never. */
  readonly isNull?: string
  /** An expression for kinds that are one array element, for `bytes` the number of the state column that holds it. */
  readonly value?: string | number
  /** For `i128`: statements that write the words of the result at `p` of the array `ow`, four words from there. */
  readonly words?: string
}

/** MIN and MAX that can be taken back: all values of a group are kept, with how often each is there. */
export interface ExtremumAggregate {
  readonly kind: 'extremum'
  readonly largest: boolean
}

export interface BoxedAggregate<State = unknown> {
  readonly kind: 'boxed'
  readonly create: () => State
  readonly accumulate: (state: State, args: readonly Value[]) => void
  readonly retract: (state: State, args: readonly Value[]) => void
  readonly result: (state: State) => Value
  /** The state as a value of this type: for checkpoints. */
  readonly stateType: SqlType
  readonly toValue: (state: State) => Value
  readonly fromValue: (value: Value) => State
}

/** Keeps the state's type inside of the definition. */
export function boxed<State>(aggregate: BoxedAggregate<State>): AggregateImplementation {
  return aggregate as BoxedAggregate
}
