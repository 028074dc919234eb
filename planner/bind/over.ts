/**
 * Calls with OVER. While expressions are bound such a call is a reference to a column beyond all others; `plan` puts
 * one node for each window over the input and replaces the references.
 */
import type { FunctionSpec } from '../../catalog/function.ts'
import type { SourcePosition } from '../../core/errors.ts'
import type { Field, SqlType } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { Expression, AggregateCall, SortField } from '../expression.ts'
import { expressionKey, mapChildren, someExpression } from '../expression-rewrite.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createOver } from '../logical/over.ts'
import { createProject } from '../logical/project.ts'
import type { OverFrame } from '../physical/graph.ts'
import { errorAt, statementPosition, unsupported } from './binder-context.ts'
import { bindArguments, implicitCast } from './call.ts'
import type { ExpressionContext, OverCalls } from './expression-context.ts'
import { bindArgument } from './function-call.ts'
import { requireSortable } from './order-by.ts'
import { bindFrame } from './over-frame.ts'
import { withoutTimeAttribute } from './types.ts'

/** References from here on are calls with OVER, by position. Above those of aggregates. */
const OVER_BASE = 1 << 25

interface Ordering {
  readonly expression: Expression
  readonly descending: boolean
  readonly nullsFirst: boolean
}

interface Call {
  readonly spec: FunctionSpec
  readonly args: readonly Expression[]
  readonly offset: number | undefined
  readonly distinct: boolean
  readonly type: SqlType
  /** Among all calls. */
  readonly index: number
}

interface Window {
  readonly partition: readonly Expression[]
  readonly order: readonly Ordering[]
  readonly frame: OverFrame
  readonly position: SourcePosition
  readonly calls: Call[]
}

/** Where the expressions of windows are computed. */
export interface OverInput {
  /** The column of an expression of the window's own. */
  add(expression: Expression): number
  /** What an expression of the list becomes that has no call with OVER in it. */
  keep(expression: Expression): Expression
  /** With all that was added. */
  build(): LogicalNode
}

export class OverCollector implements OverCalls {
  readonly #named: ReadonlyMap<string, ast.NamedWindow>
  readonly #windows = new Map<string, Window>()
  readonly #references = new Map<string, Expression>()
  #count = 0

  constructor(named: readonly ast.NamedWindow[]) {
    this.#named = new Map(named.map((window) => [window.name.name, window]))
  }

  get isEmpty(): boolean {
    return this.#windows.size === 0
  }

  add(context: ExpressionContext, node: ast.CallExpression, spec: FunctionSpec): Expression {
    if (node.over === undefined) throw errorAt(context, node.span, 'INVALID_ARGUMENT', `${spec.name} needs OVER (…)`)
    refuse(context, node, spec)
    const { over: _, ...rest } = context
    const inner: ExpressionContext = { ...rest, clause: 'OVER' }
    const window = this.#window(inner, this.#resolve(context, node.over), node.over.span, spec)
    const call = bindCall(inner, node, spec)
    const key = JSON.stringify([windowKey(window), spec.name, call.args.map(expressionKey), call.offset, call.distinct])
    const known = this.#references.get(key)
    if (known !== undefined) return known
    const index = this.#count++
    window.calls.push({ ...call, index })
    const reference: Expression = { kind: 'input', index: OVER_BASE + index, type: call.type }
    this.#references.set(key, reference)
    return reference
  }

  #window(context: ExpressionContext, node: ast.WindowSpec, span: ast.Span, spec: FunctionSpec): Window {
    const order = node.orderBy.map((item): Ordering => {
      const descending = item.direction === 'DESC'
      const nullsFirst = item.nulls === undefined ? !descending : item.nulls === 'FIRST'
      const expression = context.bind(context, item.expression)
      requireSortable(context, expression.type, item.expression.span)
      return { expression, descending, nullsFirst }
    })
    if (order.length === 0 && spec.kind === 'window') {
      throw errorAt(
        context,
        node.span,
        'INVALID_ARGUMENT',
        'Over Agg: The window rank function requires order by clause with non-constant fields. please re-check the over window statement.',
        { hint: `Write ${spec.name}() OVER (PARTITION BY … ORDER BY …).` },
      )
    }
    const window: Window = {
      partition: node.partitionBy.map((item) => context.bind(context, item)),
      order,
      frame: bindFrame(context, node, spec, order[0]?.expression.type),
      position: statementPosition(context, span),
      calls: [],
    }
    const key = windowKey(window)
    const known = this.#windows.get(key)
    if (known !== undefined) return known
    this.#windows.set(key, window)
    return window
  }

  /** With what the windows that it builds on say. */
  #resolve(
    context: ExpressionContext,
    node: ast.WindowSpec | ast.WindowName,
    seen: readonly string[] = [],
  ): ast.WindowSpec {
    const name = node.kind === 'window-name' ? node.name : node.base
    if (name === undefined) return node as ast.WindowSpec
    const base = this.#named.get(name.name)
    if (base === undefined || seen.includes(name.name)) {
      throw errorAt(context, name.span, 'INVALID_ARGUMENT', `window "${name.name}" is not defined`, {
        hint: `Write WINDOW ${name.name} AS (PARTITION BY … ORDER BY …) behind the query's other clauses.`,
      })
    }
    const below = this.#resolve(context, base.spec, [...seen, name.name])
    if (node.kind === 'window-name') return below
    if (
      node.partitionBy.length > 0 ||
      below.frame !== undefined ||
      (node.orderBy.length > 0 && below.orderBy.length > 0)
    ) {
      throw errorAt(context, node.span, 'INVALID_ARGUMENT', `window "${name.name}" cannot be changed in this way`, {
        detail: 'A window that builds on another may add ORDER BY and a frame where there is none.',
      })
    }
    const orderBy = node.orderBy.length > 0 ? node.orderBy : below.orderBy
    return { ...node, partitionBy: below.partitionBy, orderBy }
  }

  /**
   * One node for each window over the input.
   *
   * @param expressions in which calls stand; they come back over the node's columns
   */
  plan(input: OverInput, expressions: readonly Expression[]): { node: LogicalNode; rewritten: readonly Expression[] } {
    const windows = [...this.#windows.values()]
    const columns = windows.map((window) => ({
      partition: window.partition.map((expression) => input.add(expression)),
      order: window.order.map(({ expression }) => input.add(expression)),
      args: window.calls.map((call) => call.args.map((arg) => input.add(arg))),
    }))
    const kept = expressions.map((expression) => keepAround(expression, input))
    let node = input.build()
    const places = new Map<number, number>()
    for (const [number, window] of windows.entries()) {
      const { partition = [], order = [], args = [] } = columns[number] ?? {}
      for (const [at, call] of window.calls.entries()) places.set(call.index, node.schema.fields.length + at)
      node = createOver({
        input: node,
        partition: [...new Set(partition)],
        order: order.map((column, at) => sortField(column, window.order[at])),
        frame: window.frame,
        calls: window.calls.map((call, at) => overCall(call, args[at] ?? [], `w${number}$o${at}`)),
        position: window.position,
      })
    }
    const replace = (expression: Expression): Expression => {
      if (!isOverReference(expression)) return mapChildren(expression, replace)
      return { kind: 'input', index: places.get(expression.index - OVER_BASE) ?? 0, type: expression.type }
    }
    return { node, rewritten: kept.map(replace) }
  }
}

function isOverReference(expression: Expression): expression is Extract<Expression, { kind: 'input' }> {
  return expression.kind === 'input' && expression.index >= OVER_BASE
}

export function hasOver(expression: Expression): boolean {
  return someExpression(expression, isOverReference)
}

/** The largest parts without a call with OVER become what the input makes of them. */
function keepAround(expression: Expression, input: OverInput): Expression {
  if (isOverReference(expression)) return expression
  if (!hasOver(expression)) return input.keep(expression)
  return mapChildren(expression, (child) => keepAround(child, input))
}

function sortField(column: number, ordering: Ordering | undefined): SortField {
  return { column, descending: ordering?.descending === true, nullsFirst: ordering?.nullsFirst !== false }
}

function overCall(call: Call, args: readonly number[], name: string): AggregateCall {
  const plain: AggregateCall = {
    function: call.spec.name,
    args,
    distinct: call.distinct,
    argumentTypes: call.args.map((arg) => withoutTimeAttribute(arg.type)),
    type: call.type,
    name,
  }
  return call.offset === undefined ? plain : { ...plain, offset: call.offset }
}

function windowKey({ partition, order, frame }: Window): string {
  const sorted = order.map((item) => [expressionKey(item.expression), item.descending, item.nullsFirst])
  return JSON.stringify([partition.map(expressionKey), sorted, frame])
}

function refuse(context: ExpressionContext, node: ast.CallExpression, spec: FunctionSpec): void {
  if (node.filter !== undefined) {
    throw errorAt(context, node.filter.span, 'INVALID_ARGUMENT', 'FILTER does not fit a call with OVER', {
      hint: `Write ${spec.name}(CASE WHEN condition THEN value END).`,
    })
  }
  if (node.nulls === 'IGNORE') throw unsupported(context, node.span, `IGNORE NULLS of ${spec.name}`)
  if (node.orderBy.length > 0 || node.withinGroup.length > 0) {
    throw unsupported(
      context,
      node.span,
      `ORDER BY inside ${spec.name}`,
      'The order of rows stands in OVER (ORDER BY …).',
    )
  }
}

function bindCall(context: ExpressionContext, node: ast.CallExpression, spec: FunctionSpec): Omit<Call, 'index'> {
  const star = node.arguments.length === 1 && node.arguments[0]?.kind === 'star'
  if (star && spec.name !== 'COUNT') {
    throw errorAt(context, node.span, 'INVALID_ARGUMENT', `function ${spec.name} does not take "*"`)
  }
  const given = star ? [] : node.arguments.map((argument) => bindArgument(context, argument, spec.name))
  const { converted, returnType } = bindArguments(context, spec, given, node.span)
  const distinct = node.quantifier === 'DISTINCT' && spec.name !== 'MIN' && spec.name !== 'MAX'
  const type = withoutTimeAttribute(returnType)
  if (spec.name !== 'LAG' && spec.name !== 'LEAD') return { spec, args: converted, offset: undefined, distinct, type }
  const [value, offset, fallback] = converted
  const rows = offset === undefined ? 1 : offset.kind === 'literal' ? Number(offset.value) : -1
  if (!(rows >= 0)) {
    const span = node.arguments[1]?.span ?? node.span
    throw errorAt(context, span, 'INVALID_ARGUMENT', `the offset of ${spec.name} is a number that is not negative`)
  }
  const args = [value, fallback === undefined ? undefined : implicitCast(fallback, type)].filter(
    (arg) => arg !== undefined,
  )
  return { spec, args, offset: rows, distinct, type }
}

/** Windows over a plan as it is: its columns, then what windows compute. */
export function overPlan(plan: LogicalNode): OverInput {
  const { fields } = plan.schema
  const extra: Expression[] = []
  const added = new Map<string, number>()
  return {
    add: (expression) => {
      if (expression.kind === 'input') return expression.index
      const key = expressionKey(expression)
      const index = added.get(key) ?? fields.length + extra.push(expression) - 1
      added.set(key, index)
      return index
    },
    keep: (expression) => expression,
    build: () => {
      if (extra.length === 0) return plan
      const columns = fields.map((field, index): Expression => ({ kind: 'input', index, type: field.type }))
      const computed = extra.map(
        (expression, index): Field => ({ name: `$f${fields.length + index}`, type: expression.type }),
      )
      return createProject(plan, [...columns, ...extra], { fields: [...fields, ...computed] })
    },
  }
}

/**
 * Windows over groups: only what is asked for, computed over the aggregate.
 *
 * @param build the groups with these columns
 */
export function overGroups(
  build: (columns: readonly { name: string; expression: Expression }[]) => LogicalNode,
): OverInput {
  const columns: { name: string; expression: Expression }[] = []
  const added = new Map<string, number>()
  const add = (expression: Expression): number => {
    const key = expressionKey(expression)
    const index = added.get(key) ?? columns.push({ name: `$f${columns.length}`, expression }) - 1
    added.set(key, index)
    return index
  }
  return {
    add,
    keep: (expression) =>
      expression.kind === 'literal' ? expression : { kind: 'input', index: add(expression), type: expression.type },
    build: () => build(columns),
  }
}
