/** What stands in parentheses inside an expression: a query or a list of expressions. */
import type { Expression } from '../ast/expression.ts'
import type { Query } from '../ast/query.ts'
import type { Cursor } from '../cursor.ts'

type Parenthesized =
  | { readonly kind: 'query'; readonly query: Query }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }

/** `( query )` or `( a, b, … )` with at least one expression. */
export function parseParenthesized(c: Cursor): Parenthesized {
  c.expectSymbol('(')
  if (c.atQuery) {
    const query = c.query()
    c.expectSymbol(')')
    return { kind: 'query', query }
  }
  const first = c.expression()
  if (first.kind === 'subquery' && c.atQueryContinuation) {
    const query = c.grammar.continueQuery(c, first.query)
    c.expectSymbol(')')
    return { kind: 'query', query }
  }
  const items = [first]
  while (c.acceptSymbol(',')) items.push(c.expression())
  c.expectSymbol(')')
  return { kind: 'list', items }
}
