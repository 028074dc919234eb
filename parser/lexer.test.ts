import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KEYWORDS, NON_RESERVED_WORDS, RESERVED_FUNCTION_WORDS, RESERVED_WORDS } from './keywords.ts'
import { significantTokens, tokenize } from './lexer.ts'

const kinds = (sql: string) => significantTokens(sql).map(({ kind, text }) => `${kind} ${text}`.trim())

describe('tokens', () => {
  test.each<[string, readonly string[]]>([
    ['select a_1$', ['word SELECT', 'word A_1$']],
    ['`a``b` `c`', ['quoted a`b', 'quoted c']],
    ["'it''s' ''", ["string it's", 'string']],
    ["x'ab' N'c' _UTF16'd' U&'\\0041'", ['binary AB', 'string c', 'string d', 'string A']],
    ['1 1.5 .5 1. 1e3 1.5E-3', ['number 1', 'number 1.5', 'number .5', 'number 1.', 'number 1e3', 'number 1.5E-3']],
    [
      'a.b<>c!=d||e=>f::g',
      [
        'word A',
        'symbol .',
        'word B',
        'symbol <>',
        'word C',
        'symbol !=',
        'word D',
        'symbol ||',
        'word E',
        'symbol =>',
        'word F',
        'symbol ::',
        'word G',
      ],
    ],
    ['a /* b */ -- c\n // d\n e', ['word A', 'word E']],
    [
      '/*+ A(b) */ * /',
      ['hint-start /*+', 'word A', 'symbol (', 'word B', 'symbol )', 'hint-end */', 'symbol *', 'symbol /'],
    ],
    ['größe 名前', ['word GRÖSSE', 'word 名前']],
  ])('%s', (sql, expected) => {
    expect(kinds(sql)).toEqual([...expected, 'end'])
  })

  test.each([
    ["'abc", 'the string is not closed', true],
    ['`abc', 'the quoted name is not closed', true],
    ['/* abc', 'the comment is not closed', true],
    ['/*+ abc', 'the comment is not closed', true],
    ['``', 'a quoted name cannot be empty', false],
    ['"abc"', 'double quotes have no meaning in this dialect', false],
    ['1a', 'a name cannot begin with a digit', false],
    ["X'1'", 'a binary string needs an even number of hexadecimal digits', false],
    ["U&'\\00'", 'the string has a broken unicode escape', false],
    ['😀', 'the character "😀" has no meaning here', false],
  ])('%s is invalid', (sql, problem, open) => {
    expect(significantTokens(sql)[0]).toMatchObject({ kind: 'invalid', problem, open, start: 0, end: sql.length })
  })

  test('with white space and comments they cover the text without gap', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.constantFrom('', "'", '`', '/*', '/*+ a */', '--', '"', 'é😀'),
        (text, extra) => {
          const sql = text + extra + text
          const tokens = tokenize(sql)
          let at = 0
          for (const { start, end, kind } of tokens) {
            expect(start).toBe(at)
            expect(end > start || kind === 'end').toBe(true)
            at = end
          }
          expect(at).toBe(sql.length)
        },
      ),
    )
  })
})

describe('keywords', () => {
  test('a word is either reserved or not, and reserved functions are reserved', () => {
    expect([...NON_RESERVED_WORDS].filter((word) => RESERVED_WORDS.has(word))).toEqual([])
    expect([...RESERVED_FUNCTION_WORDS].filter((word) => !RESERVED_WORDS.has(word))).toEqual([])
    expect(new Set(KEYWORDS).size).toBe(KEYWORDS.length)
  })
})
