/** One statement, by its first word. */
import type { Statement } from '../ast/statement.ts'
import type { Cursor } from '../cursor.ts'
import { parseAlter, parseCreate, parseDrop, parseReplace } from './definition.ts'
import {
  parseBeginStatementSet,
  parseCallProcedure,
  parseDelete,
  parseEndStatementSet,
  parseInsert,
  parseTruncate,
  parseUpdate,
} from './dml.ts'
import { parseCompile, parseExecute, parseExplain } from './plan.ts'
import {
  parseClientCommand,
  parseJar,
  parseLoad,
  parseReset,
  parseSet,
  parseSource,
  parseStopJob,
  parseUnload,
  parseUse,
} from './session.ts'
import { parseDescribe, parseShow } from './show.ts'
import { parseAnalyze } from './table.ts'

type StatementRule = (c: Cursor) => Statement

const parseQueryStatement: StatementRule = (c) => c.query()

const STATEMENTS: ReadonlyMap<string, StatementRule> = new Map<string, StatementRule>([
  ['SELECT', parseQueryStatement],
  ['WITH', parseQueryStatement],
  ['VALUES', parseQueryStatement],
  ['TABLE', parseQueryStatement],
  ['INSERT', parseInsert],
  ['UPSERT', parseInsert],
  ['CREATE', parseCreate],
  ['REPLACE', parseReplace],
  ['ALTER', parseAlter],
  ['DROP', parseDrop],
  ['EXPLAIN', parseExplain],
  ['COMPILE', parseCompile],
  ['EXECUTE', parseExecute],
  ['BEGIN', parseBeginStatementSet],
  ['END', parseEndStatementSet],
  ['UPDATE', parseUpdate],
  ['DELETE', parseDelete],
  ['TRUNCATE', parseTruncate],
  ['CALL', parseCallProcedure],
  ['ANALYZE', parseAnalyze],
  ['USE', parseUse],
  ['LOAD', parseLoad],
  ['UNLOAD', parseUnload],
  ['SET', parseSet],
  ['RESET', parseReset],
  ['ADD', parseJar],
  ['REMOVE', parseJar],
  ['SHOW', parseShow],
  ['DESCRIBE', parseDescribe],
  ['DESC', parseDescribe],
  ['STOP', parseStopJob],
  ['HELP', parseClientCommand],
  ['CLEAR', parseClientCommand],
  ['QUIT', parseClientCommand],
  ['EXIT', parseClientCommand],
  ['SOURCE', parseSource],
])

/** The words that a statement can start with, for completion. */
export const STATEMENT_WORDS: readonly string[] = [...STATEMENTS.keys()]

export function parseOneStatement(c: Cursor): Statement {
  if (c.isSymbol('(')) return c.query()
  const rule = c.token.kind === 'word' ? STATEMENTS.get(c.token.text) : undefined
  if (rule !== undefined) return rule(c)
  for (const word of STATEMENT_WORDS) c.expects(word)
  return c.fail('a statement')
}
