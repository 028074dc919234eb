/** EXPLAIN, COMPILE PLAN, EXECUTE. */
import type { ExplainableStatement, ExplainDetail, Insert, Statement, StatementSet } from '../ast/statement.ts'
import type { Cursor } from '../cursor.ts'
import { parseCreate, parseReplace } from './definition.ts'
import { parseDelete, parseInsert, parseStatementSet, parseUpdate } from './dml.ts'

const DETAILS = ['ESTIMATED_COST', 'CHANGELOG_MODE', 'JSON_EXECUTION_PLAN', 'PLAN_ADVICE'] as const

export function parseExplain(c: Cursor): Statement {
  const { start } = c.advance()
  const details = parseDetails(c)
  const statement = parseExplained(c)
  return { kind: 'explain', details, statement, span: c.spanFrom(start) }
}

/** `PLAN FOR`, `detail, …`, `(detail, …)` or nothing. */
function parseDetails(c: Cursor): ExplainDetail[] {
  if (c.acceptWord('PLAN')) {
    c.expectWord('FOR')
    return []
  }
  const detail = (cursor: Cursor): ExplainDetail => cursor.expectOneOf(...DETAILS)
  const inParentheses = c.isSymbol('(') && DETAILS.some((word) => c.isWordAt(1, word))
  if (inParentheses) return c.parenthesized(detail)
  return DETAILS.some((word) => c.isWord(word)) ? c.list(detail) : []
}

function parseExplained(c: Cursor): ExplainableStatement {
  const { start } = c.token
  c.acceptWord('EXECUTE')
  if (c.isWord('STATEMENT')) return parseStatementSet(c, start)
  if (c.isWord('INSERT') || c.isWord('UPSERT')) return parseInsert(c)
  if (c.isWord('UPDATE')) return parseUpdate(c)
  if (c.isWord('DELETE')) return parseDelete(c)
  if (c.isWord('CREATE') || c.isWord('REPLACE')) {
    const definition = c.isWord('CREATE') ? parseCreate(c) : parseReplace(c)
    if (definition.kind === 'create-table' || definition.kind === 'create-materialized-table') return definition
    return c.refuse('of the CREATE statements only those of tables have a plan', definition.span)
  }
  if (c.atQuery || c.isSymbol('(')) return c.query()
  for (const word of ['SELECT', 'WITH', 'VALUES']) c.expects(word)
  return c.fail('a query, INSERT or STATEMENT SET')
}

function parsePlanned(c: Cursor): Insert | StatementSet {
  c.expectWord('FOR')
  if (c.isWord('STATEMENT')) return parseStatementSet(c, c.token.start)
  if (!c.isWord('INSERT')) c.fail('INSERT or STATEMENT SET')
  return parseInsert(c)
}

/** `COMPILE PLAN 'path' [IF NOT EXISTS] FOR …` and `COMPILE AND EXECUTE PLAN 'path' FOR …`. */
export function parseCompile(c: Cursor): Statement {
  const { start } = c.advance()
  const execute = c.acceptWord('AND')
  if (execute) c.expectWord('EXECUTE')
  c.expectWord('PLAN')
  const path = c.string('the path as a string in single quotes')
  if (execute) return { kind: 'compile-and-execute-plan', path, statement: parsePlanned(c), span: c.spanFrom(start) }
  const ifNotExists = c.acceptWords('IF', 'NOT', 'EXISTS')
  return { kind: 'compile-plan', path, ifNotExists, statement: parsePlanned(c), span: c.spanFrom(start) }
}

/** EXECUTE before PLAN, STATEMENT SET, INSERT or a query. */
export function parseExecute(c: Cursor): Statement {
  const { start } = c.advance()
  if (c.acceptWord('PLAN')) {
    return { kind: 'execute-plan', path: c.string('the path as a string in single quotes'), span: c.spanFrom(start) }
  }
  if (c.isWord('STATEMENT')) return parseStatementSet(c, start)
  if (c.isWord('INSERT') || c.isWord('UPSERT')) return { ...parseInsert(c), span: c.spanFrom(start) }
  if (c.atQuery || c.isSymbol('(')) return { ...c.query(), span: c.spanFrom(start) }
  for (const word of ['SELECT', 'WITH', 'VALUES']) c.expects(word)
  return c.fail('PLAN, STATEMENT SET, INSERT or a query')
}
