/** Code for casts: numbers among themselves inline, everything else by a prepared function. */
import type { Value } from '../../core/column.ts'
import { MillraceError } from '../../core/errors.ts'
import { physicalKind, type SqlType } from '../../core/types.ts'
import { fitsPrecision } from '../../core/value-text.ts'
import { createCast } from '../functions/casts.ts'
import { type Fragment, narrowForm, type ScalarFragment } from './fragment.ts'
import type { Generator } from './generator.ts'

export function generateCast(generator: Generator, input: Fragment, to: SqlType, safe: boolean): Fragment {
  if (isSameValue(input.type, to)) return { ...input, type: to }
  const fewer = fewerDigits(generator, input, to)
  if (fewer !== undefined) return fewer
  const inline = input.representation === 'view' ? undefined : inlineCast(generator, input, to)
  if (inline !== undefined) return inline
  const cast = createCast(input.type, to, generator.environment.timeZone)
  return generator.invoke(safe ? orNull(cast) : cast, [input], to, true)
}

/** A DECIMAL of more than 18 digits as one of fewer, but still more than 18: what has 64 bits fits. */
function fewerDigits(generator: Generator, input: Fragment, to: SqlType): Fragment | undefined {
  if (input.type.kind !== 'DECIMAL' || to.kind !== 'DECIMAL' || input.type.scale !== to.scale) return undefined
  if (input.representation !== 'bigint' || input.narrow === undefined || to.precision < 19) return undefined
  const flag = generator.name('q')
  const fits = generator.constant((value: bigint): number => (fitsPrecision(value, to.precision) ? 0 : 1))
  generator.line(`let ${flag} = ${input.isNull};`)
  generator.line(`if (!(${input.narrow.fits}) && ${flag} === 0) ${flag} = ${fits}(${input.value});`)
  return { ...input, type: to, isNull: flag }
}

function orNull(cast: (value: Value) => Value): (value: Value) => Value {
  return (value) => {
    try {
      return cast(value)
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'CAST_FAILED') return null
      throw error
    }
  }
}

/** Where only nullability, a time attribute or a wider length differs. */
function isSameValue(from: SqlType, to: SqlType): boolean {
  if (from.kind === 'CHAR' || from.kind === 'VARCHAR')
    return to.kind === 'VARCHAR'
      ? from.length <= to.length
      : to.kind === 'CHAR' && from.kind === 'CHAR' && from.length === to.length
  if (from.kind === 'BINARY' || from.kind === 'VARBINARY') return to.kind === 'VARBINARY' && from.length <= to.length
  if (from.kind === 'TIMESTAMP' || from.kind === 'TIMESTAMP_LTZ')
    return from.kind === to.kind && from.precision === to.precision
  if (from.kind === 'DECIMAL') return to.kind === 'DECIMAL' && from.precision <= to.precision && from.scale === to.scale
  if (['ARRAY', 'MAP', 'MULTISET', 'ROW'].includes(from.kind)) return false
  return from.kind === to.kind
}

function inlineCast(generator: Generator, input: ScalarFragment, to: SqlType): Fragment | undefined {
  const code = castExpression(input, to)
  if (code === undefined) return undefined
  const name = generator.name('x')
  generator.line(`const ${name} = ${code};`)
  const representation = ['i64', 'i128'].includes(physicalKind(to)) ? 'bigint' : 'number'
  const narrow = narrowForm(input)
  const isSame = narrow !== undefined && to.kind === 'DECIMAL' && code === input.value
  return { representation, type: to, isNull: input.isNull, value: name, ...(isSame ? { narrow } : {}) }
}

function castExpression(input: ScalarFragment, to: SqlType): string | undefined {
  const from = input.type
  const { value } = input
  const isInt = from.kind === 'TINYINT' || from.kind === 'SMALLINT' || from.kind === 'INT'
  switch (to.kind) {
    case 'TINYINT':
    case 'SMALLINT': {
      const shift = to.kind === 'TINYINT' ? 24 : 16
      if (isInt) return `(${value} << ${shift}) >> ${shift}`
      return from.kind === 'BIGINT' ? `Number(BigInt.asIntN(${32 - shift}, ${value}))` : undefined
    }
    case 'INT':
      if (isInt) return value
      return from.kind === 'BIGINT' ? `Number(BigInt.asIntN(32, ${value}))` : undefined
    case 'BIGINT':
      return isInt ? `BigInt(${value})` : undefined
    case 'DOUBLE':
      if (isInt || from.kind === 'FLOAT') return value
      return from.kind === 'BIGINT' ? `Number(${value})` : undefined
    case 'FLOAT':
      if (isInt || from.kind === 'DOUBLE') return `Math.fround(${value})`
      return from.kind === 'BIGINT' ? `Math.fround(Number(${value}))` : undefined
    case 'DECIMAL':
      return decimalExpression(input, to, isInt)
    default:
      return undefined
  }
}

const INTEGER_DIGITS: Readonly<Record<string, number>> = { TINYINT: 3, SMALLINT: 5, INT: 10, BIGINT: 19 }

/** Only where no digit can be lost. */
function decimalExpression(
  input: ScalarFragment,
  to: Extract<SqlType, { kind: 'DECIMAL' }>,
  isInt: boolean,
): string | undefined {
  const from = input.type
  const big = isInt ? `BigInt(${input.value})` : input.value
  const digits = from.kind === 'DECIMAL' ? from.precision - from.scale : INTEGER_DIGITS[from.kind]
  const scale = from.kind === 'DECIMAL' ? from.scale : 0
  if (digits === undefined || digits > to.precision - to.scale || to.scale < scale) return undefined
  return to.scale === scale ? big : `${big} * ${10n ** BigInt(to.scale - scale)}n`
}
