/** FROM and MATCH_RECOGNIZE as text. */
import { unreachable } from '../../core/errors.ts'
import type { AfterMatchSkip, Join, MatchRecognize, Pattern, TableAlias, TableReference } from '../ast/query.ts'
import { LEVEL } from '../precedence.ts'
import { formatCall, formatOrderBy } from './call.ts'
import { formatHints } from './hint.ts'
import { formatIdentifier, formatNames, formatObjectName, list, parenthesize, words } from './name.ts'
import type { Printer } from './printer.ts'

export function formatFrom(p: Printer, table: TableReference): string {
  if (table.kind === 'join') return formatJoin(p, table)
  return words(formatUnaliased(p, table), table.alias && formatAlias(table.alias))
}

function formatAlias({ name, columns }: TableAlias): string {
  return `AS ${formatIdentifier(name)}${columns.length > 0 ? ` ${formatNames(columns)}` : ''}`
}

function formatUnaliased(p: Printer, table: Exclude<TableReference, Join>): string {
  switch (table.kind) {
    case 'table':
      return words(
        formatObjectName(table.name),
        formatHints(table.hints),
        // a looser operator would swallow what follows
        table.systemTime && `FOR SYSTEM_TIME AS OF ${p.expression(table.systemTime, LEVEL.additive)}`,
      )
    case 'derived-table':
      return `${table.lateral ? 'LATERAL ' : ''}(${p.query(table.query)})`
    case 'table-function':
      return `${table.lateral ? 'LATERAL ' : ''}TABLE(${formatCall(p, table.call)})`
    case 'unnest': {
      const operands = parenthesize(table.operands, (operand) => p.expression(operand))
      return `UNNEST${operands}${table.withOrdinality ? ' WITH ORDINALITY' : ''}`
    }
    case 'match-recognize':
      return `${formatFrom(p, table.input)} ${formatMatchRecognize(p, table)}`
    default:
      return unreachable(table)
  }
}

function formatJoin(p: Printer, join: Join): string {
  const { type, natural, left, right, condition } = join
  const leftText = formatFrom(p, left)
  const rightText = formatFrom(p, right)
  const commaInside = (table: TableReference): boolean => table.kind === 'join' && table.type === 'COMMA'
  if (type === 'COMMA') return `${leftText}, ${commaInside(right) ? `(${rightText})` : rightText}`
  const on =
    condition &&
    (condition.kind === 'join-on'
      ? `ON ${p.expression(condition.condition)}`
      : `USING ${formatNames(condition.columns)}`)
  return words(
    commaInside(left) ? `(${leftText})` : leftText,
    natural && 'NATURAL',
    type === 'INNER' ? 'JOIN' : `${type} JOIN`,
    right.kind === 'join' ? `(${rightText})` : rightText,
    on,
  )
}

function formatMatchRecognize(p: Printer, match: MatchRecognize): string {
  const partitions = list(match.partitionBy, (expression) => p.expression(expression))
  const measures = list(
    match.measures,
    ({ expression, alias }) => `${p.expression(expression)} AS ${formatIdentifier(alias)}`,
  )
  const subsets = list(match.subsets, ({ name, variables }) => `${formatIdentifier(name)} = ${formatNames(variables)}`)
  const define = list(
    match.define,
    ({ variable, condition }) => `${formatIdentifier(variable)} AS ${p.expression(condition)}`,
  )
  const pattern = words(match.anchoredStart && '^', formatPattern(match.pattern), match.anchoredEnd && '$')
  return `MATCH_RECOGNIZE (${words(
    partitions !== '' && `PARTITION BY ${partitions}`,
    formatOrderBy(p, match.orderBy),
    measures !== '' && `MEASURES ${measures}`,
    match.rowsPerMatch && `${match.rowsPerMatch} PER MATCH`,
    match.skip && formatSkip(match.skip),
    `PATTERN (${pattern})`,
    match.within && `WITHIN ${p.expression(match.within)}`,
    subsets !== '' && `SUBSET ${subsets}`,
    `DEFINE ${define}`,
  )})`
}

function formatSkip({ target, variable }: AfterMatchSkip): string {
  if (target === 'PAST LAST ROW') return 'AFTER MATCH SKIP PAST LAST ROW'
  return words('AFTER MATCH SKIP TO', target, variable && formatIdentifier(variable))
}

/** From loose to tight: alternation, sequence, quantified, single. */
const PATTERN_LEVELS: Readonly<Record<Pattern['kind'], number>> = {
  'pattern-alternation': 0,
  'pattern-sequence': 1,
  'pattern-repeat': 2,
  'pattern-variable': 3,
  'pattern-permute': 3,
  'pattern-exclusion': 3,
}

function formatPattern(pattern: Pattern, level = 0): string {
  const text = formatBarePattern(pattern)
  return PATTERN_LEVELS[pattern.kind] < level ? `(${text})` : text
}

function formatBarePattern(pattern: Pattern): string {
  switch (pattern.kind) {
    case 'pattern-variable':
      return formatIdentifier(pattern.name)
    case 'pattern-alternation':
      return pattern.items.map((item) => formatPattern(item, 1)).join(' | ')
    case 'pattern-sequence':
      return pattern.items.map((item) => formatPattern(item, 2)).join(' ')
    case 'pattern-repeat': {
      const { operand, min, max, reluctant } = pattern
      return `${formatPattern(operand, 3)}${formatQuantifier(min, max)}${reluctant ? '?' : ''}`
    }
    case 'pattern-permute':
      return `PERMUTE${parenthesize(pattern.items, (item) => formatPattern(item))}`
    case 'pattern-exclusion':
      return `{- ${formatPattern(pattern.operand)} -}`
    default:
      return unreachable(pattern)
  }
}

function formatQuantifier(min: number, max: number | undefined): string {
  if (max === undefined) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`
  if (min === 0 && max === 1) return '?'
  return min === max ? `{${min}}` : `{${min},${max}}`
}
