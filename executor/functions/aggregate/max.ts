import type { AggregateFunction } from './aggregate-function.ts'
import { keepsOne } from './extremum.ts'
import { isOrdered, oneArgument } from './result-types.ts'

export const MAX: AggregateFunction = {
  name: 'MAX',
  kind: 'aggregate',
  category: 'aggregate',
  signatures: ['MAX([ALL | DISTINCT] expression)'],
  description: 'The largest of the values that are not NULL.',
  examples: [],
  bind: oneArgument(isOrdered, (type) => type),
  implement: ({ argumentTypes: [type = { kind: 'NULL', nullable: true }], retracts }) =>
    retracts && type.kind !== 'NULL' ? { kind: 'extremum', largest: true } : keepsOne(type, 'larger'),
}
