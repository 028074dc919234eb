import { expect, it } from 'vitest'
import { SYSTEM_CLOCK } from '../../core/clock.ts'
import type { Value } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import { readValue } from '../../core/column-ops.ts'
import { BOOLEAN, INT, type Schema, STRING } from '../../core/types.ts'
import type { Expression } from '../../planner/expression.ts'
import { compileCalc } from '../codegen/calc.ts'

const ENVIRONMENT = { timeZone: 'UTC', clock: SYSTEM_CLOCK }
const INPUT: Expression = { kind: 'input', index: 0, type: STRING }

function text(value: string): Expression {
  return { kind: 'literal', value, type: STRING }
}

function call(name: string, args: readonly Expression[], type = BOOLEAN): Expression {
  return { kind: 'call', function: name, args, type }
}

/** Rows of the results of expressions over texts; of those for which the condition is TRUE. */
function results(
  values: readonly (string | null)[],
  projections: readonly Expression[],
  condition?: Expression,
): Value[][] {
  const schema: Schema = { fields: projections.map(({ type }, at) => ({ name: `p${at}`, type })) }
  const calc = compileCalc(condition, projections, schema, ENVIRONMENT)
  const batch = {
    schema: { fields: [{ name: 't', type: STRING }] },
    rows: values.length,
    columns: [columnOf(STRING, values)],
    kinds: null,
  }
  const { rows, columns } = calc(batch)
  return Array.from({ length: rows }, (_, row) =>
    columns.map((column, at) => readValue(column, projections[at]?.type ?? STRING, row)),
  )
}

// The Kelvin sign is k in lower case, ß is SS and ŉ is ʼN in upper case; İ is two characters in lower case.
const TEXTS = [
  '',
  'k',
  'K',
  '\u212A',
  'ok',
  'O\u212A',
  'Apple',
  'APPLE',
  'apples',
  'appl',
  'ß',
  'ss',
  'SS',
  'straße',
  'é',
  'É',
  'İ',
  'i̇',
  '😀',
  null,
  'ŉ',
]
const LITERALS = ['', 'k', 'K', 'ok', 'apple', 'APPLE', 'ss', 'SS', 'STRASSE', 'é', 'É', 'i̇', '😀', 'ʼN', 'appl']

function mapped(name: string, value: string): string {
  return name === 'LOWER' ? value.toLowerCase() : value.toUpperCase()
}

it.each(['LOWER', 'UPPER'])('%s of a text is compared with literals', (name) => {
  const changed = call(name, [INPUT], STRING)
  const projections = LITERALS.flatMap((literal, at) => [
    at % 2 === 0 ? call('=', [changed, text(literal)]) : call('=', [text(literal), changed]),
    call('<>', [changed, text(literal)]),
  ])
  const some = ['ok', 'SS', 'é']
  projections.push(call('IN', [changed, ...some.map(text)]), call('NOT IN', [changed, ...some.map(text)]))
  for (const values of [TEXTS, TEXTS.filter((value) => value !== null)]) {
    expect(results(values, projections)).toEqual(
      values.map((value) => {
        if (value === null) return projections.map(() => null)
        const own = mapped(name, value)
        const isOneOf = some.includes(own)
        return [...LITERALS.flatMap((literal) => [own === literal, own !== literal]), isOneOf, !isOneOf]
      }),
    )
  }
})

it('compares other things as before', () => {
  const lower = call('LOWER', [INPUT], STRING)
  const projections = [call('=', [lower, INPUT]), call('=', [lower, lower]), call('IN', [INPUT, text('ok'), text('K')])]
  expect(results(['ok', 'K', null], projections)).toEqual([
    [true, true, true],
    [false, true, true],
    [null, null, null],
  ])
})

it('looks for a part of a text once a row, where a branch gets to it', () => {
  const lower = call('LOWER', [INPUT], STRING)
  const two: Expression = { kind: 'literal', value: 2, type: INT }
  const id = call('REGEXP_EXTRACT', [INPUT, text('(&|^)id=([^&]*)'), two], STRING)
  const choice: Expression = {
    kind: 'case',
    whens: [{ condition: call('=', [lower, text('apple')]), result: text('0') }],
    otherwise: id,
    type: STRING,
  }
  const condition = call('OR', [call('IS NOT NULL', [id]), call('IN', [lower, text('apple'), text('pear')])])
  const values = ['id=1', 'Apple', 'x&id=é&y', 'none', 'PEAR', null, 'id=', 'xid=3']
  expect(results(values, [choice, id], condition)).toEqual([
    ['1', '1'],
    ['0', null],
    ['é', 'é'],
    [null, null],
    ['', ''],
  ])
})
