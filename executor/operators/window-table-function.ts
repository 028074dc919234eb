/**
 * TUMBLE, HOP and CUMULATE without an aggregation on top: every row once for each of its windows, with window_start,
 * window_end and window_time appended. It keeps nothing and knows no late rows.
 */
import { type ChangeBatch, createBatch, gatherRows } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { invariant } from '../../core/errors.ts'
import type { SqlType } from '../../core/types.ts'
import type { WindowTableFunctionNode } from '../../planner/physical/graph.ts'
import type { Operator, OperatorContext } from './operator.ts'
import { windowValue } from './window-aggregate.ts'
import { WindowAssigner } from './window-assigner.ts'

export function createWindowTableFunction(
  node: WindowTableFunctionNode,
  inputTime: SqlType,
  context: OperatorContext,
): Operator {
  const { output, clock, timeZone } = context
  const windows = new WindowAssigner(node.window, inputTime, timeZone)
  const { kind, timeColumn, time } = node.window
  return {
    onBatch: (batch) => {
      const column = batch.columns[timeColumn]
      invariant(column !== undefined, 'a window has a time attribute')
      const ends =
        time === 'rowtime'
          ? windows.sliceEnds(column, batch.rows)
          : new Float64Array(batch.rows).fill(windows.sliceEnd(clock.now()))
      const rows: number[] = []
      const windowEnds: number[] = []
      for (let row = 0; row < batch.rows; row++) {
        const sliceEnd = ends[row] as number
        // The order in which Flink lists the windows of a row: from the last one back for HOP.
        const own = [...windows.windowEnds(sliceEnd)]
        for (const end of kind === 'hop' ? own.reverse() : own) {
          rows.push(row)
          windowEnds.push(end)
        }
      }
      if (rows.length > 0) output.batch(withWindows(node, windows, batch, Int32Array.from(rows), windowEnds))
    },
    onWatermark: (watermark) => {
      output.watermark(watermark)
    },
  }
}

function withWindows(
  node: WindowTableFunctionNode,
  windows: WindowAssigner,
  batch: ChangeBatch,
  rows: Int32Array,
  ends: readonly number[],
): ChangeBatch {
  const width = batch.columns.length
  const gathered = gatherRows(batch, rows, rows.length)
  const cache = new Map<number, readonly bigint[]>()
  const columns = [0, 1, 2].map(() => new BigInt64Array(rows.length))
  for (const [row, end] of ends.entries()) {
    let values = cache.get(end)
    if (values === undefined) {
      values = [windows.windowStart(end), end, end - 1].map((local, index) =>
        windowValue(windows, local, node.schema.fields[width + index]?.type),
      )
      cache.set(end, values)
    }
    for (const [index, value] of values.entries()) {
      const column = columns[index]
      if (column !== undefined) column[row] = value
    }
  }
  const appended = columns.map((values): Column => ({ kind: 'i64', values, nulls: null }))
  return createBatch(node.schema, [...gathered.columns, ...appended], rows.length, gathered.kinds)
}
