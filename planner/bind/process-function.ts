/**
 * `f(input => TABLE t [PARTITION BY k], name => value)` of a function of the catalog that takes a table
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/functions/ptfs/).
 */
import type { FunctionSpec, UserFunction } from '../../catalog/function.ts'
import type { Field } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import type { Expression } from '../expression.ts'
import type { LogicalNode } from '../logical/node.ts'
import { createProcessFunction } from '../logical/process-function.ts'
import { createProject } from '../logical/project.ts'
import { isBatch } from '../physical/batch.ts'
import { type BinderContext, errorAt, statementPosition, unsupported } from './binder-context.ts'
import { bindArguments } from './call.ts'
import { expressionContext } from './expression.ts'
import { bindArgument } from './function-call.ts'
import { renameFields, uniqueNames } from './names.ts'
import {
  bindTableArgument,
  matchArguments,
  type PlanTableSource,
  type TableFunctionArguments,
  type TableFunctionForm,
} from './table-argument.ts'
import { EMPTY_SCOPE } from './scope.ts'
import { withoutTimeAttribute } from './types.ts'

const UID = 'uid'

export function bindProcessFunction(
  context: BinderContext,
  call: ast.CallExpression,
  spec: FunctionSpec,
  user: UserFunction,
  planSource: PlanTableSource,
): LogicalNode {
  if (isBatch(context.planner)) {
    const hint = "SET 'execution.runtime-mode' = 'streaming'."
    throw unsupported(context, call.span, `${spec.name}, a function that takes a table, in batch mode`, hint)
  }
  const form = formOf(spec, user)
  const args = matchArguments(context, call, form)
  const { input, partitionKeys } = bindTableArgument(context, call, args, form, planSource)
  checkSemantics(context, call, form, user, partitionKeys.length > 0)
  const scalars = scalarArguments(context, call, args, form, user)
  const { converted } = bindArguments(context, spec, [rowOf(input), ...scalars], call.span)
  const { fields } = input.schema
  const computed = converted.map(({ type }, index): Field => ({ name: `$f${fields.length + index}`, type }))
  const columns = fields.map(({ type }, index): Expression => ({ kind: 'input', index, type }))
  const projected = createProject(input, [...columns, ...converted], { fields: [...fields, ...computed] })
  const uid = uidOf(context, args, spec.name)
  const node = createProcessFunction(
    projected,
    {
      function: user,
      args: computed.map((_, index) => fields.length + index),
      keys: partitionKeys,
      ...(uid === undefined ? {} : { name: uid }),
    },
    statementPosition(context, call.span),
  )
  return renameFields(node, uniqueNames(node.schema.fields))
}

function formOf({ name }: FunctionSpec, { parameters, table }: UserFunction): TableFunctionForm {
  const names = parameters.map((parameter, index) => (parameter.name ?? `arg${index}`).toLowerCase())
  const [first, ...rest] = names
  const partition = table === 'set' ? ' PARTITION BY k' : ''
  const usage = `${name}(${[`${first} => TABLE t${partition}`, ...rest.map((other) => `${other} => …`)].join(', ')})`
  return { name, parameters: table === 'set' ? [...names, UID] : names, usage }
}

function checkSemantics(
  context: BinderContext,
  call: ast.CallExpression,
  { name, usage }: TableFunctionForm,
  { table }: UserFunction,
  isPartitioned: boolean,
): void {
  if (isPartitioned === (table === 'set')) return
  const text = isPartitioned
    ? `${name} takes rows one by one (ROW SEMANTICS), without PARTITION BY`
    : `${name} takes the rows of each key together (SET SEMANTICS), and needs PARTITION BY`
  throw errorAt(context, call.span, 'INVALID_ARGUMENT', text, { hint: `Write ${usage}.` })
}

/** They know no columns: they are the same for all rows. */
function scalarArguments(
  context: BinderContext,
  call: ast.CallExpression,
  args: TableFunctionArguments,
  { name, parameters, usage }: TableFunctionForm,
  user: UserFunction,
): readonly Expression[] {
  const expressions = expressionContext(context, EMPTY_SCOPE, `an argument of ${name}`)
  return parameters.slice(1, user.parameters.length).map((parameter) => {
    const argument = args.get(parameter)
    if (argument !== undefined) return bindArgument(expressions, argument, name)
    throw errorAt(context, call.span, 'INVALID_ARGUMENT', `${name} needs "${parameter}"`, { hint: `Write ${usage}.` })
  })
}

function rowOf({ schema }: LogicalNode): Expression {
  const fields = schema.fields.map((field) => ({ ...field, type: withoutTimeAttribute(field.type) }))
  const args = schema.fields.map(({ type }, index): Expression => ({ kind: 'input', index, type }))
  return { kind: 'call', function: 'ROW', args, type: { kind: 'ROW', fields, nullable: false } }
}

function uidOf(context: BinderContext, args: TableFunctionArguments, name: string): string | undefined {
  const argument = args.get(UID)
  if (argument === undefined || argument.kind === 'string') return argument?.value
  throw errorAt(context, argument.span, 'INVALID_ARGUMENT', `"uid" of ${name} must be a character literal`)
}
