/** Datetimes as text and from text, and as seconds of the epoch. */
import type { Value } from '../../core/column.ts'
import { parseDate, parseTimestamp } from '../../core/datetime-text.ts'
import { MillraceError } from '../../core/errors.ts'
import { localToEpoch, zoneOffsetFunction } from '../../core/time-zone.ts'
import { BIGINT, DATE, INT, type SqlType, STRING, timestamp, timestampLtz, withNullability } from '../../core/types.ts'
import { createDateFormatter, createDateParser } from './date-format.ts'
import { DATETIMES, DAY, localReader } from './datetime-field.ts'
import { define, defineWith } from './define.ts'
import type { ScalarFunction } from './function.ts'
import { dateFormatCode } from './temporal-code.ts'

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

export const DATETIME_TEXT_FUNCTIONS: readonly ScalarFunction[] = [
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
]
