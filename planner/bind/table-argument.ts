/**
 * Arguments of functions in FROM that take a table: `f(input => TABLE t PARTITION BY k, name => value)`
 * (https://nightlies.apache.org/flink/flink-docs-master/docs/dev/table/functions/ptfs/).
 */
import { didYouMean } from '../../core/suggest.ts'
import type * as ast from '../../parser/ast.ts'
import type { LogicalNode } from '../logical/node.ts'
import { type BinderContext, errorAt } from './binder-context.ts'
import { bindExpression, expressionContext } from './expression.ts'
import { scopeOf } from './scope.ts'

/** What the arguments are matched against. */
export interface TableFunctionForm {
  readonly name: string
  /** In the order of positional arguments, the table first; in lower case. */
  readonly parameters: readonly string[]
  /** How a call is written, for hints. */
  readonly usage: string
}

export type TableFunctionArguments = ReadonlyMap<string, ast.PositionalArgument>

export type PlanTableSource = (source: ast.ObjectName | ast.Query) => LogicalNode

/** By parameter; those with DEFAULT are left out. Only the table is required. */
export function matchArguments(
  context: BinderContext,
  call: ast.CallExpression,
  form: TableFunctionForm,
): TableFunctionArguments {
  const { name, parameters } = form
  const hint = `Write ${form.usage}.`
  const found = new Map<string, ast.PositionalArgument>()
  for (const [index, argument] of call.arguments.entries()) {
    const given = argument.kind === 'named-argument' ? argument.name.name.toLowerCase() : parameters[index]
    if (given === undefined) {
      const text = `${name} takes at most ${parameters.length} arguments`
      throw errorAt(context, argument.span, 'INVALID_ARGUMENT', text, { hint })
    }
    if (!parameters.includes(given)) {
      throw errorAt(context, argument.span, 'INVALID_ARGUMENT', `${name} has no parameter "${given}"`, {
        hint: didYouMean(given, parameters) ?? `Its parameters are: ${parameters.join(', ')}.`,
      })
    }
    if (found.has(given)) {
      throw errorAt(context, argument.span, 'INVALID_ARGUMENT', `parameter "${given}" of ${name} is given twice`)
    }
    const value = argument.kind === 'named-argument' ? argument.value : argument
    found.set(given, value)
  }
  for (const [parameter, value] of found) if (value.kind === 'default') found.delete(parameter)
  const [table = ''] = parameters
  if (!found.has(table)) {
    throw errorAt(context, call.span, 'INVALID_ARGUMENT', `${name} needs "${table}"`, { hint })
  }
  return found
}

/** The table, and the columns of PARTITION BY in the order written. */
export function bindTableArgument(
  context: BinderContext,
  call: ast.CallExpression,
  args: TableFunctionArguments,
  form: TableFunctionForm,
  planSource: PlanTableSource,
): { readonly input: LogicalNode; readonly partitionKeys: readonly number[] } {
  const argument = args.get(form.parameters[0] ?? '')
  if (argument?.kind === 'subquery') return { input: planSource(argument.query), partitionKeys: [] }
  if (argument?.kind !== 'table-argument') {
    const text = `"${form.parameters[0]}" of ${form.name} must be a table`
    throw errorAt(context, argument?.span ?? call.span, 'INVALID_ARGUMENT', text, { hint: `Write ${form.usage}.` })
  }
  const [order] = argument.orderBy
  if (order !== undefined) {
    throw errorAt(context, order.span, 'INVALID_ARGUMENT', `${form.name} does not take ORDER BY`, {
      hint: 'It goes by the order in which the rows come.',
    })
  }
  const input = planSource(argument.source)
  const keys = argument.partitionBy.map((key) => partitionColumn(context, key, input, form.name))
  return { input, partitionKeys: [...new Set(keys)] }
}

function partitionColumn(context: BinderContext, node: ast.Expression, input: LogicalNode, name: string): number {
  const scope = scopeOf([], input.schema.fields)
  const bound = bindExpression(expressionContext(context, scope, `PARTITION BY of ${name}`), node)
  if (bound.kind === 'input') return bound.index
  throw errorAt(context, node.span, 'INVALID_ARGUMENT', `PARTITION BY of ${name} takes columns only`, {
    hint: `Compute the key in a subquery: ${name}(input => TABLE (SELECT …) PARTITION BY key).`,
  })
}

/** The one name of DESCRIPTOR(name); undefined where the argument is not given. */
export function descriptorOf(
  context: BinderContext,
  args: TableFunctionArguments,
  parameter: string,
  name: string,
): ast.Identifier | undefined {
  const argument = args.get(parameter)
  if (argument === undefined) return undefined
  const [column, another] = argument.kind === 'descriptor' ? argument.columns : []
  if (column !== undefined && another === undefined) return column
  const text = `"${parameter}" of ${name} must be a DESCRIPTOR with exactly one column name`
  throw errorAt(context, argument.span, 'INVALID_ARGUMENT', text, {
    hint: `Write ${parameter} => DESCRIPTOR(${parameter}).`,
  })
}

/** The entries of MAP['key', 'value', …] of character literals, with their places. */
export function literalEntries(
  context: BinderContext,
  args: TableFunctionArguments,
  parameter: string,
  name: string,
): readonly LiteralEntry[] | undefined {
  const argument = args.get(parameter)
  if (argument === undefined) return undefined
  const entries = argument.kind === 'map' ? argument.entries : []
  const literals = entries.flatMap(({ key, value }): LiteralEntry[] =>
    key.kind === 'string' && value.kind === 'string' ? [{ key, value }] : [],
  )
  if (literals.length > 0 && literals.length === entries.length) return literals
  const text = `"${parameter}" of ${name} must be a MAP of character literals`
  throw errorAt(context, argument.span, 'INVALID_ARGUMENT', text, {
    hint: `Write ${parameter} => MAP['key', 'value', …].`,
  })
}

export interface LiteralEntry {
  readonly key: ast.StringLiteral
  readonly value: ast.StringLiteral
}
