/** ScalarFunction: one function with its signature, evaluation and documentation, in one object. */
import type { BoundArgument, FunctionSpec } from '../../catalog/function.ts'
import type { Clock } from '../../core/clock.ts'
import type { Value } from '../../core/column.ts'
import { type SqlType, withNullability } from '../../core/types.ts'
import type { Call, LiteralValue } from '../../planner/expression.ts'
import type { Fragment } from '../codegen/fragment.ts'
import type { Generator } from '../codegen/generator.ts'

/** What a function is evaluated with besides its arguments. */
export interface Environment {
  /** IANA name of `table.local-time-zone`. */
  readonly timeZone: string
  readonly clock: Clock
}

/** A call after binding: types and literals are known, values are not. */
export interface CallSite {
  readonly argumentTypes: readonly SqlType[]
  readonly returnType: SqlType
  /** Of arguments that are literals. */
  readonly literals: readonly (LiteralValue | undefined)[]
  readonly environment: Environment
}

export interface ScalarFunction extends FunctionSpec {
  readonly kind: 'scalar'
  /** Default true: any NULL argument gives NULL without a call. */
  readonly strict?: boolean
  /** Prepares the evaluation of one call; what it returns is called for every row. Errors: MillraceError. */
  readonly evaluator: (call: CallSite) => (...args: Value[]) => Value
  /** Code in place of a call of certain expressions, before their code is made; undefined for all others. */
  readonly generateWhole?: (generator: Generator, call: Call) => Fragment | undefined
  /** Code for the hot path in place of a call; undefined where these arguments have none. */
  readonly generate?: (generator: Generator, args: readonly Fragment[], call: CallSite) => Fragment | undefined
}

/** Nullable when any argument is. */
export function nullableWith(type: SqlType, args: readonly { readonly type: SqlType }[]): SqlType {
  return withNullability(
    type,
    args.some((arg) => arg.type.nullable),
  )
}

type Category = 'number' | 'integer' | 'text' | 'bytes' | 'boolean' | 'datetime' | 'any'

export interface Parameter {
  readonly category: Category
  /** What an argument is cast to; absent: it stays as it is. */
  readonly castTo?: SqlType
}

/**
 * The common kind of signature: fixed parameters, the last ones optional or repeated, one result type.
 *
 * @param minimum arguments that must be given; default all
 */
export function fixedSignature(
  parameters: readonly Parameter[],
  result: SqlType | ((args: readonly BoundArgument[]) => SqlType),
  options: { readonly minimum?: number; readonly repeatLast?: boolean; readonly alwaysNullable?: boolean } = {},
): FunctionSpec['bind'] {
  return (args) => {
    const minimum = options.minimum ?? parameters.length
    if (args.length < minimum || (args.length > parameters.length && options.repeatLast !== true)) return undefined
    const argumentTypes: SqlType[] = []
    for (const [index, arg] of args.entries()) {
      const parameter = parameters[Math.min(index, parameters.length - 1)]
      if (parameter === undefined || !accepts(parameter.category, arg)) return undefined
      const type = parameter.castTo ?? arg.type
      argumentTypes.push(withNullability(type, arg.type.nullable))
    }
    const type = typeof result === 'function' ? result(args) : result
    const returnType = options.alwaysNullable === true ? withNullability(type, true) : nullableWith(type, args)
    return { argumentTypes, returnType }
  }
}

const CATEGORIES: Readonly<Record<Exclude<Category, 'any'>, readonly SqlType['kind'][]>> = {
  number: ['TINYINT', 'SMALLINT', 'INT', 'BIGINT', 'DECIMAL', 'FLOAT', 'DOUBLE'],
  integer: ['TINYINT', 'SMALLINT', 'INT', 'BIGINT'],
  text: ['CHAR', 'VARCHAR'],
  bytes: ['BINARY', 'VARBINARY'],
  boolean: ['BOOLEAN'],
  datetime: ['DATE', 'TIME', 'TIMESTAMP', 'TIMESTAMP_LTZ'],
}

function accepts(category: Category, arg: BoundArgument): boolean {
  return category === 'any' || arg.type.kind === 'NULL' || CATEGORIES[category].includes(arg.type.kind)
}
