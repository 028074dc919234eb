import type { AggregateFunction } from './aggregate-function.ts'
import { keepsOne } from './extremum.ts'
import { isOrdered, oneArgument } from './result-types.ts'

export const MIN: AggregateFunction = {
  name: 'MIN',
  kind: 'aggregate',
  category: 'aggregate',
  signatures: ['MIN([ALL | DISTINCT] expression)'],
  description: 'The smallest of the values that are not NULL.',
  examples: [],
  bind: oneArgument(isOrdered, (type) => type),
  implement: ({ argumentTypes: [type = { kind: 'NULL', nullable: true }], retracts }) =>
    retracts && type.kind !== 'NULL' ? { kind: 'extremum', largest: false } : keepsOne(type, 'smaller'),
}
