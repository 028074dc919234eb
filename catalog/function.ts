/**
 * What the planner has to know about a function. The executor's definitions (`executor/functions/`) extend these with
 * the evaluation; the session hands the list to the catalog, so that the planner never imports the executor.
 * Operators of the grammar (`=`, `+`, `AND`, `CASE` …) are functions too, under the names of `planner/expression.ts`.
 */
import type { Field, SqlType } from '../core/types.ts'
import type { ObjectPath } from './table.ts'

export type FunctionCategory =
  | 'comparison'
  | 'logical'
  | 'arithmetic'
  | 'string'
  | 'temporal'
  | 'conditional'
  | 'conversion'
  | 'collection'
  | 'json'
  | 'value construction'
  | 'value access'
  | 'grouping'
  | 'hash'
  | 'auxiliary'
  | 'aggregate'
  | 'window'
  | 'table'

/** An argument as the binder sees it. */
export interface BoundArgument {
  readonly type: SqlType
  /** Set where the argument is a literal, in the engine's representation as JSON text form (see `LiteralValue`). */
  readonly literal?: string | number | boolean | null
}

export interface BoundSignature {
  /** The types to which the arguments are implicitly cast, one for each argument. */
  readonly argumentTypes: readonly SqlType[]
  readonly returnType: SqlType
}

export interface FunctionExample {
  /** An expression, e.g. `UPPER('abc')`; run by the tests. */
  readonly sql: string
  /** The result as the shell prints it, e.g. `ABC`. */
  readonly result: string
}

/** A function in JavaScript, as plain data: it travels in the operator graph and is loaded where it runs. */
export interface UserFunction {
  /** As a query may name it from anywhere. */
  readonly path: ObjectPath
  readonly kind: 'scalar' | 'table'
  readonly source: FunctionSource
  readonly parameters: readonly { readonly name?: string; readonly type: SqlType }[]
  /** Whether the first parameter is a table, whose rows come one by one or with the state of their key. */
  readonly table?: 'row' | 'set'
  /** One field for the value of a scalar function, the columns of a table function. */
  readonly result: readonly Field[]
  readonly deterministic: boolean
}

export type FunctionSource =
  /** An expression whose value is the function. */
  | { readonly kind: 'inline'; readonly text: string }
  /** An export of a module; the file is an absolute path. */
  | { readonly kind: 'module'; readonly file: string; readonly export: string }
  /** Handed over by the program around the session. */
  | { readonly kind: 'registered'; readonly id: string }

export interface FunctionSpec {
  /** Upper case; operators as written. */
  readonly name: string
  readonly aliases?: readonly string[]
  /** `window`: only with OVER. */
  readonly kind: 'scalar' | 'aggregate' | 'window' | 'table'
  readonly category: FunctionCategory
  /** For documentation and error messages: `['SUBSTRING(string, start [, length])']`. */
  readonly signatures: readonly string[]
  readonly description: string
  readonly examples: readonly FunctionExample[]
  /** Default true. False: never folded at planning time and evaluated once for each row (RAND, NOW, UUID). */
  readonly deterministic?: boolean
  /** Set for a function that a user wrote. */
  readonly user?: UserFunction
  /**
   * Checks the arguments and derives the result, with Flink's rules of implicit conversion and nullability.
   *
   * @returns undefined where the arguments do not fit: the binder then raises `TYPE_MISMATCH` with the signatures;
   *   or throws a MillraceError that says more
   */
  bind(args: readonly BoundArgument[]): BoundSignature | undefined
}
