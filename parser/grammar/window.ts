/** OVER and WINDOW. */
import type { FrameBound, WindowFrame, WindowName, WindowSpec } from '../ast/expression.ts'
import type { Cursor } from '../cursor.ts'
import { LEVEL } from '../precedence.ts'
import { parseOrderBy } from './order-by.ts'

/** `[OVER w | OVER (…)]`. */
export function parseOver(c: Cursor): WindowName | WindowSpec | undefined {
  if (!c.acceptWord('OVER')) return undefined
  if (c.isSymbol('(')) return parseWindowSpec(c)
  const name = c.identifier('"(" or the name of a window')
  return { kind: 'window-name', name, span: name.span }
}

/** `([base] [PARTITION BY …] [ORDER BY …] [ROWS … | RANGE …])`. */
export function parseWindowSpec(c: Cursor): WindowSpec {
  const { start } = c.token
  c.expectSymbol('(')
  const base = c.atName ? { base: c.identifier() } : {}
  let partitionBy: WindowSpec['partitionBy'] = []
  if (c.acceptWord('PARTITION')) {
    c.expectWord('BY')
    partitionBy = c.list((cursor) => cursor.expression())
  }
  const orderBy = parseOrderBy(c)
  const frame = parseFrame(c)
  c.expectSymbol(')')
  return {
    kind: 'window-spec',
    ...base,
    partitionBy,
    orderBy,
    ...(frame === undefined ? {} : { frame }),
    span: c.spanFrom(start),
  }
}

function parseFrame(c: Cursor): WindowFrame | undefined {
  const { start: from } = c.token
  const unit = c.acceptOneOf('ROWS', 'RANGE')
  if (unit === undefined) return undefined
  if (!c.acceptWord('BETWEEN')) {
    return { kind: 'window-frame', unit, start: parseFrameBound(c), span: c.spanFrom(from) }
  }
  const start = parseFrameBound(c)
  c.expectWord('AND')
  const end = parseFrameBound(c)
  return { kind: 'window-frame', unit, start, end, span: c.spanFrom(from) }
}

function parseFrameBound(c: Cursor): FrameBound {
  const { start } = c.token
  if (c.acceptWord('CURRENT')) {
    c.expectWord('ROW')
    return { kind: 'frame-bound', bound: 'CURRENT ROW', span: c.spanFrom(start) }
  }
  if (c.isWord('UNBOUNDED') && (c.isWordAt(1, 'PRECEDING') || c.isWordAt(1, 'FOLLOWING'))) {
    c.advance()
    const direction = c.expectOneOf('PRECEDING', 'FOLLOWING')
    return { kind: 'frame-bound', bound: `UNBOUNDED ${direction}`, span: c.spanFrom(start) }
  }
  const offset = c.expression(LEVEL.additive)
  const bound = c.expectOneOf('PRECEDING', 'FOLLOWING')
  return { kind: 'frame-bound', bound, offset, span: c.spanFrom(start) }
}
