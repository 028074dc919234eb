/** WITH, SELECT, VALUES, set operations, GROUP BY, ORDER BY, LIMIT. */
import type { Expression } from '../ast/expression.ts'
import type {
  CommonTable,
  GroupBy,
  GroupingElement,
  NamedWindow,
  Query,
  QueryBody,
  Select,
  SelectItem,
  SetOperation,
  Values,
  ValuesRow,
} from '../ast/query.ts'
import type { Cursor } from '../cursor.ts'
import { parseFrom } from './from.ts'
import { parseHints } from './hint.ts'
import { parseTableName } from './name.ts'
import { parseOrderBy } from './order-by.ts'
import { tryStar } from './star.ts'
import { parseWindowSpec } from './window.ts'

/** What a name behind a select item may be a misspelling of. */
const AFTER_SELECT_ITEM = ['FROM']

/** The loosest set operator to read. */
const SET_LEVEL = { union: 1, intersect: 2 } as const

export function parseQuery(c: Cursor): Query {
  return c.nested(() => {
    const { start } = c.token
    let recursive = false
    let common: CommonTable[] = []
    if (c.acceptWord('WITH')) {
      recursive = c.acceptWord('RECURSIVE')
      common = c.list(parseCommonTable)
    }
    const body = parseBody(c, SET_LEVEL.union)
    return finishQuery(c, start, recursive, common, body)
  })
}

/** A statement that starts with a parenthesis, or an operand that turned out to be one. */
export function continueQuery(c: Cursor, first: Query): Query {
  return c.nested(() => {
    const start = first.span.start
    const body = parseSetOperations(c, unwrap(first), SET_LEVEL.union)
    return finishQuery(c, start, false, [], body)
  })
}

function finishQuery(
  c: Cursor,
  start: number,
  recursive: boolean,
  common: readonly CommonTable[],
  body: QueryBody,
): Query {
  const orderBy = parseOrderBy(c)
  const limits = parseLimits(c)
  return { kind: 'query', recursive, with: common, body, orderBy, ...limits, span: c.spanFrom(start) }
}

function parseCommonTable(c: Cursor): CommonTable {
  const { start } = c.token
  const name = c.identifier('the name of a common table')
  const columns = c.isSymbol('(') ? c.parenthesized((cursor) => cursor.identifier('the name of a column')) : []
  c.expectWord('AS')
  const query = parseParenthesizedQuery(c)
  return { kind: 'common-table', name, columns, query, span: c.spanFrom(start) }
}

function parseParenthesizedQuery(c: Cursor): Query {
  c.expectSymbol('(')
  const query = c.query()
  c.expectSymbol(')')
  return query
}

/** A query in parentheses that has nothing of its own is its body. */
function unwrap(query: Query): QueryBody {
  const plain =
    query.with.length === 0 && query.orderBy.length === 0 && query.limit === undefined && query.offset === undefined
  return plain ? query.body : query
}

/** UNION and EXCEPT bind alike and looser than INTERSECT; all are left-associative. */
function parseBody(c: Cursor, level: number): QueryBody {
  return parseSetOperations(c, parseTerm(c), level)
}

function parseSetOperations(c: Cursor, first: QueryBody, level: number): QueryBody {
  let left = first
  for (;;) {
    const operator = c.acceptWord('INTERSECT') ? 'INTERSECT' : level === SET_LEVEL.union ? acceptUnion(c) : undefined
    if (operator === undefined) return left
    const all = c.acceptOneOf('ALL', 'DISTINCT') === 'ALL'
    const height = c.height
    c.height = 0
    const right = operator === 'INTERSECT' ? parseTerm(c) : parseBody(c, SET_LEVEL.intersect)
    c.height = Math.max(height, c.height) + 1
    const span = { start: left.span.start, end: c.previousEnd }
    left = { kind: 'set-operation', operator, all, left, right, span }
  }
}

function acceptUnion(c: Cursor): SetOperation['operator'] | undefined {
  const word = c.acceptOneOf('UNION', 'EXCEPT', 'MINUS')
  return word === 'MINUS' ? 'EXCEPT' : word
}

function parseTerm(c: Cursor): QueryBody {
  if (c.isWord('SELECT')) return parseSelect(c)
  if (c.isWord('VALUES')) return parseValues(c)
  if (c.isSymbol('(')) return unwrap(parseParenthesizedQuery(c))
  if (c.isWord('TABLE')) {
    const { start } = c.advance()
    return { kind: 'table-query', name: parseTableName(c), span: c.spanFrom(start) }
  }
  return c.fail('a query')
}

function parseValues(c: Cursor): Values {
  const { start } = c.advance()
  const rows = c.list(parseValuesRow)
  return { kind: 'values', rows, span: c.spanFrom(start) }
}

/** `(1, 'a')`, `ROW(1, 'a')`, or one value without parentheses. */
function parseValuesRow(c: Cursor): ValuesRow {
  const value = c.expression()
  const { span } = value
  const unnamed = value.kind === 'row' && value.fields.every((field) => field.name === undefined)
  const values = unnamed ? value.fields.map((field) => field.value) : [value]
  return { kind: 'values-row', values, span }
}

function parseSelect(c: Cursor): Select {
  const { start } = c.advance()
  const hints = parseHints(c)
  const distinct = c.acceptOneOf('DISTINCT', 'ALL') === 'DISTINCT'
  const items = c.list(parseSelectItem)
  const from = c.acceptWord('FROM') ? { from: parseFrom(c) } : {}
  const where = c.acceptWord('WHERE') ? { where: c.expression() } : {}
  const groupBy = c.isWord('GROUP') ? { groupBy: parseGroupBy(c) } : {}
  const having = c.acceptWord('HAVING') ? { having: c.expression() } : {}
  const windows = c.acceptWord('WINDOW') ? c.list(parseNamedWindow) : []
  const qualify = c.acceptWord('QUALIFY') ? { qualify: c.expression() } : {}
  return {
    kind: 'select',
    hints,
    distinct,
    items,
    ...from,
    ...where,
    ...groupBy,
    ...having,
    windows,
    ...qualify,
    span: c.spanFrom(start),
  }
}

function parseSelectItem(c: Cursor): SelectItem {
  const { start } = c.token
  const star = tryStar(c)
  if (star !== undefined) return { kind: 'select-item', expression: star, span: star.span }
  const expression = c.expression()
  if (c.acceptWord('AS')) {
    const alias = c.identifier('a name for the column')
    return { kind: 'select-item', expression, alias, span: c.spanFrom(start) }
  }
  c.expectsAny(AFTER_SELECT_ITEM)
  if (!c.atName) return { kind: 'select-item', expression, span: c.spanFrom(start) }
  return { kind: 'select-item', expression, alias: c.identifier(), span: c.spanFrom(start) }
}

function parseGroupBy(c: Cursor): GroupBy {
  const { start } = c.advance()
  c.expectWord('BY')
  const distinct = c.acceptOneOf('DISTINCT', 'ALL') === 'DISTINCT'
  const items = c.list(parseGroupingElement)
  return { kind: 'group-by', distinct, items, span: c.spanFrom(start) }
}

function parseGroupingElement(c: Cursor): GroupingElement {
  c.enter()
  const element = parseGroupingSets(c) ?? parseGroupingExpressions(c)
  c.leave()
  return element
}

function parseGroupingSets(c: Cursor): GroupingElement | undefined {
  const { start } = c.token
  let type: 'GROUPING SETS' | 'ROLLUP' | 'CUBE'
  if (c.acceptWords('GROUPING', 'SETS')) type = 'GROUPING SETS'
  else if (c.acceptWord('ROLLUP')) type = 'ROLLUP'
  else if (c.acceptWord('CUBE')) type = 'CUBE'
  else return undefined
  const elements = c.parenthesized(parseGroupingElement)
  c.deepen()
  return { kind: 'grouping-sets', type, elements, span: c.spanFrom(start) }
}

/** `a`, `(a, b)`, `()`. */
function parseGroupingExpressions(c: Cursor): GroupingElement {
  const { start } = c.token
  if (c.isSymbol('(') && c.isSymbolAt(1, ')')) {
    c.advance()
    c.advance()
    return { kind: 'grouping-expressions', expressions: [], span: c.spanFrom(start) }
  }
  const value = c.expression()
  const list = value.kind === 'row' && !value.explicit
  const expressions: readonly Expression[] = list ? value.fields.map((field) => field.value) : [value]
  return { kind: 'grouping-expressions', expressions, span: c.spanFrom(start) }
}

function parseNamedWindow(c: Cursor): NamedWindow {
  const { start } = c.token
  const name = c.identifier('the name of a window')
  c.expectWord('AS')
  const spec = parseWindowSpec(c)
  return { kind: 'named-window', name, spec, span: c.spanFrom(start) }
}

/** `[LIMIT {n | ALL}] [OFFSET n [ROW | ROWS]] [FETCH {FIRST | NEXT} n {ROW | ROWS} ONLY]`, LIMIT and OFFSET in any order. */
function parseLimits(c: Cursor): { readonly limit?: Expression; readonly offset?: Expression } {
  let limit: Expression | undefined
  let offset: Expression | undefined
  let limited = false
  for (;;) {
    if (!limited && c.acceptWord('LIMIT')) {
      limited = true
      if (!c.acceptWord('ALL')) limit = c.expression()
    } else if (offset === undefined && c.acceptWord('OFFSET')) {
      offset = c.expression()
      c.acceptOneOf('ROWS', 'ROW')
    } else if (!limited && c.acceptWord('FETCH')) {
      limited = true
      c.expectOneOf('FIRST', 'NEXT')
      limit = c.isWord('ROW') || c.isWord('ROWS') ? undefined : c.expression()
      if (limit === undefined) return c.fail('the number of rows')
      c.expectOneOf('ROWS', 'ROW')
      c.expectWord('ONLY')
    } else {
      return { ...(limit === undefined ? {} : { limit }), ...(offset === undefined ? {} : { offset }) }
    }
  }
}
