/**
 * Tables of the catalog with everything that follows from their definition: types of computed columns, the rowtime
 * attribute, the primary key (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/create/).
 */
import type { ConnectorDescriptor } from '../../catalog/connector.ts'
import type { PlannerContext } from '../../catalog/reader.ts'
import { tableMetadata } from '../../catalog/table-options.ts'
import type { CatalogTable, TableColumn } from '../../catalog/table.ts'
import { MillraceError } from '../../core/errors.ts'
import { didYouMean } from '../../core/suggest.ts'
import { type Field, type SqlType, type TypeKind, typeToString, withNullability } from '../../core/types.ts'
import { parseExpression } from '../../parser/parse.ts'
import type { Expression } from '../expression.ts'
import { createBinderContext } from './binder-context.ts'
import { isCharacter } from './coercion.ts'
import { bindExpression, expressionContext } from './expression.ts'
import { scopeOf } from './scope.ts'
import { timeAttributeOf } from './types.ts'

interface ResolvedColumn {
  readonly name: string
  /** With the mark of a time attribute. */
  readonly type: SqlType
  readonly kind: TableColumn['kind']
  /** Of a computed column, over the physical and metadata columns in the order of `stored`. */
  readonly expression?: Expression
}

interface ResolvedWatermark {
  /** Position among all columns. */
  readonly column: number
  /** Over all columns, in their order. */
  readonly expression: Expression
}

export interface ResolvedTable {
  readonly table: CatalogTable
  readonly columns: readonly ResolvedColumn[]
  /** Physical and metadata columns: what a source reads. */
  readonly stored: readonly Field[]
  readonly watermark?: ResolvedWatermark
  /** Positions among all columns. */
  readonly primaryKey: readonly number[]
}

/**
 * Checks the columns, the watermark, the key and the metadata keys of a table. Options are checked by whoever uses
 * the table.
 *
 * @throws MillraceError INVALID_DEFINITION, UNKNOWN_COLUMN, TYPE_MISMATCH, UNKNOWN_FUNCTION; without position, as the
 *   definition is not part of the statement
 */
export function resolveTable(table: CatalogTable, planner: PlannerContext): ResolvedTable {
  const stored = table.columns.flatMap((column) =>
    column.kind === 'computed' ? [] : [{ name: column.name, type: column.type }],
  )
  checkNames(table)
  checkMetadata(table, planner)
  const columns = table.columns.map((column) => resolveColumnOf(table, column, stored, planner))
  const primaryKey = primaryKeyOf(table, columns)
  const watermark = resolveWatermark(table, columns, planner)
  if (watermark === undefined) return { table, columns, stored, primaryKey }
  return { table, columns: markRowtime(columns, watermark.column), stored, watermark, primaryKey }
}

function checkNames(table: CatalogTable): void {
  const seen = new Set<string>()
  for (const { name } of table.columns) {
    if (seen.has(name)) {
      throw new MillraceError('INVALID_DEFINITION', `column "${name}" is defined twice in table "${table.path.name}"`)
    }
    seen.add(name)
  }
  for (const key of table.partitionKeys) {
    const column = table.columns.find((candidate) => candidate.name === key)
    if (column === undefined) throw unknown(table, key, 'partition key')
    if (column.kind !== 'physical') {
      throw new MillraceError('INVALID_DEFINITION', `partition key "${key}" is not a physical column`)
    }
  }
}

function unknown(table: CatalogTable, name: string, role: string): MillraceError {
  const names = table.columns.map((column) => column.name)
  return new MillraceError('UNKNOWN_COLUMN', `${role} "${name}" is not a column of table "${table.path.name}"`, {
    hint: didYouMean(name, names) ?? `Its columns are: ${names.join(', ')}.`,
  })
}

function checkMetadata(table: CatalogTable, planner: PlannerContext): void {
  const connector = planner.connectors.get(table.options['connector'] ?? '')
  if (connector === undefined) return
  const metadata = tableMetadata(table.options, connector, planner)
  for (const column of table.columns) {
    if (column.kind !== 'metadata') continue
    const key = column.from ?? column.name
    const known = metadata.find((candidate) => candidate.key === key)
    if (known === undefined)
      throw unknownMetadata(
        table,
        column.name,
        key,
        metadata.map((item) => item.key),
      )
    const fits = isOfFormat(key, connector)
      ? isSameKind(known.type, column.type)
      : isReadableAs(known.type, column.type)
    if (!fits) {
      throw new MillraceError(
        'TYPE_MISMATCH',
        `metadata "${key}" is ${typeToString(known.type)} and cannot be read as ${typeToString(column.type)}`,
        {
          hint: `Declare column "${column.name}" ${typeToString(withNullability(known.type, true))}, and CAST it in a computed column or a query.`,
        },
      )
    }
    if (!known.writable && !column.virtual && connector.source === undefined) {
      throw new MillraceError(
        'INVALID_DEFINITION',
        `metadata "${key}" of connector "${connector.name}" cannot be written`,
        {
          hint: `Declare column "${column.name}" VIRTUAL.`,
        },
      )
    }
  }
}

/** A format gives its metadata in the type that it has, of any precision. */
function isOfFormat(key: string, connector: ConnectorDescriptor): boolean {
  return !connector.metadata.some((candidate) => candidate.key === key)
}

function isSameKind(from: SqlType, to: SqlType): boolean {
  const isText = ({ kind }: SqlType): boolean => kind === 'CHAR' || kind === 'VARCHAR'
  return from.kind === to.kind || (isText(from) && isText(to))
}

const INTEGERS: readonly TypeKind[] = ['TINYINT', 'SMALLINT', 'INT', 'BIGINT']

/** A connector gives integers in wider types and as text too, and instants in both kinds of timestamp. */
function isReadableAs(from: SqlType, to: SqlType): boolean {
  if (from.kind === 'MAP' && to.kind === 'MAP') return isSameKind(from.key, to.key) && isSameKind(from.value, to.value)
  if (isSameKind(from, to)) return true
  const [own, wanted] = [INTEGERS.indexOf(from.kind), INTEGERS.indexOf(to.kind)]
  if (own >= 0) return wanted > own || isCharacter(to)
  return isTimestamp(from) && isTimestamp(to)
}

function isTimestamp({ kind }: SqlType): boolean {
  return kind === 'TIMESTAMP' || kind === 'TIMESTAMP_LTZ'
}

function unknownMetadata(table: CatalogTable, column: string, key: string, keys: readonly string[]): MillraceError {
  const connector = table.options['connector'] ?? ''
  return new MillraceError(
    'INVALID_DEFINITION',
    `connector "${connector}" has no metadata "${key}" for column "${column}"`,
    {
      hint: didYouMean(key, keys) ?? (keys.length > 0 ? `Its metadata keys are: ${keys.join(', ')}.` : undefined),
    },
  )
}

function resolveColumnOf(
  table: CatalogTable,
  column: TableColumn,
  stored: readonly Field[],
  planner: PlannerContext,
): ResolvedColumn {
  if (column.kind !== 'computed') return { name: column.name, type: column.type, kind: column.kind }
  const expression = bindStored(column.expression, stored, planner, `computed column "${column.name}"`)
  if (expression.type.kind === 'NULL') {
    throw new MillraceError(
      'INVALID_DEFINITION',
      `computed column "${column.name}" of table "${table.path.name}" is always NULL`,
      {
        hint: 'CAST the NULL to a type.',
      },
    )
  }
  return { name: column.name, type: expression.type, kind: 'computed', expression }
}

/** The text is the table's, not the statement's: a position in it would point nowhere. */
function bindStored(sql: string, fields: readonly Field[], planner: PlannerContext, label: string): Expression {
  const context = expressionContext(createBinderContext(sql, planner), scopeOf([], fields), label)
  try {
    return bindExpression(context, parseExpression(sql))
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    throw new MillraceError(error.code, error.message, {
      detail: `In ${label}: ${sql}.${error.detail === undefined ? '' : ` ${error.detail}`}`,
      hint: error.hint,
    })
  }
}

function primaryKeyOf(table: CatalogTable, columns: readonly ResolvedColumn[]): readonly number[] {
  return (table.primaryKey?.columns ?? []).map((name) => {
    const index = columns.findIndex((column) => column.name === name)
    const column = columns[index]
    if (column === undefined) throw unknown(table, name, 'primary key column')
    if (column.kind !== 'physical') {
      throw new MillraceError('INVALID_DEFINITION', `primary key column "${name}" is not a physical column`)
    }
    return index
  })
}

function resolveWatermark(
  table: CatalogTable,
  columns: readonly ResolvedColumn[],
  planner: PlannerContext,
): ResolvedWatermark | undefined {
  if (table.watermark === undefined) return undefined
  const [name = '', ...rest] = table.watermark.column
  if (rest.length > 0) {
    throw new MillraceError(
      'UNSUPPORTED_FEATURE',
      `the watermark is declared for field "${table.watermark.column.join('.')}"`,
      {
        hint: `Add a computed column that reads the field, and declare the watermark for it.`,
      },
    )
  }
  const column = columns.findIndex((candidate) => candidate.name === name)
  const rowtime = columns[column]
  if (rowtime === undefined) throw unknown(table, name, 'watermark column')
  checkRowtime(rowtime.type, `rowtime attribute "${name}"`)
  const expression = bindStored(table.watermark.expression, columns, planner, `the watermark of "${name}"`)
  checkRowtime(expression.type, `the watermark of "${name}"`)
  return { column, expression }
}

function checkRowtime(type: SqlType, label: string): void {
  if (timeAttributeOf(type) === 'proctime') {
    throw new MillraceError('INVALID_DEFINITION', `${label} cannot be a processing-time attribute`)
  }
  if ((type.kind === 'TIMESTAMP' || type.kind === 'TIMESTAMP_LTZ') && type.precision <= 3) return
  throw new MillraceError('INVALID_DEFINITION', `${label} cannot be of type ${typeToString(type)}`, {
    detail: 'A watermark is TIMESTAMP(p) or TIMESTAMP_LTZ(p) with p at most 3.',
    hint: 'Declare the column TIMESTAMP(3), or compute one with CAST or TO_TIMESTAMP.',
  })
}

function markRowtime(columns: readonly ResolvedColumn[], rowtime: number): readonly ResolvedColumn[] {
  return columns.map((column, index) => {
    const { type } = column
    if (index !== rowtime || (type.kind !== 'TIMESTAMP' && type.kind !== 'TIMESTAMP_LTZ')) return column
    return { ...column, type: { ...type, timeAttribute: 'rowtime' } }
  })
}
