/**
 * GROUP BY: a projection of keys and arguments, the copies for grouping sets, the aggregate, HAVING, and the list over
 * its output.
 */
import { type Field, withNullability } from '../../core/types.ts'
import type { Span } from '../../parser/ast.ts'
import type { AggregateCall, Expression } from '../expression.ts'
import { childrenOf, conjunction, expressionKey, mapChildren } from '../expression-rewrite.ts'
import { createAggregate } from '../logical/aggregate.ts'
import { createExpand } from '../logical/expand.ts'
import { createFilter } from '../logical/filter.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createProject } from '../logical/project.ts'
import { createWindowAggregate } from '../logical/window-aggregate.ts'
import { groupedWindow } from '../logical/window-properties.ts'
import type { WindowSpec } from '../physical/window-spec.ts'
import { AGGREGATE_BASE, type CollectedAggregate } from './aggregate-collector.ts'
import { errorAt } from './binder-context.ts'
import type { ExpressionContext } from './expression-context.ts'
import type { BoundGroupBy } from './group-by.ts'
import { WINDOW_PROPERTY_BASE } from './group-window.ts'
import { GROUPING_BASE, type GroupingSet } from './grouping-sets.ts'
import { literal } from './literal.ts'
import { SUBQUERY_BASE, type SubqueryCollector } from './subquery.ts'
import { withoutTimeAttribute } from './types.ts'
import { notMultiple } from './window-function.ts'

export interface GroupKey {
  readonly expression: Expression
  readonly span: Span
}

interface GroupedColumn {
  readonly name: string
  readonly expression: Expression
  readonly span?: Span
}

interface Grouping {
  readonly context: ExpressionContext
  readonly input: LogicalNode
  readonly groupBy: BoundGroupBy
  readonly aggregates: readonly CollectedAggregate[]
  readonly columns: readonly GroupedColumn[]
  readonly having: readonly Expression[]
  readonly subqueries: SubqueryCollector
  readonly stateTtl: number | undefined
}

export function bindGroups(grouping: Grouping): LogicalNode {
  const { context, groupBy } = grouping
  const before = new ProjectionBuilder(grouping.input)
  const keys = groupBy.keys.map((key) => before.add(key.expression))
  for (const [index, key] of keys.entries()) {
    if (groupBy.sets?.some((set) => !set.keys.includes(index)) === true) before.keepApart(key)
  }
  const calls = grouping.aggregates.map((aggregate, index) =>
    aggregateCall(aggregate, aggregateName(grouping.columns, index), before),
  )
  const aggregate = aggregateOf(grouping, before, keys, calls)
  const output = new GroupOutput(context, before, keys, groupBy, aggregate)
  const { plan, replace } = grouping.subqueries.attach(aggregate, (expression, span) =>
    output.rewrite(expression, span),
  )
  const having = conjunction(grouping.having.map((condition) => replace(output.rewrite(condition))))
  const filtered = having === undefined ? plan : createFilter(plan, having)
  const expressions = grouping.columns.map((column) => replace(output.rewrite(column.expression, column.span)))
  const fields = grouping.columns.map(({ name }, index) => ({
    name,
    type: expressions[index]?.type ?? ({ kind: 'NULL', nullable: true } as const),
  }))
  return createProject(filtered, expressions, { fields })
}

function aggregateOf(
  { context, groupBy, stateTtl }: Grouping,
  before: ProjectionBuilder,
  keys: readonly number[],
  calls: readonly AggregateCall[],
): LogicalNode {
  const { window, sets } = groupBy
  if (window === undefined) {
    const asWindow = expanded(before.build(), keys, sets)
    const grouped = groupedWindow(asWindow.input, asWindow.keys)
    if (grouped !== undefined) {
      checkSlices(context, grouped.window, groupBy.keys)
      return createAggregate(asWindow.input, asWindow.keys, calls, stateTtl)
    }
    const plain = expanded(before.build([]), keys, sets)
    return createAggregate(plain.input, plain.keys, calls, stateTtl)
  }
  const { timeType, properties } = window
  const time = before.add({ kind: 'input', index: window.window.timeColumn, type: timeType })
  return createWindowAggregate({
    input: before.build([time]),
    form: 'group-window',
    window: { ...window.window, timeColumn: time },
    keys,
    aggregates: calls,
    properties,
    timeType,
  })
}

/** Flink adds up whole slides only, where an aggregation is by window. */
function checkSlices(context: ExpressionContext, window: WindowSpec, keys: readonly GroupKey[]): void {
  if (window.kind !== 'hop' || window.size % window.step === 0) return
  throw notMultiple(context, keys[0]?.span ?? { start: 0, end: 0 }, window)
}

/** The rows copied for each grouping set; `$e` is a key as well. */
function expanded(
  input: LogicalNode,
  keys: readonly number[],
  sets: readonly GroupingSet[] | undefined,
): { readonly input: LogicalNode; readonly keys: readonly number[] } {
  if (sets === undefined) return { input, keys }
  const columns = input.schema.fields.map((_, index) => index)
  const copies = sets.map((set) => ({
    columns: columns.map((column) => {
      const key = keys.indexOf(column)
      return key < 0 || set.keys.includes(key) ? column : null
    }),
    id: set.id,
  }))
  return { input: createExpand(input, copies), keys: [...keys, columns.length] }
}

/** An aggregate that is a column of the list has that column's name. */
function aggregateName(columns: readonly GroupedColumn[], index: number): string {
  const column = columns.find(
    ({ expression }) => expression.kind === 'input' && expression.index === AGGREGATE_BASE + index,
  )
  return column?.name ?? `$f${index}`
}

function aggregateCall(aggregate: CollectedAggregate, name: string, before: ProjectionBuilder): AggregateCall {
  const call: AggregateCall = {
    function: aggregate.function,
    args: aggregate.args.map((arg) => before.add(arg)),
    distinct: aggregate.distinct,
    argumentTypes: aggregate.args.map((arg) => withoutTimeAttribute(arg.type)),
    type: aggregate.type,
    name,
  }
  return aggregate.filter === undefined ? call : { ...call, filter: before.add(aggregate.filter) }
}

/** The columns that an aggregate needs, each once, and those that grouping sets make NULL once more for arguments. */
class ProjectionBuilder {
  readonly #input: LogicalNode
  readonly #expressions: Expression[] = []
  readonly #positions = new Map<string, number>()
  readonly #apart = new Set<number>()

  constructor(input: LogicalNode) {
    this.#input = input
  }

  add(expression: Expression): number {
    const key = expressionKey(expression)
    const known = this.#positions.get(key)
    if (known !== undefined && this.#apart.has(known)) return this.#add(expression, `argument ${key}`)
    return this.#add(expression, key)
  }

  #add(expression: Expression, key: string): number {
    const known = this.#positions.get(key)
    if (known !== undefined) return known
    this.#positions.set(key, this.#expressions.length)
    return this.#expressions.push(expression) - 1
  }

  /** What is added from here on does not share this column. */
  keepApart(column: number): void {
    this.#apart.add(column)
  }

  find(expression: Expression): number | undefined {
    return this.#positions.get(expressionKey(expression))
  }

  /** @param times columns whose time attributes stay; without it all: grouping without a window loses their order */
  build(times?: readonly number[]): LogicalNode {
    // COUNT(*) alone reads nothing, and a batch without columns is awkward for everyone.
    if (this.#expressions.length === 0) this.#expressions.push(literal(0, { kind: 'INT', nullable: false }))
    const used = new Set<string>()
    const fields = this.#expressions.map((expression, index): Field => {
      const wanted = this.#nameOf(expression) ?? `$f${index}`
      const name = uniqueName(wanted, used)
      used.add(name)
      const stays = times === undefined || times.includes(index)
      return { name, type: stays ? expression.type : withoutTimeAttribute(expression.type) }
    })
    return createProject(this.#input, this.#expressions, { fields })
  }

  #nameOf(expression: Expression): string | undefined {
    if (expression.kind === 'field' && expression.input.type.kind === 'ROW') {
      return expression.input.type.fields[expression.index]?.name
    }
    return expression.kind === 'input' ? this.#input.schema.fields[expression.index]?.name : undefined
  }
}

/** As Flink numbers names that are taken: `a`, `a_0`, `a_1`. */
function uniqueName(wanted: string, used: ReadonlySet<string>): string {
  let name = wanted
  for (let number = 0; used.has(name); number++) name = `${wanted}_${number}`
  return name
}

/** Rewrites expressions over the input to expressions over the aggregate's output. */
class GroupOutput {
  readonly #context: ExpressionContext
  readonly #before: ProjectionBuilder
  readonly #keys: readonly number[]
  readonly #groupBy: BoundGroupBy
  readonly #aggregate: LogicalNode
  /** Where the aggregates begin: behind the keys and `$e`. */
  readonly #firstCall: number

  constructor(
    context: ExpressionContext,
    before: ProjectionBuilder,
    keys: readonly number[],
    groupBy: BoundGroupBy,
    aggregate: LogicalNode,
  ) {
    this.#context = context
    this.#before = before
    this.#keys = keys
    this.#groupBy = groupBy
    this.#aggregate = aggregate
    this.#firstCall = keys.length + (groupBy.sets === undefined ? 0 : 1)
  }

  rewrite(expression: Expression, span?: Span): Expression {
    const position = this.#before.find(expression)
    const key = position === undefined ? -1 : this.#keys.indexOf(position)
    if (key >= 0) return this.#output(key)
    if (expression.kind !== 'input') {
      return nullableAsParts(
        expression,
        mapChildren(expression, (child) => this.rewrite(child, span)),
      )
    }
    const { index } = expression
    if (index >= SUBQUERY_BASE) return expression
    if (index >= GROUPING_BASE) {
      const setId = this.#groupBy.sets === undefined ? undefined : this.#output(this.#keys.length)
      return this.#groupBy.functions.expression(index - GROUPING_BASE, setId)
    }
    if (index >= WINDOW_PROPERTY_BASE) {
      const properties = this.#groupBy.window?.properties.length ?? 0
      const first = this.#aggregate.schema.fields.length - properties
      return this.#output(first + index - WINDOW_PROPERTY_BASE)
    }
    if (index >= AGGREGATE_BASE) return this.#output(this.#firstCall + index - AGGREGATE_BASE)
    throw this.#ungrouped(expression, span)
  }

  #output(index: number): Expression {
    const type = this.#aggregate.schema.fields[index]?.type ?? { kind: 'NULL' as const, nullable: true }
    return { kind: 'input', index, type }
  }

  #ungrouped(expression: Expression & { kind: 'input' }, span: Span | undefined): Error {
    const { fields, offset } = this.#context.scope.relations.find(
      (relation) => expression.index >= relation.offset && expression.index < relation.offset + relation.fields.length,
    ) ?? { fields: [], offset: 0 }
    const name = fields[expression.index - offset]?.name ?? ''
    const at = this.#context.spans.get(expression) ?? span ?? { start: 0, end: 0 }
    return errorAt(this.#context, at, 'INVALID_AGGREGATE', `column "${name}" is neither grouped nor aggregated`, {
      hint: `Add it to GROUP BY, or use an aggregate such as MAX(${name}).`,
    })
  }
}

/** Keys that are missing in a grouping set are NULL there, and so may be what is computed from them. */
function nullableAsParts(before: Expression, after: Expression): Expression {
  if (after.type.nullable || after.kind === 'literal') return after
  if (after.kind === 'call' && after.function.startsWith('IS ')) return after
  const parts = childrenOf(before)
  const becameNullable = childrenOf(after).some((part, index) => part.type.nullable && !parts[index]?.type.nullable)
  return becameNullable ? { ...after, type: withNullability(after.type, true) } : after
}
