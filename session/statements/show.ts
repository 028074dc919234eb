/** SHOW …, with the columns that Flink prints (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/show/). */
import { showCreateCatalog, showCreateTable, showCreateView } from '../../catalog/show-create.ts'
import { MillraceError, unreachable } from '../../core/errors.ts'
import { findSpec } from '../../core/option-values.ts'
import type { LikeFilter, ObjectName, Show, ShowCreate } from '../../parser/ast.ts'
import { type StatementResult, table } from '../result.ts'
import { located, type StatementScope } from '../scope.ts'
import { namesOf } from './names.ts'

export function executeShow(statement: Show, scope: StatementScope): StatementResult {
  const { catalog } = scope
  const list = (column: string, names: readonly string[]): StatementResult =>
    table(
      [column],
      names.filter(likeTest(statement.filter)).map((name) => [name]),
    )
  switch (statement.object) {
    case 'CATALOGS':
      return list('catalog name', catalog.catalogNames())
    case 'CURRENT CATALOG':
      return list('current catalog name', [catalog.currentCatalog])
    case 'CURRENT DATABASE':
      return list('current database name', [catalog.currentDatabase])
    case 'DATABASES': {
      const from = statement.scope === undefined ? undefined : namesOf(statement.scope).at(-1)
      return list(
        'database name',
        located(scope, statement.scope?.span ?? statement.span, () => catalog.databaseNames(from)),
      )
    }
    case 'TABLES':
      return list('table name', entryNames(statement, scope, ['table', 'view']))
    case 'VIEWS':
      return list('view name', entryNames(statement, scope, ['view']))
    case 'FUNCTIONS':
      return list('function name', [
        ...scope.functions.builtInNames().map((name) => name.toLowerCase()),
        ...userFunctions(statement, scope),
      ])
    case 'USER FUNCTIONS':
      return list('function name', userFunctions(statement, scope))
    case 'MODULES':
      return list('module name', ['core'])
    case 'FULL MODULES':
      return table(['module name', '?used'], [['core', true]])
    case 'JARS':
      return list('jars', [])
    case 'MODELS':
      return list('model name', [])
    case 'PROCEDURES':
      return list('procedure name', [])
    case 'MATERIALIZED TABLES':
      return list('materialized table name', [])
    case 'JOBS':
      return table(
        ['job id', 'job name', 'status', 'start time'],
        scope.jobs
          .list()
          .map((job) => [job.id, job.name, job.status, new Date(job.startTime).toISOString().slice(0, 23)]),
      )
    default:
      return unreachable(statement.object)
  }
}

function databaseOf(name: ObjectName | undefined, scope: StatementScope): readonly [string, string] {
  const [first, second] = name === undefined ? [] : namesOf(name)
  if (first === undefined) return [scope.catalog.currentCatalog, scope.catalog.currentDatabase]
  return second === undefined ? [scope.catalog.currentCatalog, first] : [first, second]
}

function entryNames(statement: Show, scope: StatementScope, kinds: readonly string[]): string[] {
  const [catalog, database] = databaseOf(statement.scope, scope)
  const entries = located(scope, statement.scope?.span ?? statement.span, () =>
    scope.catalog.entries(catalog, database),
  )
  return entries.filter((entry) => kinds.includes(entry.kind)).map((entry) => entry.path.name)
}

function userFunctions(statement: Show, scope: StatementScope): string[] {
  const [catalog, database] = databaseOf(statement.scope, scope)
  return located(scope, statement.span, () => scope.catalog.functions(catalog, database)).map((item) => item.path.name)
}

/** SQL LIKE over names; LIKE in SHOW is case-sensitive, ILIKE is not. */
export function likeTest(filter: LikeFilter | undefined): (name: string) => boolean {
  if (filter === undefined) return () => true
  const source = filter.pattern.value
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('%', '.*')
    .replaceAll('_', '.')
  const pattern = new RegExp(`^${source}$`, filter.operator === 'ILIKE' ? 'is' : 's')
  return (name) => pattern.test(name) !== filter.negated
}

export function executeShowCreate(statement: ShowCreate, scope: StatementScope): StatementResult {
  const names = namesOf(statement.name)
  return located(scope, statement.name.span, () => {
    if (statement.object === 'CATALOG') {
      const name = names.join('.')
      return { kind: 'text', column: 'result', text: showCreateCatalog(name, scope.catalog.catalogInfo(name)) }
    }
    if (statement.object !== 'TABLE' && statement.object !== 'VIEW') {
      throw new MillraceError('UNSUPPORTED_FEATURE', `SHOW CREATE ${statement.object} is not supported`)
    }
    const entry = scope.catalog.requireTable(names)
    if (entry.kind !== statement.object.toLowerCase()) {
      throw new MillraceError('INVALID_ARGUMENT', `"${names.join('.')}" is a ${entry.kind}`, {
        hint: `Write SHOW CREATE ${entry.kind.toUpperCase()}.`,
      })
    }
    const text =
      entry.kind === 'view'
        ? showCreateView(entry)
        : showCreateTable(entry, secretOption(entry.options['connector'], scope))
    return { kind: 'text', column: 'result', text }
  })
}

function secretOption(connector: string | undefined, scope: StatementScope): (key: string) => boolean {
  const specs = scope.planner.connectors.get(connector ?? '')?.options ?? []
  return (key) => findSpec(specs, key)?.secret === true || /password|secret|token/i.test(key)
}
