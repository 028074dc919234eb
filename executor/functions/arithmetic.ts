/**
 * `+ - * / %` over numbers and over datetimes with intervals, negation. Integers wrap round as in Java; DECIMAL is
 * exact, rounds half up and is NULL when it no longer fits; DOUBLE follows IEEE.
 */
import type { BoundArgument, BoundSignature } from '../../catalog/function.ts'
import type { Value } from '../../core/column.ts'
import { civilFromDays, daysFromCivil, daysInMonth } from '../../core/datetime-text.ts'
import { MillraceError } from '../../core/errors.ts'
import { type DecimalType, physicalKind, type SqlType, unitsPerMillisecond, withNullability } from '../../core/types.ts'
import { fitsPrecision, rescale } from '../../core/value-text.ts'
import { arithmeticType, asDecimal, commonType, isInterval } from '../../planner/bind/coercion.ts'
import { allTrue, eitherNull, type Fragment, narrowForm, type ScalarFragment } from '../codegen/fragment.ts'
import type { Generator } from '../codegen/generator.ts'
import { type CallSite, nullableWith, type ScalarFunction } from './function.ts'

type Operator = '+' | '-' | '*' | '/' | '%'

const DATETIMES: readonly string[] = ['DATE', 'TIME', 'TIMESTAMP', 'TIMESTAMP_LTZ']

function bindArithmetic(operator: Operator, args: readonly BoundArgument[]): BoundSignature | undefined {
  const [left, right] = args
  if (left === undefined || right === undefined || args.length !== 2) return undefined
  const temporal = bindTemporal(operator, left.type, right.type)
  if (temporal !== undefined) {
    return { argumentTypes: [left.type, right.type], returnType: nullableWith(temporal, args) }
  }
  const type = arithmeticType(operator, left.type, right.type)
  if (type === undefined) return undefined
  const returnType = nullableWith(type, args)
  if (type.kind === 'DECIMAL') {
    const decimals = [asDecimal(left.type) ?? left.type, asDecimal(right.type) ?? right.type]
    return {
      argumentTypes: decimals.map((decimal, index) => withNullability(decimal, args[index]?.type.nullable === true)),
      returnType,
    }
  }
  const operands = operator === '%' ? (commonType([left.type, right.type]) ?? type) : type
  return { argumentTypes: args.map((arg) => withNullability(operands, arg.type.nullable)), returnType }
}

/** Datetime ± interval, interval ± interval, interval * number. */
function bindTemporal(operator: Operator, left: SqlType, right: SqlType): SqlType | undefined {
  const isDatetime = (type: SqlType): boolean => DATETIMES.includes(type.kind)
  if (operator === '+' && isInterval(left) && isDatetime(right)) return datetimeResult(right, left)
  if ((operator === '+' || operator === '-') && isDatetime(left) && isInterval(right))
    return datetimeResult(left, right)
  if ((operator === '+' || operator === '-') && isInterval(left) && left.kind === right.kind) return left
  if (operator === '*' && isInterval(left) && ['TINYINT', 'SMALLINT', 'INT', 'BIGINT'].includes(right.kind)) return left
  return undefined
}

function datetimeResult(datetime: SqlType, interval: SqlType): SqlType {
  if (datetime.kind === 'TIMESTAMP' || datetime.kind === 'TIMESTAMP_LTZ') {
    const precision = interval.kind === 'INTERVAL_DAY_TIME' ? Math.max(datetime.precision, 3) : datetime.precision
    return { kind: datetime.kind, precision, nullable: datetime.nullable }
  }
  return datetime
}

export function addMonths(days: number, months: number): number {
  const { year, month, day } = civilFromDays(days)
  const index = year * 12 + month - 1 + months
  const newYear = Math.floor(index / 12)
  const newMonth = index - newYear * 12 + 1
  return daysFromCivil(newYear, newMonth, Math.min(day, daysInMonth(newYear, newMonth)))
}

function addToTimestamp(value: bigint, units: bigint, months: number): bigint {
  const perDay = 86_400_000n * units
  let days = value / perDay
  if (value % perDay < 0n) days -= 1n
  return BigInt(addMonths(Number(days), months)) * perDay + (value - days * perDay)
}

function temporalEvaluator(operator: Operator, call: CallSite): ((a: Value, b: Value) => Value) | undefined {
  const [left, right] = call.argumentTypes
  if (left === undefined || right === undefined) return undefined
  if (isInterval(left) && DATETIMES.includes(right.kind)) {
    const swapped = temporalEvaluator('+', { ...call, argumentTypes: [right, left] })
    return swapped === undefined ? undefined : (a, b) => swapped(b, a)
  }
  const sign = operator === '-' ? -1 : 1
  if (isInterval(left)) return intervalEvaluator(operator, left, sign)
  if (!DATETIMES.includes(left.kind) || !isInterval(right)) return undefined
  const months = right.kind === 'INTERVAL_YEAR_MONTH'
  switch (left.kind) {
    case 'DATE':
      if (months) return (a, b) => addMonths(a as number, sign * (b as number))
      return (a, b) => (a as number) + sign * Math.trunc(Number(b) / 86_400_000)
    case 'TIME':
      return (a, b) => ((((a as number) + sign * Number(b)) % 86_400_000) + 86_400_000) % 86_400_000
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ': {
      const from = unitsPerMillisecond(left.precision)
      const to = call.returnType.kind === left.kind ? unitsPerMillisecond(call.returnType.precision) : from
      if (months) return (a, b) => addToTimestamp(a as bigint, from, sign * (b as number))
      return (a, b) => (a as bigint) * (to / from) + BigInt(sign) * (b as bigint) * to
    }
    default:
      return undefined
  }
}

function intervalEvaluator(operator: Operator, type: SqlType, sign: number): (a: Value, b: Value) => Value {
  if (type.kind === 'INTERVAL_YEAR_MONTH') {
    return operator === '*' ? (a, b) => (a as number) * Number(b) : (a, b) => (a as number) + sign * (b as number)
  }
  if (operator === '*') return (a, b) => (a as bigint) * BigInt(b as number | bigint)
  return (a, b) => (a as bigint) + BigInt(sign) * (b as bigint)
}

const INTEGER_WRAP: Readonly<Record<string, (code: string) => string>> = {
  TINYINT: (code) => `((${code}) << 24) >> 24`,
  SMALLINT: (code) => `((${code}) << 16) >> 16`,
  INT: (code) => `(${code}) | 0`,
}

function divisionByZero(): never {
  throw new MillraceError('DIVISION_BY_ZERO', 'division by zero', {
    hint: 'NULLIF(divisor, 0) as divisor gives NULL in place of this error.',
  })
}

/** Code for the value; `guard` must be true before the value may be computed. */
function numberCode(
  generator: Generator,
  operator: Operator,
  left: ScalarFragment,
  right: ScalarFragment,
  type: SqlType,
): string | undefined {
  const [a, b] = [left.value, right.value]
  switch (type.kind) {
    case 'DOUBLE':
      return `${a} ${operator} ${b}`
    case 'FLOAT':
      return `Math.fround(${a} ${operator} ${b})`
    case 'BIGINT':
      if (operator === '/' || operator === '%')
        return `BigInt.asIntN(64, ${a} ${operator} ${divisorCode(generator, right, '0n')})`
      return `BigInt.asIntN(64, ${a} ${operator} ${b})`
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT': {
      const wrap = INTEGER_WRAP[type.kind]
      // A remainder has the narrower type of its divisor: its low half, which is had without making a BigInt.
      if (left.type.kind === 'BIGINT')
        return `(word[0] = BigInt.asIntN(64, ${a} ${operator} ${divisorCode(generator, right, '0n')}), halves[0])`
      if (operator === '*') return wrap?.(`Math.imul(${a}, ${b})`)
      if (operator === '/' || operator === '%') return wrap?.(`${a} ${operator} ${divisorCode(generator, right, '0')}`)
      return wrap?.(`${a} ${operator} ${b}`)
    }
    default:
      return undefined
  }
}

function divisorCode(generator: Generator, divisor: ScalarFragment, zero: string): string {
  if (isOtherThanZero(divisor)) return divisor.value
  return `(${divisor.value} === ${zero} ? ${generator.constant(divisionByZero)}() : ${divisor.value})`
}

function isOtherThanZero({ literal }: ScalarFragment): boolean {
  return typeof literal === 'string' || typeof literal === 'number' ? Number(literal) !== 0 : false
}

/** DECIMAL without a check where the result's type has room for every digit. */
function decimalCode(
  operator: Operator,
  left: ScalarFragment,
  right: ScalarFragment,
  type: DecimalType,
): string | undefined {
  if (left.type.kind !== 'DECIMAL' || right.type.kind !== 'DECIMAL') return undefined
  const wrap = (code: string): string => (physicalKind(type) === 'i64' ? `BigInt.asIntN(64, ${code})` : code)
  if (
    operator === '*' &&
    type.scale === left.type.scale + right.type.scale &&
    type.precision >= left.type.precision + right.type.precision
  ) {
    return wrap(`${left.value} * ${right.value}`)
  }
  const whole = Math.max(left.type.precision - left.type.scale, right.type.precision - right.type.scale) + 1
  if (
    (operator === '+' || operator === '-') &&
    type.precision - type.scale >= whole &&
    type.scale === Math.max(left.type.scale, right.type.scale)
  ) {
    return wrap(`${scaled(left, type.scale)} ${operator} ${scaled(right, type.scale)}`)
  }
  return undefined
}

/**
 * A sum, difference or product of more than 18 digits. Where both operands leave room, which is told from each by one
 * comparison, it is computed in 64 bits.
 */
function wideDecimal(
  operator: Operator,
  generator: Generator,
  left: ScalarFragment,
  right: ScalarFragment,
  type: DecimalType,
): Fragment | undefined {
  const code = decimalCode(operator, left, right, type)
  const [a, b] = [narrowForm(left), narrowForm(right)]
  if (code === undefined || a === undefined || b === undefined) return undefined
  const factors = [left, right].map((side) => 10n ** BigInt(Math.max(0, type.scale - scaleOf(side))))
  const [fits, value] = [generator.name('f'), generator.name('n')]
  const tests =
    operator === '*'
      ? [roomCode(left, a.value, bitsBeside(right)), roomCode(right, b.value, bitsBeside(left))]
      : [left, right].map((side, at) => roomCode(side, (at === 0 ? a : b).value, 1 + bitsOf(factors[at] ?? 1n)))
  const operands =
    operator === '*' ? [a.value, b.value] : [a, b].map((side, at) => times(side.value, factors[at] ?? 1n))
  generator.line(`const ${fits} = ${allTrue([a.fits, b.fits, ...tests])};`)
  generator.line(`const ${value} = BigInt.asIntN(64, ${operands.join(` ${operator} `)});`)
  return {
    representation: 'bigint',
    type,
    isNull: eitherNull([left, right]),
    value: `(${code})`,
    narrow: { fits, value },
  }
}

function scaleOf({ type }: ScalarFragment): number {
  return type.kind === 'DECIMAL' ? type.scale : 0
}

function bitsOf(value: bigint): number {
  return value === 1n ? 0 : value.toString(2).replace('-', '').length
}

/** Bits that a factor must leave for the other one: half, where it is not known. */
function bitsBeside({ literal }: ScalarFragment): number {
  return typeof literal === 'string' ? Math.min(62, bitsOf(BigInt(literal))) : 32
}

/** Whether a value leaves so many bits of 64. */
function roomCode({ literal }: ScalarFragment, value: string, bits: number): string {
  if (typeof literal === 'string' && bits + bitsOf(BigInt(literal)) < 63) return 'true'
  return bits === 0 ? 'true' : `BigInt.asIntN(${64 - bits}, ${value}) === ${value}`
}

function times(value: string, factor: bigint): string {
  return factor === 1n ? value : `${value} * ${factor}n`
}

function scaled(fragment: ScalarFragment, scale: number): string {
  const by = scale - (fragment.type.kind === 'DECIMAL' ? fragment.type.scale : 0)
  return by === 0 ? fragment.value : `${fragment.value} * ${10n ** BigInt(by)}n`
}

function generateArithmetic(
  operator: Operator,
  generator: Generator,
  args: readonly Fragment[],
  call: CallSite,
): Fragment | undefined {
  const [left, right] = args
  if (left === undefined || right === undefined) return undefined
  const type = call.returnType
  const [a, b] = [left as ScalarFragment, right as ScalarFragment]
  if (physicalKind(type) === 'i128') {
    const wide = wideDecimal(operator, generator, a, b, type as DecimalType)
    if (wide !== undefined) return wide
  }
  const code =
    type.kind === 'DECIMAL'
      ? decimalCode(operator, a, b, type)
      : isNumberCall(call)
        ? numberCode(generator, operator, a, b, type)
        : timestampCode(operator, a, b, type)
  if (code === undefined) return undefined
  const isNull = eitherNull(args)
  const value = generator.name('x')
  const big = ['i64', 'i128'].includes(physicalKind(type))
  const guarded = (operator === '/' || operator === '%') && isNull !== '0' && !isOtherThanZero(b)
  if (guarded) generator.line(`let ${value} = ${big ? '0n' : '0'}; if (${isNull} === 0) ${value} = ${code};`)
  else generator.line(`const ${value} = ${code};`)
  return { representation: big ? 'bigint' : 'number', type, isNull, value }
}

function isNumberCall(call: CallSite): boolean {
  return call.argumentTypes.every((type) => !isInterval(type) && !DATETIMES.includes(type.kind))
}

/** `ts - INTERVAL '5' SECOND`, which every watermark is. */
function timestampCode(
  operator: Operator,
  left: ScalarFragment,
  right: ScalarFragment,
  type: SqlType,
): string | undefined {
  if (type.kind !== 'TIMESTAMP' && type.kind !== 'TIMESTAMP_LTZ') return undefined
  if (left.type.kind !== type.kind || right.type.kind !== 'INTERVAL_DAY_TIME' || left.type.precision !== type.precision)
    return undefined
  const units = unitsPerMillisecond(type.precision)
  return `BigInt.asIntN(64, ${left.value} ${operator} ${units === 1n ? right.value : `${right.value} * ${units}n`})`
}

/** The general path over values; also what generated code is tested against. */
function evaluatorOf(operator: Operator, call: CallSite): (a: Value, b: Value) => Value {
  const temporal = temporalEvaluator(operator, call)
  if (temporal !== undefined) return temporal
  const type = call.returnType
  if (type.kind === 'DECIMAL') return decimalEvaluator(operator, call, type)
  return integerEvaluator(operator, type)
}

function integerEvaluator(operator: Operator, type: SqlType): (a: Value, b: Value) => Value {
  if (type.kind === 'DOUBLE' || type.kind === 'FLOAT') {
    const round = type.kind === 'FLOAT' ? Math.fround : (value: number) => value
    return (a, b) => round(compute(operator, a as number, b as number))
  }
  const bits = { TINYINT: 8, SMALLINT: 16, INT: 32 }[type.kind as 'INT'] ?? 64
  return (a, b) => {
    const result = BigInt.asIntN(bits, computeBig(operator, BigInt(a as number | bigint), BigInt(b as number | bigint)))
    return bits === 64 ? result : Number(result)
  }
}

function compute(operator: Operator, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return a / b
    case '%':
      return a % b
  }
}

function computeBig(operator: Operator, a: bigint, b: bigint): bigint {
  if ((operator === '/' || operator === '%') && b === 0n) return divisionByZero()
  switch (operator) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return a / b
    case '%':
      return a % b
  }
}

function decimalEvaluator(operator: Operator, call: CallSite, type: DecimalType): (a: Value, b: Value) => Value {
  const [s1, s2] = call.argumentTypes.map((argument) => (argument.kind === 'DECIMAL' ? argument.scale : 0))
  const [left, right] = [s1 ?? 0, s2 ?? 0]
  const common = Math.max(left, right)
  const fit = (value: bigint): Value => (fitsPrecision(value, type.precision) ? value : null)
  switch (operator) {
    case '+':
    case '-':
    case '%':
      return (a, b) => {
        const x = rescale(BigInt(a as bigint), left, common)
        return fit(rescale(computeBig(operator, x, rescale(BigInt(b as bigint), right, common)), common, type.scale))
      }
    case '*':
      return (a, b) => fit(rescale(BigInt(a as bigint) * BigInt(b as bigint), left + right, type.scale))
    case '/':
      return (a, b) => fit(decimalDivide(BigInt(a as bigint), left, BigInt(b as bigint), right, type.scale))
  }
}

/** Rounds half away from zero at the scale. */
function decimalDivide(a: bigint, aScale: number, b: bigint, bScale: number, scale: number): bigint {
  if (b === 0n) return divisionByZero()
  const extra = scale + 1 - aScale + bScale
  const numerator = extra >= 0 ? a * 10n ** BigInt(extra) : a / 10n ** BigInt(-extra)
  return rescale(numerator / b, scale + 1, scale)
}

function arithmetic(operator: Operator, description: string, result: string): ScalarFunction {
  return {
    name: operator,
    ...(operator === '%' ? { aliases: ['MOD'] } : {}),
    kind: 'scalar',
    category: 'arithmetic',
    signatures:
      operator === '%' ? ['numeric1 % numeric2', 'MOD(numeric1, numeric2)'] : [`numeric1 ${operator} numeric2`],
    description,
    examples: [{ sql: `7 ${operator} 2`, result }],
    bind: (args) => bindArithmetic(operator, args),
    evaluator: (call) => {
      const evaluate = evaluatorOf(operator, call)
      return (a, b) => evaluate(a ?? null, b ?? null)
    },
    generate: (generator, args, call) => generateArithmetic(operator, generator, args, call),
  }
}

const NEGATE: ScalarFunction = {
  name: 'NEGATE',
  kind: 'scalar',
  category: 'arithmetic',
  signatures: ['- numeric'],
  description: 'The number with the other sign.',
  examples: [{ sql: '-(2 + 1)', result: '-3' }],
  bind: ([arg, more]) => {
    if (arg === undefined || more !== undefined) return undefined
    const numeric = arithmeticType('+', arg.type, arg.type)
    if (numeric === undefined && !isInterval(arg.type)) return undefined
    return { argumentTypes: [arg.type], returnType: arg.type }
  },
  evaluator: (call) => {
    const bits = { TINYINT: 8, SMALLINT: 16, INT: 32, BIGINT: 64 }[call.returnType.kind as 'INT']
    return (value) => {
      if (typeof value === 'bigint') return bits === undefined ? -value : BigInt.asIntN(64, -value)
      return bits === undefined || typeof value !== 'number'
        ? -(value as number)
        : Number(BigInt.asIntN(bits, -BigInt(value)))
    }
  },
}

export const ARITHMETIC_OPERATORS: readonly ScalarFunction[] = [
  arithmetic('+', 'Sum; also datetime + interval.', '9'),
  arithmetic('-', 'Difference; also datetime - interval.', '5'),
  arithmetic('*', 'Product.', '14'),
  arithmetic('/', 'Quotient; of integers without the fraction.', '3'),
  arithmetic('%', 'Remainder, with the sign of the first number.', '1'),
  NEGATE,
]
