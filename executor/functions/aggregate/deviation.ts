/**
 * VAR_POP, VAR_SAMP, STDDEV_POP and STDDEV_SAMP: count, mean and sum of squared distances (Welford), in doubles. The
 * result has AVG's type, as in Flink: of integers it is cut off.
 */
import { physicalKind, type SqlType } from '../../../core/types.ts'
import type { AggregateFunction, ColumnarAggregate, ResultCode } from './aggregate-function.ts'
import { averageType, isNumber, oneArgument } from './result-types.ts'

export const VAR_POP = deviation(
  'VAR_POP',
  [],
  false,
  false,
  'The population variance of the values that are not NULL.',
)
export const VAR_SAMP = deviation(
  'VAR_SAMP',
  ['VARIANCE'],
  true,
  false,
  'The sample variance of the values that are not NULL; NULL for fewer than two.',
)
export const STDDEV_POP = deviation(
  'STDDEV_POP',
  [],
  false,
  true,
  'The population standard deviation of the values that are not NULL.',
)
export const STDDEV_SAMP = deviation(
  'STDDEV_SAMP',
  ['STDDEV'],
  true,
  true,
  'The sample standard deviation of the values that are not NULL; NULL for fewer than two.',
)

function deviation(
  name: string,
  aliases: readonly string[],
  sample: boolean,
  root: boolean,
  description: string,
): AggregateFunction {
  return {
    name,
    aliases,
    kind: 'aggregate',
    category: 'aggregate',
    signatures: [`${name}([ALL | DISTINCT] numeric)`],
    description,
    examples: [],
    bind: (args) => {
      const bound = oneArgument(isNumber, averageType)(args)
      return bound === undefined || !sample ? bound : { ...bound, returnType: { ...bound.returnType, nullable: true } }
    },
    implement: ({ argumentTypes: [type = { kind: 'NULL', nullable: true }] }) => implementation(type, sample, root),
  }
}

function implementation(type: SqlType, sample: boolean, root: boolean): ColumnarAggregate {
  const value = doubleCode(type)
  // Rounding can leave a little less than nothing where rows were taken back.
  const variance = `Math.max(0, s2[r] / ${sample ? '(s0[r] - 1)' : 's0[r]'})`
  return {
    kind: 'columnar',
    state: ['f64', 'f64', 'f64'],
    accumulate: `const x = ${value}, n = s0[r] + 1, d = x - s1[r]; s0[r] = n; s1[r] = s1[r] + d / n; s2[r] = s2[r] + d * (x - s1[r])`,
    retract: `const x = ${value}, n = s0[r] - 1, d = x - s1[r]; s0[r] = n; if (n === 0) { s1[r] = 0; s2[r] = 0 } else { s1[r] = s1[r] - d / n; s2[r] = s2[r] - d * (x - s1[r]) }`,
    merge: `if (u0[q] !== 0) { const n = s0[r] + u0[q], d = u1[q] - s1[r]; s2[r] = s2[r] + u2[q] + d * d * s0[r] * u0[q] / n; s1[r] = s1[r] + d * u0[q] / n; s0[r] = n }`,
    result: {
      isNull: sample ? 's0[r] <= 1' : 's0[r] <= 0',
      ...resultCode(averageType(type), root ? `Math.sqrt(${variance})` : variance),
    },
  }
}

function doubleCode(type: SqlType): string {
  const kind = physicalKind(type)
  if (type.kind === 'DECIMAL') {
    const double = kind === 'i128' ? 'support.toDouble(v0, 4 * i, true)' : 'support.toDouble(v0, 2 * i, false)'
    return `${double} / ${10 ** type.scale}`
  }
  return kind === 'i64' ? 'support.toDouble(v0, 2 * i, false)' : 'a0[i]'
}

function resultCode(type: SqlType, value: string): ResultCode {
  if (type.kind === 'DECIMAL') {
    return { words: `support.writeWords(ow, p, BigInt(Math.round((${value}) * ${10 ** type.scale})))` }
  }
  const kind = physicalKind(type)
  if (kind === 'f32' || kind === 'f64') return { value }
  return { value: kind === 'i64' ? `BigInt(Math.trunc(${value}))` : `Math.trunc(${value})` }
}
