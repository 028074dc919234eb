/**
 * Columns of the query around a subquery, while the subquery is not joined with it yet: references from OUTER_BASE on,
 * by position in the outer query's scope.
 */
import type { Expression } from '../expression.ts'
import { someExpression } from '../expression-rewrite.ts'
import { GROUPING_BASE } from './grouping-sets.ts'

export const OUTER_BASE = GROUPING_BASE + (1 << 22)

export function hasOuter(expression: Expression): boolean {
  return someExpression(expression, (part) => part.kind === 'input' && part.index >= OUTER_BASE)
}
