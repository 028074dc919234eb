/** Keeps the rows for which the condition is TRUE. */
import type { Schema } from '../../core/types.ts'
import type { Expression } from '../expression.ts'
import type { LogicalNode } from './node.ts'

export interface Filter {
  readonly kind: 'filter'
  readonly input: LogicalNode
  readonly condition: Expression
  readonly schema: Schema
}

export function createFilter(input: LogicalNode, condition: Expression): Filter {
  return { kind: 'filter', input, condition, schema: input.schema }
}
