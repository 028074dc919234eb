/** MIN, MAX, FIRST_VALUE and LAST_VALUE over input that only appends: one value and whether there is one. */
import { invariant } from '../../../core/errors.ts'
import { physicalKind, type SqlType } from '../../../core/types.ts'
import type { AggregateImplementation } from './aggregate-function.ts'
import { COPY_WORDS } from './sum-code.ts'

/** @param replaces whether the argument takes the place of the value that is there */
export function keepsOne(type: SqlType, replaces: 'smaller' | 'larger' | 'always' | 'never'): AggregateImplementation {
  const kind = physicalKind(type)
  invariant(kind !== 'list' && kind !== 'map' && kind !== 'row', 'a value that is kept in a column')
  if (kind === 'null') {
    return {
      kind: 'columnar',
      state: ['bool'],
      accumulate: '',
      retract: '',
      merge: '',
      result: { isNull: 'true', value: '0' },
    }
  }
  const sign = replaces === 'smaller' ? '<' : '>'
  const test = (incoming: string, compared: string): string =>
    replaces === 'always'
      ? incoming
      : replaces === 'never'
        ? `${incoming} && s1[r] === 0`
        : `${incoming} && (s1[r] === 0 || ${compared})`
  const keep = (from: 'argument' | 'other'): string => {
    const argument = from === 'argument'
    if (kind === 'bytes') {
      const view = argument ? 'a0d, a0s[i], a0l[i]' : 'u0d, u0s[q], u0l[q]'
      return `S0.set(r, ${view}); s0d = S0.data`
    }
    if (kind === 'i128')
      return `s0[2 * r] = ${argument ? 'a0[2 * i]' : 'u0[2 * q]'}; s0[2 * r + 1] = ${argument ? 'a0[2 * i + 1]' : 'u0[2 * q + 1]'}`
    return `s0[r] = ${argument ? 'a0[i]' : 'u0[q]'}`
  }
  const compared = (from: 'argument' | 'other'): string => {
    const argument = from === 'argument'
    if (kind === 'bytes') {
      return `support.compareBytes(${argument ? 'a0d, a0s[i], a0l[i]' : 'u0d, u0s[q], u0l[q]'}, s0d, s0s[r], s0l[r]) ${sign} 0`
    }
    if (kind === 'i128') return `support.compare128(${argument ? 'v0, 4 * i' : 'x0, 4 * q'}, w0, 4 * r) ${sign} 0`
    return `${argument ? 'a0[i]' : 'u0[q]'} ${sign} s0[r]`
  }
  return {
    kind: 'columnar',
    state: [kind, 'bool'],
    accumulate: `if (${test('true', compared('argument'))}) { ${keep('argument')}; s1[r] = 1 }`,
    merge: `if (${test('u1[q] === 1', compared('other'))}) { ${keep('other')}; s1[r] = 1 }`,
    result: {
      isNull: 's1[r] === 0',
      ...(kind === 'i128' ? { words: COPY_WORDS } : { value: kind === 'bytes' ? 0 : 's0[r]' }),
    },
  }
}
