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
import { grownTo } from './grown-to.ts'

const NONE = -1
/** Rows and nodes that are given back together. */
const GONE = 1 << 13

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
  #rowUses = new Int32Array(16)
  #nodeUses = new Int32Array(16)
  /** By node: the first node of its variable, how many of it came before, how many nodes at all, the first node. */
  #segments = new Int32Array(16)
  #positions = new Int32Array(16)
  #depths = new Int32Array(16)
  #roots = new Int32Array(16)
  #nextOrder = 1
  #zeros = new Uint8Array(64)
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
    return this.rows.bytes + this.#nodes.bytes
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
    this.#rowUses = grownTo(this.#rowUses, this.rows.high)
    const uses = this.#rowUses
    const rowGroups = this.groups.values as Int32Array
    const rowTimes = this.times.values as Float64Array
    const orders = this.order.values as Float64Array
    const pending = this.pending.values as Int8Array
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number
      const at = from === null ? i : (from[i] as number)
      uses[row] = 1
      rowGroups[row] = groups[at] as number
      rowTimes[row] = typeof times === 'number' ? times : (times[at] as number)
      orders[row] = this.#nextOrder++
      pending[row] = 1
    }
    return rows
  }

  /** The row is looked at now; `releaseRow` ends it. */
  begin(row: number): void {
    this.pending.values[row] = 0
    this.order.values[row] = this.#nextOrder++
    this.rows.mark(row)
  }

  releaseRow(row: number): void {
    const uses = (this.#rowUses[row] as number) - 1
    this.#rowUses[row] = uses
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

  /** For columns without NULLs: none at any row. */
  zeros(): Uint8Array {
    if (this.#zeros.length < this.rows.high) this.#zeros = new Uint8Array(2 * this.rows.high)
    return this.#zeros
  }

  orderOf(row: number): number {
    return this.order.values[row] as number
  }

  timeOf(row: number): number {
    return this.times.values[row] as number
  }

  // --- nodes

  /** @returns a node that nobody points at yet */
  addNode(row: number, variable: number, previous: number): number {
    const node = this.#nodes.allocate()
    this.#nodes.mark(node)
    this.#nodeRow.values[node] = row
    this.#nodeVariable.values[node] = variable
    this.#nodePrevious.values[node] = previous + 1
    this.#rowUses[row] = (this.#rowUses[row] as number) + 1
    this.#derive(node)
    return node
  }

  #derive(node: number): void {
    if (node >= this.#nodeUses.length) this.#growNodes(node + 1)
    const previous = this.previous(node)
    const same = previous !== NONE && this.variable(previous) === this.variable(node)
    this.#nodeUses[node] = 0
    this.#segments[node] = same ? (this.#segments[previous] as number) : node
    this.#positions[node] = same ? (this.#positions[previous] as number) + 1 : 0
    this.#depths[node] = previous === NONE ? 0 : (this.#depths[previous] as number) + 1
    this.#roots[node] = previous === NONE ? node : (this.#roots[previous] as number)
    if (previous !== NONE) this.retain(previous)
    if (this.#values.length > 0) this.#extendValues(node, previous, same)
  }

  #growNodes(length: number): void {
    this.#nodeUses = grownTo(this.#nodeUses, length)
    this.#segments = grownTo(this.#segments, length)
    this.#positions = grownTo(this.#positions, length)
    this.#depths = grownTo(this.#depths, length)
    this.#roots = grownTo(this.#roots, length)
  }

  #extendValues(node: number, previous: number, same: boolean): void {
    const variable = this.variable(node)
    const row = this.row(node)
    for (const values of this.#values) {
      if (values.variable === ALL_VARIABLES) values.extend(node, previous, row)
      else if (values.variable === variable) values.extend(node, same ? previous : NONE, row)
    }
  }

  retain(node: number): void {
    this.#nodeUses[node] = (this.#nodeUses[node] as number) + 1
  }

  release(node: number): void {
    let at = node
    while (at !== NONE) {
      const uses = (this.#nodeUses[at] as number) - 1
      this.#nodeUses[at] = uses
      if (uses > 0) return
      const previous = this.previous(at)
      this.releaseRow(this.row(at))
      if (this.#goneNodeCount === GONE) this.#freeNodes()
      this.#goneNodes[this.#goneNodeCount++] = at
      at = previous
    }
  }

  row(node: number): number {
    return this.#nodeRow.values[node] as number
  }

  variable(node: number): number {
    return this.#nodeVariable.values[node] as number
  }

  previous(node: number): number {
    return (this.#nodePrevious.values[node] as number) - 1
  }

  /** The first row of the run. */
  firstRow(node: number): number {
    return this.row(this.#roots[node] as number)
  }

  /** The last node of a variable at or before a node, -1: there is none. Variables follow each other. */
  lastOf(node: number, variable: number): number {
    let at = node
    while (at !== NONE && this.variable(at) > variable) at = this.previous(this.#segments[at] as number)
    return at !== NONE && this.variable(at) === variable ? at : NONE
  }

  /** Number of rows of its variable up to a node; with `all` of all variables. */
  count(node: number, all: boolean): number {
    if (node === NONE) return 0
    return ((all ? this.#depths[node] : this.#positions[node]) as number) + 1
  }

  /** The node some nodes before. */
  back(node: number, steps: number): number {
    let at = node
    for (let step = 0; step < steps; step++) at = this.previous(at)
    return at
  }

  /** The first node of a node's variable; with `all` of the run. */
  first(node: number, all: boolean): number {
    return (all ? this.#roots[node] : this.#segments[node]) as number
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
    this.#rowUses = new Int32Array(Math.max(16, this.rows.high))
    for (const row of this.rows.rows()) {
      this.#rowUses[row] = this.pending.values[row] as number
      this.#nextOrder = Math.max(this.#nextOrder, this.orderOf(row) + 1)
    }
    const done = new Uint8Array(this.#nodes.high)
    for (const node of this.#nodes.rows()) this.#restoreNode(node, done)
  }

  /** After the nodes before it. */
  #restoreNode(node: number, done: Uint8Array): void {
    const path: number[] = []
    for (let at = node; at !== NONE && done[at] === 0; at = this.previous(at)) path.push(at)
    for (const at of path.reverse()) {
      done[at] = 1
      this.#derive(at)
      const row = this.row(at)
      this.#rowUses[row] = (this.#rowUses[row] as number) + 1
    }
  }
}
