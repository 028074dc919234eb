/** `*` in select lists and calls. */
import type { Star } from '../ast/expression.ts'
import type { Identifier } from '../ast/node.ts'
import type { Cursor } from '../cursor.ts'

/** `*`, `t.*`, `c.d.t.*`; undefined, with nothing consumed, where something else stands. */
export function tryStar(c: Cursor): Star | undefined {
  const { start, kind, text } = c.token
  if (kind === 'symbol' && text === '*') {
    c.advance()
    return { kind: 'star', qualifier: [], span: c.spanFrom(start) }
  }
  if (!c.atName) return undefined
  let parts = 1
  while (c.isSymbolAt(2 * parts - 1, '.') && !c.isSymbolAt(2 * parts, '*')) parts++
  if (!c.isSymbolAt(2 * parts - 1, '.')) return undefined
  const qualifier: Identifier[] = []
  for (let i = 0; i < parts; i++) {
    qualifier.push(c.identifier())
    c.expectSymbol('.')
  }
  c.expectSymbol('*')
  return { kind: 'star', qualifier, span: c.spanFrom(start) }
}
