/**
 * Constant folding: what depends on no row is evaluated once, by the executor's own functions (through
 * `evaluateConstant` of the context). What fails to evaluate is left, so that it fails when and only when it is run.
 */
import { castLiteral } from '../bind/call.ts'
import type { Expression } from '../expression.ts'
import { mapChildren, someExpression, substitute } from '../expression-rewrite.ts'
import type { LogicalNode } from '../logical/node.ts'
import { mapLogicalInputs } from '../logical/node.ts'
import { createValues } from '../logical/values.ts'
import type { RuleContext } from './rule-context.ts'

const CONSTRUCTED: readonly string[] = ['ARRAY', 'MAP', 'MULTISET', 'ROW', 'RAW', 'VARIANT', 'BITMAP', 'NULL']

export function foldConstants(node: LogicalNode, rules: RuleContext): LogicalNode {
  const below = mapLogicalInputs(node, (input) => foldConstants(input, rules))
  switch (below.kind) {
    case 'project': {
      const expressions = below.expressions.map((expression) => fold(expression, rules))
      const { input, schema } = below
      if (input.kind !== 'values') return { ...below, expressions }
      return createValues(
        input.rows.map((row) => expressions.map((expression) => fold(substitute(expression, row), rules))),
        schema,
      )
    }
    case 'values':
      return { ...below, rows: below.rows.map((row) => row.map((value) => fold(value, rules))) }
    case 'filter': {
      const condition = fold(below.condition, rules)
      if (condition.kind !== 'literal') return { ...below, condition }
      return condition.value === true ? below.input : createValues([], below.schema)
    }
    case 'join':
    case 'temporal-join':
      return { ...below, condition: fold(below.condition, rules) }
    default:
      return below
  }
}

function fold(expression: Expression, rules: RuleContext): Expression {
  const folded = foldLogic(mapChildren(expression, (child) => fold(child, rules)))
  if (folded.kind === 'cast' && folded.input.kind === 'literal') {
    const converted = castLiteral(folded.input, folded.type)
    if (converted !== undefined) return converted
  }
  if (!isFoldable(folded, rules)) return folded
  const value = rules.planner.evaluateConstant?.(folded)
  return value === undefined ? folded : { kind: 'literal', value, type: folded.type }
}

function isFoldable(expression: Expression, rules: RuleContext): boolean {
  if (expression.kind === 'input' || expression.kind === 'literal') return false
  if (CONSTRUCTED.includes(expression.type.kind)) return false
  return !someExpression(expression, (part) => part.kind === 'input') && rules.isDeterministic(expression)
}

/** AND and OR with a constant operand need no evaluation; CASE with a constant condition neither. */
function foldLogic(expression: Expression): Expression {
  if (expression.kind === 'call' && (expression.function === 'AND' || expression.function === 'OR')) {
    const neutral = expression.function === 'AND'
    if (expression.args.some((arg) => arg.kind === 'literal' && arg.value === !neutral)) {
      return { kind: 'literal', value: !neutral, type: { kind: 'BOOLEAN', nullable: false } }
    }
    const rest = expression.args.filter((arg) => !(arg.kind === 'literal' && arg.value === neutral))
    const [first] = rest
    if (rest.length === expression.args.length) return expression
    if (first === undefined) return { kind: 'literal', value: neutral, type: { kind: 'BOOLEAN', nullable: false } }
    return rest.length === 1 ? first : { ...expression, args: rest }
  }
  if (expression.kind !== 'case') return expression
  const whens = expression.whens.filter(({ condition }) => !(condition.kind === 'literal' && condition.value !== true))
  const [first] = whens
  if (first === undefined) return expression.otherwise
  if (first.condition.kind === 'literal') return first.result
  return whens.length === expression.whens.length ? expression : { ...expression, whens }
}
