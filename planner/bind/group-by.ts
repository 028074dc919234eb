/** GROUP BY → keys, grouping sets and the group window, before the SELECT list is bound. */
import type * as ast from '../../parser/ast.ts'
import type { Expression } from '../expression.ts'
import { expressionKey } from '../expression-rewrite.ts'
import { errorAt, unsupported } from './binder-context.ts'
import type { ExpressionContext } from './expression-context.ts'
import { bindGroupWindow, type GroupWindow, isGroupWindow } from './group-window.ts'
import type { GroupKey } from './grouping.ts'
import { expandGroupingSets, GroupingFunctions, type GroupingSet, numberGroupingSets } from './grouping-sets.ts'
import { functionName } from './function-call.ts'
import { scopeFields } from './scope.ts'

export interface BoundGroupBy {
  readonly keys: readonly GroupKey[]
  /** Absent: one set, of all keys. */
  readonly sets?: readonly GroupingSet[]
  readonly window?: GroupWindow
  readonly functions: GroupingFunctions
  /** Whether every group has a key, so that no group is over everything. */
  readonly hasGroups: boolean
  /** TUMBLE_START and its like, GROUPING and its like. */
  auxiliary(context: ExpressionContext, call: ast.CallExpression): Expression | undefined
}

export function bindGroupBy(
  context: ExpressionContext,
  clause: ast.GroupBy | undefined,
  items: readonly ast.SelectItem[],
): BoundGroupBy {
  if (clause?.distinct === true) throw unsupported(context, clause.span, 'GROUP BY DISTINCT')
  const sets = clause === undefined ? [[]] : expandGroupingSets(context, clause)
  const window = bindWindowOf(context, sets)
  const keys: GroupKey[] = []
  const known = new Map<string, number>()
  const positionOf = (node: ast.Expression): number => {
    const expression = bindKey(context, node, items)
    const key = expressionKey(expression)
    const position = known.get(key) ?? keys.length
    if (position === keys.length) keys.push({ expression, span: node.span })
    known.set(key, position)
    return position
  }
  const positions = sets.map((set) => [...new Set(set.filter((node) => !isGroupWindow(node)).map(positionOf))])
  const numbered = numberGroupingSets(positions, keys.length)
  const functions = new GroupingFunctions(
    keys.map(({ expression }) => expression),
    numbered,
  )
  return {
    keys,
    ...(numbered.length === 1 ? {} : { sets: numbered }),
    ...(window === undefined ? {} : { window }),
    functions,
    hasGroups: window !== undefined || positions.every((set) => set.length > 0),
    auxiliary: (inner, call) => {
      const isGrouping = functionName(call).startsWith('GROUP')
      if (!isGrouping) return window?.auxiliary(call)
      return clause === undefined ? undefined : functions.bind(inner, call)
    },
  }
}

/** As in Flink a group window and grouping sets exclude each other. */
function bindWindowOf(
  context: ExpressionContext,
  sets: readonly (readonly ast.Expression[])[],
): GroupWindow | undefined {
  const calls = new Set(sets.flatMap((set) => set.filter(isGroupWindow)))
  const [call, second] = calls
  if (call === undefined) return undefined
  if (second !== undefined) throw unsupported(context, second.span, 'a second window in GROUP BY')
  if (sets.length === 1) return bindGroupWindow(context, call)
  const hint = `Group by window_start, window_end of TABLE(${functionName(call)}(TABLE t, DESCRIPTOR(ts), …)).`
  throw errorAt(
    context,
    call.span,
    'INVALID_AGGREGATE',
    `${functionName(call)} in GROUP BY cannot stand beside grouping sets`,
    { hint },
  )
}

/** GROUP BY knows the columns of FROM, not the names that the list gives. */
function bindKey(context: ExpressionContext, node: ast.Expression, items: readonly ast.SelectItem[]): Expression {
  if (node.kind === 'number') {
    throw errorAt(context, node.span, 'INVALID_AGGREGATE', `GROUP BY ${node.text} groups by a constant`, {
      detail: 'Positions of the SELECT list cannot stand in GROUP BY.',
      hint: 'Repeat the expression.',
    })
  }
  const alias = node.kind === 'column' && node.path.length === 1 ? node.path[0]?.name : undefined
  const item = alias === undefined ? undefined : items.find((candidate) => candidate.alias?.name === alias)
  if (alias === undefined || item === undefined) return context.bind(context, node)
  if (scopeFields(context.scope).some((field) => field.name === alias)) return context.bind(context, node)
  const text = context.sql.slice(item.expression.span.start, item.expression.span.end)
  throw errorAt(context, node.span, 'UNKNOWN_COLUMN', `column "${alias}" does not exist`, {
    detail: 'It is a name that the SELECT list gives, which GROUP BY does not know.',
    hint: `Write GROUP BY ${text}.`,
  })
}
