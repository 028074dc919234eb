import type { Value } from '../../../core/column.ts'
import { withNullability } from '../../../core/types.ts'
import { encodeValue } from '../../../state/table/value-codec.ts'
import { type AggregateFunction, boxed } from './aggregate-function.ts'

interface Multiset {
  /** By the value's bytes. */
  readonly counts: Map<string, { readonly value: Value; count: number }>
}

export const COLLECT: AggregateFunction = {
  name: 'COLLECT',
  kind: 'aggregate',
  category: 'aggregate',
  signatures: ['COLLECT([ALL | DISTINCT] expression)'],
  description: 'The values that are not NULL as a MULTISET: each with how often it is there.',
  examples: [],
  bind: (args) => {
    const [argument] = args
    if (argument === undefined || args.length !== 1) return undefined
    const element = withNullability(argument.type, false)
    return { argumentTypes: [argument.type], returnType: { kind: 'MULTISET', element, nullable: false } }
  },
  implement: ({ argumentTypes: [type = { kind: 'NULL', nullable: true }], returnType }) => {
    const change = (state: Multiset, value: Value, by: number): void => {
      if (value === null) return
      const key = Buffer.from(encodeValue(value, type)).toString('latin1')
      const entry = state.counts.get(key) ?? { value, count: 0 }
      entry.count += by
      if (entry.count === 0) state.counts.delete(key)
      else state.counts.set(key, entry)
    }
    return boxed<Multiset>({
      kind: 'boxed',
      create: () => ({ counts: new Map() }),
      accumulate: (state, [value = null]) => {
        change(state, value, 1)
      },
      retract: (state, [value = null]) => {
        change(state, value, -1)
      },
      result: (state) =>
        [...state.counts.values()].filter(({ count }) => count > 0).map(({ value, count }) => [value, count]),
      stateType: returnType,
      toValue: (state) => [...state.counts.values()].map(({ value, count }) => [value, count]),
      fromValue: (value) => {
        const state: Multiset = { counts: new Map() }
        for (const [item = null, count] of value as readonly (readonly Value[])[]) change(state, item, Number(count))
        return state
      },
    })
  },
}
