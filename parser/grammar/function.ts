/** Functions. Behind CREATE | ALTER | DROP [TEMPORARY [SYSTEM]] FUNCTION. */
import type {
  AlterFunction,
  CreateFunction,
  DropFunction,
  FunctionLanguage,
  FunctionResource,
  FunctionScope,
} from '../ast/definition.ts'
import type { Cursor } from '../cursor.ts'
import { acceptIfExists, acceptIfNotExists, parseObjectName, parseWithOptions } from './name.ts'

const parseName = (c: Cursor) => parseObjectName(c, 'the name of a function')

export function parseCreateFunction(c: Cursor, start: number, scope: FunctionScope): CreateFunction {
  const ifNotExists = acceptIfNotExists(c)
  const name = parseName(c)
  c.expectWord('AS')
  const identifier = c.string('the class of the function as a string in single quotes')
  const language = parseLanguage(c)
  let resources: FunctionResource[] = []
  if (c.acceptWord('USING')) resources = c.list(parseResource)
  const options = parseWithOptions(c)
  return {
    kind: 'create-function',
    scope,
    ifNotExists,
    name,
    identifier,
    ...language,
    resources,
    options,
    span: c.spanFrom(start),
  }
}

function parseLanguage(c: Cursor): { readonly language?: FunctionLanguage } {
  return c.acceptWord('LANGUAGE') ? { language: c.expectOneOf('JAVA', 'SCALA', 'PYTHON', 'SQL', 'JAVASCRIPT') } : {}
}

function parseResource(c: Cursor): FunctionResource {
  const { start } = c.token
  const type = c.expectOneOf('JAR', 'ARTIFACT')
  const path = c.string('the path as a string in single quotes')
  return { kind: 'function-resource', type, path, span: c.spanFrom(start) }
}

export function parseAlterFunction(c: Cursor, start: number, scope: FunctionScope): AlterFunction {
  const ifExists = acceptIfExists(c)
  const name = parseName(c)
  c.expectWord('AS')
  const identifier = c.string('the class of the function as a string in single quotes')
  return { kind: 'alter-function', scope, ifExists, name, identifier, ...parseLanguage(c), span: c.spanFrom(start) }
}

export function parseDropFunction(c: Cursor, start: number, scope: FunctionScope): DropFunction {
  const ifExists = acceptIfExists(c)
  const name = parseName(c)
  return { kind: 'drop-function', scope, ifExists, name, span: c.spanFrom(start) }
}
