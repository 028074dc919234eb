/**
 * A regular join may emit a row at any time, so that rowtime attributes of its input are plain timestamps behind it
 * (Flink's RelTimeIndicatorConverter). Windows, interval joins and orders by time above it have none to go by.
 */
import type { Field, Schema } from '../../core/types.ts'
import { timeAttributeOf, withoutTimeAttribute } from '../bind/types.ts'
import type { Expression } from '../expression.ts'
import { mapInputs } from '../expression-rewrite.ts'
import { createCorrelate } from '../logical/correlate.ts'
import { createFilter } from '../logical/filter.ts'
import { createJoin, type Join } from '../logical/join.ts'
import { type LogicalNode, mapLogicalInputs } from '../logical/node.ts'
import { createProject } from '../logical/project.ts'
import { createTemporalJoin } from '../logical/temporal-join.ts'
import { isTimedJoin } from '../physical/timed-join.ts'

export function materializeTimes(node: LogicalNode): LogicalNode {
  const below = mapLogicalInputs(node, materializeTimes)
  switch (below.kind) {
    case 'join':
      return withoutRowtimes(retyped(below))
    case 'temporal-join': {
      const fields = [...below.left.schema.fields, ...below.right.schema.fields]
      return createTemporalJoin({ ...below, condition: retype(below.condition, fields) })
    }
    case 'filter':
      return createFilter(below.input, retype(below.condition, below.input.schema.fields))
    case 'project': {
      const { input, schema } = below
      const expressions = below.expressions.map((expression) => retype(expression, input.schema.fields))
      const fields = schema.fields.map((field, index): Field => {
        const expression = expressions[index]
        const lost = expression?.kind === 'input' && timeAttributeOf(expression.type) === undefined
        return lost ? { ...field, type: withoutTimeAttribute(field.type) } : field
      })
      return createProject(input, expressions, { fields })
    }
    case 'correlate':
      return createCorrelate(below.input, below.invocation, below.joinType, below.condition)
    default:
      return below
  }
}

/** The join over the columns that its inputs have. */
function retyped(join: Join): Join {
  const { joinType, left, right, condition } = join
  return createJoin(joinType, left, right, retype(condition, [...left.schema.fields, ...right.schema.fields]), join)
}

function withoutRowtimes(join: Join): Join {
  if (!join.schema.fields.some(isRowtime) || isTimedJoin(join)) return join
  return { ...join, schema: plainTimes(join.schema) }
}

function isRowtime({ type }: Field): boolean {
  return timeAttributeOf(type) === 'rowtime'
}

function plainTimes({ fields }: Schema): Schema {
  return {
    fields: fields.map((field) => (isRowtime(field) ? { ...field, type: withoutTimeAttribute(field.type) } : field)),
  }
}

/** References that have lost their time attribute. */
function retype(expression: Expression, fields: readonly Field[]): Expression {
  return mapInputs(expression, (input) => {
    const type = fields[input.index]?.type
    const lost = type !== undefined && timeAttributeOf(type) === undefined && timeAttributeOf(input.type) !== undefined
    return lost ? { ...input, type: withoutTimeAttribute(input.type) } : input
  })
}
