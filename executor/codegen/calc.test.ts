import { describe, expect, it } from 'vitest'
import { SYSTEM_CLOCK } from '../../core/clock.ts'
import type { Value } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import { readValue } from '../../core/column-ops.ts'
import { BIGINT, BOOLEAN, type DecimalType, INT, type SqlType, STRING, timestamp } from '../../core/types.ts'
import type { Expression, LiteralValue } from '../../planner/expression.ts'
import { createCast } from '../functions/casts.ts'
import { findFunction } from '../functions/index.ts'
import { compileCalc, compileScalar } from './calc.ts'

const ENVIRONMENT = { timeZone: 'UTC', clock: SYSTEM_CLOCK }

function decimal(precision: number, scale: number): DecimalType {
  return { kind: 'DECIMAL', precision, scale, nullable: true }
}

function input(index: number, type: SqlType): Expression {
  return { kind: 'input', index, type }
}

function literal(value: LiteralValue, type: SqlType): Expression {
  return { kind: 'literal', value, type }
}

function call(name: string, args: readonly Expression[], type: SqlType): Expression {
  return { kind: 'call', function: name, args, type }
}

function cast(expression: Expression, type: SqlType): Expression {
  return { kind: 'cast', input: expression, type, safe: false }
}

/** Row by row, by the functions' own evaluation: what generated code must give. */
function evaluate(expression: Expression, row: readonly Value[]): Value {
  switch (expression.kind) {
    case 'input':
      return row[expression.index] ?? null
    case 'literal':
      return typeof expression.value === 'string' && expression.type.kind !== 'VARCHAR'
        ? BigInt(expression.value)
        : expression.value
    case 'cast': {
      const value = evaluate(expression.input, row)
      return value === null ? null : createCast(expression.input.type, expression.type, 'UTC')(value)
    }
    case 'call': {
      const args = expression.args.map((arg) => evaluate(arg, row))
      if (args.includes(null)) return null
      const site = {
        argumentTypes: expression.args.map((arg) => arg.type),
        returnType: expression.type,
        literals: expression.args.map((arg) => (arg.kind === 'literal' ? arg.value : undefined)),
        environment: ENVIRONMENT,
      }
      return findFunction(expression.function)?.evaluator(site)(...args) ?? null
    }
    default:
      throw new Error(`no ${expression.kind} here`)
  }
}

function batchOf(types: readonly SqlType[], rows: readonly (readonly Value[])[], kinds: Uint8Array | null = null) {
  const schema = { fields: types.map((type, index) => ({ name: `c${index}`, type })) }
  const columns = types.map((type, index) =>
    columnOf(
      type,
      rows.map((row) => row[index] ?? null),
    ),
  )
  return { schema, rows: rows.length, columns, kinds }
}

function sameAsRowByRow(expression: Expression, types: readonly SqlType[], rows: readonly (readonly Value[])[]): void {
  const scalar = compileScalar(expression, ENVIRONMENT)
  // With and without NULLs there are two loops.
  for (const part of [rows, rows.filter((row) => !row.includes(null))]) {
    const column = scalar(batchOf(types, part))
    expect(part.map((_, row) => readValue(column, expression.type, row))).toEqual(
      part.map((row) => evaluate(expression, row)),
    )
  }
}

/** Around the powers of two at which another form is chosen. */
const LONGS: readonly bigint[] = [0, 10, 31, 32, 53, 54, 60, 62, 63].flatMap((bits) => {
  const power = 1n << BigInt(bits)
  return [power - 1n, power, -power, -power - 1n].map((value) => BigInt.asIntN(64, value))
})

describe('DECIMAL of more than 18 digits', () => {
  const pairs = LONGS.flatMap((a, at) => LONGS.map((b): Value[] => [a, at % 7 === 3 ? null : b]))
  const types = [BIGINT, BIGINT]
  const wide = types.map((type, index) => cast(input(index, type), decimal(19, 0))) as [Expression, Expression]
  const factor = literal('908', decimal(4, 3))

  it('is a product with a literal', () => {
    sameAsRowByRow(call('*', [factor, wide[1]], decimal(23, 3)), types, pairs)
    sameAsRowByRow(call('*', [wide[1], literal('-5', decimal(1, 0))], decimal(20, 0)), types, pairs)
  })

  it('is a product, a sum and a difference', () => {
    sameAsRowByRow(call('*', wide, decimal(38, 0)), types, pairs)
    sameAsRowByRow(call('+', wide, decimal(20, 0)), types, pairs)
    sameAsRowByRow(call('-', [wide[0], call('*', [factor, wide[1]], decimal(23, 3))], decimal(24, 3)), types, pairs)
  })

  it('is compared, and cast to fewer digits', () => {
    const product = call('*', [factor, wide[1]], decimal(23, 3))
    for (const operator of ['=', '<>', '<', '<=', '>', '>=']) {
      sameAsRowByRow(call(operator, [product, literal('28147497671065600', decimal(23, 3))], BOOLEAN), types, pairs)
      sameAsRowByRow(call(operator, [product, call('*', [factor, wide[0]], decimal(23, 3))], BOOLEAN), types, pairs)
    }
    sameAsRowByRow(cast(product, decimal(20, 3)), types, pairs)
    sameAsRowByRow(cast(call('*', wide, decimal(38, 0)), decimal(30, 0)), types, pairs)
  })
})

describe('fields of a datetime as numbers', () => {
  it('are compared and added', () => {
    const times = [0n, -1n, 1_767_225_600_123n, -62_135_596_800_000n, null, 86_399_999n].map((time) => [time])
    const hour = call('EXTRACT', [literal('HOUR', STRING), input(0, timestamp(3))], BIGINT)
    sameAsRowByRow(hour, [timestamp(3)], times)
    sameAsRowByRow(call('>=', [hour, literal('8', BIGINT)], BOOLEAN), [timestamp(3)], times)
    sameAsRowByRow(call('+', [hour, hour], BIGINT), [timestamp(3)], times)
  })
})

describe('a filter', () => {
  const bid: SqlType = {
    kind: 'ROW',
    nullable: true,
    fields: [
      { name: 'price', type: BIGINT },
      { name: 'channel', type: STRING },
    ],
  }
  const types = [INT, bid]
  const output = {
    fields: ['kind', 'price', 'channel', 'twice'].map((name, at) => ({
      name,
      type: [INT, BIGINT, STRING, BIGINT][at] as SqlType,
    })),
  }
  const price: Expression = { kind: 'field', input: input(1, bid), index: 0, type: BIGINT }
  const channel: Expression = { kind: 'field', input: input(1, bid), index: 1, type: STRING }
  const isBid = call('=', [input(0, INT), literal(2, INT)], BOOLEAN)
  const isDear = call('>', [price, literal('10', BIGINT)], BOOLEAN)
  const twice = call('+', [price, price], BIGINT)

  function run(
    condition: Expression | undefined,
    rows: readonly (readonly Value[])[],
    kinds: Uint8Array | null = null,
  ): unknown[] {
    const calc = compileCalc(condition, [input(0, INT), price, channel, twice], output, ENVIRONMENT)
    // The arrays of one result are used again for the next.
    calc(batchOf(types, rows.toReversed()))
    const result = calc(batchOf(types, rows, kinds))
    return Array.from({ length: result.rows }, (_, row) => [
      result.kinds?.[row] ?? 0,
      ...result.columns.map((column, index) => readValue(column, output.fields[index]?.type ?? INT, row)),
    ])
  }

  const events: readonly (readonly Value[])[] = [
    [0, null],
    [2, [5n, 'a']],
    [2, [50n, 'b']],
    [1, null],
    [2, [null, 'c']],
    [2, [60n, null]],
    [null, [70n, 'd']],
  ]

  it('selects by numbers first, and then by the fields of what is left', () => {
    expect(run(call('AND', [isBid, isDear], BOOLEAN), events)).toEqual([
      [0, 2, 50n, 'b', 100n],
      [0, 2, 60n, null, 120n],
    ])
  })

  it('takes along NULLs and row kinds', () => {
    expect(run(isBid, events, Uint8Array.of(0, 1, 2, 3, 0, 3, 0))).toEqual([
      [1, 2, 5n, 'a', 10n],
      [2, 2, 50n, 'b', 100n],
      [0, 2, null, 'c', null],
      [3, 2, 60n, null, 120n],
    ])
  })

  it('looks for no NULLs where those that are selected have none', () => {
    const bids = events.filter((_, at) => at < 4)
    expect(run(isBid, bids)).toEqual([
      [0, 2, 5n, 'a', 10n],
      [0, 2, 50n, 'b', 100n],
    ])
  })

  it('may select nothing, and everything', () => {
    expect(run(isBid, [[0, null]])).toEqual([])
    expect(run(isBid, [[2, [1n, 'x']]])).toEqual([[0, 2, 1n, 'x', 2n]])
    expect(run(undefined, events)).toHaveLength(7)
  })
})

describe('CASE of literals', () => {
  it('gives the text of the branch', () => {
    const test = (value: string): Expression => call('=', [input(0, BIGINT), literal(value, BIGINT)], BOOLEAN)
    const choice: Expression = {
      kind: 'case',
      whens: [
        { condition: test('1'), result: literal('née', STRING) },
        { condition: test('2'), result: literal('', STRING) },
        { condition: test('3'), result: literal(null, STRING) },
        { condition: test('4'), result: literal('née', STRING) },
      ],
      otherwise: literal('other', STRING),
      type: STRING,
    }
    const column = compileScalar(choice, ENVIRONMENT)(batchOf([BIGINT], [[1n], [2n], [3n], [4n], [null], [9n]]))
    expect(Array.from({ length: 6 }, (_, row) => readValue(column, STRING, row))).toEqual([
      'née',
      '',
      null,
      'née',
      'other',
      'other',
    ])
  })
})
