/**
 * Text → tokens. The scanner never throws and loses no character: what is wrong becomes a token of kind `invalid`
 * that says why, so the shell can colour half-typed text and the parser reports it when it gets there.
 */

import type { Span } from './ast/node.ts'

export type TokenKind =
  /** An unquoted name or keyword. */
  | 'word'
  /** A name in backticks. */
  | 'quoted'
  | 'string'
  /** X'…'. */
  | 'binary'
  | 'number'
  | 'symbol'
  /** The opening of a hint comment; the hint's tokens follow, then `hint-end`. */
  | 'hint-start'
  | 'hint-end'
  | 'whitespace'
  | 'comment'
  | 'invalid'
  | 'end'

export interface Token {
  readonly kind: TokenKind
  /** word: upper case; quoted, string: the meant characters; binary: the digits; else as written. */
  readonly text: string
  readonly start: number
  readonly end: number
  /** invalid: what is wrong, a lower-case clause. */
  readonly problem?: string
  /** invalid: what to do, a sentence. */
  readonly advice?: string
  /** invalid: the text ends before the token does, so more input may make it good. */
  readonly open?: boolean
}

/** Every token with white space and comments, the last of kind `end`; for highlighting and completion. Never throws. */
export function tokenize(sql: string): Token[] {
  return new Scanner(sql, true).run()
}

/**
 * The tokens the grammar sees: no white space, no comments; the last of kind `end`. Never throws.
 *
 * @param span the part of the text to read; offsets stay those of the whole text
 */
export function significantTokens(sql: string, span?: Span): Token[] {
  return new Scanner(span === undefined ? sql : sql.slice(0, span.end), false, span?.start).run()
}

const SYMBOLS = new Set([...'()[]{},;.=<>+-*/%?|^$:'.split(''), '<>', '!=', '<=', '>=', '||', '=>', '::'])
const SPACE = /^\s$/u
const LETTER = /^[\p{L}\p{Nl}]$/u
const PART = /^[\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}]$/u

const isDigit = (code: number): boolean => code >= 48 && code <= 57
const isAsciiLetter = (code: number): boolean => (code >= 97 && code <= 122) || (code >= 65 && code <= 90)
const isSpace = (code: number): boolean =>
  code === 32 || (code >= 9 && code <= 13) || (code > 127 && SPACE.test(String.fromCharCode(code)))

class Scanner {
  readonly #sql: string
  readonly #trivia: boolean
  readonly #tokens: Token[] = []
  #at: number
  #inHint = false

  constructor(sql: string, trivia: boolean, start = 0) {
    this.#sql = sql
    this.#trivia = trivia
    this.#at = start
  }

  run(): Token[] {
    const { length } = this.#sql
    while (this.#at < length) this.#next(this.#sql.charCodeAt(this.#at))
    this.#push('end', '', length)
    return this.#tokens
  }

  #next(code: number): void {
    if (isSpace(code)) return this.#space()
    if (this.#isPartStart(code)) return this.#word()
    if (isDigit(code)) return this.#number()
    switch (code) {
      case 39:
        return this.#string(this.#at, this.#at)
      case 96:
        return this.#quoted()
      case 45:
        return this.#follows('--') ? this.#lineComment() : this.#symbol()
      case 47:
        if (this.#follows('/*')) return this.#blockComment()
        return this.#follows('//') ? this.#lineComment() : this.#symbol()
      case 46:
        return isDigit(this.#sql.charCodeAt(this.#at + 1)) ? this.#number() : this.#symbol()
      case 42:
        return this.#inHint && this.#follows('*/') ? this.#hintEnd() : this.#symbol()
      case 34:
        return this.#doubleQuoted()
      default:
        return this.#symbol()
    }
  }

  #follows(text: string): boolean {
    return this.#sql.startsWith(text, this.#at)
  }

  #push(kind: TokenKind, text: string, start: number): void {
    this.#tokens.push({ kind, text, start, end: this.#at })
  }

  #invalid(start: number, problem: string, advice?: string, open = false): void {
    const token = {
      kind: 'invalid' as const,
      text: this.#sql.slice(start, this.#at),
      start,
      end: this.#at,
      problem,
      open,
    }
    this.#tokens.push(advice === undefined ? token : { ...token, advice })
  }

  #space(): void {
    const start = this.#at
    while (this.#at < this.#sql.length && isSpace(this.#sql.charCodeAt(this.#at))) this.#at++
    if (this.#trivia) this.#push('whitespace', this.#sql.slice(start, this.#at), start)
  }

  #lineComment(): void {
    const start = this.#at
    while (this.#at < this.#sql.length) {
      const code = this.#sql.charCodeAt(this.#at)
      if (code === 10 || code === 13) break
      this.#at++
    }
    if (this.#trivia) this.#push('comment', this.#sql.slice(start, this.#at), start)
  }

  #blockComment(): void {
    const start = this.#at
    const close = this.#sql.indexOf('*/', start + 2)
    if (close < 0) {
      this.#at = this.#sql.length
      return this.#invalid(start, 'the comment is not closed', 'Close it with */.', true)
    }
    if (this.#follows('/*+')) {
      this.#at = start + 3
      this.#inHint = true
      return this.#push('hint-start', '/*+', start)
    }
    this.#at = close + 2
    if (this.#trivia) this.#push('comment', this.#sql.slice(start, this.#at), start)
  }

  #hintEnd(): void {
    const start = this.#at
    this.#at += 2
    this.#inHint = false
    this.#push('hint-end', '*/', start)
  }

  #isPartStart(code: number): boolean {
    return isAsciiLetter(code) || code === 95 || (code > 127 && this.#matches(LETTER))
  }

  #matches(pattern: RegExp): boolean {
    return pattern.test(String.fromCodePoint(this.#sql.codePointAt(this.#at) ?? 0))
  }

  #skipWord(): void {
    for (;;) {
      const code = this.#sql.charCodeAt(this.#at)
      if (isAsciiLetter(code) || isDigit(code) || code === 95 || code === 36) this.#at++
      else if (code > 127 && this.#matches(PART)) this.#at += (this.#sql.codePointAt(this.#at) ?? 0) > 0xffff ? 2 : 1
      else return
    }
  }

  #word(): void {
    const start = this.#at
    this.#skipWord()
    const text = this.#sql.slice(start, this.#at).toUpperCase()
    if (this.#sql.charCodeAt(this.#at) === 39) {
      if (text === 'X') return this.#binary(start)
      if (text === 'N' || text.charCodeAt(0) === 95) return this.#string(start, this.#at)
    } else if (text === 'U' && this.#follows("&'")) {
      this.#at++
      return this.#unicodeString(start)
    }
    this.#push('word', text, start)
  }

  #number(): void {
    const start = this.#at
    this.#skipDigits()
    if (this.#sql.charCodeAt(this.#at) === 46) {
      this.#at++
      this.#skipDigits()
    }
    const exponent = this.#sql.charCodeAt(this.#at) | 32
    if (exponent === 101) {
      const sign = this.#sql.charCodeAt(this.#at + 1)
      const digit = this.#at + (sign === 43 || sign === 45 ? 2 : 1)
      if (isDigit(this.#sql.charCodeAt(digit))) {
        this.#at = digit
        this.#skipDigits()
      }
    }
    if (this.#at < this.#sql.length && this.#isPartStart(this.#sql.charCodeAt(this.#at))) {
      this.#skipWord()
      return this.#invalid(start, 'a name cannot begin with a digit', 'Put the name in backticks.')
    }
    this.#push('number', this.#sql.slice(start, this.#at), start)
  }

  #skipDigits(): void {
    while (isDigit(this.#sql.charCodeAt(this.#at))) this.#at++
  }

  /** Moves past a quoted text whose opening quote is at `open`; undefined where it is not closed. */
  #between(open: number, quote: string): string | undefined {
    const sql = this.#sql
    let from = open + 1
    let text = ''
    for (;;) {
      const close = sql.indexOf(quote, from)
      if (close < 0) {
        this.#at = sql.length
        return undefined
      }
      text += sql.slice(from, close)
      if (sql[close + 1] !== quote) {
        this.#at = close + 1
        return text
      }
      text += quote
      from = close + 2
    }
  }

  #string(start: number, open: number): void {
    const text = this.#between(open, "'")
    if (text === undefined) return this.#unclosedString(start)
    this.#push('string', text, start)
  }

  #unclosedString(start: number): void {
    this.#invalid(start, 'the string is not closed', "Close it with ', and write '' for a quote inside it.", true)
  }

  #binary(start: number): void {
    const text = this.#between(this.#at, "'")
    if (text === undefined) return this.#unclosedString(start)
    if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
      return this.#invalid(start, 'a binary string needs an even number of hexadecimal digits')
    }
    this.#push('binary', text.toUpperCase(), start)
  }

  /** U&'\263A' with an optional UESCAPE 'c'. */
  #unicodeString(start: number): void {
    const text = this.#between(this.#at, "'")
    if (text === undefined) return this.#unclosedString(start)
    let escape = '\\'
    const clause = /\s*UESCAPE\s*'([^'])'/iuy
    clause.lastIndex = this.#at
    const match = clause.exec(this.#sql)
    if (match !== null) {
      escape = match[1] ?? escape
      this.#at = clause.lastIndex
    }
    const decoded = decodeUnicode(text, escape)
    if (decoded === undefined) {
      return this.#invalid(
        start,
        'the string has a broken unicode escape',
        `Write ${escape} and four hexadecimal digits, or ${escape}${escape} for the character itself.`,
      )
    }
    this.#push('string', decoded, start)
  }

  #quoted(): void {
    const start = this.#at
    const text = this.#between(start, '`')
    if (text === undefined) {
      return this.#invalid(start, 'the quoted name is not closed', 'Close it with a backtick.', true)
    }
    if (text === '') return this.#invalid(start, 'a quoted name cannot be empty')
    this.#push('quoted', text, start)
  }

  #doubleQuoted(): void {
    const start = this.#at
    const close = this.#sql.indexOf('"', start + 1)
    this.#at = close < 0 ? start + 1 : close + 1
    const advice = 'Names are quoted with backticks and strings with single quotes.'
    this.#invalid(start, 'double quotes have no meaning in this dialect', advice)
  }

  #symbol(): void {
    const start = this.#at
    const two = this.#sql.slice(start, start + 2)
    if (two.length === 2 && SYMBOLS.has(two)) {
      this.#at += 2
      return this.#push('symbol', two, start)
    }
    const one = String.fromCodePoint(this.#sql.codePointAt(start) ?? 0)
    this.#at += one.length
    if (SYMBOLS.has(one)) return this.#push('symbol', one, start)
    this.#invalid(start, `the character "${one}" has no meaning here`)
  }
}

function decodeUnicode(text: string, escape: string): string | undefined {
  let decoded = ''
  let from = 0
  for (;;) {
    const at = text.indexOf(escape, from)
    if (at < 0) return decoded + text.slice(from)
    decoded += text.slice(from, at)
    const after = at + escape.length
    if (text.startsWith(escape, after)) {
      decoded += escape
      from = after + escape.length
      continue
    }
    const digits = text.slice(after, after + 4)
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) return undefined
    decoded += String.fromCharCode(Number.parseInt(digits, 16))
    from = after + 4
  }
}
