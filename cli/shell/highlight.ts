/** Colours for SQL as it is typed. */
import { KEYWORDS } from '../../parser/keywords.ts'
import { tokenize } from '../../parser/lexer.ts'

const COLOURS: Readonly<Record<string, string>> = {
  keyword: '\u001b[1;34m',
  string: '\u001b[32m',
  binary: '\u001b[32m',
  number: '\u001b[36m',
  comment: '\u001b[90m',
  quoted: '\u001b[33m',
  'hint-start': '\u001b[35m',
  'hint-end': '\u001b[35m',
  invalid: '\u001b[31m',
}
const KEYWORD_SET = new Set(KEYWORDS)
const RESET = '\u001b[0m'

/** The same text with colours; a colour never goes over a line break, so that lines can be drawn one by one. */
export function highlightSql(text: string): string {
  let out = ''
  let at = 0
  for (const token of tokenize(text)) {
    out += text.slice(at, token.start)
    const piece = text.slice(token.start, token.end)
    const colour = COLOURS[token.kind === 'word' && KEYWORD_SET.has(token.text) ? 'keyword' : token.kind]
    out +=
      colour === undefined
        ? piece
        : piece
            .split('\n')
            .map((line) => colour + line + RESET)
            .join('\n')
    at = token.end
  }
  return out + text.slice(at)
}
