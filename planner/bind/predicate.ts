/** Predicates with a syntax of their own. BETWEEN becomes comparisons; a list of IN stays a list. */
import { unreachable } from '../../core/errors.ts'
import type * as ast from '../../parser/ast.ts'
import type { Expression } from '../expression.ts'
import { errorAt, unsupported } from './binder-context.ts'
import { applyFunction } from './call.ts'
import { bindAll, type ExpressionContext, requireSubqueries } from './expression-context.ts'
import { stringLiteral } from './literal.ts'

export type PredicateNode =
  | ast.BetweenPredicate
  | ast.InListPredicate
  | ast.InSubqueryPredicate
  | ast.QuantifiedComparison
  | ast.LikePredicate
  | ast.IsPredicate
  | ast.IsDistinctPredicate
  | ast.IsJsonPredicate
  | ast.ExistsPredicate

export function bindPredicate(context: ExpressionContext, node: PredicateNode): Expression {
  switch (node.kind) {
    case 'between':
      return bindBetween(context, node)
    case 'in-list':
      return bindInList(context, node)
    case 'in-subquery':
      return requireSubqueries(context, node, node.negated ? 'NOT IN (SELECT …)' : 'IN (SELECT …)').in(context, node)
    case 'quantified': {
      const what = `a comparison with ${node.quantifier}`
      const { target } = node
      if (target.kind !== 'query')
        throw unsupported(context, node.span, `${what} (…)`, 'Write IN, or compare with each.')
      return requireSubqueries(context, node, what).quantified(context, { ...node, target })
    }
    case 'exists':
      return requireSubqueries(context, node, 'EXISTS').exists(context, node)
    case 'like':
      return bindLike(context, node)
    case 'is':
      return applyFunction(
        context,
        `IS ${node.negated ? 'NOT ' : ''}${node.test}`,
        [context.bind(context, node.operand)],
        node.span,
      )
    case 'is-distinct':
      return applyFunction(
        context,
        `IS ${node.negated ? 'NOT ' : ''}DISTINCT FROM`,
        bindAll(context, [node.left, node.right]),
        node.span,
      )
    case 'is-json':
      return applyFunction(
        context,
        `IS ${node.negated ? 'NOT ' : ''}JSON`,
        [context.bind(context, node.operand), stringLiteral(node.type)],
        node.span,
      )
    default:
      return unreachable(node)
  }
}

function bindBetween(context: ExpressionContext, node: ast.BetweenPredicate): Expression {
  const operand = context.bind(context, node.operand)
  const low = context.bind(context, node.low)
  const high = context.bind(context, node.high)
  const within = (from: Expression, to: Expression): Expression =>
    applyFunction(
      context,
      node.negated ? 'OR' : 'AND',
      [
        applyFunction(context, node.negated ? '<' : '>=', [operand, from], node.span),
        applyFunction(context, node.negated ? '>' : '<=', [operand, to], node.span),
      ],
      node.span,
    )
  if (!node.symmetric) return within(low, high)
  return applyFunction(context, node.negated ? 'AND' : 'OR', [within(low, high), within(high, low)], node.span)
}

function bindInList(context: ExpressionContext, node: ast.InListPredicate): Expression {
  if (node.operand.kind === 'row') return bindRowInList(context, node, node.operand)
  const args = bindAll(context, [node.operand, ...node.items])
  return applyFunction(context, node.negated ? 'NOT IN' : 'IN', args, node.span)
}

/** `(a, b) IN ((1, 2), (3, 4))` compares field by field. */
function bindRowInList(context: ExpressionContext, node: ast.InListPredicate, operand: ast.RowConstructor): Expression {
  const left = bindAll(
    context,
    operand.fields.map((field) => field.value),
  )
  const rows = node.items.map((item) => {
    if (item.kind !== 'row' || item.fields.length !== left.length) {
      throw errorAt(context, item.span, 'TYPE_MISMATCH', `IN compares with rows of ${left.length} values`)
    }
    const equal = item.fields.map((field, index) =>
      applyFunction(
        context,
        '=',
        [left[index] ?? context.bind(context, field.value), context.bind(context, field.value)],
        field.span,
      ),
    )
    return equal.reduce((a, b) => applyFunction(context, 'AND', [a, b], item.span))
  })
  const any = rows.reduce((a, b) => applyFunction(context, 'OR', [a, b], node.span))
  return node.negated ? applyFunction(context, 'NOT', [any], node.span) : any
}

function bindLike(context: ExpressionContext, node: ast.LikePredicate): Expression {
  const args = [node.operand, node.pattern, ...(node.escape === undefined ? [] : [node.escape])]
  const name = `${node.negated ? 'NOT ' : ''}${node.operator}`
  if (node.operator === 'ILIKE' || node.operator === 'RLIKE') throw unsupported(context, node.span, name)
  return applyFunction(context, name, bindAll(context, args), node.span)
}
