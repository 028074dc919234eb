/** ALTER TABLE (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/alter/#alter-table). */
import type { CatalogTable, PrimaryKey, TableColumn } from '../../catalog/table.ts'
import { MillraceError, unreachable } from '../../core/errors.ts'
import { didYouMean } from '../../core/suggest.ts'
import type { AlterTable, ChangeSchema, ColumnChange, Span } from '../../parser/ast.ts'
import { positionOf } from '../../parser/ast.ts'
import { resolveTable } from '../../planner/bind/table.ts'
import { DONE, type StatementResult } from '../result.ts'
import { located, type StatementScope } from '../scope.ts'
import { without } from './databases.ts'
import { namesOf, optionsOf } from './names.ts'
import { columnOfDefinition, distributionOf, primaryKeyOf, watermarkOf, withKeyNotNull } from './table-definition.ts'

export function executeAlterTable(statement: AlterTable, scope: StatementScope): StatementResult {
  const names = namesOf(statement.name)
  if (statement.ifExists && scope.catalog.findTable(names) === undefined) return DONE
  const table = located(scope, statement.name.span, () => scope.catalog.requireTable(names))
  if (table.kind === 'view') {
    throw new MillraceError('INVALID_ARGUMENT', `"${table.path.name}" is a view`, {
      position: positionOf(scope.sql, statement.name.span),
      hint: 'Write ALTER VIEW.',
    })
  }
  const { action } = statement
  if (action.kind === 'rename') {
    located(scope, action.span, () => {
      scope.catalog.renameTable(table, namesOf(action.to).at(-1) ?? '')
    })
    return DONE
  }
  const changed = changeTable(table, action, scope)
  located(scope, action.span, () => resolveTable(changed, scope.planner))
  scope.catalog.replaceTable(changed)
  return DONE
}

type Action = Exclude<AlterTable['action'], { readonly kind: 'rename' }>

function changeTable(table: CatalogTable, action: Action, scope: StatementScope): CatalogTable {
  switch (action.kind) {
    case 'set-options':
      return { ...table, options: { ...table.options, ...optionsOf(action.options) } }
    case 'reset-options': {
      const keys = action.keys.map((key) => key.value)
      if (keys.includes('connector')) {
        throw new MillraceError('INVALID_ARGUMENT', 'option "connector" cannot be reset', {
          position: positionOf(scope.sql, action.span),
        })
      }
      return { ...table, options: without(table.options, keys) }
    }
    case 'change-schema':
      return changeSchema(table, action, scope)
    case 'drop-columns': {
      const dropped = action.columns.map((column) => ({ name: namesOf(column).join('.'), span: column.span }))
      for (const { name, span } of dropped) {
        requireColumn(table, name, span, scope)
        forbidUse(table, name, span, scope)
      }
      return { ...table, columns: table.columns.filter((column) => !dropped.some(({ name }) => name === column.name)) }
    }
    case 'rename-column':
      return renameColumn(table, namesOf(action.from).join('.'), namesOf(action.to).join('.'), action.from.span, scope)
    case 'drop-primary-key':
    case 'drop-constraint': {
      const { primaryKey, ...rest } = table
      if (
        primaryKey === undefined ||
        (action.kind === 'drop-constraint' && constraintName(primaryKey) !== action.name.name)
      ) {
        throw missing(
          action.kind === 'drop-constraint' ? `constraint "${action.name.name}"` : 'primary key',
          action.span,
          scope,
        )
      }
      return rest
    }
    case 'drop-watermark': {
      const { watermark, ...rest } = table
      if (watermark === undefined) throw missing('watermark', action.span, scope)
      return rest
    }
    case 'change-distribution':
      return { ...table, distribution: distributionOf(action.distribution) }
    case 'drop-distribution': {
      const { distribution, ...rest } = table
      if (distribution === undefined) throw missing('distribution', action.span, scope)
      return rest
    }
    case 'add-partitions':
    case 'drop-partitions':
      throw new MillraceError('UNSUPPORTED_FEATURE', 'partitions of a table cannot be added or dropped', {
        position: positionOf(scope.sql, action.span),
        detail: 'The catalog keeps no list of partitions: they are what the connector finds.',
      })
    default:
      return unreachable(action)
  }
}

/** The name that SHOW CREATE TABLE gives to a key without one. */
function constraintName(key: PrimaryKey): string {
  return key.name ?? `PK_${key.columns.join('_')}`
}

function missing(what: string, span: Span, scope: StatementScope): MillraceError {
  return new MillraceError('INVALID_ARGUMENT', `the table has no ${what}`, { position: positionOf(scope.sql, span) })
}

function requireColumn(table: CatalogTable, name: string, span: Span, scope: StatementScope): TableColumn {
  const column = table.columns.find((candidate) => candidate.name === name)
  if (column !== undefined) return column
  throw new MillraceError('UNKNOWN_COLUMN', `column "${name}" is not in table "${table.path.name}"`, {
    position: positionOf(scope.sql, span),
    hint: didYouMean(
      name,
      table.columns.map((candidate) => candidate.name),
    ),
  })
}

function forbidUse(table: CatalogTable, name: string, span: Span, scope: StatementScope): void {
  const mentions = (expression: string): boolean =>
    expression.includes(`\`${name}\``) || new RegExp(`\\b${escapeRegExp(name)}\\b`).test(expression)
  const user =
    table.primaryKey?.columns.includes(name) === true
      ? 'the primary key'
      : table.watermark?.column[0] === name || mentions(table.watermark?.expression ?? '')
        ? 'the watermark'
        : table.partitionKeys.includes(name)
          ? 'PARTITIONED BY'
          : computedUser(table, name, mentions)
  if (user === undefined) return
  throw new MillraceError('OBJECT_IN_USE', `column "${name}" is used by ${user}`, {
    position: positionOf(scope.sql, span),
  })
}

function computedUser(
  table: CatalogTable,
  name: string,
  mentions: (expression: string) => boolean,
): string | undefined {
  const user = table.columns.find(
    (column) => column.kind === 'computed' && column.name !== name && mentions(column.expression),
  )
  return user === undefined ? undefined : `computed column "${user.name}"`
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

function renameColumn(table: CatalogTable, from: string, to: string, span: Span, scope: StatementScope): CatalogTable {
  requireColumn(table, from, span, scope)
  if (table.columns.some((column) => column.name === to)) {
    throw new MillraceError('INVALID_ARGUMENT', `column "${to}" is in the table already`, {
      position: positionOf(scope.sql, span),
    })
  }
  const inKey = table.primaryKey?.columns.includes(from) === true
  if (!inKey) forbidUse(table, from, span, scope)
  const rename = (name: string): string => (name === from ? to : name)
  return {
    ...table,
    columns: table.columns.map((column) => (column.name === from ? { ...column, name: to } : column)),
    partitionKeys: table.partitionKeys.map(rename),
    ...(table.primaryKey === undefined
      ? {}
      : { primaryKey: { ...table.primaryKey, columns: table.primaryKey.columns.map(rename) } }),
  }
}

function changeSchema(table: CatalogTable, action: ChangeSchema, scope: StatementScope): CatalogTable {
  const adding = action.verb === 'ADD'
  const inline = action.columns.flatMap(({ column }) =>
    column.kind === 'physical-column' && column.constraint !== undefined ? [column.constraint] : [],
  )
  const key = primaryKeyOf([...inline, ...action.constraints], scope)
  const watermark = watermarkOf(action.watermarks, scope)
  if (adding && key !== undefined && table.primaryKey !== undefined)
    throw already('primary key', 'MODIFY', action.span, scope)
  if (adding && watermark !== undefined && table.watermark !== undefined)
    throw already('watermark', 'MODIFY', action.span, scope)
  if (!adding && key !== undefined && table.primaryKey === undefined) throw missing('primary key', action.span, scope)
  if (!adding && watermark !== undefined && table.watermark === undefined)
    throw missing('watermark', action.span, scope)
  const columns = action.columns.reduce(
    (list, change) => placeColumn(table, list, change, adding, scope),
    [...table.columns],
  )
  const primaryKey = key ?? table.primaryKey
  return {
    ...table,
    columns: withKeyNotNull(columns, primaryKey),
    ...(primaryKey === undefined ? {} : { primaryKey }),
    ...(watermark === undefined ? {} : { watermark }),
  }
}

function already(what: string, verb: string, span: Span, scope: StatementScope): MillraceError {
  return new MillraceError('INVALID_ARGUMENT', `the table has a ${what} already`, {
    position: positionOf(scope.sql, span),
    hint: `Write ALTER TABLE … ${verb}.`,
  })
}

function placeColumn(
  table: CatalogTable,
  columns: readonly TableColumn[],
  change: ColumnChange,
  adding: boolean,
  scope: StatementScope,
): TableColumn[] {
  const column = columnOfDefinition(change.column, scope)
  const { span } = change.column.name
  const at = columns.findIndex((candidate) => candidate.name === column.name)
  if (adding && at >= 0) {
    throw new MillraceError('INVALID_ARGUMENT', `column "${column.name}" is in the table already`, {
      position: positionOf(scope.sql, span),
    })
  }
  if (!adding && at < 0) requireColumn(table, column.name, span, scope)
  const rest = columns.filter((candidate) => candidate.name !== column.name)
  if (change.position === undefined)
    return adding ? [...rest, column] : columns.map((old, index) => (index === at ? column : old))
  const after = change.position.after
  if (after === undefined) return [column, ...rest]
  const anchor = rest.findIndex((candidate) => candidate.name === after.name)
  if (anchor < 0) requireColumn(table, after.name, after.span, scope)
  return [...rest.slice(0, anchor + 1), column, ...rest.slice(anchor + 1)]
}
