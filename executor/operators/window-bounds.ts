/** Columns of window_start, window_end and the time attribute of windows. */
import type { Column } from '../../core/column.ts'
import { unreachable } from '../../core/errors.ts'
import type { SqlType } from '../../core/types.ts'
import type { WindowAggregateNode } from '../../planner/physical/graph.ts'
import type { WindowProperty } from '../../planner/physical/window-spec.ts'
import type { WallClock } from './wall-clock.ts'

/** Of one window for each row. Local milliseconds. */
export interface WindowBounds {
  readonly starts: Float64Array
  readonly ends: Float64Array
  readonly count: number
}

/** @param now processing time */
export function propertyColumns(
  { keys, aggregates, properties, schema }: WindowAggregateNode,
  clock: WallClock,
  now: number,
  bounds: WindowBounds,
): Column[] {
  const first = keys.length + aggregates.length
  return properties.map((property, index) =>
    propertyColumn(property, clock, now, bounds, schema.fields[first + index]?.type),
  )
}

export function propertyColumn(
  property: WindowProperty,
  clock: WallClock,
  now: number,
  { starts, ends, count }: WindowBounds,
  type: SqlType | undefined,
): Column {
  const values = new BigInt64Array(count)
  // Neighbours are mostly of one window.
  let last = Number.NaN
  let value = 0n
  for (let row = 0; row < count; row++) {
    const local = localTime(property, starts[row] as number, ends[row] as number)
    if (local !== last) value = property === 'window_proctime' ? BigInt(now) : clock.value(local, type)
    last = local
    values[row] = value
  }
  return { kind: 'i64', values, nulls: null }
}

function localTime(property: WindowProperty, start: number, end: number): number {
  switch (property) {
    case 'window_start':
      return start
    case 'window_end':
      return end
    case 'window_time':
    case 'window_proctime':
      return end - 1
    default:
      return unreachable(property)
  }
}
