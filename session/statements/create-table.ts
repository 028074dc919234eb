/** CREATE TABLE in all its forms, and DROP TABLE. */
import type { CatalogTable } from '../../catalog/table.ts'
import { tableOptionSpecs } from '../../catalog/table-options.ts'
import { MillraceError } from '../../core/errors.ts'
import { parseOptions } from '../../core/option-values.ts'
import type { Schema } from '../../core/types.ts'
import type { CreateTable, DropTable, Identifier, Insert, ObjectName, Property, Query } from '../../parser/ast.ts'
import { positionOf } from '../../parser/ast.ts'
import { outputSchema } from '../../planner/plan.ts'
import { resolveTable } from '../../planner/bind/table.ts'
import { DONE, type StatementResult } from '../result.ts'
import { located, type StatementScope } from '../scope.ts'
import { executeInsert } from './dml.ts'
import { namesOf, optionsOf } from './names.ts'
import { columnOfDefinition, distributionOf, primaryKeyOf, watermarkOf, withKeyNotNull } from './table-definition.ts'
import { mergeLike } from './table-like.ts'

export async function executeCreateTable(statement: CreateTable, scope: StatementScope): Promise<StatementResult> {
  const table = defineTable(statement, scope)
  const names = namesOf(statement.name)
  if (statement.mode === 'REPLACE') located(scope, statement.name.span, () => scope.catalog.requireTable(names))
  const before = scope.catalog.findTable(names)
  const exists = before !== undefined
  if (statement.mode !== 'CREATE' && exists) scope.catalog.replaceTable(table)
  else {
    located(scope, statement.name.span, () => {
      scope.catalog.createTable(table, statement.ifNotExists)
    })
  }
  if (statement.query === undefined || (exists && statement.mode === 'CREATE')) return DONE
  try {
    return await executeInsert(insertOf(statement, statement.query, scope), scope)
  } catch (error) {
    // What cannot be filled is not left behind.
    if (before?.kind === 'table') scope.catalog.replaceTable(before)
    else scope.catalog.dropTable(table.path, 'table', table.temporary, true)
    throw error
  }
}

/** AS query: what the query gives goes into the columns of the same names, wherever they stand in the table. */
function insertOf(statement: CreateTable, query: Query, scope: StatementScope): Insert {
  const { span, name } = statement
  const columns = outputSchema(query, scope.sql, scope.planner).fields.map(
    (field): ObjectName => ({
      kind: 'object-name',
      parts: [{ kind: 'identifier', name: field.name, quoted: true, span }],
      span,
    }),
  )
  return { kind: 'insert', overwrite: false, table: name, hints: [], partition: [], columns, query, span }
}

/** The table as it will be in the catalog, checked. */
export function defineTable(statement: CreateTable, scope: StatementScope): CatalogTable {
  checkColumnNames(statement, scope)
  const constraints = [
    ...statement.columns.flatMap((column) =>
      column.kind === 'physical-column' && column.constraint !== undefined ? [column.constraint] : [],
    ),
    ...statement.constraints,
  ]
  const key = primaryKeyOf(constraints, scope)
  const watermark = watermarkOf(statement.watermarks, scope)
  const declared = statement.columns.map((column) => columnOfDefinition(column, scope))
  const columns =
    statement.query === undefined
      ? declared
      : [
          ...declared,
          ...queryColumns(
            statement,
            declared.map((column) => column.name),
            scope,
          ),
        ]
  const own: CatalogTable = {
    kind: 'table',
    path: located(scope, statement.name.span, () => scope.catalog.resolvePath(namesOf(statement.name))),
    temporary: statement.temporary,
    columns: withKeyNotNull(columns, key),
    partitionKeys: statement.partitionedBy.map((column) => column.name),
    options: optionsOf(statement.options),
    ...(watermark === undefined ? {} : { watermark }),
    ...(key === undefined ? {} : { primaryKey: key }),
    ...(statement.distribution === undefined ? {} : { distribution: distributionOf(statement.distribution) }),
    ...(statement.comment === undefined ? {} : { comment: statement.comment.value }),
  }
  const table = statement.like === undefined ? own : likeTable(own, statement.like, scope)
  checkOptions(table, statement.options, scope)
  located(scope, statement.span, () => resolveTable(table, scope.planner))
  return table
}

function likeTable(own: CatalogTable, like: NonNullable<CreateTable['like']>, scope: StatementScope): CatalogTable {
  return located(scope, like.source.span, () => {
    const source = scope.catalog.requireTable(namesOf(like.source))
    if (source.kind === 'view') {
      throw new MillraceError('INVALID_DEFINITION', `"${source.path.name}" is a view: LIKE takes a table`)
    }
    return mergeLike(own, source, like, scope.sql)
  })
}

function checkColumnNames(statement: CreateTable, scope: StatementScope): void {
  const seen = new Set<string>()
  for (const { name } of statement.columns) {
    if (seen.has(name.name)) {
      throw new MillraceError('INVALID_DEFINITION', `column "${name.name}" is defined twice`, {
        position: positionOf(scope.sql, name.span),
      })
    }
    seen.add(name.name)
  }
  const mustExist = (column: Identifier): void => {
    if (statement.like !== undefined || statement.query !== undefined || seen.has(column.name)) return
    throw new MillraceError('UNKNOWN_COLUMN', `column "${column.name}" is not in the table`, {
      position: positionOf(scope.sql, column.span),
    })
  }
  for (const column of statement.partitionedBy) mustExist(column)
  for (const constraint of statement.constraints) for (const column of constraint.columns) mustExist(column)
}

function queryColumns(
  statement: CreateTable,
  declared: readonly string[],
  scope: StatementScope,
): CatalogTable['columns'] {
  if (statement.query === undefined) return []
  const schema: Schema = outputSchema(statement.query, scope.sql, scope.planner)
  const ordered = statement.columnOrder?.map((identifier) => {
    const field = schema.fields.find((candidate) => candidate.name === identifier.name)
    if (field !== undefined) return field
    throw new MillraceError('UNKNOWN_COLUMN', `the query has no column "${identifier.name}"`, {
      position: positionOf(scope.sql, identifier.span),
    })
  })
  return (ordered ?? schema.fields)
    .filter((field) => !declared.includes(field.name))
    .map((field) => ({ kind: 'physical', name: field.name, type: withoutTimeAttribute(field.type) }))
}

function withoutTimeAttribute(type: Schema['fields'][number]['type']): Schema['fields'][number]['type'] {
  if (type.kind !== 'TIMESTAMP' && type.kind !== 'TIMESTAMP_LTZ') return type
  return { kind: type.kind, precision: type.precision, nullable: type.nullable }
}

/**
 * Options are checked when the table is made, so that the error points at the option. A connector that is not known
 * here is an error only when the table is used: the definition may be meant for another engine.
 */
function checkOptions(table: CatalogTable, properties: readonly Property[], scope: StatementScope): void {
  const seen = new Set<string>()
  for (const property of properties) {
    if (seen.has(property.key.value)) {
      throw new MillraceError('INVALID_OPTION', `option "${property.key.value}" is given twice`, {
        position: positionOf(scope.sql, property.key.span),
      })
    }
    seen.add(property.key.value)
  }
  const connector = scope.planner.connectors.get(table.options['connector'] ?? '')
  if (connector === undefined) return
  const label = `table "${table.path.name}"`
  const specs = located(
    scope,
    statementOptionSpan(properties, 'format') ?? properties[0]?.span ?? { start: 0, end: 0 },
    () => tableOptionSpecs(table.options, connector, scope.planner, label),
  )
  const optional = specs.map((spec) => ({ ...spec, required: false }))
  for (const property of properties) {
    located(scope, property.key.span, () =>
      parseOptions(optional, { [property.key.value]: property.value.value }, { label }),
    )
  }
}

function statementOptionSpan(properties: readonly Property[], suffix: string): Property['span'] | undefined {
  return properties.find((property) => property.key.value.endsWith(suffix))?.span
}

export function executeDropTable(statement: DropTable, scope: StatementScope): StatementResult {
  located(scope, statement.name.span, () => {
    scope.catalog.dropTable(
      scope.catalog.resolvePath(namesOf(statement.name)),
      'table',
      statement.temporary,
      statement.ifExists,
    )
  })
  return DONE
}
