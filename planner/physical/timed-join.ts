/** Joins that keep to the watermarks of their inputs, and emit no row behind them. */
import { MillraceError } from '../../core/errors.ts'
import type { Join } from '../logical/join.ts'
import { intervalJoin } from './interval-join.ts'
import { windowJoin } from './window-join.ts'

/** One that cannot be run is one too: that is said when it is translated, over the columns that are left by then. */
export function isTimedJoin(join: Join): boolean {
  try {
    return windowJoin(join) !== undefined || intervalJoin(join, 0) !== undefined
  } catch (error) {
    if (error instanceof MillraceError) return true
    throw error
  }
}
