/**
 * MATCH_RECOGNIZE (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/match_recognize/).
 */
import { type Field, withNullability } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import { positionOf } from '../../parser/ast.ts'
import { createMatch } from '../logical/match.ts'
import type { AfterMatch, MatchOrder, MatchSpec, MatchVariable } from '../physical/match-spec.ts'
import { aliased, type BoundSource } from './alias.ts'
import { type BinderContext, errorAt } from './binder-context.ts'
import { bindExpression, expressionContext } from './expression.ts'
import { bindCondition } from './expression-context.ts'
import { MatchExpressionBinder, type MatchScope } from './match-expression.ts'
import { bindPattern, type PatternItem, refused } from './match-pattern.ts'
import { EMPTY_SCOPE, type Relation, type Scope } from './scope.ts'
import { timeAttributeOf } from './types.ts'

export function bindMatchRecognize(context: BinderContext, node: ast.MatchRecognize, source: BoundSource): BoundSource {
  refuseClauses(context, node)
  const pattern = bindPattern(context, node)
  const partitionKeys = node.partitionBy.map((key) => columnOf(context, source.scope, key, 'PARTITION BY'))
  const { timeColumn, time, orderBy } = bindOrder(context, node, source)
  const { fields } = source.plan.schema
  const type = fields[timeColumn]?.type ?? { kind: 'NULL', nullable: true }
  const scope = matchScope(source.plan.schema.fields, pattern)
  const names: MatchScope = { scope, width: fields.length, order: { column: timeColumn, type, time } }
  const within = node.within === undefined ? undefined : bindWithin(context, node.within)
  const match: MatchSpec = {
    partitionKeys,
    time,
    timeColumn,
    orderBy,
    variables: bindDefinitions(context, node, pattern, names),
    after: bindAfter(context, node, pattern),
    ...(within === undefined ? {} : { within }),
    measures: bindMeasures(context, node, names),
  }
  if (partitionKeys.length + match.measures.length === 0) {
    throw errorAt(context, node.span, 'INVALID_DEFINITION', 'MATCH_RECOGNIZE gives no columns', {
      hint: 'Add MEASURES, or PARTITION BY.',
    })
  }
  return aliased(context, createMatch(source.plan, match, positionOf(context.sql, node.span)), [], node.alias)
}

function refuseClauses(context: BinderContext, node: ast.MatchRecognize): void {
  if (node.rowsPerMatch === 'ALL ROWS') {
    throw refused(context, node.span, 'all rows per match mode is not supported', 'Write ONE ROW PER MATCH.')
  }
  const [subset] = node.subsets
  if (subset !== undefined) throw refused(context, subset.span, 'SUBSET is not supported')
}

/** Relation 0 stands for all variables, under no name; each variable has one under its name. */
function matchScope(fields: readonly Field[], pattern: readonly PatternItem[]): Scope {
  const nullable = fields.map((field): Field => ({ ...field, type: withNullability(field.type, true) }))
  const variables = pattern.map(
    ({ variable }, index): Relation => ({
      names: [variable.name],
      offset: (index + 1) * fields.length,
      fields: nullable,
      qualifiedOnly: true,
    }),
  )
  return { relations: [{ names: [], offset: 0, fields: nullable }, ...variables] }
}

function columnOf(context: BinderContext, scope: Scope, node: ast.Expression, clause: string): number {
  const bound = bindExpression(expressionContext(context, scope, clause), node)
  if (bound.kind === 'input') return bound.index
  throw refused(context, node.span, `${clause} of MATCH_RECOGNIZE takes only columns`, 'Compute it in a subquery.')
}

function bindOrder(
  context: BinderContext,
  node: ast.MatchRecognize,
  source: BoundSource,
): Pick<MatchSpec, 'timeColumn' | 'time' | 'orderBy'> {
  const [first, ...rest] = node.orderBy
  if (first === undefined) {
    throw refused(context, node.span, 'you must specify either rowtime or proctime for ORDER BY')
  }
  const timeColumn = columnOf(context, source.scope, first.expression, 'ORDER BY')
  const type = source.plan.schema.fields[timeColumn]?.type
  const time = type === undefined ? undefined : timeAttributeOf(type)
  if (time === undefined) {
    throw refused(
      context,
      first.span,
      'you must specify either rowtime or proctime for ORDER BY as the first one',
      'A column with a WATERMARK is a rowtime attribute, one AS PROCTIME() a proctime attribute.',
    )
  }
  if (first.direction === 'DESC') {
    throw refused(context, first.span, 'the primary sort order of a streaming table must be ascending on time')
  }
  const orderBy = rest.map((item): MatchOrder => {
    const descending = item.direction === 'DESC'
    // NULL is the lowest value, as everywhere in Flink.
    const nullsLast = item.nulls === undefined ? descending : item.nulls === 'LAST'
    return { column: columnOf(context, source.scope, item.expression, 'ORDER BY'), descending, nullsLast }
  })
  return { timeColumn, time, orderBy }
}

function bindWithin(context: BinderContext, node: ast.Expression): number {
  const bound = bindExpression(expressionContext(context, EMPTY_SCOPE, 'WITHIN'), node)
  if (bound.kind === 'literal' && bound.type.kind === 'INTERVAL_DAY_TIME' && bound.value !== null) {
    return Number(bound.value)
  }
  throw refused(
    context,
    node.span,
    'only constant intervals with millisecond resolution are supported as time constraints of patterns',
  )
}

function bindDefinitions(
  context: BinderContext,
  node: ast.MatchRecognize,
  pattern: readonly PatternItem[],
  names: MatchScope,
): readonly MatchVariable[] {
  const definitions = new Map<string, ast.PatternDefinition>()
  for (const definition of node.define) {
    const { name } = definition.variable
    requireVariable(context, pattern, definition.variable)
    if (definitions.has(name)) {
      throw errorAt(context, definition.span, 'INVALID_DEFINITION', `DEFINE defines variable "${name}" twice`)
    }
    definitions.set(name, definition)
  }
  return pattern.map(({ variable }) => {
    const definition = definitions.get(variable.name)
    if (definition === undefined) return variable
    const binder = new MatchExpressionBinder(names, 'DEFINE')
    const outer = expressionContext(context, names.scope, 'DEFINE')
    const condition = binder.bind(outer, (inner) => bindCondition(inner, definition.condition, 'DEFINE'))
    return { ...variable, condition }
  })
}

/** @returns its position in the pattern */
function requireVariable(context: BinderContext, pattern: readonly PatternItem[], name: ast.Identifier): number {
  const index = pattern.findIndex(({ variable }) => variable.name === name.name)
  if (index >= 0) return index
  throw errorAt(context, name.span, 'INVALID_DEFINITION', `unknown pattern variable "${name.name}"`, {
    hint: `The variables of the pattern are: ${pattern.map(({ variable }) => variable.name).join(', ')}.`,
  })
}

/** Without AFTER MATCH the search goes on at the next row, as in Flink. */
function bindAfter(context: BinderContext, node: ast.MatchRecognize, pattern: readonly PatternItem[]): AfterMatch {
  const { skip } = node
  if (skip === undefined || skip.target === 'NEXT ROW') return { skip: 'to-next-row' }
  if (skip.target === 'PAST LAST ROW' || skip.variable === undefined) return { skip: 'past-last-row' }
  const variable = requireVariable(context, pattern, skip.variable)
  return { skip: skip.target === 'FIRST' ? 'to-first' : 'to-last', variable }
}

function bindMeasures(context: BinderContext, node: ast.MatchRecognize, names: MatchScope): MatchSpec['measures'] {
  const used = new Set<string>()
  return node.measures.map(({ expression, alias }) => {
    if (used.has(alias.name)) {
      throw errorAt(context, alias.span, 'INVALID_DEFINITION', `MEASURES defines "${alias.name}" twice`)
    }
    used.add(alias.name)
    const outer = expressionContext(context, names.scope, 'MEASURES')
    const binder = new MatchExpressionBinder(names, 'MEASURES')
    return { name: alias.name, expression: binder.bind(outer, (inner) => bindExpression(inner, expression)) }
  })
}
