/** One generator for each column. Random values follow Flink's RandomGeneratorVisitor. */
import type { Column, Value } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import { MillraceError } from '../../core/errors.ts'
import type { OptionValues } from '../../core/options.ts'
import { mapTypes, type SqlType, typeToString, unitsPerMillisecond } from '../../core/types.ts'
import { parseDecimal } from '../../core/value-text.ts'
import type { SourceContext } from '../api/source.ts'

/** Values of the rows from `first` on, counted over all subtasks. */
export type Generator = (first: number, rows: number) => Column

const DAY = 86_400_000
const HEX = '0123456789abcdef'

export function sequenceLength(column: string, options: OptionValues): number {
  if (options.enum(`fields.${column}.kind`) !== 'sequence') return Number.POSITIVE_INFINITY
  return Number(options.long(`fields.${column}.end`) - options.long(`fields.${column}.start`)) + 1
}

export function createGenerator(column: string, type: SqlType | undefined, context: SourceContext): Generator {
  if (type === undefined) throw new MillraceError('INTERNAL_ERROR', `column "${column}" has no type`)
  if (context.options.enum(`fields.${column}.kind`) === 'sequence') {
    return createSequence(type, context.options.long(`fields.${column}.start`))
  }
  const fast = createFastGenerator(column, type, context.options)
  if (fast !== undefined) return fast
  const next = createValueGenerator(column, type, context)
  return (_first, rows) => columnOf(type, Array.from({ length: rows }, next))
}

function createSequence(type: SqlType, start: bigint): Generator {
  if (type.kind === 'BIGINT') {
    return (first, rows) => {
      const values = new BigInt64Array(rows)
      let value = start + BigInt(first)
      for (let row = 0; row < rows; row++) values[row] = value++
      return { kind: 'i64', values, nulls: null }
    }
  }
  const convert = sequenceValue(type)
  return (first, rows) =>
    columnOf(
      type,
      Array.from({ length: rows }, (_, row) => convert(start + BigInt(first + row))),
    )
}

function sequenceValue(type: SqlType): (value: bigint) => Value {
  switch (type.kind) {
    case 'CHAR':
    case 'VARCHAR':
      return String
    case 'DECIMAL':
      return (value) => value * 10n ** BigInt(type.scale)
    default:
      return Number
  }
}

/** The most common types straight into typed arrays; undefined where NULLs are wanted or the type is another. */
function createFastGenerator(path: string, type: SqlType, options: OptionValues): Generator | undefined {
  if (options.double(`fields.${path}.null-rate`) > 0) return undefined
  switch (type.kind) {
    case 'INT': {
      const [min, max] = bounds(path, options, -2147483648, 2147483647)
      const span = max - min + 1
      return (_first, rows) => {
        const values = new Int32Array(rows)
        for (let row = 0; row < rows; row++) values[row] = min + Math.floor(Math.random() * span)
        return { kind: 'i32', values, nulls: null }
      }
    }
    case 'DOUBLE': {
      const [min, max] = bounds(path, options, -Number.MAX_VALUE, Number.MAX_VALUE)
      return (_first, rows) => {
        const values = new Float64Array(rows)
        for (let row = 0; row < rows; row++) values[row] = uniform(min, max)
        return { kind: 'f64', values, nulls: null }
      }
    }
    case 'BIGINT':
      return createBigintColumn(path, options)
    case 'CHAR':
    case 'VARCHAR':
      return createHexText(path, type, options)
    default:
      return undefined
  }
}

function createHexText(path: string, type: SqlType & { length: number }, options: OptionValues): Generator {
  const length = textLength(path, type, options)
  const varies = options.boolean(`fields.${path}.var-len`)
  const digits = Buffer.from(HEX)
  return (_first, rows) => {
    const data = new Uint8Array(rows * length)
    for (let at = 0; at < data.length; ) {
      let bits = Math.floor(Math.random() * 4294967296)
      for (const stop = Math.min(at + 8, data.length); at < stop; at++) {
        data[at] = digits[bits & 15] as number
        bits >>>= 4
      }
    }
    const starts = Int32Array.from({ length: rows }, (_, row) => row * length)
    const lengths = Int32Array.from({ length: rows }, () => (varies ? 1 + Math.floor(Math.random() * length) : length))
    return { kind: 'bytes', starts, lengths, data, nulls: null }
  }
}

function textLength(path: string, type: SqlType & { length: number }, options: OptionValues): number {
  const given = options.optionalInt(`fields.${path}.length`)
  if (type.kind === 'CHAR' || type.kind === 'BINARY') return type.length
  return Math.min(given ?? 100, type.length)
}

function bounds(path: string, options: OptionValues, least: number, greatest: number): [number, number] {
  const read = (part: string, fallback: number): number => {
    const key = `fields.${path}.${part}`
    const text = options.optionalString(key)
    if (text === undefined) return fallback
    const value = Number(text)
    if (text.trim() === '' || !Number.isFinite(value) || value < least || value > greatest) {
      throw new MillraceError('INVALID_OPTION', `option "${key}" cannot be '${text}'`, {
        detail: `It takes a number from ${least} to ${greatest}.`,
      })
    }
    return value
  }
  const [min, max] = [read('min', least), read('max', greatest)]
  if (min > max)
    throw new MillraceError('INVALID_OPTION', `option "fields.${path}.min" is greater than "fields.${path}.max"`)
  return [min, max]
}

/** Without the overflow that `max - min` has for the whole range of DOUBLE. */
function uniform(min: number, max: number): number {
  const share = Math.random()
  return max * share + min * (1 - share)
}

function randomBigint(min: bigint, max: bigint): bigint {
  const span = max - min + 1n
  const random = (BigInt(Math.floor(Math.random() * 2 ** 48)) << 48n) | BigInt(Math.floor(Math.random() * 2 ** 48))
  return min + (random % span)
}

/** A generator of single values, for types that are rare or nested. */
function createValueGenerator(path: string, type: SqlType, context: SourceContext): () => Value {
  const next = createNotNullGenerator(path, type, context)
  const nullRate = context.options.double(`fields.${path}.null-rate`)
  return nullRate > 0 ? () => (Math.random() < nullRate ? null : next()) : next
}

function wholeBounds(kind: SqlType['kind']): [number, number] {
  if (kind === 'TINYINT') return [-128, 127]
  if (kind === 'SMALLINT') return [-32768, 32767]
  return kind === 'INT' ? [-2147483648, 2147483647] : [0, 120_000]
}

function createNotNullGenerator(path: string, type: SqlType, context: SourceContext): () => Value {
  const { options, clock } = context
  switch (type.kind) {
    case 'BOOLEAN':
      return () => Math.random() < 0.5
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'INTERVAL_YEAR_MONTH': {
      const [min, max] = bounds(path, options, ...wholeBounds(type.kind))
      return () => min + Math.floor(Math.random() * (max - min + 1))
    }
    case 'BIGINT':
    case 'INTERVAL_DAY_TIME':
      return createBigint(path, options)
    case 'FLOAT': {
      const [min, max] = bounds(path, options, -3.4028234663852886e38, 3.4028234663852886e38)
      return () => Math.fround(uniform(min, max))
    }
    case 'DOUBLE': {
      const [min, max] = bounds(path, options, -Number.MAX_VALUE, Number.MAX_VALUE)
      return () => uniform(min, max)
    }
    case 'DECIMAL':
      return createDecimal(path, type.precision, type.scale, options)
    case 'DATE':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ': {
      const maxPast = options.duration(`fields.${path}.max-past`)
      const past = (): number => clock.now() - Math.floor(Math.random() * (maxPast + 1))
      if (!('precision' in type)) return () => Math.floor(past() / DAY)
      const units = unitsPerMillisecond(type.precision)
      return () => BigInt(past()) * units
    }
    case 'TIME':
      return () => Math.floor(Math.random() * DAY)
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
      return createText(path, type, options)
    default:
      return createNested(path, type, context)
  }
}

function bigintBounds(path: string, options: OptionValues): [bigint, bigint] {
  const read = (part: string, fallback: bigint): bigint => {
    const key = `fields.${path}.${part}`
    const text = options.optionalString(key)
    if (text === undefined) return fallback
    const value = parseDecimal(text.trim(), 19, 0)
    if (value !== undefined && BigInt.asIntN(64, value) === value) return value
    throw new MillraceError('INVALID_OPTION', `option "${key}" cannot be '${text}'`, { detail: 'It takes a BIGINT.' })
  }
  const [min, max] = [read('min', -(2n ** 63n)), read('max', 2n ** 63n - 1n)]
  if (min > max)
    throw new MillraceError('INVALID_OPTION', `option "fields.${path}.min" is greater than "fields.${path}.max"`)
  return [min, max]
}

function createBigint(path: string, options: OptionValues): () => Value {
  const [min, max] = bigintBounds(path, options)
  return () => randomBigint(min, max)
}

/** Whole 64-bit words where the range is all of BIGINT; doubles where it is small enough. */
function createBigintColumn(path: string, options: OptionValues): Generator {
  const [min, max] = bigintBounds(path, options)
  const span = Number(max - min) + 1
  const low = Number(min)
  const isSmall = max - min < 2n ** 52n && Number.isSafeInteger(low) && Number.isSafeInteger(low + span)
  const isWhole = max - min === 2n ** 64n - 1n
  return (_first, rows) => {
    const values = new BigInt64Array(rows)
    const words = new Int32Array(values.buffer)
    if (isWhole) {
      for (let at = 0; at < words.length; at++) words[at] = Math.floor(Math.random() * 4294967296)
    } else if (isSmall) {
      for (let row = 0; row < rows; row++) {
        const value = low + Math.floor(Math.random() * span)
        words[2 * row] = value | 0
        words[2 * row + 1] = Math.floor(value / 4294967296)
      }
    } else {
      for (let row = 0; row < rows; row++) values[row] = randomBigint(min, max)
    }
    return { kind: 'i64', values, nulls: null }
  }
}

function createDecimal(path: string, precision: number, scale: number, options: OptionValues): () => Value {
  const greatest = 10n ** BigInt(precision) - 1n
  const read = (part: string, fallback: bigint): bigint => {
    const key = `fields.${path}.${part}`
    const text = options.optionalString(key)
    if (text === undefined) return fallback
    const value = parseDecimal(text.trim(), precision, scale)
    if (value !== undefined) return value
    throw new MillraceError('INVALID_OPTION', `option "${key}" cannot be '${text}'`, {
      detail: `It takes a DECIMAL(${precision}, ${scale}).`,
    })
  }
  const [min, max] = [read('min', -greatest), read('max', greatest)]
  return () => randomBigint(min, max)
}

function createText(path: string, type: SqlType & { length: number }, options: OptionValues): () => Value {
  const length = textLength(path, type, options)
  const varies = options.boolean(`fields.${path}.var-len`)
  const size = (): number => (varies ? 1 + Math.floor(Math.random() * length) : length)
  if (type.kind === 'BINARY' || type.kind === 'VARBINARY') {
    return () => Uint8Array.from({ length: size() }, () => Math.floor(Math.random() * 256))
  }
  return () => Array.from({ length: size() }, () => HEX[Math.floor(Math.random() * 16)]).join('')
}

function createNested(path: string, type: SqlType, context: SourceContext): () => Value {
  const size = context.options.optionalInt(`fields.${path}.length`) ?? 3
  if (type.kind === 'ARRAY') {
    const next = createValueGenerator(`${path}.element`, type.element, context)
    return () => Array.from({ length: size }, next)
  }
  if (type.kind === 'MULTISET') {
    const next = createNotNullGenerator(`${path}.element`, type.element, context)
    return () => distinct(Array.from({ length: size }, () => [next(), 1 + Math.floor(Math.random() * 10)]))
  }
  if (type.kind === 'ROW') {
    const fields = type.fields.map((field) => createValueGenerator(`${path}.${field.name}`, field.type, context))
    return () => fields.map((next) => next())
  }
  const pair = mapTypes(type)
  if (pair === undefined) {
    throw new MillraceError('UNSUPPORTED_FEATURE', `datagen cannot make values of type ${typeToString(type)}`)
  }
  const key = createNotNullGenerator(`${path}.key`, pair.key, context)
  const value = createValueGenerator(`${path}.value`, pair.value, context)
  return () => distinct(Array.from({ length: size }, () => [key(), value()]))
}

/** Of pairs with equal keys the last. */
function distinct(pairs: readonly (readonly [Value, Value] | readonly Value[])[]): Value {
  return [...new Map(pairs.map((pair) => [String(pair[0]), pair as readonly Value[]])).values()]
}
