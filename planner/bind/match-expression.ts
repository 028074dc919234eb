/**
 * Expressions of DEFINE and MEASURES. A column of a variable is bound as a column of a relation of that name; what it
 * means, the last row of the variable or another one, becomes a reference.
 */
import type { FunctionSpec } from '../../catalog/function.ts'
import { type SqlType, withNullability } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { Expression, InputRef } from '../expression.ts'
import { collectInputs, mapInputs } from '../expression-rewrite.ts'
import { ALL_VARIABLES, type MatchExpression, type MatchReference } from '../physical/match-spec.ts'
import { isCount } from './aggregate-collector.ts'
import { errorAt } from './binder-context.ts'
import { bindArguments } from './call.ts'
import type { AggregateCalls, ExpressionContext } from './expression-context.ts'
import { bindArgument, functionName } from './function-call.ts'
import { refused } from './match-pattern.ts'
import type { Scope } from './scope.ts'
import { withoutTimeAttribute } from './types.ts'

/** References to rows that are found already; below are columns of variables. */
const FOUND = 1 << 24

export interface MatchScope {
  readonly scope: Scope
  /** Columns of the input. */
  readonly width: number
  readonly order: { readonly column: number; readonly type: SqlType; readonly time: 'rowtime' | 'proctime' }
}

export class MatchExpressionBinder implements AggregateCalls {
  readonly #match: MatchScope
  readonly #clause: 'DEFINE' | 'MEASURES'
  readonly #references: MatchReference[] = []

  constructor(match: MatchScope, clause: 'DEFINE' | 'MEASURES') {
    this.#match = match
    this.#clause = clause
  }

  /** @param bind makes the expression, given a context in which variables and their functions have a meaning */
  bind(context: ExpressionContext, bind: (inner: ExpressionContext) => Expression): MatchExpression {
    const inner: ExpressionContext = {
      ...context,
      scope: this.#match.scope,
      clause: this.#clause,
      aggregates: this,
      calls: (outer, node) => this.#call(outer, node),
    }
    const bound = bind(inner)
    const references: MatchReference[] = []
    const positions = new Map<string, number>()
    const value = mapInputs(bound, (input) => {
      const reference = this.#referenceOf(input)
      const key = JSON.stringify(reference)
      const known = positions.get(key) ?? references.push(reference) - 1
      positions.set(key, known)
      return { kind: 'input', index: known, type: reference.type }
    })
    return { value, references }
  }

  #referenceOf(input: InputRef): MatchReference {
    const found = input.index >= FOUND ? this.#references[input.index - FOUND] : undefined
    return found ?? this.#row(input, 'last', 0)
  }

  #row(input: InputRef, from: 'first' | 'last', offset: number): MatchReference {
    const { width } = this.#match
    const variable = Math.floor(input.index / width) - 1
    return { kind: 'row', variable, from, offset, column: input.index % width, type: withoutTimeAttribute(input.type) }
  }

  #add(reference: MatchReference): Expression {
    return { kind: 'input', index: FOUND + this.#references.push(reference) - 1, type: reference.type }
  }

  #call(context: ExpressionContext, node: ast.CallExpression): Expression | undefined {
    const name = functionName(node)
    if (node.semantics === 'RUNNING') throw refused(context, node.span, 'RUNNING is not supported: rows are FINAL')
    if (node.semantics === 'FINAL' && this.#clause === 'DEFINE') {
      throw errorAt(context, node.span, 'INVALID_ARGUMENT', 'FINAL cannot stand in DEFINE')
    }
    switch (name) {
      case 'FIRST':
      case 'LAST':
        return this.#navigate(context, node, name)
      case 'PREV':
      case 'NEXT':
        throw refused(
          context,
          node.span,
          'physical offsets within a partition, PREV and NEXT, are not supported',
          'LAST(A.x, 1) is the row before the last one of variable A, LAST(x, 1) of all variables.',
        )
      case 'CLASSIFIER':
      case 'MATCH_NUMBER':
        throw refused(context, node.span, `${name} is not supported`)
      case 'MATCH_ROWTIME':
        return this.#rowtime(context, node)
      case 'MATCH_PROCTIME':
        this.#measuresOnly(context, node, name)
        return this.#add({
          kind: 'proctime',
          type: { kind: 'TIMESTAMP_LTZ', precision: 3, nullable: false, timeAttribute: 'proctime' },
        })
      default:
        return undefined
    }
  }

  /** FIRST(A.x, n) and LAST(A.x, n), also over an expression of one variable. */
  #navigate(context: ExpressionContext, node: ast.CallExpression, name: 'FIRST' | 'LAST'): Expression {
    const [argument, count, ...rest] = node.arguments
    if (argument === undefined || rest.length > 0) {
      throw errorAt(context, node.span, 'INVALID_ARGUMENT', `${name} takes a value and a number of rows`)
    }
    const bound = bindArgument({ ...context, clause: `an argument of ${name}` }, argument, name)
    this.#singleVariable(context, node, bound, name)
    const offset = count === undefined ? 0 : this.#offset(context, count, name)
    const from = name === 'FIRST' ? 'first' : 'last'
    return mapInputs(bound, (input) => this.#add(this.#row(input, from, offset)))
  }

  #offset(context: ExpressionContext, node: ast.CallArgument, name: string): number {
    const value = node.kind === 'number' ? Number(node.text) : Number.NaN
    if (Number.isSafeInteger(value)) return value
    throw errorAt(context, node.span, 'INVALID_ARGUMENT', `the number of rows of ${name} must be a whole number`)
  }

  /** @returns the variable, `ALL_VARIABLES` where there is none */
  #singleVariable(context: ExpressionContext, node: ast.CallExpression, bound: Expression, name: string): number {
    const inputs = [...collectInputs(bound)]
    if (inputs.some((index) => index >= FOUND)) {
      throw errorAt(context, node.span, 'INVALID_ARGUMENT', `a function of the rows of a match cannot stand in ${name}`)
    }
    const variables = new Set(inputs.map((index) => Math.floor(index / this.#match.width) - 1))
    if (variables.size > 1) {
      throw errorAt(context, node.span, 'INVALID_ARGUMENT', `multiple pattern variables in ${name}`, {
        hint: 'The value is computed from single rows: all its columns must be of the same variable.',
      })
    }
    return [...variables][0] ?? ALL_VARIABLES
  }

  #rowtime(context: ExpressionContext, node: ast.CallExpression): Expression {
    this.#measuresOnly(context, node, 'MATCH_ROWTIME')
    const { order } = this.#match
    if (order.time !== 'rowtime') {
      throw errorAt(context, node.span, 'INVALID_ARGUMENT', 'MATCH_ROWTIME needs rows that are ordered by event time', {
        hint: 'MATCH_PROCTIME() is the processing time of the match.',
      })
    }
    const [argument, second] = node.arguments
    const bound = argument === undefined ? undefined : bindArgument(context, argument, 'MATCH_ROWTIME')
    const isTime = bound?.kind === 'input' && 'timeAttribute' in bound.type && bound.type.timeAttribute === 'rowtime'
    if (second !== undefined || (bound !== undefined && !isTime)) {
      throw errorAt(context, node.span, 'INVALID_ARGUMENT', 'MATCH_ROWTIME takes a rowtime attribute, or nothing')
    }
    const kind = bound === undefined ? 'TIMESTAMP' : order.type.kind === 'TIMESTAMP_LTZ' ? 'TIMESTAMP_LTZ' : 'TIMESTAMP'
    return this.#add({ kind: 'rowtime', type: { kind, precision: 3, nullable: false, timeAttribute: 'rowtime' } })
  }

  #measuresOnly(context: ExpressionContext, node: ast.CallExpression, name: string): void {
    if (this.#clause === 'MEASURES') return
    throw errorAt(context, node.span, 'INVALID_ARGUMENT', `${name} can stand only in MEASURES`)
  }

  /** An aggregate over the rows of one variable. */
  add(context: ExpressionContext, node: ast.CallExpression, spec: FunctionSpec): Expression {
    if (node.quantifier === 'DISTINCT' || node.filter !== undefined || node.withinGroup.length > 0) {
      const what = node.filter !== undefined ? 'FILTER' : node.quantifier === 'DISTINCT' ? 'DISTINCT' : 'WITHIN GROUP'
      throw refused(context, node.span, `${what} of an aggregate is not supported in MATCH_RECOGNIZE`)
    }
    if (node.orderBy.length > 0) throw refused(context, node.span, `ORDER BY inside ${spec.name} is not supported`)
    const { aggregates: _, ...rest } = context
    const inner: ExpressionContext = { ...rest, clause: `an argument of ${spec.name}` }
    const star = node.arguments.length === 1 && node.arguments[0]?.kind === 'star'
    if (star && spec.name !== 'COUNT') {
      throw errorAt(context, node.span, 'INVALID_ARGUMENT', `function ${spec.name} does not take "*"`)
    }
    const given = star ? [] : node.arguments.map((argument) => bindArgument(inner, argument, spec.name))
    const { converted, returnType } = bindArguments(context, spec, given, node.span)
    const variables = converted.map((arg) => this.#singleVariable(context, node, arg, spec.name))
    const [variable = ALL_VARIABLES] = variables
    const { width } = this.#match
    const args = converted.map((arg) => mapInputs(arg, (input) => ({ ...input, index: input.index % width })))
    const bare = withoutTimeAttribute(returnType)
    const type = isCount(spec.name) ? bare : withNullability(bare, true)
    return this.#add({ kind: 'aggregate', variable, function: spec.name, args, type })
  }
}
