import type { AggregateFunction, AggregateImplementation, AggregateSite } from './aggregate-function.ts'
import { keepsOne } from './extremum.ts'
import { isOrdered, oneArgument } from './result-types.ts'
import { listAggregate } from './value-list.ts'

export const FIRST_VALUE: AggregateFunction = {
  name: 'FIRST_VALUE',
  kind: 'aggregate',
  category: 'aggregate',
  signatures: ['FIRST_VALUE(expression)'],
  description: 'The first value that is not NULL, in the order in which rows arrive.',
  examples: [],
  bind: oneArgument(
    () => true,
    (type) => type,
  ),
  implement: (site) => ordered(site, 'never', (values) => values.at(0) ?? null),
}

export const LAST_VALUE: AggregateFunction = {
  name: 'LAST_VALUE',
  kind: 'aggregate',
  category: 'aggregate',
  signatures: ['LAST_VALUE(expression)'],
  description: 'The last value that is not NULL, in the order in which rows arrive.',
  examples: [],
  bind: oneArgument(
    () => true,
    (type) => type,
  ),
  implement: (site) => ordered(site, 'always', (values) => values.at(-1) ?? null),
}

function ordered(
  { argumentTypes: [type = { kind: 'NULL', nullable: true }], retracts }: AggregateSite,
  replaces: 'always' | 'never',
  result: Parameters<typeof listAggregate>[0]['result'],
): AggregateImplementation {
  return retracts || !isOrdered(type) ? listAggregate({ type, keepsNulls: false, result }) : keepsOne(type, replaces)
}
