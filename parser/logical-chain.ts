/**
 * AND and OR chains. Short ones lean to the left as everywhere; a long one becomes a balanced tree, which means the
 * same and stays low: generated conditions of ten thousand terms are ordinary, recursion that deep is not possible.
 */
import { invariant } from '../core/errors.ts'
import type { BinaryExpression, Expression } from './ast/expression.ts'
import type { Span } from './ast/node.ts'

/** Chains of more terms than this are balanced. */
export const LONG_CHAIN = 64

export interface ChainTerm {
  readonly expression: Expression
  /** With the parentheses that the expression's own span leaves out. */
  readonly span: Span
}

/** @param terms at least one */
export function chainOf(operator: 'AND' | 'OR', terms: readonly ChainTerm[]): Expression {
  const [first, ...rest] = terms
  invariant(first !== undefined, 'a chain needs a term')
  if (terms.length > LONG_CHAIN) return balanced(operator, terms, 0, terms.length).expression
  return rest.reduce((left, right) => join(operator, left, right), first).expression
}

function balanced(operator: 'AND' | 'OR', terms: readonly ChainTerm[], from: number, to: number): ChainTerm {
  const first = terms[from]
  invariant(first !== undefined, 'a chain needs a term')
  if (to - from === 1) return first
  const middle = from + Math.ceil((to - from) / 2)
  return join(operator, balanced(operator, terms, from, middle), balanced(operator, terms, middle, to))
}

function join(operator: 'AND' | 'OR', left: ChainTerm, right: ChainTerm): ChainTerm {
  const span = { start: left.span.start, end: right.span.end }
  return { expression: { kind: 'binary', operator, left: left.expression, right: right.expression, span }, span }
}

/** The terms, where the tree is exactly what `chainOf` makes of more than `LONG_CHAIN` terms; else undefined. */
export function longChainTerms(expression: BinaryExpression): readonly Expression[] | undefined {
  const { operator, right } = expression
  if (right.kind !== 'binary' || right.operator !== operator) return undefined
  if (operator !== 'AND' && operator !== 'OR') return undefined
  const { levels, terms } = measure(expression)
  // a term that is itself such a chain, in parentheses, hides deeper down than the balanced tree is high
  if (terms.length <= LONG_CHAIN || levels > Math.ceil(Math.log2(terms.length))) return undefined
  return isBalanced(expression, operator, 0, terms.length, terms) ? terms : undefined
}

function measure(root: BinaryExpression): { readonly levels: number; readonly terms: readonly Expression[] } {
  const terms: Expression[] = []
  let levels = 0
  const visit = (node: Expression, level: number): void => {
    if (node.kind === 'binary' && node.operator === root.operator) {
      visit(node.left, level + 1)
      visit(node.right, level + 1)
      return
    }
    levels = Math.max(levels, level)
    terms.push(node)
  }
  visit(root, 0)
  return { levels, terms }
}

function isBalanced(
  node: Expression,
  operator: 'AND' | 'OR',
  from: number,
  to: number,
  terms: readonly Expression[],
): boolean {
  if (to - from === 1) return node === terms[from]
  if (node.kind !== 'binary' || node.operator !== operator) return false
  const middle = from + Math.ceil((to - from) / 2)
  return isBalanced(node.left, operator, from, middle, terms) && isBalanced(node.right, operator, middle, to, terms)
}
