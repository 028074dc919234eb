import { BIGINT, withNullability } from '../../../core/types.ts'
import type { AggregateFunction } from './aggregate-function.ts'

export const COUNT: AggregateFunction = {
  name: 'COUNT',
  kind: 'aggregate',
  category: 'aggregate',
  signatures: ['COUNT(*)', 'COUNT([ALL] expression)', 'COUNT(DISTINCT expression1 [, expression2]*)'],
  description: 'The number of rows, or of rows for which no expression is NULL.',
  examples: [],
  bind: (args) => ({ argumentTypes: args.map((arg) => arg.type), returnType: withNullability(BIGINT, false) }),
  implement: () => ({
    kind: 'columnar',
    state: ['i64'],
    accumulate: 's0[r] = BigInt.asIntN(64, s0[r] + 1n)',
    retract: 's0[r] = BigInt.asIntN(64, s0[r] - 1n)',
    merge: 's0[r] = BigInt.asIntN(64, s0[r] + u0[q])',
    result: { value: 's0[r]' },
  }),
}
