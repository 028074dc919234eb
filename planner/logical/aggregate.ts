/** GROUP BY: the keys, then the aggregates. Without aggregates it is DISTINCT; without keys one group over everything. */
import type { Schema } from '../../core/types.ts'
import type { AggregateCall } from '../expression.ts'
import type { LogicalNode } from './node.ts'

export interface Aggregate {
  readonly kind: 'aggregate'
  readonly input: LogicalNode
  readonly keys: readonly number[]
  readonly aggregates: readonly AggregateCall[]
  /** STATE_TTL hint, in milliseconds; absent: `table.exec.state.ttl`. */
  readonly stateTtl?: number
  readonly schema: Schema
}

export function createAggregate(
  input: LogicalNode,
  keys: readonly number[],
  aggregates: readonly AggregateCall[],
  stateTtl?: number,
): Aggregate {
  const keyFields = keys.flatMap((key) => input.schema.fields[key] ?? [])
  const fields = [...keyFields, ...aggregates.map(({ name, type }) => ({ name, type }))]
  const aggregate: Aggregate = { kind: 'aggregate', input, keys, aggregates, schema: { fields } }
  return stateTtl === undefined ? aggregate : { ...aggregate, stateTtl }
}
