/**
 * Legacy group windows: `GROUP BY TUMBLE(ts, INTERVAL …)` with TUMBLE_START, TUMBLE_END, TUMBLE_ROWTIME
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/window-agg/#group-window-aggregation).
 * They are planned as the window table function of that name, grouped by its start and end.
 */
import { typeToString } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { Expression } from '../expression.ts'
import { expressionKey } from '../expression-rewrite.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createWindowTableFunction } from '../logical/window-table-function.ts'
import { errorAt, unsupported } from './binder-context.ts'
import type { ExpressionContext } from './expression-context.ts'
import { functionName } from './function-call.ts'
import { timeAttributeOf, withoutTimeAttribute } from './types.ts'
import { bindIntervalArgument, notTimeAttribute, windowSpec } from './window-function.ts'

export interface GroupWindow {
  readonly plan: LogicalNode
  /** window_start, window_end, window_time over the plan. */
  readonly keys: readonly Expression[]
  /** Resolves TUMBLE_START and its like where the arguments are the same. */
  auxiliary(call: ast.CallExpression): Expression | undefined
}

const NAMES: readonly string[] = ['TUMBLE', 'HOP', 'SESSION']

/** The group window among the expressions of GROUP BY. */
export function isGroupWindow(node: ast.Expression): node is ast.CallExpression {
  return node.kind === 'call' && NAMES.includes(functionName(node))
}

export function bindGroupWindow(context: ExpressionContext, input: LogicalNode, call: ast.CallExpression): GroupWindow {
  const name = functionName(call)
  if (name === 'SESSION') throw unsupported(context, call.span, 'GROUP BY SESSION')
  const [time, ...intervals] = call.arguments
  const wanted = name === 'TUMBLE' ? 2 : 3
  if (time === undefined || intervals.length !== wanted - 1) {
    throw errorAt(context, call.span, 'INVALID_ARGUMENT', `${name} in GROUP BY takes ${wanted} arguments`, {
      hint: name === 'TUMBLE' ? 'Write TUMBLE(ts, size).' : 'Write HOP(ts, slide, size).',
    })
  }
  const { column, attribute } = bindTime(context, time, name)
  const [first = 0, second = first] = intervals.map((interval) => {
    const value = interval.kind === 'interval' ? bindIntervalArgument(context, interval) : undefined
    if (value !== undefined) return value
    throw errorAt(context, interval.span, 'INVALID_ARGUMENT', `${name} needs an interval literal of days to seconds`)
  })
  const [size, step] = name === 'TUMBLE' ? [first, first] : [second, first]
  const window = windowSpec(context, name, { size, step, offset: 0, time: attribute, timeColumn: column }, call.span)
  const plan = createWindowTableFunction(input, window)
  const width = input.schema.fields.length
  const keys = plan.schema.fields
    .slice(width)
    .map((field, index): Expression => ({ kind: 'input', index: width + index, type: field.type }))
  const signature = argumentsKey(context, call)
  return {
    plan,
    keys,
    auxiliary: (auxiliary) => {
      const [prefix, property] = functionName(auxiliary).split('_')
      if (prefix !== name || argumentsKey(context, auxiliary) !== signature) return undefined
      return keys[property === 'START' ? 0 : property === 'END' ? 1 : 2]
    },
  }
}

function bindTime(
  context: ExpressionContext,
  node: ast.CallArgument,
  name: string,
): { readonly column: number; readonly attribute: 'rowtime' | 'proctime' } {
  const bound = node.kind === 'column' ? context.bind(context, node) : undefined
  if (bound?.kind !== 'input') {
    throw errorAt(context, node.span, 'INVALID_ARGUMENT', `${name} needs a column that is a time attribute`)
  }
  const attribute = timeAttributeOf(bound.type)
  if (attribute !== undefined) return { column: bound.index, attribute }
  const column = node.kind === 'column' ? (node.path.at(-1)?.name ?? '') : ''
  throw notTimeAttribute(context, name, column, typeToString(withoutTimeAttribute(bound.type)), node.span)
}

function argumentsKey(context: ExpressionContext, call: ast.CallExpression): string {
  const { aggregates: _, auxiliary: __, ...plain } = context
  return call.arguments
    .map((argument) =>
      argument.kind === 'column' || argument.kind === 'interval'
        ? expressionKey(plain.bind(plain, argument))
        : argument.kind,
    )
    .join()
}
