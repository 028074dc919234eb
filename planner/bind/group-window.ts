/**
 * Legacy group windows: `GROUP BY TUMBLE(ts, INTERVAL …)` with TUMBLE_START, TUMBLE_END, TUMBLE_ROWTIME, TUMBLE_PROCTIME
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/window-agg/#group-window-aggregation).
 */
import { type SqlType, typeToString } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { Expression } from '../expression.ts'
import { expressionKey } from '../expression-rewrite.ts'
import { windowPropertyType } from '../logical/window-aggregate.ts'
import type { WindowProperty, WindowSpec } from '../physical/window-spec.ts'
import { isBatch } from '../physical/batch.ts'
import { AGGREGATE_BASE } from './aggregate-collector.ts'
import { errorAt } from './binder-context.ts'
import type { ExpressionContext } from './expression-context.ts'
import { functionName } from './function-call.ts'
import { withoutTimeAttribute } from './types.ts'
import {
  alignedWindow,
  bindIntervalArgument,
  notTimeAttribute,
  sessionWindow,
  windowTimeOf,
} from './window-function.ts'

/** References from here on are properties of the group window, by position in `GROUP_WINDOW_PROPERTIES`. Above those of aggregates. */
export const WINDOW_PROPERTY_BASE = AGGREGATE_BASE + (1 << 22)

/** Of a window of event time; one of processing time has no `window_time`. */
const GROUP_WINDOW_PROPERTIES = ['window_start', 'window_end', 'window_time', 'window_proctime'] as const

export interface GroupWindow {
  /** Over the columns of the grouping's input. */
  readonly window: WindowSpec
  readonly timeType: SqlType
  readonly properties: readonly WindowProperty[]
  /** Resolves TUMBLE_START and its like where the arguments are the same. */
  auxiliary(call: ast.CallExpression): Expression | undefined
}

const NAMES: readonly string[] = ['TUMBLE', 'HOP', 'SESSION']

const FORMS: Readonly<Record<string, string>> = {
  TUMBLE: 'TUMBLE(ts, size)',
  HOP: 'HOP(ts, slide, size)',
  SESSION: 'SESSION(ts, gap)',
}

/** The group window among the expressions of GROUP BY. */
export function isGroupWindow(node: ast.Expression): node is ast.CallExpression {
  return node.kind === 'call' && NAMES.includes(functionName(node))
}

export function bindGroupWindow(context: ExpressionContext, call: ast.CallExpression): GroupWindow {
  const name = functionName(call)
  const [time, ...intervals] = call.arguments
  const wanted = name === 'HOP' ? 3 : 2
  if (time === undefined || intervals.length !== wanted - 1) {
    throw errorAt(context, call.span, 'INVALID_ARGUMENT', `${name} in GROUP BY takes ${wanted} arguments`, {
      hint: `Write ${FORMS[name] ?? name}.`,
    })
  }
  const { column, attribute, type } = bindTime(context, time, name)
  if (attribute === 'proctime' && isBatch(context.planner)) {
    throw errorAt(
      context,
      time.span,
      'UNSUPPORTED_FEATURE',
      'Window can not be defined over a proctime attribute column for batch mode',
      { hint: "Take the column that has the watermark, or SET 'execution.runtime-mode' = 'streaming'." },
    )
  }
  const lengths = intervals.map((interval) => {
    const value = interval.kind === 'interval' ? bindIntervalArgument(context, interval) : undefined
    if (value !== undefined) return value
    throw errorAt(context, interval.span, 'INVALID_ARGUMENT', `${name} needs an interval literal of days to seconds`)
  })
  const window = windowOf(context, call, name, lengths, { time: attribute, timeColumn: column })
  const properties = GROUP_WINDOW_PROPERTIES.filter((property) => attribute === 'rowtime' || property !== 'window_time')
  const signature = argumentsKey(context, call)
  return {
    window,
    timeType: type,
    properties,
    auxiliary: (auxiliary) => {
      if (!functionName(auxiliary).startsWith(`${name}_`)) return undefined
      if (argumentsKey(context, auxiliary) !== signature) return undefined
      const property = propertyOf(context, auxiliary, name, attribute)
      const index = WINDOW_PROPERTY_BASE + properties.indexOf(property)
      return { kind: 'input', index, type: windowPropertyType(property, attribute, type) }
    },
  }
}

function windowOf(
  context: ExpressionContext,
  call: ast.CallExpression,
  name: string,
  [first = 0, second = first]: readonly number[],
  time: Pick<WindowSpec, 'time' | 'timeColumn'>,
): WindowSpec {
  if (name === 'SESSION') return sessionWindow(context, { gap: first, partitionKeys: [], ...time }, call.span)
  return alignedWindow(context, name, { size: second, step: first, offset: 0, ...time }, call.span)
}

function propertyOf(
  context: ExpressionContext,
  call: ast.CallExpression,
  name: string,
  attribute: 'rowtime' | 'proctime',
): (typeof GROUP_WINDOW_PROPERTIES)[number] {
  switch (functionName(call).slice(name.length + 1)) {
    case 'START':
      return 'window_start'
    case 'END':
      return 'window_end'
    case 'PROCTIME':
      return 'window_proctime'
    default:
      if (attribute === 'rowtime') return 'window_time'
      throw errorAt(
        context,
        call.span,
        'INVALID_ARGUMENT',
        'a window of processing time cannot provide a rowtime attribute',
        { hint: `Use ${name}_PROCTIME.` },
      )
  }
}

function bindTime(
  context: ExpressionContext,
  node: ast.CallArgument,
  name: string,
): { readonly column: number; readonly attribute: 'rowtime' | 'proctime'; readonly type: SqlType } {
  const bound = node.kind === 'column' ? context.bind(context, node) : undefined
  if (bound?.kind !== 'input') {
    throw errorAt(context, node.span, 'INVALID_ARGUMENT', `${name} needs a column that is a time attribute`)
  }
  const attribute = windowTimeOf(context, bound.type)
  if (attribute !== undefined) return { column: bound.index, attribute, type: bound.type }
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
