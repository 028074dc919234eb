/** Expressions of the syntax tree → bound expressions. One case for each kind; what has no plan yet is refused by name. */
import { unreachable } from '../../core/errors.ts'
import { type Field, STRING, type SqlType, typeToString, withNullability } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { Expression } from '../expression.ts'
import { balanced } from '../expression-rewrite.ts'
import { type BinderContext, errorAt, unsupported } from './binder-context.ts'
import { applyFunction, implicitCast, requireBoolean } from './call.ts'
import { castType, commonType, supportsCast } from './coercion.ts'
import { bindAll, bindCondition, type ExpressionContext, requireSubqueries } from './expression-context.ts'
import { bindFunctionCall } from './function-call.ts'
import { bindDatetime, bindInterval, bindNumber, booleanLiteral, literal, stringLiteral } from './literal.ts'
import { bindOverlaps } from './overlaps.ts'
import { bindPredicate, type PredicateNode } from './predicate.ts'
import { accessField, resolveColumn, type Scope, scopeFields } from './scope.ts'
import { bindSpecialForm, type SpecialForm } from './special-form.ts'
import { typeList, withoutTimeAttribute, bindType } from './types.ts'

export function expressionContext(
  context: BinderContext,
  scope: Scope,
  clause: string,
  spans: WeakMap<Expression, ast.Span> = new WeakMap(),
): ExpressionContext {
  return { ...context, scope, clause, spans, bind: bindExpression }
}

/** @throws MillraceError with the position of the part that is wrong */
export function bindExpression(context: ExpressionContext, node: ast.Expression): Expression {
  switch (node.kind) {
    case 'number':
      return bindNumber(context, node, false)
    case 'string':
      return stringLiteral(node.value)
    case 'binary-string':
      return literal(node.hex, { kind: 'BINARY', length: Math.max(1, node.hex.length / 2), nullable: false })
    case 'boolean':
      return booleanLiteral(node.value)
    case 'null':
      return literal(null, { kind: 'NULL', nullable: true })
    case 'unknown':
      return literal(null, { kind: 'BOOLEAN', nullable: true })
    case 'datetime':
      return bindDatetime(context, node)
    case 'interval':
      return bindInterval(context, node)
    case 'column':
      return bindColumn(context, node)
    case 'star':
      throw errorAt(context, node.span, 'INVALID_ARGUMENT', '"*" can stand only in a SELECT list or in COUNT(*)')
    case 'unary':
      return bindUnary(context, node)
    case 'binary':
      return bindBinary(context, node)
    case 'case':
      return bindCase(context, node)
    case 'cast':
      return bindCast(context, node)
    case 'niladic':
    case 'call':
      return bindFunctionCall(context, node)
    case 'row':
    case 'array':
    case 'map':
    case 'multiset':
      return bindConstructor(context, node)
    case 'element':
      return applyFunction(context, 'ITEM', bindAll(context, [node.operand, node.index]), node.span)
    case 'field':
      return accessField(context, bindExpression(context, node.operand), node.field)
    case 'subquery':
      return requireSubqueries(context, node, 'a scalar subquery').value(context, node)
    default:
      return bindOther(context, node)
  }
}

function bindOther(context: ExpressionContext, node: PredicateNode | SpecialForm): Expression {
  switch (node.kind) {
    case 'between':
    case 'in-list':
    case 'in-subquery':
    case 'quantified':
    case 'like':
    case 'is':
    case 'is-distinct':
    case 'is-json':
    case 'exists':
      return bindPredicate(context, node)
    default:
      return bindSpecialForm(context, node)
  }
}

function bindColumn(context: ExpressionContext, node: ast.ColumnReference): Expression {
  const named = namedInList(context, node)
  if (named !== undefined) return named
  const bound = resolveColumn(context, context.scope, node.path, node.span)
  let input = bound
  while (input.kind === 'field') input = input.input
  context.spans.set(input, node.span)
  context.spans.set(bound, node.span)
  return bound
}

function namedInList(context: ExpressionContext, node: ast.ColumnReference): Expression | undefined {
  const [name] = node.path
  if (context.aliases === undefined || name === undefined || node.path.length > 1) return undefined
  if (scopeFields(context.scope).some((field) => field.name === name.name)) return undefined
  return context.aliases.get(name.name)
}

function bindUnary(context: ExpressionContext, node: ast.UnaryExpression): Expression {
  if (node.operator === '-' && node.operand.kind === 'number') return bindNumber(context, node.operand, true)
  const operand = bindExpression(context, node.operand)
  if (node.operator === 'NOT')
    return applyFunction(context, 'NOT', [requireBoolean(context, operand, 'NOT', node.operand.span)], node.span)
  if (node.operator === '-') return applyFunction(context, 'NEGATE', [operand], node.span)
  return operand
}

function bindBinary(context: ExpressionContext, node: ast.BinaryExpression): Expression {
  if (node.operator === 'OVERLAPS') return bindOverlaps(context, node)
  if (node.operator === 'AND' || node.operator === 'OR') return bindLogical(context, node, node.operator)
  // A long sum leans to the left: walked without recursion.
  const chain: ast.BinaryExpression[] = [node]
  let left: ast.Expression = node.left
  while (left.kind === 'binary' && !SEPARATE.includes(left.operator)) {
    chain.push(left)
    left = left.left
  }
  let result = bindExpression(context, left)
  for (const item of chain.reverse()) {
    result = applyFunction(context, item.operator, [result, bindExpression(context, item.right)], item.span)
  }
  return result
}

const SEPARATE: readonly ast.BinaryOperator[] = ['AND', 'OR', 'OVERLAPS']

/** `a OR b OR c …` becomes a balanced tree, so that a thousand conditions are ten levels and not a thousand. */
function bindLogical(context: ExpressionContext, node: ast.BinaryExpression, operator: 'AND' | 'OR'): Expression {
  const parts: ast.Expression[] = [node.right]
  let left: ast.Expression = node.left
  while (left.kind === 'binary' && left.operator === operator) {
    parts.push(left.right)
    left = left.left
  }
  parts.push(left)
  const bound = parts
    .reverse()
    .map((part) => requireBoolean(context, bindExpression(context, part), operator, part.span))
  return balanced(bound, (a, b) => applyFunction(context, operator, [a, b], node.span))
}

function bindCase(context: ExpressionContext, node: ast.CaseExpression): Expression {
  const conditions = node.branches.map((branch) => caseCondition(context, node, branch))
  const results = node.branches.map((branch) => bindExpression(context, branch.result))
  const otherwise = node.otherwise === undefined ? nullLiteral() : bindExpression(context, node.otherwise)
  const types = [...results, otherwise].map((result) => result.type)
  const type = commonType(types)
  if (type === undefined) {
    throw errorAt(context, node.span, 'TYPE_MISMATCH', `the branches of CASE have no common type: ${typeList(types)}`, {
      hint: 'CAST some of them.',
    })
  }
  const bare = withoutTimeAttribute(type)
  const whens = conditions.map((condition, index) => ({
    condition,
    result: implicitCast(results[index] ?? otherwise, bare),
  }))
  return { kind: 'case', whens, otherwise: implicitCast(otherwise, bare), type: bare }
}

function nullLiteral(): Expression {
  return literal(null, { kind: 'NULL', nullable: true })
}

function caseCondition(context: ExpressionContext, node: ast.CaseExpression, branch: ast.CaseBranch): Expression {
  const { operand } = node
  const conditions = branch.conditions.map((condition) =>
    operand === undefined
      ? bindCondition(context, condition, 'WHEN')
      : applyFunction(
          context,
          '=',
          [bindExpression(context, operand), bindExpression(context, condition)],
          condition.span,
        ),
  )
  const [first = booleanLiteral(false), ...rest] = conditions
  return rest.reduce((left, right) => applyFunction(context, 'OR', [left, right], branch.span), first)
}

function bindCast(context: ExpressionContext, node: ast.CastExpression): Expression {
  const input = bindExpression(context, node.operand)
  const target = bindType(node.type, context.sql)
  const type = castType(input.type, target, node.safe)
  if (!supportsCast(input.type, target)) {
    const from = typeToString(withoutTimeAttribute(input.type))
    throw errorAt(
      context,
      node.span,
      'TYPE_MISMATCH',
      `cannot cast ${from} to ${typeToString(withNullability(target, true))}`,
    )
  }
  if (input.kind === 'literal' && input.value === null) return literal(null, withNullability(target, true))
  return { kind: 'cast', input, safe: node.safe, type }
}

type Constructor = ast.RowConstructor | ast.ArrayConstructor | ast.MapConstructor | ast.MultisetConstructor

function bindConstructor(context: ExpressionContext, node: Constructor): Expression {
  switch (node.kind) {
    case 'row': {
      const args = bindAll(
        context,
        node.fields.map((field) => field.value),
      )
      const fields: Field[] = args.map((arg, index) => ({
        name: node.fields[index]?.name?.name ?? `EXPR$${index}`,
        type: withoutTimeAttribute(arg.type),
      }))
      return { kind: 'call', function: 'ROW', args, type: { kind: 'ROW', fields, nullable: false } }
    }
    case 'array': {
      const items = bindAll(context, node.items)
      const element = sharedType(context, items, 'elements of ARRAY', node.span)
      const args = items.map((item) => implicitCast(item, element))
      return { kind: 'call', function: 'ARRAY', args, type: { kind: 'ARRAY', element, nullable: false } }
    }
    case 'map': {
      const keys = bindAll(
        context,
        node.entries.map((entry) => entry.key),
      )
      const values = bindAll(
        context,
        node.entries.map((entry) => entry.value),
      )
      const key = sharedType(context, keys, 'keys of MAP', node.span)
      const value = sharedType(context, values, 'values of MAP', node.span)
      const args = keys.flatMap((item, index) => [
        implicitCast(item, key),
        implicitCast(values[index] ?? nullLiteral(), value),
      ])
      return { kind: 'call', function: 'MAP', args, type: { kind: 'MAP', key, value, nullable: false } }
    }
    case 'multiset':
      throw unsupported(context, node.span, 'MULTISET[…]')
    default:
      return unreachable(node)
  }
}

function sharedType(context: ExpressionContext, items: readonly Expression[], what: string, span: ast.Span): SqlType {
  const types = items.map((item) => item.type)
  const type = types.length === 0 ? STRING : commonType(types)
  if (type !== undefined) return withoutTimeAttribute(type)
  throw errorAt(context, span, 'TYPE_MISMATCH', `the ${what} have no common type: ${typeList(types)}`)
}
