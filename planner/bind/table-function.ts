/** TABLE(f(…)) of a table function. */
import type { FunctionSpec } from '../../catalog/function.ts'
import type * as ast from '../../parser/ast.ts'
import { type BinderContext, errorAt, unsupported } from './binder-context.ts'
import { bindArguments, requireFunction } from './call.ts'
import type { BoundInvocation } from './correlate.ts'
import { expressionContext } from './expression.ts'
import { bindArgument, functionName } from './function-call.ts'
import type { Scope } from './scope.ts'

export function bindTableFunctionCall(context: BinderContext, node: ast.TableFunction, scope: Scope): BoundInvocation {
  const { call } = node
  const name = functionName(call)
  const spec = requireFunction(context, name, call.name.span)
  const { user } = spec
  if (spec.kind !== 'table') throw notATable(context, node, spec)
  if (user === undefined) throw unsupported(context, node.span, `table function ${spec.name}`)
  if (user.table !== undefined) {
    const hint = `Write FROM ${spec.name}(TABLE t), without LATERAL.`
    throw errorAt(context, call.span, 'INVALID_ARGUMENT', `${spec.name} takes a table`, { hint })
  }
  const expressions = expressionContext(context, scope, `an argument of ${spec.name}`)
  const given = call.arguments.map((argument) => bindArgument(expressions, argument, spec.name))
  const { converted } = bindArguments(context, spec, given, call.span)
  return {
    args: converted,
    invoke: (args) => ({ kind: 'user', function: user, args }),
    names: user.result.map((field) => field.name),
  }
}

function notATable(context: BinderContext, node: ast.TableFunction, spec: FunctionSpec): Error {
  return errorAt(
    context,
    node.call.span,
    'INVALID_ARGUMENT',
    `${spec.kind} function ${spec.name} cannot stand in FROM, as it returns no table`,
  )
}
