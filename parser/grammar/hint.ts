/** Hint comments, `OPTIONS('k' = 'v')` and the like. Follows Flink's page "Hints". */
import type { Hint, HintArgument } from '../ast/query.ts'
import type { Cursor } from '../cursor.ts'

/** The hints of a hint comment; empty where there is none. */
export function parseHints(c: Cursor): Hint[] {
  if (!c.acceptKind('hint-start')) return []
  const hints = [parseHint(c)]
  for (;;) {
    const comma = c.acceptSymbol(',')
    if (!comma && !c.atName) break
    hints.push(parseHint(c))
  }
  if (!c.acceptKind('hint-end')) c.fail('the end of the hint, "*/"')
  return hints
}

function parseHint(c: Cursor): Hint {
  const { start } = c.token
  const name = c.identifier('the name of a hint')
  let arguments_: HintArgument[] = []
  if (c.acceptSymbol('(')) {
    if (!c.isSymbol(')')) arguments_ = c.list(parseHintArgument)
    c.expectSymbol(')')
  }
  return { kind: 'hint', name, arguments: arguments_, span: c.spanFrom(start) }
}

/** `'k' = 'v'`, `k = 'v'`, `'text'`, `name` or a number. */
function parseHintArgument(c: Cursor): HintArgument {
  const { start, kind, text } = c.token
  if (kind === 'number') {
    c.advance()
    return { kind: 'hint-number', text, span: c.spanFrom(start) }
  }
  if (kind === 'string') {
    const key = c.string()
    if (!c.acceptSymbol('=')) return key
    return { kind: 'property', key, value: c.string(), span: c.spanFrom(start) }
  }
  const name = c.identifier('an option, a name or a number')
  if (!c.acceptSymbol('=')) return name
  const key = { kind: 'string' as const, value: name.name, span: name.span }
  return { kind: 'property', key, value: c.string(), span: c.spanFrom(start) }
}
