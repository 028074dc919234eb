/** UNION ALL of inputs that have the same types already. */
import type { Schema } from '../../core/types.ts'
import type { LogicalNode } from './node.ts'

export interface Union {
  readonly kind: 'union'
  readonly inputs: readonly LogicalNode[]
  readonly schema: Schema
}

export function createUnion(inputs: readonly LogicalNode[], schema: Schema): Union {
  return { kind: 'union', inputs, schema }
}
