/**
 * Distinct values of groups, once for all the DISTINCT calls over the same columns, as Flink shares them: each different
 * FILTER has a slot. Where nothing is taken back an entry needs only a bit for each slot, else a count. Finds the rows
 * that are the first with their value for a slot of their group, or that take the last one back.
 */
import type { Column } from '../../../core/column.ts'
import { gatherColumn } from '../../../core/column-ops.ts'
import { isRetraction } from '../../../core/change-batch.ts'
import type { SqlType } from '../../../core/types.ts'
import type { ValueColumn } from '../../../state/table/keyed-table.ts'
import type { TablePage } from '../../../state/table/page.ts'
import type { FixedStore } from '../../../state/table/stored-column.ts'
import type { UpdateInput } from './accumulator.ts'
import { GroupedValues } from './grouped-values.ts'
import { SKIP } from './kernel.ts'

/** What the slots of a batch are found from: all rows of the batch, without the mask of one call. */
export type DistinctInput = Omit<UpdateInput, 'changed' | 'emits' | 'mask'>

/** A mask for each slot: 1 for the rows that an aggregate over the slot has to see; null: there are none. */
export type DistinctMasks = readonly (Uint8Array | null)[]

const SLOTS_OF_A_WORD = 32

/** Masks of one batch, in memory that the next batch has again. */
export class MaskPool {
  readonly #masks: Uint8Array[] = []
  #taken = 0

  /** Gives back all that were taken. */
  reset(): void {
    this.#taken = 0
  }

  /** @returns a mask of at least so many rows, with anything in it */
  take(rows: number): Uint8Array {
    const at = this.#taken++
    const known = this.#masks[at]
    if (known !== undefined && known.length >= rows) return known
    const made = new Uint8Array(rows)
    this.#masks[at] = made
    return made
  }
}

/** Of the batch at hand: which slots have each row, then which of these are new to its entry. */
let slotsOfRows = new Int32Array(0)

function stateOf(slots: number, retracts: boolean): readonly ValueColumn[] {
  if (retracts) return Array.from({ length: slots }, () => ({ kind: 'f64' }) as const)
  return Array.from({ length: Math.ceil(slots / SLOTS_OF_A_WORD) }, () => ({ kind: 'i32' }) as const)
}

export class DistinctValues {
  readonly #args: readonly number[]
  readonly #slots: number
  readonly #retracts: boolean
  readonly #values: GroupedValues
  #gone: number[] = []

  /** @param slots number of different filters, "none" being one */
  constructor(args: readonly number[], types: readonly SqlType[], slots: number, retracts: boolean) {
    this.#args = args
    this.#slots = slots
    this.#retracts = retracts
    this.#values = new GroupedValues(types, stateOf(slots, retracts))
  }

  get bytes(): number {
    return this.#values.table.bytes
  }

  /**
   * @param filters of each slot: 1 for rows that its filter is TRUE for, null: all
   * @param pool where the masks are taken from
   */
  masks(input: DistinctInput, filters: readonly (Uint8Array | null)[], pool: MaskPool): DistinctMasks {
    const { groups } = input
    const selected = selectRows({ ...input, mask: anyOf(filters, input.rows) })
    const count = selected?.length ?? input.rows
    const args = this.#args.map((index) => pick(input.columns[index], selected, count))
    const ofGroup = selected === null ? groups : Int32Array.from(selected, (row) => groups[row] as number)
    const { rowIds } = this.#values.lookupOrInsert(ofGroup, args, count)
    if (this.#retracts) return filters.map((filter, slot) => this.#count(input, slot, filter, rowIds, selected, pool))
    const masks: (Uint8Array | null)[] = []
    for (let word = 0; word * SLOTS_OF_A_WORD < this.#slots; word++) {
      const bits = (this.#values.state(word) as FixedStore).values as Int32Array
      const own = filters.slice(word * SLOTS_OF_A_WORD, (word + 1) * SLOTS_OF_A_WORD)
      const wanted = slotBits(own, selected, count)
      const all = setBits(bits, rowIds, wanted, count)
      for (let slot = 0; slot < own.length; slot++)
        masks.push(((all >>> slot) & 1) === 0 ? null : maskOf(wanted, slot, selected, count, pool.take(input.rows)))
    }
    return masks
  }

  #count(
    { rows, kinds }: DistinctInput,
    slot: number,
    filter: Uint8Array | null,
    entries: Int32Array,
    selected: Int32Array | null,
    pool: MaskPool,
  ): Uint8Array {
    const counts = (this.#values.state(slot) as FixedStore).values as Float64Array
    const mask = pool.take(rows).fill(0, 0, rows)
    const count = selected?.length ?? rows
    for (let i = 0; i < count; i++) {
      const row = selected === null ? i : (selected[i] as number)
      if (filter !== null && filter[row] === 0) continue
      const entry = entries[i] as number
      const before = counts[entry] as number
      const retracts = kinds !== null && isRetraction(kinds[row] as number)
      const after = before + (retracts ? -1 : 1)
      counts[entry] = after
      mask[row] = before === (retracts ? 1 : 0) ? 1 : 0
      if (after === 0) this.#gone.push(entry)
    }
    return mask
  }

  settle(): void {
    for (const entry of this.#gone) if (this.#isEmpty(entry)) this.#values.remove(entry)
    if (this.#gone.length > 0) this.#gone = []
    this.#values.table.compact()
  }

  #isEmpty(entry: number): boolean {
    for (let slot = 0; slot < this.#slots; slot++) {
      if (((this.#values.state(slot) as FixedStore).values[entry] as number) !== 0) return false
    }
    return true
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

/** Rows that one of the masks has; null: all. */
function anyOf(masks: readonly (Uint8Array | null)[], rows: number): Uint8Array | null {
  const [first, ...others] = masks
  if (first === undefined || first === null || others.length === 0) return first ?? null
  if (others.includes(null)) return null
  const any = first.slice(0, rows)
  for (const mask of others)
    if (mask !== null) for (let i = 0; i < rows; i++) any[i] = (any[i] as number) | (mask[i] as number)
  return any
}

/** By position: a bit for each slot whose filter has the row; valid until the next call. */
function slotBits(filters: readonly (Uint8Array | null)[], selected: Int32Array | null, count: number): Int32Array {
  let always = 0
  for (const [slot, filter] of filters.entries()) if (filter === null) always |= 1 << slot
  if (slotsOfRows.length < count) slotsOfRows = new Int32Array(count)
  const bits = slotsOfRows.fill(always, 0, count)
  for (const [slot, filter] of filters.entries()) {
    if (filter === null) continue
    for (let i = 0; i < count; i++) {
      const row = selected === null ? i : (selected[i] as number)
      bits[i] = (bits[i] as number) | ((filter[row] as number) << slot)
    }
  }
  return bits
}

/** Adds the wanted bits to those of the entries, and leaves those that were not there. @returns all of these */
function setBits(bits: Int32Array, entries: Int32Array, wanted: Int32Array, count: number): number {
  let all = 0
  for (let i = 0; i < count; i++) {
    const entry = entries[i] as number
    const before = bits[entry] as number
    const added = (wanted[i] as number) & ~before
    bits[entry] = before | added
    wanted[i] = added
    all |= added
  }
  return all
}

/** Fills in the rows that have the slot's bit. @param mask at least as long as the batch */
function maskOf(
  bits: Int32Array,
  slot: number,
  selected: Int32Array | null,
  count: number,
  mask: Uint8Array,
): Uint8Array {
  if (selected === null) {
    for (let i = 0; i < count; i++) mask[i] = ((bits[i] as number) >>> slot) & 1
    return mask
  }
  mask.fill(0)
  for (let i = 0; i < count; i++) mask[selected[i] as number] = ((bits[i] as number) >>> slot) & 1
  return mask
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
