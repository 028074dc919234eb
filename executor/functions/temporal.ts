/** Functions over dates, times and timestamps (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/functions/systemfunctions/#temporal-functions). */
import type { BoundArgument, FunctionSpec } from '../../catalog/function.ts'
import type { Value } from '../../core/column.ts'
import { MillraceError } from '../../core/errors.ts'
import { localToEpoch, zoneOffsetFunction } from '../../core/time-zone.ts'
import {
  BIGINT,
  DATE,
  INT,
  physicalKind,
  type SqlType,
  timestamp,
  timestampLtz,
  typeToString,
  unitsPerMillisecond,
  withNullability,
} from '../../core/types.ts'
import { isInterval } from '../../planner/bind/coercion.ts'
import {
  addLocal,
  ceilLocal,
  DATETIMES,
  DAY,
  extractField,
  extractLocal,
  floorDiv,
  floorLocal,
  localReader,
  MILLISECONDS_IN,
  MONTHS_IN,
  monthsBetween,
  normalUnit,
} from './datetime-field.ts'
import { defineWith } from './define.ts'
import { type CallSite, nullableWith, type ScalarFunction } from './function.ts'
import { extractionCode } from './temporal-code.ts'

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

type IntervalFields = Readonly<Record<string, (length: number) => number>>

/** Of months, and of milliseconds; the parts of a negative interval are negative. */
const OF_MONTHS: IntervalFields = {
  YEAR: (months) => months / 12,
  QUARTER: (months) => Math.trunc((months % 12) / 3) + 1,
  MONTH: (months) => months % 12,
}
const OF_MILLISECONDS: IntervalFields = {
  DAY: (length) => length / DAY,
  HOUR: (length) => (length % DAY) / 3_600_000,
  MINUTE: (length) => (length % 3_600_000) / 60_000,
  SECOND: (length) => (length % 60_000) / 1000,
  MILLISECOND: (length) => length % 1000,
}

function intervalFields(type: SqlType): IntervalFields {
  return type.kind === 'INTERVAL_YEAR_MONTH' ? OF_MONTHS : OF_MILLISECONDS
}

const EXTRACT = defineWith(
  {
    name: 'EXTRACT',
    category: 'temporal',
    signatures: ['EXTRACT(unit FROM { datetime | interval })'],
    description: 'A part of a datetime or of an interval.',
    examples: [
      ["EXTRACT(DAY FROM DATE '2006-06-05')", '5'],
      ["EXTRACT(HOUR FROM INTERVAL '3 10:20:30' DAY TO SECOND)", '10'],
    ],
    generate: extractionCode(1, (call) => String(call.literals[0]), extractLocal),
  },
  (args) => {
    const [unit, value] = args
    if (unit === undefined || value === undefined || args.length !== 2 || !isInterval(value.type))
      return datetimeSignature(2, BIGINT)(args)
    const units = intervalFields(value.type)
    if (units[String(unit.literal)] === undefined) {
      throw new MillraceError(
        'TYPE_MISMATCH',
        `an ${typeToString(withNullability(value.type, true))} has no ${String(unit.literal)}`,
        {
          hint: `Its parts are ${Object.keys(units).join(', ')}.`,
        },
      )
    }
    return { argumentTypes: [unit.type, value.type], returnType: nullableWith(BIGINT, args) }
  },
  (call) => {
    const [, type] = call.argumentTypes
    if (type !== undefined && isInterval(type)) {
      const field = intervalFields(type)[String(call.literals[0])]
      return (_unit, value) => BigInt(Math.trunc(field?.(Number(value)) ?? 0))
    }
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

/** The binder calls it with MONTH or SECOND first: which kind of interval it gives. */
const MINUS_DATE = defineWith(
  {
    name: 'MINUS_DATE',
    category: 'temporal',
    signatures: ['(datetime1 - datetime2) unit [TO unit]'],
    description:
      'The interval between two datetimes of one type: in months for YEAR and MONTH, to the millisecond for the smaller units.',
    examples: [["(DATE '2024-03-01' - DATE '2024-01-31') DAY", '+30 00:00:00.000']],
  },
  (args) => {
    const [unit, left, right] = args
    if (unit === undefined || left === undefined || right === undefined) return undefined
    if (left.type.kind !== right.type.kind || !['DATE', 'TIMESTAMP', 'TIMESTAMP_LTZ'].includes(left.type.kind))
      return undefined
    const kind = unit.literal === 'MONTH' ? 'INTERVAL_YEAR_MONTH' : 'INTERVAL_DAY_TIME'
    return { argumentTypes: args.map((arg) => arg.type), returnType: nullableWith({ kind, nullable: true }, args) }
  },
  (call) => {
    const [readLeft, readRight] = call.argumentTypes
      .slice(1)
      .map((type) => localReader(type, call.environment.timeZone))
    const isMonths = call.returnType.kind === 'INTERVAL_YEAR_MONTH'
    return (_unit, left, right) => {
      const end = readLeft?.(left ?? null).local ?? 0
      const start = readRight?.(right ?? null).local ?? 0
      return isMonths ? monthsBetween(start, end) : BigInt(end - start)
    }
  },
)

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

/** @param read milliseconds, or days of a DATE; asked once for the rows of a batch, which come together */
function now(
  name: string,
  type: SqlType,
  read: (call: CallSite) => number,
  description: string,
  aliases: readonly string[] = [],
): ScalarFunction {
  const isLong = physicalKind(type) === 'i64'
  return defineWith(
    {
      name,
      ...(aliases.length === 0 ? {} : { aliases }),
      category: 'temporal',
      signatures: [name],
      description,
      examples: [],
      deterministic: false,
      generate: (generator, _args, call) => {
        const value = generator.name('now')
        generator.onceABatch(`const ${value} = ${generator.constant(() => read(call))}();`)
        const shared = { type: call.returnType, isNull: '0' }
        if (!isLong) return { ...shared, representation: 'number', value }
        return { ...shared, representation: 'bigint', value: `BigInt(${value})`, number: value }
      },
    },
    (args) =>
      args.length <= 1
        ? { argumentTypes: args.map((arg) => arg.type), returnType: withNullability(type, false) }
        : undefined,
    (call) => () => (isLong ? BigInt(read(call)) : read(call)),
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
    (call) => call.environment.clock.now(),
    'The current instant, anew for rows that come later.',
    ['NOW', 'CURRENT_ROW_TIMESTAMP'],
  ),
  now('PROCTIME', timestampLtz(3), (call) => call.environment.clock.now(), 'The processing time of the row.'),
  now('LOCALTIMESTAMP', timestamp(3), localNow, "The current date and time in the session's zone."),
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
  MINUS_DATE,
  ...CLOCKS,
]
