/** Constant folding: evaluates an expression without inputs at planning time. */
import { readValue } from '../../core/column-ops.ts'
import { MillraceError } from '../../core/errors.ts'
import { physicalKind } from '../../core/types.ts'
import type { Call, Expression, LiteralValue } from '../../planner/expression.ts'
import type { Environment } from '../functions/function.ts'
import { findFunction } from '../functions/index.ts'
import { compileScalar, SINGLE_ROW } from './calc.ts'
import { toLiteralValue } from './literal.ts'

/**
 * @returns undefined where the expression is not constant (an input, RAND, NOW), is no scalar, or fails: the error
 *   then comes when the query runs, as in Flink
 */
export function evaluateConstant(expression: Expression, environment: Environment): LiteralValue | undefined {
  if (!isConstant(expression) || ['list', 'map', 'row'].includes(physicalKind(expression.type))) return undefined
  try {
    const column = compileScalar(expression, environment)(SINGLE_ROW)
    return toLiteralValue(readValue(column, expression.type, 0), expression.type)
  } catch (error) {
    if (error instanceof MillraceError) return undefined
    throw error
  }
}

function isConstant(expression: Expression): boolean {
  switch (expression.kind) {
    case 'input':
      return false
    case 'literal':
      return true
    case 'call':
      return isDeterministic(expression) && expression.args.every(isConstant)
    case 'cast':
    case 'field':
      return isConstant(expression.input)
    case 'case':
      return (
        expression.whens.every((when) => isConstant(when.condition) && isConstant(when.result)) &&
        isConstant(expression.otherwise)
      )
  }
}

function isDeterministic(call: Call): boolean {
  return call.user?.deterministic ?? findFunction(call.function)?.deterministic !== false
}
