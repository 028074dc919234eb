/** Tables that come and go with windows: one that has gone serves again, so that the next one need not grow. */
import { AggregateTable, type AggregateTablePlan } from './aggregate-table.ts'

/** Tables that are kept. */
const MOST = 2

export class SpareTables {
  readonly #plan: AggregateTablePlan
  readonly #spare: AggregateTable[] = []

  constructor(plan: AggregateTablePlan) {
    this.#plan = plan
  }

  /** An empty table. */
  take(): AggregateTable {
    return this.#spare.pop() ?? new AggregateTable(this.#plan)
  }

  /** @param table that nobody uses any more */
  giveBack(table: AggregateTable): void {
    if (this.#spare.length < MOST && table.reset()) this.#spare.push(table)
  }
}
