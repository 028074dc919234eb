/**
 * Conditions at joins: what is over one side only goes below the join where no row is lost or kept wrongly, the rest
 * of WHERE becomes part of an inner join's condition, and an outer join whose missing rows WHERE throws away is a
 * narrower one.
 */
import type { Expression, InputRef } from '../expression.ts'
import {
  childrenOf,
  collectInputs,
  conjunction,
  conjunctsOf,
  expressionKey,
  mapInputs,
  shiftInputs,
} from '../expression-rewrite.ts'
import { createJoin, type Join, type JoinType, leftMayMiss, rightMayMiss } from '../logical/join.ts'
import { createTemporalJoin, type TemporalJoin } from '../logical/temporal-join.ts'
import { equality } from '../physical/join-keys.ts'
import type { RuleContext } from './rule-context.ts'

export interface JoinFilters {
  readonly join: Join
  /** For each side, over its own columns. */
  readonly left: readonly Expression[]
  readonly right: readonly Expression[]
  /** What has to stay above the join. */
  readonly above: readonly Expression[]
}

const TRUE: Expression = { kind: 'literal', value: true, type: { kind: 'BOOLEAN', nullable: false } }

/**
 * @param where conditions above the join
 * @param on the join's own condition, in its parts
 */
export function placeFilters(
  join: Join,
  where: readonly Expression[],
  on: readonly Expression[],
  rules: RuleContext,
): JoinFilters {
  const width = join.left.schema.fields.length
  const joinType = narrowed(join, where, width)
  const sideOf = (condition: Expression): 'left' | 'right' | 'both' => {
    if (!rules.isDeterministic(condition)) return 'both'
    const inputs = [...collectInputs(condition)]
    if (inputs.length === 0) return 'both'
    if (inputs.every((index) => index < width)) return 'left'
    return inputs.every((index) => index >= width) ? 'right' : 'both'
  }
  const inner = joinType === 'inner'
  const left: Expression[] = []
  const right: Expression[] = []
  const above: Expression[] = []
  const kept: Expression[] = []
  for (const condition of where) {
    const side = sideOf(condition)
    // Rows that are there whatever the other side has may be dropped before the join as well as after it.
    if (side === 'left' && !leftMayMiss(joinType)) left.push(condition)
    else if (side === 'right' && !rightMayMiss(joinType)) right.push(condition)
    else if (inner && rules.isDeterministic(condition)) kept.push(condition)
    else above.push(condition)
  }
  for (const condition of on) {
    const side = sideOf(condition)
    // A row that has to come out even without a partner must not be dropped by a condition on partners.
    if (side === 'left' && !rightMayMiss(joinType) && joinType !== 'anti') left.push(condition)
    else if (side === 'right' && !leftMayMiss(joinType)) right.push(condition)
    else kept.unshift(condition)
  }
  const condition = conjunction(inOrder(kept, on)) ?? TRUE
  const equal = equalColumns(kept, width)
  return {
    join: createJoin(joinType, join.left, join.right, condition, join),
    left: withCopies(left, rightMayMiss(joinType) || joinType === 'anti' ? [] : right, equal.toLeft),
    right: withCopies(right, leftMayMiss(joinType) ? [] : left, equal.toRight).map((part) => shiftInputs(part, -width)),
    above,
  }
}

/**
 * Of a temporal join only the left side is filtered before: a filter on the right would hide that a version has ended.
 * WHERE says what is looked up, as ON does; versions are compared in ON alone.
 *
 * @param where conditions above the join
 */
export function placeTemporalFilters(
  join: TemporalJoin,
  where: readonly Expression[],
  rules: RuleContext,
): { readonly join: TemporalJoin; readonly left: readonly Expression[]; readonly above: readonly Expression[] } {
  const width = join.left.schema.fields.length
  const inner = join.joinType === 'inner'
  const readsOnly = (condition: Expression, side: (index: number) => boolean): boolean =>
    rules.isDeterministic(condition) && [...collectInputs(condition)].every(side)
  const left: Expression[] = []
  const above: Expression[] = []
  const kept: Expression[] = []
  for (const condition of conjunctsOf(join.condition)) {
    if (inner && readsOnly(condition, (index) => index < width)) left.push(condition)
    else kept.push(condition)
  }
  for (const condition of where) {
    if (readsOnly(condition, (index) => index < width)) left.push(condition)
    else if (inner && join.leftTime === undefined && rules.isDeterministic(condition)) kept.push(condition)
    else above.push(condition)
  }
  const condition = conjunction(kept) ?? TRUE
  return { join: createTemporalJoin({ ...join, condition }), left, above }
}

interface EqualColumns {
  readonly toLeft: ReadonlyMap<number, InputRef>
  readonly toRight: ReadonlyMap<number, InputRef>
}

/** Columns of the two sides that are the same in every pair. */
function equalColumns(conditions: readonly Expression[], width: number): EqualColumns {
  const toLeft = new Map<number, InputRef>()
  const toRight = new Map<number, InputRef>()
  for (const condition of conditions) {
    const found = equality(condition)
    if (found === undefined || found.left.kind !== 'input' || found.right.kind !== 'input') continue
    const [a, b] = found.left.index < found.right.index ? [found.left, found.right] : [found.right, found.left]
    if (a.index >= width || b.index < width) continue
    toRight.set(a.index, b)
    toLeft.set(b.index, a)
  }
  return { toLeft, toRight }
}

/**
 * The conditions of a side, and those of the other side on columns that are equal to its own: a row that does not
 * fulfil them has no partner.
 */
function withCopies(
  own: readonly Expression[],
  others: readonly Expression[],
  moves: ReadonlyMap<number, InputRef>,
): readonly Expression[] {
  const known = new Set(own.map(expressionKey))
  const copies = others.flatMap((condition) => {
    if (![...collectInputs(condition)].every((index) => moves.has(index))) return []
    const copy = mapInputs(condition, (input) => moves.get(input.index) ?? input)
    return known.has(expressionKey(copy)) ? [] : [copy]
  })
  return [...own, ...copies]
}

/** The conditions of ON as they were written, then those of WHERE. */
function inOrder(kept: readonly Expression[], on: readonly Expression[]): readonly Expression[] {
  const own = on.filter((condition) => kept.includes(condition))
  return [...own, ...kept.filter((condition) => !on.includes(condition))]
}

function narrowed({ joinType }: Join, where: readonly Expression[], width: number): JoinType {
  const dropsMissing = (isMissing: (index: number) => boolean): boolean =>
    where.some((condition) => rejectsNull(condition, isMissing))
  const left = leftMayMiss(joinType) && !dropsMissing((index) => index < width)
  const right = rightMayMiss(joinType) && !dropsMissing((index) => index >= width)
  if (joinType === 'semi' || joinType === 'anti') return joinType
  if (left && right) return 'full'
  return left ? 'right' : right ? 'left' : 'inner'
}

const STRICT: readonly string[] = ['=', '<>', '<', '<=', '>', '>=', 'LIKE', 'NOT LIKE', 'SIMILAR TO', 'NOT SIMILAR TO']
const ARITHMETIC: readonly string[] = ['+', '-', '*', '/', '%', '||', 'NEGATE']

/** Whether the condition is never TRUE where all these columns are NULL. */
function rejectsNull(condition: Expression, missing: (index: number) => boolean): boolean {
  if (condition.kind === 'input') return missing(condition.index)
  if (condition.kind !== 'call') return false
  const { function: name, args } = condition
  if (name === 'AND') return args.some((arg) => rejectsNull(arg, missing))
  if (name === 'OR') return args.every((arg) => rejectsNull(arg, missing))
  if (STRICT.includes(name)) return args.some((arg) => isNullWith(arg, missing))
  if (name === 'NOT') return args.some((arg) => isNullWith(arg, missing))
  const [first] = args
  if (first === undefined) return false
  if (name === 'IS NOT NULL') return isNullWith(first, missing)
  if (name === 'IS TRUE' || name === 'IS FALSE') return rejectsNull(first, missing) || isNullWith(first, missing)
  return name === 'IN' && isNullWith(first, missing)
}

/** Whether the value is NULL where all these columns are. */
function isNullWith(expression: Expression, missing: (index: number) => boolean): boolean {
  switch (expression.kind) {
    case 'input':
      return missing(expression.index)
    case 'cast':
    case 'field':
      return isNullWith(expression.input, missing)
    case 'call':
      if (![...STRICT, ...ARITHMETIC, 'NOT'].includes(expression.function)) return false
      return childrenOf(expression).some((child) => isNullWith(child, missing))
    default:
      return false
  }
}
