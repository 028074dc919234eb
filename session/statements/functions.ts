/** CREATE, ALTER and DROP FUNCTION: kept in the catalog; what cannot run here is refused when it is called. */
import { systemPath } from '../../catalog/catalog.ts'
import type { CatalogFunction } from '../../catalog/state.ts'
import type { ObjectPath } from '../../catalog/table.ts'
import { MillraceError } from '../../core/errors.ts'
import { type AlterFunction, type CreateFunction, type DropFunction, positionOf } from '../../parser/ast.ts'
import { DONE, type StatementResult } from '../result.ts'
import { located, type StatementScope } from '../scope.ts'
import { completeFunction } from '../user-functions.ts'
import { namesOf, optionsOf } from './names.ts'

export function executeCreateFunction(statement: CreateFunction, scope: StatementScope): StatementResult {
  const path = functionPath(statement, scope)
  const definition: CatalogFunction = {
    path,
    temporary: statement.scope !== 'CATALOG',
    identifier: statement.identifier.value,
    language: statement.language ?? 'JAVA',
    resources: statement.resources.map((resource) => resource.path.value),
    options: optionsOf(statement.options),
  }
  located(scope, statement.name.span, () => {
    scope.catalog.createFunction(completed(statement, definition, scope), statement.ifNotExists)
  })
  return DONE
}

export function executeAlterFunction(statement: AlterFunction, scope: StatementScope): StatementResult {
  const names = namesOf(statement.name)
  located(scope, statement.name.span, () => {
    const old = scope.catalog.findFunction(names)
    if (old === undefined) {
      if (statement.ifExists) return
      throw new MillraceError('UNKNOWN_FUNCTION', `function "${names.join('.')}" does not exist`)
    }
    const language = statement.language ?? old.language
    scope.catalog.replaceFunction(
      completed(statement, { ...old, identifier: statement.identifier.value, language }, scope),
    )
  })
  return DONE
}

export function executeDropFunction(statement: DropFunction, scope: StatementScope): StatementResult {
  located(scope, statement.name.span, () => {
    const path = functionPath(statement, scope)
    scope.catalog.dropFunction(path, statement.scope !== 'CATALOG', statement.ifExists)
  })
  return DONE
}

function functionPath(statement: CreateFunction | DropFunction, scope: StatementScope): ObjectPath {
  return located(scope, statement.name.span, () => {
    const names = namesOf(statement.name)
    const [name, second] = names
    if (statement.scope !== 'TEMPORARY SYSTEM') return scope.catalog.resolvePath(names)
    if (name !== undefined && second === undefined) return systemPath(name)
    throw new MillraceError('INVALID_DEFINITION', 'a system function belongs to no catalog or database', {
      hint: 'Write its name alone.',
    })
  })
}

/** An error in the signature points at the place of the option. */
function completed(
  statement: CreateFunction | AlterFunction,
  definition: CatalogFunction,
  scope: StatementScope,
): CatalogFunction {
  try {
    return completeFunction(definition)
  } catch (error) {
    const given = statement.kind === 'create-function' ? statement.options : []
    const option = given.find((property) => property.key.value === 'signature')
    if (!(error instanceof MillraceError) || error.code !== 'SYNTAX_ERROR' || option === undefined) throw error
    throw new MillraceError('INVALID_DEFINITION', `the signature is not right: ${error.message}`, {
      hint: error.hint ?? "It is written '(STRING, INT) -> BIGINT', or '(STRING) -> TABLE(word STRING)'.",
      position: positionOf(scope.sql, option.value.span),
    })
  }
}
