/** FROM → a plan and the names that it brings into scope. */
import { unreachable, MillraceError } from '../../core/errors.ts'
import { parseOptions } from '../../core/option-values.ts'
import { didYouMean } from '../../core/suggest.ts'
import type { CatalogTable, CatalogView } from '../../catalog/table.ts'
import { pathToString } from '../../catalog/table.ts'
import { requireConnector, tableOptionSpecs } from '../../catalog/table-options.ts'
import type * as ast from '../../parser/ast.ts'
import { positionOf } from '../../parser/ast.ts'
import { parseQuery } from '../../parser/parse.ts'
import type { LogicalNode } from '../logical/node.ts'
import { aliased, type BoundSource } from './alias.ts'
import { type BinderContext, errorAt, statementPosition, unsupported, withPosition } from './binder-context.ts'
import { bindChangelogFunction, isChangelogFunction } from './changelog-function.ts'
import { bindCorrelated, bindUncorrelated, isCorrelated } from './correlate.ts'
import { bindJoin } from './join.ts'
import { bindLateral } from './lateral.ts'
import { bindMatchRecognize } from './match-recognize.ts'
import { functionName } from './function-call.ts'
import { bindProcessFunction } from './process-function.ts'
import type { PlanTableSource } from './table-argument.ts'
import { renameFields, uniqueNames } from './names.ts'
import { planTable } from './table-plan.ts'
import { bindTemporalJoin } from './temporal-join.ts'
import { bindWindowFunction, isWindowFunction } from './window-function.ts'

export function bindFrom(context: BinderContext, node: ast.TableReference): BoundSource {
  switch (node.kind) {
    case 'table':
      return bindNamedTable(context, node)
    case 'derived-table': {
      return aliased(context, context.bindQuery(context, withoutIdleOrder(node.query)), [], node.alias)
    }
    case 'table-function':
      return bindTableFunction(context, node)
    case 'unnest':
      return bindUncorrelated(context, node)
    case 'join':
      if (node.right.kind === 'derived-table' && node.right.lateral) {
        return bindLateral(context, node, node.right, bindFrom(context, node.left), withoutIdleOrder(node.right.query))
      }
      if (isCorrelated(node.right)) return bindCorrelated(context, node, node.right, bindFrom(context, node.left))
      if (node.right.kind === 'table' && node.right.systemTime !== undefined) {
        const { systemTime, ...table } = node.right
        return bindTemporalJoin(context, node, bindFrom(context, node.left), bindNamedTable(context, table), systemTime)
      }
      return bindJoin(context, node, bindFrom(context, node.left), bindFrom(context, node.right))
    case 'match-recognize':
      return bindMatchRecognize(context, node, bindFrom(context, node.input))
    default:
      return unreachable(node)
  }
}

/** ORDER BY of a subquery means nothing without LIMIT, and is dropped as in Flink. */
export function withoutIdleOrder(query: ast.Query): ast.Query {
  return query.limit === undefined && query.offset === undefined ? { ...query, orderBy: [] } : query
}

function bindNamedTable(context: BinderContext, node: ast.NamedTable): BoundSource {
  if (node.systemTime !== undefined) {
    const hint =
      'No catalog keeps older versions of a table. A JOIN takes FOR SYSTEM_TIME AS OF a time attribute of its left side.'
    throw unsupported(context, node.span, 'FOR SYSTEM_TIME AS OF outside of a JOIN', hint)
  }
  const { plan, names } = planNamedTable(context, node.name, node.hints)
  return aliased(context, plan, names, node.alias)
}

/** A table of WITH, a table or a view. */
export function planNamedTable(
  context: BinderContext,
  name: ast.ObjectName,
  hints: readonly ast.Hint[],
): { readonly plan: LogicalNode; readonly names: readonly string[] } {
  const parts = name.parts.map((part) => part.name)
  const common = parts.length === 1 ? context.commonTables.get(parts[0] ?? '') : undefined
  if (common !== undefined) {
    refuseOptions(context, hints, 'a table of WITH')
    return { plan: common, names: parts }
  }
  const entry = withPosition(context, name.span, () => context.planner.catalog.findTable(parts))
  if (entry === undefined) throw unknownTable(context, name)
  const names = [entry.path.catalog, entry.path.database, entry.path.name]
  if (entry.kind === 'view') {
    refuseOptions(context, hints, 'a view')
    return { plan: planView(context, entry, name.span), names }
  }
  const options = hintedOptions(context, entry, hints)
  return { plan: withPosition(context, name.span, () => planTable(entry, options, context.planner)), names }
}

export function unknownTable(context: BinderContext, name: ast.ObjectName): Error {
  const text = name.parts.map((part) => part.name).join('.')
  const known = [...context.commonTables.keys(), ...context.planner.catalog.tableNames()]
  return errorAt(context, name.span, 'UNKNOWN_TABLE', `table or view "${text}" does not exist`, {
    hint: didYouMean(text, known) ?? 'SHOW TABLES lists the tables.',
  })
}

/** An error inside of a view points at the view's name in the statement. */
function planView(context: BinderContext, view: CatalogView, span: ast.Span): LogicalNode {
  const path = pathToString(view.path)
  if (context.views.includes(path)) {
    throw errorAt(context, span, 'INVALID_DEFINITION', `view "${path}" reads itself`)
  }
  const { outer: _, ...rest } = context
  const inner: BinderContext = {
    ...rest,
    sql: view.query,
    commonTables: new Map(),
    views: [...context.views, path],
    viewPosition: statementPosition(context, span),
  }
  try {
    const plan = context.bindQuery(inner, parseQuery(view.query))
    return renameFields(plan, view.columnNames ?? uniqueNames(plan.schema.fields))
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    const note = `In view "${path}": ${view.query}`
    throw new MillraceError(error.code, error.message, {
      detail: error.detail?.startsWith('In view ') === true ? error.detail : note,
      hint: error.hint,
      position: positionOf(context.sql, span),
    })
  }
}

function refuseOptions(context: BinderContext, hints: readonly ast.Hint[], what: string): void {
  const [hint] = hints
  if (hint === undefined) return
  throw errorAt(context, hint.span, 'INVALID_ARGUMENT', `hint ${hint.name.name} does not fit ${what}`, {
    hint: 'OPTIONS belongs behind the name of a table.',
  })
}

/** The table's options with those of an OPTIONS hint over them. */
export function hintedOptions(
  context: BinderContext,
  table: CatalogTable,
  hints: readonly ast.Hint[],
): Readonly<Record<string, string>> {
  const options: Record<string, string> = { ...table.options }
  for (const hint of hints) {
    if (hint.name.name.toUpperCase() !== 'OPTIONS') throw unsupported(context, hint.span, `hint ${hint.name.name}`)
    if (!context.planner.configuration.boolean('table.dynamic-table-options.enabled')) {
      throw errorAt(context, hint.span, 'INVALID_ARGUMENT', 'OPTIONS hints are switched off', {
        hint: "SET 'table.dynamic-table-options.enabled' = 'true' allows them.",
      })
    }
    for (const argument of hint.arguments) {
      if (argument.kind !== 'property') {
        throw errorAt(context, argument.span, 'INVALID_ARGUMENT', "OPTIONS takes 'key' = 'value'")
      }
      options[argument.key.value] = argument.value.value
    }
  }
  if (hints.length > 0) checkHintedOptions(context, table, options, hints)
  return options
}

/** One by one, so that the error points into the hint. */
function checkHintedOptions(
  context: BinderContext,
  table: CatalogTable,
  options: Readonly<Record<string, string>>,
  hints: readonly ast.Hint[],
): void {
  const label = `table "${table.path.name}"`
  for (const argument of hints.flatMap((hint) => hint.arguments)) {
    if (argument.kind !== 'property') continue
    withPosition(context, argument.span, () => {
      const connector = requireConnector(options, context.planner, label)
      const specs = tableOptionSpecs(options, connector, context.planner, label)
      const optional = specs.map((spec) => ({ ...spec, required: false }))
      parseOptions(optional, { [argument.key.value]: argument.value.value }, { label })
    })
  }
}

function bindTableFunction(context: BinderContext, node: ast.TableFunction): BoundSource {
  const bind = tableBinder(context, node.call)
  if (bind === undefined) return bindUncorrelated(context, node)
  if (node.lateral) throw unsupported(context, node.span, 'LATERAL')
  const plan = bind((source) =>
    source.kind === 'query' ? context.bindQuery(context, source) : planNamedTable(context, source, []).plan,
  )
  return aliased(context, plan, [], node.alias)
}

/** Of a function that takes a table. */
function tableBinder(
  context: BinderContext,
  call: ast.CallExpression,
): ((planSource: PlanTableSource) => LogicalNode) | undefined {
  const name = call.name.parts
    .map((part) => part.name)
    .join('.')
    .toUpperCase()
  if (isWindowFunction(name)) return (planSource) => bindWindowFunction(context, call, name, planSource)
  if (isChangelogFunction(name)) return (planSource) => bindChangelogFunction(context, call, name, planSource)
  const spec = context.planner.functions.find(functionName(call))
  const user = spec?.user
  if (spec === undefined || user?.table === undefined) return undefined
  return (planSource) => bindProcessFunction(context, call, spec, user, planSource)
}
