/**
 * A table function for every row: UNNEST, and LATERAL TABLE(f(…)). Output: the input's columns, then the function's;
 * a left join keeps rows for which the function gives nothing, with NULLs.
 */
import { type Field, INT, mapTypes, type Schema, type SqlType, withNullability } from '../../core/types.ts'
import { withoutTimeAttribute } from '../bind/types.ts'
import type { Expression } from '../expression.ts'
import type { TableInvocation } from '../physical/graph.ts'
import type { LogicalNode } from './node.ts'

export interface Correlate {
  readonly kind: 'correlate'
  readonly input: LogicalNode
  readonly invocation: TableInvocation
  readonly joinType: 'inner' | 'left'
  /** Of a left join, over its output: rows of the function for which it is not TRUE are as if they were not there. */
  readonly condition?: Expression
  readonly schema: Schema
}

export function createCorrelate(
  input: LogicalNode,
  invocation: TableInvocation,
  joinType: 'inner' | 'left',
  condition?: Expression,
): Correlate {
  const used = new Set(input.schema.fields.map((field) => field.name))
  const made = invocationFields(input.schema, invocation).map((field): Field => {
    let name = field.name
    for (let number = 0; used.has(name); number++) name = `${field.name}${number}`
    used.add(name)
    return { name, type: joinType === 'left' ? withNullability(field.type, true) : field.type }
  })
  const fields = [...input.schema.fields, ...made]
  const correlate: Correlate = { kind: 'correlate', input, invocation, joinType, schema: { fields } }
  return condition === undefined ? correlate : { ...correlate, condition }
}

/** The invocation over other positions of the same columns. */
export function moveInvocation(invocation: TableInvocation, move: (column: number) => number): TableInvocation {
  return invocation.kind === 'unnest'
    ? { ...invocation, args: [move(invocation.args[0])] }
    : { ...invocation, args: invocation.args.map(move) }
}

/** Columns of the function's result. */
export function invocationFields(input: Schema, invocation: TableInvocation): readonly Field[] {
  if (invocation.kind === 'user') return invocation.function.result
  if (invocation.kind === 'replicate-rows') {
    return invocation.args.slice(1).flatMap((column) => input.fields[column] ?? [])
  }
  const type = input.fields[invocation.args[0]]?.type
  const fields = type === undefined ? [] : (unnestedFields(type) ?? [])
  if (!invocation.withOrdinality) return fields
  return [...fields, { name: 'ordinality', type: withNullability(INT, false) }]
}

/**
 * Of an ARRAY or MULTISET the element, of ROWs their fields; of a MAP key and value. Undefined for other types, which
 * cannot be unnested.
 */
export function unnestedFields(collection: SqlType): readonly Field[] | undefined {
  if (collection.kind === 'MAP') {
    const pair = mapTypes(collection)
    if (pair === undefined) return undefined
    return [
      { name: 'f0', type: withoutTimeAttribute(pair.key) },
      { name: 'f1', type: withoutTimeAttribute(pair.value) },
    ]
  }
  if (collection.kind !== 'ARRAY' && collection.kind !== 'MULTISET') return undefined
  const { element } = collection
  if (element.kind !== 'ROW') return [{ name: 'f0', type: element }]
  return element.fields.map(({ name, type }) => ({
    name,
    type: withNullability(type, type.nullable || element.nullable),
  }))
}
