import { withNullability } from '../../../core/types.ts'
import type { AggregateFunction, ColumnarAggregate } from './aggregate-function.ts'
import { isNumber, oneArgument, sumType } from './result-types.ts'
import { COPY_WORDS, type SumCode, sumCode } from './sum-code.ts'

export const SUM: AggregateFunction = {
  name: 'SUM',
  kind: 'aggregate',
  category: 'aggregate',
  signatures: ['SUM([ALL | DISTINCT] numeric)'],
  description:
    'The sum of the values that are not NULL, in the type of the argument (integers wrap around, as in Flink); DECIMAL(p, s) gives DECIMAL(38, s), and NULL beyond 38 digits.',
  examples: [],
  bind: oneArgument(isNumber, sumType),
  implement: ({ argumentTypes: [type], retracts }) =>
    sum(sumCode(type ?? { kind: 'NULL', nullable: true }, false), retracts, false),
}

export const SUM0: AggregateFunction = {
  name: 'SUM0',
  aliases: ['$SUM0'],
  kind: 'aggregate',
  category: 'aggregate',
  signatures: ['SUM0([ALL | DISTINCT] numeric)'],
  description: 'Like SUM, but 0 where SUM is NULL because there are no values.',
  examples: [],
  bind: (args) => {
    const bound = oneArgument(isNumber, sumType)(args)
    return bound === undefined ? undefined : { ...bound, returnType: withNullability(bound.returnType, false) }
  },
  implement: ({ argumentTypes: [type], retracts }) =>
    sum(sumCode(type ?? { kind: 'NULL', nullable: true }, false), retracts, true),
}

/** Column 1 counts the values where they can be taken back, else it tells whether there is one; 2 is overflow. */
function sum(code: SumCode, retracts: boolean, zero: boolean): ColumnarAggregate {
  const wide = code.checksOverflow
  const check = wide ? '; if (support.overflows(w0, 4 * r)) s2[r] = 1' : ''
  const seen = retracts ? 's1[r] = s1[r] + 1' : 's1[r] = 1'
  const isNull = [...(zero ? [] : ['s1[r] === 0']), ...(wide ? ['s2[r] === 1'] : [])].join(' || ')
  const value = wide ? { words: COPY_WORDS } : { value: 's0[r]' }
  return {
    kind: 'columnar',
    state: [code.state, retracts ? 'f64' : 'bool', ...(wide ? (['bool'] as const) : [])],
    accumulate: `${code.add}; ${seen}${check}`,
    retract: `${code.subtract}; s1[r] = s1[r] - 1${check}`,
    merge: `${code.merge}; ${retracts ? 's1[r] = s1[r] + u1[q]' : 's1[r] = s1[r] | u1[q]'}${wide ? '; s2[r] = s2[r] | u2[q]' : ''}${check}`,
    result: isNull === '' ? value : { ...value, isNull },
  }
}
