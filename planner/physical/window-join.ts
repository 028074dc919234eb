/** Joins of rows of the same window: window_start and window_end of both sides are equal (Flink's WindowJoinUtil). */
import { MillraceError } from '../../core/errors.ts'
import type { Expression } from '../expression.ts'
import { conjunction, conjunctsOf } from '../expression-rewrite.ts'
import type { Join } from '../logical/join.ts'
import { type WindowColumns, windowColumnsOf } from '../logical/window-properties.ts'
import type { DraftNode } from './draft.ts'
import type { WindowSpec } from './graph.ts'
import { joinKeys } from './join-keys.ts'

type WindowJoin = Extract<DraftNode, { kind: 'window-join' }>

/** Undefined where the join is none: as in Flink it is a regular join then. @throws MillraceError UNSUPPORTED_FEATURE */
export function windowJoin(join: Join): WindowJoin | undefined {
  const left = windowColumnsOf(join.left)
  const right = windowColumnsOf(join.right)
  if (left === undefined || right === undefined) return undefined
  if (left.timeType.kind !== right.timeType.kind || specKey(left.window) !== specKey(right.window)) return undefined
  const width = join.left.schema.fields.length
  const bounds = { start: new Map<number, number>(), end: new Map<number, number>() }
  const rest: Expression[] = []
  for (const part of conjunctsOf(join.condition)) {
    const bound = boundOf(part, width, left, right)
    if (bound === undefined) rest.push(part)
    else bounds[bound.of].set(bound.left, bound.right)
  }
  const [start] = bounds.start
  const [end] = bounds.end
  if (start === undefined || end === undefined) return undefined
  if (left.window.time === 'proctime') {
    throw new MillraceError('UNSUPPORTED_FEATURE', 'Processing time Window Join is not supported yet.', {
      position: join.position,
      hint: 'Use windows over a column with a WATERMARK.',
    })
  }
  const where = conjunction(rest)
  const keys = joinKeys(where ?? TRUE, width)
  return {
    kind: 'window-join',
    joinType: join.joinType,
    leftKeys: keys.left,
    rightKeys: keys.right,
    filterNulls: keys.filterNulls,
    ...(keys.remainder === undefined ? {} : { condition: keys.remainder }),
    window: left.window,
    left: { start: start[0], end: end[0], timeType: left.timeType },
    right: { start: start[1], end: end[1], timeType: right.timeType },
    where,
    schema: join.schema,
  }
}

const TRUE: Expression = { kind: 'literal', value: true, type: { kind: 'BOOLEAN', nullable: false } }

/** Where the time attribute stands makes no other window. */
function specKey(window: WindowSpec): string {
  return JSON.stringify({ ...window, timeColumn: 0 })
}

function boundOf(
  condition: Expression,
  width: number,
  left: WindowColumns,
  right: WindowColumns,
): { readonly of: 'start' | 'end'; readonly left: number; readonly right: number } | undefined {
  const { left: mine, right: theirs } = joinKeys(condition, width)
  const [a, b] = [mine[0], theirs[0]]
  if (a === undefined || b === undefined) return undefined
  const property = left.properties.get(a)
  if (property === undefined || property !== right.properties.get(b)) return undefined
  if (property === 'window_start') return { of: 'start', left: a, right: b }
  return property === 'window_end' ? { of: 'end', left: a, right: b } : undefined
}
