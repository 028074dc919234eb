/** GROUPING SETS: every row once for each set, with the keys that are not in it NULL, and the number of the set. */
import { createBatch } from '../../core/change-batch.ts'
import type { Column, NullMask } from '../../core/column.ts'
import { gatherColumn } from '../../core/column-ops.ts'
import type { ExpandNode } from '../../planner/physical/graph.ts'
import type { Operator, OperatorContext } from './operator.ts'

export function createExpand(node: ExpandNode, { output }: OperatorContext): Operator {
  const { copies, schema } = node
  const width = schema.fields.length - 1
  return {
    onBatch: (batch) => {
      const count = batch.rows * copies.length
      if (count === 0) return
      const rows = new Int32Array(count)
      const ids = new BigInt64Array(count)
      const kinds = batch.kinds === null ? null : new Uint8Array(count)
      const numbers = copies.map((copy) => BigInt(copy.id))
      for (let at = 0; at < count; at++) {
        const row = Math.floor(at / copies.length)
        rows[at] = row
        ids[at] = numbers[at % copies.length] as bigint
        if (kinds !== null && batch.kinds !== null) kinds[at] = batch.kinds[row] as number
      }
      const columns = Array.from({ length: width }, (_, index): Column => {
        const source = copies.find((copy) => copy.columns[index] !== null)?.columns[index] ?? -1
        const column = batch.columns[source] ?? ({ kind: 'null', nulls: null } as const)
        const present = copies.map((copy) => copy.columns[index] !== null)
        return withMissing(gatherColumn(column, rows, count), present, count)
      })
      output.batch(createBatch(schema, [...columns, { kind: 'i64', values: ids, nulls: null }], count, kinds))
    },
    onWatermark: (time) => {
      output.watermark(time)
    },
  }
}

/** @param present for each copy whether the column is in it */
function withMissing(column: Column, present: readonly boolean[], count: number): Column {
  if (column.kind === 'null' || !present.includes(false)) return column
  const nulls: NullMask = new Uint8Array(count)
  for (let at = 0; at < count; at++) {
    nulls[at] = present[at % present.length] === true ? (column.nulls?.[at] ?? 0) : 1
  }
  return { ...column, nulls }
}
