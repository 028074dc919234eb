/**
 * Tree → canonical SQL, such that `parseStatement(formatStatement(s))` equals `s` up to spans. Names keep their case
 * and their backticks; keywords are upper case; synonyms and redundant parentheses are gone.
 */
import type { Expression } from './ast/expression.ts'
import type { Query } from './ast/query.ts'
import type { Statement } from './ast/statement.ts'
import type { TypeNode } from './ast/type.ts'
import { formatExpression as formatExpressionWith } from './format/expression.ts'
import type { Printer } from './format/printer.ts'
import { formatQuery as formatQueryWith } from './format/query.ts'
import { formatAnyStatement } from './format/statement.ts'
import { formatType } from './format/type.ts'

const PRINTER: Printer = {
  expression: (expression, level) => formatExpressionWith(PRINTER, expression, level),
  query: (query) => formatQueryWith(PRINTER, query),
}

/** Without a final semicolon. */
export function formatStatement(statement: Statement): string {
  return formatAnyStatement(PRINTER, statement)
}

export function formatQuery(query: Query): string {
  return PRINTER.query(query)
}

export function formatExpression(expression: Expression): string {
  return PRINTER.expression(expression)
}

export function formatDataType(type: TypeNode): string {
  return formatType(type)
}
