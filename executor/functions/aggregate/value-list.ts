/** Lists of values per group, in the order in which they came: the accumulator of what depends on order. */
import type { Value } from '../../../core/column.ts'
import type { SqlType } from '../../../core/types.ts'
import { encodeValue } from '../../../state/table/value-codec.ts'
import type { AggregateImplementation } from './aggregate-function.ts'
import { boxed } from './aggregate-function.ts'

interface ValueList {
  values: Value[]
}

export interface ListOptions {
  readonly type: SqlType
  /** Whether NULLs are values. */
  readonly keepsNulls: boolean
  readonly result: (values: readonly Value[]) => Value
}

/** A retraction takes the first equal value out. */
export function listAggregate({ type, keepsNulls, result }: ListOptions): AggregateImplementation {
  const same = equality(type)
  return boxed<ValueList>({
    kind: 'boxed',
    create: () => ({ values: [] }),
    accumulate: (state, [value = null]) => {
      if (value !== null || keepsNulls) state.values.push(value)
    },
    retract: (state, [value = null]) => {
      const at = state.values.findIndex((candidate) => same(candidate, value))
      if (at >= 0) state.values.splice(at, 1)
    },
    result: (state) => result(state.values),
    stateType: { kind: 'ARRAY', element: type, nullable: false },
    toValue: (state) => state.values,
    fromValue: (value) => ({ values: [...(value as readonly Value[])] }),
  })
}

function equality(type: SqlType): (a: Value, b: Value) => boolean {
  return (a, b) => {
    if (a === b) return true
    if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false
    return Buffer.compare(encodeValue(a, type), encodeValue(b, type)) === 0
  }
}
