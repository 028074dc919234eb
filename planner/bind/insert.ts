/**
 * INSERT: which columns are filled, the check of the query's types against the table's, implicit casts
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/insert/).
 */
import { checkSinkFormats, tableMetadata } from '../../catalog/table-options.ts'
import type { CatalogTable, TableColumn } from '../../catalog/table.ts'
import { pathToString } from '../../catalog/table.ts'
import { didYouMean } from '../../core/suggest.ts'
import { type Field, type SqlType, typeToString, withNullability } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import { positionOf } from '../../parser/ast.ts'
import type { Expression } from '../expression.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createProject } from '../logical/project.ts'
import { createSink, type Sink } from '../logical/sink.ts'
import { type BinderContext, errorAt, unsupported, withPosition } from './binder-context.ts'
import { implicitCast } from './call.ts'
import { supportsImplicitCast } from './coercion.ts'
import { bindExpression, expressionContext } from './expression.ts'
import { hintedOptions, unknownTable } from './from.ts'
import { literal } from './literal.ts'
import { convertColumns } from './convert.ts'
import { bindQuery } from './query.ts'
import { EMPTY_SCOPE } from './scope.ts'
import { useTable } from './table-plan.ts'
import { resolveTable } from './table.ts'
import { withoutTimeAttribute } from './types.ts'

type WritableColumn = Exclude<TableColumn, { readonly kind: 'computed' }>

export function bindInsert(context: BinderContext, node: ast.Insert): Sink {
  const table = requireSinkTable(context, node)
  const options = hintedOptions(context, table, node.hints)
  checkSink(context, node, table, options)
  const writable = table.columns.filter(isWritable)
  const fixed = staticPartition(context, node, writable)
  const targets = targetColumns(context, node, table, writable, fixed)
  const query = bindQuery(context, node.query)
  const fields = targets.map((column): Field => ({ name: column.name, type: column.type }))
  checkSchema(context, node, table, query, fields)
  const converted = convertColumns(query, asWritten(query, fields))
  const input = fillColumns(context, node, writable, targets, fixed, converted)
  return createSink({
    input,
    table,
    options,
    columns: writable.map((column) => column.name),
    overwrite: node.overwrite,
    ...(node.onConflict === undefined ? {} : { onConflict: node.onConflict }),
    position: positionOf(context.sql, node.table.span),
  })
}

/** The sink's types, but NOT NULL only where the query says so: what arrives is checked when the job runs. */
function asWritten(query: LogicalNode, fields: readonly Field[]): readonly Field[] {
  return fields.map((field, index) => {
    const nullable = query.schema.fields[index]?.type.nullable ?? true
    return { ...field, type: withNullability(field.type, nullable) }
  })
}

/** Physical columns, and metadata columns that are not VIRTUAL. */
function isWritable(column: TableColumn): column is WritableColumn {
  return column.kind === 'physical' || (column.kind === 'metadata' && !column.virtual)
}

function requireSinkTable(context: BinderContext, node: ast.Insert): CatalogTable {
  const parts = node.table.parts.map((part) => part.name)
  const entry = withPosition(context, node.table.span, () => context.planner.catalog.findTable(parts))
  if (entry === undefined) throw unknownTable(context, node.table)
  if (entry.kind === 'table') return entry
  throw errorAt(context, node.table.span, 'INVALID_ARGUMENT', `"${entry.path.name}" is a view and cannot be written`)
}

function checkSink(
  context: BinderContext,
  node: ast.Insert,
  table: CatalogTable,
  options: Readonly<Record<string, string>>,
): void {
  const { span } = node.table
  const { descriptor, values } = withPosition(context, span, () => useTable(table, options, context.planner))
  withPosition(context, span, () => checkSinkFormats(options, values, context.planner))
  withPosition(context, span, () => resolveTable(table, context.planner))
  const { sink } = descriptor
  if (sink === undefined) {
    throw errorAt(context, span, 'INVALID_ARGUMENT', `table "${table.path.name}" cannot be written`, {
      detail: `Connector "${descriptor.name}" is only a source.`,
    })
  }
  if (node.overwrite && !sink.overwrite) {
    throw errorAt(context, span, 'INVALID_ARGUMENT', `table "${table.path.name}" does not take INSERT OVERWRITE`, {
      detail: `Connector "${descriptor.name}" cannot replace what is there.`,
      hint: 'Write INSERT INTO.',
    })
  }
  const metadata = tableMetadata(options, descriptor, context.planner)
  for (const column of table.columns) {
    if (column.kind !== 'metadata' || column.virtual) continue
    const key = column.from ?? column.name
    if (metadata.find((item) => item.key === key)?.writable !== false) continue
    throw errorAt(
      context,
      span,
      'INVALID_DEFINITION',
      `metadata "${key}" of connector "${descriptor.name}" cannot be written`,
      {
        hint: `Declare column "${column.name}" VIRTUAL.`,
      },
    )
  }
}

interface StaticValue {
  readonly column: WritableColumn
  readonly value: Expression
}

function staticPartition(
  context: BinderContext,
  node: ast.Insert,
  writable: readonly WritableColumn[],
): readonly StaticValue[] {
  return node.partition.map((entry) => {
    const column = requireColumn(context, entry.column, entry.column.name, writable)
    if (entry.value === undefined) {
      throw errorAt(context, entry.span, 'INVALID_ARGUMENT', `partition column "${column.name}" needs a value`)
    }
    const bound = bindExpression(expressionContext(context, EMPTY_SCOPE, 'PARTITION'), entry.value)
    const value = staticValue(bound, column.type)
    if (value !== undefined) return { column, value }
    throw errorAt(
      context,
      entry.value.span,
      'TYPE_MISMATCH',
      `partition column "${column.name}" is ${typeToString(column.type)}, not ${typeToString(bound.type)}`,
    )
  })
}

/** Partition values may be written as strings whatever the column's type. */
function staticValue(value: Expression, type: SqlType): Expression | undefined {
  if (supportsImplicitCast(value.type, type)) return implicitCast(value, withNullability(type, true))
  if (value.type.kind !== 'CHAR') return undefined
  return { kind: 'cast', input: value, safe: false, type }
}

function requireColumn(
  context: BinderContext,
  at: { readonly span: ast.Span },
  name: string,
  writable: readonly WritableColumn[],
): WritableColumn {
  const column = writable.find((candidate) => candidate.name === name)
  if (column !== undefined) return column
  const names = writable.map((candidate) => candidate.name)
  throw errorAt(context, at.span, 'UNKNOWN_COLUMN', `column "${name}" cannot be written`, {
    detail: 'The table has no such physical column.',
    hint: didYouMean(name, names) ?? `Columns: ${names.join(', ')}.`,
  })
}

function targetColumns(
  context: BinderContext,
  node: ast.Insert,
  table: CatalogTable,
  writable: readonly WritableColumn[],
  fixed: readonly StaticValue[],
): readonly WritableColumn[] {
  const isFixed = (column: WritableColumn): boolean => fixed.some((item) => item.column === column)
  if (node.columns === undefined) return writable.filter((column) => !isFixed(column))
  const seen = new Set<WritableColumn>()
  for (const name of node.columns) {
    const [first, second] = name.parts
    if (second !== undefined) throw unsupported(context, name.span, 'a field of a ROW column as target')
    const computed = table.columns.find((column) => column.name === first?.name)
    if (computed?.kind === 'computed') {
      throw errorAt(
        context,
        name.span,
        'INVALID_ARGUMENT',
        `column "${computed.name}" is computed and cannot be written`,
      )
    }
    const column = requireColumn(context, name, first?.name ?? '', writable)
    if (seen.has(column))
      throw errorAt(context, name.span, 'INVALID_ARGUMENT', `column "${column.name}" is given twice`)
    seen.add(column)
  }
  return [...seen].filter((column) => !isFixed(column))
}

function checkSchema(
  context: BinderContext,
  node: ast.Insert,
  table: CatalogTable,
  query: LogicalNode,
  sink: readonly Field[],
): void {
  const { fields } = query.schema
  const mismatch = (cause: string, column?: number): Error =>
    errorAt(
      context,
      columnSpan(node.query, column) ?? node.query.span,
      'TYPE_MISMATCH',
      `column types of query result and sink for "${pathToString(table.path)}" do not match`,
      { detail: `${cause}\nQuery schema: [${schemaText(fields)}]\nSink schema:  [${schemaText(sink)}]` },
    )
  if (fields.length !== sink.length) throw mismatch('Different number of columns.')
  for (const [index, field] of fields.entries()) {
    const target = sink[index]
    if (target === undefined || supportsImplicitCast(field.type, target.type)) continue
    throw mismatch(`Incompatible types for sink column "${target.name}" at position ${index}.`, index)
  }
}

function schemaText(fields: readonly Field[]): string {
  return fields.map((field) => `${field.name}: ${typeToString(withoutTimeAttribute(field.type))}`).join(', ')
}

/** Where the n-th column of the query is written, if it can be told. */
function columnSpan(query: ast.Query, column: number | undefined): ast.Span | undefined {
  if (column === undefined) return undefined
  const { body } = query
  if (body.kind === 'values') return body.rows[0]?.values[column]?.span
  if (body.kind !== 'select' || body.items.some((item) => item.expression.kind === 'star')) return undefined
  return body.items[column]?.span
}

/** All writable columns in the table's order: from the query, from PARTITION, or NULL. */
function fillColumns(
  context: BinderContext,
  node: ast.Insert,
  writable: readonly WritableColumn[],
  targets: readonly WritableColumn[],
  fixed: readonly StaticValue[],
  input: LogicalNode,
): LogicalNode {
  const inOrder = targets.length === writable.length && targets.every((column, index) => column === writable[index])
  if (inOrder) return input
  const expressions = writable.map((column): Expression => {
    const index = targets.indexOf(column)
    const field = input.schema.fields[index]
    if (field !== undefined) return { kind: 'input', index, type: field.type }
    const given = fixed.find((item) => item.column === column)
    if (given !== undefined) return given.value
    if (column.type.nullable) return literal(null, column.type)
    throw errorAt(
      context,
      node.table.span,
      'NOT_NULL_VIOLATION',
      `column "${column.name}" gets no value and cannot be NULL`,
      {
        detail: `It is ${typeToString(column.type)}.`,
      },
    )
  })
  const fields = writable.map(
    (column, index): Field => ({ name: column.name, type: expressions[index]?.type ?? column.type }),
  )
  return createProject(input, expressions, { fields })
}
