/** The order of kept rows by some of their columns: ORDER BY behind the time attribute. */
import { compareBytes } from '../../codegen/byte-arena.ts'
import { readInt128 } from '../../../core/column-ops.ts'
import type { MatchOrder } from '../../../planner/physical/match-spec.ts'
import { BytesStore } from '../../../state/table/bytes-store.ts'
import { FixedStore, type StoredColumn } from '../../../state/table/stored-column.ts'
import type { KeptColumns } from './match-expression.ts'

type Compare = (a: number, b: number) => number

/** @returns undefined where there is no such order */
export function rowComparator(orders: readonly MatchOrder[], kept: KeptColumns): Compare | undefined {
  const parts = orders.flatMap((order) => {
    const column = kept.chains.columns[kept.positions.get(order.column) ?? -1]
    return column === undefined ? [] : [withNulls(column, order)]
  })
  if (parts.length === 0) return undefined
  return (a, b) => {
    for (const compare of parts) {
      const result = compare(a, b)
      if (result !== 0) return result
    }
    return 0
  }
}

function withNulls(column: StoredColumn, { descending, nullsLast }: MatchOrder): Compare {
  const compare = valuesOf(column)
  const isNull = (row: number): boolean => column.nulls !== null && column.nulls[row] === 1
  return (a, b) => {
    const [aNull, bNull] = [isNull(a), isNull(b)]
    if (aNull || bNull) return aNull === bNull ? 0 : aNull === nullsLast ? 1 : -1
    return descending ? -compare(a, b) : compare(a, b)
  }
}

function valuesOf(column: StoredColumn): Compare {
  if (column instanceof BytesStore) {
    return (a, b) => {
      const { data, starts, lengths } = column
      const [start, other] = [starts[a] as number, starts[b] as number]
      return compareBytes(data, start, lengths[a] as number, data, other, lengths[b] as number)
    }
  }
  if (!(column instanceof FixedStore)) return () => 0
  if (column.kind === 'i128') {
    const at = (row: number): bigint => readInt128(column.values as BigInt64Array, row)
    return (a, b) => order(at(a), at(b))
  }
  return (a, b) => order(column.values[a] as number, column.values[b] as number)
}

/** NaN is above all numbers, as in Java. */
function order(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1
  if (a > b) return 1
  return Number(a !== a) - Number(b !== b)
}
