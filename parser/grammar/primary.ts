/** Operands of operators: literals, names, calls, constructors, CASE, subqueries; and access with `[ ]` and `.`. */
import type { CaseBranch, Expression, MapEntry, RowField } from '../ast/expression.ts'
import type { Identifier } from '../ast/node.ts'
import type { Cursor } from '../cursor.ts'
import { RESERVED_FUNCTION_WORDS, RESERVED_WORDS } from '../keywords.ts'
import { parseCall } from './call.ts'
import { parseLiteral, parseWordLiteral } from './literal.ts'
import { parseParenthesized } from './parenthesized.ts'
import { parseSpecialCall } from './special-call.ts'
import { atIntervalUnit, parseIntervalQualifier } from './time-unit.ts'
import { parseType } from './type.ts'

export function parseOperand(c: Cursor): Expression {
  const { start } = c.token
  const inParentheses = c.isSymbol('(')
  let operand = parsePrimary(c)
  for (;;) {
    if (c.acceptSymbol('[')) {
      const height = c.height
      const index = c.expression()
      c.expectSymbol(']')
      c.height = Math.max(height, c.height) + 1
      operand = { kind: 'element', operand, index, span: c.spanFrom(start) }
    } else if ((operand.kind !== 'column' || inParentheses) && c.isSymbol('.')) {
      c.advance()
      const field = c.identifier('the name of a field')
      c.deepen()
      operand = { kind: 'field', operand, field, span: c.spanFrom(start) }
    } else {
      return operand
    }
  }
}

function parsePrimary(c: Cursor): Expression {
  const { kind, text } = c.token
  switch (kind) {
    case 'word':
      return parseWord(c, text)
    case 'quoted':
      return parseName(c)
    case 'number':
    case 'string':
    case 'binary':
      return parseLiteral(c)
    case 'symbol':
      if (text === '(') return parseParentheses(c)
      if (text === '*') return c.refuse('"*" can only stand in a select list and in COUNT(*)')
      if (text === '?') return c.refuse('parameters ("?") are not supported')
      return c.fail('an expression')
    default:
      return c.fail('an expression')
  }
}

function parseWord(c: Cursor, word: string): Expression {
  switch (word) {
    case 'CASE':
      return parseCase(c)
    case 'CAST':
    case 'TRY_CAST':
      return parseCast(c)
    case 'EXISTS':
      return parseExists(c)
    case 'ROW':
      return parseRow(c)
    case 'ARRAY':
    case 'MULTISET':
      return parseCollection(c, word === 'ARRAY' ? 'array' : 'multiset')
    case 'MAP':
      return c.isSymbolAt(1, '[') ? parseMap(c) : parseName(c)
    default:
      return parseWordLiteral(c, word) ?? parseSpecialCall(c, word) ?? parseNameOrReserved(c, word)
  }
}

function parseNameOrReserved(c: Cursor, word: string): Expression {
  if (!RESERVED_WORDS.has(word)) return parseName(c)
  if (RESERVED_FUNCTION_WORDS.has(word) && c.isSymbolAt(1, '(')) return parseCall(c)
  if (word === 'RUNNING' && isNameToken(c, 1)) return parseSemantics(c, 'RUNNING')
  return c.fail('an expression')
}

function isNameToken(c: Cursor, distance: number): boolean {
  const { kind } = c.peek(distance)
  return (kind === 'word' || kind === 'quoted') && c.isSymbolAt(distance + 1, '(')
}

/** RUNNING and FINAL before a call in MATCH_RECOGNIZE. */
function parseSemantics(c: Cursor, semantics: 'RUNNING' | 'FINAL'): Expression {
  const { start } = c.advance()
  const call = parseCall(c)
  if (call.kind !== 'call') return c.refuse(`${semantics} can only stand before a call`, call.span)
  return { ...call, semantics, span: c.spanFrom(start) }
}

/** A column path, or the name of a function. */
function parseName(c: Cursor): Expression {
  const { start, kind, text } = c.token
  if (kind === 'word' && text === 'FINAL' && isNameToken(c, 1)) return parseSemantics(c, 'FINAL')
  let parts = 1
  while (c.isSymbolAt(2 * parts - 1, '.') && !c.isSymbolAt(2 * parts, '*')) parts++
  if (c.isSymbolAt(2 * parts - 1, '(')) return parseCall(c)
  const path: Identifier[] = [c.identifier('an expression')]
  while (c.isSymbol('.')) {
    c.advance()
    if (c.isSymbol('*')) c.refuse('"*" can only stand in a select list and in COUNT(*)')
    path.push(c.identifier())
  }
  return { kind: 'column', path, span: c.spanFrom(start) }
}

/** A subquery, an expression in parentheses or a row without the word ROW. */
function parseParentheses(c: Cursor): Expression {
  const { start } = c.token
  const content = parseParenthesized(c)
  const span = c.spanFrom(start)
  if (content.kind === 'query') return { kind: 'subquery', query: content.query, span }
  const [only, second] = content.items
  if (only !== undefined && second === undefined) return parseDifference(c, only, start)
  const fields = content.items.map((value): RowField => ({ kind: 'row-field', value, span: value.span }))
  return { kind: 'row', fields, explicit: false, span }
}

/** `(a - b) DAY TO SECOND`. */
function parseDifference(c: Cursor, inner: Expression, start: number): Expression {
  if (inner.kind !== 'binary' || inner.operator !== '-' || !atIntervalUnit(c)) return inner
  const { left, right } = inner
  const qualifier = parseIntervalQualifier(c)
  return { kind: 'datetime-difference', left, right, qualifier, span: c.spanFrom(start) }
}

function parseCase(c: Cursor): Expression {
  const { start } = c.advance()
  const operand = c.isWord('WHEN') ? undefined : c.expression()
  const branches: CaseBranch[] = []
  do {
    const from = c.token.start
    c.expectWord('WHEN')
    const conditions = operand === undefined ? [c.expression()] : c.list((cursor) => cursor.expression())
    c.expectWord('THEN')
    const result = c.expression()
    branches.push({ kind: 'case-branch', conditions, result, span: c.spanFrom(from) })
  } while (c.isWord('WHEN'))
  const otherwise = c.acceptWord('ELSE') ? { otherwise: c.expression() } : {}
  c.expectWord('END')
  return {
    kind: 'case',
    ...(operand === undefined ? {} : { operand }),
    branches,
    ...otherwise,
    span: c.spanFrom(start),
  }
}

function parseCast(c: Cursor): Expression {
  const { start, text } = c.advance()
  c.expectSymbol('(')
  const operand = c.expression()
  c.expectWord('AS')
  const type = parseType(c)
  c.expectSymbol(')')
  return { kind: 'cast', operand, type, safe: text === 'TRY_CAST', span: c.spanFrom(start) }
}

function parseExists(c: Cursor): Expression {
  const { start } = c.advance()
  const content = parseParenthesized(c)
  const span = c.spanFrom(start)
  if (content.kind === 'query') return { kind: 'exists', query: content.query, span }
  const [only, second] = content.items
  if (only?.kind === 'subquery' && second === undefined) return { kind: 'exists', query: only.query, span }
  return c.refuse('EXISTS needs a query in parentheses', span)
}

/** `ROW(a, b AS name, …)`; `ROW()` is the empty row. */
function parseRow(c: Cursor): Expression {
  const { start } = c.advance()
  c.expectSymbol('(')
  const fields: RowField[] = []
  if (!c.isSymbol(')')) fields.push(...c.list(parseRowField))
  c.expectSymbol(')')
  return { kind: 'row', fields, explicit: true, span: c.spanFrom(start) }
}

function parseRowField(c: Cursor): RowField {
  const { start } = c.token
  const value = c.expression()
  const name = c.acceptWord('AS') ? { name: c.identifier('the name of a field') } : {}
  return { kind: 'row-field', value, ...name, span: c.spanFrom(start) }
}

function parseCollection(c: Cursor, kind: 'array' | 'multiset'): Expression {
  const { start } = c.advance()
  c.expectSymbol('[')
  const items = c.isSymbol(']') ? [] : c.list((cursor) => cursor.expression())
  c.expectSymbol(']')
  return { kind, items, span: c.spanFrom(start) }
}

function parseMap(c: Cursor): Expression {
  const { start } = c.advance()
  c.expectSymbol('[')
  const entries = c.isSymbol(']') ? [] : c.list(parseMapEntry)
  c.expectSymbol(']')
  return { kind: 'map', entries, span: c.spanFrom(start) }
}

function parseMapEntry(c: Cursor): MapEntry {
  const key = c.expression()
  if (!c.acceptSymbol(',')) c.refuse('a MAP needs a value for every key', key.span)
  const value = c.expression()
  return { kind: 'map-entry', key, value, span: { start: key.span.start, end: value.span.end } }
}
