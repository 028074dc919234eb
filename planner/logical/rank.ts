/** The rows of each partition whose ROW_NUMBER is in a range: the input's columns, then the number where it is wanted. */
import type { SourcePosition } from '../../core/errors.ts'
import type { Schema } from '../../core/types.ts'
import type { SortField } from '../expression.ts'
import type { RankRange } from '../physical/graph.ts'
import type { LogicalNode } from './node.ts'

export interface Rank {
  readonly kind: 'rank'
  readonly input: LogicalNode
  readonly partition: readonly number[]
  readonly order: readonly SortField[]
  readonly range: RankRange
  readonly outputRankNumber: boolean
  /** Name of the number's column. */
  readonly rankName: string
  /** Of OVER in the statement, for errors. */
  readonly position: SourcePosition
  readonly schema: Schema
}

export function createRank(rank: Omit<Rank, 'kind' | 'schema'>): Rank {
  const { fields } = rank.input.schema
  const number = { name: rank.rankName, type: { kind: 'BIGINT', nullable: false } } as const
  return { ...rank, kind: 'rank', schema: { fields: rank.outputRankNumber ? [...fields, number] : fields } }
}
