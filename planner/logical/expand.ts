/**
 * Copies every row, once for each grouping set: the input's columns, some of them NULL, and `$e`, which tells the copies
 * apart.
 */
import { BIGINT, type Field, type Schema, withNullability } from '../../core/types.ts'
import type { ExpandCopy } from '../physical/graph.ts'
import type { LogicalNode } from './node.ts'

export interface Expand {
  readonly kind: 'expand'
  readonly input: LogicalNode
  readonly copies: readonly ExpandCopy[]
  readonly schema: Schema
}

export function createExpand(input: LogicalNode, copies: readonly ExpandCopy[]): Expand {
  const [first] = copies
  const fields = (first?.columns ?? []).map((_, index): Field => {
    const source = copies.find((copy) => copy.columns[index] !== null)?.columns[index]
    const field = input.schema.fields[source ?? -1] ?? { name: `$f${index}`, type: { kind: 'NULL', nullable: true } }
    const isMissing = copies.some((copy) => copy.columns[index] === null)
    return isMissing ? { ...field, type: withNullability(field.type, true) } : field
  })
  const id: Field = { name: '$e', type: withNullability(BIGINT, false) }
  return { kind: 'expand', input, copies, schema: { fields: [...fields, id] } }
}
