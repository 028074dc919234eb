/** DESCRIBE and SHOW COLUMNS (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/describe/). */
import type { CatalogFunction } from '../../catalog/state.ts'
import type { CatalogEntry, CatalogTable } from '../../catalog/table.ts'
import { parseTableOptions } from '../../catalog/table-options.ts'
import { MillraceError } from '../../core/errors.ts'
import { type SqlType, typeToString, withNullability } from '../../core/types.ts'
import { parseQuery } from '../../parser/parse.ts'
import type { Describe, ShowColumns } from '../../parser/ast.ts'
import { resolveTable } from '../../planner/bind/table.ts'
import { outputSchema } from '../../planner/plan.ts'
import { type Cell, type StatementResult, table } from '../result.ts'
import { located, type StatementScope } from '../scope.ts'
import { functionSpecOf, signatureText } from '../user-functions.ts'
import { namesOf } from './names.ts'
import { likeTest } from './show.ts'

const COLUMNS = ['name', 'type', '?null', 'key', 'extras', 'watermark']

export function executeDescribe(statement: Describe, scope: StatementScope): StatementResult {
  return located(scope, statement.name.span, () => {
    const names = namesOf(statement.name)
    switch (statement.object) {
      case 'TABLE':
        return describeTable(scope.catalog.requireTable(names), statement.extended, scope)
      case 'CATALOG':
        return describeCatalog(names.join('.'), statement.extended, scope)
      case 'DATABASE':
        return describeDatabase(names, statement.extended, scope)
      case 'FUNCTION':
        return describeFunction(names, scope)
      default:
        throw new MillraceError('UNSUPPORTED_FEATURE', 'DESCRIBE MODEL is not supported')
    }
  })
}

export function executeShowColumns(statement: ShowColumns, scope: StatementScope): StatementResult {
  return located(scope, statement.table.span, () => {
    const test = likeTest(statement.filter)
    const rows = columnRows(scope.catalog.requireTable(namesOf(statement.table)), scope)
    return table(
      COLUMNS,
      rows.filter((row) => test(String(row[0]))),
    )
  })
}

function describeTable(entry: CatalogEntry, extended: boolean, scope: StatementScope): StatementResult {
  const rows = columnRows(entry, scope)
  const comments = entry.kind === 'table' ? entry.columns.map((column) => column.comment ?? null) : []
  const withComments = comments.some((comment) => comment !== null)
  const lines = withComments ? rows.map((row, index) => [...row, comments[index] ?? null]) : rows
  const columns = withComments ? [...COLUMNS, 'comment'] : COLUMNS
  if (!extended || entry.kind === 'view') return table(columns, lines)
  const width = columns.length
  const extra = extendedRows(entry, scope).map(([name, value]) => [
    name,
    value,
    ...Array.from({ length: width - 2 }, () => null),
  ])
  return table(columns, [...lines, ...extra])
}

/** What DESCRIBE EXTENDED adds: the connector and the guarantee it gives. */
function extendedRows(entry: CatalogTable, scope: StatementScope): [string, string][] {
  const connector = entry.options['connector']
  const descriptor = scope.planner.connectors.get(connector ?? '')
  const rows: [string, string][] = [['# connector', connector ?? '(none)']]
  if (descriptor === undefined) return rows
  const options = parseTableOptions(entry.options, scope.planner, `table "${entry.path.name}"`)
  if (descriptor.source !== undefined) {
    rows.push([
      '# source',
      `${descriptor.source.isBounded(entry, options) ? 'bounded' : 'unbounded'}, ${descriptor.source.guarantee}`,
    ])
  }
  if (descriptor.sink !== undefined) rows.push(['# sink', descriptor.sink.guarantee(entry, options)])
  if (entry.partitionKeys.length > 0) rows.push(['# partitioned by', entry.partitionKeys.join(', ')])
  if (entry.comment !== undefined) rows.push(['# comment', entry.comment])
  return rows
}

function columnRows(entry: CatalogEntry, scope: StatementScope): Cell[][] {
  if (entry.kind === 'view') {
    const { fields } = outputSchema(parseQuery(entry.query), entry.query, scope.planner)
    return fields.map((field, index) => [
      entry.columnNames?.[index] ?? field.name,
      shownType(field.type),
      field.type.nullable,
      null,
      null,
      null,
    ])
  }
  const key = entry.primaryKey === undefined ? undefined : `PRI(${entry.primaryKey.columns.join(', ')})`
  const { columns } = resolveTable(entry, scope.planner)
  return entry.columns.map((column, index) => {
    const type = columns[index]?.type
    if (type === undefined) throw new MillraceError('INTERNAL_ERROR', `column "${column.name}" was not resolved`)
    const inKey = entry.primaryKey?.columns.includes(column.name) === true
    const watermark = entry.watermark?.column[0] === column.name ? entry.watermark.expression : null
    return [column.name, shownType(type), type.nullable, inKey ? (key ?? null) : null, extrasOf(column), watermark]
  })
}

function shownType(type: SqlType): string {
  return typeToString(withNullability(type, true))
}

function extrasOf(column: CatalogTable['columns'][number]): string | null {
  if (column.kind === 'computed') return `AS ${column.expression}`
  if (column.kind === 'physical') return null
  const from = column.from === undefined ? '' : ` FROM '${column.from}'`
  return `METADATA${from}${column.virtual ? ' VIRTUAL' : ''}`
}

function describeCatalog(name: string, extended: boolean, scope: StatementScope): StatementResult {
  const { options, comment } = scope.catalog.catalogInfo(name)
  const rows = [
    ['name', name],
    ['type', options['type'] ?? 'generic_in_memory'],
    ['comment', comment ?? ''],
  ]
  const more = extended
    ? Object.entries(options)
        .filter(([key]) => key !== 'type')
        .map(([key, value]) => [`option:${key}`, value])
    : []
  return table(['info name', 'info value'], [...rows, ...more])
}

function describeDatabase(names: readonly string[], extended: boolean, scope: StatementScope): StatementResult {
  const [catalog, database] =
    names.length > 1 ? [names[0] ?? '', names[1] ?? ''] : [scope.catalog.currentCatalog, names[0] ?? '']
  const { options, comment } = scope.catalog.databaseInfo(catalog, database)
  const rows = [
    ['catalog', catalog],
    ['database', database],
    ['comment', comment ?? ''],
  ]
  const more = extended ? Object.entries(options).map(([key, value]) => [`option:${key}`, value]) : []
  return table(['info name', 'info value'], [...rows, ...more])
}

function describeFunction(names: readonly string[], scope: StatementScope): StatementResult {
  const name = names.join('.')
  const builtIn = names.length === 1 ? scope.functions.findBuiltIn(name) : undefined
  if (builtIn !== undefined) {
    return table(
      ['info name', 'info value'],
      [
        ['is system function', 'true'],
        ['kind', builtIn.kind.toUpperCase()],
        ['is deterministic', String(builtIn.deterministic !== false)],
        ...builtIn.signatures.map((signature) => ['signature', signature]),
        ['description', builtIn.description],
        ...builtIn.examples.map((example) => ['example', `${example.sql} → ${example.result}`]),
      ],
    )
  }
  const own = scope.catalog.findFunction(names)
  if (own === undefined) throw new MillraceError('UNKNOWN_FUNCTION', `function "${name}" does not exist`)
  return table(
    ['info name', 'info value'],
    [
      ['is system function', 'false'],
      ['is temporary', String(own.temporary)],
      ['function language', own.language],
      ['identifier', own.identifier],
      ...userRows(own),
    ],
  )
}

function userRows(own: CatalogFunction): [string, string][] {
  const { user, deterministic } = functionSpecOf(own)
  if (user === undefined) return []
  return [
    ['kind', user.kind.toUpperCase()],
    ['is deterministic', String(deterministic !== false)],
    ['signature', signatureText(user)],
  ]
}
