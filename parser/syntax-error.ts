/** Words a failure of the grammar: what was found, what could have stood there, which parenthesis is open. */
import { MillraceError } from '../core/errors.ts'
import { nearestName } from '../core/suggest.ts'
import type { Span } from './ast/node.ts'
import { positionOf } from './ast.ts'
import { type Expectations, listOf, type SyntaxProblem } from './cursor.ts'
import { RESERVED_WORDS } from './keywords.ts'
import type { Token } from './lexer.ts'

/** More alternatives than this are not listed. */
const MOST_ALTERNATIVES = 6
/** What can stand almost everywhere and would only hide the rest. */
const UNTOLD = new Set(['"."', '"["', '"("', '"::"', 'NULL', 'FILTER', 'OVER', 'WITHIN', 'IGNORE', 'RESPECT'])
/** What may follow an expression; told as one. BETWEEN is looked for, the others stand elsewhere too. */
const OPERATORS = new Set(['AND', 'OR', 'IS', 'NOT', 'BETWEEN', 'IN', 'LIKE', 'SIMILAR'])
/** Words that begin a clause: before them a comma or an operator is too many, and nobody means them as names. */
const CLAUSES = new Set(
  'SELECT FROM WHERE GROUP HAVING WINDOW QUALIFY ORDER LIMIT OFFSET FETCH UNION INTERSECT EXCEPT ON USING JOIN AS SET VALUES WITH INTO INSERT AND OR THEN ELSE END WHEN BY'.split(
    ' ',
  ),
)
/** Shorter names are near to too many words. */
const SHORTEST_MISSPELLING = 4

interface Failure {
  readonly sql: string
  readonly tokens: readonly Token[]
  readonly index: number
  readonly token: Token
  readonly problem: SyntaxProblem
  readonly expectations: Expectations
}

export function syntaxError(
  sql: string,
  tokens: readonly Token[],
  problem: SyntaxProblem,
  expectations: Expectations,
): MillraceError {
  const token = tokens[problem.index] ?? tokens.at(-1)
  if (token === undefined) throw problem
  const failure: Failure = { sql, tokens, index: problem.index, token, problem, expectations }
  if (token.kind === 'invalid') return invalidToken(failure)
  if (problem.reason !== undefined) return refusal(failure, problem.reason)
  return misspelled(failure) ?? unexpected(failure)
}

function errorAt(sql: string, message: string, span: Span, detail?: string, hint?: string): MillraceError {
  return new MillraceError('SYNTAX_ERROR', message, { detail, hint, position: positionOf(sql, span) })
}

/** Of a text that is not closed only the opening is pointed at. */
function invalidToken({ sql, token }: Failure): MillraceError {
  const opening = token.open === true ? (/^(?:\/\*\+?|.)/su.exec(token.text)?.[0].length ?? 1) : token.text.length
  const span = { start: token.start, end: token.start + opening }
  return errorAt(sql, token.problem ?? 'the text cannot be read', span, undefined, token.advice)
}

function refusal(failure: Failure, reason: string): MillraceError {
  const { sql, problem, token } = failure
  const nearest = nearestBefore(failure)
  const hint = problem.hint ?? (nearest && `Did you mean ${nearest}?`)
  return errorAt(sql, reason, problem.span ?? token, undefined, hint)
}

function unexpected(failure: Failure): MillraceError {
  const { sql, tokens, index, token, problem } = failure
  const words = alternatives(failure, index)
  const expected = problem.expected === undefined ? describe(words) : withNeighbours(problem.expected, words)
  const what = foundText(sql, token)
  const message = expected === '' ? `${what} was not expected here` : `expected ${expected}, found ${what}`
  const open = openParenthesis(sql, tokens, index)
  const closes = token.kind === 'symbol' && CLOSERS.get(token.text)
  const unmatched = open === undefined && closes ? `No "${closes}" is open here.` : undefined
  return errorAt(sql, message, token, open ?? unmatched, hintFor(failure))
}

function hintFor(failure: Failure): string | undefined {
  const { sql, tokens, index, token, problem, expectations } = failure
  if (problem.hint !== undefined) return problem.hint
  const spelled = RESERVED_WORDS.has(token.text) && token.text.length < SHORTEST_MISSPELLING
  if (token.kind === 'word' && !spelled) {
    const nearest = nearestName(
      sql.slice(token.start, token.end),
      keywordsOf([...(expectations.wordsAt.get(index) ?? [])]),
    )
    if (nearest !== undefined && nearest !== token.text) return `Did you mean ${nearest}?`
  }
  const before = tokens[index - 1]
  if (token.kind === 'symbol' && token.text === '=>') return 'Did you mean ">="?'
  if (token.text === '=' && before?.text === '=') return 'Equality is written with one "=".'
  const ends = token.kind === 'end' || token.text === ')' || token.text === ';' || isClause(token)
  if (before?.kind === 'symbol' && before.text === ',' && ends) return 'Remove the comma before it.'
  const named = before?.text === 'AS' || before?.text === '.'
  return named || !isClause(token) ? reservedHint(sql, token, problem.expected) : undefined
}

const isClause = (token: Token): boolean => token.kind === 'word' && CLAUSES.has(token.text)

/** What could have stood at a token. */
function alternatives({ expectations }: Failure, index: number): string[] {
  return [...(expectations.wordsAt.get(index) ?? [])].filter((word) => !UNTOLD.has(word))
}

const keywordsOf = (words: readonly string[]): string[] => words.filter((word) => /^[A-Z_]+$/.test(word))

function describe(words: readonly string[]): string {
  const operators = words.includes('BETWEEN')
  const told = words
    .filter((word) => !(operators && OPERATORS.has(word)))
    .map((word) => (word === '";"' ? 'the end of the statement' : word))
  const shown = told.length > MOST_ALTERNATIVES ? [...told.slice(0, MOST_ALTERNATIVES), 'another clause'] : told
  return listOf(operators ? [...shown, 'an operator'] : shown)
}

/** A closing parenthesis is rarely all that could stand there. */
function withNeighbours(expected: string, words: readonly string[]): string {
  if (!/^"[)\]>]"$/.test(expected)) return expected
  const items = words.includes('","') ? ['","', expected] : [expected]
  return listOf(words.includes('BETWEEN') ? [...items, 'an operator'] : items)
}

/** A reserved word where a name was meant. */
function reservedHint(sql: string, token: Token, expected: string | undefined): string | undefined {
  if (token.kind !== 'word' || !RESERVED_WORDS.has(token.text)) return undefined
  if (expected === undefined || !/\bname\b|an expression/.test(expected)) return undefined
  const written = sql.slice(token.start, token.end)
  return `${token.text} is a reserved word; to use it as a name write \`${written}\`.`
}

function foundText(sql: string, token: Token): string {
  const written = sql.slice(token.start, token.end)
  switch (token.kind) {
    case 'end':
      return 'the end of the input'
    case 'string':
    case 'binary':
      return `the string ${shorten(written)}`
    case 'quoted':
      return shorten(written)
    case 'hint-start':
      return 'a hint'
    default:
      return `"${shorten(written)}"`
  }
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length > 40 ? `${line.slice(0, 37)}…` : line
}

/**
 * `SELECT a FORM t`: the misspelled word was taken for a name, and only what follows it failed. Then the word itself is
 * what the error is about.
 */
function misspelled(failure: Failure): MillraceError | undefined {
  const { sql, tokens, index } = failure
  const nearest = nearestBefore(failure)
  const before = tokens[index - 1]
  if (nearest === undefined || before === undefined) return undefined
  const message = `expected ${nearest}, found ${foundText(sql, before)}`
  return errorAt(sql, message, before, openParenthesis(sql, tokens, index - 1), `Did you mean ${nearest}?`)
}

/** The keyword that the word before the failure may be a misspelling of. */
function nearestBefore(failure: Failure): string | undefined {
  const index = failure.index - 1
  const before = failure.tokens[index]
  if (before?.kind !== 'word' || before.text.length < SHORTEST_MISSPELLING) return undefined
  if (RESERVED_WORDS.has(before.text)) return undefined
  const words = keywordsOf(alternatives(failure, index)).filter((word) => word.length >= SHORTEST_MISSPELLING)
  if (words.includes(before.text)) return undefined
  const nearest = nearestName(before.text, words)
  // a prefix alone is no misspelling: ord is not ORDER
  return nearest !== undefined && Math.abs(nearest.length - before.text.length) <= 2 ? nearest : undefined
}

const CLOSERS: ReadonlyMap<string, string> = new Map([
  [')', '('],
  [']', '['],
  ['}', '{'],
])

/** The innermost bracket that is open before the token, as a sentence. */
function openParenthesis(sql: string, tokens: readonly Token[], index: number): string | undefined {
  const open: Token[] = []
  for (let i = 0; i < index; i++) {
    const token = tokens[i]
    if (token?.kind !== 'symbol') continue
    if (token.text === '(' || token.text === '[' || token.text === '{') open.push(token)
    else if (CLOSERS.get(token.text) === open.at(-1)?.text) open.pop()
  }
  const last = open.at(-1)
  if (last === undefined) return undefined
  const { line, column } = positionOf(sql, last)
  return `The "${last.text}" at line ${line}, column ${column} is still open.`
}
