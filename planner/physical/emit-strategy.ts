/** The experimental `table.exec.emit.*` keys, by which Flink emits windows before and after their end: refused. */
import type { PlannerContext } from '../../catalog/reader.ts'
import { MillraceError } from '../../core/errors.ts'
import type { WindowAggregate } from '../logical/window-aggregate.ts'

const KEYS: readonly string[] = ['table.exec.emit.early-fire.enabled', 'table.exec.emit.late-fire.enabled']

/** @throws MillraceError UNSUPPORTED_FEATURE where one of the keys is on */
export function refuseEmitStrategy(node: WindowAggregate, { configuration }: PlannerContext): void {
  const key = KEYS.find((candidate) => configuration.boolean(candidate))
  if (key === undefined) return
  if (node.form === 'window-function') {
    throw new MillraceError(
      'UNSUPPORTED_FEATURE',
      `window table function based aggregate doesn't support early-fire and late-fire configuration '${key}'`,
      { hint: `RESET '${key}'. CUMULATE gives results at every step of a window.` },
    )
  }
  throw new MillraceError('UNSUPPORTED_FEATURE', `configuration '${key}' is not supported yet`, {
    hint: `RESET '${key}'. TABLE(CUMULATE(…)) gives results at every step of a window.`,
  })
}
