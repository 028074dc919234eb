/** Scripts: several statements separated by semicolons. */
import type { Span } from './ast/node.ts'
import type { Statement } from './ast/statement.ts'
import { significantTokens, type Token } from './lexer.ts'
import { parseStatement } from './parse.ts'

export interface ScriptPart {
  /** Without the final semicolon and without comments before and after. */
  readonly text: string
  readonly span: Span
  /** The final semicolon is there; where it is not, more input may follow. */
  readonly complete: boolean
}

export interface ScriptStatement {
  /** Spans count in the whole script. */
  readonly statement: Statement
  readonly text: string
  readonly span: Span
}

/**
 * Splits a script at its semicolons, without parsing: cheap enough for every key stroke, and never throws. Statement
 * sets (`EXECUTE STATEMENT SET BEGIN … END;`, `BEGIN STATEMENT SET; … END;`) are one part; empty parts are left out.
 */
export function splitScript(sql: string): ScriptPart[] {
  const parts: ScriptPart[] = []
  let current: Token[] = []
  for (const token of significantTokens(sql)) {
    const separator = token.kind === 'symbol' && token.text === ';'
    if (token.kind === 'end' || (separator && !insideStatementSet(current))) {
      const part = partOf(sql, current, separator)
      if (part !== undefined) parts.push(part)
      current = []
    } else {
      current.push(token)
    }
  }
  return parts
}

/**
 * Every statement of a script.
 *
 * @throws MillraceError of the first statement that is wrong; to report the errors of all of them, go through
 *   `splitScript` with `parseStatement(sql, part.span)`
 */
export function parseScript(sql: string): ScriptStatement[] {
  return splitScript(sql).map(({ text, span }) => ({ statement: parseStatement(sql, span), text, span }))
}

function partOf(sql: string, tokens: readonly Token[], complete: boolean): ScriptPart | undefined {
  const first = tokens[0]
  const last = tokens.at(-1)
  if (first === undefined || last === undefined) return undefined
  const span = { start: first.start, end: last.end }
  return { text: sql.slice(span.start, span.end), span, complete }
}

const isWord = (token: Token | undefined, text: string): boolean => token?.kind === 'word' && token.text === text
const isSemicolon = (token: Token | undefined): boolean => token?.kind === 'symbol' && token.text === ';'

/** Whether a semicolon behind these tokens separates statements of one set, whose END is still to come. */
function insideStatementSet(tokens: readonly Token[]): boolean {
  const [first, second, third] = tokens
  const begin = isWord(first, 'BEGIN') && isWord(second, 'STATEMENT') && isWord(third, 'SET')
  if (!begin && !opensStatementSet(tokens)) return false
  // the set ends with an END that is a statement of its own
  return !(isWord(tokens.at(-1), 'END') && isSemicolon(tokens.at(-2)))
}

/** EXECUTE, EXPLAIN or COMPILE … STATEMENT SET BEGIN. */
function opensStatementSet(tokens: readonly Token[]): boolean {
  const [first] = tokens
  if (!isWord(first, 'EXECUTE') && !isWord(first, 'EXPLAIN') && !isWord(first, 'COMPILE')) return false
  for (let i = 1; i + 2 < tokens.length && !isSemicolon(tokens[i]); i++) {
    if (isWord(tokens[i], 'STATEMENT') && isWord(tokens[i + 1], 'SET') && isWord(tokens[i + 2], 'BEGIN')) return true
  }
  return false
}
