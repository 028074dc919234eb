/**
 * Rows of a window aggregate that are to go to other workers, aggregated by key and slice before they do (Flink's
 * LocalWindowAggregate: https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/tuning/#local-global-aggregation).
 * What comes out are groups (`window-groups.ts`), which the aggregate behind the exchange merges into its own.
 *
 * It has no state: groups leave before a watermark that says that one of their slices is over, before a barrier, the end
 * and idleness, and when there are many. So what is late behind the exchange is what would have been without it.
 *
 * Where there are hardly fewer groups than rows, rows are sent on for a while as groups of their own, so that it costs
 * little where it is of no use.
 */
import { type ChangeBatch, createBatch } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { invariant } from '../../core/errors.ts'
import { type Schema, timestamp } from '../../core/types.ts'
import type { WindowAggregateNode } from '../../planner/physical/graph.ts'
import { AggregateTable, planAggregates } from './aggregate-table.ts'
import { SpareTables } from './spare-tables.ts'
import { LentColumns } from './lent-columns.ts'
import { WallClock } from './wall-clock.ts'
import { AttachedWindows, divideBySlice, type Slices, WindowAssigner } from './window-assigner.ts'
import { groupSchema, keyTypesOf } from './window-groups.ts'

/** Groups that are held at the most, but for those of one batch. */
const MOST_GROUPS = 1 << 14
/** Groups of an emitted batch. */
const BATCH_GROUPS = 4096
/** After so many groups it is looked how many rows they were made of. */
const SAMPLE_GROUPS = 4096
/** Groups for each row from which on they are of no use. */
const MOST_SHARE = 0.75
/** Rows that are sent on before groups are made again. */
const PASSED_ROWS = 1 << 18

export class LocalWindowAggregate {
  readonly #node: WindowAggregateNode
  readonly #output: (groups: ChangeBatch) => void
  readonly #spare: SpareTables
  readonly #schema: Schema
  readonly #clock: WallClock
  readonly #windows: Slices
  /** By end of the slice. */
  readonly #slices = new Map<number, AggregateTable>()
  /** Groups that are held. */
  #groups = 0
  /** Of the current sample. */
  #rowsSeen = 0
  #groupsSent = 0
  /** How many rows still go as they are. */
  #toPass = 0
  readonly #rowStates: AggregateTable
  readonly #lent = new LentColumns()
  /** The first watermark that one of the slices must not wait for. */
  #nextFire = Number.POSITIVE_INFINITY

  /**
   * @param node by event time, its accumulators mergeable, its input without retractions
   * @param input schema of the rows
   * @param output called while `onBatch`, `onWatermark` or `flush` runs; batches are lent
   */
  constructor(node: WindowAggregateNode, input: Schema, timeZone: string, output: (groups: ChangeBatch) => void) {
    const { window, attached } = node
    invariant(window.kind !== 'session' && window.time === 'rowtime', 'slices of event time are aggregated locally')
    this.#node = node
    this.#output = output
    const plan = planAggregates(keyTypesOf(node), node.aggregates, false)
    invariant(plan.mergeable, 'aggregates that are merged behind an exchange can be')
    this.#spare = new SpareTables(plan)
    this.#rowStates = new AggregateTable(plan)
    this.#schema = groupSchema(node)
    const timeType = attached?.timeType ?? input.fields[window.timeColumn]?.type ?? timestamp(3)
    this.#clock = new WallClock(timeType, timeZone)
    this.#windows = attached === undefined ? new WindowAssigner(window, this.#clock) : new AttachedWindows((end) => end)
  }

  onBatch(batch: ChangeBatch): void {
    const { attached, window } = this.#node
    const time = batch.columns[attached?.end ?? window.timeColumn]
    invariant(time !== undefined, 'a window has a time attribute')
    const ends = this.#windows.sliceEnds(time, batch.rows)
    if (this.#toPass > 0) {
      this.#passOn(batch, ends)
      return
    }
    this.#rowsSeen += batch.rows
    divideBySlice(batch, ends, (rows, end) => {
      const table = this.#slice(end)
      const before = table.size
      table.update(rows, this.#keysOf(rows), false, 0)
      table.settle()
      this.#groups += table.size - before
    })
    if (this.#groups >= MOST_GROUPS) this.flush()
  }

  #keysOf({ columns }: ChangeBatch): readonly Column[] {
    return this.#node.keys.map((key) => columns[key] ?? { kind: 'null', nulls: null })
  }

  #passOn(batch: ChangeBatch, ends: Float64Array): void {
    const { rows } = batch
    this.#toPass -= rows
    const sliceEnds = { kind: 'f64', values: ends, nulls: null } as const
    const columns = [...this.#keysOf(batch), sliceEnds, ...this.#rowStates.stateOfRows(batch, this.#lent)]
    this.#output(createBatch(this.#schema, columns, rows))
  }

  #slice(end: number): AggregateTable {
    const known = this.#slices.get(end)
    if (known !== undefined) return known
    const made = this.#spare.take()
    this.#slices.set(end, made)
    // The first window that a slice is part of ends with it, or later.
    this.#nextFire = Math.min(this.#nextFire, this.#clock.toEpoch(end - 1))
    return made
  }

  /** Before the watermark goes on. */
  onWatermark(time: number): void {
    if (time >= this.#nextFire) this.flush()
  }

  /** Gives away what it holds. */
  flush(): void {
    const slices = [...this.#slices].sort(([a], [b]) => a - b)
    this.#slices.clear()
    this.#sample()
    this.#groups = 0
    this.#nextFire = Number.POSITIVE_INFINITY
    for (const [end, table] of slices) {
      this.#emit(table, end)
      this.#spare.giveBack(table)
    }
  }

  #sample(): void {
    this.#groupsSent += this.#groups
    if (this.#groupsSent < SAMPLE_GROUPS) return
    if (this.#groupsSent > MOST_SHARE * this.#rowsSeen) this.#toPass = PASSED_ROWS
    this.#groupsSent = 0
    this.#rowsSeen = 0
  }

  #emit(table: AggregateTable, end: number): void {
    const groups = table.groups()
    const most = Math.min(groups.length, BATCH_GROUPS)
    const ends = { kind: 'f64', values: new Float64Array(most).fill(end), nulls: null } as const
    for (let from = 0; from < groups.length; from += BATCH_GROUPS) {
      const part = groups.subarray(from, from + BATCH_GROUPS)
      const count = part.length
      const keys = table.lendKeys(this.#lent, part, count)
      const columns = [...keys, ends, ...table.lendState(this.#lent, part, count)]
      this.#output(createBatch(this.#schema, columns, count))
    }
  }
}
