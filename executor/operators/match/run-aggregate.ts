/**
 * Aggregates over the rows of a run, kept for each of its nodes, so that one more row costs one step. They follow from
 * the rows: checkpoints know nothing of them. For aggregates whose accumulator is some fixed-width columns, over columns
 * of the input as they are.
 */
import type { Column } from '../../../core/column.ts'
import { physicalKind } from '../../../core/types.ts'
import { ALL_VARIABLES, type MatchReference, type MatchSpec } from '../../../planner/physical/match-spec.ts'
import { FixedStore } from '../../../state/table/stored-column.ts'
import { type Accumulator, planColumnar } from '../../functions/aggregate/accumulator.ts'
import type { ColumnarAggregate, ResultCode } from '../../functions/aggregate/aggregate-function.ts'
import { findImplementation } from '../../functions/aggregate/index.ts'
import { SUPPORT } from '../../functions/aggregate/support.ts'
import type { KeptColumns } from './match-expression.ts'
import type { NodeValues, RowChains } from './row-chains.ts'

type AggregateReference = Extract<MatchReference, { kind: 'aggregate' }>

/** Slots of the accumulators: one without rows, one for a row that is being tried, then those of the nodes. */
const EMPTY = 0
export const TRIED = 1
const FIRST_NODE = 2

/** Copies the accumulator of slot `q` to slot `r` and adds row `i`, where it is not -1. */
type Step = (state: readonly FixedStore[], args: readonly FixedStore[], r: number, q: number, i: number) => void

export class RunAggregate implements NodeValues {
  readonly variable: number
  readonly state: readonly FixedStore[]
  /** Over the state columns' arrays `s0`, `s1` … and slot `r`. */
  readonly result: ResultCode & { readonly value: string }
  readonly #chains: RowChains
  readonly #args: readonly FixedStore[]
  readonly #step: Step
  readonly #accumulator: Accumulator

  constructor(
    reference: AggregateReference,
    chains: RowChains,
    args: readonly FixedStore[],
    aggregate: ColumnarAggregate & { readonly result: { readonly value: string } },
  ) {
    this.variable = reference.variable
    this.result = aggregate.result
    this.#chains = chains
    this.#args = args
    this.state = aggregate.state.map((kind) => new FixedStore(kind === 'bytes' ? 'i8' : kind))
    for (const column of this.state) column.grow(2 * FIRST_NODE)
    this.#step = compileStep(aggregate, args)
    this.#accumulator = planColumnar(callOf(reference), aggregate, false).create(this.state)
  }

  extend(node: number, before: number, row: number): void {
    const slot = node + FIRST_NODE
    for (const column of this.state) if (slot >= column.capacity) column.grow(2 * slot)
    this.#step(this.state, this.#args, slot, before < 0 ? EMPTY : before + FIRST_NODE, row)
  }

  /** The slot of the rows of the variable up to a node, -1: there are none. */
  slot(node: number): number {
    const last = this.variable === ALL_VARIABLES ? node : this.#chains.lastOf(node, this.variable)
    return last < 0 ? EMPTY : last + FIRST_NODE
  }

  /** Fills slot `TRIED`: the rows up to a node, and one more. */
  try(node: number, row: number): void {
    this.#step(this.state, this.#args, TRIED, this.slot(node), row)
  }

  /** Of the rows up to each of some nodes. */
  results(nodes: Int32Array, count: number): Column {
    const slots = new Int32Array(count)
    for (let i = 0; i < count; i++) slots[i] = this.slot(nodes[i] as number)
    return this.#accumulator.results(slots, count)
  }
}

/**
 * @param columns the kept column of an input column
 * @returns undefined where there is no such accumulator for the aggregate
 */
function createRunAggregate(
  reference: AggregateReference,
  chains: RowChains,
  columns: (input: number) => unknown,
): RunAggregate | undefined {
  const { args, type } = reference
  const implement = findImplementation(reference.function)
  const argumentTypes = args.map((arg) => arg.type)
  const aggregate = implement?.({ argumentTypes, returnType: type, retracts: false })
  if (aggregate?.kind !== 'columnar' || !aggregate.state.every((kind) => kind !== 'bytes' && kind !== 'i128')) {
    return undefined
  }
  const { value } = aggregate.result
  const kind = physicalKind(type)
  if (typeof value !== 'string' || kind === 'i128' || kind === 'bytes') return undefined
  const kept = args.flatMap((arg) => {
    const column = arg.kind === 'input' ? columns(arg.index) : undefined
    return column instanceof FixedStore && column.kind !== 'i128' ? [column] : []
  })
  if (kept.length < args.length) return undefined
  return new RunAggregate(reference, chains, kept, { ...aggregate, result: { ...aggregate.result, value } })
}

function compileStep({ state, accumulate }: ColumnarAggregate, args: readonly FixedStore[]): Step {
  const arrays = [
    ...state.map((_, n) => `const s${n} = state[${n}].values;`),
    ...args.map((_, n) => `const a${n} = args[${n}].values, an${n} = args[${n}].nulls;`),
  ]
  const copies = state.map((_, n) => `s${n}[r] = s${n}[q];`)
  const tests = ['i >= 0', ...args.map((_, n) => `(an${n} === null || an${n}[i] === 0)`)]
  const code = `return function step(state, args, r, q, i) {
    ${arrays.join('\n')}
    ${copies.join('\n')}
    if (${tests.join(' && ')}) { ${accumulate} }
  }`
  return new Function('support', code)(SUPPORT) as Step
}

function callOf({ args, function: name, type }: AggregateReference): Parameters<typeof planColumnar>[0] {
  return {
    function: name,
    args: args.map((_, index) => index),
    distinct: false,
    argumentTypes: args.map((arg) => arg.type),
    type,
    name,
  }
}

/** Those of DEFINE, and of MEASURES where they are the same ones, by reference. */
export function createRunAggregates(
  { variables, measures }: Pick<MatchSpec, 'variables' | 'measures'>,
  { chains, positions }: KeptColumns,
): ReadonlyMap<MatchReference, RunAggregate> {
  const known = new Map<string, RunAggregate | undefined>()
  const found = new Map<MatchReference, RunAggregate>()
  const find = (reference: MatchReference, create: boolean): void => {
    if (reference.kind !== 'aggregate') return
    const name = JSON.stringify(reference)
    if (create && !known.has(name)) {
      const made = createRunAggregate(reference, chains, (input) => chains.columns[positions.get(input) ?? -1])
      if (made !== undefined) chains.keep(made)
      known.set(name, made)
    }
    const aggregate = known.get(name)
    if (aggregate !== undefined) found.set(reference, aggregate)
  }
  for (const { condition } of variables) for (const reference of condition?.references ?? []) find(reference, true)
  for (const { expression } of measures) for (const reference of expression.references) find(reference, false)
  return found
}
