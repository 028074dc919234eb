import { describe, expect, it } from 'vitest'
import { ALL_CHANGES } from '../../catalog/connector.ts'
import { type ChangeBatch, createBatch, DELETE, INSERT, kindAt } from '../../core/change-batch.ts'
import type { Value } from '../../core/column.ts'
import { columnOf } from '../../core/column-builder.ts'
import { readValue } from '../../core/column-ops.ts'
import { BIGINT, INT, type Schema, type SqlType, STRING, withNullability } from '../../core/types.ts'
import { createCorrelate as logicalCorrelate } from '../../planner/logical/correlate.ts'
import { createValues } from '../../planner/logical/values.ts'
import { createOperator } from './index.ts'
import { type NodeOf, runThreeWays } from './operator-harness.ts'

function correlate(collection: SqlType, joinType: 'inner' | 'left', withOrdinality = false): NodeOf<'correlate'> {
  const input: Schema = {
    fields: [
      { name: 'id', type: BIGINT },
      { name: 'c', type: collection },
    ],
  }
  const invocation = { kind: 'unnest', args: [1], withOrdinality } as const
  const { schema } = logicalCorrelate(createValues([], input), invocation, joinType)
  return {
    kind: 'correlate',
    id: 1,
    uid: 'c',
    inputs: [0],
    description: '',
    changelog: ALL_CHANGES,
    schema,
    invocation,
    joinType,
  }
}

function batchOf(
  collection: SqlType,
  rows: readonly (readonly [Value, Value])[],
  kinds?: readonly number[],
): ChangeBatch {
  const schema: Schema = {
    fields: [
      { name: 'id', type: BIGINT },
      { name: 'c', type: collection },
    ],
  }
  const columns = [
    columnOf(
      BIGINT,
      rows.map(([id]) => id),
    ),
    columnOf(
      collection,
      rows.map(([, value]) => value),
    ),
  ]
  return createBatch(schema, columns, rows.length, kinds === undefined ? null : Uint8Array.from(kinds))
}

/** What comes out without the collection itself. */
function emitted(node: NodeOf<'correlate'>, batch: ChangeBatch): readonly string[] {
  const runs = runThreeWays({ node, input: batch.schema }, [{ batch }, { watermark: 7 }])
  expect(runs.tiny).toEqual(runs.straight)
  expect(runs.recovered).toEqual(runs.straight)
  return runs.straight
}

describe('correlate with UNNEST', () => {
  const numbers: SqlType = { kind: 'ARRAY', element: INT, nullable: true }

  it('keeps the kind and the place of the row', () => {
    const batch = batchOf(
      numbers,
      [
        [1n, [5, null]],
        [1n, [5, null]],
        [2n, null],
        [3n, []],
      ],
      [INSERT, DELETE, INSERT, INSERT],
    )
    expect(emitted(correlate(numbers, 'inner'), batch)).toEqual([
      '+I 1 [5,NULL] 5',
      '+I 1 [5,NULL] NULL',
      '-D 1 [5,NULL] 5',
      '-D 1 [5,NULL] NULL',
      'watermark 7',
    ])
    expect(emitted(correlate(numbers, 'left'), batch).slice(4)).toEqual([
      '+I 2 NULL NULL',
      '+I 3 [] NULL',
      'watermark 7',
    ])
  })

  it('counts the elements of a MULTISET as often as they are in it', () => {
    const words: SqlType = { kind: 'MULTISET', element: STRING, nullable: true }
    const batch = batchOf(words, [
      [
        1n,
        [
          ['a', 2],
          ['b', 1],
        ],
      ],
      [2n, [['c', 0]]],
    ])
    const lines = emitted(correlate(words, 'inner', true), batch)
    expect(lines.map((line) => line.split(' ').slice(-2).join(' '))).toEqual(['a 1', 'a 2', 'b 3', 'watermark 7'])
    expect(emitted(correlate(words, 'left'), batch)).toHaveLength(5)
  })

  it('spreads ROWs, NULL ones too', () => {
    const row: SqlType = { kind: 'ROW', fields: [{ name: 'x', type: withNullability(INT, false) }], nullable: true }
    const rows: SqlType = { kind: 'ARRAY', element: row, nullable: true }
    const node = correlate(rows, 'inner')
    expect(node.schema.fields[2]).toEqual({ name: 'x', type: INT })
    const lines = emitted(node, batchOf(rows, [[1n, [[4], null]]]))
    expect(lines.map((line) => line.split(' ').at(-1))).toEqual(['4', 'NULL', '7'])
  })

  it('takes rows in pieces, so that a batch may become very many', () => {
    const batch = batchOf(
      numbers,
      Array.from({ length: 3000 }, (_, id) => [BigInt(id), [1, 2, 3]] as const),
    )
    const sizes: number[] = []
    let sum = 0
    const node = correlate(numbers, 'inner')
    const graphInput = { ...node, kind: 'values', id: 0, inputs: [], rows: [], schema: batch.schema } as const
    const operator = createOperator(
      node,
      { version: 1, nodes: [graphInput, node], fingerprint: '' },
      {
        clock: { now: () => 0 },
        timeZone: 'UTC',
        output: {
          watermark: () => undefined,
          batch: (out) => {
            sizes.push(out.rows)
            const column = out.columns[2]
            if (column === undefined) return
            for (let row = 0; row < out.rows; row++) sum += kindAt(out, row) + Number(readValue(column, INT, row))
          },
        },
      },
    )
    operator.onBatch(batch, 0)
    expect(sizes).toEqual([3072, 3072, 2856])
    expect(sum).toBe(18000)
  })
})
