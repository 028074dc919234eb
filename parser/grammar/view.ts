/** Views. Behind CREATE [TEMPORARY] VIEW, ALTER VIEW, DROP [TEMPORARY] VIEW. */
import type { AlterView, CreateView, DropView } from '../ast/definition.ts'
import type { Cursor } from '../cursor.ts'
import { parseRename } from './alter-table.ts'
import { acceptIfExists, acceptIfNotExists, parseColumnName, parseComment, parseObjectName } from './name.ts'

const parseViewName = (c: Cursor) => parseObjectName(c, 'the name of a view')

export function parseCreateView(c: Cursor, start: number, temporary: boolean): CreateView {
  const ifNotExists = acceptIfNotExists(c)
  const name = parseViewName(c)
  const columns = c.isSymbol('(') ? c.parenthesized(parseColumnName) : []
  const comment = parseComment(c)
  c.expectWord('AS')
  const query = c.query()
  return { kind: 'create-view', temporary, ifNotExists, name, columns, ...comment, query, span: c.spanFrom(start) }
}

export function parseAlterView(c: Cursor, start: number): AlterView {
  const name = parseViewName(c)
  const from = c.token.start
  if (c.isWord('RENAME')) return { kind: 'alter-view', name, action: parseRename(c), span: c.spanFrom(start) }
  if (!c.acceptWord('AS')) return c.fail('RENAME TO or AS')
  const query = c.query()
  const action = { kind: 'change-query' as const, query, span: c.spanFrom(from) }
  return { kind: 'alter-view', name, action, span: c.spanFrom(start) }
}

export function parseDropView(c: Cursor, start: number, temporary: boolean): DropView {
  const ifExists = acceptIfExists(c)
  const name = parseViewName(c)
  return { kind: 'drop-view', temporary, ifExists, name, span: c.spanFrom(start) }
}
