/** INSERT, statement sets, UPDATE, DELETE, TRUNCATE, CALL. */
import type { PartitionEntry } from '../ast/definition.ts'
import type { Identifier, ObjectName } from '../ast/node.ts'
import type {
  Assignment,
  BeginStatementSet,
  CallProcedure,
  Delete,
  EndStatementSet,
  Insert,
  StatementSet,
  Truncate,
  Update,
} from '../ast/statement.ts'
import type { Cursor } from '../cursor.ts'
import { parseCall } from './call.ts'
import { parseHints } from './hint.ts'
import { parseObjectName, parseTableName } from './name.ts'
import { parsePartition } from './table-schema.ts'

/** `INSERT {INTO | OVERWRITE} t [PARTITION (…)] [(columns)] query [ON CONFLICT DO …]`. */
export function parseInsert(c: Cursor): Insert {
  const { start } = c.token
  if (c.isWord('UPSERT'))
    c.refuse('UPSERT INTO is not supported', c.token, 'Write INSERT INTO a table with a primary key.')
  c.expectWord('INSERT')
  const overwrite = c.expectOneOf('INTO', 'OVERWRITE') === 'OVERWRITE'
  const table = parseTableName(c)
  const hints = parseHints(c)
  const partition: PartitionEntry[] = c.acceptWord('PARTITION') ? parsePartition(c) : []
  const columns = parseInsertColumns(c)
  const query = c.query()
  const onConflict = c.acceptWord('ON') ? { onConflict: parseOnConflict(c) } : {}
  return {
    kind: 'insert',
    overwrite,
    table,
    hints,
    partition,
    ...(columns === undefined ? {} : { columns }),
    query,
    ...onConflict,
    span: c.spanFrom(start),
  }
}

/** A parenthesis holds the columns unless a query starts in it. */
function parseInsertColumns(c: Cursor): ObjectName[] | undefined {
  if (!c.isSymbol('(')) return undefined
  const { kind, text } = c.peek(1)
  const query = kind === 'word' && (text === 'SELECT' || text === 'WITH' || text === 'VALUES' || text === 'TABLE')
  if (query || (kind === 'symbol' && text === '(')) return undefined
  return c.parenthesized((cursor) => parseObjectName(cursor, 'the name of a column'))
}

function parseOnConflict(c: Cursor): 'NOTHING' | 'ERROR' | 'DEDUPLICATE' {
  c.expectWords('CONFLICT', 'DO')
  return c.expectOneOf('NOTHING', 'ERROR', 'DEDUPLICATE')
}

/** `STATEMENT SET BEGIN insert; … END`; `start` is where the statement starts, at EXECUTE. */
export function parseStatementSet(c: Cursor, start: number): StatementSet {
  c.expectWords('STATEMENT', 'SET', 'BEGIN')
  const inserts = parseInserts(c)
  return { kind: 'statement-set', inserts, span: c.spanFrom(start) }
}

/** `BEGIN STATEMENT SET`, alone or with everything to its END. */
export function parseBeginStatementSet(c: Cursor): BeginStatementSet | StatementSet {
  const { start } = c.advance()
  c.expectWords('STATEMENT', 'SET')
  const span = c.spanFrom(start)
  if (!c.isSymbol(';') || c.peek(1).kind === 'end') return { kind: 'begin-statement-set', span }
  c.advance()
  const inserts = parseInserts(c)
  return { kind: 'statement-set', inserts, span: c.spanFrom(start) }
}

function parseInserts(c: Cursor): Insert[] {
  const inserts: Insert[] = []
  do {
    c.acceptWord('EXECUTE')
    if (!c.isWord('INSERT') && !c.isWord('UPSERT')) c.fail(inserts.length === 0 ? 'INSERT' : 'INSERT or END')
    inserts.push(parseInsert(c))
    c.expectSymbol(';')
  } while (!c.acceptWord('END'))
  return inserts
}

export function parseEndStatementSet(c: Cursor): EndStatementSet {
  const { start } = c.advance()
  return { kind: 'end-statement-set', span: c.spanFrom(start) }
}

export function parseUpdate(c: Cursor): Update {
  const { start } = c.advance()
  const table = parseTableName(c)
  const alias = parseTargetAlias(c)
  c.expectWord('SET')
  const assignments = c.list(parseAssignment)
  const where = c.acceptWord('WHERE') ? { where: c.expression() } : {}
  return { kind: 'update', table, ...alias, assignments, ...where, span: c.spanFrom(start) }
}

function parseAssignment(c: Cursor): Assignment {
  const { start } = c.token
  const column = parseObjectName(c, 'the name of a column')
  c.expectSymbol('=')
  const value = c.expression()
  return { kind: 'assignment', column, value, span: c.spanFrom(start) }
}

function parseTargetAlias(c: Cursor): { readonly alias?: Identifier } {
  if (!c.acceptWord('AS')) {
    if (!c.atName) return {}
    c.expectsAny(['SET', 'WHERE'])
  }
  return { alias: c.identifier('a name for the table') }
}

export function parseDelete(c: Cursor): Delete {
  const { start } = c.advance()
  c.expectWord('FROM')
  const table = parseTableName(c)
  const alias = parseTargetAlias(c)
  const where = c.acceptWord('WHERE') ? { where: c.expression() } : {}
  return { kind: 'delete', table, ...alias, ...where, span: c.spanFrom(start) }
}

export function parseTruncate(c: Cursor): Truncate {
  const { start } = c.advance()
  c.expectWord('TABLE')
  return { kind: 'truncate', table: parseTableName(c), span: c.spanFrom(start) }
}

/** `CALL [catalog.][database.]procedure(arguments)`. */
export function parseCallProcedure(c: Cursor): CallProcedure {
  const { start } = c.advance()
  if (!c.atName) return c.fail('the name of a procedure')
  const call = parseCall(c)
  return { kind: 'call-procedure', call, span: c.spanFrom(start) }
}
