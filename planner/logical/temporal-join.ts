/**
 * `JOIN t FOR SYSTEM_TIME AS OF left.time`: each left row with what the right side had for it at that time. Of event
 * time the right side is a versioned table; of processing time it is a table that rows are looked up in. Output: the
 * left columns, then the right ones, which are no time attributes any more.
 */
import type { SourcePosition } from '../../core/errors.ts'
import type { Field, Schema } from '../../core/types.ts'
import { withoutTimeAttribute } from '../bind/types.ts'
import type { Expression } from '../expression.ts'
import { createJoin } from './join.ts'
import type { LogicalNode } from './node.ts'

export interface TemporalJoin {
  readonly kind: 'temporal-join'
  readonly joinType: 'inner' | 'left'
  readonly left: LogicalNode
  readonly right: LogicalNode
  /** Over the left columns, then the right ones. */
  readonly condition: Expression
  /** Column of the left side's rowtime attribute; absent: processing time. */
  readonly leftTime?: number
  readonly lookup: LookupHint
  /** Of the join in the statement, for errors. */
  readonly position: SourcePosition
  readonly schema: Schema
}

/** What a LOOKUP hint says; durations in milliseconds. */
export interface LookupHint {
  readonly ordered?: boolean
  readonly capacity?: number
  readonly timeout?: number
  readonly retry?: { readonly delay: number; readonly attempts: number }
}

export function createTemporalJoin(join: Omit<TemporalJoin, 'kind' | 'schema'>): TemporalJoin {
  const { joinType, left, right, condition } = join
  const { schema } = createJoin(joinType, left, right, condition)
  const width = left.schema.fields.length
  const fields = schema.fields.map(
    (field, index): Field => (index < width ? field : { ...field, type: withoutTimeAttribute(field.type) }),
  )
  return { ...join, kind: 'temporal-join', schema: { fields } }
}
