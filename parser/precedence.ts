/**
 * How tightly operators bind, for the parser and the formatter. From loose to tight as on Calcite's reference page,
 * "Operator precedence": note that IS binds looser than comparison and `||` as tightly as `*`.
 */
import type { BinaryOperator } from './ast/expression.ts'

export const LEVEL = {
  or: 1,
  and: 2,
  not: 3,
  is: 4,
  comparison: 5,
  /** LIKE, BETWEEN, IN. */
  predicate: 6,
  additive: 7,
  multiplicative: 8,
  sign: 9,
  /** `a[i]`, `a.f`; also everything that needs no parentheses anywhere. */
  access: 10,
} as const

export const OPERATOR_LEVELS: Readonly<Record<BinaryOperator, number>> = {
  OR: LEVEL.or,
  AND: LEVEL.and,
  '=': LEVEL.comparison,
  '<>': LEVEL.comparison,
  '<': LEVEL.comparison,
  '<=': LEVEL.comparison,
  '>': LEVEL.comparison,
  '>=': LEVEL.comparison,
  OVERLAPS: LEVEL.comparison,
  '+': LEVEL.additive,
  '-': LEVEL.additive,
  '*': LEVEL.multiplicative,
  '/': LEVEL.multiplicative,
  '%': LEVEL.multiplicative,
  '||': LEVEL.multiplicative,
}
