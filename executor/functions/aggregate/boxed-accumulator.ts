/** Aggregates whose accumulator is a JavaScript object per group; what has changed is encoded when a snapshot is taken. */
import type { Column, Value } from '../../../core/column.ts'
import { isRetraction } from '../../../core/change-batch.ts'
import { columnOf } from '../../../core/column-builder.ts'
import { readValue } from '../../../core/column-ops.ts'
import { INT, type SqlType } from '../../../core/types.ts'
import type { AggregateCall } from '../../../planner/expression.ts'
import { KeyedTable } from '../../../state/table/keyed-table.ts'
import type { TablePage } from '../../../state/table/page.ts'
import type { BytesStore } from '../../../state/table/bytes-store.ts'
import { decodeValue, encodeValue } from '../../../state/table/value-codec.ts'
import type { Accumulator, AccumulatorPlan, UpdateInput } from './accumulator.ts'
import type { BoxedAggregate } from './aggregate-function.ts'
import { LAST, SKIP } from './kernel.ts'

export function planBoxed(call: AggregateCall, aggregate: BoxedAggregate): AccumulatorPlan {
  return { state: [], mergeable: false, create: () => new BoxedAccumulator(call, aggregate) }
}

class BoxedAccumulator implements Accumulator {
  readonly #call: AggregateCall
  readonly #aggregate: BoxedAggregate
  readonly #states = new Map<number, unknown>()
  readonly #dirty = new Set<number>()
  /** Encoded states by group, as of the last snapshot. */
  readonly #stored = new KeyedTable([INT], [{ kind: 'bytes' }])

  constructor(call: AggregateCall, aggregate: BoxedAggregate) {
    this.#call = call
    this.#aggregate = aggregate
  }

  get bytes(): number {
    return this.#stored.bytes
  }

  update(input: UpdateInput): Column | null {
    const { rows, groups, kinds, actions, mask, changed, emits } = input
    const wide: Value[] = emits ? Array.from({ length: 2 * rows }, () => null) : []
    for (let i = 0; i < rows; i++) {
      if (actions !== null && actions[i] === SKIP) continue
      const group = groups[i] as number
      const state = this.#state(group)
      if (emits) wide[2 * i] = this.#aggregate.result(state)
      if (mask === null || mask[i] === 1)
        this.#step(state, input, i, kinds !== null && isRetraction(kinds[i] as number))
      this.#dirty.add(group)
      if (actions !== null && actions[i] === LAST) this.#states.delete(group)
      if (!emits) continue
      wide[2 * i + 1] = this.#aggregate.result(this.#state(group))
      if (!sameValue(wide[2 * i] ?? null, wide[2 * i + 1] ?? null, this.#call.type)) changed[i] = 1
    }
    return emits ? columnOf(this.#call.type, wide) : null
  }

  #state(group: number): unknown {
    const known = this.#states.get(group)
    if (known !== undefined) return known
    const made = this.#aggregate.create()
    this.#states.set(group, made)
    return made
  }

  #step(state: unknown, input: UpdateInput, row: number, retracts: boolean): void {
    const args = this.#call.args.map((index, n) => {
      const column = input.columns[index]
      const type = this.#call.argumentTypes[n]
      return column === undefined || type === undefined ? null : readValue(column, type, row)
    })
    if (retracts) this.#aggregate.retract(state, args)
    else this.#aggregate.accumulate(state, args)
  }

  results(groups: Int32Array, count: number): Column {
    const values = Array.from({ length: count }, (_, i) => this.#aggregate.result(this.#state(groups[i] as number)))
    return columnOf(this.#call.type, values)
  }

  remove(group: number): void {
    if (this.#states.delete(group)) this.#dirty.add(group)
  }

  snapshot(): readonly TablePage[] {
    const groups = Int32Array.from(this.#dirty)
    this.#dirty.clear()
    const { rowIds } = this.#stored.lookupOrInsert([{ kind: 'i32', values: groups, nulls: null }], groups.length)
    const column = this.#stored.values[0] as BytesStore
    const rows = rowIds.slice(0, groups.length)
    for (const [i, group] of groups.entries()) {
      const state = this.#states.get(group)
      const row = rows[i] as number
      if (state === undefined) {
        this.#stored.remove(row)
        continue
      }
      const bytes = encodeValue(this.#aggregate.toValue(state), this.#aggregate.stateType)
      column.set(row, bytes, 0, bytes.length)
    }
    this.#stored.compact()
    return this.#stored.snapshotPages()
  }

  writtenPages(): readonly number[] {
    return this.#stored.writtenPages()
  }

  restore(pages: readonly TablePage[]): void {
    this.#stored.restorePages(pages)
    const column = this.#stored.values[0] as BytesStore
    const rows = this.#stored.rows()
    const groups = this.#stored.keys[0]?.gather(rows, rows.length)
    for (const [i, row] of rows.entries()) {
      const group = groups === undefined ? null : readValue(groups, INT, i)
      const start = column.starts[row] as number
      const bytes = column.data.subarray(start, start + (column.lengths[row] as number))
      this.#states.set(Number(group), this.#aggregate.fromValue(decodeValue(bytes, this.#aggregate.stateType)))
    }
  }
}

function sameValue(a: Value, b: Value, type: SqlType): boolean {
  if (a === b) return true
  return Buffer.compare(encodeValue(a, type), encodeValue(b, type)) === 0
}
