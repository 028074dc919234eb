/**
 * Moves filters towards the sources: through projections, unions, joins, window functions, and below GROUP BY for its
 * keys.
 */
import type { Expression } from '../expression.ts'
import { collectInputs, conjunction, conjunctsOf, mapInputs, substitute } from '../expression-rewrite.ts'
import { createFilter } from '../logical/filter.ts'
import { type LogicalNode, mapLogicalInputs } from '../logical/node.ts'
import { placeFilters, placeTemporalFilters } from './join-filters.ts'
import type { RuleContext } from './rule-context.ts'

export function pushFilters(node: LogicalNode, rules: RuleContext): LogicalNode {
  if (node.kind === 'join' || node.kind === 'temporal-join') return push([], node, rules)
  if (node.kind !== 'filter') return mapLogicalInputs(node, (input) => pushFilters(input, rules))
  return push(conjunctsOf(node.condition), node.input, rules)
}

function push(conditions: readonly Expression[], node: LogicalNode, rules: RuleContext): LogicalNode {
  switch (node.kind) {
    case 'filter':
      return push([...conjunctsOf(node.condition), ...conditions], node.input, rules)
    case 'project': {
      const through = (condition: Expression): boolean =>
        [...collectInputs(condition)].every((index) => isPushable(node.expressions[index], rules))
      return split(conditions, through, node, (pushed) => ({
        ...node,
        input: push(
          pushed.map((condition) => substitute(condition, node.expressions)),
          node.input,
          rules,
        ),
      }))
    }
    case 'union':
      return split(
        conditions,
        (condition) => rules.isDeterministic(condition),
        node,
        (pushed) => ({
          ...node,
          inputs: node.inputs.map((input) => push(pushed, input, rules)),
        }),
      )
    case 'join': {
      const placed = placeFilters(node, conditions, conjunctsOf(node.condition), rules)
      const { join } = placed
      return filtered(placed.above, {
        ...join,
        left: push(placed.left, join.left, rules),
        right: push(placed.right, join.right, rules),
      })
    }
    case 'temporal-join': {
      const { join, left, above } = placeTemporalFilters(node, conditions, rules)
      return filtered(above, { ...join, left: push(left, join.left, rules), right: pushFilters(join.right, rules) })
    }
    case 'correlate':
    case 'window-table-function': {
      const width = node.input.schema.fields.length
      // Rows that are filtered out hold no session together: only whole sessions may go.
      const session = node.kind === 'window-table-function' && node.window.kind === 'session' ? node.window : undefined
      const isMovable = (index: number): boolean =>
        session === undefined ? index < width : session.partitionKeys.includes(index)
      const through = (condition: Expression): boolean =>
        rules.isDeterministic(condition) && [...collectInputs(condition)].every(isMovable)
      return split(conditions, through, node, (pushed) => ({ ...node, input: push(pushed, node.input, rules) }))
    }
    case 'aggregate': {
      const through = (condition: Expression): boolean =>
        node.keys.length > 0 &&
        rules.isDeterministic(condition) &&
        [...collectInputs(condition)].every((index) => index < node.keys.length)
      const toInput = (condition: Expression): Expression =>
        mapInputs(condition, (input) => ({ ...input, index: node.keys[input.index] ?? input.index }))
      return split(conditions, through, node, (pushed) => ({
        ...node,
        input: push(pushed.map(toInput), node.input, rules),
      }))
    }
    default:
      return filtered(conditions, pushFilters(node, rules))
  }
}

function isPushable(expression: Expression | undefined, rules: RuleContext): boolean {
  return expression !== undefined && rules.isDeterministic(expression)
}

function filtered(conditions: readonly Expression[], node: LogicalNode): LogicalNode {
  const condition = conjunction(conditions)
  return condition === undefined ? node : createFilter(node, condition)
}

/** What can pass goes below, the rest stays above. */
function split(
  conditions: readonly Expression[],
  through: (condition: Expression) => boolean,
  node: LogicalNode,
  below: (pushed: readonly Expression[]) => LogicalNode,
): LogicalNode {
  const pushed = conditions.filter(through)
  const kept = conditions.filter((condition) => !through(condition))
  return filtered(kept, below(pushed))
}
