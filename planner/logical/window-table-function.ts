/** TUMBLE, HOP, CUMULATE: the input's columns, then window_start, window_end and window_time. */
import type { Field, Schema, SqlType } from '../../core/types.ts'
import type { WindowSpec } from '../physical/graph.ts'
import type { LogicalNode } from './node.ts'

export interface WindowTableFunction {
  readonly kind: 'window-table-function'
  readonly input: LogicalNode
  readonly window: WindowSpec
  readonly schema: Schema
}

export function createWindowTableFunction(input: LogicalNode, window: WindowSpec): WindowTableFunction {
  const fields = [...input.schema.fields, ...windowFields(input.schema, window)]
  return { kind: 'window-table-function', input, window, schema: { fields } }
}

/** window_start and window_end are wall-clock readings; window_time has the type of the time attribute. */
export function windowFields(input: Schema, window: WindowSpec): readonly Field[] {
  const time = input.fields[window.timeColumn]?.type
  const ltz = time?.kind === 'TIMESTAMP_LTZ'
  const bound: SqlType = { kind: 'TIMESTAMP', precision: 3, nullable: false }
  const attribute: SqlType = {
    kind: ltz ? 'TIMESTAMP_LTZ' : 'TIMESTAMP',
    precision: 3,
    nullable: false,
    timeAttribute: window.time,
  }
  return [
    { name: 'window_start', type: bound },
    { name: 'window_end', type: bound },
    { name: 'window_time', type: attribute },
  ]
}
