/** The root of a query whose changelog goes to the session. */
import type { Schema } from '../../core/types.ts'
import type { LogicalNode } from './node.ts'

export interface Collect {
  readonly kind: 'collect'
  readonly input: LogicalNode
  readonly schema: Schema
}

export function createCollect(input: LogicalNode): Collect {
  return { kind: 'collect', input, schema: input.schema }
}
