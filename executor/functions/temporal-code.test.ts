import { expect, it } from 'vitest'
import { columnOf } from '../../core/column-builder.ts'
import { readValue } from '../../core/column-ops.ts'
import { SYSTEM_CLOCK } from '../../core/clock.ts'
import { BIGINT, type SqlType, STRING, timestamp } from '../../core/types.ts'
import type { Expression } from '../../planner/expression.ts'
import { compileScalar } from '../codegen/calc.ts'
import { findFunction } from './index.ts'
import type { Value } from '../../core/column.ts'

const ENVIRONMENT = { timeZone: 'UTC', clock: SYSTEM_CLOCK }
const TIME = timestamp(3)
const TIMES: Value[] = [
  0n,
  -1n,
  null,
  1_767_225_600_123n,
  1_767_225_600_999n,
  1_767_225_601_000n,
  null,
  -62_135_596_800_000n,
  253_402_300_799_999n,
  951_782_400_000n,
]

function call(name: string, args: readonly Expression[], type: SqlType): Expression {
  return { kind: 'call', function: name, args, type }
}

function text(value: string): Expression {
  return { kind: 'literal', value, type: STRING }
}

/** What the generated code gives, beside a call of the function row by row. */
function both(expression: Expression & { kind: 'call' }): [Value[], Value[]] {
  const schema = { fields: [{ name: 't', type: TIME }] }
  const batch = { schema, rows: TIMES.length, columns: [columnOf(TIME, TIMES)], kinds: null }
  const column = compileScalar(expression, ENVIRONMENT)(batch)
  const evaluate = findFunction(expression.function)?.evaluator({
    argumentTypes: expression.args.map((arg) => arg.type),
    returnType: expression.type,
    literals: expression.args.map((arg) => (arg.kind === 'literal' ? arg.value : undefined)),
    environment: ENVIRONMENT,
  })
  const values = expression.args.map((arg) => (arg.kind === 'literal' ? arg.value : undefined)) as (Value | undefined)[]
  return [
    TIMES.map((_, row) => readValue(column, expression.type, row)),
    TIMES.map((time) => (time === null ? null : (evaluate?.(...values.map((value) => value ?? time)) ?? null))),
  ]
}

const INPUT: Expression = { kind: 'input', index: 0, type: TIME }

it.each(['yyyy-MM-dd', 'HH:mm', 'yyyy-MM-dd HH:mm:ss.SSS', 'EEE d MMMM', 'a h', "'no time'"])(
  'DATE_FORMAT %s',
  (pattern) => {
    const [generated, called] = both(
      call('DATE_FORMAT', [INPUT, text(pattern)], STRING) as Expression & { kind: 'call' },
    )
    expect(generated).toEqual(called)
  },
)

it.each(['YEAR', 'QUARTER', 'MONTH', 'WEEK', 'DAYOFYEAR', 'DAYOFWEEK', 'HOUR', 'MINUTE', 'SECOND'])('%s', (name) => {
  const [generated, called] = both(call(name, [INPUT], BIGINT) as Expression & { kind: 'call' })
  expect(generated).toEqual(called)
})

it.each(['DAY', 'HOUR', 'MILLISECOND', 'MICROSECOND', 'EPOCH', 'ISODOW'])('EXTRACT %s', (unit) => {
  const [generated, called] = both(call('EXTRACT', [text(unit), INPUT], BIGINT) as Expression & { kind: 'call' })
  expect(generated).toEqual(called)
})
