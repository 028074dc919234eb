/** ORDER BY, with or without LIMIT. */
import type { SourcePosition } from '../../core/errors.ts'
import type { Schema } from '../../core/types.ts'
import type { SortField } from '../expression.ts'
import type { LogicalNode } from './node.ts'

export interface Sort {
  readonly kind: 'sort'
  readonly input: LogicalNode
  /** At least one. */
  readonly order: readonly SortField[]
  readonly offset: number
  /** Absent: all rows from `offset` on. */
  readonly fetch?: number
  /** Of ORDER BY in the statement, for errors. */
  readonly position: SourcePosition
  readonly schema: Schema
}

export function createSort(sort: Omit<Sort, 'kind' | 'schema'>): Sort {
  return { ...sort, kind: 'sort', schema: sort.input.schema }
}
