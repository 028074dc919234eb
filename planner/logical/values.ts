/** Rows of constant expressions. */
import type { Schema } from '../../core/types.ts'
import type { Expression } from '../expression.ts'

export interface Values {
  readonly kind: 'values'
  readonly rows: readonly (readonly Expression[])[]
  readonly schema: Schema
}

export function createValues(rows: readonly (readonly Expression[])[], schema: Schema): Values {
  return { kind: 'values', rows, schema }
}
