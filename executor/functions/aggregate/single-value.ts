import { MillraceError } from '../../../core/errors.ts'
import type { AggregateFunction } from './aggregate-function.ts'
import { oneArgument } from './result-types.ts'
import { listAggregate } from './value-list.ts'

export const SINGLE_VALUE: AggregateFunction = {
  name: 'SINGLE_VALUE',
  kind: 'aggregate',
  category: 'aggregate',
  signatures: ['SINGLE_VALUE(expression)'],
  description: 'The only value, NULL included; more than one is an error. A scalar subquery is made of it.',
  examples: [],
  bind: oneArgument(
    () => true,
    (type) => type,
  ),
  implement: ({ argumentTypes: [type = { kind: 'NULL', nullable: true }] }) =>
    listAggregate({
      type,
      keepsNulls: true,
      result: (values) => {
        if (values.length > 1) {
          throw new MillraceError('CARDINALITY_VIOLATION', 'a scalar subquery gave more than one row', {
            hint: 'Use an aggregate such as MAX, or a condition that only one row fulfils.',
          })
        }
        return values.at(0) ?? null
      },
    }),
}
