/** Functions with a syntax of their own: EXTRACT, FLOOR … TO, POSITION, TRIM, SUBSTRING, OVERLAY and the JSON ones. */
import type { Expression, TrimExpression } from '../ast/expression.ts'
import type { Cursor } from '../cursor.ts'
import { LEVEL } from '../precedence.ts'
import { parseCall } from './call.ts'
import { parseJsonCall } from './json.ts'
import { parseTimeUnit } from './time-unit.ts'

/** Undefined, with nothing consumed, where the word names no such function. */
export function parseSpecialCall(c: Cursor, word: string): Expression | undefined {
  if (!c.isSymbolAt(1, '(')) return undefined
  switch (word) {
    case 'EXTRACT':
      return parseExtract(c)
    case 'FLOOR':
    case 'CEIL':
    case 'CEILING':
      return parseRoundTo(c, word === 'FLOOR' ? 'FLOOR' : 'CEIL')
    case 'POSITION':
      return parsePosition(c)
    case 'TRIM':
      return parseTrim(c)
    case 'SUBSTRING':
      return parseSubstring(c)
    case 'OVERLAY':
      return parseOverlay(c)
    default:
      return word.startsWith('JSON_') ? parseJsonCall(c, word) : undefined
  }
}

function open(c: Cursor): number {
  const { start } = c.advance()
  c.expectSymbol('(')
  return start
}

function parseExtract(c: Cursor): Expression {
  const start = open(c)
  const unit = parseTimeUnit(c)
  c.expectWord('FROM')
  const operand = c.expression()
  c.expectSymbol(')')
  return { kind: 'extract', unit, operand, span: c.spanFrom(start) }
}

/** FLOOR(ts TO HOUR); FLOOR(x) without TO is a plain call. */
function parseRoundTo(c: Cursor, direction: 'FLOOR' | 'CEIL'): Expression {
  const { start, end } = c.token
  const call = roundsTo(c)
  if (!call) return parseCall(c)
  open(c)
  const operand = c.expression()
  if (!c.acceptWord('TO')) return c.refuse(`${direction} takes one argument, or a value TO a unit`, { start, end })
  const unit = parseTimeUnit(c)
  c.expectSymbol(')')
  return { kind: 'round-to', direction, operand, unit, span: c.spanFrom(start) }
}

/** Whether a TO stands between the parentheses that open at the next token. */
function roundsTo(c: Cursor): boolean {
  let depth = 0
  for (let distance = 1; ; distance++) {
    const { kind, text } = c.peek(distance)
    if (kind === 'end') return false
    if (kind === 'symbol') {
      if (text === '(') depth++
      else if (text === ')' && --depth === 0) return false
    } else if (kind === 'word' && text === 'TO' && depth === 1) {
      // INTERVAL '1-2' YEAR TO MONTH is followed by more; a unit to round to by the parenthesis
      if (c.isSymbolAt(distance + 2, ')')) return true
    }
  }
}

function parsePosition(c: Cursor): Expression {
  const start = open(c)
  // IN belongs to POSITION here, not to the operand
  const needle = c.expression(LEVEL.additive)
  c.expectWord('IN')
  const haystack = c.expression()
  const from = c.acceptWord('FROM') ? { start: c.expression() } : {}
  c.expectSymbol(')')
  return { kind: 'position', needle, haystack, ...from, span: c.spanFrom(start) }
}

function parseTrim(c: Cursor): Expression {
  const start = open(c)
  const written = c.acceptOneOf('BOTH', 'LEADING', 'TRAILING')
  const side: TrimExpression['side'] = written ?? 'BOTH'
  if (c.acceptWord('FROM')) {
    const operand = c.expression()
    c.expectSymbol(')')
    return { kind: 'trim', side, operand, span: c.spanFrom(start) }
  }
  const first = c.expression()
  if (c.acceptWord('FROM')) {
    const operand = c.expression()
    c.expectSymbol(')')
    return { kind: 'trim', side, characters: first, operand, span: c.spanFrom(start) }
  }
  if (written !== undefined) return c.fail('FROM')
  c.expectSymbol(')')
  return { kind: 'trim', side, operand: first, span: c.spanFrom(start) }
}

function parseSubstring(c: Cursor): Expression {
  const begin = open(c)
  const operand = c.expression()
  const comma = c.acceptSymbol(',')
  if (!comma) c.expectWord('FROM')
  const start = c.expression()
  const more = comma ? c.acceptSymbol(',') : c.acceptWord('FOR')
  const length = more ? { length: c.expression() } : {}
  c.expectSymbol(')')
  return { kind: 'substring', operand, start, ...length, span: c.spanFrom(begin) }
}

function parseOverlay(c: Cursor): Expression {
  const begin = open(c)
  const operand = c.expression()
  c.expectWord('PLACING')
  const replacement = c.expression()
  c.expectWord('FROM')
  const start = c.expression()
  const length = c.acceptWord('FOR') ? { length: c.expression() } : {}
  c.expectSymbol(')')
  return { kind: 'overlay', operand, replacement, start, ...length, span: c.spanFrom(begin) }
}
