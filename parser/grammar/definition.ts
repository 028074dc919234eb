/** What follows CREATE, ALTER, DROP and REPLACE, by the kind of object. */
import type { DdlStatement, FunctionScope } from '../ast/definition.ts'
import type { Cursor } from '../cursor.ts'
import { parseAlterTable } from './alter-table.ts'
import {
  parseAlterCatalog,
  parseAlterDatabase,
  parseCreateCatalog,
  parseCreateDatabase,
  parseDropCatalog,
  parseDropDatabase,
} from './catalog.ts'
import { parseAlterFunction, parseCreateFunction, parseDropFunction } from './function.ts'
import {
  parseAlterMaterializedTable,
  parseCreateMaterializedTable,
  parseDropMaterializedTable,
} from './materialized-table.ts'
import { parseAlterModel, parseCreateModel, parseDropModel } from './model.ts'
import { parseCreateTable, parseDropTable } from './table.ts'
import { parseAlterView, parseCreateView, parseDropView } from './view.ts'

export function parseCreate(c: Cursor): DdlStatement {
  const { start } = c.advance()
  if (c.acceptWord('OR')) return parseCreateOr(c, start)
  if (c.acceptWord('TEMPORARY')) {
    if (c.acceptWord('SYSTEM')) {
      c.expectWord('FUNCTION')
      return parseCreateFunction(c, start, 'TEMPORARY SYSTEM')
    }
    return parseCreateTemporary(c, start, c.expectOneOf('TABLE', 'VIEW', 'FUNCTION', 'MODEL'))
  }
  const object = c.expectOneOf('TABLE', 'VIEW', 'FUNCTION', 'CATALOG', 'DATABASE', 'MATERIALIZED', 'MODEL', 'TEMPORARY')
  switch (object) {
    case 'TABLE':
      return parseCreateTable(c, start, 'CREATE', false)
    case 'VIEW':
      return parseCreateView(c, start, false)
    case 'FUNCTION':
      return parseCreateFunction(c, start, 'CATALOG')
    case 'CATALOG':
      return parseCreateCatalog(c, start)
    case 'DATABASE':
      return parseCreateDatabase(c, start)
    case 'MATERIALIZED':
      c.expectWord('TABLE')
      return parseCreateMaterializedTable(c, start, false)
    case 'MODEL':
      return parseCreateModel(c, start, false)
    case 'TEMPORARY':
      return c.fail('TABLE, VIEW, FUNCTION or MODEL')
  }
}

function parseCreateTemporary(c: Cursor, start: number, object: 'TABLE' | 'VIEW' | 'FUNCTION' | 'MODEL'): DdlStatement {
  switch (object) {
    case 'TABLE':
      return parseCreateTable(c, start, 'CREATE', true)
    case 'VIEW':
      return parseCreateView(c, start, true)
    case 'FUNCTION':
      return parseCreateFunction(c, start, 'TEMPORARY')
    case 'MODEL':
      return parseCreateModel(c, start, true)
  }
}

function parseCreateOr(c: Cursor, start: number): DdlStatement {
  if (c.expectOneOf('REPLACE', 'ALTER') === 'ALTER') {
    c.expectWords('MATERIALIZED', 'TABLE')
    return parseCreateMaterializedTable(c, start, true)
  }
  if (c.isWord('VIEW')) {
    const hint = 'Use ALTER VIEW … AS, or drop the view before.'
    return c.refuse('CREATE OR REPLACE VIEW is not supported', { start, end: c.token.end }, hint)
  }
  c.expectWord('TABLE')
  return parseCreateTable(c, start, 'CREATE OR REPLACE', false)
}

export function parseReplace(c: Cursor): DdlStatement {
  const { start } = c.advance()
  c.expectWord('TABLE')
  return parseCreateTable(c, start, 'REPLACE', false)
}

/** `[TEMPORARY [SYSTEM]] FUNCTION`, consumed whole or not at all. */
function acceptFunctionScope(c: Cursor): FunctionScope | undefined {
  if (c.acceptWord('FUNCTION')) return 'CATALOG'
  if (c.acceptWords('TEMPORARY', 'FUNCTION')) return 'TEMPORARY'
  return c.acceptWords('TEMPORARY', 'SYSTEM', 'FUNCTION') ? 'TEMPORARY SYSTEM' : undefined
}

export function parseAlter(c: Cursor): DdlStatement {
  const { start } = c.advance()
  const scope = acceptFunctionScope(c)
  if (scope !== undefined) return parseAlterFunction(c, start, scope)
  switch (c.expectOneOf('TABLE', 'VIEW', 'CATALOG', 'DATABASE', 'MATERIALIZED', 'MODEL')) {
    case 'TABLE':
      return parseAlterTable(c, start)
    case 'VIEW':
      return parseAlterView(c, start)
    case 'CATALOG':
      return parseAlterCatalog(c, start)
    case 'DATABASE':
      return parseAlterDatabase(c, start)
    case 'MATERIALIZED':
      c.expectWord('TABLE')
      return parseAlterMaterializedTable(c, start)
    case 'MODEL':
      return parseAlterModel(c, start)
  }
}

export function parseDrop(c: Cursor): DdlStatement {
  const { start } = c.advance()
  const scope = acceptFunctionScope(c)
  if (scope !== undefined) return parseDropFunction(c, start, scope)
  const temporary = c.acceptWord('TEMPORARY')
  if (temporary && !c.isWord('TABLE') && !c.isWord('VIEW') && !c.isWord('MODEL'))
    return c.fail('TABLE, VIEW, FUNCTION or MODEL')
  switch (c.expectOneOf('TABLE', 'VIEW', 'CATALOG', 'DATABASE', 'MATERIALIZED', 'MODEL')) {
    case 'TABLE':
      return parseDropTable(c, start, temporary)
    case 'VIEW':
      return parseDropView(c, start, temporary)
    case 'CATALOG':
      return parseDropCatalog(c, start)
    case 'DATABASE':
      return parseDropDatabase(c, start)
    case 'MATERIALIZED':
      c.expectWord('TABLE')
      return parseDropMaterializedTable(c, start)
    case 'MODEL':
      return parseDropModel(c, start, temporary)
  }
}
