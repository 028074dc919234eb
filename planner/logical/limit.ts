/** LIMIT and OFFSET without ORDER BY. */
import type { SourcePosition } from '../../core/errors.ts'
import type { Schema } from '../../core/types.ts'
import type { LogicalNode } from './node.ts'

export interface Limit {
  readonly kind: 'limit'
  readonly input: LogicalNode
  readonly offset: number
  readonly fetch: number
  /** Of LIMIT's number in the statement, for errors. */
  readonly position: SourcePosition
  readonly schema: Schema
}

export function createLimit(input: LogicalNode, offset: number, fetch: number, position: SourcePosition): Limit {
  return { kind: 'limit', input, offset, fetch, position, schema: input.schema }
}
