/** Finds the rows that are the first with their value in their group, or that take the last one back. */
import type { Column } from '../../../core/column.ts'
import { gatherColumn } from '../../../core/column-ops.ts'
import { isRetraction } from '../../../core/change-batch.ts'
import type { SqlType } from '../../../core/types.ts'
import type { TablePage } from '../../../state/table/page.ts'
import type { UpdateInput } from './accumulator.ts'
import { GroupedValues } from './grouped-values.ts'
import { SKIP } from './kernel.ts'

export class DistinctValues {
  readonly #args: readonly number[]
  readonly #values: GroupedValues
  #gone: number[] = []

  constructor(args: readonly number[], types: readonly SqlType[]) {
    this.#args = args
    this.#values = new GroupedValues(types)
  }

  get bytes(): number {
    return this.#values.table.bytes
  }

  /** @returns 1 for the rows that an aggregate over distinct values has to see */
  mask(input: Omit<UpdateInput, 'changed' | 'emits'>): Uint8Array {
    const { rows, groups, kinds } = input
    const out = new Uint8Array(rows)
    const selected = selectRows(input)
    const count = selected?.length ?? rows
    const args = this.#args.map((index) => pick(input.columns[index], selected, count))
    const ofGroup = selected === null ? groups : Int32Array.from(selected, (row) => groups[row] as number)
    const { rowIds } = this.#values.lookupOrInsert(ofGroup, args, count)
    const { counts } = this.#values
    for (let i = 0; i < count; i++) {
      const row = selected === null ? i : (selected[i] as number)
      const entry = rowIds[i] as number
      const before = counts[entry] as number
      const retracts = kinds !== null && isRetraction(kinds[row] as number)
      counts[entry] = before + (retracts ? -1 : 1)
      out[row] = before === (retracts ? 1 : 0) ? 1 : 0
      if (retracts && before === 1) this.#gone.push(entry)
    }
    return out
  }

  settle(): void {
    for (const entry of this.#gone) if (this.#values.counts[entry] === 0) this.#values.remove(entry)
    if (this.#gone.length > 0) this.#gone = []
    this.#values.table.compact()
  }

  remove(group: number): void {
    this.#values.removeGroup(group)
  }

  snapshot(): readonly TablePage[] {
    return this.#values.table.snapshotPages()
  }

  writtenPages(): readonly number[] {
    return this.#values.table.writtenPages()
  }

  restore(pages: readonly TablePage[]): void {
    this.#values.restore(pages)
  }
}

/** Rows that count: their mask is set and their group is there; null: all. */
export function selectRows(
  input: Omit<UpdateInput, 'changed' | 'emits'>,
  nulls: Uint8Array | null = null,
): Int32Array | null {
  const { rows, mask, actions } = input
  if (mask === null && actions === null && nulls === null) return null
  const selected = new Int32Array(rows)
  let count = 0
  for (let i = 0; i < rows; i++) {
    if (mask !== null && mask[i] === 0) continue
    if (actions !== null && actions[i] === SKIP) continue
    if (nulls !== null && nulls[i] === 1) continue
    selected[count++] = i
  }
  return count === rows ? null : selected.subarray(0, count)
}

export function pick(column: Column | undefined, selected: Int32Array | null, count: number): Column {
  if (column === undefined) return { kind: 'null', nulls: null }
  return selected === null ? column : gatherColumn(column, selected, count)
}
