import { describe, expect, it } from 'vitest'
import { INSERT_ONLY } from '../../catalog/connector.ts'
import { createBatch, DELETE, INSERT } from '../../core/change-batch.ts'
import { columnOf } from '../../core/column-builder.ts'
import { BIGINT, INT, type Schema, STRING, type SqlType, withNullability } from '../../core/types.ts'
import type { AggregateCall } from '../../planner/expression.ts'
import { MAX_WATERMARK } from './operator.ts'
import { type NodeOf, type OperatorStep, runThreeWays } from './operator-harness.ts'

const LIST: SqlType = { kind: 'ARRAY', element: INT, nullable: true }
const INPUT: Schema = {
  fields: [
    { name: 'k', type: STRING },
    { name: 'v', type: BIGINT },
  ],
}
const END: readonly OperatorStep[] = [{ watermark: 5 }, { watermark: MAX_WATERMARK }, { end: true }]
const LAST = `watermark ${MAX_WATERMARK}`
const PLACE = { id: 1, uid: 'x', inputs: [0], description: 'x', changelog: INSERT_ONLY }

describe('final rows', () => {
  function finalRows(schema: Schema): NodeOf<'final-rows'> {
    return { kind: 'final-rows', ...PLACE, schema }
  }

  it('emits what is left, as often as it is there, before the last watermark', () => {
    const steps: readonly OperatorStep[] = [
      { rows: '+I a 1\n+I b 2\n-U a 1\n+U a 3' },
      { rows: '+I a 3\n+I NULL NULL\n-D b 2\n+I b 2\n+I c 4' },
      { rows: '-D c 4\n+I b 2' },
      ...END,
    ]
    const { straight, recovered, tiny } = runThreeWays({ node: finalRows(INPUT), input: INPUT }, steps)
    expect(straight.toSorted()).toEqual(['+I NULL NULL', '+I a 3', '+I a 3', '+I b 2', '+I b 2', 'watermark 5', LAST])
    expect(straight.at(-1)).toBe(LAST)
    expect(recovered.toSorted()).toEqual(straight.toSorted())
    expect(tiny.toSorted()).toEqual(straight.toSorted())
  })

  it('tells rows apart by columns of any type', () => {
    const schema: Schema = { fields: [{ name: 'l', type: LIST }] }
    const column = columnOf(LIST, [[1, 2], [1], [1, 2], null])
    const batch = createBatch(schema, [column], 4, Uint8Array.of(INSERT, INSERT, DELETE, INSERT))
    const steps: readonly OperatorStep[] = [{ batch }, ...END]
    const { straight, recovered } = runThreeWays({ node: finalRows(schema), input: schema }, steps)
    expect(straight.filter((line) => line.startsWith('+')).toSorted()).toEqual(['+I NULL', '+I [1]'])
    expect(recovered.toSorted()).toEqual(straight.toSorted())
  })
})

describe('hash aggregate', () => {
  const sum: AggregateCall = {
    function: 'SUM',
    args: [1],
    distinct: false,
    argumentTypes: [BIGINT],
    type: BIGINT,
    name: 's',
  }
  const count: AggregateCall = {
    ...sum,
    function: 'COUNT',
    args: [],
    argumentTypes: [],
    type: withNullability(BIGINT, false),
  }

  function aggregate(keys: readonly number[]): NodeOf<'hash-aggregate'> {
    const fields = [
      ...keys.flatMap((key) => INPUT.fields[key] ?? []),
      { name: 's', type: BIGINT },
      { name: 'c', type: count.type },
    ]
    return { kind: 'hash-aggregate', ...PLACE, keys, aggregates: [sum, count], schema: { fields } }
  }

  it('emits each group once, at the end', () => {
    const steps: readonly OperatorStep[] = [{ rows: '+I b 1\n+I a 2' }, { rows: '+I b 5\n+I NULL NULL' }, ...END]
    const { straight, recovered, tiny } = runThreeWays({ node: aggregate([0]), input: INPUT }, steps)
    expect(straight).toEqual(['watermark 5', '+I b 6 2', '+I a 2 1', '+I NULL NULL 1', LAST])
    expect(recovered).toEqual(straight)
    expect(tiny).toEqual(straight)
  })

  it('gives a row over nothing where there are no keys', () => {
    expect(runThreeWays({ node: aggregate([]), input: INPUT }, END).straight).toEqual([
      'watermark 5',
      '+I NULL 0',
      LAST,
    ])
    expect(runThreeWays({ node: aggregate([0]), input: INPUT }, END).straight).toEqual(['watermark 5', LAST])
  })
})
