import { expect, it } from 'vitest'
import { compileBytePattern } from './byte-pattern.ts'

function randomFrom(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return Math.floor(((state >>> 0) / 2 ** 32) * bound)
  }
}

const TEXT_PARTS = ['a', 'b', 'ab', 'aba', '&', '=', '0', '7', '_', 'A', '\n', 'é', '😀', '\u2028', '']
const PLAIN_PARTS = [
  'a',
  'b',
  'ab',
  'aba',
  'é',
  '=',
  '\\d',
  '\\w',
  '[ab]',
  '[^&]',
  '[^a-c]',
  '[0-9_]',
  '\\D',
  '\\.',
  '😀',
  '[é]',
]
const OTHER_PARTS = [
  '(',
  ')',
  '(?:',
  '|',
  '^',
  '$',
  '*',
  '+',
  '?',
  '.',
  '{2}',
  '*?',
  '(a|b)',
  '(&|^)',
  '([^&]*)',
  '(ab|)',
  '(a)?',
]
const PATTERN_PARTS = PLAIN_PARTS.concat(OTHER_PARTS)

const encoder = new TextEncoder()

/** The group of the first match by JavaScript; undefined: it is no expression. */
function expected(pattern: string, group: number, text: string): string | null | undefined {
  try {
    return new RegExp(pattern).exec(text)?.[group] ?? null
  } catch {
    return undefined
  }
}

function found(pattern: string, group: number, text: string): string | null | undefined {
  const find = compileBytePattern(pattern, group)
  if (find === undefined) return undefined
  const bytes = encoder.encode(text)
  // Between other bytes, which must not be looked at.
  const data = Uint8Array.from([0x61, 0x62, 0x26, ...bytes, 0x61, 0x62, 0x61])
  const range = new Int32Array(2)
  if (!find(data, 3, 3 + bytes.length, range)) return null
  const [first = -1, behind = -1] = range
  return first < 0 ? null : new TextDecoder('utf-8', { ignoreBOM: true }).decode(data.subarray(first, behind))
}

function joined(parts: readonly string[], below: (bound: number) => number, most: number): string {
  return Array.from({ length: below(most + 1) }, () => parts[below(parts.length)] ?? '').join('')
}

it('gives what JavaScript gives, for what is compiled of random expressions', () => {
  const below = randomFrom(5)
  let compiled = 0
  for (let n = 0; n < 40_000; n++) {
    const pattern = joined(PATTERN_PARTS, below, 6)
    const group = below(3)
    if (compileBytePattern(pattern, group) === undefined) continue
    compiled++
    for (let k = 0; k < 12; k++) {
      const text = joined(TEXT_PARTS, below, 9)
      const wanted = expected(pattern, group, text)
      expect([pattern, group, text, found(pattern, group, text)]).toEqual([pattern, group, text, wanted])
    }
  }
  expect(compiled).toBeGreaterThan(800)
})

it.each([
  ['(&|^)channel_id=([^&]*)', 2, 'channel_id=5', '5'],
  ['(&|^)channel_id=([^&]*)', 2, 'https://a/b?x=1&channel_id=12&y=2', '12'],
  ['(&|^)channel_id=([^&]*)', 1, 'channel_id=5', ''],
  ['(&|^)channel_id=([^&]*)', 2, 'xchannel_id=5&channel_id=', ''],
  ['(&|^)channel_id=([^&]*)', 2, 'xchannel_id=5', null],
  ['(a)|bb(b)', 2, 'abbb', undefined],
  ['(ab|cab)d', 1, 'cabd', undefined],
  ['id=(\\d+)', 1, 'id=,id=77é', '77'],
  ['x+abc', 0, 'xxabc', undefined],
  ['abc(x)?', 1, 'abc', undefined],
  ['abc(x|)y*', 0, '1abcyyz', 'abcyy'],
  ['née(\\w*)$', 1, 'été née là née_2', '_2'],
])('%s group %i of %s', (pattern, group, text, wanted) => {
  expect(found(pattern, group, text)).toBe(wanted)
  if (wanted !== undefined) expect(expected(pattern, group, text)).toBe(wanted)
})

it.each([
  'a.*b',
  '(ab)+',
  'ab{2}',
  '(?=ab)ab',
  'ab\\b',
  'ab\\1',
  'a|b',
  '[^a]bc',
  'ab(',
  'ab)',
  'ab**',
  'ab[a',
  'ab*b',
])('leaves %s to JavaScript', (pattern) => {
  expect(compileBytePattern(pattern, 0)).toBeUndefined()
})
