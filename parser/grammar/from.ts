/** FROM: tables, joins, table functions, UNNEST, subqueries. Follows Flink's pages "Joins" and "Windowing TVFs". */
import type { Expression } from '../ast/expression.ts'
import type {
  DerivedTable,
  Join,
  JoinOn,
  JoinUsing,
  TableAlias,
  TableFunction,
  TableReference,
  Unnest,
} from '../ast/query.ts'
import type { Cursor } from '../cursor.ts'
import { LEVEL } from '../precedence.ts'
import { parseCall } from './call.ts'
import { parseHints } from './hint.ts'
import { parseMatchRecognize } from './match-recognize.ts'
import { parseTableName } from './name.ts'

/** What a name behind a table may be a misspelling of. */
const AFTER_TABLE = [
  'JOIN',
  'INNER',
  'LEFT',
  'RIGHT',
  'FULL',
  'CROSS',
  'NATURAL',
  'WHERE',
  'GROUP',
  'HAVING',
  'WINDOW',
  'QUALIFY',
  'UNION',
  'INTERSECT',
  'EXCEPT',
  'ORDER',
  'LIMIT',
  'OFFSET',
  'FETCH',
]

type TablePrimary = Exclude<TableReference, Join>

/** `a JOIN b ON …, c, …`. */
export function parseFrom(c: Cursor): TableReference {
  let left = parseJoins(c, parsePrimary(c))
  while (c.acceptSymbol(',')) {
    left = join(c, left, { type: 'COMMA', natural: false }, (cursor) => parseJoins(cursor, parsePrimary(cursor)))
  }
  return left
}

function parseJoins(c: Cursor, first: TableReference): TableReference {
  let left = first
  for (;;) {
    const head = parseJoinType(c)
    if (head === undefined) return left
    left = join(c, left, head, parsePrimary)
  }
}

type JoinHead = Pick<Join, 'type' | 'natural'>

function join(c: Cursor, left: TableReference, head: JoinHead, rule: (cursor: Cursor) => TableReference): Join {
  const height = c.height
  c.height = 0
  const right = rule(c)
  const conditional = head.type !== 'COMMA' && head.type !== 'CROSS' && !head.natural
  const condition = conditional ? { condition: parseJoinCondition(c) } : {}
  c.height = Math.max(height, c.height) + 1
  return { kind: 'join', ...head, left, right, ...condition, span: c.spanFrom(left.span.start) }
}

function parseJoinType(c: Cursor): JoinHead | undefined {
  const natural = c.acceptWord('NATURAL')
  if (!natural && c.acceptWord('CROSS')) {
    c.expectWord('JOIN')
    return { type: 'CROSS', natural }
  }
  const side = c.acceptOneOf('INNER', 'LEFT', 'RIGHT', 'FULL')
  if (side !== undefined && side !== 'INNER') c.acceptWord('OUTER')
  if (natural || side !== undefined) c.expectWord('JOIN')
  else if (!c.acceptWord('JOIN')) return undefined
  return { type: side ?? 'INNER', natural }
}

function parseJoinCondition(c: Cursor): JoinOn | JoinUsing {
  const { start } = c.token
  if (c.acceptWord('USING')) {
    const columns = c.parenthesized((cursor) => cursor.identifier('the name of a column'))
    return { kind: 'join-using', columns, span: c.spanFrom(start) }
  }
  if (!c.acceptWord('ON')) return c.fail('ON or USING')
  const condition = c.expression()
  return { kind: 'join-on', condition, span: c.spanFrom(start) }
}

function parsePrimary(c: Cursor): TableReference {
  if (c.isSymbol('(')) {
    const inner = parseParenthesized(c)
    return inner.kind === 'derived-table' && inner.alias === undefined ? finish(c, inner) : inner
  }
  return finish(c, parseUnaliased(c))
}

/** MATCH_RECOGNIZE and the alias. */
function finish(c: Cursor, table: TablePrimary): TableReference {
  if (c.isWord('MATCH_RECOGNIZE') && table.kind !== 'match-recognize') {
    const match = parseMatchRecognize(c, table)
    return { ...match, ...parseAlias(c), span: c.spanFrom(table.span.start) }
  }
  return { ...table, ...parseAlias(c), span: c.spanFrom(table.span.start) }
}

function parseUnaliased(c: Cursor): TablePrimary {
  const { start } = c.token
  const lateral = c.acceptWord('LATERAL')
  if (c.isWord('UNNEST')) return parseUnnest(c, start)
  if (c.isWord('TABLE') && c.isSymbolAt(1, '(')) return parseTableFunction(c, lateral, start)
  if (lateral) {
    if (c.acceptSymbol('(')) {
      const query = c.query()
      c.expectSymbol(')')
      return { kind: 'derived-table', query, lateral, span: c.spanFrom(start) }
    }
    if (!c.atName) c.fail('a query in parentheses or the call of a table function')
  }
  if (isCall(c)) return callOf(c, lateral, start)
  if (lateral) return c.refuse('LATERAL needs a query in parentheses or the call of a table function')
  const name = parseTableName(c)
  const hints = parseHints(c)
  const systemTime = parseSystemTime(c)
  return { kind: 'table', name, hints, ...systemTime, span: c.spanFrom(start) }
}

function isCall(c: Cursor): boolean {
  if (!c.atName) return false
  let parts = 1
  while (c.isSymbolAt(2 * parts - 1, '.')) parts++
  return c.isSymbolAt(2 * parts - 1, '(')
}

function callOf(c: Cursor, lateral: boolean, start: number): TableFunction {
  const call = parseCall(c)
  return { kind: 'table-function', call, lateral, span: c.spanFrom(start) }
}

/** `TABLE(f(…))`. */
function parseTableFunction(c: Cursor, lateral: boolean, start: number): TableFunction {
  c.advance()
  c.expectSymbol('(')
  if (!isCall(c)) c.fail('the call of a table function')
  const call = parseCall(c)
  c.expectSymbol(')')
  return { kind: 'table-function', call, lateral, span: c.spanFrom(start) }
}

function parseUnnest(c: Cursor, start: number): Unnest {
  c.advance()
  const operands = c.parenthesized((cursor) => cursor.expression())
  const withOrdinality = c.acceptWords('WITH', 'ORDINALITY')
  return { kind: 'unnest', operands, withOrdinality, span: c.spanFrom(start) }
}

/** `FOR SYSTEM_TIME AS OF time`. */
function parseSystemTime(c: Cursor): { readonly systemTime?: Expression } {
  if (!c.acceptWord('FOR')) return {}
  c.expectWords('SYSTEM_TIME', 'AS', 'OF')
  return { systemTime: c.expression(LEVEL.additive) }
}

/**
 * `( query )` or `( joins )`. What follows two parentheses shows only later: `((SELECT …) UNION …)` is a query,
 * `((SELECT …) AS a JOIN b …)` a join.
 */
function parseParenthesized(c: Cursor): TableReference {
  c.enter()
  const { start } = c.token
  c.expectSymbol('(')
  const table = c.isSymbol('(') ? parseInnerParenthesis(c) : c.atQuery ? derived(c, start) : parseFrom(c)
  c.expectSymbol(')')
  c.leave()
  return table.kind === 'derived-table' && table.alias === undefined ? { ...table, span: c.spanFrom(start) } : table
}

function derived(c: Cursor, start: number): DerivedTable {
  return { kind: 'derived-table', query: c.query(), lateral: false, span: c.spanFrom(start) }
}

function parseInnerParenthesis(c: Cursor): TableReference {
  const inner = parseParenthesized(c)
  const bare = inner.kind === 'derived-table' && inner.alias === undefined
  if (bare && c.isSymbol(')')) return inner
  if (bare && c.atQueryContinuation) {
    const query = c.grammar.continueQuery(c, inner.query)
    return { kind: 'derived-table', query, lateral: false, span: query.span }
  }
  let left = parseJoins(c, bare ? finish(c, inner) : inner)
  while (c.acceptSymbol(',')) {
    left = join(c, left, { type: 'COMMA', natural: false }, (cursor) => parseJoins(cursor, parsePrimary(cursor)))
  }
  return left
}

/** `[[AS] name [(column, …)]]` as a part of a node. */
function parseAlias(c: Cursor): { readonly alias?: TableAlias } {
  const { start } = c.token
  if (!c.acceptWord('AS')) {
    if (!c.atName) return {}
    c.expectsAny(AFTER_TABLE)
  }
  const name = c.identifier('a name for the table')
  const columns = c.isSymbol('(') ? c.parenthesized((cursor) => cursor.identifier('the name of a column')) : []
  return { alias: { kind: 'table-alias', name, columns, span: c.spanFrom(start) } }
}
