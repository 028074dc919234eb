/** An item of FROM under its alias. */
import type { Field } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { LogicalNode } from '../logical/node.ts'
import { type BinderContext, errorAt } from './binder-context.ts'
import { type Scope, scopeOf } from './scope.ts'

export interface BoundSource {
  readonly plan: LogicalNode
  readonly scope: Scope
}

/** The plan under its alias; the alias's column list renames the columns. */
export function aliased(
  context: BinderContext,
  plan: LogicalNode,
  names: readonly string[],
  alias: ast.TableAlias | undefined,
): BoundSource {
  if (alias === undefined) return { plan, scope: scopeOf(names, plan.schema.fields) }
  const fields = alias.columns.length === 0 ? plan.schema.fields : renamed(context, plan.schema.fields, alias)
  return { plan, scope: scopeOf([alias.name.name], fields) }
}

export function renamed(context: BinderContext, fields: readonly Field[], alias: ast.TableAlias): readonly Field[] {
  if (alias.columns.length !== fields.length) {
    throw errorAt(
      context,
      alias.span,
      'INVALID_ARGUMENT',
      `alias "${alias.name.name}" names ${alias.columns.length} columns, but there are ${fields.length}`,
    )
  }
  return fields.map((field, index) => ({ ...field, name: alias.columns[index]?.name ?? field.name }))
}
