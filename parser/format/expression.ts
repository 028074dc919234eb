/** Expressions as text. Parentheses come from the tree's shape and the operator levels alone. */
import { unreachable } from '../../core/errors.ts'
import type { BinaryExpression, Expression } from '../ast/expression.ts'
import { longChainTerms } from '../logical-chain.ts'
import { LEVEL, OPERATOR_LEVELS } from '../precedence.ts'
import { formatCall } from './call.ts'
import { formatJson } from './json.ts'
import { formatIdentifier, formatPath, formatString, list, parenthesize, words } from './name.ts'
import type { Printer } from './printer.ts'
import { formatQualifier, formatType } from './type.ts'

export function formatExpression(p: Printer, expression: Expression, level: number = LEVEL.or): string {
  const text = formatBare(p, expression)
  return levelOf(expression) < level ? `(${text})` : text
}

function levelOf(expression: Expression): number {
  switch (expression.kind) {
    case 'binary':
      return OPERATOR_LEVELS[expression.operator]
    case 'unary':
      return expression.operator === 'NOT' ? LEVEL.not : LEVEL.sign
    case 'is':
    case 'is-json':
    case 'is-distinct':
      return LEVEL.is
    case 'quantified':
      return LEVEL.comparison
    case 'between':
    case 'in-list':
    case 'in-subquery':
    case 'like':
      return LEVEL.predicate
    default:
      return LEVEL.access
  }
}

function formatBare(p: Printer, e: Expression): string {
  switch (e.kind) {
    case 'number':
      return e.text
    case 'string':
      return formatString(e)
    case 'binary-string':
      return `X'${e.hex}'`
    case 'boolean':
      return e.value ? 'TRUE' : 'FALSE'
    case 'null':
      return 'NULL'
    case 'unknown':
      return 'UNKNOWN'
    case 'datetime':
      return `${e.type} ${formatString(e.value)}`
    case 'interval':
      return `INTERVAL ${e.negative ? '-' : ''}${formatString(e.value)} ${formatQualifier(e.qualifier)}`
    case 'column':
      return formatPath(e.path)
    case 'star':
      return e.qualifier.length === 0 ? '*' : `${formatPath(e.qualifier)}.*`
    case 'niladic':
      return e.precision === undefined ? e.name : `${e.name}(${e.precision})`
    case 'unary':
      return formatUnary(p, e)
    case 'binary':
      return formatBinary(p, e)
    case 'between':
    case 'in-list':
    case 'in-subquery':
    case 'quantified':
    case 'like':
    case 'is':
    case 'is-distinct':
    case 'is-json':
      return formatPredicate(p, e)
    case 'exists':
      return `EXISTS (${p.query(e.query)})`
    case 'case':
      return formatCase(p, e)
    case 'cast':
      return `${e.safe ? 'TRY_CAST' : 'CAST'}(${p.expression(e.operand)} AS ${formatType(e.type)})`
    case 'extract':
    case 'datetime-difference':
    case 'round-to':
    case 'position':
    case 'trim':
    case 'substring':
    case 'overlay':
      return formatSpecialCall(p, e)
    case 'json-exists':
    case 'json-value':
    case 'json-query':
    case 'json-object':
    case 'json-array':
    case 'json-objectagg':
    case 'json-arrayagg':
      return formatJson(p, e)
    case 'call':
      return formatCall(p, e)
    case 'row':
    case 'array':
    case 'multiset':
    case 'map':
    case 'element':
    case 'field':
      return formatComposite(p, e)
    case 'subquery':
      return `(${p.query(e.query)})`
    default:
      return unreachable(e)
  }
}

type OfKind<K extends Expression['kind']> = Extract<Expression, { readonly kind: K }>

function formatUnary(p: Printer, e: OfKind<'unary'>): string {
  if (e.operator === 'NOT') return `NOT ${p.expression(e.operand, LEVEL.not)}`
  const operand = p.expression(e.operand, LEVEL.sign)
  // two minus signs would begin a comment
  return /^[+-]/.test(operand) ? `${e.operator} ${operand}` : e.operator + operand
}

function formatBinary(p: Printer, e: BinaryExpression): string {
  const level = OPERATOR_LEVELS[e.operator]
  const terms = longChainTerms(e)
  if (terms !== undefined) {
    return terms.map((term) => p.expression(term, level + 1)).join(` ${e.operator} `)
  }
  // the left spine is walked in a loop: it is the one direction in which trees get high
  const parts: string[] = []
  let left: Expression = e
  while (left.kind === 'binary' && OPERATOR_LEVELS[left.operator] === level && (left === e || !isLongChain(left))) {
    parts.push(p.expression(left.right, level + 1), left.operator)
    left = left.left
  }
  parts.push(left.kind === 'binary' && isLongChain(left) ? `(${p.expression(left)})` : p.expression(left, level))
  return parts.reverse().join(' ')
}

/** Such a chain on the left would merge with what follows it. */
function isLongChain(e: BinaryExpression): boolean {
  return longChainTerms(e) !== undefined
}

type Predicate = OfKind<
  'between' | 'in-list' | 'in-subquery' | 'quantified' | 'like' | 'is' | 'is-distinct' | 'is-json'
>

function formatPredicate(p: Printer, e: Predicate): string {
  const not = 'negated' in e && e.negated ? 'NOT ' : ''
  switch (e.kind) {
    case 'between': {
      const low = p.expression(e.low, LEVEL.additive)
      const high = p.expression(e.high, LEVEL.additive)
      const operand = p.expression(e.operand, LEVEL.predicate)
      return `${operand} ${not}BETWEEN ${e.symmetric ? 'SYMMETRIC ' : ''}${low} AND ${high}`
    }
    case 'in-list':
      return `${p.expression(e.operand, LEVEL.predicate)} ${not}IN ${parenthesize(e.items, (item) => p.expression(item))}`
    case 'in-subquery':
      return `${p.expression(e.operand, LEVEL.predicate)} ${not}IN (${p.query(e.query)})`
    case 'quantified': {
      const { target } = e
      const content = target.kind === 'query' ? p.query(target) : list(target.items, (item) => p.expression(item))
      return `${p.expression(e.operand, LEVEL.comparison)} ${e.operator} ${e.quantifier} (${content})`
    }
    case 'like': {
      const escape = e.escape === undefined ? '' : ` ESCAPE ${p.expression(e.escape, LEVEL.additive)}`
      const pattern = p.expression(e.pattern, LEVEL.additive)
      return `${p.expression(e.operand, LEVEL.predicate)} ${not}${e.operator} ${pattern}${escape}`
    }
    case 'is':
      return `${p.expression(e.operand, LEVEL.is)} IS ${not}${e.test}`
    case 'is-distinct':
      return `${p.expression(e.left, LEVEL.is)} IS ${not}DISTINCT FROM ${p.expression(e.right, LEVEL.predicate)}`
    case 'is-json':
      return `${p.expression(e.operand, LEVEL.is)} IS ${not}JSON ${e.type}`
    default:
      return unreachable(e)
  }
}

function formatCase(p: Printer, e: OfKind<'case'>): string {
  const branches = e.branches.map(
    ({ conditions, result }) => `WHEN ${list(conditions, (item) => p.expression(item))} THEN ${p.expression(result)}`,
  )
  return words(
    'CASE',
    e.operand && p.expression(e.operand),
    ...branches,
    e.otherwise && `ELSE ${p.expression(e.otherwise)}`,
    'END',
  )
}

type SpecialCall = OfKind<
  'extract' | 'datetime-difference' | 'round-to' | 'position' | 'trim' | 'substring' | 'overlay'
>

function formatSpecialCall(p: Printer, e: SpecialCall): string {
  const operand = p.expression.bind(p)
  switch (e.kind) {
    case 'extract':
      return `EXTRACT(${e.unit} FROM ${operand(e.operand)})`
    case 'datetime-difference': {
      const difference = `${operand(e.left, LEVEL.additive)} - ${operand(e.right, LEVEL.additive + 1)}`
      return `(${difference}) ${formatQualifier(e.qualifier)}`
    }
    case 'round-to':
      return `${e.direction}(${operand(e.operand)} TO ${e.unit})`
    case 'position': {
      const start = e.start === undefined ? '' : ` FROM ${operand(e.start)}`
      return `POSITION(${operand(e.needle, LEVEL.additive)} IN ${operand(e.haystack)}${start})`
    }
    case 'trim': {
      if (e.side === 'BOTH' && e.characters === undefined) return `TRIM(${operand(e.operand)})`
      return `TRIM(${words(e.side, e.characters && operand(e.characters), 'FROM', operand(e.operand))})`
    }
    case 'substring': {
      const length = e.length && `FOR ${operand(e.length)}`
      return `SUBSTRING(${words(operand(e.operand), 'FROM', operand(e.start), length)})`
    }
    case 'overlay': {
      const length = e.length && `FOR ${operand(e.length)}`
      const replacement = operand(e.replacement)
      return `OVERLAY(${words(operand(e.operand), 'PLACING', replacement, 'FROM', operand(e.start), length)})`
    }
    default:
      return unreachable(e)
  }
}

type Composite = OfKind<'row' | 'array' | 'multiset' | 'map' | 'element' | 'field'>

function formatComposite(p: Printer, e: Composite): string {
  switch (e.kind) {
    case 'row': {
      const fields = list(e.fields, ({ value, name }) =>
        words(p.expression(value), name && `AS ${formatIdentifier(name)}`),
      )
      return `${e.explicit ? 'ROW' : ''}(${fields})`
    }
    case 'array':
      return `ARRAY[${list(e.items, (item) => p.expression(item))}]`
    case 'multiset':
      return `MULTISET[${list(e.items, (item) => p.expression(item))}]`
    case 'map':
      return `MAP[${list(e.entries, ({ key, value }) => `${p.expression(key)}, ${p.expression(value)}`)}]`
    case 'element': {
      const operand = p.expression(e.operand, LEVEL.access)
      // MAP[ would begin a constructor
      return `${/^map$/i.test(operand) ? `(${operand})` : operand}[${p.expression(e.index)}]`
    }
    case 'field': {
      const operand = p.expression(e.operand, LEVEL.access)
      const bare = e.operand.kind !== 'column' && e.operand.kind !== 'number'
      return `${bare ? operand : `(${operand})`}.${formatIdentifier(e.field)}`
    }
    default:
      return unreachable(e)
  }
}
