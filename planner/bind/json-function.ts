/** JSON_VALUE, JSON_QUERY, JSON_OBJECT and JSON_ARRAY: their clauses become arguments of the functions of these names. */
import { type SqlType, STRING, typeToString } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { Expression } from '../expression.ts'
import { errorAt, unsupported } from './binder-context.ts'
import { applyFunction } from './call.ts'
import { isCharacter } from './coercion.ts'
import { bindAll, type ExpressionContext } from './expression-context.ts'
import { bindArgument, functionName } from './function-call.ts'
import { literal, stringLiteral } from './literal.ts'
import { bindType } from './types.ts'

/** A NULL that carries the type of RETURNING. */
function returningType(context: ExpressionContext, node: ast.TypeNode | undefined): Expression {
  const type: SqlType = node === undefined ? STRING : bindType(node, context.sql)
  return literal(null, { ...type, nullable: true })
}

/** `(text, path)`, and where there is a clause `(text, path, NULL, onEmpty, value, onError, value)`. */
export function bindJsonValue(context: ExpressionContext, node: ast.JsonValueExpression): Expression {
  if (node.path.kind !== 'string') {
    throw errorAt(context, node.path.span, 'INVALID_ARGUMENT', 'the path of JSON_VALUE must be a literal')
  }
  const args = [...bindAll(context, [node.input, node.path])]
  if (node.returning !== undefined || node.onEmpty !== undefined || node.onError !== undefined) {
    const type = returningType(context, node.returning)
    args.push(type, ...behavior(context, node.onEmpty, type), ...behavior(context, node.onError, type))
  }
  return applyFunction(context, 'JSON_VALUE', args, node.span)
}

function behavior(
  context: ExpressionContext,
  node: ast.JsonValueBehavior | undefined,
  type: Expression,
): readonly Expression[] {
  const value = node?.value === undefined ? type : context.bind(context, node.value)
  return [stringLiteral(node?.action ?? 'NULL'), value]
}

/** `(text, path)`, and where there is a clause `(text, path, NULL, wrapper, onEmpty, onError)`. */
export function bindJsonQuery(context: ExpressionContext, node: ast.JsonQueryExpression): Expression {
  const args = [...bindAll(context, [node.input, node.path])]
  const { wrapper, onEmpty, onError, returning } = node
  if ([wrapper, onEmpty, onError, returning].some((clause) => clause !== undefined)) {
    const words = [wrapper ?? 'WITHOUT', onEmpty ?? 'NULL', onError ?? 'NULL']
    args.push(returningType(context, returning), ...words.map(stringLiteral))
  }
  return applyFunction(context, 'JSON_QUERY', args, node.span)
}

/** `(onNull, forms, key, value, …)`: one letter of `forms` for each value, `j` where it is JSON text. */
export function bindJsonObject(context: ExpressionContext, node: ast.JsonObjectExpression): Expression {
  const values = node.entries.map((entry) => bindJsonItem(context, entry, 'JSON_OBJECT'))
  const pairs = node.entries.flatMap((entry, index) => {
    const value = values[index]
    return value === undefined ? [] : [context.bind(context, entry.key), value.expression]
  })
  const args = [stringLiteral(node.onNull ?? 'NULL'), formsOf(values), ...pairs]
  return applyFunction(context, 'JSON_OBJECT', args, node.span)
}

/** `(onNull, forms, value, …)`. */
export function bindJsonArray(context: ExpressionContext, node: ast.JsonArrayExpression): Expression {
  const values = node.items.map((item) => bindJsonItem(context, item, 'JSON_ARRAY'))
  const args = [stringLiteral(node.onNull ?? 'ABSENT'), formsOf(values), ...values.map(({ expression }) => expression)]
  return applyFunction(context, 'JSON_ARRAY', args, node.span)
}

interface JsonItem {
  readonly isJson: boolean
  readonly expression: Expression
}

function formsOf(items: readonly JsonItem[]): Expression {
  return stringLiteral(items.map(({ isJson }) => (isJson ? 'j' : 'v')).join(''))
}

function bindJsonItem(
  context: ExpressionContext,
  { value, formatJson, span }: ast.JsonEntry | ast.JsonItem,
  name: string,
): JsonItem {
  if (formatJson) {
    throw unsupported(context, span, `FORMAT JSON of ${name}`, `Write JSON(text) as a value of ${name}.`)
  }
  const [argument, ...more] = value.kind === 'call' && functionName(value) === 'JSON' ? value.arguments : []
  if (argument !== undefined && more.length === 0) {
    const expression = bindArgument(context, argument, 'JSON')
    if (expression.type.kind === 'NULL' || isCharacter(expression.type)) return { isJson: true, expression }
    throw errorAt(context, span, 'TYPE_MISMATCH', `JSON takes text, not ${typeToString(expression.type)}`)
  }
  const isJson = value.kind === 'json-object' || value.kind === 'json-array'
  return { isJson, expression: context.bind(context, value) }
}
