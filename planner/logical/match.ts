/** MATCH_RECOGNIZE with ONE ROW PER MATCH: the partition columns, then the measures. */
import type { SourcePosition } from '../../core/errors.ts'
import type { Schema } from '../../core/types.ts'
import type { Expression } from '../expression.ts'
import { collectInputs, mapInputs } from '../expression-rewrite.ts'
import type { MatchExpression, MatchSpec } from '../physical/match-spec.ts'
import type { LogicalNode } from './node.ts'

export interface Match {
  readonly kind: 'match'
  readonly input: LogicalNode
  readonly match: MatchSpec
  readonly position: SourcePosition
  readonly schema: Schema
}

export function createMatch(input: LogicalNode, match: MatchSpec, position: SourcePosition): Match {
  const fields = [
    ...match.partitionKeys.flatMap((key) => input.schema.fields[key] ?? []),
    ...match.measures.map(({ name, expression }) => ({ name, type: expression.value.type })),
  ]
  return { kind: 'match', input, match, position, schema: { fields } }
}

/** Input columns that the match reads. */
export function matchColumns(match: MatchSpec): Set<number> {
  return new Set([...match.partitionKeys, match.timeColumn, ...matchedColumns(match)])
}

/** Input columns of the rows of a match, as its expressions and the order within the same time need them. */
export function matchedColumns(match: MatchSpec): readonly number[] {
  const columns = new Set(match.orderBy.map(({ column }) => column))
  for (const { references } of expressionsOf(match)) {
    for (const reference of references) {
      if (reference.kind === 'row') columns.add(reference.column)
      if (reference.kind === 'aggregate') for (const arg of reference.args) collectInputs(arg, columns)
    }
  }
  return [...columns]
}

function expressionsOf(match: MatchSpec): readonly MatchExpression[] {
  const conditions = match.variables.flatMap(({ condition }) => (condition === undefined ? [] : [condition]))
  return [...conditions, ...match.measures.map(({ expression }) => expression)]
}

/** The match over other positions of the same columns. */
export function moveMatch(match: MatchSpec, move: (column: number) => number): MatchSpec {
  const moveArgument = (arg: Expression): Expression =>
    mapInputs(arg, (input) => ({ ...input, index: move(input.index) }))
  const moveExpression = ({ value, references }: MatchExpression): MatchExpression => ({
    value,
    references: references.map((reference) => {
      if (reference.kind === 'row') return { ...reference, column: move(reference.column) }
      return reference.kind === 'aggregate' ? { ...reference, args: reference.args.map(moveArgument) } : reference
    }),
  })
  return {
    ...match,
    partitionKeys: match.partitionKeys.map(move),
    timeColumn: move(match.timeColumn),
    orderBy: match.orderBy.map((order) => ({ ...order, column: move(order.column) })),
    variables: match.variables.map((variable) =>
      variable.condition === undefined ? variable : { ...variable, condition: moveExpression(variable.condition) },
    ),
    measures: match.measures.map(({ name, expression }) => ({ name, expression: moveExpression(expression) })),
  }
}
