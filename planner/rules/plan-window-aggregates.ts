/**
 * GROUP BY window_start, window_end becomes a window aggregate. Where only projections and filters stand between it and
 * the window function, the function is pulled up into it. Where the rows have their windows from further below, or
 * something is computed from the window columns, the aggregate goes by these columns. What Flink does not aggregate by
 * window (sessions grouped by other keys than their partition keys, windows of processing time that are not directly
 * below) stays a group aggregate, which is right but updating.
 */
import type { AggregateCall, Expression } from '../expression.ts'
import { collectInputs, conjunction, conjunctsOf, mapInputs } from '../expression-rewrite.ts'
import type { Aggregate } from '../logical/aggregate.ts'
import { createFilter } from '../logical/filter.ts'
import { type LogicalNode, mapLogicalInputs } from '../logical/node.ts'
import { createProject } from '../logical/project.ts'
import { createWindowAggregate } from '../logical/window-aggregate.ts'
import { groupedWindow, type WindowColumns } from '../logical/window-properties.ts'
import { WINDOW_COLUMNS, type WindowTableFunction } from '../logical/window-table-function.ts'
import type { WindowProperty } from '../physical/window-spec.ts'
import { movedWindow } from './move-window.ts'
import { type Program, programOf } from './program.ts'
import type { RuleContext } from './rule-context.ts'
import { transposeExpand } from './transpose-expand.ts'

export function planWindowAggregates(node: LogicalNode, rules: RuleContext): LogicalNode {
  const below = mapLogicalInputs(node, (input) => planWindowAggregates(input, rules))
  if (below.kind !== 'aggregate') return below
  const columns = groupedWindow(below.input, below.keys)
  if (columns === undefined) return below
  const input = below.input.kind === 'expand' ? (transposeExpand(below.input, rules) ?? below.input) : below.input
  const program = programOf(input, rules)
  const pulled = program.base.kind === 'window-table-function' ? pullUp(below, program, program.base) : undefined
  if (pulled !== undefined) return pulled
  return columns.window.time === 'rowtime' ? attach(below, columns) : below
}

/** Where each key comes from: a property of the window, or an expression over the function's input. */
type KeySource = { readonly property: WindowProperty } | { readonly expression: Expression }

function pullUp(aggregate: Aggregate, program: Program, source: WindowTableFunction): LogicalNode | undefined {
  const width = source.input.schema.fields.length
  const readsWindow = (expression: Expression): boolean =>
    [...collectInputs(expression)].some((index) => index >= width)
  const keySource = (key: number): KeySource | undefined => {
    const expression = program.projections[key]
    if (expression === undefined) return undefined
    const property = expression.kind === 'input' ? WINDOW_COLUMNS[expression.index - width] : undefined
    if (property !== undefined) return { property }
    return readsWindow(expression) ? undefined : { expression }
  }
  const keys = aggregate.keys.map(keySource)
  if (keys.includes(undefined)) return undefined
  const conditions = program.condition === undefined ? [] : conjunctsOf(program.condition)
  const onWindow = conditions.filter(readsWindow)
  if (onWindow.some((condition) => [...collectInputs(condition)].some((index) => index < width))) return undefined
  const columns = new InputColumns(source)
  const calls = aggregateCalls(aggregate, program, columns, readsWindow)
  if (calls === undefined) return undefined
  const rest = conditions.filter((condition) => !readsWindow(condition))
  return build(
    aggregate,
    source,
    keys.filter((key) => key !== undefined),
    calls,
    columns,
    rest,
    onWindow,
  )
}

function aggregateCalls(
  aggregate: Aggregate,
  program: Program,
  columns: InputColumns,
  readsWindow: (expression: Expression) => boolean,
): readonly AggregateCall[] | undefined {
  const position = (index: number): number | undefined => {
    const expression = program.projections[index]
    return expression === undefined || readsWindow(expression) ? undefined : columns.add(expression)
  }
  const calls: AggregateCall[] = []
  for (const call of aggregate.aggregates) {
    const args = call.args.map(position)
    const filter = call.filter === undefined ? undefined : position(call.filter)
    if (args.includes(undefined) || (call.filter !== undefined && filter === undefined)) return undefined
    const { filter: _, ...plain } = call
    const moved = { ...plain, args: args.filter((arg) => arg !== undefined) }
    calls.push(filter === undefined ? moved : { ...moved, filter })
  }
  return calls
}

/** The columns that the window aggregate reads, each once, over the input of the window function. */
class InputColumns {
  readonly source: WindowTableFunction
  readonly expressions: Expression[] = []
  readonly #positions = new Map<string, number>()

  constructor(source: WindowTableFunction) {
    this.source = source
  }

  add(expression: Expression): number {
    const key = JSON.stringify(expression)
    const known = this.#positions.get(key)
    if (known !== undefined) return known
    this.#positions.set(key, this.expressions.length)
    return this.expressions.push(expression) - 1
  }

  /** A column of the function's input. */
  addColumn(index: number): number {
    const type = this.source.input.schema.fields[index]?.type ?? { kind: 'NULL', nullable: true }
    return this.add({ kind: 'input', index, type })
  }

  project(input: LogicalNode): LogicalNode {
    const { fields } = this.source.input.schema
    const named = this.expressions.map((expression, index) => ({
      name: expression.kind === 'input' ? (fields[expression.index]?.name ?? `$f${index}`) : `$f${index}`,
      type: expression.type,
    }))
    return createProject(input, this.expressions, { fields: named })
  }
}

function build(
  aggregate: Aggregate,
  source: WindowTableFunction,
  keySources: readonly KeySource[],
  calls: readonly AggregateCall[],
  columns: InputColumns,
  below: readonly Expression[],
  above: readonly Expression[],
): LogicalNode {
  const width = source.input.schema.fields.length
  const keys = keySources.flatMap((key) => ('expression' in key ? [columns.add(key.expression)] : []))
  const window = movedWindow(source.window, (column) => columns.addColumn(column))
  const condition = conjunction(below)
  const input = columns.project(condition === undefined ? source.input : createFilter(source.input, condition))
  const timeType = source.input.schema.fields[source.window.timeColumn]?.type ?? { kind: 'NULL', nullable: true }
  const result = createWindowAggregate({
    input,
    form: 'window-function',
    window,
    keys,
    aggregates: calls,
    properties: WINDOW_COLUMNS,
    timeType,
  })
  const firstProperty = keys.length + calls.length
  const having = conjunction(
    above.map((part) => mapInputs(part, (ref) => ({ ...ref, index: firstProperty + ref.index - width }))),
  )
  const filtered = having === undefined ? result : createFilter(result, having)
  const properties = keySources.map((key) => ('property' in key ? key.property : undefined))
  return inOldOrder(aggregate, filtered, properties)
}

/** The aggregate over rows that have their windows already. */
function attach(aggregate: Aggregate, { properties, window, timeType }: WindowColumns): LogicalNode {
  const columnOf = (property: WindowProperty): number =>
    aggregate.keys.find((key) => properties.get(key) === property) ?? 0
  const attached = { start: columnOf('window_start'), end: columnOf('window_end'), timeType }
  const result = createWindowAggregate({
    input: aggregate.input,
    form: 'window-function',
    window: { ...window, timeColumn: attached.end },
    attached,
    keys: aggregate.keys.filter((key) => !properties.has(key)),
    aggregates: aggregate.aggregates,
    properties: WINDOW_COLUMNS,
    timeType,
  })
  return inOldOrder(
    aggregate,
    result,
    aggregate.keys.map((key) => properties.get(key)),
  )
}

/**
 * The output of a window aggregate (or of a filter over it) in the order of the aggregate that it replaces.
 *
 * @param properties for each key of the old aggregate the property that it is, if it is one
 */
function inOldOrder(
  aggregate: Aggregate,
  replacement: LogicalNode,
  properties: readonly (WindowProperty | undefined)[],
): LogicalNode {
  const keys = properties.filter((property) => property === undefined).length
  const calls = aggregate.aggregates.length
  let nextKey = 0
  const positions = properties.map((property) => {
    const at = WINDOW_COLUMNS.findIndex((name) => name === property)
    return at < 0 ? nextKey++ : keys + calls + at
  })
  const outputs = [...positions, ...aggregate.aggregates.map((_, index) => keys + index)]
  const expressions = outputs.map((index, output): Expression => {
    const type = aggregate.schema.fields[output]?.type ?? { kind: 'NULL', nullable: true }
    return { kind: 'input', index, type: replacement.schema.fields[index]?.type ?? type }
  })
  return createProject(replacement, expressions, aggregate.schema)
}
