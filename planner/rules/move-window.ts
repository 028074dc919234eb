/** The columns of its input that a window reads, and the window over an input with other columns. */
import type { WindowSpec } from '../physical/window-spec.ts'

export function windowInputs(window: WindowSpec): readonly number[] {
  return window.kind === 'session' ? [window.timeColumn, ...window.partitionKeys] : [window.timeColumn]
}

/** @param to the new position of a column */
export function movedWindow(window: WindowSpec, to: (column: number) => number): WindowSpec {
  const timeColumn = to(window.timeColumn)
  if (window.kind !== 'session') return { ...window, timeColumn }
  return { ...window, timeColumn, partitionKeys: window.partitionKeys.map(to) }
}
