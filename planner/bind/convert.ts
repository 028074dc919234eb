/** Columns brought to types that several queries share. */
import { type Field, type SqlType, typeToString } from '../../core/types.ts'
import type { Span } from '../../parser/ast.ts'
import type { Expression } from '../expression.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createProject } from '../logical/project.ts'
import { type BinderContext, errorAt } from './binder-context.ts'
import { implicitCast } from './call.ts'
import { commonType } from './coercion.ts'
import { typeList } from './types.ts'

/** @throws MillraceError TYPE_MISMATCH where the types have none in common */
export function sharedType(context: BinderContext, types: readonly SqlType[], what: string, span: Span): SqlType {
  const type = commonType(types)
  if (type !== undefined) return type
  throw errorAt(context, span, 'TYPE_MISMATCH', `${what} has no common type: ${typeList(types)}`, {
    hint: 'CAST some of them.',
  })
}

/** The node with its columns cast to the fields' types and under their names. */
export function convertColumns(input: LogicalNode, fields: readonly Field[]): LogicalNode {
  const expressions = input.schema.fields.map((field, index): Expression => {
    const reference: Expression = { kind: 'input', index, type: field.type }
    const target = fields[index]?.type
    return target === undefined ? reference : implicitCast(reference, target)
  })
  const same = expressions.every((expression, index) => {
    const from = input.schema.fields[index]
    return (
      expression.kind === 'input' &&
      from?.name === fields[index]?.name &&
      typeText(from?.type) === typeText(fields[index]?.type)
    )
  })
  return same ? input : createProject(input, expressions, { fields })
}

function typeText(type: SqlType | undefined): string {
  return type === undefined ? '' : typeToString(type)
}
