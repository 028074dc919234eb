/** MIN and MAX over input that takes rows back. State in the group table: the entry of the current value, + 1. */
import type { Column } from '../../../core/column.ts'
import { isRetraction } from '../../../core/change-batch.ts'
import { columnOf } from '../../../core/column-builder.ts'
import { invariant } from '../../../core/errors.ts'
import { type SqlType, withNullability } from '../../../core/types.ts'
import type { AggregateCall } from '../../../planner/expression.ts'
import type { TablePage } from '../../../state/table/page.ts'
import { BytesStore } from '../../../state/table/bytes-store.ts'
import { type FixedStore, NullStore, type StoredColumn } from '../../../state/table/stored-column.ts'
import type { Accumulator, AccumulatorPlan, UpdateInput } from './accumulator.ts'
import { pick, selectRows } from './distinct.ts'
import { GroupedValues } from './grouped-values.ts'
import { LAST, SKIP } from './kernel.ts'
import { SUPPORT } from './support.ts'

export function planExtremum(call: AggregateCall, largest: boolean): AccumulatorPlan {
  return {
    state: [{ kind: 'i32' }],
    references: [0],
    mergeable: false,
    create: ([best]) => {
      invariant(best !== undefined, 'an extremum has one state column')
      return new ExtremumAccumulator(call, largest, best as FixedStore)
    },
  }
}

class ExtremumAccumulator implements Accumulator {
  readonly #argument: number
  readonly #type: SqlType
  readonly #sign: number
  readonly #best: FixedStore
  readonly #values: GroupedValues
  #gone: number[] = []

  constructor(call: AggregateCall, largest: boolean, best: FixedStore) {
    this.#argument = call.args[0] ?? 0
    this.#type = withNullability(call.argumentTypes[0] ?? { kind: 'NULL', nullable: true }, true)
    this.#sign = largest ? -1 : 1
    this.#best = best
    this.#values = new GroupedValues([this.#type])
  }

  get bytes(): number {
    return this.#values.table.bytes
  }

  update(input: UpdateInput): Column | null {
    const { rows, groups, kinds, actions, changed, emits } = input
    const argument = input.columns[this.#argument] ?? { kind: 'null', nulls: null }
    const selected = selectRows(input, argument.nulls)
    const count = selected?.length ?? rows
    const ofGroup = selected === null ? groups : Int32Array.from(selected, (row) => groups[row] as number)
    const { rowIds } = this.#values.lookupOrInsert(ofGroup, [pick(argument, selected, count)], count)
    const best = this.#best.values as Int32Array
    const wide = new Int32Array(emits ? 2 * rows : 0)
    let at = 0
    for (let i = 0; i < rows; i++) {
      if (actions !== null && actions[i] === SKIP) continue
      const group = groups[i] as number
      const before = best[group] as number
      if (emits) wide[2 * i] = before
      if (at < count && (selected === null || selected[at] === i)) {
        this.#step(group, rowIds[at++] as number, kinds !== null && isRetraction(kinds[i] as number), best)
      }
      if (actions !== null && actions[i] === LAST) best[group] = 0
      if (!emits) continue
      wide[2 * i + 1] = best[group] as number
      if (wide[2 * i + 1] !== before) changed[i] = 1
    }
    return emits ? this.#gather(wide, wide.length) : null
  }

  #step(group: number, entry: number, retracts: boolean, best: Int32Array): void {
    const { counts } = this.#values
    const current = best[group] as number
    const count = (counts[entry] as number) + (retracts ? -1 : 1)
    counts[entry] = count
    if (count === 0) this.#gone.push(entry)
    if (count > 0) {
      if (current === 0 || this.#compare(entry, current - 1) < 0) best[group] = entry + 1
    } else if (current === entry + 1) best[group] = this.#scan(group)
  }

  #scan(group: number): number {
    const { counts } = this.#values
    let found = 0
    for (let at = this.#values.first(group); at !== 0; at = this.#values.after(at - 1)) {
      if ((counts[at - 1] as number) <= 0) continue
      if (found === 0 || this.#compare(at - 1, found - 1) < 0) found = at
    }
    return found
  }

  #compare(a: number, b: number): number {
    return this.#sign * compareStored(this.#values.value(0), a, b)
  }

  results(groups: Int32Array, count: number): Column {
    const best = this.#best.values as Int32Array
    const entries = new Int32Array(count)
    for (let i = 0; i < count; i++) entries[i] = best[groups[i] as number] as number
    return this.#gather(entries, count)
  }

  /** @param entries + 1; 0 is NULL */
  #gather(entries: Int32Array, count: number): Column {
    const rows = new Int32Array(count)
    let nulls: Uint8Array | null = null
    for (let i = 0; i < count; i++) {
      const entry = entries[i] as number
      rows[i] = Math.max(0, entry - 1)
      if (entry !== 0) continue
      nulls ??= new Uint8Array(count)
      nulls[i] = 1
    }
    if (this.#values.table.high === 0)
      return columnOf(
        this.#type,
        Array.from(rows, () => null),
      )
    const column = this.#values.value(0).gather(rows, count)
    return column.kind === 'null' ? column : { ...column, nulls }
  }

  remove(group: number): void {
    this.#values.removeGroup(group)
  }

  settle(): void {
    for (const entry of this.#gone) if (this.#values.counts[entry] === 0) this.#values.remove(entry)
    if (this.#gone.length > 0) this.#gone = []
    this.#values.table.compact()
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

function compareStored(column: StoredColumn, a: number, b: number): number {
  if (column instanceof NullStore) return 0
  if (column instanceof BytesStore) {
    const { starts, lengths, data } = column
    return SUPPORT.compareBytes(
      data,
      starts[a] as number,
      lengths[a] as number,
      data,
      starts[b] as number,
      lengths[b] as number,
    )
  }
  if (column.kind === 'i128') return SUPPORT.compare128(column.words, 4 * a, column.words, 4 * b)
  const x = column.values[a] as number
  const y = column.values[b] as number
  return x < y ? -1 : x > y ? 1 : 0
}
