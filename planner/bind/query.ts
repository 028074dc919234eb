/** Queries: WITH, the body, ORDER BY, LIMIT. */
import { unreachable } from '../../core/errors.ts'
import type { Field, SqlType } from '../../core/types.ts'
import { typeToString } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { SourcePosition } from '../../core/errors.ts'
import type { Expression, SortField } from '../expression.ts'
import { createLimit } from '../logical/limit.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createProject, selectColumns } from '../logical/project.ts'
import { createSort } from '../logical/sort.ts'
import { createUnion } from '../logical/union.ts'
import { createValues } from '../logical/values.ts'
import { type BinderContext, errorAt, statementPosition, unsupported } from './binder-context.ts'
import { implicitCast } from './call.ts'
import { commonType } from './coercion.ts'
import { bindExpression, expressionContext } from './expression.ts'
import { planNamedTable, withoutIdleOrder } from './from.ts'
import { renameFields } from './names.ts'
import { orderedByOutput } from './order-by.ts'
import { distinct, bindSelect } from './select.ts'
import { EMPTY_SCOPE } from './scope.ts'
import { typeList } from './types.ts'

/** @throws MillraceError with the position of what is wrong */
export function bindQuery(context: BinderContext, query: ast.Query): LogicalNode {
  const inner = query.with.length === 0 ? context : withCommonTables(context, query)
  const [first] = query.orderBy
  if (first === undefined) return bindLimit(inner, query, bindBody(inner, query.body))
  const { plan, order, width } =
    query.body.kind === 'select'
      ? bindSelect(inner, query.body, query.orderBy)
      : orderedByOutput(inner, bindBody(inner, query.body), query.orderBy)
  const sorted = bindSort(inner, query, plan, order, statementPosition(inner, first.span))
  if (width === plan.schema.fields.length) return sorted
  return selectColumns(sorted, [...plan.schema.fields.keys()].slice(0, width))
}

function withCommonTables(context: BinderContext, query: ast.Query): BinderContext {
  if (query.recursive) throw unsupported(context, query.span, 'WITH RECURSIVE')
  const tables = new Map(context.commonTables)
  const own = new Set<string>()
  for (const common of query.with) {
    const name = common.name.name
    if (own.has(name)) throw errorAt(context, common.name.span, 'INVALID_DEFINITION', `WITH defines "${name}" twice`)
    own.add(name)
    tables.set(name, bindCommonTable({ ...context, commonTables: new Map(tables) }, common))
  }
  return { ...context, commonTables: tables }
}

/** Bound where it is defined, so that an error in it is found even when nobody reads it. */
function bindCommonTable(context: BinderContext, common: ast.CommonTable): LogicalNode {
  const plan = bindQuery(context, withoutIdleOrder(common.query))
  const columns = common.columns.map((column) => column.name)
  const count = plan.schema.fields.length
  if (columns.length === 0 || columns.length === count) return renameFields(plan, columns)
  throw errorAt(
    context,
    common.name.span,
    'INVALID_DEFINITION',
    `"${common.name.name}" names ${columns.length} columns, but its query has ${count}`,
  )
}

function bindBody(context: BinderContext, body: ast.QueryBody): LogicalNode {
  switch (body.kind) {
    case 'select':
      return bindSelect(context, body).plan
    case 'values':
      return bindValues(context, body)
    case 'table-query':
      return planNamedTable(context, body.name, []).plan
    case 'set-operation':
      return bindSetOperation(context, body)
    case 'query':
      return bindQuery(context, body)
    default:
      return unreachable(body)
  }
}

function bindValues(context: BinderContext, node: ast.Values): LogicalNode {
  const expressions = expressionContext(context, EMPTY_SCOPE, 'VALUES')
  const rows = node.rows.map((row) => row.values.map((value) => bindExpression(expressions, value)))
  const width = rows[0]?.length ?? 0
  for (const [index, row] of rows.entries()) {
    if (row.length !== width) {
      const span = node.rows[index]?.span ?? node.span
      throw errorAt(context, span, 'TYPE_MISMATCH', `this row has ${row.length} values, and the first has ${width}`)
    }
  }
  const types = Array.from({ length: width }, (_, column) => {
    const span = node.rows[0]?.values[column]?.span ?? node.span
    return sharedType(
      context,
      rows.flatMap((row) => row[column]?.type ?? []),
      `column ${column + 1} of VALUES`,
      span,
    )
  })
  const fields = types.map((type, index): Field => ({ name: `EXPR$${index}`, type }))
  const converted = rows.map((row) => row.map((value, column) => castTo(value, types[column])))
  return createValues(converted, { fields })
}

function castTo(expression: Expression, type: SqlType | undefined): Expression {
  return type === undefined ? expression : implicitCast(expression, type)
}

function sharedType(context: BinderContext, types: readonly SqlType[], what: string, span: ast.Span): SqlType {
  const type = commonType(types)
  if (type !== undefined) return type
  throw errorAt(context, span, 'TYPE_MISMATCH', `${what} has no common type: ${typeList(types)}`, {
    hint: 'CAST some of them.',
  })
}

function bindSetOperation(context: BinderContext, node: ast.SetOperation): LogicalNode {
  if (node.operator !== 'UNION') throw unsupported(context, node.span, node.operator)
  const bodies = node.all ? unionAllParts(node) : [node.left, node.right]
  const inputs = bodies.map((body) => bindBody(context, body))
  const [first] = inputs
  const width = first?.schema.fields.length ?? 0
  for (const [index, input] of inputs.entries()) {
    const count = input.schema.fields.length
    if (count !== width) {
      const span = bodies[index]?.span ?? node.span
      throw errorAt(context, span, 'TYPE_MISMATCH', `UNION needs the same number of columns: ${width} and ${count}`)
    }
  }
  const fields = Array.from({ length: width }, (_, column): Field => {
    const types = inputs.flatMap((input) => input.schema.fields[column]?.type ?? [])
    const name = first?.schema.fields[column]?.name ?? `EXPR$${column}`
    return { name, type: sharedType(context, types, `column "${name}" of UNION`, node.span) }
  })
  const union = createUnion(
    inputs.map((input) => convertColumns(input, fields)),
    { fields },
  )
  return node.all ? union : distinct(union)
}

/** `a UNION ALL b UNION ALL c` is one union of three. */
function unionAllParts(node: ast.SetOperation): readonly ast.QueryBody[] {
  const parts: ast.QueryBody[] = [node.right]
  let left = node.left
  while (left.kind === 'set-operation' && left.operator === 'UNION' && left.all) {
    parts.unshift(left.right)
    left = left.left
  }
  return [left, ...parts]
}

/** The node with its columns cast to the fields' types and under their names. */
export function convertColumns(input: LogicalNode, fields: readonly Field[]): LogicalNode {
  const expressions = input.schema.fields.map((field, index): Expression => {
    const reference: Expression = { kind: 'input', index, type: field.type }
    const target = fields[index]?.type
    return target === undefined ? reference : implicitCast(reference, target)
  })
  const same = expressions.every((expression, index) => {
    const from = input.schema.fields[index]
    return (
      expression.kind === 'input' &&
      from?.name === fields[index]?.name &&
      typeText(from?.type) === typeText(fields[index]?.type)
    )
  })
  return same ? input : createProject(input, expressions, { fields })
}

function typeText(type: SqlType | undefined): string {
  return type === undefined ? '' : typeToString(type)
}

function bindLimit(context: BinderContext, query: ast.Query, input: LogicalNode): LogicalNode {
  if (query.limit === undefined && query.offset === undefined) return input
  const { offset, fetch } = bindRange(context, query)
  if (fetch === undefined) throw withoutFetch(context, query)
  const position = statementPosition(context, query.limit?.span ?? query.span)
  return createLimit(input, offset, fetch, position)
}

function bindSort(
  context: BinderContext,
  query: ast.Query,
  input: LogicalNode,
  order: readonly SortField[],
  position: SourcePosition,
): LogicalNode {
  const { offset, fetch } = bindRange(context, query)
  if (fetch === undefined && offset > 0) throw withoutFetch(context, query)
  return createSort({ input, order, offset, position, ...(fetch === undefined ? {} : { fetch }) })
}

function withoutFetch(context: BinderContext, query: ast.Query): Error {
  const message = 'FETCH is missed, which on streaming table is not supported currently.'
  const span = query.offset?.span ?? query.span
  return errorAt(context, span, 'UNSUPPORTED_FEATURE', message, { hint: 'Add LIMIT n to OFFSET.' })
}

function bindRange(context: BinderContext, query: ast.Query): { offset: number; fetch: number | undefined } {
  const count = (node: ast.Expression | undefined, clause: string): number | undefined => {
    if (node === undefined) return undefined
    const bound = bindExpression(expressionContext(context, EMPTY_SCOPE, clause), node)
    const whole = bound.kind === 'literal' && (bound.type.kind === 'INT' || bound.type.kind === 'BIGINT')
    const value = whole ? Number(bound.value) : -1
    if (value >= 0 && Number.isSafeInteger(value)) return value
    throw errorAt(context, node.span, 'INVALID_ARGUMENT', `${clause} needs a whole number that is not negative`)
  }
  return { offset: count(query.offset, 'OFFSET') ?? 0, fetch: count(query.limit, 'LIMIT') }
}
