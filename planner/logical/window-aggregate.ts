/** GROUP BY window_start, window_end[, keys]: the keys, the aggregates, then the window's properties. */
import { unreachable } from '../../core/errors.ts'
import type { Field, Schema, SqlType } from '../../core/types.ts'
import type { AggregateCall } from '../expression.ts'
import type { AttachedWindow, WindowProperty, WindowSpec } from '../physical/window-spec.ts'
import type { WindowAggregateNode } from '../physical/graph.ts'
import type { LogicalNode } from './node.ts'

export interface WindowAggregate {
  readonly kind: 'window-aggregate'
  readonly input: LogicalNode
  readonly form: WindowAggregateNode['form']
  readonly window: WindowSpec
  readonly attached?: AttachedWindow
  readonly keys: readonly number[]
  readonly aggregates: readonly AggregateCall[]
  readonly properties: readonly WindowProperty[]
  /** Of the window's time attribute. */
  readonly timeType: SqlType
  readonly schema: Schema
}

export function createWindowAggregate(aggregate: Omit<WindowAggregate, 'kind' | 'schema'>): WindowAggregate {
  const { input, keys, aggregates, properties } = aggregate
  const fields = [
    ...keys.flatMap((key) => input.schema.fields[key] ?? []),
    ...aggregates.map(({ name, type }) => ({ name, type })),
    ...properties.map((property) => propertyField(property, aggregate)),
  ]
  return { ...aggregate, kind: 'window-aggregate', schema: { fields } }
}

/** Names of the properties of a legacy group window, as in Flink's plans. */
const GROUP_WINDOW_NAMES: Readonly<Record<WindowProperty, string>> = {
  window_start: 'w$start',
  window_end: 'w$end',
  window_time: 'w$rowtime',
  window_proctime: 'w$proctime',
}

function propertyField(
  property: WindowProperty,
  { form, window, timeType }: Pick<WindowAggregate, 'form' | 'window' | 'timeType'>,
): Field {
  const name = form === 'group-window' ? GROUP_WINDOW_NAMES[property] : property
  return { name, type: windowPropertyType(property, window.time, timeType) }
}

/** window_start and window_end are wall-clock readings; window_time has the type of the time attribute. */
export function windowPropertyType(property: WindowProperty, time: WindowSpec['time'], timeType: SqlType): SqlType {
  switch (property) {
    case 'window_start':
    case 'window_end':
      return { kind: 'TIMESTAMP', precision: 3, nullable: false }
    case 'window_time': {
      const kind = timeType.kind === 'TIMESTAMP_LTZ' ? 'TIMESTAMP_LTZ' : 'TIMESTAMP'
      return { kind, precision: 3, nullable: false, timeAttribute: time }
    }
    case 'window_proctime':
      return { kind: 'TIMESTAMP_LTZ', precision: 3, nullable: false, timeAttribute: 'proctime' }
    default:
      return unreachable(property)
  }
}
