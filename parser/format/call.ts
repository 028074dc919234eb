/** Calls and windows as text. */
import type {
  CallArgument,
  CallExpression,
  Expression,
  FrameBound,
  TableArgument,
  WindowName,
  WindowSpec,
} from '../ast/expression.ts'
import type { ObjectName } from '../ast/node.ts'
import type { OrderItem } from '../ast/query.ts'
import { RESERVED_FUNCTION_WORDS } from '../keywords.ts'
import { LEVEL } from '../precedence.ts'
import { formatIdentifier, formatNames, formatObjectName, list, parenthesize, words } from './name.ts'
import type { Printer } from './printer.ts'

export function formatCall(p: Printer, call: CallExpression): string {
  const content = words(
    call.quantifier,
    list(call.arguments, (argument) => formatArgument(p, argument)),
    formatOrderBy(p, call.orderBy),
  )
  const within = call.withinGroup.length > 0 && `WITHIN GROUP (${formatOrderBy(p, call.withinGroup)})`
  return words(
    call.semantics,
    `${formatFunctionName(call.name)}(${content})`,
    within,
    formatFilter(p, call.filter),
    call.nulls && `${call.nulls} NULLS`,
    call.over && `OVER ${formatWindow(p, call.over)}`,
  )
}

/** Reserved words that are functions are called by their plain name. */
function formatFunctionName(name: ObjectName): string {
  const [first, second] = name.parts
  const plain = first !== undefined && second === undefined && !first.quoted
  return plain && RESERVED_FUNCTION_WORDS.has(first.name.toUpperCase()) ? first.name : formatObjectName(name)
}

export function formatFilter(p: Printer, filter: Expression | undefined): string | undefined {
  return filter && `FILTER (WHERE ${p.expression(filter)})`
}

export function formatOrderBy(p: Printer, items: readonly OrderItem[]): string {
  return items.length === 0 ? '' : `ORDER BY ${list(items, (item) => formatOrderItem(p, item))}`
}

function formatOrderItem(p: Printer, { expression, direction, nulls }: OrderItem): string {
  return words(p.expression(expression), direction, nulls && `NULLS ${nulls}`)
}

function formatArgument(p: Printer, argument: CallArgument): string {
  switch (argument.kind) {
    case 'named-argument':
      return `${formatIdentifier(argument.name)} => ${formatArgument(p, argument.value)}`
    case 'table-argument':
      return formatTableArgument(p, argument)
    case 'model-argument':
      return `MODEL ${formatObjectName(argument.name)}`
    case 'descriptor':
      return `DESCRIPTOR${formatNames(argument.columns)}`
    case 'time-unit':
      return argument.unit
    case 'default':
      return 'DEFAULT'
    default:
      return p.expression(argument)
  }
}

function formatTableArgument(p: Printer, { source, partitionBy, orderBy }: TableArgument): string {
  const table = source.kind === 'query' ? `(${p.query(source)})` : formatObjectName(source)
  const [partition, second] = partitionBy
  const plain = partition?.kind === 'column' && second === undefined
  const partitions = list(partitionBy, (expression) => p.expression(expression))
  const orders = parenthesize(orderBy, (item) => formatOrderItem(p, item))
  return words(
    'TABLE',
    table,
    partition && `PARTITION BY ${plain ? partitions : `(${partitions})`}`,
    orderBy.length > 0 && `ORDER BY ${orders}`,
  )
}

export function formatWindow(p: Printer, window: WindowSpec | WindowName): string {
  if (window.kind === 'window-name') return formatIdentifier(window.name)
  const { base, partitionBy, orderBy, frame } = window
  const partitions = list(partitionBy, (expression) => p.expression(expression))
  const range =
    frame &&
    (frame.end === undefined
      ? `${frame.unit} ${formatBound(p, frame.start)}`
      : `${frame.unit} BETWEEN ${formatBound(p, frame.start)} AND ${formatBound(p, frame.end)}`)
  return `(${words(
    base && formatIdentifier(base),
    partitions !== '' && `PARTITION BY ${partitions}`,
    formatOrderBy(p, orderBy),
    range,
  )})`
}

function formatBound(p: Printer, { bound, offset }: FrameBound): string {
  return words(offset && p.expression(offset, LEVEL.additive), bound)
}
