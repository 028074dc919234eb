/** Where the rows and the numbers of an operator's state go when it is divided otherwise. */
import { dataView } from '../../core/byte-copy.ts'
import { columnsOf } from '../../planner/physical/distribution.ts'
import type { TablePage } from '../../state/table/page.ts'
import { readPage } from '../../state/table/page-bytes.ts'
import { gatherStored, type Route } from '../../state/table/redistribution.ts'
import type { StatePage } from '../operators/operator.ts'
import type { KeyGroups } from '../runtime/exchange/partitioner.ts'

/** Where the rows of an operator go. */
export interface Placement {
  /** How many parts there will be. */
  readonly targets: number
  /** Of the keys that say so. */
  readonly groups: KeyGroups
  /** Positions of these among the operator's keys; undefined: all of them, in their order. */
  readonly division: readonly number[] | undefined
}

/** By part: its pages of a table. */
export function pagesOfTable(
  parts: readonly (readonly StatePage[])[],
  table: string,
): readonly (readonly TablePage[])[] {
  return parts.map((part) =>
    part.flatMap(({ table: name, page, bytes }) => (name === table && bytes !== null ? [{ page, bytes }] : [])),
  )
}

/** @param key columns of a stored table */
export function routeByKey(key: readonly number[], { targets, groups, division }: Placement): Route {
  return (columns, rows) => {
    const workers = new Int32Array(rows.length)
    if (targets === 1) return workers
    const keys = columnsOf(key, division).flatMap((column) => columns[column] ?? [])
    groups.workersOf(gatherStored(keys, rows), rows.length, workers)
    return workers
  }
}

/**
 * A number that each part has one of: what the new parts get. A part without it has that of the beginning, below all
 * others.
 *
 * @param parts by old part: its pages of the number
 */
export function mergedNumber(
  parts: readonly (readonly TablePage[])[],
  merge: 'lowest' | 'highest' | 'sum',
  targets: number,
): readonly (readonly TablePage[])[] {
  const pages = parts.flat()
  const numbers = pages.flatMap(({ bytes }) => (bytes === null ? [] : [dataView(readPage(bytes)).getFloat64(0, true)]))
  if (numbers.length === 0 || (merge === 'lowest' && numbers.length < parts.length)) return []
  const sum = numbers.reduce((a, b) => a + b)
  const merged = merge === 'sum' ? sum : merge === 'lowest' ? Math.min(...numbers) : Math.max(...numbers)
  return Array.from({ length: targets }, (_, subtask) => {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setFloat64(0, merge === 'sum' && subtask > 0 ? 0 : merged, true)
    return [{ page: 0, bytes }]
  })
}
