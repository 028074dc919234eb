/**
 * What the rows of a batch come down to for MIN and MAX over windows without keys: those that hold the least and the
 * greatest values of their slices. Such an aggregate runs in one worker; the others send it only these (as Flink's
 * LocalWindowAggregate does: https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/tuning/#local-global-aggregation).
 * They are rows of the input, so that the aggregate, its state and what is late remain what they are.
 */
import { type ChangeBatch, gatherRows } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import type { Schema } from '../../core/types.ts'
import { timestamp } from '../../core/types.ts'
import type { AggregateCall } from '../../planner/expression.ts'
import type { OperatorNode, WindowAggregateNode } from '../../planner/physical/graph.ts'
import type { OperatorContext } from './operator.ts'
import { AttachedWindows, type Slices, WindowAssigner } from './window-assigner.ts'
import { WallClock } from './wall-clock.ts'

/** A batch of more slices is sent as it is. */
const MOST_SLICES = 16

interface Extreme {
  readonly column: number
  readonly isMax: boolean
}

/** @returns undefined where the operator needs every row */
export function createExtremeRows(
  node: OperatorNode,
  input: Schema,
  context: Pick<OperatorContext, 'timeZone'>,
): ExtremeRows | undefined {
  if (node.kind !== 'window-aggregate' || node.keys.length > 0 || node.inputRetracts) return undefined
  const extremes = node.aggregates.map(extremeOf)
  if (extremes.length === 0 || !extremes.every((extreme) => extreme !== undefined)) return undefined
  const slices = slicesOf(node, input, context)
  return slices && new ExtremeRows(extremes, node.attached?.end ?? node.window.timeColumn, slices)
}

function extremeOf({ function: name, args, filter }: AggregateCall): Extreme | undefined {
  const [column] = args
  if ((name !== 'MIN' && name !== 'MAX') || column === undefined || filter !== undefined) return undefined
  return { column, isMax: name === 'MAX' }
}

function slicesOf(
  { window, attached }: WindowAggregateNode,
  input: Schema,
  { timeZone }: Pick<OperatorContext, 'timeZone'>,
): Slices | undefined {
  if (window.kind === 'session' || window.time !== 'rowtime') return undefined
  if (attached !== undefined) return new AttachedWindows((end) => end)
  return new WindowAssigner(window, new WallClock(input.fields[window.timeColumn]?.type ?? timestamp(3), timeZone))
}

export class ExtremeRows {
  readonly #extremes: readonly Extreme[]
  readonly #timeColumn: number
  readonly #slices: Slices
  /** By row: which slice of the batch it is in. */
  #sliceOf = new Uint8Array(0)

  constructor(extremes: readonly Extreme[], timeColumn: number, slices: Slices) {
    this.#extremes = extremes
    this.#timeColumn = timeColumn
    this.#slices = slices
  }

  /** @returns at least one row of each slice, in the order of the batch */
  of(batch: ChangeBatch): ChangeBatch {
    const time = batch.columns[this.#timeColumn]
    const columns = this.#extremes.map(({ column }) => batch.columns[column])
    if (time === undefined || batch.kinds !== null || !columns.every(isWhole)) return batch
    const count = this.#divide(time, batch.rows)
    if (count === 0 || 2 * count * columns.length >= batch.rows) return batch
    const kept = new Set<number>()
    for (const [index, column] of columns.entries()) {
      const best = extremeRows(column, this.#sliceOf, batch.rows, count, this.#extremes[index]?.isMax === true)
      for (const row of best) kept.add(row)
    }
    const rows = Int32Array.from(kept).sort()
    return gatherRows(batch, rows, rows.length)
  }

  /** @returns how many slices there are, 0 for too many */
  #divide(time: Column, rows: number): number {
    const ends = this.#slices.sliceEnds(time, rows)
    if (this.#sliceOf.length < rows) this.#sliceOf = new Uint8Array(rows)
    const sliceOf = this.#sliceOf
    const found: number[] = []
    let [last, slice] = [Number.NaN, -1]
    for (let row = 0; row < rows; row++) {
      const end = ends[row] as number
      if (end !== last) {
        last = end
        slice = found.indexOf(end)
        if (slice < 0) slice = found.push(end) - 1
        if (slice === MOST_SLICES) return 0
      }
      sliceOf[row] = slice
    }
    return found.length
  }
}

type WholeColumn = Extract<Column, { readonly kind: 'i32' | 'i64' }>

function isWhole(column: Column | undefined): column is WholeColumn {
  return column?.kind === 'i64' || column?.kind === 'i32'
}

/** By slice: the row of the extreme; where there are only NULLs, one of these. */
function extremeRows(
  column: WholeColumn,
  sliceOf: Uint8Array,
  rows: number,
  count: number,
  isMax: boolean,
): Int32Array {
  const best = new Int32Array(count).fill(-1)
  const beats = column.kind === 'i64' ? longOrder(column.values) : intOrder(column.values)
  const sign = isMax ? 1 : -1
  const { nulls } = column
  for (let row = 0; row < rows; row++) {
    const slice = sliceOf[row] as number
    const other = best[slice] as number
    if (other < 0) best[slice] = row
    else if (nulls !== null && nulls[row] === 1) continue
    else if ((nulls !== null && nulls[other] === 1) || sign * beats(row, other) > 0) best[slice] = row
  }
  return best
}

type Order = (row: number, other: number) => number

function intOrder(values: Int32Array): Order {
  return (row, other) => (values[row] as number) - (values[other] as number)
}

/** By the halves of the values: no BigInt is made. */
function longOrder(values: BigInt64Array): Order {
  const words = new Int32Array(values.buffer, values.byteOffset, 2 * values.length)
  return (row, other) =>
    (words[2 * row + 1] as number) - (words[2 * other + 1] as number) ||
    ((words[2 * row] as number) >>> 0) - ((words[2 * other] as number) >>> 0)
}
