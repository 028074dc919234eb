/** Joins of rows of the same window: window_start and window_end of both sides are equal (Flink's WindowJoinUtil). */
import { MillraceError } from '../../core/errors.ts'
import type { Expression } from '../expression.ts'
import { conjunction } from '../expression-rewrite.ts'
import type { Join } from '../logical/join.ts'
import { joinedWindow } from '../logical/window-properties.ts'
import type { DraftNode } from './draft.ts'
import { joinKeys } from './join-keys.ts'

type WindowJoin = Extract<DraftNode, { kind: 'window-join' }>

/** Undefined where the join is none: as in Flink it is a regular join then. @throws MillraceError UNSUPPORTED_FEATURE */
export function windowJoin(join: Join): WindowJoin | undefined {
  const joined = joinedWindow(join)
  if (joined === undefined) return undefined
  const { window, left, right, rest } = joined
  if (window.time === 'proctime') {
    throw new MillraceError('UNSUPPORTED_FEATURE', 'Processing time Window Join is not supported yet.', {
      position: join.position,
      hint: 'Use windows over a column with a WATERMARK.',
    })
  }
  const where = conjunction(rest)
  const keys = joinKeys(where ?? TRUE, join.left.schema.fields.length)
  return {
    kind: 'window-join',
    joinType: join.joinType,
    leftKeys: keys.left,
    rightKeys: keys.right,
    filterNulls: keys.filterNulls,
    ...(keys.remainder === undefined ? {} : { condition: keys.remainder }),
    window,
    left: { start: left.start, end: left.end, timeType: left.timeType },
    right: { start: right.start, end: right.end, timeType: right.timeType },
    where,
    schema: join.schema,
  }
}

const TRUE: Expression = { kind: 'literal', value: true, type: { kind: 'BOOLEAN', nullable: false } }
