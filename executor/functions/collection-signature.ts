/** Signatures that functions of ARRAY, MAP and MULTISET have in common. */
import type { FunctionSpec } from '../../catalog/function.ts'
import type { Value } from '../../core/column.ts'
import { type SqlType, withNullability } from '../../core/types.ts'
import { commonType } from '../../planner/bind/coercion.ts'
import { defineWith } from './define.ts'
import type { ScalarFunction } from './function.ts'

/** A MAP outside of columns. */
export type Pairs = readonly (readonly Value[])[]

/** One argument of these kinds. */
export function ofCollection(
  kinds: readonly SqlType['kind'][],
  result: (type: SqlType) => SqlType | undefined,
): FunctionSpec['bind'] {
  return ([arg, more]) => {
    if (arg === undefined || more !== undefined || !kinds.includes(arg.type.kind)) return undefined
    const type = result(arg.type)
    return type === undefined
      ? undefined
      : { argumentTypes: [arg.type], returnType: withNullability(type, arg.type.nullable || type.nullable) }
  }
}

export function collection(
  name: string,
  signature: string,
  description: string,
  example: readonly [string, string],
  bind: FunctionSpec['bind'],
  evaluate: (...args: Value[]) => Value,
  strict = true,
): ScalarFunction {
  return defineWith(
    { name, category: 'collection', signatures: [signature], description, examples: [example], strict },
    bind,
    () => evaluate,
  )
}

/** Arguments that have a common type of the kind, which is the result too. */
export function ofCommonType(kind: 'ARRAY' | 'MAP', minimum: number, maximum = minimum): FunctionSpec['bind'] {
  return (args) => {
    if (args.length < minimum || args.length > maximum) return undefined
    const type = commonType(args.map((arg) => arg.type))
    if (type?.kind !== kind) return undefined
    return { argumentTypes: args.map((arg) => withNullability(type, arg.type.nullable)), returnType: type }
  }
}
