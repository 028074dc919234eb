/** Names, properties and the other small parts that every family of statements uses. */
import type { Identifier, ObjectName, Property, StringLiteral } from '../ast/node.ts'
import type { Cursor } from '../cursor.ts'

/** `a`, `a.b`, `a.b.c`, … */
export function parseObjectName(c: Cursor, what = 'a name'): ObjectName {
  const { start } = c.token
  const parts = [c.identifier(what)]
  while (c.acceptSymbol('.')) parts.push(c.identifier())
  return { kind: 'object-name', parts, span: c.spanFrom(start) }
}

export const parseTableName = (c: Cursor): ObjectName => parseObjectName(c, 'the name of a table')

export const parseColumnName = (c: Cursor): Identifier => c.identifier('the name of a column')

/** `'key' = 'value'`. */
function parseProperty(c: Cursor): Property {
  const { start } = c.token
  const key = c.string('an option as a string in single quotes')
  c.expectSymbol('=')
  const value = c.string('the value of the option as a string in single quotes')
  return { kind: 'property', key, value, span: c.spanFrom(start) }
}

/** `('k' = 'v', …)`, which may be empty. */
export function parseProperties(c: Cursor): Property[] {
  c.expectSymbol('(')
  if (c.acceptSymbol(')')) return []
  const properties = c.list(parseProperty)
  c.expectSymbol(')')
  return properties
}

/** `[WITH (…)]`. */
export function parseWithOptions(c: Cursor): Property[] {
  return c.acceptWord('WITH') ? parseProperties(c) : []
}

/** `[COMMENT 'text']` as a part of a node: `{}` where there is none. */
export function parseComment(c: Cursor): { readonly comment?: StringLiteral } {
  return c.acceptWord('COMMENT') ? { comment: c.string('the comment as a string in single quotes') } : {}
}

export const acceptIfNotExists = (c: Cursor): boolean => c.acceptWords('IF', 'NOT', 'EXISTS')

export const acceptIfExists = (c: Cursor): boolean => c.acceptWords('IF', 'EXISTS')
