/**
 * GROUP BY window_start, window_end over a window table function becomes a window aggregate: the function is pulled
 * up through the projections and filters between them. Where they compute with window columns the plan stays a group
 * aggregate over the function's rows, which is right but updating.
 */
import type { AggregateCall, Expression } from '../expression.ts'
import { collectInputs, conjunction, conjunctsOf, mapInputs } from '../expression-rewrite.ts'
import type { Aggregate } from '../logical/aggregate.ts'
import { createFilter } from '../logical/filter.ts'
import { type LogicalNode, mapLogicalInputs } from '../logical/node.ts'
import { createProject } from '../logical/project.ts'
import { createWindowAggregate, type WindowProperty } from '../logical/window-aggregate.ts'
import type { WindowTableFunction } from '../logical/window-table-function.ts'
import { type Program, programOf } from './program.ts'
import type { RuleContext } from './rule-context.ts'

const PROPERTIES: readonly WindowProperty[] = ['window_start', 'window_end', 'window_time']

export function planWindowAggregates(node: LogicalNode, rules: RuleContext): LogicalNode {
  const below = mapLogicalInputs(node, (input) => planWindowAggregates(input, rules))
  if (below.kind !== 'aggregate') return below
  const program = programOf(below.input, rules)
  return program.base.kind === 'window-table-function' ? (pullUp(below, program, program.base) ?? below) : below
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
    const property = expression.kind === 'input' ? PROPERTIES[expression.index - width] : undefined
    if (property !== undefined) return { property }
    return readsWindow(expression) ? undefined : { expression }
  }
  const keys = aggregate.keys.map(keySource)
  const grouped = keys.flatMap((key) => (key !== undefined && 'property' in key ? [key.property] : []))
  if (keys.includes(undefined) || !grouped.includes('window_start') || !grouped.includes('window_end')) return undefined
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
  const { timeColumn } = source.window
  const timeType = source.input.schema.fields[timeColumn]?.type ?? { kind: 'NULL', nullable: true }
  const keys = keySources.flatMap((key) => ('expression' in key ? [columns.add(key.expression)] : []))
  const time = columns.add({ kind: 'input', index: timeColumn, type: timeType })
  const condition = conjunction(below)
  const input = columns.project(condition === undefined ? source.input : createFilter(source.input, condition))
  const window = { ...source.window, timeColumn: time }
  const result = createWindowAggregate(input, window, keys, calls, PROPERTIES)
  const firstProperty = keys.length + calls.length
  const having = conjunction(
    above.map((part) => mapInputs(part, (ref) => ({ ...ref, index: firstProperty + ref.index - width }))),
  )
  const filtered = having === undefined ? result : createFilter(result, having)
  let nextKey = 0
  const positions = keySources.map((key) =>
    'property' in key ? firstProperty + PROPERTIES.indexOf(key.property) : nextKey++,
  )
  const outputs = [...positions, ...calls.map((_, index) => keys.length + index)]
  const expressions = outputs.map((index, output): Expression => {
    const type = aggregate.schema.fields[output]?.type ?? { kind: 'NULL', nullable: true }
    return { kind: 'input', index, type: filtered.schema.fields[index]?.type ?? type }
  })
  return createProject(filtered, expressions, aggregate.schema)
}
