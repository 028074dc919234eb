/**
 * Literals → values in the engine's representation, with the types that Flink gives them: `1` is INT NOT NULL, `1.5`
 * DECIMAL(2, 1) NOT NULL, `1e3` DOUBLE NOT NULL, `'abc'` CHAR(3) NOT NULL.
 */
import type { SqlType } from '../../core/types.ts'
import { MAX_DECIMAL_PRECISION } from '../../core/types.ts'
import type {
  DatetimeLiteral,
  IntervalLiteral,
  IntervalQualifier,
  NumberLiteral,
  Span,
  TimeUnit,
} from '../../parser/ast.ts'
import type { Literal, LiteralValue } from '../expression.ts'
import { type BinderContext, errorAt, unsupported } from './binder-context.ts'
import { intervalKind } from './types.ts'

const MILLISECONDS: Readonly<Partial<Record<TimeUnit, number>>> = {
  WEEK: 604_800_000,
  DAY: 86_400_000,
  HOUR: 3_600_000,
  MINUTE: 60_000,
  SECOND: 1000,
  MILLISECOND: 1,
}
const MONTHS: Readonly<Partial<Record<TimeUnit, number>>> = { YEAR: 12, QUARTER: 3, MONTH: 1 }

export function literal(value: LiteralValue, type: SqlType): Literal {
  return { kind: 'literal', value, type: value === null ? type : { ...type, nullable: false } }
}

export function booleanLiteral(value: boolean): Literal {
  return literal(value, { kind: 'BOOLEAN', nullable: false })
}

export function stringLiteral(value: string): Literal {
  return literal(value, { kind: 'CHAR', length: Array.from(value).length, nullable: false })
}

export function bindNumber(context: BinderContext, node: NumberLiteral, negative: boolean): Literal {
  const text = node.text
  const sign = negative ? '-' : ''
  if (/e/i.test(text)) return literal(Number(sign + text), { kind: 'DOUBLE', nullable: false })
  const point = text.indexOf('.')
  if (point >= 0 && point < text.length - 1) {
    const scale = text.length - point - 1
    const precision = Math.max(text.length - 1, scale)
    if (precision > MAX_DECIMAL_PRECISION) throw outOfRange(context, node)
    const unscaled = BigInt(sign + text.replace('.', '')).toString()
    return literal(unscaled, { kind: 'DECIMAL', precision, scale, nullable: false })
  }
  const value = BigInt(sign + text.replace('.', ''))
  if (BigInt.asIntN(32, value) === value) return literal(Number(value), { kind: 'INT', nullable: false })
  if (BigInt.asIntN(64, value) === value) return literal(value.toString(), { kind: 'BIGINT', nullable: false })
  const precision = value.toString().replace('-', '').length
  if (precision > MAX_DECIMAL_PRECISION) throw outOfRange(context, node)
  return literal(value.toString(), { kind: 'DECIMAL', precision, scale: 0, nullable: false })
}

function outOfRange(context: BinderContext, node: NumberLiteral): Error {
  return errorAt(
    context,
    node.span,
    'NUMERIC_OVERFLOW',
    `number ${node.text} has more than ${MAX_DECIMAL_PRECISION} digits`,
  )
}

const DATE_PATTERN = /^(\d{1,4})-(\d{1,2})-(\d{1,2})$/
const TIME_PATTERN = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?$/

/** Days since 1970-01-01, or undefined where there is no such day. */
function parseDate(text: string): number | undefined {
  const match = DATE_PATTERN.exec(text)
  if (match === null) return undefined
  const [year, month, day] = match.slice(1).map(Number)
  const date = new Date(0)
  date.setUTCFullYear(year ?? 0, (month ?? 1) - 1, day ?? 1)
  if (date.getUTCMonth() !== (month ?? 1) - 1 || date.getUTCDate() !== day) return undefined
  return Math.floor(date.getTime() / 86_400_000)
}

/** Milliseconds of the day and the fraction's digits. */
function parseTime(text: string): { readonly seconds: number; readonly fraction: string } | undefined {
  const match = TIME_PATTERN.exec(text)
  if (match === null) return undefined
  const [hour, minute, second] = match.slice(1, 4).map(Number)
  if ((hour ?? 0) > 23 || (minute ?? 0) > 59 || (second ?? 0) > 59) return undefined
  return { seconds: (hour ?? 0) * 3600 + (minute ?? 0) * 60 + (second ?? 0), fraction: match[4] ?? '' }
}

const FORMS = { DATE: 'yyyy-MM-dd', TIME: 'HH:mm:ss[.fraction]', TIMESTAMP: 'yyyy-MM-dd HH:mm:ss[.fraction]' } as const

export function bindDatetime(context: BinderContext, node: DatetimeLiteral): Literal {
  const bound = datetimeValue(node.type, node.value.value)
  if (bound !== undefined) return bound
  throw errorAt(context, node.value.span, 'CAST_FAILED', `'${node.value.value}' is not a ${node.type}`, {
    detail: `It is written ${FORMS[node.type]}.`,
  })
}

function datetimeValue(type: 'DATE' | 'TIME' | 'TIMESTAMP', text: string): Literal | undefined {
  if (type === 'DATE') {
    const days = parseDate(text)
    return days === undefined ? undefined : literal(days, { kind: 'DATE', nullable: false })
  }
  if (type === 'TIME') {
    const time = parseTime(text)
    if (time === undefined) return undefined
    const milliseconds = time.seconds * 1000 + Number(time.fraction.padEnd(3, '0').slice(0, 3))
    return literal(milliseconds, { kind: 'TIME', precision: time.fraction.length, nullable: false })
  }
  const [date, rest] = text.split(/[ T]/, 2)
  const days = parseDate(date ?? '')
  const time = parseTime(rest ?? '00:00:00')
  if (days === undefined || time === undefined) return undefined
  const precision = time.fraction.length
  const digits = precision <= 3 ? 3 : precision <= 6 ? 6 : 9
  const scaled =
    BigInt(days * 86_400 + time.seconds) * 10n ** BigInt(digits) + BigInt(time.fraction.padEnd(digits, '0'))
  return literal(scaled.toString(), { kind: 'TIMESTAMP', precision, nullable: false })
}

export function bindInterval(context: BinderContext, node: IntervalLiteral): Literal {
  const kind = intervalKind(node.qualifier)
  const value = intervalValue(context, node)
  const signed = node.negative ? -value : value
  return literal(kind === 'INTERVAL_DAY_TIME' ? String(signed) : signed, { kind, nullable: false })
}

/** Fields of `from TO to` in order, and what separates them. */
const DAY_TIME_UNITS: readonly TimeUnit[] = ['DAY', 'HOUR', 'MINUTE', 'SECOND']
const YEAR_MONTH_UNITS: readonly TimeUnit[] = ['YEAR', 'MONTH']

function intervalValue(context: BinderContext, node: IntervalLiteral): number {
  const { qualifier } = node
  const text = node.value.value.trim()
  const sign = text.startsWith('-') ? -1 : 1
  const body = text.replace(/^[+-]/, '').trim()
  const units = qualifierUnits(context, qualifier, node.span)
  const factors = intervalKind(qualifier) === 'INTERVAL_DAY_TIME' ? MILLISECONDS : MONTHS
  const parts = body.split(/[-: ]+/)
  const malformed = parts.length !== units.length || !parts.every((part) => /^\d+(\.\d+)?$/.test(part))
  if (malformed) {
    const name = qualifier.to === undefined ? qualifier.from : `${qualifier.from} TO ${qualifier.to}`
    throw errorAt(context, node.value.span, 'CAST_FAILED', `'${node.value.value}' is not an interval of ${name}`)
  }
  let total = 0
  for (const [index, unit] of units.entries()) total += Number(parts[index]) * (factors[unit] ?? 0)
  return sign * Math.round(total)
}

function qualifierUnits(context: BinderContext, qualifier: IntervalQualifier, span: Span): readonly TimeUnit[] {
  const { from, to } = qualifier
  if (to === undefined) {
    if (MILLISECONDS[from] === undefined && MONTHS[from] === undefined) {
      throw unsupported(context, qualifier.span, `an interval of ${from}`)
    }
    return [from]
  }
  for (const units of [DAY_TIME_UNITS, YEAR_MONTH_UNITS]) {
    const start = units.indexOf(from)
    const end = units.indexOf(to)
    if (start >= 0 && end > start) return units.slice(start, end + 1)
  }
  throw errorAt(context, span, 'INVALID_ARGUMENT', `an interval cannot go from ${from} to ${to}`)
}
