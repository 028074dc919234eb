/** Models. Behind CREATE [TEMPORARY] MODEL, ALTER MODEL, DROP [TEMPORARY] MODEL. */
import type { AlterModel, CreateModel, DropModel } from '../ast/definition.ts'
import type { Cursor } from '../cursor.ts'
import { parseRename, parseSetOrReset } from './alter-table.ts'
import { acceptIfExists, acceptIfNotExists, parseComment, parseObjectName, parseWithOptions } from './name.ts'
import { parseModelColumn } from './table-schema.ts'

const parseModelName = (c: Cursor) => parseObjectName(c, 'the name of a model')

export function parseCreateModel(c: Cursor, start: number, temporary: boolean): CreateModel {
  const ifNotExists = acceptIfNotExists(c)
  const name = parseModelName(c)
  const input = c.acceptWord('INPUT') ? c.parenthesized(parseModelColumn) : []
  const output = c.acceptWord('OUTPUT') ? c.parenthesized(parseModelColumn) : []
  const comment = parseComment(c)
  const options = parseWithOptions(c)
  const query = c.acceptWord('AS') ? { query: c.query() } : {}
  return {
    kind: 'create-model',
    temporary,
    ifNotExists,
    name,
    input,
    output,
    ...comment,
    options,
    ...query,
    span: c.spanFrom(start),
  }
}

export function parseAlterModel(c: Cursor, start: number): AlterModel {
  const ifExists = acceptIfExists(c)
  const name = parseModelName(c)
  const action = c.isWord('RENAME') ? parseRename(c) : (parseSetOrReset(c) ?? c.fail('RENAME TO, SET or RESET'))
  return { kind: 'alter-model', ifExists, name, action, span: c.spanFrom(start) }
}

export function parseDropModel(c: Cursor, start: number, temporary: boolean): DropModel {
  const ifExists = acceptIfExists(c)
  const name = parseModelName(c)
  return { kind: 'drop-model', temporary, ifExists, name, span: c.spanFrom(start) }
}
