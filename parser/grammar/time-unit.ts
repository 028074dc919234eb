/** YEAR, MONTHS, DAY(3) TO SECOND(6), SQL_TSI_HOUR, … */
import type { IntervalQualifier, TimeUnit } from '../ast/type.ts'
import type { Cursor } from '../cursor.ts'

const UNITS: Readonly<Record<string, TimeUnit>> = {
  MILLENNIUM: 'MILLENNIUM',
  CENTURY: 'CENTURY',
  DECADE: 'DECADE',
  YEAR: 'YEAR',
  QUARTER: 'QUARTER',
  MONTH: 'MONTH',
  WEEK: 'WEEK',
  DAY: 'DAY',
  HOUR: 'HOUR',
  MINUTE: 'MINUTE',
  SECOND: 'SECOND',
  MILLISECOND: 'MILLISECOND',
  MICROSECOND: 'MICROSECOND',
  NANOSECOND: 'NANOSECOND',
  EPOCH: 'EPOCH',
  DOY: 'DOY',
  DOW: 'DOW',
  ISODOW: 'ISODOW',
  ISOYEAR: 'ISOYEAR',
}

const INTERVAL_UNITS: Readonly<Record<string, TimeUnit>> = {
  YEAR: 'YEAR',
  YEARS: 'YEAR',
  QUARTER: 'QUARTER',
  QUARTERS: 'QUARTER',
  MONTH: 'MONTH',
  MONTHS: 'MONTH',
  WEEK: 'WEEK',
  WEEKS: 'WEEK',
  DAY: 'DAY',
  DAYS: 'DAY',
  HOUR: 'HOUR',
  HOURS: 'HOUR',
  MINUTE: 'MINUTE',
  MINUTES: 'MINUTE',
  SECOND: 'SECOND',
  SECONDS: 'SECOND',
}

/** From the coarsest to the finest of the two families that `x TO y` may span. */
const YEAR_MONTH: readonly TimeUnit[] = ['YEAR', 'MONTH']
const DAY_TIME: readonly TimeUnit[] = ['DAY', 'HOUR', 'MINUTE', 'SECOND']

/** The unit that a word names, also `SQL_TSI_DAY`; undefined where it names none. */
export function timeUnitOf(word: string): TimeUnit | undefined {
  const name = word.startsWith('SQL_TSI_') ? word.slice('SQL_TSI_'.length) : word
  return Object.hasOwn(UNITS, name) ? UNITS[name] : undefined
}

export function parseTimeUnit(c: Cursor): TimeUnit {
  const unit = c.token.kind === 'word' ? timeUnitOf(c.token.text) : undefined
  if (unit === undefined) {
    for (const word of Object.keys(UNITS)) c.expects(word)
    return c.fail('a time unit such as DAY or HOUR')
  }
  c.advance()
  return unit
}

export function atIntervalUnit(c: Cursor): boolean {
  return c.token.kind === 'word' && Object.hasOwn(INTERVAL_UNITS, c.token.text)
}

function parseIntervalUnit(c: Cursor, allowed?: readonly TimeUnit[]): TimeUnit {
  const { kind, text } = c.token
  const unit = kind === 'word' && Object.hasOwn(INTERVAL_UNITS, text) ? INTERVAL_UNITS[text] : undefined
  if (unit === undefined || (allowed !== undefined && !allowed.includes(unit))) {
    for (const word of allowed ?? Object.keys(INTERVAL_UNITS)) c.expects(word)
    return c.fail(allowed === undefined ? 'an interval unit such as DAY or HOUR' : allowed.join(' or '))
  }
  c.advance()
  return unit
}

/** `DAY`, `SECOND(3, 6)`, `DAY(3) TO SECOND(6)`. Calcite's IntervalQualifier; plurals as Flink allows them. */
export function parseIntervalQualifier(c: Cursor): IntervalQualifier {
  const { start } = c.token
  const from = parseIntervalUnit(c)
  let leadingPrecision: number | undefined
  let secondPrecision: number | undefined
  if (c.acceptSymbol('(')) {
    leadingPrecision = c.integer('the number of digits')
    if (from === 'SECOND' && c.acceptSymbol(',')) secondPrecision = c.integer('the number of fractional digits')
    c.expectSymbol(')')
  }
  const family = [YEAR_MONTH, DAY_TIME].find((units) => units.includes(from))
  const finer = family?.slice(family.indexOf(from) + 1) ?? []
  let to: TimeUnit | undefined
  if (finer.length > 0 && c.acceptWord('TO')) {
    to = parseIntervalUnit(c, finer)
    if (to === 'SECOND' && c.acceptSymbol('(')) {
      secondPrecision = c.integer('the number of fractional digits')
      c.expectSymbol(')')
    }
  }
  return {
    kind: 'interval-qualifier',
    from,
    ...(to === undefined ? {} : { to }),
    ...(leadingPrecision === undefined ? {} : { leadingPrecision }),
    ...(secondPrecision === undefined ? {} : { secondPrecision }),
    span: c.spanFrom(start),
  }
}
