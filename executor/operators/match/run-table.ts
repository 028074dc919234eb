/** Runs of the keys as they are in checkpoints: written for keys that have changed, in the order of their queues. */
import { RowTable } from '../../../state/table/row-table.ts'
import { FixedStore } from '../../../state/table/stored-column.ts'
import type { StatePage } from '../operator.ts'
import type { KeyRuns } from './pattern-matcher.ts'
import { RunQueue } from './run-queue.ts'

export class RunTable {
  readonly #groups = new FixedStore('i32')
  readonly #states = new FixedStore('i32')
  /** The node plus 1; 0: the run waits for a first row. */
  readonly #nodes = new FixedStore('i32')
  readonly #positions = new FixedStore('i32')
  /** 1: the match is complete. */
  readonly #complete = new FixedStore('i8')
  readonly #rows = new RowTable([this.#groups, this.#states, this.#nodes, this.#positions, this.#complete], 0)
  /** By group. */
  #stored: (number[] | undefined)[] = []

  /** @param runs undefined: none */
  replace(group: number, runs: KeyRuns | undefined): void {
    for (const row of this.#stored[group] ?? []) this.#rows.free(row)
    this.#stored[group] =
      runs === undefined ? undefined : [...this.#put(group, runs.partial, 0), ...this.#put(group, runs.complete, 1)]
  }

  #put(group: number, queue: RunQueue, complete: number): number[] {
    return queue.nodes.map((node, position) => {
      const row = this.#rows.allocate()
      this.#rows.mark(row)
      this.#groups.values[row] = group
      this.#states.values[row] = queue.states[position] as number
      this.#nodes.values[row] = node + 1
      this.#positions.values[row] = position
      this.#complete.values[row] = complete
      return row
    })
  }

  snapshot(): StatePage[] {
    return this.#rows.snapshotPages().map((page) => ({ table: 'runs', ...page }))
  }

  /** @param startOf where a run began in the order of the rows, by its node (-1: not yet) */
  restore(pages: readonly StatePage[], startOf: (node: number) => number): ReadonlyMap<number, KeyRuns> {
    this.#rows.restorePages(
      pages.filter(({ table }) => table === 'runs'),
      0,
    )
    const found = new Map<number, KeyRuns>()
    const positions = this.#positions.values as Int32Array
    for (const row of this.#rows.rows().sort((a, b) => (positions[a] as number) - (positions[b] as number))) {
      const group = this.#groups.values[row] as number
      const node = (this.#nodes.values[row] as number) - 1
      const runs = found.get(group) ?? { partial: new RunQueue(), complete: new RunQueue() }
      found.set(group, runs)
      const queue = this.#complete.values[row] === 1 ? runs.complete : runs.partial
      queue.append(this.#states.values[row] as number, node, startOf(node))
      const stored = this.#stored[group] ?? []
      this.#stored[group] = stored
      stored.push(row)
    }
    return found
  }
}
