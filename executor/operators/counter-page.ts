/** A single number as state: the watermark of an operator, a count of rows. */
import { dataView } from '../../core/byte-copy.ts'
import { readPage } from '../../state/table/page-bytes.ts'
import { isEveryPage } from '../../state/table/page-output.ts'
import type { StatePage } from './operator.ts'

export class CounterPage {
  readonly #table: string
  #value: number
  #dirty = false

  constructor(table: string, initial = 0) {
    this.#table = table
    this.#value = initial
  }

  get value(): number {
    return this.#value
  }

  set value(value: number) {
    if (value === this.#value) return
    this.#value = value
    this.#dirty = true
  }

  snapshot(): StatePage[] {
    if (!this.#dirty && !isEveryPage()) return []
    this.#dirty = false
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setFloat64(0, this.#value, true)
    return [{ table: this.#table, page: 0, bytes }]
  }

  restore(pages: readonly StatePage[]): void {
    const page = pages.find(({ table }) => table === this.#table)
    if (page === undefined || page.bytes === null) return
    this.#value = dataView(readPage(page.bytes)).getFloat64(0, true)
  }
}
