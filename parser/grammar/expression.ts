/** Operators, by precedence climbing over the levels of `precedence.ts`. */
import type {
  BinaryOperator,
  ComparisonOperator,
  Expression,
  ExpressionList,
  IsJsonPredicate,
  LikePredicate,
} from '../ast/expression.ts'
import type { Query } from '../ast/query.ts'
import type { Cursor } from '../cursor.ts'
import { type ChainTerm, chainOf } from '../logical-chain.ts'
import { LEVEL, OPERATOR_LEVELS } from '../precedence.ts'
import { parseParenthesized } from './parenthesized.ts'
import { parseOperand } from './primary.ts'

const SYMBOL_OPERATORS: ReadonlyMap<string, BinaryOperator> = new Map([
  ['=', '='],
  ['<>', '<>'],
  ['!=', '<>'],
  ['<', '<'],
  ['<=', '<='],
  ['>', '>'],
  ['>=', '>='],
  ['+', '+'],
  ['-', '-'],
  ['*', '*'],
  ['/', '/'],
  ['%', '%'],
  ['||', '||'],
] as const)

const OPERATOR_WORDS = ['AND', 'OR', 'IS', 'NOT', 'BETWEEN', 'IN', 'LIKE', 'SIMILAR'] as const

/** @param level operators looser than this are left to the caller */
export function parseExpression(c: Cursor, level: number): Expression {
  c.enter()
  const outer = c.height
  c.height = 0
  const { start } = c.token
  let left = parsePrefix(c, level)
  for (;;) {
    const next = parseInfix(c, left, start, level)
    if (next === undefined) break
    left = next
  }
  c.height = Math.max(outer, c.height + 1)
  c.leave()
  return left
}

function parsePrefix(c: Cursor, level: number): Expression {
  const { kind, text, start } = c.token
  if (kind === 'word' && text === 'NOT') {
    // below its level NOT cannot start an operand: a = NOT b
    if (level > LEVEL.not) return c.fail('an expression')
    c.advance()
    const operand = c.expression(LEVEL.not)
    return { kind: 'unary', operator: 'NOT', operand, span: c.spanFrom(start) }
  }
  if (kind === 'symbol' && (text === '-' || text === '+')) {
    c.advance()
    const operand = c.expression(LEVEL.sign)
    return { kind: 'unary', operator: text, operand, span: c.spanFrom(start) }
  }
  return parseOperand(c)
}

/** One more operator with its right side, or undefined where none of the level or tighter follows. */
function parseInfix(c: Cursor, left: Expression, start: number, level: number): Expression | undefined {
  const { kind, text } = c.token
  c.expectsAny(OPERATOR_WORDS)
  if (kind === 'symbol') return parseSymbolOperator(c, left, start, level, text)
  if (kind !== 'word') return undefined
  switch (text) {
    case 'AND':
      return level <= LEVEL.and ? parseChain(c, 'AND', left, start) : undefined
    case 'OR':
      return level <= LEVEL.or ? parseChain(c, 'OR', left, start) : undefined
    case 'IS':
      return level <= LEVEL.is ? parseIs(c, left, start) : undefined
    case 'OVERLAPS':
      return level <= LEVEL.comparison ? parseBinary(c, left, start, 'OVERLAPS') : undefined
    case 'NOT':
    case 'BETWEEN':
    case 'IN':
    case 'LIKE':
    case 'ILIKE':
    case 'RLIKE':
    case 'SIMILAR':
      return level <= LEVEL.predicate ? parsePredicate(c, left, start) : undefined
    default:
      return undefined
  }
}

/** Runs a rule for the right side and keeps account of the tree's height. */
function right<T>(c: Cursor, rule: () => T): T {
  const height = c.height
  c.height = 0
  const node = rule()
  c.height = Math.max(height, c.height) + 1
  return node
}

function parseSymbolOperator(
  c: Cursor,
  left: Expression,
  start: number,
  level: number,
  text: string,
): Expression | undefined {
  const operator = SYMBOL_OPERATORS.get(text)
  if (operator === undefined) {
    if (text === '::') c.refuse('"::" is not an operator of this dialect', c.token, 'Write CAST(value AS type).')
    return undefined
  }
  if (OPERATOR_LEVELS[operator] < level) return undefined
  return parseBinary(c, left, start, operator)
}

function parseBinary(c: Cursor, left: Expression, start: number, operator: BinaryOperator): Expression {
  c.advance()
  const level = OPERATOR_LEVELS[operator]
  if (level === LEVEL.comparison && operator !== 'OVERLAPS') {
    const quantifier = c.isSymbolAt(1, '(') ? c.acceptOneOf('ALL', 'ANY', 'SOME') : undefined
    if (quantifier !== undefined) {
      return parseQuantified(c, left, start, operator as ComparisonOperator, quantifier === 'ALL' ? 'ALL' : 'ANY')
    }
  }
  const operand = right(c, () => c.expression(level + 1))
  return { kind: 'binary', operator, left, right: operand, span: c.spanFrom(start) }
}

function parseQuantified(
  c: Cursor,
  operand: Expression,
  start: number,
  operator: ComparisonOperator,
  quantifier: 'ALL' | 'ANY',
): Expression {
  const target = right(c, () => parseQueryOrList(c))
  return { kind: 'quantified', operator, quantifier, operand, target, span: c.spanFrom(start) }
}

function parseQueryOrList(c: Cursor): Query | ExpressionList {
  const { start } = c.token
  const content = parseParenthesized(c)
  if (content.kind === 'query') return content.query
  return { kind: 'expression-list', items: content.items, span: c.spanFrom(start) }
}

/** `first AND a AND b …`: all terms at once, so that a long chain can be balanced. */
function parseChain(c: Cursor, operator: 'AND' | 'OR', first: Expression, start: number): Expression {
  const level = OPERATOR_LEVELS[operator]
  const terms: ChainTerm[] = [{ expression: first, span: c.spanFrom(start) }]
  let height = c.height
  while (c.acceptWord(operator)) {
    c.height = 0
    const from = c.token.start
    const expression = c.expression(level + 1)
    terms.push({ expression, span: c.spanFrom(from) })
    height = Math.max(height, c.height)
  }
  c.height = height + 1 + (terms.length > 2 ? Math.ceil(Math.log2(terms.length)) : 0)
  return chainOf(operator, terms)
}

function parseIs(c: Cursor, operand: Expression, start: number): Expression {
  c.advance()
  const negated = c.acceptWord('NOT')
  if (c.acceptWord('DISTINCT')) {
    c.expectWord('FROM')
    const other = right(c, () => c.expression(LEVEL.predicate))
    return { kind: 'is-distinct', left: operand, right: other, negated, span: c.spanFrom(start) }
  }
  c.deepen()
  if (c.acceptWord('JSON')) {
    const type: IsJsonPredicate['type'] = c.acceptOneOf('VALUE', 'OBJECT', 'ARRAY', 'SCALAR') ?? 'VALUE'
    return { kind: 'is-json', operand, type, negated, span: c.spanFrom(start) }
  }
  if (!negated) c.expects('NOT')
  const test = c.expectOneOf('NULL', 'TRUE', 'FALSE', 'UNKNOWN', 'DISTINCT', 'JSON')
  if (test === 'DISTINCT' || test === 'JSON') return c.fail()
  return { kind: 'is', operand, test, negated, span: c.spanFrom(start) }
}

function parsePredicate(c: Cursor, operand: Expression, start: number): Expression {
  const negated = c.acceptWord('NOT')
  if (c.acceptWord('IN')) {
    const target = right(c, () => parseQueryOrList(c))
    const span = c.spanFrom(start)
    return target.kind === 'query'
      ? { kind: 'in-subquery', operand, query: target, negated, span }
      : { kind: 'in-list', operand, items: target.items, negated, span }
  }
  if (c.acceptWord('BETWEEN')) {
    const symmetric = c.acceptOneOf('SYMMETRIC', 'ASYMMETRIC') === 'SYMMETRIC'
    const low = right(c, () => c.expression(LEVEL.additive))
    c.expectWord('AND')
    const high = right(c, () => c.expression(LEVEL.additive))
    return { kind: 'between', operand, low, high, negated, symmetric, span: c.spanFrom(start) }
  }
  const word = c.acceptOneOf('LIKE', 'ILIKE', 'RLIKE', 'SIMILAR')
  if (word === undefined) return c.fail('LIKE, IN, BETWEEN or SIMILAR TO')
  if (word === 'SIMILAR') c.expectWord('TO')
  const operator: LikePredicate['operator'] = word === 'SIMILAR' ? 'SIMILAR TO' : word
  const pattern = right(c, () => c.expression(LEVEL.additive))
  const escape = c.acceptWord('ESCAPE') ? { escape: right(c, () => c.expression(LEVEL.additive)) } : {}
  return { kind: 'like', operator, operand, pattern, ...escape, negated, span: c.spanFrom(start) }
}
