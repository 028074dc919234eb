/** Interval, temporal, window and lookup joins in EXPLAIN, in Flink's words. */
import type { Schema } from '../../core/types.ts'
import type { Expression } from '../expression.ts'
import { collectInputs, conjunction, conjunctsOf, shiftInputs } from '../expression-rewrite.ts'
import { bothSides } from '../logical/join.ts'
import type { DraftNode } from '../physical/draft.ts'
import { expressionText } from './expression-text.ts'
import { joinTypeText } from './join-text.ts'

type NodeOf<Kind extends DraftNode['kind']> = Extract<DraftNode, { kind: Kind }>

function namesOf(left: Schema, right: Schema): readonly string[] {
  return bothSides(left, right).map((field) => field.name)
}

function selectText({ schema }: DraftNode): string {
  return schema.fields.map((field) => field.name).join(', ')
}

export function intervalJoinText(node: NodeOf<'interval-join'>, left: Schema, right: Schema): string {
  const { time, lower, upper, leftTime, rightTime } = node.bounds
  const bounds = `isRowTime=${time === 'rowtime'}, leftLowerBound=${lower}, leftUpperBound=${upper}, leftTimeIndex=${leftTime}, rightTimeIndex=${rightTime}`
  const where = expressionText(node.where, namesOf(left, right))
  return `IntervalJoin(joinType=[${joinTypeText(node.joinType)}], windowBounds=[${bounds}], where=[${where}], select=[${selectText(node)}])`
}

export function temporalJoinText(node: NodeOf<'temporal-join'>, left: Schema, right: Schema): string {
  const names = namesOf(left, right)
  const width = left.fields.length
  const list = (columns: readonly number[], by = 0): string => columns.map((column) => names[column + by]).join(', ')
  const time = [
    names[node.leftTime],
    names[width + node.rightTime],
    `__TEMPORAL_JOIN_CONDITION_PRIMARY_KEY(${list(node.primaryKey, width)})`,
    `__TEMPORAL_JOIN_LEFT_KEY(${list(node.leftKeys)})`,
    `__TEMPORAL_JOIN_RIGHT_KEY(${list(node.rightKeys, width)})`,
  ]
  const where = expressionText(node.where, names)
  const inner =
    where.startsWith('(') && node.where.kind === 'call' && node.where.function === 'AND' ? where.slice(1, -1) : where
  return `TemporalJoin(joinType=[${joinTypeText(node.joinType)}], where=[(${inner} AND __TEMPORAL_JOIN_CONDITION(${time.join(', ')}))], select=[${selectText(node)}])`
}

/** @param windows of the left and the right side, as text */
export function windowJoinText(
  node: NodeOf<'window-join'>,
  left: Schema,
  right: Schema,
  windows: readonly [string, string],
): string {
  const where = node.where === undefined ? 'true' : expressionText(node.where, namesOf(left, right))
  const sides = `leftWindow=[${windows[0]}], rightWindow=[${windows[1]}]`
  return `WindowJoin(${sides}, joinType=[${joinTypeText(node.joinType)}], where=[${where}], select=[${selectText(node)}])`
}

export function lookupJoinText(node: NodeOf<'lookup-join'>, left: Schema): string {
  const { catalog, database, name } = node.table.path
  const width = left.fields.length
  const leftNames = left.fields.map((field) => field.name)
  const rightNames = node.schema.fields.slice(width).map((field) => field.name)
  const names = [...leftNames, ...rightNames]
  const keys = node.keys.map(
    ({ column, value }) => `${node.lookup.fields[column]?.name}=${expressionText(value, leftNames)}`,
  )
  const { ordered, capacity, timeout } = node.asynchronous
  const conditions = splitCondition(node.condition, width)
  const item = (label: string, condition: Expression | undefined, columns: readonly string[]): string =>
    condition === undefined ? '' : `, ${label}=[${expressionText(condition, columns)}]`
  const retry =
    node.retry === undefined ? '' : `, retry=[lookup_miss, FIXED_DELAY, ${node.retry.delay}ms, ${node.retry.attempts}]`
  return [
    `LookupJoin(table=[${catalog}.${database}.${name}], joinType=[${joinTypeText(node.joinType)}]`,
    `, async=[${ordered ? 'ORDERED' : 'UNORDERED'}, ${timeout}ms, ${capacity}], lookup=[${keys.join(', ')}]`,
    item('where', conditions.right, rightNames),
    item('joinCondition', conditions.both, names),
    `, select=[${selectText(node)}]${retry})`,
  ].join('')
}

/** Conditions on what was found alone, over its columns, and those that need the left side too. */
function splitCondition(
  condition: Expression | undefined,
  width: number,
): { readonly right: Expression | undefined; readonly both: Expression | undefined } {
  const parts = condition === undefined ? [] : conjunctsOf(condition)
  const onRight = (part: Expression): boolean => [...collectInputs(part)].every((index) => index >= width)
  const right = conjunction(parts.filter(onRight))
  return {
    right: right === undefined ? undefined : shiftInputs(right, -width),
    both: conjunction(parts.filter((part) => !onRight(part))),
  }
}
