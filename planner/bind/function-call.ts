/** `f(…)`: scalar functions, aggregates, and the calls that stand for something else (PROCTIME, TUMBLE_START …). */
import { STRING, withNullability } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { Expression } from '../expression.ts'
import { errorAt, unsupported } from './binder-context.ts'
import { applyFunction, requireFunction } from './call.ts'
import { type ExpressionContext } from './expression-context.ts'
import { literal, stringLiteral } from './literal.ts'

const WINDOW_FUNCTIONS: readonly string[] = ['TUMBLE', 'HOP', 'CUMULATE', 'SESSION']
const AUXILIARY = /^(TUMBLE|HOP|SESSION)_(START|END|ROWTIME|PROCTIME)$/
const GROUPING_FUNCTIONS: readonly string[] = ['GROUPING', 'GROUPING_ID', 'GROUP_ID']

export function bindFunctionCall(context: ExpressionContext, node: ast.CallExpression | ast.NiladicCall): Expression {
  if (node.kind === 'niladic') return bindNiladic(context, node)
  const own = context.calls?.(context, node)
  if (own !== undefined) return own
  const name = functionName(node)
  if (AUXILIARY.test(name) || GROUPING_FUNCTIONS.includes(name)) return bindAuxiliary(context, node, name)
  if (WINDOW_FUNCTIONS.includes(name)) {
    throw errorAt(context, node.span, 'INVALID_ARGUMENT', `${name} cannot stand in ${context.clause}`, {
      hint: `Write FROM TABLE(${name}(TABLE t, DESCRIPTOR(ts), …)), or GROUP BY ${name}(ts, …).`,
    })
  }
  if (node.over !== undefined) return bindOver(context, node, name)
  if (name === 'CURRENT_DATABASE' && node.arguments.length === 0) return currentDatabase(context)
  if (name === 'PROCTIME' && node.arguments.length === 0) return processingTime()
  const spec = requireFunction(context, name, node.name.span)
  if (spec.kind === 'aggregate') {
    if (context.aggregates !== undefined) return context.aggregates.add(context, node, spec)
    throw errorAt(
      context,
      node.span,
      'INVALID_AGGREGATE',
      `aggregate function ${spec.name} cannot stand in ${context.clause}`,
      {
        hint: context.clause === 'WHERE' ? 'HAVING filters groups.' : undefined,
      },
    )
  }
  if (spec.kind === 'window') {
    throw errorAt(context, node.span, 'INVALID_ARGUMENT', `${spec.name} needs OVER (…)`, {
      hint: `Write ${spec.name}(…) OVER (PARTITION BY … ORDER BY …).`,
    })
  }
  refuseAggregateSyntax(context, node, name)
  return applyFunction(
    context,
    name,
    node.arguments.map((argument) => bindArgument(context, argument, name)),
    node.span,
  )
}

function bindOver(context: ExpressionContext, node: ast.CallExpression, name: string): Expression {
  const spec = requireFunction(context, name, node.name.span)
  if (spec.kind !== 'window' && spec.kind !== 'aggregate') {
    throw errorAt(context, node.span, 'INVALID_ARGUMENT', `OVER does not fit ${spec.name}`, {
      detail: 'Aggregate functions, and ROW_NUMBER and its like, take OVER.',
    })
  }
  if (context.over !== undefined) return context.over.add(context, node, spec)
  throw errorAt(context, node.span, 'INVALID_ARGUMENT', `a call with OVER cannot stand in ${context.clause}`, {
    hint: 'Give it a name in a subquery, and use the name around it.',
  })
}

/** The name a call is looked up by. */
export function functionName(node: ast.CallExpression): string {
  return node.name.parts.length === 1
    ? (node.name.parts[0]?.name ?? '').toUpperCase()
    : node.name.parts.map((part) => part.name).join('.')
}

/** Known when the query is planned. */
function currentDatabase(context: ExpressionContext): Expression {
  return literal(context.planner.catalog.currentDatabase, withNullability(STRING, false))
}

/** PROCTIME(): a processing-time attribute; evaluated when the row passes. */
function processingTime(): Expression {
  return {
    kind: 'call',
    function: 'PROCTIME',
    args: [],
    type: { kind: 'TIMESTAMP_LTZ', precision: 3, nullable: false, timeAttribute: 'proctime' },
  }
}

function bindNiladic(context: ExpressionContext, node: ast.NiladicCall): Expression {
  const args = node.precision === undefined ? [] : [literal(node.precision, { kind: 'INT', nullable: false })]
  return applyFunction(context, node.name, args, node.span)
}

function bindAuxiliary(context: ExpressionContext, node: ast.CallExpression, name: string): Expression {
  const bound = context.auxiliary?.(node)
  if (bound !== undefined) return bound
  if (GROUPING_FUNCTIONS.includes(name)) {
    throw errorAt(context, node.span, 'INVALID_AGGREGATE', `${name} needs GROUP BY`)
  }
  const window = name.slice(0, name.indexOf('_'))
  throw errorAt(context, node.span, 'INVALID_ARGUMENT', `${name} needs GROUP BY ${window}(…) with the same arguments`)
}

function refuseAggregateSyntax(context: ExpressionContext, node: ast.CallExpression, name: string): void {
  if (node.quantifier === 'DISTINCT' || node.filter !== undefined || node.withinGroup.length > 0) {
    const what = node.filter !== undefined ? 'FILTER' : node.quantifier === 'DISTINCT' ? 'DISTINCT' : 'WITHIN GROUP'
    throw errorAt(context, node.span, 'INVALID_AGGREGATE', `${what} fits only aggregate functions, and ${name} is none`)
  }
}

export function bindArgument(context: ExpressionContext, node: ast.CallArgument, name: string): Expression {
  switch (node.kind) {
    case 'time-unit':
      return stringLiteral(node.unit)
    case 'named-argument':
      throw unsupported(context, node.span, `a named argument of ${name}`)
    case 'table-argument':
    case 'model-argument':
    case 'descriptor':
    case 'default':
      throw errorAt(
        context,
        node.span,
        'INVALID_ARGUMENT',
        `function ${name} does not take ${ARGUMENT_NAMES[node.kind]}`,
      )
    default:
      return context.bind(context, node)
  }
}

const ARGUMENT_NAMES = {
  'table-argument': 'a table',
  'model-argument': 'a model',
  descriptor: 'a DESCRIPTOR',
  default: 'DEFAULT',
} as const
