/** FROM_CHANGELOG: rows that tell changes, as those changes. The input's columns without the operation's. */
import type { SourcePosition } from '../../core/errors.ts'
import type { Schema } from '../../core/types.ts'
import type { FromChangelogSpec } from '../physical/graph.ts'
import type { LogicalNode } from './node.ts'
import { plainFields } from './to-changelog.ts'

export interface FromChangelog {
  readonly kind: 'from-changelog'
  readonly input: LogicalNode
  readonly spec: FromChangelogSpec
  readonly schema: Schema
  /** Of the call in the statement. */
  readonly position?: SourcePosition
}

export function createFromChangelog(
  input: LogicalNode,
  spec: FromChangelogSpec,
  position?: SourcePosition,
): FromChangelog {
  const fields = plainFields(input.schema).filter((_, column) => column !== spec.op)
  const node = { kind: 'from-changelog' as const, input, spec, schema: { fields } }
  return position === undefined ? node : { ...node, position }
}

/** The output column that an input column becomes. */
export function behindOp(column: number, op: number): number {
  return column > op ? column - 1 : column
}
