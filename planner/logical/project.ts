/** Computes columns. The schema gives names and types: an expression may carry a time attribute that the column lost. */
import type { Field, Schema } from '../../core/types.ts'
import type { Expression } from '../expression.ts'
import type { LogicalNode } from './node.ts'

export interface Project {
  readonly kind: 'project'
  readonly input: LogicalNode
  readonly expressions: readonly Expression[]
  readonly schema: Schema
}

export function createProject(input: LogicalNode, expressions: readonly Expression[], schema: Schema): Project {
  return { kind: 'project', input, expressions, schema }
}

/** Some of the input's columns. */
export function selectColumns(input: LogicalNode, columns: readonly number[]): Project {
  const fields: Field[] = []
  const expressions: Expression[] = []
  for (const index of columns) {
    const field = input.schema.fields[index]
    if (field === undefined) continue
    fields.push(field)
    expressions.push({ kind: 'input', index, type: field.type })
  }
  return createProject(input, expressions, { fields })
}
