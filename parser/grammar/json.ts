/** The SQL/JSON functions of Flink's page "JSON Functions", with their clauses. */
import type {
  Expression,
  JsonEntry,
  JsonItem,
  JsonNullBehavior,
  JsonQueryBehavior,
  JsonQueryExpression,
  JsonValueBehavior,
} from '../ast/expression.ts'
import type { Cursor } from '../cursor.ts'
import { LEVEL } from '../precedence.ts'
import { parseFilter } from './call.ts'
import { parseOrderBy } from './order-by.ts'
import { parseType } from './type.ts'

/** Undefined, with nothing consumed, for functions without special syntax such as JSON_LENGTH. */
export function parseJsonCall(c: Cursor, word: string): Expression | undefined {
  switch (word) {
    case 'JSON_EXISTS':
      return parseJsonExists(c)
    case 'JSON_VALUE':
      return parseJsonValue(c)
    case 'JSON_QUERY':
      return parseJsonQuery(c)
    case 'JSON_OBJECT':
      return parseJsonObject(c)
    case 'JSON_ARRAY':
      return parseJsonArray(c)
    case 'JSON_OBJECTAGG':
      return parseJsonObjectAgg(c)
    case 'JSON_ARRAYAGG':
      return parseJsonArrayAgg(c)
    default:
      return undefined
  }
}

function open(c: Cursor): number {
  const { start } = c.advance()
  c.expectSymbol('(')
  return start
}

function parseInputAndPath(c: Cursor): { readonly input: Expression; readonly path: Expression } {
  const input = c.expression()
  c.acceptWords('FORMAT', 'JSON')
  c.expectSymbol(',')
  return { input, path: c.expression() }
}

function parseJsonExists(c: Cursor): Expression {
  const start = open(c)
  const arguments_ = parseInputAndPath(c)
  const onError = c.acceptOneOf('TRUE', 'FALSE', 'UNKNOWN', 'ERROR')
  if (onError !== undefined) c.expectWords('ON', 'ERROR')
  c.expectSymbol(')')
  return {
    kind: 'json-exists',
    ...arguments_,
    ...(onError === undefined ? {} : { onError }),
    span: c.spanFrom(start),
  }
}

function parseReturning(c: Cursor): Pick<JsonQueryExpression, 'returning'> {
  return c.acceptWord('RETURNING') ? { returning: parseType(c) } : {}
}

function parseJsonValue(c: Cursor): Expression {
  const start = open(c)
  const arguments_ = parseInputAndPath(c)
  const returning = parseReturning(c)
  let onEmpty: JsonValueBehavior | undefined
  let onError: JsonValueBehavior | undefined
  for (;;) {
    const behavior = parseJsonValueBehavior(c)
    if (behavior === undefined) break
    c.expectWord('ON')
    const event =
      onEmpty === undefined && onError === undefined ? c.expectOneOf('EMPTY', 'ERROR') : c.expectOneOf('ERROR')
    if (event === 'EMPTY') onEmpty = behavior
    else onError = behavior
    if (event === 'ERROR') break
  }
  c.expectSymbol(')')
  return {
    kind: 'json-value',
    ...arguments_,
    ...returning,
    ...(onEmpty === undefined ? {} : { onEmpty }),
    ...(onError === undefined ? {} : { onError }),
    span: c.spanFrom(start),
  }
}

function parseJsonValueBehavior(c: Cursor): JsonValueBehavior | undefined {
  const { start } = c.token
  const action = c.acceptOneOf('NULL', 'ERROR', 'DEFAULT')
  if (action === undefined) return undefined
  // not a full expression: its end is the word ON
  const value = action === 'DEFAULT' ? { value: c.expression(LEVEL.additive) } : {}
  return { kind: 'json-behavior', action, ...value, span: c.spanFrom(start) }
}

function parseJsonQuery(c: Cursor): Expression {
  const start = open(c)
  const arguments_ = parseInputAndPath(c)
  const returning = parseReturning(c)
  const wrapper = parseWrapper(c)
  let onEmpty: JsonQueryBehavior | undefined
  let onError: JsonQueryBehavior | undefined
  for (;;) {
    const behavior = parseJsonQueryBehavior(c)
    if (behavior === undefined) break
    c.expectWord('ON')
    const event = onEmpty === undefined ? c.expectOneOf('EMPTY', 'ERROR') : c.expectOneOf('ERROR')
    if (event === 'EMPTY') onEmpty = behavior
    else onError = behavior
    if (event === 'ERROR') break
  }
  c.expectSymbol(')')
  return {
    kind: 'json-query',
    ...arguments_,
    ...returning,
    ...(wrapper === undefined ? {} : { wrapper }),
    ...(onEmpty === undefined ? {} : { onEmpty }),
    ...(onError === undefined ? {} : { onError }),
    span: c.spanFrom(start),
  }
}

/** `WITHOUT [ARRAY] WRAPPER`, `WITH [CONDITIONAL | UNCONDITIONAL] [ARRAY] WRAPPER`; plain WITH is UNCONDITIONAL. */
function parseWrapper(c: Cursor): JsonQueryExpression['wrapper'] {
  let wrapper: JsonQueryExpression['wrapper']
  if (c.acceptWord('WITHOUT')) wrapper = 'WITHOUT'
  else if (c.acceptWord('WITH')) wrapper = c.acceptOneOf('CONDITIONAL', 'UNCONDITIONAL') ?? 'UNCONDITIONAL'
  else return undefined
  c.acceptWord('ARRAY')
  c.expectWord('WRAPPER')
  return wrapper
}

function parseJsonQueryBehavior(c: Cursor): JsonQueryBehavior | undefined {
  const action = c.acceptOneOf('NULL', 'ERROR', 'EMPTY')
  if (action !== 'EMPTY') return action
  return c.expectOneOf('ARRAY', 'OBJECT') === 'ARRAY' ? 'EMPTY ARRAY' : 'EMPTY OBJECT'
}

/** `[KEY] k VALUE v [FORMAT JSON]` or `k : v [FORMAT JSON]`. */
function parseEntry(c: Cursor): JsonEntry {
  const { start } = c.token
  const hasKeyWord = c.token.kind === 'word' && c.token.text === 'KEY' && !c.isWordAt(1, 'VALUE')
  if (hasKeyWord && !c.isSymbolAt(1, ':') && !c.isSymbolAt(1, '.')) c.advance()
  const key = c.expression()
  if (!c.acceptWord('VALUE') && !c.acceptSymbol(':')) c.fail('VALUE')
  const value = c.expression()
  const formatJson = c.acceptWords('FORMAT', 'JSON')
  return { kind: 'json-entry', key, value, formatJson, span: c.spanFrom(start) }
}

function parseItem(c: Cursor): JsonItem {
  const { start } = c.token
  const value = c.expression()
  const formatJson = c.acceptWords('FORMAT', 'JSON')
  return { kind: 'json-item', value, formatJson, span: c.spanFrom(start) }
}

function parseOnNull(c: Cursor): { readonly onNull?: JsonNullBehavior } {
  if (c.acceptWords('NULL', 'ON', 'NULL')) return { onNull: 'NULL' }
  return c.acceptWords('ABSENT', 'ON', 'NULL') ? { onNull: 'ABSENT' } : {}
}

const atOnNull = (c: Cursor): boolean => (c.isWord('NULL') || c.isWord('ABSENT')) && c.isWordAt(1, 'ON')

function parseJsonObject(c: Cursor): Expression {
  const start = open(c)
  const entries = c.isSymbol(')') || atOnNull(c) ? [] : c.list(parseEntry)
  const onNull = parseOnNull(c)
  c.expectSymbol(')')
  return { kind: 'json-object', entries, ...onNull, span: c.spanFrom(start) }
}

function parseJsonArray(c: Cursor): Expression {
  const start = open(c)
  const items = c.isSymbol(')') || atOnNull(c) ? [] : c.list(parseItem)
  const onNull = parseOnNull(c)
  c.expectSymbol(')')
  return { kind: 'json-array', items, ...onNull, span: c.spanFrom(start) }
}

function parseJsonObjectAgg(c: Cursor): Expression {
  const start = open(c)
  const entry = parseEntry(c)
  const onNull = parseOnNull(c)
  c.expectSymbol(')')
  return { kind: 'json-objectagg', entry, ...onNull, ...parseFilter(c), span: c.spanFrom(start) }
}

function parseJsonArrayAgg(c: Cursor): Expression {
  const start = open(c)
  const item = parseItem(c)
  const orderBy = parseOrderBy(c)
  const onNull = parseOnNull(c)
  c.expectSymbol(')')
  return { kind: 'json-arrayagg', item, orderBy, ...onNull, ...parseFilter(c), span: c.spanFrom(start) }
}
