import { BIGINT, withNullability } from '../../../core/types.ts'
import type { AggregateFunction } from './aggregate-function.ts'
import { COUNT } from './count.ts'

/** The binder makes it distinct, so that values are counted exactly and can be taken back. */
export const APPROX_COUNT_DISTINCT: AggregateFunction = {
  name: 'APPROX_COUNT_DISTINCT',
  kind: 'aggregate',
  category: 'aggregate',
  signatures: ['APPROX_COUNT_DISTINCT(expression)'],
  description: 'The number of different values that are not NULL: counted exactly, as COUNT(DISTINCT …) does.',
  examples: [],
  bind: (args) => {
    const [argument] = args
    if (argument === undefined || args.length !== 1) return undefined
    return { argumentTypes: [argument.type], returnType: withNullability(BIGINT, false) }
  },
  implement: COUNT.implement,
}
