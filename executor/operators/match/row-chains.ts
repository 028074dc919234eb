/**
 * The rows that a match operator keeps, and how runs are made of them. A row belongs to any number of *nodes*; a node
 * is a row taken for a variable, with the node of the row before it. A run is its last node, so runs that began
 * together share what they have in common. Rows and nodes go when nobody points at them any more.
 */
import type { SqlType } from '../../../core/types.ts'
import { ALL_VARIABLES } from '../../../planner/physical/match-spec.ts'
import { RowTable } from '../../../state/table/row-table.ts'
import { createStoredColumn, FixedStore, type StoredColumn, storedKind } from '../../../state/table/stored-column.ts'
import type { StatePage } from '../operator.ts'
import { arrayFor } from '../../../state/table/memory.ts'

const NONE = -1
/** Rows and nodes that are given back together. */
const GONE = 1 << 13

/** In `#rowData`, four numbers a row. */
const TIME = 0
const ORDER = 1
/** By nodes, by waiting and by those who look at it. */
const USES = 2
const GROUP = 3
const ROW_SHIFT = 2

/** In `#nodeData`, eight numbers a node. */
const ROW = 0
const VARIABLE = 1
const PREVIOUS = 2
const NODE_USES = 3
/** The first node of its variable, how many of it came before, how many nodes at all, the first row. */
const SEGMENT = 4
const POSITION = 5
const DEPTH = 6
const FIRST_ROW = 7
const NODE_SHIFT = 3

/** What follows from the rows of a run, kept for each of its nodes. */
export interface NodeValues {
  /** Pattern variable whose rows count. */
  readonly variable: number
  /** A node has been added. @param before the node before whose rows count too, -1: none */
  extend(node: number, before: number, row: number): void
}

export class RowChains {
  /** Columns of the rows that were asked for, in that order. */
  readonly columns: readonly StoredColumn[]
  /** Of variables whose condition looks at the row alone: `FALSE`, `TRUE` or `UNKNOWN`. */
  readonly flags: readonly FixedStore[]
  readonly rows: RowTable
  readonly groups = new FixedStore('i32')
  readonly times = new FixedStore('f64')
  /** Ascending: in the order of arrival until the row is looked at, from then on in the order of looking. */
  readonly order = new FixedStore('f64')
  /** 1: not looked at yet. */
  readonly pending = new FixedStore('i8')
  readonly #nodes: RowTable
  readonly #nodeRow = new FixedStore('i32')
  readonly #nodeVariable = new FixedStore('i32')
  /** Id of the node before, plus 1. */
  readonly #nodePrevious = new FixedStore('i32')
  readonly #values: NodeValues[] = []
  /** What is looked at in every step, a row or a node behind the other: see `TIME` … and `ROW` … */
  #rowData = new Float64Array(16)
  #nodeData = new Int32Array(16)
  #nextOrder = 1
  readonly #goneRows = new Int32Array(GONE)
  #goneRowCount = 0
  readonly #goneNodes = new Int32Array(GONE)
  #goneNodeCount = 0

  constructor(types: readonly SqlType[], flags: number) {
    this.columns = types.map((type) => createStoredColumn(storedKind(type), { ...type, nullable: true }))
    this.flags = Array.from({ length: flags }, () => new FixedStore('i8'))
    const own = [this.groups, this.times, this.order, this.pending]
    this.rows = new RowTable([...own, ...this.columns, ...this.flags], 0)
    this.#nodes = new RowTable([this.#nodeRow, this.#nodeVariable, this.#nodePrevious], 0)
  }

  get entries(): number {
    return this.rows.size - this.#goneRowCount + this.#nodes.size - this.#goneNodeCount
  }

  get bytes(): number {
    return this.rows.bytes + this.#rowData.byteLength + this.#nodes.bytes + this.#nodeData.byteLength
  }

  /** Has values kept from now on; before there are any nodes. */
  keep(values: NodeValues): void {
    this.#values.push(values)
  }

  /**
   * Rows that wait to be looked at; the caller fills their columns.
   *
   * @param groups by position in the batch
   * @param times likewise; a number: that of all
   * @param from positions of the rows; null: 0, 1, 2 …
   */
  addRows(groups: Int32Array, times: Float64Array | number, from: Int32Array | null, count: number): Int32Array {
    const rows = new Int32Array(count)
    for (let i = 0; i < count; i++) rows[i] = this.rows.allocate()
    this.rows.markAll(rows, count)
    this.#growRows()
    const data = this.#rowData
    const rowGroups = this.groups.values as Int32Array
    const rowTimes = this.times.values as Float64Array
    const orders = this.order.values as Float64Array
    const pending = this.pending.values as Int8Array
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number
      const at = from === null ? i : (from[i] as number)
      const time = typeof times === 'number' ? times : (times[at] as number)
      const order = this.#nextOrder++
      rowGroups[row] = groups[at] as number
      rowTimes[row] = time
      orders[row] = order
      pending[row] = 1
      const start = row << ROW_SHIFT
      data[start + TIME] = time
      data[start + ORDER] = order
      data[start + USES] = 1
      data[start + GROUP] = groups[at] as number
    }
    return rows
  }

  #growRows(): void {
    this.#rowData = arrayFor(this.#rowData, this.rows.high << ROW_SHIFT)
  }

  /** The row is looked at now; `releaseRow` ends it. */
  begin(row: number): void {
    this.pending.values[row] = 0
    const order = this.#nextOrder++
    this.order.values[row] = order
    this.#rowData[(row << ROW_SHIFT) + ORDER] = order
    this.rows.mark(row)
  }

  #useRow(row: number): void {
    const at = (row << ROW_SHIFT) + USES
    this.#rowData[at] = (this.#rowData[at] as number) + 1
  }

  releaseRow(row: number): void {
    const at = (row << ROW_SHIFT) + USES
    const uses = (this.#rowData[at] as number) - 1
    this.#rowData[at] = uses
    if (uses > 0) return
    if (this.#goneRowCount === GONE) this.#freeRows()
    this.#goneRows[this.#goneRowCount++] = row
  }

  #freeRows(): void {
    this.rows.freeAll(this.#goneRows, this.#goneRowCount)
    this.#goneRowCount = 0
  }

  #freeNodes(): void {
    this.#nodes.freeAll(this.#goneNodes, this.#goneNodeCount)
    this.#goneNodeCount = 0
  }

  /** To be called when nothing that has been released is looked at any more. */
  settle(): void {
    if (this.#goneRowCount > 0) this.#freeRows()
    if (this.#goneNodeCount > 0) this.#freeNodes()
    this.rows.compact()
  }

  orderOf(row: number): number {
    return this.#rowData[(row << ROW_SHIFT) + ORDER] as number
  }

  timeOf(row: number): number {
    return this.#rowData[(row << ROW_SHIFT) + TIME] as number
  }

  groupOf(row: number): number {
    return this.#rowData[(row << ROW_SHIFT) + GROUP] as number
  }

  // --- nodes

  /** @returns a node that nobody points at yet */
  addNode(row: number, variable: number, previous: number): number {
    const node = this.#nodes.allocate()
    this.#nodes.mark(node)
    this.#nodeRow.values[node] = row
    this.#nodeVariable.values[node] = variable
    this.#nodePrevious.values[node] = previous + 1
    this.#useRow(row)
    this.#derive(node, row, variable, previous)
    return node
  }

  #derive(node: number, row: number, variable: number, previous: number): void {
    const length = (node + 1) << NODE_SHIFT
    if (length > this.#nodeData.length) this.#nodeData = arrayFor(this.#nodeData, length)
    const data = this.#nodeData
    const at = node << NODE_SHIFT
    const before = previous << NODE_SHIFT
    const same = previous !== NONE && data[before + VARIABLE] === variable
    data[at + ROW] = row
    data[at + VARIABLE] = variable
    data[at + PREVIOUS] = previous
    data[at + NODE_USES] = 0
    data[at + SEGMENT] = same ? (data[before + SEGMENT] as number) : node
    data[at + POSITION] = same ? (data[before + POSITION] as number) + 1 : 0
    data[at + DEPTH] = previous === NONE ? 0 : (data[before + DEPTH] as number) + 1
    data[at + FIRST_ROW] = previous === NONE ? row : (data[before + FIRST_ROW] as number)
    if (previous !== NONE) this.retain(previous)
    if (this.#values.length > 0) this.#extendValues(node, previous, same)
  }

  #extendValues(node: number, previous: number, same: boolean): void {
    const variable = this.variable(node)
    const row = this.row(node)
    for (const values of this.#values) {
      if (values.variable === ALL_VARIABLES) values.extend(node, previous, row)
      else if (values.variable === variable) values.extend(node, same ? previous : NONE, row)
    }
  }

  #get(node: number, field: number): number {
    return this.#nodeData[(node << NODE_SHIFT) + field] as number
  }

  retain(node: number): void {
    const at = (node << NODE_SHIFT) + NODE_USES
    this.#nodeData[at] = (this.#nodeData[at] as number) + 1
  }

  release(node: number): void {
    const data = this.#nodeData
    let at = node
    while (at !== NONE) {
      const start = at << NODE_SHIFT
      const uses = (data[start + NODE_USES] as number) - 1
      data[start + NODE_USES] = uses
      if (uses > 0) return
      this.releaseRow(data[start + ROW] as number)
      if (this.#goneNodeCount === GONE) this.#freeNodes()
      this.#goneNodes[this.#goneNodeCount++] = at
      at = data[start + PREVIOUS] as number
    }
  }

  row(node: number): number {
    return this.#get(node, ROW)
  }

  variable(node: number): number {
    return this.#get(node, VARIABLE)
  }

  previous(node: number): number {
    return this.#get(node, PREVIOUS)
  }

  /** The first row of the run. */
  firstRow(node: number): number {
    return this.#get(node, FIRST_ROW)
  }

  /** The first row of a node's variable. */
  firstRowOfVariable(node: number): number {
    return this.row(this.#get(node, SEGMENT))
  }

  /** The last node of a variable at or before a node, -1: there is none. Variables follow each other. */
  lastOf(node: number, variable: number): number {
    let at = node
    while (at !== NONE && this.#get(at, VARIABLE) > variable) at = this.#get(this.#get(at, SEGMENT), PREVIOUS)
    return at !== NONE && this.#get(at, VARIABLE) === variable ? at : NONE
  }

  /** Number of rows of its variable up to a node; with `all` of all variables. */
  count(node: number, all: boolean): number {
    return node === NONE ? 0 : this.#get(node, all ? DEPTH : POSITION) + 1
  }

  /** The node some nodes before. */
  back(node: number, steps: number): number {
    let at = node
    for (let step = 0; step < steps; step++) at = this.#get(at, PREVIOUS)
    return at
  }

  snapshot(): StatePage[] {
    return [
      ...this.rows.snapshotPages().map((page) => ({ table: 'rows', ...page })),
      ...this.#nodes.snapshotPages().map((page) => ({ table: 'nodes', ...page })),
    ]
  }

  /** Uses by nodes and by waiting are counted again; whoever else points at nodes has to `retain` them. */
  restore(pages: readonly StatePage[]): void {
    this.rows.restorePages(
      pages.filter(({ table }) => table === 'rows'),
      0,
    )
    this.#nodes.restorePages(
      pages.filter(({ table }) => table === 'nodes'),
      0,
    )
    this.#growRows()
    for (const row of this.rows.rows()) this.#restoreRow(row)
    const done = new Uint8Array(this.#nodes.high)
    for (const node of this.#nodes.rows()) this.#restoreNode(node, done)
  }

  #restoreRow(row: number): void {
    const start = row << ROW_SHIFT
    const order = this.order.values[row] as number
    this.#rowData[start + TIME] = this.times.values[row] as number
    this.#rowData[start + ORDER] = order
    this.#rowData[start + USES] = this.pending.values[row] as number
    this.#rowData[start + GROUP] = this.groups.values[row] as number
    this.#nextOrder = Math.max(this.#nextOrder, order + 1)
  }

  /** After the nodes before it. */
  #restoreNode(last: number, done: Uint8Array): void {
    const previousOf = (node: number): number => (this.#nodePrevious.values[node] as number) - 1
    const path: number[] = []
    for (let node = last; node !== NONE && done[node] === 0; node = previousOf(node)) path.push(node)
    for (const node of path.reverse()) {
      done[node] = 1
      const row = this.#nodeRow.values[node] as number
      this.#derive(node, row, this.#nodeVariable.values[node] as number, previousOf(node))
      this.#useRow(row)
    }
  }
}
