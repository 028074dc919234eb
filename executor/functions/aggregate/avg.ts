import { physicalKind } from '../../../core/types.ts'
import type { AggregateFunction, ResultCode } from './aggregate-function.ts'
import { averageType, isNumber, oneArgument } from './result-types.ts'
import { sumCode } from './sum-code.ts'

export const AVG: AggregateFunction = {
  name: 'AVG',
  kind: 'aggregate',
  category: 'aggregate',
  signatures: ['AVG([ALL | DISTINCT] numeric)'],
  description:
    'The mean of the values that are not NULL, in the type of the argument (the mean of integers is cut off); DECIMAL(p, s) gives DECIMAL(38, max(6, s)), rounded half up.',
  examples: [],
  bind: oneArgument(isNumber, averageType),
  implement: ({ argumentTypes: [type = { kind: 'NULL', nullable: true }] }) => {
    const code = sumCode(type, true)
    const check = code.checksOverflow ? '; if (support.overflows(w0, 4 * r)) s2[r] = 1' : ''
    const whole = code.state === 'i64'
    const one = whole ? '1n' : '1'
    const result = ((): ResultCode => {
      if (type.kind === 'DECIMAL') {
        const factor = String(10 ** Math.max(0, 6 - type.scale))
        return { isNull: 's1[r] === 0 || s2[r] === 1', words: `support.average128(w0, 4 * r, s1[r], ${factor}, ow, p)` }
      }
      if (!whole) return { isNull: 's1[r] === 0', value: 's0[r] / s1[r]' }
      const mean = 's0[r] / s1[r]'
      return {
        isNull: 's1[r] === 0n',
        value: physicalKind(type) === 'i64' ? mean : `Number(BigInt.asIntN(32, ${mean}))`,
      }
    })()
    return {
      kind: 'columnar',
      state: [code.state, whole ? 'i64' : 'f64', ...(code.checksOverflow ? (['bool'] as const) : [])],
      accumulate: `${code.add}; s1[r] = s1[r] + ${one}${check}`,
      retract: `${code.subtract}; s1[r] = s1[r] - ${one}${check}`,
      merge: `${code.merge}; s1[r] = s1[r] + u1[q]${code.checksOverflow ? '; s2[r] = s2[r] | u2[q]' : ''}${check}`,
      result,
    }
  },
}
