/** Whether a join is one of rows of the same window: window_start and window_end of both sides are equal (Flink's WindowJoinUtil). */
import type { Expression } from '../expression.ts'
import { conjunctsOf } from '../expression-rewrite.ts'
import { joinKeys } from '../physical/join-keys.ts'
import type { WindowSpec } from '../physical/graph.ts'
import type { Join } from './join.ts'
import type { WindowColumns } from './window-properties.ts'

export interface SharedWindow {
  /** Columns of window_start and window_end in their inputs. */
  readonly left: { readonly start: number; readonly end: number }
  readonly right: { readonly start: number; readonly end: number }
  /** The rest of the condition. */
  readonly rest: readonly Expression[]
}

/** Undefined where the windows of the two sides are others, or not compared. */
export function sharedWindow(join: Join, left: WindowColumns, right: WindowColumns): SharedWindow | undefined {
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
  return { left: { start: start[0], end: end[0] }, right: { start: start[1], end: end[1] }, rest }
}

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
