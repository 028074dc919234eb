/** What the parts of the expression binder share. They reach each other through `bind`, so that no file needs all. */
import type { FunctionSpec } from '../../catalog/function.ts'
import type * as ast from '../../parser/ast.ts'
import type { Expression } from '../expression.ts'
import { type BinderContext, errorAt } from './binder-context.ts'
import { requireBoolean } from './call.ts'
import type { Scope } from './scope.ts'

export interface AggregateCalls {
  add(context: ExpressionContext, node: ast.CallExpression, spec: FunctionSpec): Expression
}

/** Calls with OVER, as they are found. */
export interface OverCalls {
  add(context: ExpressionContext, node: ast.CallExpression, spec: FunctionSpec): Expression
}

/** Subqueries of a clause: what their values are is known when they are joined. */
export interface Subqueries {
  value(context: ExpressionContext, node: ast.SubqueryExpression): Expression
  exists(context: ExpressionContext, node: ast.ExistsPredicate): Expression
  in(context: ExpressionContext, node: ast.InSubqueryPredicate): Expression
  quantified(context: ExpressionContext, node: ast.QuantifiedComparison & { readonly target: ast.Query }): Expression
}

export interface ExpressionContext extends BinderContext {
  readonly scope: Scope
  /** Where the expression stands, for messages: `WHERE`, `the SELECT list`. */
  readonly clause: string
  /** Absent: no aggregate may stand here. */
  readonly aggregates?: AggregateCalls
  /** Absent: no call with OVER may stand here. */
  readonly over?: OverCalls
  /** What names of the SELECT list stand for, where they may be used (QUALIFY) and FROM has no such column. */
  readonly aliases?: ReadonlyMap<string, Expression>
  /** Absent: no subquery may stand here. */
  readonly subqueries?: Subqueries
  /** TUMBLE_START and its like where there is a legacy group window; GROUPING and its like where there is GROUP BY. */
  readonly auxiliary?: (call: ast.CallExpression) => Expression | undefined
  /** Calls that have a meaning of their own here; undefined: the call is like any other. */
  readonly calls?: (context: ExpressionContext, call: ast.CallExpression) => Expression | undefined
  /** Where column references stand, so that a later error can point at them. */
  readonly spans: WeakMap<Expression, ast.Span>
  readonly bind: (context: ExpressionContext, node: ast.Expression) => Expression
}

export function requireSubqueries(context: ExpressionContext, { span }: ast.Expression, what: string): Subqueries {
  if (context.subqueries !== undefined) return context.subqueries
  throw errorAt(context, span, 'UNSUPPORTED_FEATURE', `${what} cannot stand in ${context.clause}`, {
    hint: 'Subqueries can stand in WHERE, HAVING and the SELECT list.',
  })
}

export function bindAll(context: ExpressionContext, nodes: readonly ast.Expression[]): readonly Expression[] {
  return nodes.map((node) => context.bind(context, node))
}

/** A condition of WHERE, HAVING, FILTER, CASE. */
export function bindCondition(context: ExpressionContext, node: ast.Expression, clause = context.clause): Expression {
  return requireBoolean(context, context.bind(context, node), clause, node.span)
}
