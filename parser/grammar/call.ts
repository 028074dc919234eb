/** Calls of functions, aggregates, window functions and process table functions, with everything that may follow. */
import type {
  CallArgument,
  CallExpression,
  Descriptor,
  Expression,
  PositionalArgument,
  TableArgument,
} from '../ast/expression.ts'
import type { OrderItem } from '../ast/query.ts'
import type { Identifier, ObjectName } from '../ast/node.ts'
import type { Cursor } from '../cursor.ts'
import { parseObjectName } from './name.ts'
import { parseOrderBy, parseOrderItem } from './order-by.ts'
import { tryStar } from './star.ts'
import { timeUnitOf } from './time-unit.ts'
import { parseOver } from './window.ts'

/** Functions whose first argument is a time unit: TIMESTAMPADD(DAY, 1, ts). */
const UNIT_FIRST = new Set(['TIMESTAMPADD', 'TIMESTAMPDIFF'])

/** `name(arguments) [IGNORE NULLS] [WITHIN GROUP …] [FILTER …] [OVER …]`; the name may be a reserved word. */
export function parseCall(c: Cursor): CallExpression {
  const { start } = c.token
  const name = parseFunctionName(c)
  const head = parseArguments(c, name)
  const suffix = parseCallSuffix(c)
  return { kind: 'call', name, ...head, ...suffix, span: c.spanFrom(start) }
}

/** A name that may be one reserved word, which is then not quoted. */
function parseFunctionName(c: Cursor): ObjectName {
  if (c.atName) return parseObjectName(c, 'the name of a function')
  const { start, end } = c.advance()
  const part: Identifier = { kind: 'identifier', name: c.sql.slice(start, end), quoted: false, span: { start, end } }
  return { kind: 'object-name', parts: [part], span: part.span }
}

function parseArguments(c: Cursor, name: ObjectName): Pick<CallExpression, 'quantifier' | 'arguments' | 'orderBy'> {
  c.expectSymbol('(')
  if (c.acceptSymbol(')')) return { arguments: [], orderBy: [] }
  const quantifier = c.acceptOneOf('DISTINCT', 'ALL')
  const unitFirst = name.parts.length === 1 && UNIT_FIRST.has(name.parts[0]?.name.toUpperCase() ?? '')
  const items = [unitFirst ? (tryTimeUnit(c) ?? parseArgument(c)) : parseArgument(c)]
  while (c.acceptSymbol(',')) items.push(parseArgument(c))
  const orderBy = parseOrderBy(c)
  c.expectSymbol(')')
  return { ...(quantifier === undefined ? {} : { quantifier }), arguments: items, orderBy }
}

function tryTimeUnit(c: Cursor): CallArgument | undefined {
  const { kind, text, start } = c.token
  const unit = kind === 'word' && c.isSymbolAt(1, ',') ? timeUnitOf(text) : undefined
  if (unit === undefined) return undefined
  c.advance()
  return { kind: 'time-unit', unit, span: c.spanFrom(start) }
}

function parseArgument(c: Cursor): CallArgument {
  const { start } = c.token
  if (!c.atName || !c.isSymbolAt(1, '=>')) return parsePositionalArgument(c)
  const name = c.identifier()
  c.expectSymbol('=>')
  return { kind: 'named-argument', name, value: parsePositionalArgument(c), span: c.spanFrom(start) }
}

function parsePositionalArgument(c: Cursor): PositionalArgument {
  const { start, kind, text } = c.token
  if (kind === 'word') {
    switch (text) {
      case 'TABLE':
        return parseTableArgument(c)
      case 'DESCRIPTOR':
        if (c.isSymbolAt(1, '(')) return parseDescriptor(c)
        break
      case 'MODEL':
        if (c.isNameAt(1)) {
          c.advance()
          return { kind: 'model-argument', name: parseObjectName(c, 'the name of a model'), span: c.spanFrom(start) }
        }
        break
      case 'DEFAULT':
        c.advance()
        return { kind: 'default', span: c.spanFrom(start) }
      case 'SELECT':
      case 'WITH':
      case 'VALUES':
        return c.fail('an expression', 'Put a query that is an argument in parentheses of its own.')
      default:
    }
  }
  const star = tryStar(c)
  if (star !== undefined) return star
  const value = c.expression()
  if (value.kind === 'subquery' && c.isWord('PARTITION')) {
    return { kind: 'table-argument', source: value.query, ...parsePartitioning(c), span: c.spanFrom(start) }
  }
  return value
}

/** `TABLE t [PARTITION BY …] [ORDER BY …]`, `TABLE (query) …`. */
function parseTableArgument(c: Cursor): TableArgument {
  const { start } = c.advance()
  if (c.acceptSymbol('(')) {
    const source = c.atQuery ? c.query() : parseObjectName(c, 'the name of a table or a query')
    c.expectSymbol(')')
    return { kind: 'table-argument', source, ...parsePartitioning(c), span: c.spanFrom(start) }
  }
  const source = parseObjectName(c, 'the name of a table')
  return { kind: 'table-argument', source, ...parsePartitioning(c), span: c.spanFrom(start) }
}

function parsePartitioning(c: Cursor): {
  readonly partitionBy: readonly Expression[]
  readonly orderBy: readonly OrderItem[]
} {
  const partitionBy: Expression[] = []
  if (c.acceptWord('PARTITION')) {
    c.expectWord('BY')
    if (c.isSymbol('(')) partitionBy.push(...c.parenthesized((cursor) => cursor.expression()))
    else partitionBy.push(c.expression())
  }
  if (!c.acceptWord('ORDER')) return { partitionBy, orderBy: [] }
  c.expectWord('BY')
  if (!c.isSymbol('(')) return { partitionBy, orderBy: [parseOrderItem(c)] }
  return { partitionBy, orderBy: c.parenthesized(parseOrderItem) }
}

function parseDescriptor(c: Cursor): Descriptor {
  const { start } = c.advance()
  const columns = c.parenthesized((cursor) => cursor.identifier('the name of a column'))
  return { kind: 'descriptor', columns, span: c.spanFrom(start) }
}

type CallSuffix = Pick<CallExpression, 'withinGroup' | 'filter' | 'nulls' | 'over'>

function parseCallSuffix(c: Cursor): CallSuffix {
  let nulls = parseNullTreatment(c)
  let withinGroup: readonly OrderItem[] = []
  if (c.acceptWords('WITHIN', 'GROUP')) {
    c.expectSymbol('(')
    if (!c.isWord('ORDER')) c.fail('ORDER BY')
    withinGroup = parseOrderBy(c)
    c.expectSymbol(')')
  }
  const filter = parseFilter(c)
  nulls ??= parseNullTreatment(c)
  const over = parseOver(c)
  return {
    withinGroup,
    ...filter,
    ...(nulls === undefined ? {} : { nulls }),
    ...(over === undefined ? {} : { over }),
  }
}

function parseNullTreatment(c: Cursor): 'IGNORE' | 'RESPECT' | undefined {
  if (c.acceptWords('IGNORE', 'NULLS')) return 'IGNORE'
  return c.acceptWords('RESPECT', 'NULLS') ? 'RESPECT' : undefined
}

/** `[FILTER (WHERE condition)]` as a part of a node. */
export function parseFilter(c: Cursor): { readonly filter?: Expression } {
  if (!c.acceptWord('FILTER')) return {}
  c.expectSymbol('(')
  c.expectWord('WHERE')
  const filter = c.expression()
  c.expectSymbol(')')
  return { filter }
}
