/** SUM, SUM0 and the sums inside of AVG: one accumulator for each kind of number. */
import { invariant } from '../../../core/errors.ts'
import { physicalKind, type SqlType } from '../../../core/types.ts'

export interface SumCode {
  readonly state: 'i8' | 'i16' | 'i32' | 'i64' | 'f32' | 'f64' | 'i128'
  readonly add: string
  readonly subtract: string
  readonly merge: string
  /** An expression that is true once a DECIMAL sum has left 38 digits; column 1 keeps it. */
  readonly checksOverflow: boolean
}

/** State column 0 is the sum; `integersAs64` makes every integer sum a BIGINT, as AVG does. */
export function sumCode(type: SqlType, integersAs64: boolean): SumCode {
  const kind = physicalKind(type)
  if (type.kind === 'DECIMAL') {
    const words =
      kind === 'i64' ? [0, 1].map((word) => `v0[2 * i + ${word}]`) : [0, 1, 2, 3].map((word) => `v0[4 * i + ${word}]`)
    if (kind === 'i64') words.push('v0[2 * i + 1] >> 31', 'v0[2 * i + 1] >> 31')
    const inverse = words.map((word) => `~(${word})`)
    return {
      state: 'i128',
      add: `support.add128(w0, 4 * r, ${words.join(', ')}, 0)`,
      subtract: `support.add128(w0, 4 * r, ${inverse.join(', ')}, 1)`,
      merge: 'support.add128(w0, 4 * r, x0[4 * q], x0[4 * q + 1], x0[4 * q + 2], x0[4 * q + 3], 0)',
      checksOverflow: true,
    }
  }
  if (kind === 'f32' || kind === 'f64') {
    return {
      state: integersAs64 ? 'f64' : kind,
      add: 's0[r] = s0[r] + a0[i]',
      subtract: 's0[r] = s0[r] - a0[i]',
      merge: 's0[r] = s0[r] + u0[q]',
      checksOverflow: false,
    }
  }
  invariant(kind === 'i8' || kind === 'i16' || kind === 'i32' || kind === 'i64', 'a sum is over numbers')
  const state = integersAs64 ? 'i64' : kind
  if (state === 'i64') {
    const value = kind === 'i64' ? 'a0[i]' : 'BigInt(a0[i])'
    return {
      state,
      add: `s0[r] = BigInt.asIntN(64, s0[r] + ${value})`,
      subtract: `s0[r] = BigInt.asIntN(64, s0[r] - ${value})`,
      merge: 's0[r] = BigInt.asIntN(64, s0[r] + u0[q])',
      checksOverflow: false,
    }
  }
  return {
    state,
    add: 's0[r] = (s0[r] + a0[i]) | 0',
    subtract: 's0[r] = (s0[r] - a0[i]) | 0',
    merge: 's0[r] = (s0[r] + u0[q]) | 0',
    checksOverflow: false,
  }
}

export const COPY_WORDS =
  'ow[p] = w0[4 * r]; ow[p + 1] = w0[4 * r + 1]; ow[p + 2] = w0[4 * r + 2]; ow[p + 3] = w0[4 * r + 3]'
