/** Numeric functions. */
import { randomUUID } from 'node:crypto'
import type { FunctionSpec } from '../../catalog/function.ts'
import { BIGINT, DOUBLE, INT, type SqlType, STRING, withNullability } from '../../core/types.ts'
import { rescale } from '../../core/value-text.ts'
import { define, defineWith } from './define.ts'
import { nullableWith, type ScalarFunction } from './function.ts'

const NUMERIC_KINDS: readonly string[] = ['TINYINT', 'SMALLINT', 'INT', 'BIGINT', 'DECIMAL', 'FLOAT', 'DOUBLE']

function ofDouble(
  name: string,
  evaluate: (value: number) => number,
  description: string,
  example: readonly [string, string],
): ScalarFunction {
  return define({
    name,
    category: 'arithmetic',
    signatures: [`${name}(numeric)`],
    description,
    examples: [example],
    parameters: ['double'],
    returns: DOUBLE,
    evaluate: ([value]) => evaluate(value as number),
    generate: (generator, [input], call) => {
      if (input === undefined || input.representation !== 'number') return undefined
      const out = generator.name('x')
      generator.line(`const ${out} = ${generator.constant(evaluate)}(${input.value});`)
      return { representation: 'number', type: call.returnType, isNull: input.isNull, value: out }
    },
  })
}

/** One number in, the same type out. */
function sameType(result: (type: SqlType) => SqlType = (type) => type): FunctionSpec['bind'] {
  return ([arg, more]) => {
    if (arg === undefined || more !== undefined || !NUMERIC_KINDS.includes(arg.type.kind)) return undefined
    return { argumentTypes: [arg.type], returnType: result(arg.type) }
  }
}

const ABS = defineWith(
  {
    name: 'ABS',
    category: 'arithmetic',
    signatures: ['ABS(numeric)'],
    description: 'The number without its sign.',
    examples: [['ABS(-3)', '3']],
  },
  sameType(),
  () => (value) =>
    typeof value === 'bigint' ? BigInt.asIntN(128, value < 0n ? -value : value) : Math.abs(value as number),
)

const SIGN = defineWith(
  {
    name: 'SIGN',
    category: 'arithmetic',
    signatures: ['SIGN(numeric)'],
    description: '-1, 0 or 1.',
    examples: [['SIGN(-3)', '-1']],
  },
  sameType(),
  (call) => {
    const one = call.returnType.kind === 'DECIMAL' ? 10n ** BigInt(call.returnType.scale) : 1n
    return (value) =>
      typeof value === 'bigint' ? (value > 0n ? one : value < 0n ? -one : 0n) : Math.sign(value as number)
  },
)

/** Digits before the point that a DECIMAL result of rounding needs. */
function roundedType(type: SqlType, digits: number | undefined): SqlType {
  if (type.kind !== 'DECIMAL') return type
  if (digits === undefined) return type
  const scale = Math.max(0, Math.min(digits, type.scale))
  return { ...type, precision: Math.min(38, Math.max(1, type.precision - type.scale + scale + 1)), scale }
}

function rounding(
  name: 'ROUND' | 'TRUNCATE',
  description: string,
  examples: readonly (readonly [string, string])[],
): ScalarFunction {
  const truncate = name === 'TRUNCATE'
  return defineWith(
    { name, category: 'arithmetic', signatures: [`${name}(numeric [, digits])`], description, examples },
    (args) => {
      const [value, digits, more] = args
      if (value === undefined || more !== undefined || !NUMERIC_KINDS.includes(value.type.kind)) return undefined
      if (digits !== undefined && !['TINYINT', 'SMALLINT', 'INT'].includes(digits.type.kind)) return undefined
      const known = digits === undefined ? 0 : typeof digits.literal === 'number' ? digits.literal : undefined
      return {
        argumentTypes: digits === undefined ? [value.type] : [value.type, withNullability(INT, digits.type.nullable)],
        returnType: nullableWith(roundedType(value.type, known), args),
      }
    },
    (call) => {
      const [from] = call.argumentTypes
      const to = call.returnType
      if (from?.kind === 'DECIMAL' && to.kind === 'DECIMAL') {
        return (value, digits = 0) => roundDecimal(value as bigint, from.scale, Number(digits), to.scale, truncate)
      }
      if (to.kind === 'FLOAT' || to.kind === 'DOUBLE')
        return (value, digits = 0) => roundDouble(value as number, Number(digits), truncate)
      return (value, digits = 0) => {
        const rounded = roundDecimal(BigInt(value as number | bigint), 0, Number(digits), 0, truncate)
        return to.kind === 'BIGINT' ? rounded : Number(rounded)
      }
    },
  )
}

function roundDecimal(value: bigint, scale: number, digits: number, resultScale: number, truncate: boolean): bigint {
  if (digits >= scale) return rescale(value, scale, resultScale)
  const kept = truncate ? value / 10n ** BigInt(scale - digits) : rescale(value, scale, digits)
  return digits <= resultScale ? kept * 10n ** BigInt(resultScale - digits) : kept
}

/** On the shortest decimal form, half away from zero, as Flink's BigDecimal does. */
function roundDouble(value: number, digits: number, truncate: boolean): number {
  if (!Number.isFinite(value)) return value
  const [mantissa = '0', exponent = '0'] = value.toExponential().split('e')
  const places = (mantissa.split('.')[1] ?? '').length - Number(exponent)
  if (places <= digits) return value
  const unscaled = BigInt(mantissa.replace('.', ''))
  if (places - digits > 400) return 0
  const rounded = truncate ? unscaled / 10n ** BigInt(places - digits) : rescale(unscaled, places, digits)
  return Number(`${rounded}e${-digits}`)
}

const LOG = defineWith(
  {
    name: 'LOG',
    category: 'arithmetic',
    signatures: ['LOG(numeric)', 'LOG(base, numeric)'],
    description: 'The natural logarithm, or that to a base.',
    examples: [['LOG(2, 8)', '3.0']],
  },
  (args) =>
    args.length === 1 || args.length === 2
      ? {
          argumentTypes: args.map((arg) => withNullability(DOUBLE, arg.type.nullable)),
          returnType: nullableWith(DOUBLE, args),
        }
      : undefined,
  () => (first, second) =>
    second === undefined ? Math.log(first as number) : Math.log(second as number) / Math.log(first as number),
)

function integerText(
  name: string,
  description: string,
  convert: (value: bigint) => string,
  example: readonly [string, string],
): ScalarFunction {
  return define({
    name,
    category: 'arithmetic',
    signatures: [`${name}(integer)`],
    description,
    examples: [example],
    parameters: ['bigint'],
    returns: STRING,
    evaluate: ([value]) => convert(BigInt.asUintN(64, value as bigint)),
  })
}

const HEX = defineWith(
  {
    name: 'HEX',
    category: 'arithmetic',
    signatures: ['HEX(integer)', 'HEX(string)'],
    description: 'Hexadecimal digits, upper case.',
    examples: [
      ['HEX(20)', '14'],
      ["HEX('hello')", '68656C6C6F'],
    ],
  },
  ([arg]) => {
    if (arg === undefined) return undefined
    if (arg.type.kind === 'CHAR' || arg.type.kind === 'VARCHAR')
      return { argumentTypes: [STRING], returnType: withNullability(STRING, arg.type.nullable) }
    if (!['TINYINT', 'SMALLINT', 'INT', 'BIGINT'].includes(arg.type.kind)) return undefined
    return {
      argumentTypes: [withNullability(BIGINT, arg.type.nullable)],
      returnType: withNullability(STRING, arg.type.nullable),
    }
  },
  () => (value) =>
    (typeof value === 'string'
      ? Buffer.from(value).toString('hex')
      : BigInt.asUintN(64, value as bigint).toString(16)
    ).toUpperCase(),
)

const RANDOM: readonly ScalarFunction[] = [
  define({
    name: 'RAND',
    category: 'arithmetic',
    signatures: ['RAND()', 'RAND(seed)'],
    description: 'A random number from 0.0 to below 1.0, anew for each row.',
    examples: [['RAND() < 1', 'TRUE']],
    parameters: ['int'],
    minimum: 0,
    returns: withNullability(DOUBLE, false),
    deterministic: false,
    evaluate: () => Math.random(),
  }),
  define({
    name: 'RAND_INTEGER',
    category: 'arithmetic',
    signatures: ['RAND_INTEGER(bound)'],
    description: 'A random integer from 0 to below the bound.',
    examples: [['RAND_INTEGER(1)', '0']],
    parameters: ['int'],
    returns: INT,
    deterministic: false,
    evaluate: ([bound]) => Math.floor(Math.random() * (bound as number)),
  }),
  define({
    name: 'UUID',
    category: 'string',
    signatures: ['UUID()'],
    description: 'A random UUID (version 4).',
    examples: [['CHAR_LENGTH(UUID())', '36']],
    parameters: [],
    returns: { kind: 'CHAR', length: 36, nullable: false },
    deterministic: false,
    evaluate: () => randomUUID(),
  }),
]

const CONSTANTS: readonly ScalarFunction[] = [
  define({
    name: 'PI',
    category: 'arithmetic',
    signatures: ['PI()'],
    description: 'π.',
    examples: [['PI()', '3.141592653589793']],
    parameters: [],
    returns: withNullability(DOUBLE, false),
    evaluate: () => Math.PI,
  }),
  define({
    name: 'E',
    category: 'arithmetic',
    signatures: ['E()'],
    description: "Euler's number.",
    examples: [['E()', '2.718281828459045']],
    parameters: [],
    returns: withNullability(DOUBLE, false),
    evaluate: () => Math.E,
  }),
]

export const MATH_FUNCTIONS: readonly ScalarFunction[] = [
  ABS,
  SIGN,
  rounding('ROUND', 'Rounded to a number of digits behind the point, half away from zero.', [
    ['ROUND(2.345, 2)', '2.35'],
    ['ROUND(-2.5)', '-3'],
  ]),
  rounding('TRUNCATE', 'Cut off behind a number of digits.', [['TRUNCATE(42.324, 2)', '42.32']]),
  define({
    name: 'POWER',
    category: 'arithmetic',
    signatures: ['POWER(numeric1, numeric2)'],
    description: 'The first number to the power of the second.',
    examples: [['POWER(2, 10)', '1024.0']],
    parameters: ['double', 'double'],
    returns: DOUBLE,
    evaluate: ([a, b]) => (a as number) ** (b as number),
  }),
  define({
    name: 'ATAN2',
    category: 'arithmetic',
    signatures: ['ATAN2(y, x)'],
    description: 'The angle of the point (x, y).',
    examples: [['ATAN2(0, 1)', '0.0']],
    parameters: ['double', 'double'],
    returns: DOUBLE,
    evaluate: ([a, b]) => Math.atan2(a as number, b as number),
  }),
  LOG,
  ofDouble('SQRT', Math.sqrt, 'The square root.', ['SQRT(9)', '3.0']),
  ofDouble('LN', Math.log, 'The natural logarithm.', ['LN(1)', '0.0']),
  ofDouble('LOG10', Math.log10, 'The logarithm to base 10.', ['LOG10(100)', '2.0']),
  ofDouble('LOG2', Math.log2, 'The logarithm to base 2.', ['LOG2(8)', '3.0']),
  ofDouble('EXP', Math.exp, "Euler's number to a power.", ['EXP(0)', '1.0']),
  ofDouble('SIN', Math.sin, 'The sine.', ['SIN(0)', '0.0']),
  ofDouble('SINH', Math.sinh, 'The hyperbolic sine.', ['SINH(0)', '0.0']),
  ofDouble('COS', Math.cos, 'The cosine.', ['COS(0)', '1.0']),
  ofDouble('COSH', Math.cosh, 'The hyperbolic cosine.', ['COSH(0)', '1.0']),
  ofDouble('TAN', Math.tan, 'The tangent.', ['TAN(0)', '0.0']),
  ofDouble('TANH', Math.tanh, 'The hyperbolic tangent.', ['TANH(0)', '0.0']),
  ofDouble('COT', (value) => 1 / Math.tan(value), 'The cotangent.', ['COT(1) > 0', 'TRUE']),
  ofDouble('ASIN', Math.asin, 'The arc sine.', ['ASIN(0)', '0.0']),
  ofDouble('ACOS', Math.acos, 'The arc cosine.', ['ACOS(1)', '0.0']),
  ofDouble('ATAN', Math.atan, 'The arc tangent.', ['ATAN(0)', '0.0']),
  ofDouble('DEGREES', (value) => (value * 180) / Math.PI, 'Radians to degrees.', ['DEGREES(0)', '0.0']),
  ofDouble('RADIANS', (value) => (value * Math.PI) / 180, 'Degrees to radians.', ['RADIANS(0)', '0.0']),
  integerText('BIN', 'Binary digits.', (value) => value.toString(2), ['BIN(4)', '100']),
  HEX,
  ...RANDOM,
  ...CONSTANTS,
]
