/** GROUP BY window_start, window_end[, keys]: the keys, the aggregates, then the window's properties. */
import type { Schema } from '../../core/types.ts'
import type { AggregateCall } from '../expression.ts'
import type { WindowAggregateNode, WindowSpec } from '../physical/graph.ts'
import type { LogicalNode } from './node.ts'
import { windowFields } from './window-table-function.ts'

export type WindowProperty = WindowAggregateNode['properties'][number]

export interface WindowAggregate {
  readonly kind: 'window-aggregate'
  readonly input: LogicalNode
  readonly window: WindowSpec
  readonly keys: readonly number[]
  readonly aggregates: readonly AggregateCall[]
  readonly properties: readonly WindowProperty[]
  readonly schema: Schema
}

export function createWindowAggregate(
  input: LogicalNode,
  window: WindowSpec,
  keys: readonly number[],
  aggregates: readonly AggregateCall[],
  properties: readonly WindowProperty[],
): WindowAggregate {
  const available = windowFields(input.schema, window)
  const fields = [
    ...keys.flatMap((key) => input.schema.fields[key] ?? []),
    ...aggregates.map(({ name, type }) => ({ name, type })),
    ...properties.flatMap((property) => available.find((field) => field.name === property) ?? []),
  ]
  return { kind: 'window-aggregate', input, window, keys, aggregates, properties, schema: { fields } }
}
