/** TUMBLE, HOP, CUMULATE, SESSION: the input's columns, then window_start, window_end and window_time. */
import type { Field, Schema } from '../../core/types.ts'
import type { WindowSpec } from '../physical/window-spec.ts'
import type { LogicalNode } from './node.ts'
import { windowPropertyType } from './window-aggregate.ts'

export const WINDOW_COLUMNS = ['window_start', 'window_end', 'window_time'] as const

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

function windowFields(input: Schema, window: WindowSpec): readonly Field[] {
  const timeType = input.fields[window.timeColumn]?.type ?? { kind: 'NULL', nullable: true }
  return WINDOW_COLUMNS.map((name) => ({ name, type: windowPropertyType(name, window.time, timeType) }))
}
