/** Runs of the keys between their rows: a list for each key, in the order of its queues. */
import { RowTable } from '../../../state/table/row-table.ts'
import { FixedStore } from '../../../state/table/stored-column.ts'
import type { StatePage } from '../operator.ts'
import type { RunQueue } from './run-queue.ts'
import { arrayFor } from '../../../state/table/memory.ts'

/** The runs of a key at work. */
export interface KeyRuns {
  /** One of them, without a node, waits for a first row. */
  readonly partial: RunQueue
  /** Matches that wait for runs that began before them. */
  readonly complete: RunQueue
}

export class RunTable {
  readonly #groups = new FixedStore('i32')
  readonly #states = new FixedStore('i32')
  /** The node plus 1; 0: the run waits for a first row. */
  readonly #nodes = new FixedStore('i32')
  readonly #positions = new FixedStore('i32')
  /** 1: the match is complete. */
  readonly #complete = new FixedStore('i8')
  readonly #rows = new RowTable([this.#groups, this.#states, this.#nodes, this.#positions, this.#complete], 0)
  /** By group: its first row plus 1; 0: only a run that waits for a first row. */
  #heads = new Int32Array(16)
  /** By row: the next one of the group plus 1. */
  #next = new Int32Array(16)

  get bytes(): number {
    return this.#rows.bytes + this.#heads.byteLength + this.#next.byteLength
  }

  isEmpty(group: number): boolean {
    return group >= this.#heads.length || this.#heads[group] === 0
  }

  /** Puts the runs of a group that has some into empty queues. */
  load(group: number, { partial, complete }: KeyRuns, startOf: (node: number) => number): void {
    const states = this.#states.values as Int32Array
    const nodes = this.#nodes.values as Int32Array
    for (let row = (this.#heads[group] as number) - 1; row >= 0; row = (this.#next[row] as number) - 1) {
      const node = (nodes[row] as number) - 1
      const queue = this.#complete.values[row] === 1 ? complete : partial
      queue.append(states[row] as number, node, startOf(node))
    }
  }

  /** Whether a partial run of the group has a node of which something holds. */
  some(group: number, holds: (node: number) => boolean): boolean {
    if (this.isEmpty(group)) return false
    for (let row = (this.#heads[group] as number) - 1; row >= 0; row = (this.#next[row] as number) - 1) {
      const node = (this.#nodes.values[row] as number) - 1
      if (node >= 0 && this.#complete.values[row] === 0 && holds(node)) return true
    }
    return false
  }

  /** In place of the runs that the group had. */
  store(group: number, { partial, complete }: KeyRuns): void {
    if (group >= this.#heads.length) this.#heads = arrayFor(this.#heads, group + 1)
    let row = this.#put(group, partial, 0, this.#heads[group] as number, -1)
    row = this.#put(group, complete, 1, this.#after(group, row), row)
    this.#truncate(group, row)
  }

  /** The group has none but one that waits for a first row. */
  clear(group: number): void {
    if (!this.isEmpty(group)) this.#truncate(group, -1)
  }

  /**
   * Writes a queue over a group's rows, and over new ones behind them.
   *
   * @param free the row to begin with, plus 1; 0: a new one
   * @param before the row before it, -1: none
   * @returns the last row
   */
  #put(group: number, queue: RunQueue, complete: number, free: number, before: number): number {
    const { size } = queue
    let [next, last] = [free, before]
    for (let position = 0; position < size; position++) {
      let row = next - 1
      if (next === 0) {
        row = this.#rows.allocate()
        if (row >= this.#next.length) this.#next = arrayFor(this.#next, row + 1)
        this.#next[row] = 0
        if (last < 0) this.#heads[group] = row + 1
        else this.#next[last] = row + 1
      }
      this.#rows.mark(row)
      this.#groups.values[row] = group
      this.#states.values[row] = queue.states[position] as number
      this.#nodes.values[row] = (queue.nodes[position] as number) + 1
      this.#positions.values[row] = position
      this.#complete.values[row] = complete
      last = row
      next = this.#next[row] as number
    }
    return last
  }

  #after(group: number, row: number): number {
    return (row < 0 ? this.#heads[group] : this.#next[row]) as number
  }

  /** Takes away the rows behind one; -1: all. */
  #truncate(group: number, last: number): void {
    let row = this.#after(group, last) - 1
    if (last < 0) this.#heads[group] = 0
    else this.#next[last] = 0
    while (row >= 0) {
      const next = (this.#next[row] as number) - 1
      this.#rows.free(row)
      row = next
    }
  }

  /** @param visit is told the group and the node of each run, in no order */
  forEach(visit: (group: number, node: number, complete: boolean) => void): void {
    for (const row of this.#rows.rows()) {
      const node = (this.#nodes.values[row] as number) - 1
      visit(this.#groups.values[row] as number, node, this.#complete.values[row] === 1)
    }
  }

  snapshot(): StatePage[] {
    return this.#rows.snapshotPages().map((page) => ({ table: 'runs', ...page }))
  }

  restore(pages: readonly StatePage[]): void {
    this.#rows.restorePages(
      pages.filter(({ table }) => table === 'runs'),
      0,
    )
    const positions = this.#positions.values as Int32Array
    const complete = this.#complete.values as Int8Array
    const rows = this.#rows.rows()
    this.#next = arrayFor(this.#next, this.#rows.high)
    // From the last one of each list to its first.
    rows.sort(
      (a, b) =>
        (complete[b] as number) - (complete[a] as number) || (positions[b] as number) - (positions[a] as number),
    )
    for (const row of rows) {
      const group = this.#groups.values[row] as number
      if (group >= this.#heads.length) this.#heads = arrayFor(this.#heads, group + 1)
      this.#next[row] = this.#heads[group] as number
      this.#heads[group] = row + 1
    }
  }
}
