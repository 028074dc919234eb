/**
 * GroupedValues: the values of each group, each once with a count or other state: what DISTINCT, and MIN and MAX over input that takes
 * rows back, have to remember. A table keyed by group and value; the entries of a group are chained, in memory only, from
 * the first time that somebody asks for them: where groups stay for ever nobody does.
 */
import type { Column } from '../../../core/column.ts'
import { INT, type SqlType } from '../../../core/types.ts'
import { KeyedTable, type Lookup, LookupScratch, type ValueColumn } from '../../../state/table/keyed-table.ts'
import type { TablePage } from '../../../state/table/page.ts'
import type { FixedStore, StoredColumn } from '../../../state/table/stored-column.ts'
import { arrayFor } from '../../../state/table/memory.ts'

/** Every window has tables of its own, but only one table is looked up at a time. */
const SCRATCH = new LookupScratch()

export class GroupedValues {
  readonly table: KeyedTable
  /** Entry + 1, 0 at the end. */
  #heads: Int32Array = new Int32Array(64)
  #next: Int32Array = new Int32Array(64)
  #previous: Int32Array = new Int32Array(64)
  #isLinked = false

  /** @param state columns of each entry; by default how often it is there */
  constructor(types: readonly SqlType[], state: readonly ValueColumn[] = [{ kind: 'f64' }]) {
    this.table = new KeyedTable([INT, ...types], state, {
      onRemove: (entry) => {
        if (this.#isLinked) this.#unlink(entry)
      },
      scratch: SCRATCH,
    })
  }

  /** How often each entry is there; replaced when the table grows. */
  get counts(): Float64Array {
    return (this.table.values[0] as FixedStore).values as Float64Array
  }

  /** A column of the entries' state; its arrays are replaced when the table grows. */
  state(index: number): StoredColumn {
    return this.table.values[index] as StoredColumn
  }

  value(index: number): StoredColumn {
    return this.table.keys[index + 1] as StoredColumn
  }

  lookupOrInsert(groups: Int32Array, values: readonly Column[], count: number): Lookup {
    const found = this.table.lookupOrInsert([{ kind: 'i32', values: groups, nulls: null }, ...values], count)
    if (found.insertedCount > 0 && this.#isLinked) {
      for (let i = 0; i < count; i++)
        if (found.inserted[i] === 1) this.#link(found.rowIds[i] as number, groups[i] as number)
    }
    return found
  }

  /** First entry of the group + 1; 0: it has none. */
  first(group: number): number {
    if (!this.#isLinked) this.#linkAll()
    return this.#heads[group] ?? 0
  }

  /** The entry behind one, + 1. */
  after(entry: number): number {
    return this.#next[entry] ?? 0
  }

  remove(entry: number): void {
    this.table.remove(entry)
  }

  removeGroup(group: number): void {
    for (let at = this.first(group); at !== 0; ) {
      const next = this.after(at - 1)
      this.table.remove(at - 1)
      at = next
    }
  }

  #linkAll(): void {
    this.#isLinked = true
    for (const entry of this.table.rows()) this.#link(entry, this.#group(entry))
  }

  #link(entry: number, group: number): void {
    if (group >= this.#heads.length) this.#heads = arrayFor(this.#heads, group + 1)
    if (entry >= this.#next.length) {
      this.#next = arrayFor(this.#next, entry + 1)
      this.#previous = arrayFor(this.#previous, entry + 1)
    }
    const head = this.#heads[group] as number
    this.#next[entry] = head
    this.#previous[entry] = 0
    if (head !== 0) this.#previous[head - 1] = entry + 1
    this.#heads[group] = entry + 1
  }

  #unlink(entry: number): void {
    const next = this.#next[entry] as number
    const previous = this.#previous[entry] as number
    if (next !== 0) this.#previous[next - 1] = previous
    if (previous !== 0) this.#next[previous - 1] = next
    else this.#heads[this.#group(entry)] = next
  }

  #group(entry: number): number {
    return (this.table.keys[0] as FixedStore).values[entry] as number
  }

  restore(pages: readonly TablePage[]): void {
    this.table.restorePages(pages)
  }
}
