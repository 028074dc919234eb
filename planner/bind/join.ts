/**
 * JOIN in FROM: ON, USING, NATURAL, CROSS and the comma
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/joins/).
 */
import { withNullability } from '../../core/types.ts'
import type * as ast from '../../parser/ast.ts'
import { positionOf } from '../../parser/ast.ts'
import type { Expression } from '../expression.ts'
import { conjunction, mapInputs, shiftInputs } from '../expression-rewrite.ts'
import { createJoin, type JoinStateTtl, type JoinType, leftMayMiss, rightMayMiss } from '../logical/join.ts'
import type { LogicalNode } from '../logical/node.ts'
import type { BoundSource } from './alias.ts'
import { type BinderContext, errorAt } from './binder-context.ts'
import { applyFunction } from './call.ts'
import { expressionContext } from './expression.ts'
import { bindCondition } from './expression-context.ts'
import { booleanLiteral } from './literal.ts'
import { type CommonColumn, findUnqualified, type Relation, type Scope, scopeFields } from './scope.ts'

/** @param create makes the plan; absent: a regular join */
export function bindJoin(
  context: BinderContext,
  node: ast.Join,
  left: BoundSource,
  right: BoundSource,
  create?: (joinType: JoinType, condition: Expression) => LogicalNode,
): BoundSource {
  const joinType = joinTypeOf(node.type)
  const both = beside(left, right)
  const common = commonColumns(context, node, joinType, left, right)
  const condition = bindJoinCondition(context, node, both, common)
  const stateTtl = stateTtlOf(context, left, right)
  const plan =
    create?.(joinType, condition) ??
    createJoin(joinType, left.plan, right.plan, condition, {
      position: positionOf(context.sql, node.span),
      ...(stateTtl === undefined ? {} : { stateTtl }),
    })
  const relations = both.relations.map((relation, index) =>
    (index < left.scope.relations.length ? leftMayMiss(joinType) : rightMayMiss(joinType))
      ? missing(relation)
      : relation,
  )
  const width = left.plan.schema.fields.length
  const mayMiss = (column: number): boolean => (column < width ? leftMayMiss(joinType) : rightMayMiss(joinType))
  return { plan, scope: { relations, common: mergedColumns(both, common, mayMiss) } }
}

function joinTypeOf(type: ast.Join['type']): JoinType {
  switch (type) {
    case 'LEFT':
      return 'left'
    case 'RIGHT':
      return 'right'
    case 'FULL':
      return 'full'
    default:
      return 'inner'
  }
}

/** The names of both sides, before NULLs take the place of rows that are missing. */
function beside(left: BoundSource, right: BoundSource): Scope {
  const width = left.plan.schema.fields.length
  const shifted = shiftScope(right.scope, width)
  return {
    relations: [...left.scope.relations, ...shifted.relations],
    common: [...(left.scope.common ?? []), ...(shifted.common ?? [])],
  }
}

function shiftScope(scope: Scope, by: number): Scope {
  return {
    relations: scope.relations.map((relation) => ({ ...relation, offset: relation.offset + by })),
    common: (scope.common ?? []).map(({ name, expression, columns }) => ({
      name,
      expression: shiftInputs(expression, by),
      columns: columns.map((column) => column + by),
    })),
  }
}

function missing(relation: Relation): Relation {
  return {
    ...relation,
    fields: relation.fields.map((field) => ({ ...field, type: withNullability(field.type, true) })),
  }
}

interface CommonPair {
  readonly column: CommonColumn
  readonly equal: Expression
}

/** The columns of USING or NATURAL, each with the comparison that joins them. */
function commonColumns(
  context: BinderContext,
  node: ast.Join,
  joinType: JoinType,
  left: BoundSource,
  right: BoundSource,
): readonly CommonPair[] {
  const names = commonNames(context, node, left, right)
  const rightScope = shiftScope(right.scope, left.plan.schema.fields.length)
  return names.map((identifier): CommonPair => {
    const mine = requireOne(context, left.scope, identifier)
    const theirs = requireOne(context, rightScope, identifier)
    return {
      column: {
        name: identifier.name,
        expression: mergedValue(context, joinType, mine.expression, theirs.expression, identifier.span),
        columns: [...mine.columns, ...theirs.columns],
      },
      equal: applyFunction(context, '=', [mine.expression, theirs.expression], identifier.span),
    }
  })
}

function commonNames(
  context: BinderContext,
  node: ast.Join,
  left: BoundSource,
  right: BoundSource,
): readonly ast.Identifier[] {
  if (node.condition?.kind === 'join-using') return node.condition.columns
  if (!node.natural) {
    if (node.condition === undefined && node.type !== 'COMMA' && node.type !== 'CROSS') {
      throw errorAt(context, node.span, 'INVALID_ARGUMENT', `${node.type} JOIN needs a condition`, {
        hint: 'Write ON condition, USING (columns) or NATURAL, or CROSS JOIN for all pairs of rows.',
      })
    }
    return []
  }
  const theirs = new Set(scopeFields(right.scope).map((field) => field.name))
  const mine = [...new Set(scopeFields(left.scope).map((field) => field.name))]
  return mine
    .filter((name) => theirs.has(name))
    .map((name) => ({ kind: 'identifier', name, quoted: true, span: node.span }))
}

function requireOne(context: BinderContext, scope: Scope, identifier: ast.Identifier): CommonColumn {
  const { name, span } = identifier
  const found = findUnqualified(scope, name)
  const [first, second] = found
  if (second !== undefined) {
    throw errorAt(context, span, 'AMBIGUOUS_COLUMN', `column "${name}" is ambiguous on one side of the join`, {
      hint: 'Write ON with the qualified columns.',
    })
  }
  if (first === undefined) {
    throw errorAt(context, span, 'UNKNOWN_COLUMN', `column "${name}" does not exist on both sides of the join`)
  }
  return first
}

/** The value of a column of USING: that of the side that is always there. */
function mergedValue(
  context: BinderContext,
  joinType: JoinType,
  left: Expression,
  right: Expression,
  span: ast.Span,
): Expression {
  switch (joinType) {
    case 'right':
      return right
    case 'full': {
      const [a, b] = [left, right].map((side) => nullable(side))
      return a === undefined || b === undefined ? left : applyFunction(context, 'COALESCE', [a, b], span)
    }
    default:
      return left
  }
}

function nullable(expression: Expression): Expression {
  return { ...expression, type: withNullability(expression.type, true) }
}

/** Columns that USING has merged are one column from there on; those of joins below that were merged again go. */
function mergedColumns(
  scope: Scope,
  pairs: readonly CommonPair[],
  mayMiss: (column: number) => boolean,
): readonly CommonColumn[] {
  const made = pairs.map(({ column }) => column)
  const again = new Set(made.map(({ name }) => name))
  const below = (scope.common ?? []).filter(({ name }) => !again.has(name))
  return [
    ...made,
    ...below.map((column) =>
      column.columns.some(mayMiss)
        ? { ...column, expression: mapInputs(nullable(column.expression), nullable) }
        : column,
    ),
  ]
}

function bindJoinCondition(
  context: BinderContext,
  node: ast.Join,
  scope: Scope,
  common: readonly CommonPair[],
): Expression {
  if (node.condition?.kind === 'join-on') {
    return bindCondition(expressionContext(context, scope, 'ON'), node.condition.condition)
  }
  return conjunction(common.map(({ equal }) => equal)) ?? booleanLiteral(true)
}

/** A STATE_TTL hint names a side that is one table, by its alias or its own name. */
function stateTtlOf(context: BinderContext, left: BoundSource, right: BoundSource): JoinStateTtl | undefined {
  const [mine, theirs] = [left, right].map(({ scope }) => {
    const [relation, second] = scope.relations
    const name = second === undefined ? relation?.names.at(-1) : undefined
    return name === undefined ? undefined : context.stateTtl.get(name)
  })
  if (mine === undefined && theirs === undefined) return undefined
  return { ...(mine === undefined ? {} : { left: mine }), ...(theirs === undefined ? {} : { right: theirs }) }
}
