/** Window functions of one window: the input's columns, then one for each call. */
import type { SourcePosition } from '../../core/errors.ts'
import type { Schema } from '../../core/types.ts'
import type { AggregateCall, SortField } from '../expression.ts'
import type { OverFrame } from '../physical/graph.ts'
import type { LogicalNode } from './node.ts'

export interface Over {
  readonly kind: 'over'
  readonly input: LogicalNode
  readonly partition: readonly number[]
  readonly order: readonly SortField[]
  readonly frame: OverFrame
  readonly calls: readonly AggregateCall[]
  /** Of the first call's OVER in the statement, for errors. */
  readonly position: SourcePosition
  readonly schema: Schema
}

export function createOver(over: Omit<Over, 'kind' | 'schema'>): Over {
  const fields = [...over.input.schema.fields, ...over.calls.map(({ name, type }) => ({ name, type }))]
  return { ...over, kind: 'over', schema: { fields } }
}
