/** A short form for functions that are one JavaScript expression over their arguments. */
import type { BoundArgument, FunctionCategory, FunctionExample, FunctionSpec } from '../../catalog/function.ts'
import type { Value } from '../../core/column.ts'
import { BIGINT, BOOLEAN, BYTES, DOUBLE, INT, type SqlType, STRING } from '../../core/types.ts'
import { type CallSite, fixedSignature, type Parameter, type ScalarFunction } from './function.ts'

/** Parameters by name of what an argument is cast to; `any` stays as it is. */
const PARAMETERS = {
  text: { category: 'text', castTo: STRING },
  bytes: { category: 'bytes', castTo: BYTES },
  int: { category: 'integer', castTo: INT },
  bigint: { category: 'integer', castTo: BIGINT },
  double: { category: 'number', castTo: DOUBLE },
  boolean: { category: 'boolean', castTo: BOOLEAN },
  number: { category: 'number' },
  datetime: { category: 'datetime' },
  any: { category: 'any' },
} as const satisfies Record<string, Parameter>

export type ParameterName = keyof typeof PARAMETERS

export interface Definition {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly category: FunctionCategory
  readonly signatures: readonly string[]
  readonly description: string
  readonly examples: readonly (readonly [sql: string, result: string])[]
  readonly parameters: readonly ParameterName[]
  readonly minimum?: number
  readonly repeatLast?: boolean
  readonly returns: SqlType | ((args: readonly BoundArgument[]) => SqlType)
  /** The result may be NULL although no argument is. */
  readonly nullable?: boolean
  readonly strict?: boolean
  readonly deterministic?: boolean
  readonly evaluate: (args: readonly Value[], call: CallSite) => Value
  readonly generate?: ScalarFunction['generate']
}

export function define(definition: Definition): ScalarFunction {
  const { parameters, evaluate } = definition
  return {
    ...documentation(definition),
    ...(definition.strict === undefined ? {} : { strict: definition.strict }),
    ...(definition.generate === undefined ? {} : { generate: definition.generate }),
    bind: fixedSignature(
      parameters.map((name): Parameter => PARAMETERS[name]),
      definition.returns,
      {
        ...(definition.minimum === undefined ? {} : { minimum: definition.minimum }),
        ...(definition.repeatLast === undefined ? {} : { repeatLast: definition.repeatLast }),
        ...(definition.nullable === undefined ? {} : { alwaysNullable: definition.nullable }),
      },
    ),
    evaluator:
      (call) =>
      (...args) =>
        evaluate(args, call),
  }
}

type Documented = Pick<
  Definition,
  'name' | 'aliases' | 'category' | 'signatures' | 'description' | 'examples' | 'deterministic'
>

function documentation(
  definition: Documented,
): Pick<
  ScalarFunction,
  'name' | 'aliases' | 'kind' | 'category' | 'signatures' | 'description' | 'examples' | 'deterministic'
> {
  return {
    name: definition.name,
    kind: 'scalar',
    category: definition.category,
    signatures: definition.signatures,
    description: definition.description,
    examples: definition.examples.map(([sql, result]): FunctionExample => ({ sql, result })),
    ...(definition.aliases === undefined ? {} : { aliases: definition.aliases }),
    ...(definition.deterministic === undefined ? {} : { deterministic: definition.deterministic }),
  }
}

/** For functions whose result type follows from their arguments. */
export function defineWith(
  definition: Documented & Pick<Definition, 'strict' | 'generate'>,
  bind: FunctionSpec['bind'],
  evaluator: ScalarFunction['evaluator'],
): ScalarFunction {
  return {
    ...documentation(definition),
    ...(definition.strict === undefined ? {} : { strict: definition.strict }),
    ...(definition.generate === undefined ? {} : { generate: definition.generate }),
    bind,
    evaluator,
  }
}
