import { withNullability } from '../../../core/types.ts'
import type { AggregateFunction } from './aggregate-function.ts'
import { oneArgument } from './result-types.ts'
import { listAggregate } from './value-list.ts'

export const ARRAY_AGG: AggregateFunction = {
  name: 'ARRAY_AGG',
  kind: 'aggregate',
  category: 'aggregate',
  signatures: ['ARRAY_AGG([ALL | DISTINCT] expression)'],
  description: 'The values, NULLs included, as an ARRAY in the order in which rows arrive.',
  examples: [],
  bind: oneArgument(
    () => true,
    (type) => ({ kind: 'ARRAY', element: type, nullable: true }),
  ),
  implement: ({ argumentTypes: [type = { kind: 'NULL', nullable: true }] }) =>
    listAggregate({
      type: withNullability(type, true),
      keepsNulls: true,
      result: (values) => (values.length === 0 ? null : [...values]),
    }),
}
