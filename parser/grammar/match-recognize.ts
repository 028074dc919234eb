/** MATCH_RECOGNIZE. Follows Flink's page "Pattern Recognition"; accepts the whole standard, planning may refuse. */
import type {
  AfterMatchSkip,
  MatchRecognize,
  Measure,
  Pattern,
  PatternDefinition,
  PatternRepeat,
  PatternSubset,
} from '../ast/query.ts'
import type { Cursor } from '../cursor.ts'
import { parseOrderBy } from './order-by.ts'

export function parseMatchRecognize(c: Cursor, input: MatchRecognize['input']): MatchRecognize {
  c.expectWord('MATCH_RECOGNIZE')
  c.expectSymbol('(')
  let partitionBy: MatchRecognize['partitionBy'] = []
  if (c.acceptWord('PARTITION')) {
    c.expectWord('BY')
    partitionBy = c.list((cursor) => cursor.expression())
  }
  const orderBy = parseOrderBy(c)
  const measures = c.acceptWord('MEASURES') ? c.list(parseMeasure) : []
  const rowsPerMatch = parseRowsPerMatch(c)
  const skip = parseSkip(c)
  c.expectWord('PATTERN')
  c.expectSymbol('(')
  const anchoredStart = c.acceptSymbol('^')
  const pattern = parseAlternation(c)
  const anchoredEnd = c.acceptSymbol('$')
  c.expectSymbol(')')
  const within = c.acceptWord('WITHIN') ? { within: c.expression() } : {}
  const subsets = c.acceptWord('SUBSET') ? c.list(parseSubset) : []
  c.expectWord('DEFINE')
  const define = c.list(parseDefinition)
  c.expectSymbol(')')
  return {
    kind: 'match-recognize',
    input,
    partitionBy,
    orderBy,
    measures,
    ...(rowsPerMatch === undefined ? {} : { rowsPerMatch }),
    ...(skip === undefined ? {} : { skip }),
    pattern,
    anchoredStart,
    anchoredEnd,
    ...within,
    subsets,
    define,
    span: c.spanFrom(input.span.start),
  }
}

function parseMeasure(c: Cursor): Measure {
  const { start } = c.token
  const expression = c.expression()
  c.expectWord('AS')
  const alias = c.identifier('a name for the measure')
  return { kind: 'measure', expression, alias, span: c.spanFrom(start) }
}

function parseRowsPerMatch(c: Cursor): MatchRecognize['rowsPerMatch'] {
  if (c.acceptWord('ONE')) {
    c.expectWords('ROW', 'PER', 'MATCH')
    return 'ONE ROW'
  }
  if (!c.acceptWord('ALL')) return undefined
  c.expectWords('ROWS', 'PER', 'MATCH')
  return 'ALL ROWS'
}

function parseSkip(c: Cursor): AfterMatchSkip | undefined {
  const { start } = c.token
  if (!c.acceptWord('AFTER')) return undefined
  c.expectWords('MATCH', 'SKIP')
  if (c.acceptWord('PAST')) {
    c.expectWords('LAST', 'ROW')
    return { kind: 'after-match-skip', target: 'PAST LAST ROW', span: c.spanFrom(start) }
  }
  c.expectWord('TO')
  if (c.acceptWord('NEXT')) {
    c.expectWord('ROW')
    return { kind: 'after-match-skip', target: 'NEXT ROW', span: c.spanFrom(start) }
  }
  const named = c.peek(1).kind === 'word' || c.peek(1).kind === 'quoted'
  const target = named && !c.isWordAt(1, 'PATTERN') ? (c.acceptOneOf('FIRST', 'LAST') ?? 'LAST') : 'LAST'
  const variable = c.identifier('NEXT ROW, FIRST, LAST or the name of a pattern variable')
  return { kind: 'after-match-skip', target, variable, span: c.spanFrom(start) }
}

function parseSubset(c: Cursor): PatternSubset {
  const { start } = c.token
  const name = c.identifier('the name of a subset')
  c.expectSymbol('=')
  const variables = c.parenthesized(parseVariable)
  return { kind: 'pattern-subset', name, variables, span: c.spanFrom(start) }
}

function parseDefinition(c: Cursor): PatternDefinition {
  const { start } = c.token
  const variable = parseVariable(c)
  c.expectWord('AS')
  const condition = c.expression()
  return { kind: 'pattern-definition', variable, condition, span: c.spanFrom(start) }
}

const parseVariable = (c: Cursor) => c.identifier('the name of a pattern variable')

/** `A B | C`. */
function parseAlternation(c: Cursor): Pattern {
  c.enter()
  const { start } = c.token
  const items = [parseSequence(c)]
  while (c.acceptSymbol('|')) items.push(parseSequence(c))
  c.leave()
  const [only, second] = items
  if (only !== undefined && second === undefined) return only
  return { kind: 'pattern-alternation', items, span: c.spanFrom(start) }
}

function parseSequence(c: Cursor): Pattern {
  const { start } = c.token
  const items = [parseQuantified(c)]
  while (startsPattern(c)) items.push(parseQuantified(c))
  const [only, second] = items
  if (only !== undefined && second === undefined) return only
  return { kind: 'pattern-sequence', items, span: c.spanFrom(start) }
}

function startsPattern(c: Cursor): boolean {
  return c.atName || c.isWord('PERMUTE') || c.isSymbol('(') || c.isSymbol('{')
}

function parseQuantified(c: Cursor): Pattern {
  const { start } = c.token
  const operand = parsePatternPrimary(c)
  const bounds = parseQuantifier(c)
  if (bounds === undefined) return operand
  const reluctant = c.acceptSymbol('?')
  return { kind: 'pattern-repeat', operand, ...bounds, reluctant, span: c.spanFrom(start) }
}

function parseQuantifier(c: Cursor): Pick<PatternRepeat, 'min' | 'max'> | undefined {
  if (c.acceptSymbol('*')) return { min: 0 }
  if (c.acceptSymbol('+')) return { min: 1 }
  if (c.acceptSymbol('?')) return { min: 0, max: 1 }
  if (!c.isSymbol('{') || c.isSymbolAt(1, '-')) return undefined
  const from = c.advance().start
  const min = c.isSymbol(',') ? 0 : c.integer('a number of repetitions')
  let max: number | undefined = min
  if (c.acceptSymbol(',')) max = c.token.kind === 'number' ? c.integer() : undefined
  c.expectSymbol('}')
  if (max !== undefined && max < min) c.refuse(`the repetition {${min},${max}} ends before it begins`, c.spanFrom(from))
  return max === undefined ? { min } : { min, max }
}

function parsePatternPrimary(c: Cursor): Pattern {
  const { start } = c.token
  if (c.acceptSymbol('(')) {
    const inner = parseAlternation(c)
    c.expectSymbol(')')
    return inner
  }
  if (c.isSymbol('{') && c.isSymbolAt(1, '-')) {
    c.advance()
    c.advance()
    const operand = parseAlternation(c)
    c.expectSymbol('-')
    c.expectSymbol('}')
    return { kind: 'pattern-exclusion', operand, span: c.spanFrom(start) }
  }
  if (c.acceptWord('PERMUTE')) {
    const items = c.parenthesized(parseAlternation)
    return { kind: 'pattern-permute', items, span: c.spanFrom(start) }
  }
  const name = parseVariable(c)
  return { kind: 'pattern-variable', name, span: name.span }
}
