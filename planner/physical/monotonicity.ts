/**
 * How the values of a column change when its row is updated: with them a Top-N knows that rows only move up. The
 * rules are those of Flink's planner, node by node.
 */
import { INSERT_ONLY, type ChangelogMode } from '../../catalog/connector.ts'
import type { AggregateCall, Expression } from '../expression.ts'
import { collectInputs, conjunctsOf } from '../expression-rewrite.ts'
import type { Draft } from './draft.ts'
import type { GroupAggregateNode, RankNode } from './graph.ts'

export type Monotonicity = 'constant' | 'increasing' | 'decreasing' | 'none'

/** By column; undefined where rows may be deleted, or nothing is known. */
export type Monotonicities = readonly Monotonicity[] | undefined

/** @param modes of the drafts below */
export function monotonicityOf(draft: Draft, modes: ReadonlyMap<Draft, ChangelogMode>): Monotonicities {
  const { node } = draft
  const [below] = draft.inputs
  const input = below === undefined ? undefined : monotonicityOf(below, modes)
  const width = node.schema.fields.length
  switch (node.kind) {
    case 'source':
    case 'values':
      return all(width, isAppend(modes.get(draft) ?? INSERT_ONLY) ? 'constant' : 'none')
    case 'changelog-normalize':
      return node.schema.fields.map((_, index) => (node.keys.includes(index) ? 'constant' : 'none'))
    case 'calc':
      return input === undefined ? undefined : throughCalc(node.projections, node.condition, input)
    case 'watermark':
    case 'mini-batch-assigner':
    case 'drop-update-before':
      return input === undefined ? undefined : all(width, isConstant(input) ? 'constant' : 'none')
    case 'union': {
      const inputs = draft.inputs.map((other) => monotonicityOf(other, modes))
      if (inputs.includes(undefined)) return undefined
      const same = inputs.every((other) => other?.join() === input?.join())
      return same ? input : all(width, 'none')
    }
    case 'group-aggregate':
      return input === undefined || below === undefined ? undefined : ofAggregate(node, input, below)
    case 'rank':
      return input === undefined ? undefined : ofRank(node, input)
    case 'deduplicate':
      if (node.keep === 'first') return all(width, 'constant')
      return node.schema.fields.map((_, index) => (node.keys.includes(index) ? 'constant' : 'none'))
    default:
      return isAppend(modes.get(draft) ?? INSERT_ONLY) ? all(width, 'constant') : undefined
  }
}

function isAppend(mode: ChangelogMode): boolean {
  return !mode.updateBefore && !mode.updateAfter && !mode.delete
}

function all(width: number, monotonicity: Monotonicity): Monotonicity[] {
  return Array.from({ length: width }, () => monotonicity)
}

function isConstant(columns: readonly Monotonicity[]): boolean {
  return columns.every((column) => column === 'constant')
}

function throughCalc(
  projections: readonly Expression[],
  condition: Expression | undefined,
  input: readonly Monotonicity[],
): Monotonicity[] {
  if (isConstant(input)) return all(projections.length, 'constant')
  if (condition !== undefined && conjunctsOf(condition).some((part) => mayLeave(part, input))) {
    return all(projections.length, 'none')
  }
  return projections.map((projection) => {
    let expression = projection
    while (expression.kind === 'cast') expression = expression.input
    return expression.kind === 'input' ? (input[expression.index] ?? 'none') : 'none'
  })
}

/** Whether an update can take a row out of the condition. */
function mayLeave(condition: Expression, input: readonly Monotonicity[]): boolean {
  const changing = [...collectInputs(condition)].filter((index) => input[index] !== 'constant')
  if (changing.length === 0) return false
  if (condition.kind !== 'call' || changing.length > 1) return true
  const [left] = condition.args
  const monotonicity = input[changing[0] ?? 0]
  const isLeft = left?.kind === 'input' && left.index === changing[0]
  if (condition.function === '>' || condition.function === '>=') {
    return monotonicity !== (isLeft ? 'increasing' : 'decreasing')
  }
  if (condition.function === '<' || condition.function === '<=') {
    return monotonicity !== (isLeft ? 'decreasing' : 'increasing')
  }
  return true
}

type Aggregating = Pick<GroupAggregateNode, 'keys' | 'aggregates'>

function ofAggregate(node: Aggregating, input: readonly Monotonicity[], below: Draft): Monotonicities {
  if (node.keys.some((key) => input[key] !== 'constant')) return undefined
  const updates = !isConstant(input)
  const calls = node.aggregates.map((call): Monotonicity => {
    const own = ofCall(call, below)
    if (!updates || call.function === 'COUNT' || call.args.length === 0) return own
    const [argument] = call.args
    return call.args.length === 1 && input[argument ?? 0] === own ? own : 'none'
  })
  return [...node.keys.map((): Monotonicity => 'constant'), ...calls]
}

function ofCall(call: AggregateCall, below: Draft): Monotonicity {
  switch (call.function) {
    case 'COUNT':
    case 'MAX':
      return 'increasing'
    case 'MIN':
      return 'decreasing'
    case 'SUM':
    case 'SUM0':
    case '$SUM0':
      return ofSum(call.args[0] ?? 0, below)
    default:
      return 'none'
  }
}

/** A sum of numbers of which a condition says that none is below 0, or none above. */
function ofSum(argument: number, below: Draft): Monotonicity {
  const { node } = below
  if (node.kind !== 'calc' || node.condition === undefined) return 'none'
  const column = node.projections[argument]
  if (column?.kind !== 'input') return 'none'
  for (const condition of conjunctsOf(node.condition)) {
    if (condition.kind !== 'call') continue
    const [left, right] = condition.args
    if (left?.kind !== 'input' || left.index !== column.index || right?.kind !== 'literal') continue
    const limit = Number(right.value)
    if ((condition.function === '>' || condition.function === '>=') && limit >= 0) return 'increasing'
    if ((condition.function === '<' || condition.function === '<=') && limit <= 0) return 'decreasing'
  }
  return 'none'
}

type Ranking = Pick<RankNode, 'keys' | 'order' | 'outputRankNumber' | 'schema'>

function ofRank(node: Ranking, input: readonly Monotonicity[]): Monotonicities {
  if (node.keys.some((key) => input[key] !== 'constant')) return undefined
  const width = node.schema.fields.length
  const columns = all(width, 'none')
  for (const key of node.keys) columns[key] = 'constant'
  if (node.outputRankNumber) columns[width - 1] = 'constant'
  const [first] = node.order
  if (first === undefined) return columns
  const sorted = input[first.column]
  const wanted = first.descending ? 'increasing' : 'decreasing'
  columns[first.column] = sorted === 'constant' || sorted === wanted ? wanted : 'none'
  return columns
}
