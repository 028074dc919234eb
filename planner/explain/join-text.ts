/** Joins in EXPLAIN, in Flink's words. */
import { unreachable } from '../../core/errors.ts'
import type { Schema } from '../../core/types.ts'
import { conjunction } from '../expression-rewrite.ts'
import type { Expression } from '../expression.ts'
import { bothSides, type JoinType } from '../logical/join.ts'
import type { DraftNode } from '../physical/draft.ts'
import { inputSpecText } from '../physical/join-input.ts'
import { expressionText } from './expression-text.ts'

/** `Join(joinType=[InnerJoin], where=[(a = b)], select=[a, b], leftInputSpec=[NoUniqueKey], rightInputSpec=[…])`. */
export function joinText(node: Extract<DraftNode, { kind: 'join' }>, left: Schema, right: Schema): string {
  const select = node.schema.fields.map((field) => field.name).join(', ')
  const specs = `leftInputSpec=[${inputSpecText(node.left)}], rightInputSpec=[${inputSpecText(node.right)}]`
  return `Join(joinType=[${joinTypeText(node.joinType)}], where=[${whereText(node, left, right)}], select=[${select}], ${specs})`
}

function whereText(node: Extract<DraftNode, { kind: 'join' }>, left: Schema, right: Schema): string {
  const fields = bothSides(left, right)
  const column = (index: number): Expression => ({
    kind: 'input',
    index,
    type: fields[index]?.type ?? { kind: 'NULL', nullable: true },
  })
  const equalities = node.left.keys.map((key, index): Expression => {
    const other = (node.right.keys[index] ?? 0) + left.fields.length
    return {
      kind: 'call',
      function: node.filterNulls[index] === true ? '=' : 'IS NOT DISTINCT FROM',
      args: [column(key), column(other)],
      type: { kind: 'BOOLEAN', nullable: true },
    }
  })
  const condition = conjunction([...equalities, ...(node.condition === undefined ? [] : [node.condition])])
  if (condition === undefined) return 'true'
  return expressionText(
    condition,
    fields.map((field) => field.name),
  )
}

export function joinTypeText(joinType: JoinType): string {
  switch (joinType) {
    case 'inner':
      return 'InnerJoin'
    case 'left':
      return 'LeftOuterJoin'
    case 'right':
      return 'RightOuterJoin'
    case 'full':
      return 'FullOuterJoin'
    case 'semi':
      return 'LeftSemiJoin'
    case 'anti':
      return 'LeftAntiJoin'
    default:
      return unreachable(joinType)
  }
}
