/** CREATE, ALTER, DROP and USE of catalogs and databases. */
import { MillraceError } from '../../core/errors.ts'
import type {
  AlterCatalog,
  AlterDatabase,
  CreateCatalog,
  CreateDatabase,
  DropCatalog,
  DropDatabase,
  ObjectName,
  UseDatabase,
} from '../../parser/ast.ts'
import { DONE, type StatementResult } from '../result.ts'
import { located, type StatementScope } from '../scope.ts'
import { namesOf, optionsOf } from './names.ts'

function databasePath(name: ObjectName, scope: StatementScope): { catalog: string; database: string } {
  const names = namesOf(name)
  const [first = '', second] = names
  if (names.length > 2)
    throw new MillraceError('INVALID_ARGUMENT', `"${names.join('.')}" is not the name of a database`)
  return second === undefined
    ? { catalog: scope.catalog.currentCatalog, database: first }
    : { catalog: first, database: second }
}

export function executeCreateCatalog(statement: CreateCatalog, scope: StatementScope): StatementResult {
  located(scope, statement.name.span, () => {
    scope.catalog.createCatalog(
      statement.name.name,
      optionsOf(statement.options),
      statement.comment?.value,
      statement.ifNotExists,
    )
  })
  return DONE
}

export function executeAlterCatalog(statement: AlterCatalog, scope: StatementScope): StatementResult {
  located(scope, statement.name.span, () => {
    const old = scope.catalog.catalogInfo(statement.name.name)
    const { action } = statement
    if (action.kind === 'change-comment') {
      scope.catalog.alterCatalog(statement.name.name, old.options, action.comment.value)
      return
    }
    const options =
      action.kind === 'set-options'
        ? { ...old.options, ...optionsOf(action.options) }
        : without(
            old.options,
            action.keys.map((key) => key.value),
          )
    scope.catalog.alterCatalog(statement.name.name, options, old.comment)
  })
  return DONE
}

export function without(options: Readonly<Record<string, string>>, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(options).filter(([key]) => !keys.includes(key)))
}

export function executeDropCatalog(statement: DropCatalog, scope: StatementScope): StatementResult {
  located(scope, statement.name.span, () => {
    scope.catalog.dropCatalog(statement.name.name, statement.ifExists)
  })
  return DONE
}

export function executeCreateDatabase(statement: CreateDatabase, scope: StatementScope): StatementResult {
  located(scope, statement.name.span, () => {
    const path = databasePath(statement.name, scope)
    scope.catalog.createDatabase(path, optionsOf(statement.options), statement.comment?.value, statement.ifNotExists)
  })
  return DONE
}

export function executeAlterDatabase(statement: AlterDatabase, scope: StatementScope): StatementResult {
  located(scope, statement.name.span, () => {
    scope.catalog.alterDatabase(databasePath(statement.name, scope), optionsOf(statement.action.options))
  })
  return DONE
}

export function executeDropDatabase(statement: DropDatabase, scope: StatementScope): StatementResult {
  located(scope, statement.name.span, () => {
    scope.catalog.dropDatabase(
      databasePath(statement.name, scope),
      statement.ifExists,
      statement.behavior === 'CASCADE',
    )
  })
  return DONE
}

export function executeUseDatabase(statement: UseDatabase, scope: StatementScope): StatementResult {
  located(scope, statement.name.span, () => {
    const { catalog, database } = databasePath(statement.name, scope)
    scope.catalog.useDatabase(catalog, database)
  })
  return DONE
}
