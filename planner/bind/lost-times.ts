/** What of FROM and WHERE is still a time attribute in the rest of a SELECT. */
import type { Field, SqlType } from '../../core/types.ts'
import { mapInputs } from '../expression-rewrite.ts'
import { logicalInputs, type LogicalNode } from '../logical/node.ts'
import { isBatch } from '../physical/batch.ts'
import { materializeTimes } from '../rules/materialize-times.ts'
import { pushFilters } from '../rules/push-filters.ts'
import { createRuleContext } from '../rules/rule-context.ts'
import type { BinderContext } from './binder-context.ts'
import type { Scope } from './scope.ts'
import { timeAttributeOf, withoutTimeAttribute } from './types.ts'

/**
 * The scope with the types that its columns have behind the joins of the plan: whether a join keeps rowtime attributes
 * depends on conditions of WHERE too.
 */
export function withoutLostTimes(context: BinderContext, scope: Scope, plan: LogicalNode): Scope {
  if (isBatch(context.planner) || !hasJoin(plan) || !plan.schema.fields.some(hasTime)) return scope
  const { fields } = materializeTimes(pushFilters(plan, createRuleContext(context.planner))).schema
  const plain = (type: SqlType, index: number): SqlType => {
    const now = fields[index]?.type
    return now !== undefined && timeAttributeOf(now) === undefined ? withoutTimeAttribute(type) : type
  }
  const relations = scope.relations.map((relation) => ({
    ...relation,
    fields: relation.fields.map((field, index) => ({ ...field, type: plain(field.type, relation.offset + index) })),
  }))
  const common = (scope.common ?? []).map((column) => ({
    ...column,
    expression: mapInputs(column.expression, (input) => ({ ...input, type: plain(input.type, input.index) })),
  }))
  return { ...scope, relations, common }
}

function hasTime({ type }: Field): boolean {
  return timeAttributeOf(type) !== undefined
}

function hasJoin(node: LogicalNode): boolean {
  return node.kind === 'join' || logicalInputs(node).some(hasJoin)
}
