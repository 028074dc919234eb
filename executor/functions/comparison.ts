/** `=` `<>` `<` `<=` `>` `>=`, IS [NOT] DISTINCT FROM, IS [NOT] NULL, IN, NOT IN. */
import type { FunctionSpec } from '../../catalog/function.ts'
import type { Value } from '../../core/column.ts'
import { BOOLEAN, type SqlType, withNullability } from '../../core/types.ts'
import { commonType, comparisonType } from '../../planner/bind/coercion.ts'
import { allTrue, eitherNull, type Fragment, narrowForm, type ScalarFragment } from '../codegen/fragment.ts'
import type { Generator } from '../codegen/generator.ts'
import { caseComparisonCode } from './case-comparison.ts'
import { type ScalarFunction, nullableWith } from './function.ts'

const NOT_NULL_BOOLEAN = withNullability(BOOLEAN, false)

/** Order of two values of one type that are not NULL: negative, 0 or positive. NaN equals itself and is largest, as in Java. */
export function compareValues(a: Value, b: Value): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b)
  if (Array.isArray(a) && Array.isArray(b)) return compareLists(a as Value[], b as Value[])
  if (typeof a === 'number' && typeof b === 'number') {
    if (Number.isNaN(a) || Number.isNaN(b)) return (Number.isNaN(a) ? 1 : 0) - (Number.isNaN(b) ? 1 : 0)
    return a - b
  }
  if (a === b) return 0
  if (a === null) return -1
  return b === null || (a as bigint) > (b as bigint) ? 1 : -1
}

function compareLists(a: readonly Value[], b: readonly Value[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareValues(a[i] ?? null, b[i] ?? null)
    if (order !== 0) return order
  }
  return a.length - b.length
}

function comparisonBind(result: (args: readonly { readonly type: SqlType }[]) => SqlType): FunctionSpec['bind'] {
  return (args) => {
    const [left, right] = args
    if (left === undefined || right === undefined || args.length !== 2) return undefined
    const type = comparisonType(left.type, right.type)
    if (type === undefined) return undefined
    return { argumentTypes: args.map((arg) => withNullability(type, arg.type.nullable)), returnType: result(args) }
  }
}

/** Code that is true when the (non-NULL) values compare so. */
function comparisonCode(generator: Generator, operator: string, left: Fragment, right: Fragment): string {
  if (left.representation === 'view' && right.representation === 'view') {
    const places = `${left.data}, ${left.start}, ${left.length}, ${right.data}, ${right.start}, ${right.length}`
    if (operator === '===') return `equalBytes(${places})`
    return operator === '!==' ? `!equalBytes(${places})` : `compareBytes(${places}) ${operator} 0`
  }
  const [a, b] = [(left as ScalarFragment).value, (right as ScalarFragment).value]
  if (left.representation === 'object' || right.representation === 'object') {
    return `${generator.constant(compareValues)}(${a}, ${b}) ${operator} 0`
  }
  const numbers = numberComparison(operator, left as ScalarFragment, right as ScalarFragment)
  if (numbers !== undefined) return numbers
  const [x, y] = [narrowForm(left), narrowForm(right)]
  if (x === undefined || y === undefined) return `${a} ${operator} ${b}`
  const fits = allTrue([x.fits, y.fits])
  const narrow = `${x.value} ${operator} ${y.value}`
  return fits === 'true' ? narrow : `(${fits} ? ${narrow} : ${a} ${operator} ${b})`
}

/** Of a whole number that is had without a BigInt with another one or a literal. */
function numberComparison(operator: string, left: ScalarFragment, right: ScalarFragment): string | undefined {
  if (left.number === undefined && right.number === undefined) return undefined
  const [a, b] = [left, right].map(({ number, literal }) => {
    const known = typeof literal === 'string' ? Number(literal) : Number.NaN
    return number ?? (Number.isSafeInteger(known) ? `(${known})` : undefined)
  })
  return a === undefined || b === undefined ? undefined : `${a} ${operator} ${b}`
}

function comparison(
  name: string,
  operator: string,
  description: string,
  test: (order: number) => boolean,
): ScalarFunction {
  return {
    name,
    kind: 'scalar',
    category: 'comparison',
    signatures: [`value1 ${name} value2`],
    description,
    examples: [{ sql: `2 ${name} 1`, result: String(test(1)).toUpperCase() }],
    bind: comparisonBind((args) => nullableWith(BOOLEAN, args)),
    evaluator: () => (a, b) => test(compareValues(a ?? null, b ?? null)),
    ...(operator.endsWith('==')
      ? { generateWhole: (generator, call) => caseComparisonCode(generator, call, operator === '!==') }
      : {}),
    generate: (generator, args, call) => {
      const [left, right] = args
      if (left === undefined || right === undefined) return undefined
      const isNull = eitherNull(args)
      const value = generator.name('b')
      const code = comparisonCode(generator, operator, left, right)
      generator.line(`const ${value} = ${isNull === '0' ? code : `${isNull} === 0 && ${code}`};`)
      return { representation: 'boolean', type: call.returnType, isNull, value }
    },
  }
}

function distinctness(name: string, negated: boolean): ScalarFunction {
  return {
    name,
    kind: 'scalar',
    category: 'comparison',
    signatures: [`value1 ${name} value2`],
    description: `Whether the values are ${negated ? 'the same' : 'different'}, with NULL taken as a value like any other.`,
    examples: [{ sql: `1 ${name} NULL`, result: negated ? 'FALSE' : 'TRUE' }],
    strict: false,
    bind: comparisonBind(() => NOT_NULL_BOOLEAN),
    evaluator:
      () =>
      (a = null, b = null) =>
        (a === null || b === null ? a !== b : compareValues(a, b) !== 0) !== negated,
    generate: (generator, args, call) => {
      const [left, right] = args
      if (left === undefined || right === undefined) return undefined
      const value = generator.name('b')
      const same = `(${left.isNull} & ${right.isNull}) === 1 || ((${left.isNull} | ${right.isNull}) === 0 && ${comparisonCode(generator, '===', left, right)})`
      generator.line(`const ${value} = ${negated ? '' : '!'}(${same});`)
      return { representation: 'boolean', type: call.returnType, isNull: '0', value }
    },
  }
}

function nullTest(name: string, wanted: 0 | 1): ScalarFunction {
  return {
    name,
    kind: 'scalar',
    category: 'comparison',
    signatures: [`value ${name}`],
    description: `Whether the value is ${wanted === 1 ? '' : 'not '}NULL.`,
    examples: [{ sql: `CAST(NULL AS INT) ${name}`, result: wanted === 1 ? 'TRUE' : 'FALSE' }],
    strict: false,
    bind: (args) =>
      args.length === 1 ? { argumentTypes: args.map((arg) => arg.type), returnType: NOT_NULL_BOOLEAN } : undefined,
    evaluator: () => (value) => (value === null) === (wanted === 1),
    generate: (generator, [input], call) => {
      if (input === undefined) return undefined
      const value = generator.name('b')
      generator.line(`const ${value} = ${input.isNull} === ${wanted};`)
      return { representation: 'boolean', type: call.returnType, isNull: '0', value }
    },
  }
}

/** NULL when the value is NULL, or when it is not found and NULL is in the list. */
function membership(name: string, negated: boolean): ScalarFunction {
  return {
    name,
    kind: 'scalar',
    category: 'comparison',
    signatures: [`value ${name} (value1 [, value2]*)`],
    description: `Whether the value is ${negated ? 'not ' : ''}in the list.`,
    examples: [{ sql: `2 ${name} (1, 2)`, result: negated ? 'FALSE' : 'TRUE' }],
    strict: false,
    bind: (args) => {
      const [first, ...items] = args
      if (first === undefined || items.some((item) => comparisonType(first.type, item.type) === undefined))
        return undefined
      const type = commonType(args.map((arg) => arg.type)) ?? comparisonType(first.type, items[0]?.type ?? first.type)
      if (type === undefined) return undefined
      return {
        argumentTypes: args.map((arg) => withNullability(type, arg.type.nullable)),
        returnType: nullableWith(BOOLEAN, args),
      }
    },
    evaluator:
      () =>
      (value, ...items) => {
        if (value === null) return null
        if (items.some((item) => item !== null && compareValues(value ?? null, item) === 0)) return !negated
        return items.includes(null) ? null : negated
      },
    generateWhole: (generator, call) => caseComparisonCode(generator, call, negated),
    generate: (generator, args, call) => {
      const [input, ...items] = args
      if (input === undefined || items.some((item) => item.isNull !== '0')) return undefined
      const value = generator.name('b')
      const any = items.map((item) => comparisonCode(generator, '===', input, item)).join(' || ')
      const code = negated ? `!(${any})` : `(${any})`
      generator.line(`const ${value} = ${input.isNull === '0' ? code : `${input.isNull} === 0 && ${code}`};`)
      return { representation: 'boolean', type: call.returnType, isNull: input.isNull, value }
    },
  }
}

export const COMPARISON_FUNCTIONS: readonly ScalarFunction[] = [
  comparison('=', '===', 'Whether the values are equal.', (order) => order === 0),
  comparison('<>', '!==', 'Whether the values differ.', (order) => order !== 0),
  comparison('<', '<', 'Whether the first value is smaller.', (order) => order < 0),
  comparison('<=', '<=', 'Whether the first value is smaller or equal.', (order) => order <= 0),
  comparison('>', '>', 'Whether the first value is larger.', (order) => order > 0),
  comparison('>=', '>=', 'Whether the first value is larger or equal.', (order) => order >= 0),
  nullTest('IS NULL', 1),
  nullTest('IS NOT NULL', 0),
  distinctness('IS DISTINCT FROM', false),
  distinctness('IS NOT DISTINCT FROM', true),
  membership('IN', false),
  membership('NOT IN', true),
]
