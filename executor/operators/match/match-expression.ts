/** Expressions of DEFINE and MEASURES at work: their references are looked up, then generated code runs over them. */
import type { ChangeBatch } from '../../../core/change-batch.ts'
import type { Column } from '../../../core/column.ts'
import { invariant, unreachable } from '../../../core/errors.ts'
import { INT, type Schema, unitsPerMillisecond } from '../../../core/types.ts'
import { collectInputs, mapInputs } from '../../../planner/expression-rewrite.ts'
import { ALL_VARIABLES, type MatchExpression, type MatchReference } from '../../../planner/physical/match-spec.ts'
import { compileCalc, compileScalar } from '../../codegen/calc.ts'
import type { Environment } from '../../functions/function.ts'
import { AggregateTable, planAggregates } from '../aggregate-table.ts'
import { gatherOptional } from '../optional-rows.ts'
import type { RowChains } from './row-chains.ts'
import { isTried, rowFinder } from './row-finder.ts'
import type { RunAggregate } from './run-aggregate.ts'

/** Where expressions look: runs by their last node, each perhaps with one more row that is being tried. */
export interface MatchContexts {
  readonly count: number
  /** -1: the run has no rows. */
  readonly nodes: Int32Array
  /** The row that is being tried, -1: none, as in MEASURES. */
  readonly row: number
  /** Event time in milliseconds of each match; processing time. */
  readonly times: Float64Array
  readonly now: number
}

/** How the columns of the kept rows are found: by position in the input. */
export interface KeptColumns {
  readonly chains: RowChains
  readonly input: Schema
  /** By input column: position among the kept columns. */
  readonly positions: ReadonlyMap<number, number>
}

/** What is compiled for an expression. */
export interface ExpressionSite {
  readonly kept: KeptColumns
  /** The variable that rows are tried for, undefined in MEASURES. */
  readonly variable: number | undefined
  /** Kept for each node of a run. */
  readonly aggregates: ReadonlyMap<MatchReference, RunAggregate>
  readonly environment: Environment
}

type Lookup = (contexts: MatchContexts) => Column

/** @returns a function whose result is valid until its next call. Errors: those of the expression */
export function compileMatchExpression(
  expression: MatchExpression,
  site: ExpressionSite,
): (contexts: MatchContexts) => Column {
  const schema: Schema = { fields: expression.references.map(({ type }, index) => ({ name: `r${index}`, type })) }
  const lookups = expression.references.map((reference) => compileReference(reference, site))
  const evaluate = compileScalar(expression.value, site.environment)
  return (contexts) => {
    const columns = lookups.map((lookup) => lookup(contexts))
    const batch: ChangeBatch = { schema, rows: contexts.count, columns, kinds: null }
    return evaluate(batch)
  }
}

/**
 * The condition of a variable as an expression over the input, where it looks at nothing but the row itself; else
 * undefined.
 */
export function rowCondition(variable: number, condition: MatchExpression): MatchExpression['value'] | undefined {
  const isRow = (reference: MatchReference): boolean =>
    reference.kind === 'row' &&
    reference.from === 'last' &&
    reference.offset === 0 &&
    (reference.variable === variable || reference.variable === ALL_VARIABLES)
  if (!condition.references.every(isRow)) return undefined
  return mapInputs(condition.value, (input) => {
    const reference = condition.references[input.index]
    return reference?.kind === 'row' ? { kind: 'input', index: reference.column, type: reference.type } : input
  })
}

function compileReference(reference: MatchReference, site: ExpressionSite): Lookup {
  switch (reference.kind) {
    case 'row':
      return compileRow(reference, site)
    case 'aggregate':
      return compileAggregate(reference, site)
    case 'rowtime':
    case 'proctime':
      return compileTime(reference)
    default:
      return unreachable(reference)
  }
}

function compileTime(reference: Extract<MatchReference, { kind: 'rowtime' | 'proctime' }>): Lookup {
  const units = 'precision' in reference.type ? unitsPerMillisecond(reference.type.precision) : 1n
  return ({ count, times, now }) => {
    const values = new BigInt64Array(count)
    for (let i = 0; i < count; i++) {
      values[i] = BigInt(reference.kind === 'rowtime' ? (times[i] as number) : now) * units
    }
    return { kind: 'i64', values, nulls: null }
  }
}

function compileRow(reference: Extract<MatchReference, { kind: 'row' }>, site: ExpressionSite): Lookup {
  const { chains, positions } = site.kept
  const column = chains.columns[positions.get(reference.column) ?? -1]
  invariant(column !== undefined, 'a column that is referred to is kept')
  const find = rowFinder(chains, reference, isTried(reference, site.variable))
  let rows = new Int32Array(1)
  return ({ count, nodes, row }) => {
    if (rows.length < count) rows = new Int32Array(count)
    for (let i = 0; i < count; i++) rows[i] = find(nodes[i] as number, row)
    return gatherOptional(rows, count, reference.type, (present, some) => column.gather(present, some))
  }
}

function compileAggregate(
  reference: Extract<MatchReference, { kind: 'aggregate' }>,
  { kept, variable: tried, aggregates, environment }: ExpressionSite,
): Lookup {
  const { chains, input, positions } = kept
  const tries = isTried(reference, tried)
  const known = aggregates.get(reference)
  if (known !== undefined && !tries) return ({ nodes, count }) => known.results(nodes, count)
  const { args, function: name, type, variable } = reference
  const schema: Schema = { fields: args.map((arg, index) => ({ name: `a${index}`, type: arg.type })) }
  const calc = compileCalc(undefined, args, schema, environment)
  const call = {
    function: name,
    args: args.map((_, index) => index),
    distinct: false,
    argumentTypes: args.map((arg) => arg.type),
    type,
    name,
  }
  const table = new AggregateTable(planAggregates([INT], [call], false))
  const read = new Set<number>()
  for (const arg of args) collectInputs(arg, read)
  return (contexts) => {
    const { count } = contexts
    const all = Int32Array.from({ length: count }, (_, index) => index)
    const groups = table.table.lookupOrInsert([intColumn(all)], count).rowIds.slice(0, count)
    const { rows, owners } = rowsOf(chains, variable, contexts, tries)
    const columns = input.fields.map((_, index): Column => {
      const column = read.has(index) ? chains.columns[positions.get(index) ?? -1] : undefined
      return column?.gather(rows, rows.length) ?? { kind: 'null', nulls: null }
    })
    const values = calc({ schema: input, rows: rows.length, columns, kinds: null })
    if (rows.length > 0) table.update({ ...values, rows: rows.length }, [intColumn(owners)], false, 0)
    const [result] = table.results(groups, count)
    invariant(result !== undefined, 'one call has one result')
    for (const group of groups) table.table.remove(group)
    table.settle()
    return result
  }
}

/** The rows of a variable in each context, in their order, with the context that they belong to. */
function rowsOf(
  chains: RowChains,
  variable: number,
  contexts: MatchContexts,
  tries: boolean,
): { readonly rows: Int32Array; readonly owners: Int32Array } {
  const rows: number[] = []
  const owners: number[] = []
  const all = variable === ALL_VARIABLES
  for (let i = 0; i < contexts.count; i++) {
    const node = contexts.nodes[i] as number
    let at = all ? node : chains.lastOf(node, variable)
    const begin = rows.length
    const count = chains.count(at, all)
    for (let index = count - 1; index >= 0; index--, at = chains.previous(at)) rows[begin + index] = chains.row(at)
    if (tries) rows.push(contexts.row)
    while (owners.length < rows.length) owners.push(i)
  }
  return { rows: Int32Array.from(rows), owners: Int32Array.from(owners) }
}

function intColumn(values: Int32Array): Column {
  return { kind: 'i32', values, nulls: null }
}
