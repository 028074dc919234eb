/** AND, OR, NOT and the tests of truth values, in three-valued logic. */
import type { Value } from '../../core/column.ts'
import { BOOLEAN, withNullability } from '../../core/types.ts'
import type { ScalarFragment } from '../codegen/fragment.ts'
import { nullableWith, type ScalarFunction } from './function.ts'

const NOT_NULL_BOOLEAN = withNullability(BOOLEAN, false)

function allBoolean(args: readonly { readonly type: { readonly kind: string } }[]): boolean {
  return args.every((arg) => arg.type.kind === 'BOOLEAN' || arg.type.kind === 'NULL')
}

/** The generator writes AND and OR itself, because their second operand must not always be evaluated. */
function connective(name: 'AND' | 'OR', decisive: boolean, example: string): ScalarFunction {
  return {
    name,
    kind: 'scalar',
    category: 'logical',
    signatures: [`boolean1 ${name} boolean2`],
    description: name === 'AND' ? 'Whether both are TRUE.' : 'Whether one is TRUE.',
    examples: [{ sql: `TRUE ${name} FALSE`, result: example }],
    strict: false,
    bind: (args) =>
      args.length >= 2 && allBoolean(args)
        ? {
            argumentTypes: args.map((arg) => withNullability(BOOLEAN, arg.type.nullable)),
            returnType: nullableWith(BOOLEAN, args),
          }
        : undefined,
    evaluator:
      () =>
      (...values: Value[]) => {
        if (values.includes(decisive)) return decisive
        return values.includes(null) ? null : !decisive
      },
  }
}

/** `IS TRUE` and its like: never NULL. */
function truthTest(name: string, wanted: boolean | null, negated: boolean): ScalarFunction {
  return {
    name,
    kind: 'scalar',
    category: 'logical',
    signatures: [`boolean ${name}`],
    description: `Whether the value is ${negated ? 'not ' : ''}${wanted === null ? 'UNKNOWN' : String(wanted).toUpperCase()}.`,
    examples: [{ sql: `TRUE ${name}`, result: String((wanted === true) !== negated).toUpperCase() }],
    strict: false,
    bind: (args) =>
      args.length === 1 && allBoolean(args) ? { argumentTypes: [BOOLEAN], returnType: NOT_NULL_BOOLEAN } : undefined,
    evaluator: () => (value) => (value === wanted) !== negated,
    generate: (generator, [input], call) => {
      if (input === undefined) return undefined
      const { value, isNull } = input as ScalarFragment
      const test = wanted === null ? `${isNull} === 1` : wanted ? value : `!(${value}) && ${isNull} === 0`
      const out = generator.name('b')
      generator.line(`const ${out} = ${negated ? `!(${test})` : test};`)
      return { representation: 'boolean', type: call.returnType, isNull: '0', value: out }
    },
  }
}

const NOT: ScalarFunction = {
  name: 'NOT',
  kind: 'scalar',
  category: 'logical',
  signatures: ['NOT boolean'],
  description: 'TRUE for FALSE and FALSE for TRUE.',
  examples: [{ sql: 'NOT TRUE', result: 'FALSE' }],
  bind: (args) =>
    args.length === 1 && allBoolean(args)
      ? { argumentTypes: [BOOLEAN], returnType: nullableWith(BOOLEAN, args) }
      : undefined,
  evaluator: () => (value) => value === false,
  generate: (generator, [input], call) => {
    if (input === undefined) return undefined
    const { value, isNull } = input as ScalarFragment
    const out = generator.name('b')
    generator.line(`const ${out} = ${isNull === '0' ? '' : `${isNull} === 0 && `}!(${value});`)
    return { representation: 'boolean', type: call.returnType, isNull, value: out }
  },
}

export const LOGICAL_FUNCTIONS: readonly ScalarFunction[] = [
  connective('AND', false, 'FALSE'),
  connective('OR', true, 'TRUE'),
  NOT,
  truthTest('IS TRUE', true, false),
  truthTest('IS NOT TRUE', true, true),
  truthTest('IS FALSE', false, false),
  truthTest('IS NOT FALSE', false, true),
  truthTest('IS UNKNOWN', null, false),
  truthTest('IS NOT UNKNOWN', null, true),
]
