/**
 * Generated forms of temporal functions for TIMESTAMP(3), whose values are wall-clock milliseconds: the same as the
 * calls they stand for, without a BigInt that lives on and, where neighbouring rows have the same result, without
 * making it again.
 */
import type { CallSite, ScalarFunction } from './function.ts'
import { createDateFormatter, finestUnit } from './date-format.ts'

type Generate = NonNullable<ScalarFunction['generate']>

function isMilliseconds(call: CallSite, argument: number): boolean {
  const type = call.argumentTypes[argument]
  return type?.kind === 'TIMESTAMP' && type.precision === 3
}

const MILLISECONDS: Readonly<Record<string, readonly [unit: number, count: number]>> = {
  HOUR: [3_600_000, 24],
  MINUTE: [60_000, 60],
  SECOND: [1000, 60],
}

/**
 * A part of a datetime as BIGINT.
 *
 * @param argument position of the datetime among the arguments
 * @param extract the part, from wall-clock milliseconds
 */
export function extractionCode(
  argument: number,
  unitOf: (call: CallSite) => string,
  extract: (unit: string, local: number) => number,
): Generate {
  return (generator, args, call) => {
    const value = args[argument]
    if (value?.representation !== 'bigint' || !isMilliseconds(call, argument)) return undefined
    const unit = unitOf(call)
    const out = generator.name('x')
    const local = `(word[0] = ${value.value}, halves[1] * 4294967296 + (halves[0] >>> 0))`
    const [size, count] = MILLISECONDS[unit] ?? [0, 0]
    if (size > 0) {
      const units = generator.name('u')
      generator.line(`const ${units} = Math.floor(${local} / ${size});`)
      generator.line(`const ${out} = ${units} - Math.floor(${units} / ${count}) * ${count};`)
    } else {
      const of = generator.constant((milliseconds: number): number => extract(unit, milliseconds))
      generator.line(`const ${out} = ${of}(${local});`)
    }
    return {
      representation: 'bigint',
      type: call.returnType,
      isNull: value.isNull,
      value: `BigInt(${out})`,
      number: out,
    }
  }
}

/** DATE_FORMAT with a literal pattern: rows in the same unit of the pattern's finest part share their text. */
export const dateFormatCode: Generate = (generator, [value, pattern], call) => {
  if (value?.representation !== 'bigint' || pattern?.representation !== 'view') return undefined
  if (pattern.literal === undefined || !isMilliseconds(call, 0)) return undefined
  const unit = finestUnit(pattern.literal)
  const format = createDateFormatter(pattern.literal)
  const code = generator.constant((milliseconds: number): string =>
    format(milliseconds, (milliseconds - Math.floor(milliseconds / 1000) * 1000) * 1_000_000),
  )
  const [last, start, length, local, units] = ['k', 's_', 'l_', 'm', 'u'].map((prefix) => generator.name(prefix))
  generator.onceABatch(`let ${last} = NaN, ${start} = 0, ${length} = 0;`)
  const write = `arena.putText(${code}(${local})); ${last} = ${units}; ${start} = arena.start; ${length} = arena.size - ${start};`
  const make = `const ${local} = (word[0] = ${value.value}, halves[1] * 4294967296 + (halves[0] >>> 0)), ${units} = Math.floor(${local} / ${unit}); if (${units} !== ${last}) { ${write} }`
  generator.line(value.isNull === '0' ? `{ ${make} }` : `if (${value.isNull} === 0) { ${make} }`)
  return {
    representation: 'view',
    type: call.returnType,
    isNull: value.isNull,
    data: 'arena.data',
    start: `${start}`,
    length: `${length}`,
    source: { kind: 'arena' },
  }
}
