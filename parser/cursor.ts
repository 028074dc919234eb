/**
 * The grammar's view of the tokens: look, accept, expect, fail. Grammar functions take a cursor and return a node.
 *
 * Laws
 * - A grammar function consumes tokens only when it returns a node; otherwise it throws.
 * - Every recursion of the grammar passes through `nested`, every loop that deepens the tree through `deepen`, so that
 *   no tree is deeper than `MAX_HEIGHT` and later passes may use plain recursion.
 */
import { MillraceError } from '../core/errors.ts'
import type { Expression } from './ast/expression.ts'
import type { Identifier, Span, StringLiteral } from './ast/node.ts'
import type { Query } from './ast/query.ts'
import { positionOf } from './ast.ts'
import { RESERVED_WORDS } from './keywords.ts'
import type { Token, TokenKind } from './lexer.ts'
import { LEVEL } from './precedence.ts'

const QUERY_CONTINUATIONS = new Set(['UNION', 'INTERSECT', 'EXCEPT', 'MINUS', 'ORDER', 'LIMIT', 'OFFSET', 'FETCH'])

/**
 * How deep the grammar recurses: parentheses, subqueries, CASE, calls, nested types. A parser that stops here needs a
 * third of Node's default stack.
 */
const MAX_NESTING = 200
/** How high a tree may be: nesting plus chains such as `a + b + …` or `q UNION ALL q …`. */
const MAX_HEIGHT = 600

/** The recursive rules, reached through the cursor so that the grammar's files need not import each other in circles. */
export interface Grammar {
  /** @param level the loosest operator level to read, see `LEVEL` */
  readonly expression: (cursor: Cursor, level: number) => Expression
  readonly query: (cursor: Cursor) => Query
  /** Reads on behind a query in parentheses that turned out to be an operand of UNION and the like. */
  readonly continueQuery: (cursor: Cursor, first: Query) => Query
}

/** What could have stood at a token; gathered only in the second pass that words the error. */
export interface Expectations {
  /** By token index. */
  readonly wordsAt: Map<number, Set<string>>
}

/** Thrown by the grammar and worded by `syntaxError`; never leaves the parser. */
export class SyntaxProblem extends Error {
  readonly index: number
  readonly expected: string | undefined
  readonly reason: string | undefined
  readonly hint: string | undefined
  readonly span: Span | undefined

  /**
   * @param index of the token that is wrong
   * @param detail what was expected there, or a reason that stands for itself; a hint; the span to point at
   */
  constructor(
    index: number,
    detail: {
      readonly expected?: string | undefined
      readonly reason?: string | undefined
      readonly hint?: string | undefined
      readonly span?: Span | undefined
    },
  ) {
    super('syntax problem')
    this.index = index
    this.expected = detail.expected
    this.reason = detail.reason
    this.hint = detail.hint
    this.span = detail.span
  }
}

export class Cursor {
  readonly sql: string
  readonly tokens: readonly Token[]
  readonly grammar: Grammar
  readonly expectations: Expectations | undefined
  #index = 0
  #token: Token
  #depth = 0
  #height = 0

  constructor(sql: string, tokens: readonly Token[], grammar: Grammar, expectations?: Expectations) {
    const [first] = tokens
    if (first === undefined) throw new MillraceError('INTERNAL_ERROR', 'the token list is empty')
    this.sql = sql
    this.tokens = tokens
    this.grammar = grammar
    this.expectations = expectations
    this.#token = first
  }

  get token(): Token {
    return this.#token
  }

  get index(): number {
    return this.#index
  }

  /** Where the token before the current one ended. */
  get previousEnd(): number {
    return this.tokens[this.#index - 1]?.end ?? 0
  }

  /** The token `distance` ahead; the end token beyond the end. */
  peek(distance: number): Token {
    return this.tokens[this.#index + distance] ?? this.tokens.at(-1) ?? this.#token
  }

  advance(): Token {
    const token = this.#token
    const next = this.tokens[this.#index + 1]
    if (next !== undefined) {
      this.#index++
      this.#token = next
    }
    return token
  }

  spanFrom(start: number): Span {
    return { start, end: this.previousEnd }
  }

  /** Notes that `word` could stand here. */
  expects(word: string): void {
    if (this.expectations === undefined) return
    const known = this.expectations.wordsAt.get(this.#index)
    if (known === undefined) this.expectations.wordsAt.set(this.#index, new Set([word]))
    else known.add(word)
  }

  /** Notes what could stand here in place of the name that does, which may be one of them misspelled. */
  expectsAny(words: readonly string[]): void {
    if (this.expectations !== undefined) for (const word of words) this.expects(word)
  }

  acceptKind(kind: TokenKind): boolean {
    if (this.#token.kind !== kind) return false
    this.advance()
    return true
  }

  // ---- keywords

  isWord(word: string): boolean {
    if (this.#token.kind === 'word' && this.#token.text === word) return true
    this.expects(word)
    return false
  }

  isWordAt(distance: number, word: string): boolean {
    const token = this.peek(distance)
    return token.kind === 'word' && token.text === word
  }

  acceptWord(word: string): boolean {
    if (!this.isWord(word)) return false
    this.advance()
    return true
  }

  /** Accepts all words in their order, or none of them. */
  acceptWords(...words: readonly [string, ...string[]]): boolean {
    if (!this.isWord(words[0])) return false
    for (let i = 1; i < words.length; i++) if (!this.isWordAt(i, words[i] ?? '')) return false
    for (let i = 0; i < words.length; i++) this.advance()
    return true
  }

  expectWord(word: string): void {
    if (!this.acceptWord(word)) this.fail(word)
  }

  expectWords(...words: readonly string[]): void {
    for (const word of words) this.expectWord(word)
  }

  /** Accepts one of the words and says which. */
  acceptOneOf<const W extends string>(...words: readonly W[]): W | undefined {
    for (const word of words) if (this.acceptWord(word)) return word
    return undefined
  }

  expectOneOf<const W extends string>(...words: readonly W[]): W {
    const word = this.acceptOneOf(...words)
    return word ?? this.fail(listOf(words))
  }

  // ---- symbols

  isSymbol(symbol: string): boolean {
    if (this.#token.kind === 'symbol' && this.#token.text === symbol) return true
    this.expects(`"${symbol}"`)
    return false
  }

  isSymbolAt(distance: number, symbol: string): boolean {
    const token = this.peek(distance)
    return token.kind === 'symbol' && token.text === symbol
  }

  acceptSymbol(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false
    this.advance()
    return true
  }

  expectSymbol(symbol: string): void {
    if (!this.acceptSymbol(symbol)) this.fail(`"${symbol}"`)
  }

  // ---- names and literals

  /** Whether a name can start here: quoted, or a word that is not reserved. */
  get atName(): boolean {
    return this.isNameAt(0)
  }

  isNameAt(distance: number): boolean {
    const { kind, text } = this.peek(distance)
    return kind === 'quoted' || (kind === 'word' && !RESERVED_WORDS.has(text))
  }

  identifier(what = 'a name'): Identifier {
    if (!this.atName) this.fail(what)
    const { kind, text, start, end } = this.advance()
    const quoted = kind === 'quoted'
    return { kind: 'identifier', name: quoted ? text : this.sql.slice(start, end), quoted, span: { start, end } }
  }

  get atString(): boolean {
    return this.#token.kind === 'string'
  }

  /** Neighbouring literals on lines of their own are one string, as in the SQL standard. */
  string(what = 'a string in single quotes'): StringLiteral {
    if (this.#token.kind !== 'string') this.fail(what)
    const { start } = this.#token
    let value = this.advance().text
    while (this.#token.kind === 'string' && /[\r\n]/.test(this.sql.slice(this.previousEnd, this.#token.start))) {
      value += this.advance().text
    }
    return { kind: 'string', value, span: this.spanFrom(start) }
  }

  /** An unsigned whole number that fits an array index. */
  integer(what = 'a whole number'): number {
    const { kind, text } = this.#token
    if (kind !== 'number' || !/^\d{1,10}$/.test(text)) this.fail(what)
    this.advance()
    return Number(text)
  }

  // ---- the recursive rules

  expression(level: number = LEVEL.or): Expression {
    return this.grammar.expression(this, level)
  }

  query(): Query {
    return this.grammar.query(this)
  }

  /** Whether a query without parentheses starts here. `TABLE(` is a table function or argument, not a query. */
  get atQuery(): boolean {
    const { kind, text } = this.#token
    if (kind !== 'word') return false
    if (text === 'TABLE') return !this.isSymbolAt(1, '(')
    return text === 'SELECT' || text === 'WITH' || text === 'VALUES'
  }

  /** Whether a query in parentheses goes on here. */
  get atQueryContinuation(): boolean {
    return this.#token.kind === 'word' && QUERY_CONTINUATIONS.has(this.#token.text)
  }

  // ---- repetition

  /** `item {, item}`. */
  list<T>(item: (cursor: Cursor) => T): T[] {
    const items = [item(this)]
    while (this.acceptSymbol(',')) items.push(item(this))
    return items
  }

  /** `( item {, item} )`. */
  parenthesized<T>(item: (cursor: Cursor) => T): T[] {
    this.expectSymbol('(')
    const items = this.list(item)
    this.expectSymbol(')')
    return items
  }

  // ---- depth

  /** Runs a recursive rule one level deeper. */
  nested<T>(rule: () => T): T {
    this.enter()
    const outer = this.#height
    this.#height = 0
    const node = rule()
    this.#height = Math.max(outer, this.#height + 1)
    this.leave()
    return node
  }

  enter(): void {
    if (++this.#depth > MAX_NESTING) this.#tooComplex(`the statement is nested more than ${MAX_NESTING} levels deep`)
  }

  leave(): void {
    this.#depth--
  }

  /** The height of the highest subtree read since it was last set. */
  get height(): number {
    return this.#height
  }

  set height(height: number) {
    if (height > MAX_HEIGHT) this.#tooComplex(`the statement chains more than ${MAX_HEIGHT} operations`)
    this.#height = height
  }

  /** Called where a loop puts the tree so far under a new node. */
  deepen(): void {
    this.height = this.#height + 1
  }

  #tooComplex(message: string): never {
    throw new MillraceError('STATEMENT_TOO_COMPLEX', message, {
      hint: 'Split the statement, for example with views.',
      position: positionOf(this.sql, { start: this.#token.start, end: this.#token.end }),
    })
  }

  // ---- failure

  /** The current token is not what has to stand here. */
  fail(expected?: string, hint?: string): never {
    throw new SyntaxProblem(this.#index, { expected, hint })
  }

  /** Something is wrong that is best said in its own words. */
  refuse(reason: string, span: Span = this.#token, hint?: string): never {
    throw new SyntaxProblem(this.#index, { reason, hint, span: { start: span.start, end: span.end } })
  }
}

/** `a`, `a or b`, `a, b or c`. */
export function listOf(items: readonly string[]): string {
  if (items.length < 2) return items.join('')
  return `${items.slice(0, -1).join(', ')} or ${items.at(-1)}`
}
