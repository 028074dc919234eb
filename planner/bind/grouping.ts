/** GROUP BY: a projection of keys and arguments, the aggregate, HAVING, and the list over its output. */
import type { Field } from '../../core/types.ts'
import type { Span } from '../../parser/ast.ts'
import type { AggregateCall, Expression } from '../expression.ts'
import { expressionKey, mapChildren } from '../expression-rewrite.ts'
import { createAggregate } from '../logical/aggregate.ts'
import { createFilter } from '../logical/filter.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createProject } from '../logical/project.ts'
import { groupsByWindow } from '../logical/window-properties.ts'
import { AGGREGATE_BASE, type CollectedAggregate } from './aggregate-collector.ts'
import { errorAt } from './binder-context.ts'
import type { ExpressionContext } from './expression-context.ts'
import { literal } from './literal.ts'
import { withoutTimeAttribute } from './types.ts'

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
  readonly keys: readonly GroupKey[]
  readonly aggregates: readonly CollectedAggregate[]
  readonly columns: readonly GroupedColumn[]
  readonly having: Expression | undefined
  readonly stateTtl: number | undefined
}

export function bindGroups(grouping: Grouping): LogicalNode {
  const before = new ProjectionBuilder(grouping.input)
  const keys = [...new Set(grouping.keys.map((key) => before.add(key.expression)))]
  const calls = grouping.aggregates.map((aggregate, index) =>
    aggregateCall(aggregate, aggregateName(grouping.columns, index), before),
  )
  const isWindow = groupsByWindow(before.build(false), keys)
  const aggregate = createAggregate(before.build(!isWindow), keys, calls, grouping.stateTtl)
  const output = new GroupOutput(grouping.context, before, keys, aggregate)
  const filtered = grouping.having === undefined ? aggregate : createFilter(aggregate, output.rewrite(grouping.having))
  const expressions = grouping.columns.map((column) => output.rewrite(column.expression, column.span))
  const fields = grouping.columns.map(({ name }, index) => ({
    name,
    type: expressions[index]?.type ?? ({ kind: 'NULL', nullable: true } as const),
  }))
  return createProject(filtered, expressions, { fields })
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

/** The columns that an aggregate needs, each once. */
class ProjectionBuilder {
  readonly #input: LogicalNode
  readonly #expressions: Expression[] = []
  readonly #positions = new Map<string, number>()

  constructor(input: LogicalNode) {
    this.#input = input
  }

  add(expression: Expression): number {
    const key = expressionKey(expression)
    const known = this.#positions.get(key)
    if (known !== undefined) return known
    this.#positions.set(key, this.#expressions.length)
    return this.#expressions.push(expression) - 1
  }

  find(expression: Expression): number | undefined {
    return this.#positions.get(expressionKey(expression))
  }

  /** @param materialize time attributes end here, as grouping without a window loses their order */
  build(materialize: boolean): LogicalNode {
    // COUNT(*) alone reads nothing, and a batch without columns is awkward for everyone.
    if (this.#expressions.length === 0) this.#expressions.push(literal(0, { kind: 'INT', nullable: false }))
    const used = new Set<string>()
    const fields = this.#expressions.map((expression, index): Field => {
      const wanted = this.#nameOf(expression) ?? `$f${index}`
      const name = used.has(wanted) ? `${wanted}$${index}` : wanted
      used.add(name)
      return { name, type: materialize ? withoutTimeAttribute(expression.type) : expression.type }
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

/** Rewrites expressions over the input to expressions over the aggregate's output. */
class GroupOutput {
  readonly #context: ExpressionContext
  readonly #before: ProjectionBuilder
  readonly #keys: readonly number[]
  readonly #aggregate: LogicalNode

  constructor(context: ExpressionContext, before: ProjectionBuilder, keys: readonly number[], aggregate: LogicalNode) {
    this.#context = context
    this.#before = before
    this.#keys = keys
    this.#aggregate = aggregate
  }

  rewrite(expression: Expression, span?: Span): Expression {
    const position = this.#before.find(expression)
    const key = position === undefined ? -1 : this.#keys.indexOf(position)
    if (key >= 0) return this.#output(key)
    if (expression.kind !== 'input') return mapChildren(expression, (child) => this.rewrite(child, span))
    if (expression.index >= AGGREGATE_BASE) return this.#output(this.#keys.length + expression.index - AGGREGATE_BASE)
    throw this.#ungrouped(expression, span)
  }

  #output(index: number): Expression {
    const type = this.#aggregate.schema.fields[index]?.type ?? { kind: 'NULL' as const, nullable: true }
    return { kind: 'input', index, type }
  }

  #ungrouped(expression: Expression & { kind: 'input' }, span: Span | undefined): Error {
    const { fields } = this.#context.scope.relations.find(
      (relation) => expression.index >= relation.offset && expression.index < relation.offset + relation.fields.length,
    ) ?? { fields: [] }
    const name = fields[expression.index]?.name ?? ''
    const at = this.#context.spans.get(expression) ?? span ?? { start: 0, end: 0 }
    return errorAt(this.#context, at, 'INVALID_AGGREGATE', `column "${name}" is neither grouped nor aggregated`, {
      hint: `Add it to GROUP BY, or use an aggregate such as MAX(${name}).`,
    })
  }
}
