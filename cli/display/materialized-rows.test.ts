import { expect, test } from 'vitest'
import { parseBatch } from '../../core/batch-text.ts'
import { readValue } from '../../core/column-ops.ts'
import { INT, STRING } from '../../core/types.ts'
import { MaterializedRows } from './materialized-rows.ts'

const SCHEMA = {
  fields: [
    { name: 'k', type: STRING },
    { name: 'v', type: INT },
  ],
}

function apply(rows: MaterializedRows, text: string): void {
  rows.apply(parseBatch(SCHEMA, text), (batch, row) =>
    batch.columns.map((column, index) => String(readValue(column, SCHEMA.fields[index]?.type ?? INT, row))),
  )
}

test('updates stay in their place, deletes go, equal rows are counted', () => {
  const rows = new MaterializedRows(100)
  apply(rows, '+I a 1\n+I b 2\n+I b 2\n-U a 1\n+U a 3\n-D b 2')
  expect(rows.rows()).toEqual([
    ['a', '3'],
    ['b', '2'],
  ])
  expect(rows.lastRows(1)).toEqual([['b', '2']])
})

test('thousands of updates do not make the list grow', () => {
  const rows = new MaterializedRows(100)
  apply(rows, '+I a 0')
  for (let at = 0; at < 5000; at++) apply(rows, `-D a ${at}\n+I a ${at + 1}`)
  expect(rows.rows()).toEqual([['a', '5000']])
})

test('rows beyond the limit are counted, not kept', () => {
  const rows = new MaterializedRows(2)
  apply(rows, '+I a 1\n+I b 2\n+I c 3')
  expect([rows.size, rows.dropped]).toEqual([2, 1])
})
