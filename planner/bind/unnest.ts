/** UNNEST of one collection. */
import { typeToString, withNullability } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { Expression } from '../expression.ts'
import { unnestedFields } from '../logical/correlate.ts'
import { type BinderContext, errorAt, unsupported } from './binder-context.ts'
import type { BoundInvocation } from './correlate.ts'
import { bindExpression, expressionContext } from './expression.ts'
import type { Scope } from './scope.ts'

export function bindUnnestCall(
  context: BinderContext,
  node: ast.Unnest,
  scope: Scope,
  joinType: 'inner' | 'left',
): BoundInvocation {
  const { withOrdinality } = node
  const collection = bindCollection(context, node, scope)
  if (withOrdinality && joinType === 'left') {
    throw unsupported(
      context,
      node.span,
      'WITH ORDINALITY in a LEFT JOIN',
      'Write CROSS JOIN UNNEST(…) WITH ORDINALITY.',
    )
  }
  return {
    args: [collection],
    invoke: ([column = 0]) => ({ kind: 'unnest', args: [column], withOrdinality }),
    names: [...standardNames(collection, node.alias?.name.name), 'ORDINALITY'],
  }
}

function bindCollection(context: BinderContext, node: ast.Unnest, scope: Scope): Expression {
  const [operand, second] = node.operands
  if (operand === undefined || second !== undefined) {
    throw unsupported(
      context,
      node.span,
      'UNNEST of several collections',
      'Write CROSS JOIN UNNEST(…) once for each: that gives all combinations.',
    )
  }
  const collection = bindExpression(expressionContext(context, scope, 'UNNEST'), operand)
  if (unnestedFields(collection.type) !== undefined) return collection
  throw errorAt(
    context,
    operand.span,
    'TYPE_MISMATCH',
    `UNNEST needs an ARRAY, MAP or MULTISET, not ${typeToString(withNullability(collection.type, true))}`,
  )
}

/** The names that the SQL standard gives the columns; a column of single values is called as its table. */
function standardNames({ type }: Expression, alias = 'EXPR$0'): readonly string[] {
  if (type.kind === 'MAP') return ['KEY', 'VALUE']
  if (type.kind !== 'ARRAY' && type.kind !== 'MULTISET') return []
  return type.element.kind === 'ROW' ? type.element.fields.map((field) => field.name) : [alias]
}
