/** Literals, and the words that are values: TRUE, NULL, CURRENT_TIMESTAMP, … */
import type { DatetimeLiteral, Expression, IntervalLiteral, NiladicName } from '../ast/expression.ts'
import type { Cursor } from '../cursor.ts'
import { parseIntervalQualifier } from './time-unit.ts'

/** Niladic words, and whether they take a precision. */
const NILADIC: Readonly<Record<NiladicName, boolean>> = {
  CURRENT_DATE: false,
  CURRENT_TIME: true,
  CURRENT_TIMESTAMP: true,
  LOCALTIME: true,
  LOCALTIMESTAMP: true,
  CURRENT_USER: false,
  SESSION_USER: false,
  SYSTEM_USER: false,
  USER: false,
  CURRENT_ROLE: false,
  CURRENT_PATH: false,
  CURRENT_CATALOG: false,
  CURRENT_SCHEMA: false,
}

const isNiladic = (word: string): word is NiladicName => Object.hasOwn(NILADIC, word)

/** A number, string or binary string; the cursor stands on one. */
export function parseLiteral(c: Cursor): Expression {
  const { kind, text, start } = c.token
  if (kind === 'string') return c.string()
  c.advance()
  const span = c.spanFrom(start)
  return kind === 'binary' ? { kind: 'binary-string', hex: text, span } : { kind: 'number', text, span }
}

/** A literal that starts with a word; undefined, with nothing consumed, where the word starts none. */
export function parseWordLiteral(c: Cursor, word: string): Expression | undefined {
  const { start } = c.token
  switch (word) {
    case 'TRUE':
    case 'FALSE':
      c.advance()
      return { kind: 'boolean', value: word === 'TRUE', span: c.spanFrom(start) }
    case 'NULL':
      c.advance()
      return { kind: 'null', span: c.spanFrom(start) }
    case 'UNKNOWN':
      c.advance()
      return { kind: 'unknown', span: c.spanFrom(start) }
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return parseDatetime(c, word)
    case 'INTERVAL':
      return parseInterval(c)
    default:
      return isNiladic(word) ? parseNiladic(c, word) : undefined
  }
}

function parseDatetime(c: Cursor, type: DatetimeLiteral['type']): DatetimeLiteral | undefined {
  if (c.peek(1).kind !== 'string') return undefined
  const { start } = c.advance()
  return { kind: 'datetime', type, value: c.string(), span: c.spanFrom(start) }
}

/** `INTERVAL [+|-] '…' qualifier`. */
export function parseInterval(c: Cursor): IntervalLiteral {
  const { start } = c.token
  c.expectWord('INTERVAL')
  const negative = c.acceptSymbol('-')
  if (!negative) c.acceptSymbol('+')
  if (!c.atString) c.fail("the interval's length as a string", "Write the number in quotes: INTERVAL '5' MINUTE.")
  const value = c.string()
  const qualifier = parseIntervalQualifier(c)
  return { kind: 'interval', negative, value, qualifier, span: c.spanFrom(start) }
}

function parseNiladic(c: Cursor, name: NiladicName): Expression {
  const { start } = c.advance()
  let precision: number | undefined
  if (c.acceptSymbol('(')) {
    if (NILADIC[name] && c.token.kind === 'number') precision = c.integer('a precision')
    c.expectSymbol(')')
  }
  return { kind: 'niladic', name, ...(precision === undefined ? {} : { precision }), span: c.spanFrom(start) }
}
