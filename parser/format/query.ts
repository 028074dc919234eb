/** Queries as text, one clause a line. */
import { unreachable } from '../../core/errors.ts'
import type { GroupingElement, Query, QueryBody, Select, SelectItem, SetOperation, ValuesRow } from '../ast/query.ts'
import { formatOrderBy, formatWindow } from './call.ts'
import { formatFrom } from './from.ts'
import { formatHints } from './hint.ts'
import { formatIdentifier, formatNames, formatObjectName, list, parenthesize, words } from './name.ts'
import type { Printer } from './printer.ts'

const lines = (...parts: readonly (string | false | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== false && part !== '').join('\n')

export function formatQuery(p: Printer, query: Query): string {
  const common = list(query.with, ({ name, columns, query: inner }) =>
    words(formatIdentifier(name), columns.length > 0 && formatNames(columns), `AS (${p.query(inner)})`),
  )
  return lines(
    common !== '' && `WITH ${query.recursive ? 'RECURSIVE ' : ''}${common}`,
    formatBody(p, query.body),
    formatOrderBy(p, query.orderBy),
    query.limit && `LIMIT ${p.expression(query.limit)}`,
    query.offset && `OFFSET ${p.expression(query.offset)}`,
  )
}

function formatBody(p: Printer, body: QueryBody): string {
  switch (body.kind) {
    case 'select':
      return formatSelect(p, body)
    case 'values':
      return `VALUES ${list(body.rows, (row) => formatValuesRow(p, row))}`
    case 'table-query':
      return `TABLE ${formatObjectName(body.name)}`
    case 'set-operation':
      return formatSetOperation(p, body)
    case 'query':
      return `(${p.query(body)})`
    default:
      return unreachable(body)
  }
}

const isIntersection = (body: QueryBody): boolean => body.kind === 'set-operation' && body.operator === 'INTERSECT'

function formatSetOperation(p: Printer, { operator, all, left, right }: SetOperation): string {
  const nestedLeft = operator === 'INTERSECT' && left.kind === 'set-operation' && !isIntersection(left)
  const nestedRight = right.kind === 'set-operation' && (operator === 'INTERSECT' || !isIntersection(right))
  const leftText = formatBody(p, left)
  const rightText = formatBody(p, right)
  return lines(
    nestedLeft ? `(${leftText})` : leftText,
    all ? `${operator} ALL` : operator,
    nestedRight ? `(${rightText})` : rightText,
  )
}

function formatValuesRow(p: Printer, { values }: ValuesRow): string {
  const [only, second] = values
  const content = list(values, (value) => p.expression(value))
  // (row) alone would be read as the row itself
  if (only === undefined || (second === undefined && only.kind === 'row')) return `ROW(${content})`
  return `(${content})`
}

function formatSelect(p: Printer, select: Select): string {
  const items = list(select.items, (item) => formatSelectItem(p, item))
  const windows = list(select.windows, ({ name, spec }) => `${formatIdentifier(name)} AS ${formatWindow(p, spec)}`)
  return lines(
    words('SELECT', formatHints(select.hints), select.distinct && 'DISTINCT', items),
    select.from && `FROM ${formatFrom(p, select.from)}`,
    select.where && `WHERE ${p.expression(select.where)}`,
    select.groupBy &&
      words(
        'GROUP BY',
        select.groupBy.distinct && 'DISTINCT',
        list(select.groupBy.items, (element) => formatGrouping(p, element)),
      ),
    select.having && `HAVING ${p.expression(select.having)}`,
    windows !== '' && `WINDOW ${windows}`,
    select.qualify && `QUALIFY ${p.expression(select.qualify)}`,
  )
}

function formatSelectItem(p: Printer, { expression, alias }: SelectItem): string {
  return words(p.expression(expression), alias && `AS ${formatIdentifier(alias)}`)
}

function formatGrouping(p: Printer, element: GroupingElement): string {
  if (element.kind === 'grouping-sets') {
    return `${element.type} ${parenthesize(element.elements, (inner) => formatGrouping(p, inner))}`
  }
  const [only, second] = element.expressions
  if (only !== undefined && second === undefined) return p.expression(only)
  return parenthesize(element.expressions, (expression) => p.expression(expression))
}
