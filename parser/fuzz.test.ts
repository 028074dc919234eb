/** Whatever the text: a tree or a MillraceError, quickly; and what is accepted survives the formatter. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MillraceError } from '../core/errors.ts'
import type { Statement } from './ast.ts'
import { formatExpression, formatStatement } from './format.ts'
import { KEYWORDS } from './keywords.ts'
import { significantTokens } from './lexer.ts'
import { LONG_CHAIN } from './logical-chain.ts'
import { parseExpression, parseStatement } from './parse.ts'
import { parseScript, splitScript } from './script.ts'
import { withoutSpans } from './testing/round-trip.ts'
import { SAMPLES } from './testing/samples.ts'

/** Parses, and checks that the only thing thrown is a MillraceError with a place in the text. */
function attempt<T>(sql: string, parse: (sql: string) => T): T | undefined {
  try {
    return parse(sql)
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(MillraceError)
    if (!(thrown instanceof MillraceError)) return undefined
    expect(['SYNTAX_ERROR', 'STATEMENT_TOO_COMPLEX']).toContain(thrown.code)
    const { position } = thrown
    expect(position).toBeDefined()
    if (position !== undefined) expect(position.offset + position.length).toBeLessThanOrEqual(sql.length)
    return undefined
  }
}

function checkStatement(sql: string): void {
  const statement = attempt(sql, parseStatement)
  if (statement !== undefined) checkRoundTrip(sql, statement)
  attempt(sql, parseScript)
}

function checkRoundTrip(sql: string, statement: Statement): void {
  const text = formatStatement(statement)
  expect(withoutSpans(parseStatement(text)), `${sql}\nbecomes\n${text}`).toEqual(withoutSpans(statement))
}

const token = fc.oneof(
  fc.constantFrom(...KEYWORDS),
  fc.constantFrom('a', 'b.c', '`x`', "'s'", '1', '2.5', "X'AB'", "INTERVAL '1' DAY"),
  fc.constantFrom(
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '<',
    '>',
    ',',
    ';',
    '.',
    '=',
    '+',
    '-',
    '*',
    '/',
    '||',
    '=>',
    '|',
    '?',
    '^',
    '$',
    '::',
    '/*+',
    '*/',
  ),
)

describe('the parser never fails otherwise', () => {
  test('on any characters', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 80 }), checkStatement), { numRuns: 300 })
  })

  test('on any tokens', () => {
    const texts = fc.array(token, { maxLength: 25 }).map((parts) => parts.join(' '))
    fc.assert(fc.property(texts, checkStatement), { numRuns: 500 })
  })

  test('on any tokens as an expression', () => {
    const texts = fc.array(token, { maxLength: 15 }).map((parts) => parts.join(' '))
    fc.assert(
      fc.property(texts, (sql) => {
        const expression = attempt(sql, parseExpression)
        if (expression === undefined) return
        const text = formatExpression(expression)
        expect(withoutSpans(parseExpression(text)), text).toEqual(withoutSpans(expression))
      }),
      { numRuns: 1000 },
    )
  })

  test('on statements with some tokens left out, doubled, swapped or replaced', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.constantFrom('drop', 'double', 'swap', 'replace', 'insert'), token), {
      minLength: 1,
      maxLength: 4,
    })
    fc.assert(
      fc.property(fc.constantFrom(...SAMPLES), edits, (sql, changes) => {
        const parts = significantTokens(sql)
          .slice(0, -1)
          .map(({ start, end }) => sql.slice(start, end))
        for (const [at, edit, word] of changes) mutate(parts, at % Math.max(1, parts.length), edit, word)
        checkStatement(parts.join(' '))
      }),
      { numRuns: 2000 },
    )
  })

  test('on statements cut off anywhere', () => {
    for (const sql of SAMPLES) for (let end = 0; end < sql.length; end += 7) checkStatement(sql.slice(0, end))
  })

  test('on scripts, whose parts are in order and leave nothing out but separators', () => {
    const texts = fc.array(fc.oneof(token, fc.constant(';'), fc.constantFrom(...SAMPLES)), { maxLength: 12 })
    fc.assert(
      fc.property(texts, (parts) => {
        const sql = parts.join(' ')
        let at = 0
        for (const { text, span } of splitScript(sql)) {
          expect(sql.slice(at, span.start)).toMatch(/^[\s;]*$/)
          expect(sql.slice(span.start, span.end)).toBe(text)
          at = span.end
        }
        expect(sql.slice(at)).toMatch(/^[\s;]*$/)
      }),
    )
  })
})

function mutate(parts: string[], at: number, edit: string, word: string): void {
  const [here = '', next = ''] = parts.slice(at, at + 2)
  if (edit === 'drop') parts.splice(at, 1)
  else if (edit === 'double') parts.splice(at, 0, here)
  else if (edit === 'swap') parts.splice(at, 2, next, here)
  else if (edit === 'replace') parts.splice(at, 1, word)
  else parts.splice(at, 0, word)
}

const TOO_COMPLEX = expect.objectContaining({ code: 'STATEMENT_TOO_COMPLEX' })

describe('depth', () => {
  test.each([
    ['parentheses', '(', '1', ')'],
    ['parentheses that are never closed', '(', '', ''],
    ['calls', 'f(', '1', ')'],
    ['CASE', 'CASE WHEN ', '1', ' THEN 1 END'],
    ['subqueries', '(SELECT ', '1', ')'],
    ['NOT', 'NOT ', 'a', ''],
    ['minus signs', '- ', 'a', ''],
    ['arrays', 'ARRAY[', '1', ']'],
    ['element access', 'a[', '1', ']'],
    ['right sides', '1 + (', '1', ')'],
    ['types', 'CAST(a AS ARRAY<', 'INT', '>)'],
    ['EXISTS', 'EXISTS (SELECT * FROM t WHERE ', 'TRUE', ')'],
  ])('100,000 nested %s are refused with their place', (_, open, core, close) => {
    const nested =
      open === 'CAST(a AS ARRAY<'
        ? `CAST(a AS ${'ARRAY<'.repeat(100_000)}INT${'>'.repeat(100_000)})`
        : open.repeat(100_000) + core + close.repeat(100_000)
    expect(() => parseStatement(`SELECT ${nested}`)).toThrowError(TOO_COMPLEX)
  })

  test.each([
    ['parentheses in FROM', 'SELECT * FROM ', '(', 't', ')'],
    ['parentheses before a query', '', '(', 'SELECT 1', ')'],
    ['subqueries in FROM', '', 'SELECT * FROM (', 'SELECT 1', ')'],
    ['WITH', '', 'WITH a AS (', 'SELECT 1', ') SELECT 1'],
    ['pattern groups', 'SELECT * FROM t MATCH_RECOGNIZE (PATTERN (', '(', 'A', ')'],
    ['grouping sets', 'SELECT 1 FROM t GROUP BY ', 'ROLLUP (', 'a', ')'],
    ['rows as types', 'CREATE TABLE t (a ', 'ROW<a ', 'INT', '>'],
    ['set operations on the right', '', 'SELECT 1 UNION (', 'SELECT 1', ')'],
  ])('100,000 nested %s are refused', (_, before, open, core, close) => {
    const sql = before + open.repeat(100_000) + core + close.repeat(100_000)
    expect(() => parseStatement(sql)).toThrowError(TOO_COMPLEX)
  })

  test.each([
    ['+', ' + a'],
    ['||', " || 'x'"],
    ['IS NULL', ' IS NULL'],
    ['element access', '[1]'],
    ['field access', '[1].x'],
    ['LIKE', " LIKE 'x'"],
    ['UNION', ' UNION ALL SELECT a'],
    ['joins', ' FROM t' + ' CROSS JOIN u'.repeat(10_000)],
    ['commas', ' FROM t' + ', u'.repeat(10_000)],
    ['types', ', CAST(a AS INT' + ' ARRAY'.repeat(10_000) + ')'],
  ])('a chain of 10,000 %s is refused', (_, link) => {
    const chain = link.length > 1000 ? link : link.repeat(10_000)
    expect(() => parseStatement(`SELECT a${chain}`)).toThrowError(TOO_COMPLEX)
  })

  test.each(['AND', 'OR'])('a chain of 10,000 %s works, in the formatter too', (operator) => {
    for (const count of [LONG_CHAIN - 1, LONG_CHAIN, LONG_CHAIN + 1, 1000, 10_000]) {
      const sql = Array.from({ length: count }, (_, index) => `a${index} = ${index}`).join(` ${operator} `)
      const expression = parseExpression(sql)
      expect(formatExpression(expression)).toBe(sql)
    }
  })

  test('long chains inside long chains keep their parentheses', () => {
    const chain = Array.from({ length: LONG_CHAIN + 6 }, (_, index) => `a${index}`).join(' AND ')
    for (const sql of [`(${chain}) AND b`, `b AND (${chain})`, `(${chain}) AND (${chain})`, `b AND (${chain}) AND c`]) {
      const expression = parseExpression(sql)
      const text = formatExpression(expression)
      expect(withoutSpans(parseExpression(text)), text).toEqual(withoutSpans(expression))
    }
  })

  test('what is accepted is low enough for plain recursion', () => {
    for (const sql of [
      `SELECT ${'('.repeat(150)}1${')'.repeat(150)}`,
      `SELECT a${' + a'.repeat(550)}`,
      `SELECT ${'('.repeat(20)}a${`${' + a'.repeat(20)})`.repeat(20)}`,
      `SELECT a${' UNION ALL SELECT a'.repeat(550)}`,
      `SELECT a FROM t${', u'.repeat(550)}`,
    ]) {
      checkRoundTrip(sql, parseStatement(sql))
    }
  })

  test('heights add up over nesting', () => {
    const sql = `SELECT ${'('.repeat(30)}a${`${' + a'.repeat(40)})`.repeat(30)}`
    expect(() => parseStatement(sql)).toThrowError(TOO_COMPLEX)
  })
})
