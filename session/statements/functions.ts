/** CREATE, ALTER and DROP FUNCTION: kept in the catalog; what cannot run here is refused when it is called. */
import type { CatalogFunction } from '../../catalog/state.ts'
import { MillraceError } from '../../core/errors.ts'
import type { AlterFunction, CreateFunction, DropFunction } from '../../parser/ast.ts'
import { DONE, type StatementResult } from '../result.ts'
import { located, type StatementScope } from '../scope.ts'
import { namesOf, optionsOf } from './names.ts'

export function executeCreateFunction(statement: CreateFunction, scope: StatementScope): StatementResult {
  const path = located(scope, statement.name.span, () => scope.catalog.resolvePath(namesOf(statement.name)))
  const definition: CatalogFunction = {
    path,
    temporary: statement.scope !== 'CATALOG',
    identifier: statement.identifier.value,
    language: statement.language ?? 'JAVA',
    resources: statement.resources.map((resource) => resource.path.value),
    options: optionsOf(statement.options),
  }
  located(scope, statement.name.span, () => {
    scope.catalog.createFunction(definition, statement.ifNotExists)
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
    scope.catalog.replaceFunction({
      ...old,
      identifier: statement.identifier.value,
      language: statement.language ?? old.language,
    })
  })
  return DONE
}

export function executeDropFunction(statement: DropFunction, scope: StatementScope): StatementResult {
  located(scope, statement.name.span, () => {
    const path = scope.catalog.resolvePath(namesOf(statement.name))
    scope.catalog.dropFunction(path, statement.scope !== 'CATALOG', statement.ifExists)
  })
  return DONE
}
