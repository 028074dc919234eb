/** The order in which the operands of an OR are tried. */
import { childrenOf } from '../../planner/expression-rewrite.ts'
import type { Expression } from '../../planner/expression.ts'

/** Functions that give no error whatever their arguments are. */
const SAFE = new Set([
  '=',
  '<>',
  '<',
  '<=',
  '>',
  '>=',
  'IN',
  'NOT IN',
  'IS NULL',
  'IS NOT NULL',
  'LOWER',
  'UPPER',
  'AND',
  'OR',
])
const SEARCHES = new Set(['REGEXP', 'REGEXP_EXTRACT', 'REGEXP_SUBSTR'])

/** Those without a regular expression first, where no operand can fail: which one is TRUE first makes no difference. */
export function cheapestFirst(operands: readonly Expression[]): readonly Expression[] {
  if (!operands.every(cannotFail)) return operands
  return operands.toSorted((a, b) => searchesIn(a) - searchesIn(b))
}

function cannotFail(expression: Expression): boolean {
  switch (expression.kind) {
    case 'input':
    case 'field':
    case 'literal':
      return childrenOf(expression).every(cannotFail)
    case 'call': {
      const isSafe =
        SAFE.has(expression.function) || (SEARCHES.has(expression.function) && hasPattern(expression.args[1]))
      return expression.user === undefined && isSafe && expression.args.every(cannotFail)
    }
    case 'cast':
    case 'case':
      return false
  }
}

/** Whether the argument is a regular expression that can be read. */
function hasPattern(argument: Expression | undefined): boolean {
  if (argument?.kind !== 'literal' || typeof argument.value !== 'string') return false
  try {
    return new RegExp(argument.value) instanceof RegExp
  } catch {
    return false
  }
}

function searchesIn(expression: Expression): number {
  const own = expression.kind === 'call' && SEARCHES.has(expression.function) ? 1 : 0
  return childrenOf(expression).reduce((sum, child) => sum + searchesIn(child), own)
}
