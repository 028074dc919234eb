/** What rewrites may ask. */
import type { PlannerContext } from '../../catalog/reader.ts'
import type { Expression } from '../expression.ts'
import { someExpression } from '../expression-rewrite.ts'

export interface RuleContext {
  readonly planner: PlannerContext
  /** Whether evaluating twice, or once instead of twice, makes no difference. */
  isDeterministic(expression: Expression): boolean
}

export function createRuleContext(planner: PlannerContext): RuleContext {
  const known = new Map<string, boolean>()
  const deterministic = (name: string): boolean => {
    const found = known.get(name)
    if (found !== undefined) return found
    const value = name !== 'PROCTIME' && planner.functions.find(name)?.deterministic !== false
    known.set(name, value)
    return value
  }
  return {
    planner,
    isDeterministic: (expression) =>
      !someExpression(
        expression,
        (part) => part.kind === 'call' && !(part.user?.deterministic ?? deterministic(part.function)),
      ),
  }
}
