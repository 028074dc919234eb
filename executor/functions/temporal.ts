/** Functions over dates, times and timestamps (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/functions/systemfunctions/#temporal-functions). */
import type { BoundArgument, FunctionSpec } from '../../catalog/function.ts'
import type { Value } from '../../core/column.ts'
import { civilFromDays, daysFromCivil } from '../../core/datetime-text.ts'
import { MillraceError } from '../../core/errors.ts'
import { localToEpoch, zoneOffsetFunction } from '../../core/time-zone.ts'
import {
  BIGINT,
  DATE,
  INT,
  type SqlType,
  STRING,
  timestamp,
  timestampLtz,
  unitsPerMillisecond,
  withNullability,
} from '../../core/types.ts'
import { parseDate, parseTimestamp } from '../../core/datetime-text.ts'
import { addMonths } from './arithmetic.ts'
import { createDateFormatter, createDateParser } from './date-format.ts'
import { define, defineWith } from './define.ts'
import { type CallSite, nullableWith, type ScalarFunction } from './function.ts'
import { dateFormatCode, extractionCode } from './temporal-code.ts'

const DAY = 86_400_000
const DATETIMES: readonly string[] = ['DATE', 'TIME', 'TIMESTAMP', 'TIMESTAMP_LTZ']

function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b
  return a % b < 0n ? quotient - 1n : quotient
}

/** Wall-clock milliseconds of a datetime value and the nanoseconds of its second. */
function localReader(type: SqlType, timeZone: string): (value: Value) => { local: number; nanos: number } {
  if (type.kind === 'DATE') return (value) => ({ local: (value as number) * DAY, nanos: 0 })
  if (type.kind === 'TIME')
    return (value) => ({ local: value as number, nanos: ((value as number) % 1000) * 1_000_000 })
  if (type.kind !== 'TIMESTAMP' && type.kind !== 'TIMESTAMP_LTZ')
    throw new MillraceError('INTERNAL_ERROR', `${type.kind} is no datetime`)
  const units = unitsPerMillisecond(type.precision)
  const offset = type.kind === 'TIMESTAMP_LTZ' ? zoneOffsetFunction(timeZone) : () => 0
  const perSecond = units * 1000n
  return (value) => {
    const exact = value as bigint
    const epoch = Number(floorDiv(exact, units))
    const fraction = exact - floorDiv(exact, perSecond) * perSecond
    return { local: epoch + offset(epoch), nanos: Number(fraction * (1_000_000n / units)) }
  }
}

const WEEK_SHIFT = 3 // 1970-01-01 was a Thursday

function isoWeek(days: number): { week: number; year: number } {
  const thursday = days - ((((days + WEEK_SHIFT) % 7) + 7) % 7) + 3
  const { year } = civilFromDays(thursday)
  return { week: Math.floor((thursday - daysFromCivil(year, 1, 1)) / 7) + 1, year }
}

function extractField(unit: string, local: number, nanos: number, epoch: number): number {
  const days = Math.floor(local / DAY)
  const inDay = local - days * DAY
  const { year, month, day } = civilFromDays(days)
  switch (unit) {
    case 'MILLENNIUM':
      return Math.ceil(year / 1000)
    case 'CENTURY':
      return Math.ceil(year / 100)
    case 'DECADE':
      return Math.floor(year / 10)
    case 'YEAR':
      return year
    case 'ISOYEAR':
      return isoWeek(days).year
    case 'QUARTER':
      return Math.ceil(month / 3)
    case 'MONTH':
      return month
    case 'WEEK':
      return isoWeek(days).week
    case 'DAY':
      return day
    case 'DOY':
      return days - daysFromCivil(year, 1, 1) + 1
    case 'DOW':
      return ((((days + 4) % 7) + 7) % 7) + 1
    case 'ISODOW':
      return ((((days + WEEK_SHIFT) % 7) + 7) % 7) + 1
    case 'HOUR':
      return Math.floor(inDay / 3_600_000)
    case 'MINUTE':
      return Math.floor(inDay / 60_000) % 60
    case 'SECOND':
      return Math.floor(inDay / 1000) % 60
    case 'MILLISECOND':
      return Math.floor(inDay) % 1000
    case 'MICROSECOND':
      return Math.floor(nanos / 1000)
    case 'NANOSECOND':
      return nanos
    case 'EPOCH':
      return Math.floor(epoch / 1000)
    default:
      throw new MillraceError('INVALID_ARGUMENT', `EXTRACT knows no unit ${unit}`)
  }
}

/** Of a TIMESTAMP(3). */
function extractLocal(unit: string, local: number): number {
  return extractField(unit, local, (local - Math.floor(local / 1000) * 1000) * 1_000_000, local)
}

function datetimeSignature(count: number, returns: SqlType): FunctionSpec['bind'] {
  return (args) => {
    const value = args[count - 1]
    if (args.length !== count || value === undefined || !DATETIMES.includes(value.type.kind)) return undefined
    return { argumentTypes: args.map((arg) => arg.type), returnType: nullableWith(returns, args) }
  }
}

function extraction(call: CallSite, unit: string): (value: Value) => Value {
  const type = call.argumentTypes.at(-1) ?? DATE
  const read = localReader(type, call.environment.timeZone)
  return (value) => {
    const { local, nanos } = read(value)
    return BigInt(
      extractField(
        unit,
        local,
        nanos,
        type.kind === 'TIMESTAMP_LTZ' ? Number(floorDiv(value as bigint, unitsPerMillisecond(type.precision))) : local,
      ),
    )
  }
}

const EXTRACT = defineWith(
  {
    name: 'EXTRACT',
    category: 'temporal',
    signatures: ['EXTRACT(unit FROM datetime)'],
    description: 'A part of a datetime.',
    examples: [["EXTRACT(DAY FROM DATE '2006-06-05')", '5']],
    generate: extractionCode(1, (call) => String(call.literals[0]), extractLocal),
  },
  datetimeSignature(2, BIGINT),
  (call) => {
    const extract = extraction(call, String(call.literals[0]))
    return (_unit, value) => extract(value ?? null)
  },
)

function part(name: string, unit: string, example: string): ScalarFunction {
  return defineWith(
    {
      name,
      category: 'temporal',
      signatures: [`${name}(datetime)`],
      description: `The ${unit} of a datetime.`,
      examples: [[`${name}(TIMESTAMP '1994-09-27 13:14:15')`, example]],
      generate: extractionCode(0, () => unit, extractLocal),
    },
    datetimeSignature(1, BIGINT),
    (call) => extraction(call, unit),
  )
}

/** The beginning of the unit that a wall-clock reading lies in. */
function floorLocal(local: number, unit: string): number {
  const days = Math.floor(local / DAY)
  const { year, month } = civilFromDays(days)
  switch (unit) {
    case 'MILLENNIUM':
      return daysFromCivil(Math.floor((year - 1) / 1000) * 1000 + 1, 1, 1) * DAY
    case 'CENTURY':
      return daysFromCivil(Math.floor((year - 1) / 100) * 100 + 1, 1, 1) * DAY
    case 'DECADE':
      return daysFromCivil(Math.floor(year / 10) * 10, 1, 1) * DAY
    case 'YEAR':
      return daysFromCivil(year, 1, 1) * DAY
    case 'QUARTER':
      return daysFromCivil(year, Math.floor((month - 1) / 3) * 3 + 1, 1) * DAY
    case 'MONTH':
      return daysFromCivil(year, month, 1) * DAY
    case 'WEEK':
      return (days - ((((days + 4) % 7) + 7) % 7)) * DAY
    case 'DAY':
      return days * DAY
    case 'HOUR':
      return Math.floor(local / 3_600_000) * 3_600_000
    case 'MINUTE':
      return Math.floor(local / 60_000) * 60_000
    case 'SECOND':
      return Math.floor(local / 1000) * 1000
    case 'MILLISECOND':
      return Math.floor(local)
    default:
      throw new MillraceError('INVALID_ARGUMENT', `timestamps are not rounded to ${unit}`)
  }
}

const MONTHS_IN: Readonly<Record<string, number>> = {
  MILLENNIUM: 12_000,
  CENTURY: 1200,
  DECADE: 120,
  YEAR: 12,
  QUARTER: 3,
  MONTH: 1,
}
const MILLISECONDS_IN: Readonly<Record<string, number>> = {
  WEEK: 7 * DAY,
  DAY,
  HOUR: 3_600_000,
  MINUTE: 60_000,
  SECOND: 1000,
  MILLISECOND: 1,
}

function ceilLocal(local: number, unit: string): number {
  const low = floorLocal(local, unit)
  if (low === local) return local
  const months = MONTHS_IN[unit]
  return months === undefined ? low + (MILLISECONDS_IN[unit] ?? 1) : addMonths(low / DAY, months) * DAY
}

/** FLOOR and CEIL of numbers, and of datetimes TO a unit. */
function roundTo(name: 'FLOOR' | 'CEIL', examples: readonly (readonly [string, string])[]): ScalarFunction {
  const roundLocal = name === 'FLOOR' ? floorLocal : ceilLocal
  return defineWith(
    {
      name,
      ...(name === 'CEIL' ? { aliases: ['CEILING'] } : {}),
      category: 'arithmetic',
      signatures: [`${name}(numeric)`, `${name}(datetime TO unit)`],
      description: `Rounded ${name === 'FLOOR' ? 'down' : 'up'}.`,
      examples,
    },
    (args) => bindRounding(args),
    (call) => {
      const [type] = call.argumentTypes
      const to = call.returnType
      if (type?.kind === 'DECIMAL') {
        const unit = 10n ** BigInt(type.scale)
        return (value) => (name === 'FLOOR' ? floorDiv(value as bigint, unit) : -floorDiv(-(value as bigint), unit))
      }
      if (type?.kind === 'FLOAT' || type?.kind === 'DOUBLE')
        return (value) => (name === 'FLOOR' ? Math.floor(value as number) : Math.ceil(value as number))
      if (type === undefined || !DATETIMES.includes(type.kind)) return (value) => value
      const unit = String(call.literals[1])
      const read = localReader(type, call.environment.timeZone)
      const offset = zoneOffsetFunction(call.environment.timeZone)
      return (value) => {
        const local = roundLocal(read(value).local, unit)
        if (type.kind === 'DATE') return local / DAY
        if (type.kind === 'TIME') return local
        const units = unitsPerMillisecond(to.kind === 'TIMESTAMP' || to.kind === 'TIMESTAMP_LTZ' ? to.precision : 3)
        return BigInt(type.kind === 'TIMESTAMP_LTZ' ? localToEpoch(local, offset) : local) * units
      }
    },
  )
}

function bindRounding(args: readonly BoundArgument[]): ReturnType<FunctionSpec['bind']> {
  const [value, unit] = args
  if (value === undefined || args.length > 2) return undefined
  const argumentTypes = args.map((arg) => arg.type)
  if (DATETIMES.includes(value.type.kind))
    return unit === undefined ? undefined : { argumentTypes, returnType: value.type }
  if (
    unit !== undefined ||
    !['TINYINT', 'SMALLINT', 'INT', 'BIGINT', 'DECIMAL', 'FLOAT', 'DOUBLE'].includes(value.type.kind)
  )
    return undefined
  return { argumentTypes, returnType: value.type.kind === 'DECIMAL' ? { ...value.type, scale: 0 } : value.type }
}

const TIMESTAMPADD = defineWith(
  {
    name: 'TIMESTAMPADD',
    category: 'temporal',
    signatures: ['TIMESTAMPADD(unit, interval, timepoint)'],
    description: 'A datetime moved by a number of units.',
    examples: [["TIMESTAMPADD(WEEK, 1, DATE '2003-01-02')", '2003-01-09']],
  },
  (args) => {
    const [unit, count, point] = args
    if (
      unit === undefined ||
      count === undefined ||
      point === undefined ||
      !['DATE', 'TIMESTAMP', 'TIMESTAMP_LTZ'].includes(point.type.kind)
    )
      return undefined
    const small =
      MONTHS_IN[normalUnit(unit.literal)] === undefined && !['DAY', 'WEEK'].includes(normalUnit(unit.literal))
    const result = point.type.kind === 'DATE' && small ? withNullability(timestamp(0), point.type.nullable) : point.type
    return {
      argumentTypes: [unit.type, withNullability(BIGINT, count.type.nullable), point.type],
      returnType: nullableWith(result, args),
    }
  },
  (call) => {
    const unit = normalUnit(call.literals[0])
    const [, , type] = call.argumentTypes
    const to = call.returnType
    return (_unit, count, point) => {
      const amount = Number(count)
      if (type?.kind === 'DATE' && to.kind === 'DATE') return addLocal((point as number) * DAY, unit, amount) / DAY
      if (type?.kind === 'DATE') return BigInt(addLocal((point as number) * DAY, unit, amount))
      const units = unitsPerMillisecond(
        type?.kind === 'TIMESTAMP' || type?.kind === 'TIMESTAMP_LTZ' ? type.precision : 3,
      )
      const milliseconds = floorDiv(point as bigint, units)
      return BigInt(addLocal(Number(milliseconds), unit, amount)) * units + ((point as bigint) - milliseconds * units)
    }
  },
)

function normalUnit(literal: unknown): string {
  return String(literal)
    .toUpperCase()
    .replace(/^SQL_TSI_/, '')
    .replace(/S$/, '')
}

function addLocal(local: number, unit: string, amount: number): number {
  const months = MONTHS_IN[unit]
  if (months === undefined) return local + amount * (MILLISECONDS_IN[unit] ?? 0)
  const days = Math.floor(local / DAY)
  return addMonths(days, months * amount) * DAY + (local - days * DAY)
}

const TIMESTAMPDIFF = defineWith(
  {
    name: 'TIMESTAMPDIFF',
    category: 'temporal',
    signatures: ['TIMESTAMPDIFF(unit, timepoint1, timepoint2)'],
    description: 'Whole units from the first datetime to the second.',
    examples: [["TIMESTAMPDIFF(DAY, TIMESTAMP '2003-01-02 10:00:00', TIMESTAMP '2003-01-03 10:00:00')", '1']],
  },
  (args) => {
    const [unit, from, to] = args
    if (
      unit === undefined ||
      from === undefined ||
      to === undefined ||
      ![from, to].every((arg) => ['DATE', 'TIMESTAMP', 'TIMESTAMP_LTZ'].includes(arg.type.kind))
    )
      return undefined
    return { argumentTypes: args.map((arg) => arg.type), returnType: nullableWith(INT, args) }
  },
  (call) => {
    const unit = normalUnit(call.literals[0])
    const read = call.argumentTypes.slice(1).map((type) => localReader(type, call.environment.timeZone))
    return (_unit, from, to) => {
      const start = read[0]?.(from ?? null).local ?? 0
      const end = read[1]?.(to ?? null).local ?? 0
      const months = MONTHS_IN[unit]
      if (months === undefined) return Math.trunc((end - start) / (MILLISECONDS_IN[unit] ?? 1))
      return Math.trunc(monthsBetween(start, end) / months)
    }
  },
)

function monthsBetween(start: number, end: number): number {
  const [a, b] = [civilFromDays(Math.floor(start / DAY)), civilFromDays(Math.floor(end / DAY))]
  let months = (b.year - a.year) * 12 + b.month - a.month
  if (months > 0 && addLocal(start, 'MONTH', months) > end) months--
  if (months < 0 && addLocal(start, 'MONTH', months) < end) months++
  return months
}

/** A formatter or parser for the patterns of the last rows. */
function cached<T>(create: (pattern: string) => T): (pattern: string) => T {
  const known = new Map<string, T>()
  return (pattern) => {
    const found = known.get(pattern) ?? create(pattern)
    if (known.size > 100) known.clear()
    known.set(pattern, found)
    return found
  }
}

const DATE_FORMAT = defineWith(
  {
    name: 'DATE_FORMAT',
    category: 'temporal',
    signatures: ['DATE_FORMAT(timestamp, pattern)'],
    description: "A datetime as text in a pattern of Java's.",
    examples: [["DATE_FORMAT(TIMESTAMP '2024-01-31 10:20:30', 'yyyy/MM/dd HH:mm')", '2024/01/31 10:20']],
    generate: dateFormatCode,
  },
  (args) => {
    const [value, pattern] = args
    if (value === undefined || pattern === undefined) return undefined
    const isText = value.type.kind === 'CHAR' || value.type.kind === 'VARCHAR'
    if (!isText && !DATETIMES.includes(value.type.kind)) return undefined
    return {
      argumentTypes: [isText ? withNullability(timestamp(3), true) : value.type, STRING],
      returnType: withNullability(STRING, true),
    }
  },
  (call) => {
    const read = localReader(call.argumentTypes[0] ?? DATE, call.environment.timeZone)
    const formatter = cached(createDateFormatter)
    return (value, pattern) => {
      const { local, nanos } = read(value ?? null)
      return formatter(pattern as string)(local, nanos)
    }
  },
)

const TO_TIMESTAMP_LTZ = defineWith(
  {
    name: 'TO_TIMESTAMP_LTZ',
    category: 'temporal',
    signatures: ['TO_TIMESTAMP_LTZ(numeric [, precision])', 'TO_TIMESTAMP_LTZ(string [, format [, timezone]])'],
    description:
      'A TIMESTAMP_LTZ from seconds (precision 0) or milliseconds (3, the default) since the epoch, or from text.',
    examples: [['TO_TIMESTAMP_LTZ(0, 3) < CURRENT_TIMESTAMP', 'TRUE']],
  },
  (args) => {
    const [value, second] = args
    if (value === undefined) return undefined
    const returnType = withNullability(timestampLtz(3), true)
    if (value.type.kind === 'CHAR' || value.type.kind === 'VARCHAR')
      return { argumentTypes: args.map(() => STRING), returnType }
    if (!['TINYINT', 'SMALLINT', 'INT', 'BIGINT', 'DOUBLE', 'FLOAT', 'DECIMAL'].includes(value.type.kind))
      return undefined
    const whole = ['TINYINT', 'SMALLINT', 'INT', 'BIGINT'].includes(value.type.kind)
    const types: SqlType[] = [whole ? BIGINT : { kind: 'DOUBLE', nullable: true }]
    return { argumentTypes: second === undefined ? types : [...types, INT], returnType }
  },
  (call) => {
    if (['CHAR', 'VARCHAR'].includes(call.argumentTypes[0]?.kind ?? '')) {
      const parser = cached(createDateParser)
      return (text, pattern, zone) => {
        const offset = zoneOffsetFunction((zone as string | undefined) ?? 'UTC')
        const local =
          pattern === undefined
            ? parseTimestamp(text as string, 3)
            : parser(pattern as string)(text as string)?.milliseconds
        return local === undefined ? null : BigInt(localToEpoch(Number(local), offset))
      }
    }
    return (value, precision = 3) => {
      if (precision !== 0 && precision !== 3)
        throw new MillraceError('INVALID_ARGUMENT', `TO_TIMESTAMP_LTZ takes precision 0 or 3, not ${String(precision)}`)
      const factor = precision === 0 ? 1000 : 1
      return typeof value === 'bigint' ? value * BigInt(factor) : BigInt(Math.trunc((value as number) * factor))
    }
  },
)

function parsing(
  name: 'TO_DATE' | 'TO_TIMESTAMP',
  returns: SqlType,
  defaultParse: (text: string) => Value | undefined,
  convert: (milliseconds: number) => Value,
  example: readonly [string, string],
): ScalarFunction {
  return defineWith(
    {
      name,
      category: 'temporal',
      signatures: [`${name}(string [, pattern])`],
      description: 'A datetime from text; NULL where the text does not fit.',
      examples: [example],
    },
    (args) =>
      args.length >= 1 && args.length <= 2 && args.every((arg) => ['CHAR', 'VARCHAR', 'NULL'].includes(arg.type.kind))
        ? {
            argumentTypes: args.map((arg) => withNullability(STRING, arg.type.nullable)),
            returnType: withNullability(returns, true),
          }
        : undefined,
    () => {
      const parser = cached(createDateParser)
      return (text, pattern) => {
        if (pattern === undefined) return defaultParse((text as string).trim()) ?? null
        const parsed = parser(pattern as string)(text as string)
        return parsed === undefined ? null : convert(parsed.milliseconds)
      }
    },
  )
}

function now(
  name: string,
  type: SqlType,
  read: (call: CallSite) => Value,
  description: string,
  aliases: readonly string[] = [],
): ScalarFunction {
  return defineWith(
    {
      name,
      ...(aliases.length === 0 ? {} : { aliases }),
      category: 'temporal',
      signatures: [name],
      description,
      examples: [],
      deterministic: false,
    },
    (args) =>
      args.length <= 1
        ? { argumentTypes: args.map((arg) => arg.type), returnType: withNullability(type, false) }
        : undefined,
    (call) => () => read(call),
  )
}

function localNow(call: CallSite): number {
  const epoch = call.environment.clock.now()
  return epoch + zoneOffsetFunction(call.environment.timeZone)(epoch)
}

const CLOCKS: readonly ScalarFunction[] = [
  now(
    'CURRENT_TIMESTAMP',
    timestampLtz(3),
    (call) => BigInt(call.environment.clock.now()),
    'The current instant, anew for each row.',
    ['NOW', 'CURRENT_ROW_TIMESTAMP'],
  ),
  now('PROCTIME', timestampLtz(3), (call) => BigInt(call.environment.clock.now()), 'The processing time of the row.'),
  now(
    'LOCALTIMESTAMP',
    timestamp(3),
    (call) => BigInt(localNow(call)),
    "The current date and time in the session's zone.",
  ),
  now('CURRENT_DATE', DATE, (call) => Math.floor(localNow(call) / DAY), "The current date in the session's zone."),
  now(
    'CURRENT_TIME',
    { kind: 'TIME', precision: 0, nullable: false },
    (call) => {
      const local = localNow(call)
      return local - Math.floor(local / DAY) * DAY
    },
    "The current time in the session's zone.",
    ['LOCALTIME'],
  ),
]

export const TEMPORAL_FUNCTIONS: readonly ScalarFunction[] = [
  EXTRACT,
  part('YEAR', 'YEAR', '1994'),
  part('QUARTER', 'QUARTER', '3'),
  part('MONTH', 'MONTH', '9'),
  part('WEEK', 'WEEK', '39'),
  part('DAYOFYEAR', 'DOY', '270'),
  part('DAYOFMONTH', 'DAY', '27'),
  part('DAYOFWEEK', 'DOW', '3'),
  part('HOUR', 'HOUR', '13'),
  part('MINUTE', 'MINUTE', '14'),
  part('SECOND', 'SECOND', '15'),
  roundTo('FLOOR', [
    ['FLOOR(3.7)', '3'],
    ["FLOOR(TIMESTAMP '2024-01-31 10:20:30' TO HOUR)", '2024-01-31 10:00:00'],
  ]),
  roundTo('CEIL', [
    ['CEIL(3.2)', '4'],
    ["CEIL(DATE '2024-01-15' TO MONTH)", '2024-02-01'],
  ]),
  TIMESTAMPADD,
  TIMESTAMPDIFF,
  DATE_FORMAT,
  TO_TIMESTAMP_LTZ,
  parsing('TO_DATE', DATE, parseDate, (milliseconds) => Math.floor(milliseconds / DAY), [
    "TO_DATE('31.01.2024', 'dd.MM.yyyy')",
    '2024-01-31',
  ]),
  parsing(
    'TO_TIMESTAMP',
    timestamp(3),
    (text) => parseTimestamp(text, 3),
    (milliseconds) => BigInt(milliseconds),
    ["TO_TIMESTAMP('2024-01-31 10:20:30')", '2024-01-31 10:20:30.000'],
  ),
  define({
    name: 'FROM_UNIXTIME',
    category: 'temporal',
    signatures: ['FROM_UNIXTIME(seconds [, pattern])'],
    description: "Seconds since the epoch as text in the session's zone.",
    examples: [['CHAR_LENGTH(FROM_UNIXTIME(44))', '19']],
    parameters: ['bigint', 'text'],
    minimum: 1,
    returns: STRING,
    evaluate: ([seconds, pattern], call) => {
      const epoch = Number(seconds) * 1000
      return createDateFormatter((pattern ?? 'yyyy-MM-dd HH:mm:ss') as string)(
        epoch + zoneOffsetFunction(call.environment.timeZone)(epoch),
        0,
      )
    },
  }),
  define({
    name: 'UNIX_TIMESTAMP',
    category: 'temporal',
    signatures: ['UNIX_TIMESTAMP()', 'UNIX_TIMESTAMP(string [, pattern])'],
    description: "Seconds since the epoch, now or of a text in the session's zone.",
    examples: [['UNIX_TIMESTAMP() > 0', 'TRUE']],
    parameters: ['text', 'text'],
    minimum: 0,
    returns: BIGINT,
    deterministic: false,
    evaluate: ([text, pattern], call) => {
      if (text === undefined) return BigInt(Math.floor(call.environment.clock.now() / 1000))
      const parsed = createDateParser((pattern ?? 'yyyy-MM-dd HH:mm:ss') as string)(text as string)
      if (parsed === undefined) return -9223372036854775808n
      return BigInt(Math.floor(localToEpoch(parsed.milliseconds, zoneOffsetFunction(call.environment.timeZone)) / 1000))
    },
  }),
  define({
    name: 'CONVERT_TZ',
    category: 'temporal',
    signatures: ['CONVERT_TZ(string, from_zone, to_zone)'],
    description: "A reading 'yyyy-MM-dd HH:mm:ss' of one time zone in another.",
    examples: [["CONVERT_TZ('1970-01-01 00:00:00', 'UTC', 'America/Los_Angeles')", '1969-12-31 16:00:00']],
    parameters: ['text', 'text', 'text'],
    nullable: true,
    returns: STRING,
    evaluate: ([text, from, to]) => {
      const local = parseTimestamp(text as string, 3)
      if (local === undefined) return null
      const epoch = localToEpoch(Number(local), zoneOffsetFunction(from as string))
      return createDateFormatter('yyyy-MM-dd HH:mm:ss')(epoch + zoneOffsetFunction(to as string)(epoch), 0)
    },
  }),
  ...CLOCKS,
]
