/** `(start, end or interval) OVERLAPS (start, end or interval)`: whether two periods share a point of time. */
import type * as ast from '../../parser/ast.ts'
import type { Expression } from '../expression.ts'
import { errorAt } from './binder-context.ts'
import { applyFunction } from './call.ts'
import { commonType, isInterval } from './coercion.ts'
import type { ExpressionContext } from './expression-context.ts'
import { typeList } from './types.ts'

interface Period {
  readonly first: Expression
  readonly last: Expression
}

/** Periods belong to both of their ends, which may be given in either order. */
export function bindOverlaps(context: ExpressionContext, node: ast.BinaryExpression): Expression {
  const [left, right] = [bindPeriod(context, node.left), bindPeriod(context, node.right)]
  const call = (name: string, a: Expression, b: Expression): Expression =>
    applyFunction(context, name, [a, b], node.span)
  return call('AND', call('>=', left.last, right.first), call('>=', right.last, left.first))
}

function bindPeriod(context: ExpressionContext, node: ast.Expression): Period {
  const [from, to] = node.kind === 'row' ? node.fields.map(({ value }) => context.bind(context, value)) : []
  if (node.kind !== 'row' || from === undefined || to === undefined || node.fields.length !== 2) {
    throw errorAt(context, node.span, 'INVALID_ARGUMENT', 'OVERLAPS takes two periods', {
      hint: 'Write (start, end) OVERLAPS (start, end); an interval can stand for an end.',
    })
  }
  const end = isInterval(to.type) ? applyFunction(context, '+', [from, to], node.span) : to
  const type = commonType([from.type, end.type])
  if (type === undefined || !['DATE', 'TIME', 'TIMESTAMP', 'TIMESTAMP_LTZ'].includes(type.kind)) {
    throw errorAt(
      context,
      node.span,
      'TYPE_MISMATCH',
      `OVERLAPS takes datetimes, not ${typeList([from.type, to.type])}`,
    )
  }
  const isBackwards = applyFunction(context, '>', [from, end], node.span)
  const either = (one: Expression, other: Expression): Expression => ({
    kind: 'case',
    whens: [{ condition: isBackwards, result: one }],
    otherwise: other,
    type: { ...type, nullable: from.type.nullable || end.type.nullable },
  })
  return { first: either(end, from), last: either(from, end) }
}
