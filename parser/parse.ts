/** The parser's entry: SQL text → tree. Every failure is a MillraceError with a position. */
import { MillraceError } from '../core/errors.ts'
import type { Expression } from './ast/expression.ts'
import type { Span } from './ast/node.ts'
import type { Query } from './ast/query.ts'
import type { Statement } from './ast/statement.ts'
import type { TypeNode } from './ast/type.ts'
import { Cursor, type Expectations, type Grammar, SyntaxProblem } from './cursor.ts'
import { parseExpression as parseExpressionRule } from './grammar/expression.ts'
import { continueQuery, parseQuery as parseQueryRule } from './grammar/query.ts'
import { type FunctionSignature, parseSignature } from './grammar/signature.ts'
import { parseOneStatement } from './grammar/statement.ts'
import { parseType } from './grammar/type.ts'
import { significantTokens } from './lexer.ts'
import { syntaxError } from './syntax-error.ts'

const GRAMMAR: Grammar = { expression: parseExpressionRule, query: parseQueryRule, continueQuery }

/**
 * One statement, with or without a final semicolon.
 *
 * @param span the part of the text to read (see `splitScript`); spans and positions count in the whole text
 * @throws MillraceError SYNTAX_ERROR, or STATEMENT_TOO_COMPLEX where the nesting is deeper than the parser goes
 */
export function parseStatement(sql: string, span?: Span): Statement {
  return parseWith(sql, parseOneStatement, span)
}

/** A query without a final semicolon, for view expansion and tools. Throws as `parseStatement`. */
export function parseQuery(sql: string): Query {
  return parseWith(sql, parseQueryRule)
}

/** A scalar expression, for computed columns and watermarks of stored tables. Throws as `parseStatement`. */
export function parseExpression(sql: string): Expression {
  return parseWith(sql, (cursor) => cursor.expression())
}

/** A data type such as `ROW<a INT NOT NULL, b ARRAY<STRING>>`. Throws as `parseStatement`. */
export function parseDataType(sql: string): TypeNode {
  return parseWith(sql, parseType)
}

/** `(s STRING, n INT) -> BIGINT`, `(STRING) -> TABLE(word STRING)`: types of a JavaScript function. Throws as `parseStatement`. */
export function parseFunctionSignature(text: string): FunctionSignature {
  return parseWith(text, parseSignature)
}

function parseWith<T>(sql: string, rule: (cursor: Cursor) => T, span?: Span): T {
  const tokens = significantTokens(sql, span)
  const run = (expectations?: Expectations): T => {
    const cursor = new Cursor(sql, tokens, GRAMMAR, expectations)
    const node = rule(cursor)
    const terminated = cursor.acceptSymbol(';')
    if (cursor.token.kind !== 'end') cursor.fail(terminated ? 'the end of the input' : undefined)
    return node
  }
  try {
    return run()
  } catch (thrown) {
    if (!(thrown instanceof SyntaxProblem)) throw thrown
  }
  // once more, now noting what could have stood where it failed
  const expectations: Expectations = { wordsAt: new Map() }
  try {
    run(expectations)
  } catch (thrown) {
    throw thrown instanceof SyntaxProblem ? syntaxError(sql, tokens, thrown, expectations) : thrown
  }
  throw new MillraceError('INTERNAL_ERROR', 'the statement was refused and then accepted')
}
