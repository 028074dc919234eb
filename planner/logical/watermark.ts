/** Declares the rowtime attribute of its input and how watermarks follow from it. */
import type { Schema } from '../../core/types.ts'
import type { WatermarkStrategy } from '../physical/graph.ts'
import type { LogicalNode } from './node.ts'

export interface WatermarkAssigner {
  readonly kind: 'watermark'
  readonly input: LogicalNode
  readonly strategy: WatermarkStrategy
  readonly schema: Schema
}

export function createWatermark(input: LogicalNode, strategy: WatermarkStrategy): WatermarkAssigner {
  const fields = input.schema.fields.map((field, index) => {
    const { type } = field
    if (index !== strategy.rowtime || (type.kind !== 'TIMESTAMP' && type.kind !== 'TIMESTAMP_LTZ')) return field
    return { ...field, type: { ...type, timeAttribute: 'rowtime' as const } }
  })
  return { kind: 'watermark', input, strategy, schema: { fields } }
}
