/** TO_CHANGELOG: the changes of its input as rows that are only appended. The input's columns, then the operation's. */
import { type Field, type Schema, STRING } from '../../core/types.ts'
import { withoutTimeAttribute } from '../bind/types.ts'
import type { ToChangelogSpec } from '../physical/graph.ts'
import type { LogicalNode } from './node.ts'

export interface ToChangelog {
  readonly kind: 'to-changelog'
  readonly input: LogicalNode
  readonly spec: ToChangelogSpec
  readonly schema: Schema
}

export function createToChangelog(input: LogicalNode, spec: ToChangelogSpec): ToChangelog {
  const fields = [...plainFields(input.schema), { name: spec.op, type: STRING }]
  return { kind: 'to-changelog', input, spec, schema: { fields } }
}

/** What a function returns has no time attributes. */
export function plainFields({ fields }: Schema): readonly Field[] {
  return fields.map((field) => ({ ...field, type: withoutTimeAttribute(field.type) }))
}
