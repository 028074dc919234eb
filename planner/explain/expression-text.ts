/**
 * Expressions as Flink's EXPLAIN prints them: with the names of columns in physical plans (`(a > 1)`), with positions
 * and prefix operators in the logical plan (`>($0, 1)`).
 */
import { unreachable } from '../../core/errors.ts'
import { type SqlType, typeToString, withNullability } from '../../core/types.ts'
import { decimalText } from '../bind/call.ts'
import { withoutTimeAttribute } from '../bind/types.ts'
import type { Expression, Literal } from '../expression.ts'

const INFIX: readonly string[] = [
  '=',
  '<>',
  '<',
  '<=',
  '>',
  '>=',
  '+',
  '-',
  '*',
  '/',
  '%',
  '||',
  'AND',
  'OR',
  'LIKE',
  'NOT LIKE',
  'SIMILAR TO',
  'NOT SIMILAR TO',
  'IS DISTINCT FROM',
  'IS NOT DISTINCT FROM',
]

/** @param names of the input columns */
export function expressionText(expression: Expression, names: readonly string[]): string {
  const text = (part: Expression): string => expressionText(part, names)
  switch (expression.kind) {
    case 'input':
      return names[expression.index] ?? `$${expression.index}`
    case 'literal':
      return literalText(expression)
    case 'call': {
      // AND and OR nest for the engine's sake: people read a list.
      const { function: name } = expression
      const args = name === 'AND' || name === 'OR' ? operandsOf(expression, name) : expression.args
      return callText(name, args.map(text))
    }
    case 'cast':
      return `${expression.safe ? 'TRY_CAST' : 'CAST'}(${text(expression.input)} AS ${castTarget(expression.type)})`
    case 'case': {
      const whens = expression.whens.flatMap(({ condition, result }) => [text(condition), text(result)])
      return `CASE(${[...whens, text(expression.otherwise)].join(', ')})`
    }
    case 'field':
      return `${text(expression.input)}.${fieldName(expression)}`
    default:
      return unreachable(expression)
  }
}

function operandsOf(expression: Expression, name: 'AND' | 'OR'): readonly Expression[] {
  if (expression.kind !== 'call' || expression.function !== name) return [expression]
  return expression.args.flatMap((arg) => operandsOf(arg, name))
}

function callText(name: string, args: readonly string[]): string {
  const [first = '', ...rest] = args
  if (name === 'ITEM') return `${first}[${rest.join(', ')}]`
  if (name === 'IN' || name === 'NOT IN') return `${first} ${name} (${rest.join(', ')})`
  if (INFIX.includes(name) && args.length > 1) return `(${args.join(` ${name} `)})`
  if (name.startsWith('IS ')) return `${first} ${name}`
  if (name === 'NEGATE') return `-${first}`
  return `${name}(${args.join(', ')})`
}

/** @param input how the columns are written; default by position */
export function logicalText(expression: Expression, input: (index: number) => string = (index) => `$${index}`): string {
  const text = (part: Expression): string => logicalText(part, input)
  switch (expression.kind) {
    case 'input':
      return input(expression.index)
    case 'literal':
      return literalText(expression)
    case 'call': {
      const { function: name } = expression
      const args = name === 'AND' || name === 'OR' ? operandsOf(expression, name) : expression.args
      return `${name}(${args.map(text).join(', ')})`
    }
    case 'cast':
      return `${expression.safe ? 'TRY_CAST' : 'CAST'}(${text(expression.input)}):${castTarget(expression.type)}`
    case 'case': {
      const whens = expression.whens.flatMap(({ condition, result }) => [condition, result])
      return `CASE(${[...whens, expression.otherwise].map(text).join(', ')})`
    }
    case 'field':
      return `${text(expression.input)}.${fieldName(expression)}`
    default:
      return unreachable(expression)
  }
}

function fieldName(expression: Expression & { kind: 'field' }): string {
  const { type } = expression.input
  return (type.kind === 'ROW' ? type.fields[expression.index]?.name : undefined) ?? `$${expression.index}`
}

/** Flink prints types of plans in full. */
function castTarget(type: SqlType): string {
  return typeToString(withNullability(withoutTimeAttribute(type), true))
}

function literalText(literal: Literal): string {
  const { value, type } = literal
  if (value === null) return type.kind === 'NULL' ? 'null' : `null:${castTarget(type)}`
  switch (type.kind) {
    case 'CHAR':
    case 'VARCHAR':
      return `'${String(value).replaceAll("'", "''")}'`
    case 'BOOLEAN':
      return String(value)
    case 'DECIMAL':
      return `${decimalText(String(value), type.scale)}:${castTarget(type)}`
    case 'INTERVAL_DAY_TIME':
      return `${value}:INTERVAL DAY TO SECOND`
    case 'INTERVAL_YEAR_MONTH':
      return `${value}:INTERVAL YEAR TO MONTH`
    case 'DATE':
      return new Date(Number(value) * 86_400_000).toISOString().slice(0, 10)
    case 'TIME':
      return new Date(Number(value)).toISOString().slice(11, 19)
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return timestampText(String(value), type.precision)
    case 'BINARY':
    case 'VARBINARY':
      return `X'${value}'`
    case 'INT':
      return String(value)
    default:
      return `${value}:${castTarget(type)}`
  }
}

function timestampText(value: string, precision: number): string {
  const digits = precision <= 3 ? 3 : precision <= 6 ? 6 : 9
  const scale = 10n ** BigInt(digits)
  const units = BigInt(value)
  const fraction = ((units % scale) + scale) % scale
  const seconds = Number((units - fraction) / scale)
  const text = new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')
  return fraction === 0n ? text : `${text}.${fraction.toString().padStart(digits, '0').slice(0, precision)}`
}
