/**
 * TUMBLE, HOP and CUMULATE without an aggregation on top: every row once for each of its windows, with window_start,
 * window_end and window_time appended. It keeps nothing and knows no late rows; rows without a time are dropped.
 */
import { type ChangeBatch, createBatch, gatherRows } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { invariant } from '../../core/errors.ts'
import type { SqlType } from '../../core/types.ts'
import type { AlignedWindow } from '../../planner/physical/window-spec.ts'
import type { WindowTableFunctionNode } from '../../planner/physical/graph.ts'
import type { Operator, OperatorContext } from './operator.ts'
import { WallClock } from './wall-clock.ts'
import { WindowAssigner } from './window-assigner.ts'
import { propertyColumn, type WindowBounds } from './window-bounds.ts'

export function createWindowTableFunction(
  node: WindowTableFunctionNode,
  window: AlignedWindow,
  inputTime: SqlType,
  context: OperatorContext,
): Operator {
  const { output, clock, timeZone } = context
  const wallClock = new WallClock(inputTime, timeZone)
  const windows = new WindowAssigner(window, wallClock)
  const { kind, timeColumn, time } = window
  let lateRows = 0
  return {
    onBatch: (given) => {
      const batch = time === 'rowtime' ? rowsWithTime(given, timeColumn) : given
      lateRows += given.rows - batch.rows
      const column = batch.columns[timeColumn]
      invariant(column !== undefined, 'a window has a time attribute')
      const slices =
        time === 'rowtime'
          ? windows.sliceEnds(column, batch.rows)
          : new Float64Array(batch.rows).fill(windows.sliceEndAt(clock.now()))
      const rows: number[] = []
      const ends: number[] = []
      for (let row = 0; row < batch.rows; row++) {
        // The order in which Flink lists the windows of a row: from the last one back for HOP.
        const own = [...windows.windowEnds(slices[row] as number)]
        for (const end of kind === 'hop' ? own.reverse() : own) {
          rows.push(row)
          ends.push(end)
        }
      }
      if (rows.length === 0) return
      const gathered = gatherRows(batch, Int32Array.from(rows), rows.length)
      const bounds: WindowBounds = {
        starts: Float64Array.from(ends, (end) => windows.windowStart(end)),
        ends: Float64Array.from(ends),
        count: rows.length,
      }
      const columns = appendWindows(node, wallClock, clock.now(), gathered.columns, bounds)
      output.batch(createBatch(node.schema, columns, rows.length, gathered.kinds))
    },
    onWatermark: (watermark) => {
      output.watermark(watermark)
    },
    metrics: () => ({ stateBytes: 0, stateEntries: 0, lateRows }),
  }
}

/** The rows whose time attribute is not NULL. */
export function rowsWithTime(batch: ChangeBatch, timeColumn: number): ChangeBatch {
  const column = batch.columns[timeColumn]
  if (column === undefined || column.kind === 'null') return gatherRows(batch, new Int32Array(0), 0)
  const { nulls } = column
  if (nulls === null) return batch
  const kept = new Int32Array(batch.rows)
  let count = 0
  for (let row = 0; row < batch.rows; row++) if (nulls[row] === 0) kept[count++] = row
  return count === batch.rows ? batch : gatherRows(batch, kept, count)
}

/** The columns with those of the windows behind them. */
export function appendWindows(
  node: WindowTableFunctionNode,
  clock: WallClock,
  now: number,
  columns: readonly Column[],
  bounds: WindowBounds,
): readonly Column[] {
  const { fields } = node.schema
  const properties = ['window_start', 'window_end', 'window_time'] as const
  const appended = properties.map((property, index) =>
    propertyColumn(property, clock, now, bounds, fields[columns.length + index]?.type),
  )
  return [...columns, ...appended]
}
