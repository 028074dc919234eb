/** Column pruning of what depends on an order of rows: window functions, Top-N, ORDER BY. */
import type { AggregateCall, SortField } from '../expression.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createOver, type Over } from '../logical/over.ts'
import { selectColumns } from '../logical/project.ts'
import { createRank, type Rank } from '../logical/rank.ts'
import type { Sort } from '../logical/sort.ts'
import { createWindowRank, type WindowRank } from '../logical/window-rank.ts'
import { movedWindow, windowInputs } from './move-window.ts'
import type { Pruned } from './prune-columns.ts'

type Prune = (node: LogicalNode, needed: ReadonlySet<number>) => Pruned
type Mapping = ReadonlyMap<number, number>

function at(mapping: Mapping, column: number): number {
  return mapping.get(column) ?? column
}

function remapOrder(order: readonly SortField[], mapping: Mapping): readonly SortField[] {
  return order.map((field) => ({ ...field, column: at(mapping, field.column) }))
}

export function pruneSort(node: Sort, needed: ReadonlySet<number>, prune: Prune): Pruned {
  const input = prune(node.input, new Set([...needed, ...node.order.map(({ column }) => column)]))
  const order = remapOrder(node.order, input.mapping)
  return { node: { ...node, input: input.node, order, schema: input.node.schema }, mapping: input.mapping }
}

/** Numbers of a Top-N below a window are kept, as Flink does it: its changelog tells rows by them. */
function numbersOf(node: LogicalNode): readonly number[] {
  switch (node.kind) {
    case 'filter':
      return numbersOf(node.input)
    case 'project': {
      const below = numbersOf(node.input)
      return [...node.expressions.entries()].flatMap(([index, expression]) =>
        expression.kind === 'input' && below.includes(expression.index) ? [index] : [],
      )
    }
    case 'rank':
      return node.outputRankNumber ? [node.schema.fields.length - 1] : []
    default:
      return []
  }
}

/** Without the calls that nobody reads; gone where nobody reads any. */
export function pruneOver(node: Over, needed: ReadonlySet<number>, prune: Prune): Pruned {
  const width = node.input.schema.fields.length
  const calls = node.calls.filter((_, index) => needed.has(width + index))
  const columns = [...needed].filter((column) => column < width)
  if (calls.length === 0) return prune(node.input, new Set(columns))
  const sorted = node.order.map(({ column }) => column)
  const read = calls.flatMap((call) => call.args)
  const wanted = [...columns, ...node.partition, ...sorted, ...read, ...numbersOf(node.input)]
  const input = prune(node.input, new Set(wanted))
  const over = createOver({
    ...node,
    input: input.node,
    partition: node.partition.map((column) => at(input.mapping, column)),
    order: remapOrder(node.order, input.mapping),
    calls: calls.map((call): AggregateCall => ({ ...call, args: call.args.map((arg) => at(input.mapping, arg)) })),
  })
  const mapping = new Map(input.mapping)
  for (const [index, call] of node.calls.entries()) {
    if (calls.includes(call)) mapping.set(width + index, input.node.schema.fields.length + calls.indexOf(call))
  }
  return { node: over, mapping }
}

/** Without its number where nobody reads it: then rows are not moved up and down in the changelog. */
export function pruneRank(node: Rank, needed: ReadonlySet<number>, prune: Prune): Pruned {
  const width = node.input.schema.fields.length
  const { range } = node
  const sorted = node.order.map(({ column }) => column)
  const columns = [...needed].filter((column) => column < width)
  const variable = range.kind === 'variable' ? [range.column] : []
  const wanted = [...columns, ...node.partition, ...sorted, ...variable, ...numbersOf(node.input)]
  const input = prune(node.input, new Set(wanted))
  const rank = createRank({
    ...node,
    input: input.node,
    partition: node.partition.map((column) => at(input.mapping, column)),
    order: remapOrder(node.order, input.mapping),
    range: range.kind === 'variable' ? { ...range, column: at(input.mapping, range.column) } : range,
    outputRankNumber: node.outputRankNumber && needed.has(width),
  })
  const mapping = new Map(input.mapping)
  if (rank.outputRankNumber) mapping.set(width, input.node.schema.fields.length)
  return { node: rank, mapping }
}

export function pruneWindowRank(node: WindowRank, needed: ReadonlySet<number>, prune: Prune): Pruned {
  const width = node.input.schema.fields.length
  const { attached, window } = node
  const sorted = node.order.map(({ column }) => column)
  const columns = [...needed].filter((column) => column < width)
  const bounds = [attached.start, attached.end, ...windowInputs(window)]
  const read = new Set([...columns, ...node.partition, ...sorted, ...bounds])
  const input = without(prune(node.input, read), read)
  const rank = createWindowRank({
    ...node,
    input: input.node,
    window: movedWindow(window, (column) => at(input.mapping, column)),
    attached: { ...attached, start: at(input.mapping, attached.start), end: at(input.mapping, attached.end) },
    partition: node.partition.map((column) => at(input.mapping, column)),
    order: remapOrder(node.order, input.mapping),
    outputRankNumber: node.outputRankNumber && needed.has(width),
  })
  const mapping = new Map(input.mapping)
  if (rank.outputRankNumber) mapping.set(width, input.node.schema.fields.length)
  return { node: rank, mapping }
}

/** Only the columns asked for: the others would be kept in state. */
function without({ node, mapping }: Pruned, columns: ReadonlySet<number>): Pruned {
  const wanted = [...columns].sort((a, b) => a - b)
  if (wanted.length === node.schema.fields.length) return { node, mapping }
  const positions = wanted.map((column) => at(mapping, column))
  return { node: selectColumns(node, positions), mapping: new Map(wanted.map((column, index) => [column, index])) }
}
