/** Functions that only a call with OVER has, as aggregates over the rows so far. */
import type { Value } from '../../../core/column.ts'
import { BIGINT, type SqlType, withNullability } from '../../../core/types.ts'
import { encodeValue } from '../../../state/table/value-codec.ts'
import {
  type AggregateFunction,
  type AggregateImplementation,
  type AggregateSite,
  boxed,
} from './aggregate-function.ts'
import { COUNT } from './count.ts'

/** What the planner knows as a function of windows is here what it computes. */
export type OverFunction = Pick<AggregateFunction, 'name' | 'implement'>

interface Neighbours {
  /** Of the last rows, the oldest first. */
  values: Value[]
  fallback: Value
}

/** The value of the row so many rows before the last; the default that came with the last where there is none. */
function lag({ argumentTypes: [type], offset = 1 }: AggregateSite): AggregateImplementation {
  const element: SqlType = withNullability(type ?? { kind: 'NULL', nullable: true }, true)
  const values: SqlType = { kind: 'ARRAY', element, nullable: false }
  return boxed<Neighbours>({
    kind: 'boxed',
    create: () => ({ values: [], fallback: null }),
    accumulate: (state, [value = null, fallback = null]) => {
      state.values.push(value)
      if (state.values.length > offset + 1) state.values.shift()
      state.fallback = fallback
    },
    retract: () => undefined,
    result: ({ values: last, fallback }) => (last.length > offset ? (last[0] ?? null) : fallback),
    stateType: {
      kind: 'ROW',
      nullable: false,
      fields: [
        { name: 'values', type: values },
        { name: 'fallback', type: element },
      ],
    },
    toValue: (state) => [state.values, state.fallback],
    fromValue: (value) => {
      const [last, fallback] = value as readonly [readonly Value[], Value]
      return { values: [...last], fallback }
    },
  })
}

interface Ranks {
  rows: bigint
  rank: bigint
  last: Value
}

/** RANK leaves out as many numbers as there are rows of one value; DENSE_RANK none. */
function ranking(dense: boolean): AggregateFunction['implement'] {
  return ({ argumentTypes: [type] }) => {
    const order: SqlType = withNullability(type ?? { kind: 'NULL', nullable: true }, true)
    return boxed<Ranks>({
      kind: 'boxed',
      create: () => ({ rows: 0n, rank: 0n, last: null }),
      accumulate: (state, [value = null]) => {
        state.rows++
        if (state.rows > 1n && sameValue(state.last, value, order)) return
        state.rank = dense ? state.rank + 1n : state.rows
        state.last = value
      },
      retract: () => undefined,
      result: (state) => state.rank,
      stateType: {
        kind: 'ROW',
        nullable: false,
        fields: [
          { name: 'rows', type: BIGINT },
          { name: 'rank', type: BIGINT },
          { name: 'last', type: order },
        ],
      },
      toValue: (state) => [state.rows, state.rank, state.last],
      fromValue: (value) => {
        const [rows, rank, last] = value as readonly [bigint, bigint, Value]
        return { rows, rank, last }
      },
    })
  }
}

function sameValue(a: Value, b: Value, type: SqlType): boolean {
  if (a === b) return true
  return typeof a === 'object' && Buffer.compare(encodeValue(a, type), encodeValue(b, type)) === 0
}

export const OVER_FUNCTIONS: readonly OverFunction[] = [
  { name: 'ROW_NUMBER', implement: COUNT.implement },
  { name: 'RANK', implement: ranking(false) },
  { name: 'DENSE_RANK', implement: ranking(true) },
  { name: 'LAG', implement: lag },
]
