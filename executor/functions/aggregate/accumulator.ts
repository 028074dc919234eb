/** Accumulators: aggregate calls at work over the groups of a table. */
import type { Column, NullMask } from '../../../core/column.ts'
import { physicalKind, type SqlType } from '../../../core/types.ts'
import type { AggregateCall } from '../../../planner/expression.ts'
import type { KeyedTable, ValueColumn } from '../../../state/table/keyed-table.ts'
import type { TablePage } from '../../../state/table/page.ts'
import { BytesStore } from '../../../state/table/bytes-store.ts'
import { fixedArray, type StoredColumn } from '../../../state/table/stored-column.ts'
import type { ColumnarAggregate } from './aggregate-function.ts'
import {
  type MergeKernel,
  type MergeSource,
  mergeKernel,
  type ResultArrays,
  type ResultKernel,
  resultKernel,
  type UpdateKernel,
  updateKernel,
} from './kernel.ts'

export interface UpdateInput {
  readonly rows: number
  /** All columns of the batch. */
  readonly columns: readonly Column[]
  readonly kinds: Uint8Array | null
  /** The group of each row. */
  readonly groups: Int32Array
  /** What each row does to its group (`SKIP` …); null: no row takes anything back. */
  readonly actions: Uint8Array | null
  /** 1 for rows that count, null: all. */
  readonly mask: Uint8Array | null
  /** Whether results before and after each row are wanted. */
  readonly emits: boolean
  /** Set to 1 where `emits` and a result has changed. */
  readonly changed: Uint8Array
}

export interface Accumulator {
  /**
   * @returns with `emits` a column with the result before row i at 2i and the one after it at 2i + 1, valid until the
   *   next call
   */
  update(input: UpdateInput): Column | null
  results(groups: Int32Array, count: number): Column
  /** As `results`, valid until the next call for any table of the plan. Absent: there is only the other. */
  lendResults?(groups: Int32Array, count: number): Column
  /** Adds groups of an accumulator of the same call over another table. Absent: that cannot be done. */
  merge?(from: Accumulator, groups: Int32Array, fromGroups: Int32Array, count: number): void
  /** As `merge`, of groups given by the columns of their state (`AccumulatorPlan.state`). */
  mergeColumns?(state: readonly Column[], groups: Int32Array, fromRows: Int32Array, count: number): void
  /** The group goes: state outside of the group table has to go too. */
  remove?(group: number): void
  /** End of a batch. */
  settle?(): void
  /** State outside of the group table. */
  snapshot?(): readonly TablePage[]
  writtenPages?(): readonly number[]
  restore?(pages: readonly TablePage[]): void
  readonly bytes?: number
}

/** What a call needs in the group table, and how to start it there. */
export interface AccumulatorPlan {
  readonly state: readonly ValueColumn[]
  /** Positions among these of columns that hold 1 + the id of a row of the state outside of the group table. */
  readonly references?: readonly number[]
  readonly mergeable: boolean
  /** @param columns its columns of the group table */
  create(columns: readonly StoredColumn[], table: KeyedTable): Accumulator
}

/** All of whose state is in its columns. */
export interface ColumnarPlan extends AccumulatorPlan {
  create(columns: readonly StoredColumn[]): Accumulator
}

export function planColumnar(call: AggregateCall, aggregate: ColumnarAggregate, retracts: boolean): ColumnarPlan {
  const kernels = new Kernels(call, aggregate, retracts)
  return {
    state: aggregate.state.map((kind) => ({ kind })),
    mergeable: true,
    create: (columns) => new ColumnarAccumulator(call, aggregate, kernels, columns),
  }
}

/** The loops of a call, shared by all tables: windows have a table for each slice. */
class Kernels {
  readonly results: ResultKernel
  readonly merge: MergeKernel
  /** What results are lent in. */
  lent: { readonly length: number; readonly arrays: ResultArrays } | undefined
  readonly #call: AggregateCall
  readonly #aggregate: ColumnarAggregate
  readonly #retracts: boolean
  /** By which arguments have NULLs, whether there is a mask, and whether results are wanted. */
  readonly #updates: (UpdateKernel | undefined)[] = []

  constructor(call: AggregateCall, aggregate: ColumnarAggregate, retracts: boolean) {
    this.#call = call
    this.#aggregate = aggregate
    this.#retracts = retracts
    this.results = resultKernel(aggregate, physicalKind(call.type))
    this.merge = mergeKernel(aggregate)
  }

  update(args: readonly Column[], masked: boolean, emits: boolean): UpdateKernel {
    let variant = (masked ? 1 : 0) + (emits ? 2 : 0)
    for (const [n, arg] of args.entries()) if (arg.nulls !== null) variant += 4 << n
    const known = this.#updates[variant]
    if (known !== undefined) return known
    const made = updateKernel(this.#aggregate, {
      argumentKinds: args.map((arg) => arg.kind),
      argumentNulls: args.map((arg) => arg.nulls !== null),
      resultKind: physicalKind(this.#call.type),
      masked,
      retracts: this.#retracts,
      emits,
    })
    this.#updates[variant] = made
    return made
  }
}

class ColumnarAccumulator implements Accumulator {
  readonly #call: AggregateCall
  readonly #aggregate: ColumnarAggregate
  readonly #kernels: Kernels
  readonly #state: readonly StoredColumn[]
  /** What `update` answers in. */
  #emitted: { readonly length: number; readonly arrays: ResultArrays } | undefined

  constructor(call: AggregateCall, aggregate: ColumnarAggregate, kernels: Kernels, state: readonly StoredColumn[]) {
    this.#call = call
    this.#aggregate = aggregate
    this.#kernels = kernels
    this.#state = state
  }

  update(input: UpdateInput): Column | null {
    const args = this.#call.args.map((index): Column => input.columns[index] ?? { kind: 'null', nulls: null })
    // Every row of a NULL column is NULL, and nothing is aggregated.
    const masked = args.some((arg) => arg.kind === 'null') ? new Uint8Array(input.rows) : input.mask
    const kernel = this.#kernels.update(args, masked !== null, input.emits)
    const out = input.emits ? this.#emittedArrays(2 * input.rows) : null
    const { rows, groups, actions, kinds, changed } = input
    kernel(rows, groups, args, masked, actions, kinds, this.#state, out, changed)
    return out === null ? null : this.#column(out)
  }

  results(groups: Int32Array, count: number): Column {
    const out = this.#arrays(count)
    this.#kernels.results(count, groups, this.#state, out)
    return this.#column(out)
  }

  lendResults(groups: Int32Array, count: number): Column {
    const kernels = this.#kernels
    if (kernels.lent === undefined || kernels.lent.length < count)
      kernels.lent = { length: count, arrays: this.#arrays(count) }
    kernels.results(count, groups, this.#state, kernels.lent.arrays)
    return this.#column(kernels.lent.arrays)
  }

  merge(from: Accumulator, groups: Int32Array, fromGroups: Int32Array, count: number): void {
    if (from instanceof ColumnarAccumulator) this.#kernels.merge(count, groups, fromGroups, this.#state, from.#state)
  }

  mergeColumns(state: readonly Column[], groups: Int32Array, fromRows: Int32Array, count: number): void {
    this.#kernels.merge(count, groups, fromRows, this.#state, state.map(mergeSource))
  }

  #emittedArrays(length: number): ResultArrays {
    if (this.#emitted === undefined || this.#emitted.length < length) {
      this.#emitted = { length, arrays: this.#arrays(length) }
    }
    this.#emitted.arrays.nulls?.fill(0)
    return this.#emitted.arrays
  }

  #arrays(length: number): ResultArrays {
    return resultArrays(this.#call.type, length, this.#aggregate.result.isNull !== undefined)
  }

  #column(out: ResultArrays): Column {
    return resultColumn(this.#call.type, out, this.#bytesColumn())
  }

  #bytesColumn(): BytesStore | undefined {
    const { value } = this.#aggregate.result
    const column = typeof value === 'number' ? this.#state[value] : undefined
    return column instanceof BytesStore ? column : undefined
  }
}

/** Merging loops know the words of wide values by their name. */
function mergeSource(column: Column): MergeSource {
  if (column.kind !== 'i128') return column
  const { values } = column
  return { values, words: new Int32Array(values.buffer, values.byteOffset, 2 * values.length) }
}

function resultArrays(type: SqlType, length: number, nullable: boolean): ResultArrays {
  const nulls = nullable ? new Uint8Array(length) : null
  const kind = physicalKind(type)
  if (kind === 'bytes') {
    return { values: null, words: null, starts: new Int32Array(length), lengths: new Int32Array(length), nulls }
  }
  if (kind === 'null' || kind === 'list' || kind === 'map' || kind === 'row') {
    return { values: new Uint8Array(length), words: null, starts: null, lengths: null, nulls }
  }
  const values = fixedArray(kind, length)
  return { values, words: kind === 'i128' ? new Int32Array(values.buffer) : null, starts: null, lengths: null, nulls }
}

function resultColumn(type: SqlType, out: ResultArrays, bytes: BytesStore | undefined): Column {
  const kind = physicalKind(type)
  const nulls = anyNull(out.nulls)
  if (kind === 'bytes' && out.starts !== null && out.lengths !== null) {
    return { kind, starts: out.starts, lengths: out.lengths, data: bytes?.data ?? new Uint8Array(0), nulls }
  }
  if (kind === 'null') return { kind, nulls: null }
  return { kind, values: out.values, nulls } as unknown as Column
}

function anyNull(nulls: NullMask): NullMask {
  return nulls === null || !nulls.includes(1) ? null : nulls
}
