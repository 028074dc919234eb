/** COALESCE, IFNULL, NULLIF, IF, GREATEST, LEAST, IS_ALPHA, IS_DECIMAL, IS_DIGIT, TYPEOF. CASE is a node of its own. */
import type { FunctionSpec } from '../../catalog/function.ts'
import type { Value } from '../../core/column.ts'
import { BOOLEAN, type SqlType, STRING, typeToString, withNullability } from '../../core/types.ts'
import { commonType } from '../../planner/bind/coercion.ts'
import { compareValues } from './comparison.ts'
import { define, defineWith } from './define.ts'
import type { ScalarFunction } from './function.ts'

/** All arguments become their common type. */
function commonSignature(
  minimum: number,
  nullable: (args: readonly { readonly type: SqlType }[]) => boolean,
): FunctionSpec['bind'] {
  return (args) => {
    const type = args.length < minimum ? undefined : commonType(args.map((arg) => arg.type))
    if (type === undefined) return undefined
    return {
      argumentTypes: args.map((arg) => withNullability(type, arg.type.nullable)),
      returnType: withNullability(type, nullable(args)),
    }
  }
}

const allNullable = (args: readonly { readonly type: SqlType }[]): boolean => args.every((arg) => arg.type.nullable)
const anyNullable = (args: readonly { readonly type: SqlType }[]): boolean => args.some((arg) => arg.type.nullable)

function firstPresent(...values: Value[]): Value {
  return values.find((value) => value !== null) ?? null
}

function extreme(name: string, sign: 1 | -1, result: string): ScalarFunction {
  return defineWith(
    {
      name,
      category: 'conditional',
      signatures: [`${name}(value1 [, value2]*)`],
      description: `The ${sign === 1 ? 'largest' : 'smallest'} of the values; NULL when one of them is NULL.`,
      examples: [[`${name}(1, 3, 2)`, result]],
    },
    commonSignature(1, anyNullable),
    () =>
      (...values) =>
        values.reduce((best, value) => (compareValues(value, best) * sign > 0 ? value : best)),
  )
}

const IF: ScalarFunction = defineWith(
  {
    name: 'IF',
    category: 'conditional',
    signatures: ['IF(condition, true_value, false_value)'],
    description: 'The second argument when the condition is TRUE, else the third.',
    examples: [['IF(5 > 3, 5, 3)', '5']],
    strict: false,
  },
  (args) => {
    const [condition, yes, no] = args
    if (args.length !== 3 || condition === undefined || yes === undefined || no === undefined) return undefined
    const type = commonType([yes.type, no.type])
    if (type === undefined || (condition.type.kind !== 'BOOLEAN' && condition.type.kind !== 'NULL')) return undefined
    const nullable = condition.type.nullable || yes.type.nullable || no.type.nullable
    return {
      argumentTypes: [BOOLEAN, withNullability(type, yes.type.nullable), withNullability(type, no.type.nullable)],
      returnType: withNullability(type, nullable),
    }
  },
  () =>
    (condition = null, yes = null, no = null) =>
      condition === true ? yes : no,
)

const NULLIF: ScalarFunction = defineWith(
  {
    name: 'NULLIF',
    category: 'conditional',
    signatures: ['NULLIF(value1, value2)'],
    description: 'NULL when the values are equal, else the first.',
    examples: [
      ['NULLIF(5, 5)', 'NULL'],
      ['NULLIF(5, 0)', '5'],
    ],
    strict: false,
  },
  (args) => {
    const [first, second] = args
    const type = first === undefined || second === undefined ? undefined : commonType([first.type, second.type])
    if (type === undefined || first === undefined || args.length !== 2) return undefined
    return {
      argumentTypes: args.map((arg) => withNullability(type, arg.type.nullable)),
      returnType: withNullability(type, true),
    }
  },
  () =>
    (a = null, b = null) =>
      a !== null && b !== null && compareValues(a, b) === 0 ? null : a,
)

function coalesce(name: string, signature: string, minimum: number): ScalarFunction {
  return defineWith(
    {
      name,
      category: 'conditional',
      signatures: [signature],
      description: 'The first argument that is not NULL.',
      examples: [[`${name}(CAST(NULL AS INT), 5)`, '5']],
      strict: false,
    },
    commonSignature(minimum, allNullable),
    () => firstPresent,
  )
}

function textTest(name: string, pattern: RegExp, description: string): ScalarFunction {
  return define({
    name,
    category: 'conditional',
    signatures: [`${name}(string)`],
    description,
    examples: [[`${name}('x')`, pattern.test('x') ? 'TRUE' : 'FALSE']],
    parameters: ['text'],
    returns: withNullability(BOOLEAN, false),
    strict: false,
    evaluate: ([text]) => typeof text === 'string' && pattern.test(text),
  })
}

const TYPEOF: ScalarFunction = defineWith(
  {
    name: 'TYPEOF',
    category: 'conversion',
    signatures: ['TYPEOF(input)', 'TYPEOF(input, force_serializable)'],
    description: 'The data type of the argument as text.',
    examples: [["TYPEOF('abc')", 'CHAR(3) NOT NULL']],
    strict: false,
  },
  (args) =>
    args.length === 1 || args.length === 2
      ? { argumentTypes: args.map((arg) => arg.type), returnType: STRING }
      : undefined,
  (call) => () => (call.argumentTypes[0] === undefined ? null : typeToString(call.argumentTypes[0])),
)

export const CONDITIONAL_FUNCTIONS: readonly ScalarFunction[] = [
  coalesce('COALESCE', 'COALESCE(value1 [, value2]*)', 1),
  coalesce('IFNULL', 'IFNULL(input, null_replacement)', 2),
  NULLIF,
  IF,
  extreme('GREATEST', 1, '3'),
  extreme('LEAST', -1, '1'),
  textTest('IS_ALPHA', /^\p{L}+$/u, 'Whether all characters are letters.'),
  textTest('IS_DECIMAL', /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, 'Whether the text is a number.'),
  textTest('IS_DIGIT', /^\d+$/, 'Whether all characters are digits.'),
  TYPEOF,
]
