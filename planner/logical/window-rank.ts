/**
 * The rows of each window and partition whose ROW_NUMBER is in a range: the input's columns, then the number where it
 * is wanted.
 */
import type { SourcePosition } from '../../core/errors.ts'
import type { Schema } from '../../core/types.ts'
import type { SortField } from '../expression.ts'
import type { AttachedWindow, WindowSpec } from '../physical/window-spec.ts'
import type { LogicalNode } from './node.ts'

export interface WindowRank {
  readonly kind: 'window-rank'
  readonly input: LogicalNode
  readonly window: WindowSpec
  readonly attached: AttachedWindow
  /** Without the window's columns. */
  readonly partition: readonly number[]
  readonly order: readonly SortField[]
  readonly start: number
  readonly end: number
  readonly outputRankNumber: boolean
  /** Name of the number's column. */
  readonly rankName: string
  /** Of OVER in the statement, for errors. */
  readonly position: SourcePosition
  readonly schema: Schema
}

export function createWindowRank(rank: Omit<WindowRank, 'kind' | 'schema'>): WindowRank {
  const { fields } = rank.input.schema
  const number = { name: rank.rankName, type: { kind: 'BIGINT', nullable: false } } as const
  return { ...rank, kind: 'window-rank', schema: { fields: rank.outputRankNumber ? [...fields, number] : fields } }
}
