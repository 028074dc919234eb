/** ORDER BY: by names and positions of the result, or by expressions that the list need not have. */
import { type SqlType, typeToString } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { Expression, SortField } from '../expression.ts'
import { expressionKey } from '../expression-rewrite.ts'
import type { LogicalNode } from '../logical/node.ts'
import { type BinderContext, errorAt } from './binder-context.ts'
import { bindExpression, expressionContext } from './expression.ts'
import type { ExpressionContext } from './expression-context.ts'
import { scopeOf } from './scope.ts'

interface OrderedColumn {
  readonly name: string
  readonly expression: Expression
  readonly span: ast.Span
}

interface OrderedColumns {
  /** Those of the list, then what only ORDER BY needs. */
  readonly columns: readonly OrderedColumn[]
  readonly order: readonly SortField[]
}

/** Where the list can be added to. */
export function withOrderColumns(
  context: ExpressionContext,
  list: readonly OrderedColumn[],
  orderBy: readonly ast.OrderItem[],
  distinct: boolean,
): OrderedColumns {
  const columns = [...list]
  const order = orderBy.map((item): SortField => {
    const named = resultColumn(
      context,
      list.map(({ name }) => name),
      item.expression,
    )
    if (named !== undefined) {
      requireSortable(context, list[named]?.expression.type, item.expression.span)
      return sortField(named, item)
    }
    const expression = context.bind(context, item.expression)
    requireSortable(context, expression.type, item.expression.span)
    const key = expressionKey(expression)
    const known = columns.findIndex((column) => expressionKey(column.expression) === key)
    if (known >= 0) return sortField(known, item)
    if (distinct) {
      throw errorAt(context, item.span, 'INVALID_ARGUMENT', 'SELECT DISTINCT is ordered by columns of its list only')
    }
    columns.push({ name: `$order${columns.length}`, expression, span: item.expression.span })
    return sortField(columns.length - 1, item)
  })
  return { columns, order }
}

/** Of set operations and VALUES: by what they give. */
export function orderedByOutput(
  context: BinderContext,
  plan: LogicalNode,
  orderBy: readonly ast.OrderItem[],
): { readonly plan: LogicalNode; readonly order: readonly SortField[]; readonly width: number } {
  const { fields } = plan.schema
  const names = fields.map(({ name }) => name)
  const inner = expressionContext(context, scopeOf([], fields), 'ORDER BY')
  const order = orderBy.map((item): SortField => {
    const named = resultColumn(inner, names, item.expression)
    const bound = named === undefined ? bindExpression(inner, item.expression) : undefined
    if (bound !== undefined && bound.kind !== 'input') {
      throw errorAt(context, item.span, 'INVALID_ARGUMENT', 'this result is ordered by its columns only', {
        hint: 'Make it a subquery, and order that.',
      })
    }
    const column = named ?? (bound?.kind === 'input' ? bound.index : 0)
    requireSortable(context, fields[column]?.type, item.expression.span)
    return sortField(column, item)
  })
  return { plan, order, width: fields.length }
}

const UNORDERED: readonly string[] = ['MAP', 'MULTISET', 'RAW', 'VARIANT', 'BITMAP']

/** @throws MillraceError for a type whose values have no order */
export function requireSortable(context: BinderContext, type: SqlType | undefined, span: ast.Span): void {
  if (type === undefined || !UNORDERED.includes(type.kind)) return
  throw errorAt(context, span, 'TYPE_MISMATCH', `ORDER BY does not take ${typeToString(type)}`, {
    hint: 'Order by one of its values.',
  })
}

/** By position from 1 on, or by a name of the result. */
function resultColumn(context: BinderContext, names: readonly string[], node: ast.Expression): number | undefined {
  if (node.kind === 'number') {
    const position = Number(node.text)
    if (Number.isInteger(position) && position >= 1 && position <= names.length) return position - 1
    throw errorAt(context, node.span, 'INVALID_ARGUMENT', `ORDER BY ${node.text} names no column`, {
      hint: `Positions are 1 to ${names.length}.`,
    })
  }
  const [name] = node.kind === 'column' ? node.path : []
  if (node.kind !== 'column' || name === undefined || node.path.length > 1) return undefined
  const index = names.indexOf(name.name)
  return index < 0 ? undefined : index
}

function sortField(column: number, item: ast.OrderItem): SortField {
  const descending = item.direction === 'DESC'
  return { column, descending, nullsFirst: item.nulls === undefined ? !descending : item.nulls === 'FIRST' }
}
