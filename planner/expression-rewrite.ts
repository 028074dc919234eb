/** Walks over bound expressions. An expression without changes is returned as it is. */
import { invariant, unreachable } from '../core/errors.ts'
import type { Expression, InputRef } from './expression.ts'

/** Replaces the direct parts of an expression. */
export function mapChildren(expression: Expression, change: (child: Expression) => Expression): Expression {
  switch (expression.kind) {
    case 'input':
    case 'literal':
      return expression
    case 'call': {
      const args = expression.args.map(change)
      return args.every((arg, index) => arg === expression.args[index]) ? expression : { ...expression, args }
    }
    case 'cast':
    case 'field': {
      const input = change(expression.input)
      return input === expression.input ? expression : { ...expression, input }
    }
    case 'case': {
      const whens = expression.whens.map(({ condition, result }) => ({
        condition: change(condition),
        result: change(result),
      }))
      return { ...expression, whens, otherwise: change(expression.otherwise) }
    }
    default:
      return unreachable(expression)
  }
}

export function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'input':
    case 'literal':
      return []
    case 'call':
      return expression.args
    case 'cast':
    case 'field':
      return [expression.input]
    case 'case':
      return [...expression.whens.flatMap(({ condition, result }) => [condition, result]), expression.otherwise]
    default:
      return unreachable(expression)
  }
}

/** Replaces every reference to an input column. */
export function mapInputs(expression: Expression, change: (input: InputRef) => Expression): Expression {
  if (expression.kind === 'input') return change(expression)
  return mapChildren(expression, (child) => mapInputs(child, change))
}

/** The expression over columns that have moved to the right. */
export function shiftInputs(expression: Expression, by: number): Expression {
  return by === 0 ? expression : mapInputs(expression, (input) => ({ ...input, index: input.index + by }))
}

/** Puts the expressions of a projection in the place of references to its columns. */
export function substitute(expression: Expression, projections: readonly Expression[]): Expression {
  return mapInputs(expression, (input) => projections[input.index] ?? input)
}

export function collectInputs(expression: Expression, into: Set<number> = new Set()): Set<number> {
  if (expression.kind === 'input') into.add(expression.index)
  for (const child of childrenOf(expression)) collectInputs(child, into)
  return into
}

export function someExpression(expression: Expression, test: (expression: Expression) => boolean): boolean {
  return test(expression) || childrenOf(expression).some((child) => someExpression(child, test))
}

/** Equal expressions have equal keys. Time attributes and names play no part in the value. */
export function expressionKey(expression: Expression): string {
  return JSON.stringify(expression, (key: string, value: unknown) => (key === 'timeAttribute' ? undefined : value))
}

/** The parts of `a AND b AND c`. */
export function conjunctsOf(condition: Expression): readonly Expression[] {
  if (condition.kind === 'call' && condition.function === 'AND') return condition.args.flatMap(conjunctsOf)
  return [condition]
}

/** The conjunction, or undefined of nothing. */
export function conjunction(conditions: readonly Expression[]): Expression | undefined {
  if (conditions.length === 0) return undefined
  return balanced(conditions, (left, right) => ({
    kind: 'call',
    function: 'AND',
    args: [left, right],
    type: { kind: 'BOOLEAN', nullable: left.type.nullable || right.type.nullable },
  }))
}

/** Combines neighbours until one is left. */
export function balanced(
  parts: readonly Expression[],
  combine: (left: Expression, right: Expression) => Expression,
): Expression {
  let level = parts
  while (level.length > 1) {
    const next: Expression[] = []
    for (let index = 0; index < level.length; index += 2) {
      const [left, right] = [level[index], level[index + 1]]
      if (left !== undefined) next.push(right === undefined ? left : combine(left, right))
    }
    level = next
  }
  const [result] = level
  invariant(result !== undefined, 'nothing to combine')
  return result
}
