/**
 * Joins whose condition bounds the distance of two time attributes, one of each side: by two comparisons, or by one
 * equality (Flink's IntervalJoinUtil).
 */
import { MillraceError } from '../../core/errors.ts'
import { type SqlType, typeToString } from '../../core/types.ts'
import { timeAttributeOf, withoutTimeAttribute } from '../bind/types.ts'
import type { Expression } from '../expression.ts'
import { conjunction, conjunctsOf } from '../expression-rewrite.ts'
import type { Join } from '../logical/join.ts'
import type { DraftNode } from './draft.ts'
import type { IntervalBounds } from './join-nodes.ts'
import { joinKeys } from './join-keys.ts'

type IntervalJoin = Extract<DraftNode, { kind: 'interval-join' }>

/**
 * Undefined where the join is none.
 *
 * @throws MillraceError TYPE_MISMATCH, UNSUPPORTED_FEATURE as Flink does
 */
export function intervalJoin(join: Join, minCleanupInterval: number): IntervalJoin | undefined {
  const { joinType, left, condition, schema } = join
  if (joinType === 'semi' || joinType === 'anti') return undefined
  const width = left.schema.fields.length
  const times: TimeComparison[] = []
  const others: Expression[] = []
  for (const part of conjunctsOf(condition)) {
    const time = timeComparison(part, width)
    if (time === undefined) others.push(part)
    else times.push(time)
  }
  const bounds = boundsOf(times)
  if (bounds === undefined) return undefined
  checkTimes(join, bounds)
  const keys = joinKeys(conjunction(others) ?? TRUE, width)
  return {
    kind: 'interval-join',
    joinType,
    leftKeys: keys.left,
    rightKeys: keys.right,
    filterNulls: keys.filterNulls,
    ...(keys.remainder === undefined ? {} : { condition: keys.remainder }),
    bounds,
    where: condition,
    minCleanupInterval,
    schema,
  }
}

const TRUE: Expression = { kind: 'literal', value: true, type: { kind: 'BOOLEAN', nullable: false } }

/** `left.time + leftOffset OPERATOR right.time + rightOffset`. */
interface TimeComparison {
  readonly operator: Comparison
  readonly time: 'rowtime' | 'proctime'
  readonly leftTime: number
  readonly rightTime: number
  /** Milliseconds that the right side has more than the left. */
  readonly offset: number
}

type Comparison = '=' | '<' | '<=' | '>' | '>='

const REVERSED: Readonly<Record<Comparison, Comparison>> = { '=': '=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' }

function timeComparison(condition: Expression, width: number): TimeComparison | undefined {
  if (condition.kind !== 'call' || !(condition.function in REVERSED)) return undefined
  const operator = condition.function as Comparison
  const [first, second] = condition.args.map(timeOperand)
  if (first === undefined || second === undefined || first.time !== second.time) return undefined
  const firstIsLeft = first.column < width
  if (firstIsLeft === second.column < width) return undefined
  const [left, right] = firstIsLeft ? [first, second] : [second, first]
  return {
    operator: firstIsLeft ? operator : REVERSED[operator],
    time: left.time,
    leftTime: left.column,
    rightTime: right.column - width,
    offset: right.offset - left.offset,
  }
}

interface TimeOperand {
  readonly column: number
  readonly time: 'rowtime' | 'proctime'
  readonly offset: number
}

/** A time attribute with literal intervals added to it or taken from it. */
function timeOperand(expression: Expression): TimeOperand | undefined {
  if (expression.kind === 'input') {
    const time = timeAttributeOf(expression.type)
    return time === undefined ? undefined : { column: expression.index, time, offset: 0 }
  }
  if (expression.kind === 'cast') return isTimestamp(expression.type) ? timeOperand(expression.input) : undefined
  if (expression.kind !== 'call' || (expression.function !== '+' && expression.function !== '-')) return undefined
  const [first, second] = expression.args
  if (first === undefined || second === undefined) return undefined
  const sign = expression.function === '+' ? 1 : -1
  const [operand, interval] = sign === 1 && milliseconds(first) !== undefined ? [second, first] : [first, second]
  const time = timeOperand(operand)
  const by = milliseconds(interval)
  return time === undefined || by === undefined ? undefined : { ...time, offset: time.offset + sign * by }
}

function isTimestamp({ kind }: SqlType): boolean {
  return kind === 'TIMESTAMP' || kind === 'TIMESTAMP_LTZ'
}

function milliseconds(expression: Expression): number | undefined {
  const literal = expression.kind === 'literal' && expression.type.kind === 'INTERVAL_DAY_TIME'
  return literal && expression.value !== null ? Number(expression.value) : undefined
}

/** As Flink: one equality, or two comparisons of which one bounds from below and one from above. */
function boundsOf(times: readonly TimeComparison[]): IntervalBounds | undefined {
  const [first, second, third] = times
  if (first === undefined || third !== undefined) return undefined
  const { time, leftTime, rightTime } = first
  if (second === undefined) {
    if (first.operator !== '=') return undefined
    return { time, leftTime, rightTime, lower: first.offset, upper: first.offset }
  }
  const lower = [first, second].find(({ operator }) => operator === '>' || operator === '>=')
  const upper = [first, second].find(({ operator }) => operator === '<' || operator === '<=')
  if (lower === undefined || upper === undefined) return undefined
  return {
    time,
    leftTime,
    rightTime,
    lower: lower.offset + (lower.operator === '>' ? 1 : 0),
    upper: upper.offset - (upper.operator === '<' ? 1 : 0),
  }
}

function checkTimes({ left, right, position }: Join, bounds: IntervalBounds): void {
  const types = [left.schema.fields[bounds.leftTime]?.type, right.schema.fields[bounds.rightTime]?.type]
  const [mine, theirs] = types
  if (mine === undefined || theirs === undefined) return
  if (bounds.time === 'rowtime') {
    if (mine.kind === theirs.kind) return
    const [a, b] = [mine, theirs].map((type) => typeToString(withoutTimeAttribute(type)))
    throw new MillraceError(
      'TYPE_MISMATCH',
      `Interval join with rowtime attribute requires same rowtime types, but the types are ${a} and ${b}.`,
      { position, hint: 'Declare both columns TIMESTAMP, or both TIMESTAMP_LTZ.' },
    )
  }
  const all = [...left.schema.fields, ...right.schema.fields]
  const rowtime = all.find(({ type }) => timeAttributeOf(type) === 'rowtime')
  if (rowtime === undefined) return
  throw new MillraceError(
    'UNSUPPORTED_FEATURE',
    'Interval join with proctime attribute requires no event-time attributes are in the join inputs.',
    {
      position,
      hint: `Cast "${rowtime.name}" before the join: CAST(${rowtime.name} AS ${typeToString(withoutTimeAttribute(rowtime.type))}).`,
    },
  )
}
