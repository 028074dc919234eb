import { expect, it } from 'vitest'
import { SYSTEM_CLOCK } from '../../core/clock.ts'
import { columnOf } from '../../core/column-builder.ts'
import { readValue } from '../../core/column-ops.ts'
import { INT, STRING } from '../../core/types.ts'
import type { Expression } from '../../planner/expression.ts'
import { compileCalc } from '../codegen/calc.ts'
import { findFunction } from './index.ts'

const ENVIRONMENT = { timeZone: 'UTC', clock: SYSTEM_CLOCK }

/** Texts of these characters: the delimiter, its neighbours in ASCII, and some of two and four bytes. */
const CHARACTERS = ['/', '/', '/', '.', '0', 'a', 'b', 'ä', '😀', '\u0000']

function texts(count: number): (string | null)[] {
  let state = 7
  const below = (bound: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return Math.floor(((state >>> 0) / 2 ** 32) * bound)
  }
  return Array.from({ length: count }, (_, at) =>
    at % 17 === 3 ? null : Array.from({ length: below(24) }, () => CHARACTERS[below(10)] ?? '').join(''),
  )
}

/** Parts of one text in this order, beside the function called row by row. */
it.each([[[0, 1, 2]], [[3, 4, 5]], [[2, 0, 1]], [[1, 1, 4]], [[5, 3, 9]]])('SPLIT_INDEX at %s', (indices) => {
  const input: Expression = { kind: 'input', index: 0, type: STRING }
  const delimiters = ['/', 'ä', 'ab']
  for (const delimiter of delimiters) {
    const projections = indices.map(
      (index): Expression => ({
        kind: 'call',
        function: 'SPLIT_INDEX',
        args: [
          input,
          { kind: 'literal', value: delimiter, type: STRING },
          { kind: 'literal', value: index, type: INT },
        ],
        type: STRING,
      }),
    )
    const schema = { fields: indices.map((index) => ({ name: `p${index}`, type: STRING })) }
    const calc = compileCalc(undefined, projections, schema, ENVIRONMENT)
    const all = texts(400)
    const evaluate = findFunction('SPLIT_INDEX')?.evaluator({
      argumentTypes: [STRING, STRING, INT],
      returnType: STRING,
      literals: [undefined, undefined, undefined],
      environment: ENVIRONMENT,
    })
    for (const values of [all, all.filter((value) => value !== null)]) {
      const batch = {
        schema: { fields: [{ name: 't', type: STRING }] },
        rows: values.length,
        columns: [columnOf(STRING, values)],
        kinds: null,
      }
      const { columns } = calc(batch)
      const got = values.map((_, row) => columns.map((column) => readValue(column, STRING, row)))
      expect(got).toEqual(
        values.map((value) => indices.map((index) => (value === null ? null : evaluate?.(value, delimiter, index)))),
      )
    }
  }
})
