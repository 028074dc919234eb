/**
 * `JOIN t FOR SYSTEM_TIME AS OF left.time`
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/joins/#temporal-joins).
 */
import type * as ast from '../../parser/ast.ts'
import { positionOf } from '../../parser/ast.ts'
import type { Expression } from '../expression.ts'
import { createTemporalJoin } from '../logical/temporal-join.ts'
import type { BoundSource } from './alias.ts'
import { type BinderContext, errorAt } from './binder-context.ts'
import { bindExpression, expressionContext } from './expression.ts'
import { bindJoin } from './join.ts'
import { timeAttributeOf } from './types.ts'

export function bindTemporalJoin(
  context: BinderContext,
  node: ast.Join,
  left: BoundSource,
  right: BoundSource,
  systemTime: ast.Expression,
): BoundSource {
  if (node.type === 'RIGHT' || node.type === 'FULL') {
    throw errorAt(
      context,
      node.span,
      'UNSUPPORTED_FEATURE',
      `${node.type} JOIN does not go with FOR SYSTEM_TIME AS OF`,
      {
        detail: 'Temporal joins are INNER or LEFT.',
      },
    )
  }
  const period = bindPeriod(context, left, systemTime)
  const name = right.scope.relations[0]?.names.at(-1)
  const lookup = (name === undefined ? undefined : context.lookupHints.get(name)) ?? {}
  return bindJoin(context, node, left, right, (joinType, condition) =>
    createTemporalJoin({
      joinType: joinType === 'left' ? 'left' : 'inner',
      left: left.plan,
      right: right.plan,
      condition,
      ...(timeAttributeOf(period.type) === 'rowtime' ? { leftTime: period.index } : {}),
      lookup,
      position: positionOf(context.sql, node.span),
    }),
  )
}

function bindPeriod(
  context: BinderContext,
  left: BoundSource,
  systemTime: ast.Expression,
): Extract<Expression, { kind: 'input' }> {
  const period = bindExpression(expressionContext(context, left.scope, 'FOR SYSTEM_TIME AS OF'), systemTime)
  if (period.kind === 'input' && timeAttributeOf(period.type) !== undefined) return period
  throw errorAt(
    context,
    systemTime.span,
    'UNSUPPORTED_FEATURE',
    "Temporal table join currently only supports 'FOR SYSTEM_TIME AS OF' left table's time attribute field",
    { hint: 'Write a column with a WATERMARK, or one AS PROCTIME(), of the table on the left.' },
  )
}
