/** Rows waiting to be sent. With a primary key only the last change of each key is kept. */
import { type ChangeBatch, copyBatch, isRetraction, kindAt } from '../../core/change-batch.ts'
import type { RowRef, SinkStatements, Statement } from './statements.ts'

/** Rows of one statement. */
const MAX_ROWS = 5000

export class SinkBuffer {
  readonly #statements: SinkStatements
  readonly #isKeyed: boolean
  #appended: RowRef[] = []
  #changes = new Map<string, RowRef & { readonly isDelete: boolean }>()

  constructor(statements: SinkStatements, isKeyed: boolean) {
    this.#statements = statements
    this.#isKeyed = isKeyed
  }

  get size(): number {
    return this.#isKeyed ? this.#changes.size : this.#appended.length
  }

  add(lent: ChangeBatch): void {
    const batch = copyBatch(lent)
    for (let row = 0; row < batch.rows; row++) {
      if (this.#isKeyed) {
        // A +U behind a -U takes its place; without one the row is gone.
        const isDelete = isRetraction(kindAt(batch, row))
        this.#changes.set(this.#statements.keyOf({ batch, row }), { batch, row, isDelete })
      } else {
        this.#appended.push({ batch, row })
      }
    }
  }

  /** Everything, as statements that do not touch each other's rows. The buffer is empty afterwards. */
  take(): Statement[] {
    const inserts: RowRef[] = this.#appended
    const deletes: RowRef[] = []
    for (const change of this.#changes.values()) (change.isDelete ? deletes : inserts).push(change)
    this.#appended = []
    this.#changes = new Map()
    return [
      ...chunks(deletes).map((rows) => this.#statements.delete(rows)),
      ...chunks(inserts).map((rows) => this.#statements.insert(rows)),
    ]
  }
}

function chunks(rows: readonly RowRef[]): RowRef[][] {
  return Array.from({ length: Math.ceil(rows.length / MAX_ROWS) }, (_, index) =>
    rows.slice(index * MAX_ROWS, (index + 1) * MAX_ROWS),
  )
}
