import type { OrderItem } from '../ast/query.ts'
import type { Cursor } from '../cursor.ts'

/** `[ORDER BY item, …]`; empty where there is none. */
export function parseOrderBy(c: Cursor): OrderItem[] {
  if (!c.acceptWord('ORDER')) return []
  c.expectWord('BY')
  return c.list(parseOrderItem)
}

/** `expression [ASC | DESC] [NULLS FIRST | NULLS LAST]`. */
export function parseOrderItem(c: Cursor): OrderItem {
  const { start } = c.token
  const expression = c.expression()
  const direction = c.acceptOneOf('ASC', 'DESC')
  const nulls = c.acceptWord('NULLS') ? c.expectOneOf('FIRST', 'LAST') : undefined
  return {
    kind: 'order-item',
    expression,
    ...(direction === undefined ? {} : { direction }),
    ...(nulls === undefined ? {} : { nulls }),
    span: c.spanFrom(start),
  }
}
