/** MATCH_RECOGNIZE in EXPLAIN. */
import type { Match } from '../logical/match.ts'
import {
  ALL_VARIABLES,
  type AfterMatch,
  type MatchExpression,
  type MatchReference,
  type MatchSpec,
  type MatchVariable,
} from '../physical/match-spec.ts'
import { logicalText } from './expression-text.ts'

/** @param input names of the input's columns */
export function matchText(match: MatchSpec, input: readonly string[]): string {
  const name = (column: number): string => input[column] ?? `$${column}`
  const order = [
    `${name(match.timeColumn)} ASC`,
    ...match.orderBy.map(({ column, descending }) => `${name(column)} ${descending ? 'DESC' : 'ASC'}`),
  ]
  const measures = match.measures.map(
    ({ name: alias, expression }) => `FINAL(${measureText(match, expression, name)}) AS ${alias}`,
  )
  const parts = [
    ...(match.partitionKeys.length === 0 ? [] : [`partitionBy=[${match.partitionKeys.map(name).join(', ')}]`]),
    `orderBy=[${order.join(', ')}]`,
    `measures=[${measures.join(', ')}]`,
    'rowsPerMatch=[ONE ROW PER MATCH]',
    `after=[${afterText(match.after, match.variables)}]`,
    `pattern=[${patternText(match.variables)}]`,
    `define=[{${definitionTexts(match).join(', ')}}]`,
  ]
  return `Match(${parts.join(', ')})`
}

export function logicalMatchText({ match, schema }: Match): string {
  const order = [
    `${match.timeColumn} ASC-nulls-first`,
    ...match.orderBy.map(
      ({ column, descending, nullsLast }) =>
        `${column} ${descending ? 'DESC' : 'ASC'}-nulls-${nullsLast ? 'last' : 'first'}`,
    ),
  ]
  const parts = [
    `partition=[[${match.partitionKeys.join(', ')}]]`,
    `order=[[${order.join(', ')}]]`,
    `outputFields=[[${schema.fields.map((field) => field.name).join(', ')}]]`,
    'allRows=[false]',
    `after=[${afterText(match.after, match.variables)}]`,
    `pattern=[${patternText(match.variables)}]`,
    ...(match.within === undefined ? [] : [`interval=[${match.within}:INTERVAL DAY TO SECOND]`]),
    `patternDefinitions=[[${definitionTexts(match).join(', ')}]]`,
  ]
  return `LogicalMatch(${parts.join(', ')})`
}

function afterText(after: AfterMatch, variables: readonly MatchVariable[]): string {
  switch (after.skip) {
    case 'past-last-row':
      return 'SKIP PAST LAST ROW'
    case 'to-next-row':
      return 'SKIP TO NEXT ROW'
    default:
      return `SKIP TO ${after.skip === 'to-first' ? 'FIRST' : 'LAST'} '${variables[after.variable]?.name ?? ''}'`
  }
}

/** `(('A', PATTERN_QUANTIFIER('B', 0, -1, false)), 'C')`. */
function patternText(variables: readonly MatchVariable[]): string {
  const items = variables.map(({ name, min, max, greedy }) => {
    if (min === 1 && max === 1) return `'${name}'`
    const reluctant = !greedy && min !== max && !(min === 0 && max === 1)
    return `PATTERN_QUANTIFIER('${name}', ${min}, ${max ?? -1}, ${reluctant})`
  })
  return items.reduce((left, right) => `(${left}, ${right})`)
}

function definitionTexts({ variables }: MatchSpec): readonly string[] {
  return variables.flatMap(({ name, condition }, index) => {
    if (condition === undefined) return []
    const text = (reference: MatchReference): string => {
      if (reference.kind !== 'row') return otherText(variables, reference, (column) => `$${column}`)
      const column = `${variableText(variables, reference.variable)}.$${reference.column}`
      const current = reference.variable === index && reference.from === 'last' && reference.offset === 0
      return current ? `PREV(${column}, 0)` : `${reference.from.toUpperCase()}(${column}, ${reference.offset})`
    }
    return [`${name}=${expressionOf(condition, text)}`]
  })
}

function measureText({ variables }: MatchSpec, expression: MatchExpression, name: (column: number) => string): string {
  return expressionOf(expression, (reference) => {
    if (reference.kind !== 'row') return otherText(variables, reference, name)
    const column = `${variableText(variables, reference.variable)}.${name(reference.column)}`
    const plain = reference.from === 'last' && reference.offset === 0
    return plain ? column : `${reference.from.toUpperCase()}(${column}, ${reference.offset})`
  })
}

function expressionOf(expression: MatchExpression, text: (reference: MatchReference) => string): string {
  return logicalText(expression.value, (index) => {
    const reference = expression.references[index]
    return reference === undefined ? `$${index}` : text(reference)
  })
}

function otherText(
  variables: readonly MatchVariable[],
  reference: Exclude<MatchReference, { kind: 'row' }>,
  name: (column: number) => string,
): string {
  if (reference.kind !== 'aggregate') return reference.kind === 'rowtime' ? 'MATCH_ROWTIME()' : 'MATCH_PROCTIME()'
  const variable = variableText(variables, reference.variable)
  const args = reference.args.map((arg) => logicalText(arg, (column) => `${variable}.${name(column)}`))
  return `${reference.function}(${args.join(', ')})`
}

function variableText(variables: readonly MatchVariable[], variable: number): string {
  return variable === ALL_VARIABLES ? '*' : (variables[variable]?.name ?? '')
}
