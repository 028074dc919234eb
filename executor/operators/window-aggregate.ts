/**
 * GROUP BY window_start, window_end[, keys]: one result for each window and group, when the watermark has passed the
 * window's end (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/window-agg/).
 *
 * Each slice that is open has a table of its own, which goes as a whole. A tumbling window is one slice. A hopping
 * window adds its slices up when it fires; a cumulating window adds each slice to a table of its own. Where groups
 * cannot be added up (DISTINCT, collections) every window has its table, and a row goes to all of its windows; so it
 * does where rows come with their windows.
 */
import { type ChangeBatch, createBatch } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { invariant, MillraceError } from '../../core/errors.ts'
import { type SqlType, timestamp } from '../../core/types.ts'
import type { WindowAggregateNode } from '../../planner/physical/graph.ts'
import { AggregateTable, type AggregateTablePlan, planAggregates } from './aggregate-table.ts'
import { CounterPage } from './counter-page.ts'
import { LentColumns } from './lent-columns.ts'
import { readMilliseconds } from './timestamps.ts'
import { SpareTables } from './spare-tables.ts'
import { MIN_WATERMARK, type Operator, type OperatorContext, type OperatorMetrics, type StatePage } from './operator.ts'
import { AttachedWindows, divideBySlice, NO_WINDOW, type Slices, WindowAssigner } from './window-assigner.ts'
import { propertyColumns, type WindowBounds } from './window-bounds.ts'
import { WallClock } from './wall-clock.ts'
import { keyTypesOf } from './window-groups.ts'
import { readPage } from '../../state/table/page-bytes.ts'
import { isEveryPage } from '../../state/table/page-output.ts'

/** Name of the page that says which windows the state is of. */
const SPEC = 'spec'
/** Rows of an emitted batch. */
const BATCH_ROWS = 4096

/** Aggregates by windows that lie on a grid, or that rows bring along. */
export class WindowAggregate implements Operator {
  protected readonly node: WindowAggregateNode
  readonly #context: OperatorContext
  readonly #plan: AggregateTablePlan
  readonly #spare: SpareTables
  readonly #lent = new LentColumns()
  readonly #clock: WallClock
  readonly #windows: Slices
  /** The windows as a grid; absent for sessions, which rows bring along. */
  readonly #grid: WindowAssigner | undefined
  /** Key columns in the input: those of the node, then window_start where nothing else tells it. */
  readonly #keys: readonly number[]
  readonly #eventTime: boolean
  /** Slices are shared by windows; else the tables are the windows'. */
  readonly #sliced: boolean
  /** By end of the slice, or of the window where slices are not shared. */
  readonly #slices = new Map<number, AggregateTable>()
  /** Of cumulating windows that have fired already, by their last end. */
  readonly #cumulated = new Map<number, AggregateTable>()
  /** With `emitOnlyOnUpdate`, where windows have tables of their own: by end of the window. */
  readonly #touched = new Map<number, AggregateTable>()
  readonly #keysOnly: AggregateTablePlan
  readonly #updatedOnly: boolean
  /** Ends of windows that have rows and have not fired. */
  readonly #pending = new Set<number>()
  #nextFire = Number.POSITIVE_INFINITY
  /** Up to where windows have fired: the watermark, or processing time. */
  readonly #progress = new CounterPage('progress', MIN_WATERMARK)
  #dropped: StatePage[] = []
  #specWritten = false
  #lateRows = 0

  constructor(node: WindowAggregateNode, inputTime: SqlType, context: OperatorContext) {
    this.node = node
    this.#context = context
    const { window, attached } = node
    const keyTypes = keyTypesOf(node)
    const bringsStart = window.kind === 'session' && attached !== undefined
    this.#keys = bringsStart ? [...node.keys, attached.start] : node.keys
    this.#plan = planAggregates(
      bringsStart ? [...keyTypes, timestamp(3)] : keyTypes,
      node.aggregates,
      node.inputRetracts,
    )
    this.#spare = new SpareTables(this.#plan)
    this.#keysOnly = planAggregates(this.#plan.keyTypes, [], false)
    this.#updatedOnly = window.kind === 'cumulate' && window.emitOnlyOnUpdate === true && attached === undefined
    this.#clock = new WallClock(attached?.timeType ?? inputTime, context.timeZone)
    this.#grid = window.kind === 'session' ? undefined : new WindowAssigner(window, this.#clock)
    this.#windows = slicesOf(node, this.#grid)
    this.#eventTime = window.time === 'rowtime'
    this.#sliced = attached === undefined && (window.kind === 'tumble' || this.#plan.mergeable)
  }

  onBatch(batch: ChangeBatch): void {
    if (batch.rows === 0) return
    if (!this.#eventTime && this.#grid !== undefined) {
      this.#addRows(batch, this.#grid.sliceEndAt(Math.max(this.#context.clock.now(), this.#progress.value)))
      return
    }
    const { attached, window } = this.node
    const column = batch.columns[attached?.end ?? window.timeColumn]
    invariant(column !== undefined, 'a window has a time attribute')
    divideBySlice(batch, this.#windows.sliceEnds(column, batch.rows), (rows, end) => {
      this.#addRows(rows, end)
    })
  }

  #addRows(batch: ChangeBatch, sliceEnd: number): void {
    const keys = this.#keys.map((key) => batch.columns[key] ?? ({ kind: 'null', nulls: null } as const))
    this.addToSlice(sliceEnd, batch.rows, (table) => {
      table.update(batch, keys, false, 0)
    })
  }

  /** @param add puts the rows, or groups, into a table */
  protected addToSlice(sliceEnd: number, rows: number, add: (table: AggregateTable) => void): void {
    const last = this.#windows.lastWindowEnd(sliceEnd)
    if (last === NO_WINDOW || (this.#eventTime && this.#hasFired(last))) {
      this.#lateRows += rows
      return
    }
    if (this.#sliced) {
      // A step that has been added to the cumulating window is no slice any more.
      const isAdded = this.node.window.kind === 'cumulate' && this.#eventTime && this.#hasFired(sliceEnd)
      const isNew = isAdded || !this.#slices.has(sliceEnd)
      this.#add(add, isAdded ? this.#cumulated : this.#slices, isAdded ? last : sliceEnd)
      if (isNew) this.#expect(sliceEnd)
      return
    }
    let isFirst = true
    for (const end of this.#windows.windowEnds(sliceEnd)) {
      if (this.#hasFired(end)) continue
      this.#add(add, this.#slices, end)
      // Which groups the last step of the window has brought rows of.
      if (this.#updatedOnly && isFirst && end === sliceEnd) this.#add(add, this.#touched, end, this.#keysOnly)
      this.#expectWindow(end)
      isFirst = false
    }
  }

  #add(
    add: (table: AggregateTable) => void,
    tables: Map<number, AggregateTable>,
    end: number,
    plan = this.#plan,
  ): void {
    const table = tables.get(end) ?? (plan === this.#plan ? this.#spare.take() : new AggregateTable(plan))
    tables.set(end, table)
    add(table)
    table.settle()
  }

  #expect(sliceEnd: number): void {
    for (const end of this.#windows.windowEnds(sliceEnd)) if (!this.#hasFired(end)) this.#expectWindow(end)
  }

  #expectWindow(end: number): void {
    if (this.#pending.has(end)) return
    this.#pending.add(end)
    this.#nextFire = Math.min(this.#nextFire, this.#fireTime(end))
  }

  /** Event time: the watermark that says that all rows are there. Processing time: when the window is over. */
  #fireTime(end: number): number {
    return this.#eventTime ? this.#clock.toEpoch(end - 1) : this.#clock.toEpoch(end - 1) + 1
  }

  #hasFired(end: number): boolean {
    return end === NO_WINDOW || this.#progress.value >= this.#fireTime(end)
  }

  onWatermark(time: number): void {
    if (this.#eventTime) this.#advance(time)
    this.#context.output.watermark(time)
  }

  onProcessingTime(now: number): void {
    if (!this.#eventTime && now > this.#progress.value) this.#advance(now)
  }

  /** Windows of processing time that are under way are given out, so that bounded input loses no rows. */
  end(): void {
    if (!this.#eventTime) this.#advance(Number.MAX_SAFE_INTEGER)
  }

  #advance(time: number): void {
    if (time >= this.#nextFire) {
      const due = [...this.#pending].filter((end) => this.#fireTime(end) <= time).sort((a, b) => a - b)
      for (const end of due) {
        this.#pending.delete(end)
        this.#fire(end)
      }
      this.#nextFire = Number.POSITIVE_INFINITY
      for (const end of this.#pending) this.#nextFire = Math.min(this.#nextFire, this.#fireTime(end))
    }
    this.#progress.value = Math.max(this.#progress.value, time)
  }

  #fire(end: number): void {
    const { kind } = this.node.window
    if (!this.#sliced || kind === 'tumble') {
      const table = this.#slices.get(end)
      this.#emit(table, end, table === undefined ? undefined : this.#touchedGroups(table, end))
      this.#dropSlice(end)
    } else if (kind === 'hop') this.#fireHop(end)
    else this.#fireCumulate(end)
  }

  #fireHop(end: number): void {
    const slices = [...this.#windows.slicesOf(end)]
    const tables = slices.map((slice) => this.#slices.get(slice)).filter((table) => table !== undefined)
    if (tables.length === 1) this.#emit(tables[0], end)
    else {
      const sum = this.#spare.take()
      for (const table of tables) sum.merge(table)
      this.#emit(sum, end)
      this.#spare.giveBack(sum)
    }
    for (const slice of this.#grid?.lastSlicesOf(end) ?? []) this.#dropSlice(slice)
  }

  #fireCumulate(end: number): void {
    const last = this.#windows.lastWindowEnd(end)
    const sum = this.#cumulated.get(last) ?? this.#spare.take()
    this.#cumulated.set(last, sum)
    const brought = new AggregateTable(this.#keysOnly)
    for (const slice of this.#windows.slicesOf(end)) {
      const table = this.#slices.get(slice)
      if (table === undefined) continue
      sum.merge(table)
      if (this.#updatedOnly) addKeys(brought, table)
      this.#dropSlice(slice)
    }
    this.#emit(sum, end, this.#updatedOnly ? groupsOf(sum, brought) : undefined)
    if (end !== last) return
    this.#dropped.push(...sum.drop(cumulatedName(last)))
    this.#cumulated.delete(last)
    this.#spare.giveBack(sum)
  }

  #touchedGroups(table: AggregateTable, end: number): Int32Array | undefined {
    if (!this.#updatedOnly) return undefined
    const touched = this.#touched.get(end)
    this.#dropped.push(...(touched?.drop(touchedName(end)) ?? []))
    this.#touched.delete(end)
    return touched === undefined ? new Int32Array(0) : groupsOf(table, touched)
  }

  #dropSlice(end: number): void {
    const table = this.#slices.get(end)
    if (table === undefined) return
    this.#dropped.push(...table.drop(sliceName(end)))
    this.#slices.delete(end)
    this.#spare.giveBack(table)
  }

  /** @param groups absent: all */
  #emit(table: AggregateTable | undefined, end: number, groups = table?.groups()): void {
    if (table === undefined || groups === undefined) return
    const own = this.node.keys.length
    const bringsStart = this.#keys.length > own
    // Those of the window: the same in all of its batches.
    const shared = bringsStart ? [] : this.#properties(this.#boundsOf(end, Math.min(groups.length, BATCH_ROWS)))
    for (let from = 0; from < groups.length; from += BATCH_ROWS) {
      const part = groups.subarray(from, from + BATCH_ROWS)
      const count = part.length
      const keys = table.lendKeys(this.#lent, part, count)
      const properties = bringsStart ? this.#properties(broughtBounds(keys.at(-1), end, count)) : shared
      const columns = [...keys.slice(0, own), ...table.lendResults(part, count), ...properties]
      this.#context.output.batch(createBatch(this.node.schema, columns, count))
    }
  }

  #properties(bounds: WindowBounds): readonly Column[] {
    return propertyColumns(this.node, this.#clock, this.#context.clock.now(), bounds)
  }

  #boundsOf(end: number, count: number): WindowBounds {
    const starts = new Float64Array(count).fill(this.#windows.windowStart(end))
    return { starts, ends: new Float64Array(count).fill(end), count }
  }

  snapshot(): readonly StatePage[] {
    const pages = new Map<string, StatePage>()
    const add = (page: StatePage): void => {
      pages.set(`${page.table}/${page.page}`, page)
    }
    this.#dropped.forEach(add)
    this.#dropped = []
    for (const [end, table] of this.#slices) table.snapshot(sliceName(end)).forEach(add)
    for (const [end, table] of this.#cumulated) table.snapshot(cumulatedName(end)).forEach(add)
    for (const [end, table] of this.#touched) table.snapshot(touchedName(end)).forEach(add)
    this.#progress.snapshot().forEach(add)
    if (!this.#specWritten || isEveryPage())
      add({ table: SPEC, page: 0, bytes: new TextEncoder().encode(this.#spec()) })
    this.#specWritten = true
    return [...pages.values()]
  }

  #spec(): string {
    return JSON.stringify({ ...windowShape(this.node), sliced: this.#sliced })
  }

  /** Slices of other windows would be added up wrongly without anyone noticing. */
  #checkSpec(pages: readonly StatePage[]): void {
    const bytes = pages.find(({ table }) => table === SPEC)?.bytes
    if (bytes === undefined || bytes === null) return
    const stored = new TextDecoder().decode(readPage(bytes))
    if (stored === this.#spec()) {
      this.#specWritten = true
      return
    }
    throw new MillraceError('INVALID_CHECKPOINT', 'the checkpoint is of windows of another kind or size', {
      detail: `It has ${stored}, the query has ${this.#spec()}.`,
      hint: 'Start the query without the checkpoint, or under another name.',
    })
  }

  restore(pages: readonly StatePage[]): void {
    this.#checkSpec(pages)
    this.#progress.restore(pages)
    const names = new Set(pages.map(({ table }) => table.split('.')[0] ?? ''))
    for (const name of names) {
      const [kind, end] = name.split('@')
      if (end === undefined) continue
      const table = new AggregateTable(kind === 'touched' ? this.#keysOnly : this.#plan)
      table.restore(
        name,
        pages.filter((page) => page.table === name || page.table.startsWith(`${name}.`)),
        0,
      )
      const tables = kind === 'slice' ? this.#slices : kind === 'touched' ? this.#touched : this.#cumulated
      tables.set(Number(end), table)
    }
    for (const end of this.#slices.keys()) {
      if (this.#sliced) this.#expect(end)
      else this.#expectWindow(end)
    }
    for (const last of this.#cumulated.keys()) {
      for (const end of this.#windows.slicesOf(last)) if (!this.#hasFired(end)) this.#expectWindow(end)
    }
  }

  metrics(): OperatorMetrics {
    const tables = [...this.#slices.values(), ...this.#cumulated.values(), ...this.#touched.values()]
    return {
      stateBytes: tables.reduce((sum, table) => sum + table.bytes, 0),
      stateEntries: tables.reduce((sum, table) => sum + table.size, 0),
      lateRows: this.#lateRows,
    }
  }
}

function sliceName(end: number): string {
  return `slice@${end}`
}

function touchedName(end: number): string {
  return `touched@${end}`
}

/** @param start column of the rows' window_start */
function broughtBounds(start: Column | undefined, end: number, count: number): WindowBounds {
  const starts = new Float64Array(count)
  if (start !== undefined) readMilliseconds(start, 1, count, 0, starts)
  return { starts, ends: new Float64Array(count).fill(end), count }
}

/** Adds the groups of a table to one that has only keys. */
function addKeys(keys: AggregateTable, table: AggregateTable): void {
  const groups = table.groups()
  if (groups.length > 0) keys.table.lookupOrInsert(table.keyColumns(groups, groups.length), groups.length)
}

/** Groups of the table whose keys are in another one, in the order of the table. */
function groupsOf(table: AggregateTable, keys: AggregateTable): Int32Array {
  const wanted = keys.table.rows()
  if (wanted.length === 0) return wanted
  const found = table.table.lookup(keys.keyColumns(wanted, wanted.length), wanted.length).slice(0, wanted.length)
  const present = new Set(table.groups())
  return found.filter((group) => present.has(group)).sort()
}

function cumulatedName(lastEnd: number): string {
  return `cumulated@${lastEnd}`
}

function slicesOf(node: WindowAggregateNode, grid: WindowAssigner | undefined): Slices {
  if (node.attached !== undefined) return new AttachedWindows((end) => grid?.windowStart(end) ?? end)
  invariant(grid !== undefined, 'sessions are aggregated by their own operator')
  return grid
}

/** What the state depends on, besides keys and aggregates. */
function windowShape({ window, attached }: WindowAggregateNode): Readonly<Record<string, unknown>> {
  if (window.kind === 'session') return { gap: window.gap }
  const { kind, size, step, offset, time, emitOnlyOnUpdate } = window
  const plain = { kind, size, step, offset, time }
  const shape = emitOnlyOnUpdate === true ? { ...plain, emitOnlyOnUpdate } : plain
  return attached === undefined ? shape : { ...shape, attached: true }
}
