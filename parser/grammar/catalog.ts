/** Catalogs and databases. Behind CREATE, ALTER, DROP and the word CATALOG or DATABASE. */
import type {
  AlterCatalog,
  AlterDatabase,
  CreateCatalog,
  CreateDatabase,
  DropCatalog,
  DropDatabase,
} from '../ast/definition.ts'
import type { Cursor } from '../cursor.ts'
import { parseSetOrReset } from './alter-table.ts'
import {
  acceptIfExists,
  acceptIfNotExists,
  parseComment,
  parseObjectName,
  parseProperties,
  parseWithOptions,
} from './name.ts'

const parseDatabaseName = (c: Cursor) => parseObjectName(c, 'the name of a database')

const parseCatalogName = (c: Cursor) => c.identifier('the name of a catalog')

export function parseCreateCatalog(c: Cursor, start: number): CreateCatalog {
  const ifNotExists = acceptIfNotExists(c)
  const name = parseCatalogName(c)
  const comment = parseComment(c)
  const options = parseWithOptions(c)
  return { kind: 'create-catalog', ifNotExists, name, ...comment, options, span: c.spanFrom(start) }
}

export function parseAlterCatalog(c: Cursor, start: number): AlterCatalog {
  const name = parseCatalogName(c)
  const from = c.token.start
  if (c.acceptWord('COMMENT')) {
    const comment = c.string('the comment as a string in single quotes')
    const action = { kind: 'change-comment' as const, comment, span: c.spanFrom(from) }
    return { kind: 'alter-catalog', name, action, span: c.spanFrom(start) }
  }
  const action = parseSetOrReset(c) ?? c.fail('SET, RESET or COMMENT')
  return { kind: 'alter-catalog', name, action, span: c.spanFrom(start) }
}

export function parseDropCatalog(c: Cursor, start: number): DropCatalog {
  const ifExists = acceptIfExists(c)
  const name = parseCatalogName(c)
  return { kind: 'drop-catalog', ifExists, name, span: c.spanFrom(start) }
}

export function parseCreateDatabase(c: Cursor, start: number): CreateDatabase {
  const ifNotExists = acceptIfNotExists(c)
  const name = parseDatabaseName(c)
  const comment = parseComment(c)
  const options = parseWithOptions(c)
  return { kind: 'create-database', ifNotExists, name, ...comment, options, span: c.spanFrom(start) }
}

export function parseAlterDatabase(c: Cursor, start: number): AlterDatabase {
  const name = parseDatabaseName(c)
  const from = c.token.start
  c.expectWord('SET')
  const action = { kind: 'set-options' as const, options: parseProperties(c), span: c.spanFrom(from) }
  return { kind: 'alter-database', name, action, span: c.spanFrom(start) }
}

export function parseDropDatabase(c: Cursor, start: number): DropDatabase {
  const ifExists = acceptIfExists(c)
  const name = parseDatabaseName(c)
  const behavior = c.acceptOneOf('RESTRICT', 'CASCADE')
  return {
    kind: 'drop-database',
    ifExists,
    name,
    ...(behavior === undefined ? {} : { behavior }),
    span: c.spanFrom(start),
  }
}
