/**
 * Calls whose arguments are separated by words. They become calls of the function of that name; words become CHAR
 * literals: `EXTRACT('DAY', x)`, `FLOOR(x, 'HOUR')`, `TRIM('BOTH', characters, s)`.
 */
import { unreachable } from '../../core/errors.ts'
import type * as ast from '../../parser/ast.ts'
import type { Expression } from '../expression.ts'
import { unsupported } from './binder-context.ts'
import { applyFunction } from './call.ts'
import { bindAll, type ExpressionContext } from './expression-context.ts'
import { bindFunctionCall } from './function-call.ts'
import { bindJsonArray, bindJsonObject, bindJsonQuery, bindJsonValue } from './json-function.ts'
import { stringLiteral } from './literal.ts'
import { intervalKind } from './types.ts'

export type SpecialForm =
  | ast.ExtractExpression
  | ast.DatetimeDifference
  | ast.RoundToExpression
  | ast.PositionExpression
  | ast.TrimExpression
  | ast.SubstringExpression
  | ast.OverlayExpression
  | ast.JsonExistsExpression
  | ast.JsonValueExpression
  | ast.JsonQueryExpression
  | ast.JsonObjectExpression
  | ast.JsonArrayExpression
  | ast.JsonObjectAggExpression
  | ast.JsonArrayAggExpression

export function bindSpecialForm(context: ExpressionContext, node: SpecialForm): Expression {
  const call = (name: string, args: readonly Expression[]): Expression => applyFunction(context, name, args, node.span)
  switch (node.kind) {
    case 'extract':
      return call('EXTRACT', [stringLiteral(node.unit), context.bind(context, node.operand)])
    case 'datetime-difference':
      return call('MINUS_DATE', [
        stringLiteral(intervalKind(node.qualifier) === 'INTERVAL_YEAR_MONTH' ? 'MONTH' : 'SECOND'),
        ...bindAll(context, [node.left, node.right]),
      ])
    case 'round-to':
      return call(node.direction, [context.bind(context, node.operand), stringLiteral(node.unit)])
    case 'position':
      return call('POSITION', bindPresent(context, [node.needle, node.haystack, node.start]))
    case 'trim': {
      const characters = node.characters === undefined ? stringLiteral(' ') : context.bind(context, node.characters)
      return call('TRIM', [stringLiteral(node.side), characters, context.bind(context, node.operand)])
    }
    case 'substring':
      return call('SUBSTRING', bindPresent(context, [node.operand, node.start, node.length]))
    case 'overlay':
      return call('OVERLAY', bindPresent(context, [node.operand, node.replacement, node.start, node.length]))
    case 'json-exists': {
      const args = bindAll(context, [node.input, node.path])
      return call('JSON_EXISTS', node.onError === undefined ? args : [...args, stringLiteral(node.onError)])
    }
    case 'json-value':
      return bindJsonValue(context, node)
    case 'json-query':
      return bindJsonQuery(context, node)
    case 'json-object':
      return bindJsonObject(context, node)
    case 'json-array':
      return bindJsonArray(context, node)
    case 'json-objectagg':
    case 'json-arrayagg':
      return bindFunctionCall(context, jsonAggregate(context, node))
    default:
      return unreachable(node)
  }
}

/** The clause ON NULL, or what it is by default, becomes the last argument. */
function jsonAggregate(
  context: ExpressionContext,
  node: ast.JsonObjectAggExpression | ast.JsonArrayAggExpression,
): ast.CallExpression {
  const { span } = node
  const isObject = node.kind === 'json-objectagg'
  const name = isObject ? 'JSON_OBJECTAGG' : 'JSON_ARRAYAGG'
  const item = isObject ? node.entry : node.item
  if (item.formatJson) throw unsupported(context, item.span, `FORMAT JSON of ${name}`)
  const onNull: ast.Expression = { kind: 'string', value: node.onNull ?? (isObject ? 'NULL' : 'ABSENT'), span }
  return {
    kind: 'call',
    name: { kind: 'object-name', parts: [{ kind: 'identifier', name, quoted: false, span }], span },
    arguments: isObject ? [node.entry.key, node.entry.value, onNull] : [node.item.value, onNull],
    orderBy: isObject ? [] : node.orderBy,
    withinGroup: [],
    ...(node.filter === undefined ? {} : { filter: node.filter }),
    span,
  }
}

function bindPresent(
  context: ExpressionContext,
  nodes: readonly (ast.Expression | undefined)[],
): readonly Expression[] {
  return bindAll(
    context,
    nodes.filter((node) => node !== undefined),
  )
}
