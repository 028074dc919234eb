/**
 * A join of two inputs. Output: the left columns, then the right ones; of a semi or anti join the left ones alone. The
 * side of an outer join that may be missing has NULLs there. The condition is over the columns of both sides.
 */
import { type Field, type Schema, withNullability } from '../../core/types.ts'
import type { SourcePosition } from '../../core/errors.ts'
import { uniqueNames } from '../bind/names.ts'
import type { Expression } from '../expression.ts'
import type { LogicalNode } from './node.ts'

export type JoinType = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti'

export interface Join {
  readonly kind: 'join'
  readonly joinType: JoinType
  readonly left: LogicalNode
  readonly right: LogicalNode
  /** TRUE for a cross join. Of a semi or anti join too it is over the left columns, then the right ones. */
  readonly condition: Expression
  /** STATE_TTL hints, in milliseconds; absent: `table.exec.state.ttl`. */
  readonly stateTtl?: JoinStateTtl
  /** Of the join in the statement, for errors. */
  readonly position?: SourcePosition
  readonly schema: Schema
}

export interface JoinStateTtl {
  readonly left?: number
  readonly right?: number
}

type JoinOptions = Pick<Join, 'stateTtl' | 'position'>

export function createJoin(
  joinType: JoinType,
  left: LogicalNode,
  right: LogicalNode,
  condition: Expression,
  options: JoinOptions = {},
): Join {
  const { stateTtl, position } = options
  return {
    kind: 'join',
    joinType,
    left,
    right,
    condition,
    ...(stateTtl === undefined ? {} : { stateTtl }),
    ...(position === undefined ? {} : { position }),
    schema: { fields: joinFields(joinType, left.schema, right.schema) },
  }
}

/** Columns of both sides under names of their own, as the condition sees them. */
export function bothSides(left: Schema, right: Schema): readonly Field[] {
  const fields = [...left.fields, ...right.fields]
  const names = uniqueNames(fields)
  return fields.map((field, index) => ({ ...field, name: names[index] ?? field.name }))
}

function joinFields(joinType: JoinType, left: Schema, right: Schema): readonly Field[] {
  if (joinType === 'semi' || joinType === 'anti') return left.fields
  const width = left.fields.length
  return bothSides(left, right).map((field, index) => {
    const missing = index < width ? leftMayMiss(joinType) : rightMayMiss(joinType)
    return missing ? { ...field, type: withNullability(field.type, true) } : field
  })
}

export function leftMayMiss(joinType: JoinType): boolean {
  return joinType === 'right' || joinType === 'full'
}

export function rightMayMiss(joinType: JoinType): boolean {
  return joinType === 'left' || joinType === 'full'
}
