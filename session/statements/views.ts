/** CREATE, ALTER and DROP VIEW. */
import type { CatalogView } from '../../catalog/table.ts'
import { MillraceError } from '../../core/errors.ts'
import type { AlterView, CreateView, DropView, Query } from '../../parser/ast.ts'
import { positionOf } from '../../parser/ast.ts'
import { formatQuery } from '../../parser/format.ts'
import { outputSchema, qualifyQuery } from '../../planner/plan.ts'
import { DONE, type StatementResult } from '../result.ts'
import { located, type StatementScope } from '../scope.ts'
import { namesOf } from './names.ts'

export function executeCreateView(statement: CreateView, scope: StatementScope): StatementResult {
  const schema = outputSchema(statement.query, scope.sql, scope.planner)
  const names = statement.columns.map((column) => column.name)
  if (names.length > 0 && names.length !== schema.fields.length) {
    throw new MillraceError(
      'INVALID_DEFINITION',
      `the view names ${names.length} columns, but its query has ${schema.fields.length}`,
      { position: positionOf(scope.sql, statement.name.span) },
    )
  }
  const view: CatalogView = {
    kind: 'view',
    path: located(scope, statement.name.span, () => scope.catalog.resolvePath(namesOf(statement.name))),
    temporary: statement.temporary,
    ...queryTexts(statement.query, scope),
    ...(names.length === 0 ? {} : { columnNames: names }),
    ...(statement.comment === undefined ? {} : { comment: statement.comment.value }),
  }
  located(scope, statement.name.span, () => {
    scope.catalog.createTable(view, statement.ifNotExists)
  })
  return DONE
}

function queryTexts(query: Query, scope: StatementScope): { query: string; originalQuery: string } {
  return {
    query: formatQuery(qualifyQuery(query, scope.planner)),
    originalQuery: scope.sql.slice(query.span.start, query.span.end),
  }
}

export function executeAlterView(statement: AlterView, scope: StatementScope): StatementResult {
  const { action } = statement
  const view = located(scope, statement.name.span, () => scope.catalog.requireTable(namesOf(statement.name)))
  if (view.kind !== 'view') {
    throw new MillraceError('INVALID_ARGUMENT', `"${view.path.name}" is a table`, {
      position: positionOf(scope.sql, statement.name.span),
      hint: 'Write ALTER TABLE.',
    })
  }
  if (action.kind === 'rename') {
    located(scope, action.span, () => {
      scope.catalog.renameTable(view, namesOf(action.to).at(-1) ?? '')
    })
    return DONE
  }
  outputSchema(action.query, scope.sql, scope.planner)
  const { kind, path, temporary, comment } = view
  scope.catalog.replaceTable({
    kind,
    path,
    temporary,
    ...queryTexts(action.query, scope),
    ...(comment === undefined ? {} : { comment }),
  })
  return DONE
}

export function executeDropView(statement: DropView, scope: StatementScope): StatementResult {
  located(scope, statement.name.span, () => {
    scope.catalog.dropTable(
      scope.catalog.resolvePath(namesOf(statement.name)),
      'view',
      statement.temporary,
      statement.ifExists,
    )
  })
  return DONE
}
