import { expect, it } from 'vitest'
import fc from 'fast-check'
import { containsText, requiredText } from './required-text.ts'

it.each([
  ['(&|^)channel_id=([^&]*)', 'channel_id='],
  ['abc', 'abc'],
  ['ab*c', undefined],
  ['abc?def', 'def'],
  ['ab+cd', 'ab'],
  ['a{2}bcd', 'bcd'],
  ['abc|def', undefined],
  ['(abc)', undefined],
  ['\\d+-\\.end$', '-.end'],
  ['[abc]de', 'de'],
  ['[]a]xy', 'xy'],
  ['(unclosed', undefined],
  ['^https://x', 'https://x'],
  ['', undefined],
] as const)('%s requires %s', (pattern, text) => {
  expect(requiredText(pattern)).toBe(text)
})

it('is in every text that matches', () => {
  const atom = fc.constantFrom(
    'a',
    'b',
    'ab',
    'ba',
    '.',
    'a*',
    'b+',
    'a?',
    '(a|b)',
    '(ab)*',
    '[ab]',
    '[^a]',
    'b{2}',
    '^',
    '$',
  )
  const patterns = fc.array(atom, { minLength: 1, maxLength: 6 }).map((atoms) => atoms.join(''))
  const texts = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 }).map((letters) => letters.join(''))
  fc.assert(
    fc.property(patterns, texts, (pattern, text) => {
      const required = requiredText(pattern)
      if (required !== undefined && new RegExp(pattern).test(text)) expect(text).toContain(required)
    }),
    { numRuns: 2000 },
  )
})

it('is found in bytes where it is in the text', () => {
  const word = fc.array(fc.constantFrom('a', 'b', 'é', '漢'), { maxLength: 10 }).map((letters) => letters.join(''))
  fc.assert(
    fc.property(word, word, word, (before, text, needle) => {
      if (needle === '') return
      const bytes = new TextEncoder().encode(`${before}${text}${before}`)
      const start = new TextEncoder().encode(before).length
      const length = new TextEncoder().encode(text).length
      expect(containsText(needle)(bytes, start, length)).toBe(text.includes(needle))
    }),
    { numRuns: 1000 },
  )
})
