/** USE, LOAD, SET, JAR, JOB and the client's own commands. */
import type { Property } from '../ast/node.ts'
import type { ClientCommand, Statement } from '../ast/statement.ts'
import type { Cursor } from '../cursor.ts'
import { parseObjectName, parseWithOptions } from './name.ts'

const parseModuleName = (c: Cursor) => c.identifier('the name of a module')

export function parseUse(c: Cursor): Statement {
  const { start } = c.advance()
  if (c.isWord('CATALOG') && !c.isSymbolAt(1, '.')) {
    c.advance()
    return { kind: 'use-catalog', name: c.identifier('the name of a catalog'), span: c.spanFrom(start) }
  }
  if (c.acceptWord('MODULES')) return { kind: 'use-modules', names: c.list(parseModuleName), span: c.spanFrom(start) }
  const name = parseObjectName(c, 'CATALOG, MODULES or the name of a database')
  return { kind: 'use-database', name, span: c.spanFrom(start) }
}

export function parseLoad(c: Cursor): Statement {
  const { start } = c.advance()
  c.expectWord('MODULE')
  const name = parseModuleName(c)
  return { kind: 'load-module', name, options: parseWithOptions(c), span: c.spanFrom(start) }
}

export function parseUnload(c: Cursor): Statement {
  const { start } = c.advance()
  c.expectWord('MODULE')
  return { kind: 'unload-module', name: parseModuleName(c), span: c.spanFrom(start) }
}

const atEnd = (c: Cursor): boolean => c.token.kind === 'end' || c.isSymbol(';')

export function parseSet(c: Cursor): Statement {
  const { start } = c.advance()
  if (atEnd(c)) return { kind: 'set', span: c.spanFrom(start) }
  return { kind: 'set', property: parseSetProperty(c), span: c.spanFrom(start) }
}

function parseSetProperty(c: Cursor): Property {
  const { start } = c.token
  if (!c.atString) return c.fail('a key as a string in single quotes', "Write SET 'key' = 'value'.")
  const key = c.string()
  c.expectSymbol('=')
  if (!c.atString) return c.fail('a value as a string in single quotes', "Write SET 'key' = 'value'.")
  return { kind: 'property', key, value: c.string(), span: c.spanFrom(start) }
}

export function parseReset(c: Cursor): Statement {
  const { start } = c.advance()
  if (atEnd(c)) return { kind: 'reset', span: c.spanFrom(start) }
  const key = c.string('a key as a string in single quotes')
  return { kind: 'reset', key, span: c.spanFrom(start) }
}

export function parseJar(c: Cursor): Statement {
  const { start, text } = c.advance()
  c.expectWord('JAR')
  const path = c.string('the path as a string in single quotes')
  return { kind: text === 'ADD' ? 'add-jar' : 'remove-jar', path, span: c.spanFrom(start) }
}

/** `STOP JOB 'id' [WITH SAVEPOINT] [WITH DRAIN]`; DRAIN needs SAVEPOINT. */
export function parseStopJob(c: Cursor): Statement {
  const { start } = c.advance()
  c.expectWord('JOB')
  const job = c.string('the id of a job as a string in single quotes')
  let withSavepoint = false
  let withDrain = false
  if (c.acceptWord('WITH')) {
    if (c.isWord('DRAIN')) c.fail('SAVEPOINT', 'A job is drained only WITH SAVEPOINT WITH DRAIN.')
    c.expectWord('SAVEPOINT')
    withSavepoint = true
    if (c.acceptWord('WITH')) {
      c.expectWord('DRAIN')
      withDrain = true
    }
  }
  return { kind: 'stop-job', job, withSavepoint, withDrain, span: c.spanFrom(start) }
}

export function parseClientCommand(c: Cursor): ClientCommand {
  const { start, text } = c.advance()
  const command = text === 'HELP' || text === 'CLEAR' ? text : 'QUIT'
  return { kind: 'client-command', command, span: c.spanFrom(start) }
}

export function parseSource(c: Cursor): Statement {
  const { start } = c.advance()
  return { kind: 'source', path: c.string('the path as a string in single quotes'), span: c.spanFrom(start) }
}
