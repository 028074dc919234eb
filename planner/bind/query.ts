/** Queries: WITH, the body, ORDER BY, LIMIT. */
import { unreachable } from '../../core/errors.ts'
import type { Field, SqlType } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { SourcePosition } from '../../core/errors.ts'
import type { Expression, SortField } from '../expression.ts'
import { createLimit } from '../logical/limit.ts'
import type { LogicalNode } from '../logical/node.ts'
import { selectColumns } from '../logical/project.ts'
import { createSort } from '../logical/sort.ts'
import { createValues } from '../logical/values.ts'
import { isBatch } from '../physical/batch.ts'
import { type BinderContext, errorAt, statementPosition, unsupported } from './binder-context.ts'
import { implicitCast } from './call.ts'
import { sharedType } from './convert.ts'
import { bindExpression, expressionContext } from './expression.ts'
import { planNamedTable, withoutIdleOrder } from './from.ts'
import { renameFields } from './names.ts'
import { orderedByOutput } from './order-by.ts'
import { bindSelect } from './select.ts'
import { bindSetOperation } from './set-operation.ts'
import { EMPTY_SCOPE } from './scope.ts'

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
      return bindSetOperation(context, body, (part) => bindBody(context, part))
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

function bindLimit(context: BinderContext, query: ast.Query, input: LogicalNode): LogicalNode {
  if (query.limit === undefined && query.offset === undefined) return input
  const { offset, fetch } = bindRange(context, query)
  if (fetch === undefined && !isBatch(context.planner)) throw withoutFetch(context, query)
  const position = statementPosition(context, query.limit?.span ?? query.span)
  return createLimit(input, offset, fetch ?? Number.MAX_SAFE_INTEGER, position)
}

function bindSort(
  context: BinderContext,
  query: ast.Query,
  input: LogicalNode,
  order: readonly SortField[],
  position: SourcePosition,
): LogicalNode {
  const { offset, fetch } = bindRange(context, query)
  if (fetch === undefined && offset > 0 && !isBatch(context.planner)) throw withoutFetch(context, query)
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
