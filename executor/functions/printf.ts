/** PRINTF: the format strings of `java.util.Formatter`, as far as they fit values of SQL. */
import type { Value } from '../../core/column.ts'
import { type SqlType, STRING, unitsPerMillisecond, withNullability } from '../../core/types.ts'
import { valueToText } from '../../core/value-text.ts'
import { defineWith } from './define.ts'

interface Specifier {
  /** Position of the argument, from 1; absent: the next one, or with `<` the one before. */
  readonly index: number | undefined
  readonly again: boolean
  readonly flags: string
  readonly width: number | undefined
  readonly precision: number | undefined
  readonly conversion: string
}

type Part = string | Specifier

const SPECIFIER = /%(?:(\d+)\$|(<))?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g
const INTEGERS: readonly string[] = ['TINYINT', 'SMALLINT', 'INT', 'BIGINT']
/** They print as the numbers that Flink holds them as. */
const COUNTED: readonly string[] = ['DATE', 'TIME']

/** @returns undefined where a `%` begins no specifier */
function parseFormat(format: string): readonly Part[] | undefined {
  const parts: Part[] = []
  let at = 0
  for (const match of format.matchAll(SPECIFIER)) {
    const text = format.slice(at, match.index)
    if (text.includes('%')) return undefined
    const [whole, index, again, flags = '', width, precision, conversion = ''] = match
    const number = (digits: string | undefined): number | undefined =>
      digits === undefined ? undefined : Number(digits)
    parts.push(text, {
      index: number(index),
      again: again !== undefined,
      flags,
      width: number(width),
      precision: number(precision),
      conversion,
    })
    at = match.index + whole.length
  }
  const rest = format.slice(at)
  return rest.includes('%') ? undefined : [...parts, rest]
}

/** @returns null where the format or an argument does not fit */
function print(format: string, values: readonly Value[], types: readonly SqlType[]): Value {
  const parts = parseFormat(format)
  if (parts === undefined) return null
  let result = ''
  let [next, last] = [0, -1]
  for (const part of parts) {
    if (typeof part === 'string') {
      result += part
      continue
    }
    if (part.conversion === 'n' || part.conversion === '%') {
      result += part.conversion === 'n' ? '\n' : padded('%', part)
      continue
    }
    last = part.again ? last : part.index === undefined ? next++ : part.index - 1
    const [value, type] = [values[last], types[last]]
    if (value === undefined || type === undefined) return null
    const text = convert(value, type, part)
    if (text === undefined) return null
    result += part.conversion >= 'a' ? text : text.toUpperCase()
  }
  return result
}

function convert(value: Value, type: SqlType, specifier: Specifier): string | undefined {
  const { conversion, precision } = specifier
  const cut = (text: string): string => padded(precision === undefined ? text : text.slice(0, precision), specifier)
  switch (conversion.toLowerCase()) {
    case 's':
      return cut(value === null ? 'null' : objectText(value, type))
    case 'b':
      return cut(value === null ? 'false' : typeof value === 'boolean' ? String(value) : 'true')
    case 'd':
    case 'x':
    case 'o':
      return value === null ? padded('null', specifier) : integerText(value, type, specifier)
    case 'f':
    case 'e':
      return value === null ? padded('null', specifier) : floatText(value, type, specifier)
    default:
      return undefined
  }
}

/** As Java's objects print themselves. */
function objectText(value: Value, type: SqlType): string {
  if (COUNTED.includes(type.kind)) return String(value)
  if (type.kind !== 'TIMESTAMP' && type.kind !== 'TIMESTAMP_LTZ') return valueToText(value, type)
  const units = unitsPerMillisecond(type.precision) * 1000n
  const nanos = ((((value as bigint) % units) + units) % units) * (1_000_000_000n / units)
  const second = new Date(
    Number(((value as bigint) - ((((value as bigint) % units) + units) % units)) / (units / 1000n)),
  )
  const [text = ''] = second.toISOString().split('.')
  if (nanos !== 0n)
    return `${text}.${nanos
      .toString()
      .padStart(9, '0')
      .replace(/(?:000){1,2}$/, '')}`
  return text.endsWith(':00') ? text.slice(0, -3) : text
}

function integerText(value: Value, type: SqlType, specifier: Specifier): string | undefined {
  if ((!INTEGERS.includes(type.kind) && !COUNTED.includes(type.kind)) || specifier.precision !== undefined)
    return undefined
  const number = BigInt(value as number | bigint)
  if (specifier.conversion === 'd')
    return signed(number < 0n, grouped(String(number < 0n ? -number : number), specifier), specifier)
  const bits = type.kind === 'BIGINT' ? 64 : type.kind === 'SMALLINT' ? 16 : type.kind === 'TINYINT' ? 8 : 32
  const isOctal = specifier.conversion === 'o'
  const digits = BigInt.asUintN(bits, number).toString(isOctal ? 8 : 16)
  return signed(false, (specifier.flags.includes('#') ? (isOctal ? '0' : '0x') : '') + digits, specifier)
}

function floatText(value: Value, type: SqlType, specifier: Specifier): string | undefined {
  if (type.kind !== 'FLOAT' && type.kind !== 'DOUBLE') return undefined
  const number = value as number
  if (!Number.isFinite(number)) return padded(valueToText(number, type), specifier)
  const places = specifier.precision ?? 6
  const size = Math.abs(number)
  const text =
    specifier.conversion.toLowerCase() === 'e'
      ? size.toExponential(places).replace(/e([+-])(\d)$/, 'e$10$2')
      : grouped(halfUp(size, places), specifier)
  return signed(number < 0 || Object.is(number, -0), text, specifier)
}

/** Rounds the shortest decimal digits of the number half up, as Java does. */
function halfUp(size: number, places: number): string {
  if (places > 100 || size >= 1e21) return size.toFixed(Math.min(100, places))
  const [digits = '', exponent = '0'] = String(size).split('e')
  const [whole = '', fraction = ''] = digits.split('.')
  const scale = fraction.length - Number(exponent)
  const unscaled = BigInt(whole + fraction)
  const shift = scale - places
  const rounded =
    shift <= 0 ? unscaled * 10n ** BigInt(-shift) : (unscaled + 5n * 10n ** BigInt(shift - 1)) / 10n ** BigInt(shift)
  const text = rounded.toString().padStart(places + 1, '0')
  return places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`
}

function grouped(digits: string, { flags }: Specifier): string {
  if (!flags.includes(',')) return digits
  const [whole = '', fraction] = digits.split('.')
  const groups = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? groups : `${groups}.${fraction}`
}

function signed(negative: boolean, digits: string, specifier: Specifier): string {
  const { flags, width = 0 } = specifier
  const [before, behind] = negative
    ? flags.includes('(')
      ? ['(', ')']
      : ['-', '']
    : [flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '', '']
  const zeros = flags.includes('0') ? Math.max(0, width - before.length - digits.length - behind.length) : 0
  return padded(`${before}${'0'.repeat(zeros)}${digits}${behind}`, specifier)
}

function padded(text: string, { flags, width = 0 }: Specifier): string {
  return flags.includes('-') ? text.padEnd(width) : text.padStart(width)
}

const PRINTABLE: readonly string[] = [
  'NULL',
  'CHAR',
  'VARCHAR',
  'BOOLEAN',
  ...INTEGERS,
  'DECIMAL',
  'FLOAT',
  'DOUBLE',
  ...COUNTED,
  'TIMESTAMP',
  'TIMESTAMP_LTZ',
]

export const PRINTF = defineWith(
  {
    name: 'PRINTF',
    category: 'string',
    signatures: ['PRINTF(format [, value]*)'],
    description:
      "The values in a format string as Java's Formatter reads it: `%s`, `%d`, `%x`, `%o`, `%f`, `%e`, `%b`, with flags, width and precision. NULL where the format is NULL or does not fit the values; DATE and TIME print as numbers of days and milliseconds.",
    examples: [["PRINTF('%s has %d of %5.2f', 'a', 3, CAST(1.5 AS DOUBLE))", 'a has 3 of  1.50']],
    strict: false,
  },
  (args) => {
    const [format] = args
    if (format === undefined || !['CHAR', 'VARCHAR', 'NULL'].includes(format.type.kind)) return undefined
    if (!args.every((arg) => PRINTABLE.includes(arg.type.kind))) return undefined
    return {
      argumentTypes: [STRING, ...args.slice(1).map((arg) => arg.type)],
      returnType: withNullability(STRING, true),
    }
  },
  (call) => {
    const types = call.argumentTypes.slice(1)
    return (format, ...values) => (format === null ? null : print(format as string, values, types))
  },
)
