/** A function of the catalog that takes a table. Output: the columns of PARTITION BY, then the function's. */
import type { SourcePosition } from '../../core/errors.ts'
import type { Schema } from '../../core/types.ts'
import type { ProcessFunctionSpec } from '../physical/graph.ts'
import type { LogicalNode } from './node.ts'
import { plainFields } from './to-changelog.ts'

export interface ProcessFunction {
  readonly kind: 'process-function'
  readonly input: LogicalNode
  readonly spec: ProcessFunctionSpec
  readonly schema: Schema
  /** Of the call in the statement. */
  readonly position: SourcePosition
}

export function createProcessFunction(
  input: LogicalNode,
  spec: ProcessFunctionSpec,
  position: SourcePosition,
): ProcessFunction {
  const columns = plainFields(input.schema)
  const fields = [...spec.keys.flatMap((key) => columns[key] ?? []), ...spec.function.result]
  return { kind: 'process-function', input, spec, schema: { fields }, position }
}
