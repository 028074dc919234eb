/** Colours for SQL as it is typed. */
import { tokenize } from '../../parser/tokenize.ts'

const COLOURS: Readonly<Record<string, string>> = {
  keyword: '\u001b[1;34m',
  string: '\u001b[32m',
  number: '\u001b[36m',
  comment: '\u001b[90m',
  hint: '\u001b[35m',
  'quoted-identifier': '\u001b[33m',
}
const RESET = '\u001b[0m'

/** The same text with colours; a colour never goes over a line break, so that lines can be drawn one by one. */
export function highlightSql(text: string): string {
  let out = ''
  let at = 0
  for (const token of tokenize(text)) {
    out += text.slice(at, token.span.start)
    const piece = text.slice(token.span.start, token.span.end)
    const colour = COLOURS[token.kind]
    out +=
      colour === undefined
        ? piece
        : piece
            .split('\n')
            .map((line) => colour + line + RESET)
            .join('\n')
    at = token.span.end
  }
  return out + text.slice(at)
}
