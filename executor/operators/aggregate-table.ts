/** AggregateTable: groups and their accumulators, for aggregation with and without windows. */
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { isRetraction, keyHashesOf } from '../../core/change-batch.ts'
import { MillraceError, unreachable } from '../../core/errors.ts'
import type { SqlType } from '../../core/types.ts'
import type { AggregateCall } from '../../planner/expression.ts'
import { KeyedTable, type Lookup, LookupScratch } from '../../state/table/keyed-table.ts'
import type { TablePage } from '../../state/table/page.ts'
import { type FixedStore } from '../../state/table/stored-column.ts'
import { type Accumulator, type AccumulatorPlan, planColumnar } from '../functions/aggregate/accumulator.ts'
import { planBoxed } from '../functions/aggregate/boxed-accumulator.ts'
import { type DistinctInput, type DistinctMasks, DistinctValues, MaskPool } from '../functions/aggregate/distinct.ts'
import { planExtremum } from '../functions/aggregate/extremum-accumulator.ts'
import { findImplementation } from '../functions/aggregate/index.ts'
import { FIRST, LAST, SKIP, UPDATE } from '../functions/aggregate/kernel.ts'
import type { LentColumns } from './lent-columns.ts'
import type { StatePage } from './operator.ts'

export interface AggregateTablePlan {
  readonly keyTypes: readonly SqlType[]
  readonly calls: readonly AggregateCall[]
  readonly accumulators: readonly AccumulatorPlan[]
  readonly retracts: boolean
  readonly ttl: number
  /** Whether groups of two tables can be added up. */
  readonly mergeable: boolean
  /** Shared by all tables of the plan. */
  readonly scratch: UpdateScratch
}

class UpdateScratch {
  readonly lookup = new LookupScratch()
  readonly masks = new MaskPool()
  actions = new Uint8Array(0)
  changed = new Uint8Array(0)

  reserve(rows: number): void {
    if (this.changed.length >= rows) return
    this.changed = new Uint8Array(rows)
    this.actions = new Uint8Array(rows)
  }
}

export function planAggregates(
  keyTypes: readonly SqlType[],
  calls: readonly AggregateCall[],
  retracts: boolean,
  ttl = 0,
): AggregateTablePlan {
  const accumulators = calls.map((call) => planAccumulator(call, retracts))
  const mergeable = accumulators.every((plan) => plan.mergeable) && calls.every((call) => !call.distinct)
  return { keyTypes, calls, accumulators, retracts, ttl, mergeable, scratch: new UpdateScratch() }
}

function planAccumulator(call: AggregateCall, retracts: boolean): AccumulatorPlan {
  const implement = findImplementation(call.function)
  if (implement === undefined)
    throw new MillraceError('UNKNOWN_FUNCTION', `function "${call.function}" is no aggregate`)
  const { argumentTypes, type: returnType, offset } = call
  const site = { argumentTypes, returnType, retracts: retracts && call.monotonic !== true }
  const implementation = implement(offset === undefined ? site : { ...site, offset })
  switch (implementation.kind) {
    case 'columnar':
      return planColumnar(call, implementation, retracts)
    case 'extremum':
      return planExtremum(call, implementation.largest)
    case 'boxed':
      return planBoxed(call, implementation)
    default:
      return unreachable(implementation)
  }
}

/** Columns of the group table that hold 1 + the id of a row in another table of the state, and that one's name. */
export function aggregateReferences(
  name: string,
  keys: number,
  calls: readonly AggregateCall[],
  retracts: boolean,
): readonly { readonly column: number; readonly table: string }[] {
  let next = keys + (retracts ? 1 : 0)
  return calls.flatMap((call, n) => {
    const { state, references = [] } = planAccumulator(call, retracts)
    const first = next
    next += state.length
    return references.map((position) => ({ column: first + position, table: valuesName(name, n) }))
  })
}

function valuesName(name: string, call: number): string {
  return `${name}.values${call}`
}

export interface GroupUpdate {
  readonly lookup: Lookup
  /** What each row did to its group; null: no row takes anything back. */
  readonly actions: Uint8Array | null
  readonly changed: Uint8Array
  /** Of each aggregate: result before row i at 2i, after it at 2i + 1. */
  readonly results: readonly Column[]
}

export class AggregateTable {
  readonly table: KeyedTable
  readonly #plan: AggregateTablePlan
  readonly #accumulators: readonly Accumulator[]
  /** By call; those over the same columns share one. */
  readonly #distinct: readonly (SharedDistinct | undefined)[]
  /** Rows of each group, where they can be taken back. */
  readonly #counts: FixedStore | undefined
  #gone: number[] = []
  /** Rows of the last `stateOfRows`. */
  #lastRows = 0

  constructor(plan: AggregateTablePlan) {
    this.#plan = plan
    const counter = plan.retracts ? [{ kind: 'f64' } as const] : []
    const state = plan.accumulators.flatMap((accumulator) => accumulator.state)
    this.table = new KeyedTable(plan.keyTypes, [...counter, ...state], {
      ttl: plan.ttl,
      onRemove: (group) => this.#forget(group),
      scratch: plan.scratch.lookup,
    })
    this.#counts = plan.retracts ? (this.table.values[0] as FixedStore) : undefined
    let next = counter.length
    this.#accumulators = plan.accumulators.map((accumulator) => {
      const columns = this.table.values.slice(next, next + accumulator.state.length)
      next += accumulator.state.length
      return accumulator.create(columns, this.table)
    })
    this.#distinct = shareDistinct(plan)
  }

  get size(): number {
    return this.table.size
  }

  get bytes(): number {
    const beside = [...this.#accumulators, ...this.#distincts()].reduce((sum, part) => sum + (part.bytes ?? 0), 0)
    return this.table.bytes + beside
  }

  /** @param emits whether results before and after each row are wanted */
  update(batch: ChangeBatch, keys: readonly Column[], emits: boolean, now: number): GroupUpdate {
    const { rows, columns, kinds } = batch
    const { scratch } = this.#plan
    scratch.reserve(rows)
    const { changed } = scratch
    changed.fill(0, 0, rows)
    const lookup = this.table.lookupOrInsert(keys, rows, now, keyHashesOf(batch, keys))
    const groups = lookup.rowIds
    const actions = this.#counts === undefined ? null : this.#act(this.#counts, groups, kinds, rows)
    const results = this.#accumulate({ rows, columns, kinds, groups, actions }, emits, changed)
    return { lookup, actions, changed, results }
  }

  #accumulate(input: DistinctInput, emits: boolean, changed: Uint8Array): Column[] {
    const { rows, actions } = input
    const masks = this.#masks(input)
    const results: Column[] = []
    for (const [n, accumulator] of this.#accumulators.entries()) {
      const mask = masks[n] ?? null
      // No row is for this call, none takes its group away, and nobody asks for its results.
      if (mask === 'none' && actions === null && !emits) continue
      const result = accumulator.update({ ...input, mask: mask === 'none' ? noRows(rows) : mask, emits, changed })
      if (result !== null) results.push(result)
    }
    return results
  }

  /**
   * As `lendState`, of groups of one row each, whatever their keys. For a table of a plan that can be merged, which has
   * no other groups; the columns are valid until the next call.
   */
  stateOfRows({ rows, columns, kinds }: ChangeBatch, lent: LentColumns): Column[] {
    const { storage, values } = this.table
    for (const value of values) value.clearAll(firstRows(this.#lastRows), this.#lastRows)
    this.table.compact()
    this.#lastRows = rows
    while (storage.high < rows) storage.allocate()
    const groups = firstRows(rows)
    this.#plan.scratch.reserve(rows)
    this.#accumulate({ rows, columns, kinds, groups, actions: null }, false, this.#plan.scratch.changed)
    return this.lendState(lent, groups, rows)
  }

  #act(counts: FixedStore, groups: Int32Array, kinds: Uint8Array | null, rows: number): Uint8Array {
    const { actions } = this.#plan.scratch
    const values = counts.values as Float64Array
    for (let i = 0; i < rows; i++) {
      const group = groups[i] as number
      const count = values[group] as number
      if (kinds === null || !isRetraction(kinds[i] as number)) {
        actions[i] = count === 0 ? FIRST : UPDATE
        values[group] = count + 1
        continue
      }
      actions[i] = count === 0 ? SKIP : count === 1 ? LAST : UPDATE
      if (count <= 1) this.#gone.push(group)
      if (count > 0) values[group] = count - 1
    }
    return actions
  }

  /**
   * Rows that each call sees: those its filter is TRUE for, and with DISTINCT those that change the set of values;
   * null: all, 'none': none.
   */
  #masks(input: DistinctInput): readonly (Uint8Array | 'none' | null)[] {
    const pool = this.#plan.scratch.masks
    pool.reset()
    const filters = new Map<number, Uint8Array>()
    const filterOf = (filter: number | undefined): Uint8Array | null => {
      if (filter === undefined) return null
      const mask = filters.get(filter) ?? filterMask(input.columns[filter], input.rows, pool)
      filters.set(filter, mask)
      return mask
    }
    const distinct = new Map<SharedDistinct, DistinctMasks>()
    return this.#plan.calls.map((call, n) => {
      const shared = this.#distinct[n]
      if (shared === undefined) return filterOf(call.filter)
      const masks = distinct.get(shared) ?? shared.values.masks(input, shared.filters.map(filterOf), pool)
      distinct.set(shared, masks)
      return masks[shared.filters.indexOf(call.filter)] ?? 'none'
    })
  }

  /** To be called when the results of `update` are no longer looked at: drops groups without rows. */
  settle(): void {
    const counts = this.#counts?.values as Float64Array | undefined
    if (this.#gone.length > 0 && counts !== undefined) {
      for (const group of this.#gone) if (counts[group] === 0) this.table.remove(group)
      this.#gone = []
    }
    for (const accumulator of this.#accumulators) accumulator.settle?.()
    for (const values of this.#distincts()) values.settle()
    this.table.compact()
  }

  #distincts(): Set<DistinctValues> {
    return new Set(this.#distinct.flatMap((shared) => (shared === undefined ? [] : [shared.values])))
  }

  #forget(group: number): void {
    for (const accumulator of this.#accumulators) accumulator.remove?.(group)
    for (const values of this.#distincts()) values.remove(group)
  }

  /** All rows of the group were taken back. */
  isGone(group: number): boolean {
    return this.#counts !== undefined && this.#counts.values[group] === 0
  }

  results(groups: Int32Array, count: number): Column[] {
    return this.#accumulators.map((accumulator) => accumulator.results(groups, count))
  }

  /** As `results`, valid until the next call for any table of the plan. */
  lendResults(groups: Int32Array, count: number): Column[] {
    return this.#accumulators.map(
      (accumulator) => accumulator.lendResults?.(groups, count) ?? accumulator.results(groups, count),
    )
  }

  keyColumns(groups: Int32Array, count: number): Column[] {
    return this.table.keys.map((key) => key.gather(groups, count))
  }

  /** As `keyColumns`, the first of the lent ones. */
  lendKeys(lent: LentColumns, groups: Int32Array, count: number): Column[] {
    return this.table.keys.map((key, index) => lent.gatherStored(index, key, groups, count))
  }

  /** Groups with rows. */
  groups(): Int32Array {
    const rows = this.table.rows()
    const counts = this.#counts?.values
    return counts === undefined ? rows : rows.filter((row) => counts[row] !== 0)
  }

  /** Adds all groups of another table of the same plan, which has to be mergeable. */
  merge(from: AggregateTable): void {
    const sources = from.groups()
    if (sources.length === 0) return
    const { rowIds } = this.table.lookupOrInsert(from.keyColumns(sources, sources.length), sources.length)
    for (const [n, accumulator] of this.#accumulators.entries()) {
      const other = from.#accumulators[n]
      if (other !== undefined) accumulator.merge?.(other, rowIds, sources, sources.length)
    }
    if (this.#counts === undefined || from.#counts === undefined) return
    const counts = this.#counts.values as Float64Array
    for (const [i, source] of sources.entries()) {
      const group = rowIds[i] as number
      counts[group] = (counts[group] as number) + (from.#counts.values[source] as number)
    }
  }

  /** What `addGroups` takes of groups, besides their keys: those of the lent ones behind the keys. */
  lendState(lent: LentColumns, groups: Int32Array, count: number): Column[] {
    const { keys, values } = this.table
    return values.map((value, index) => lent.gatherStored(keys.length + index, value, groups, count))
  }

  /** Adds the first `count` groups of `lendState` of a table of the same plan, which has to be mergeable. */
  addGroups(keys: readonly Column[], state: readonly Column[], count: number): void {
    const { rowIds } = this.table.lookupOrInsert(keys, count)
    let next = 0
    for (const [n, accumulator] of this.#accumulators.entries()) {
      const width = this.#plan.accumulators[n]?.state.length ?? 0
      accumulator.mergeColumns?.(state.slice(next, next + width), rowIds, firstRows(count), count)
      next += width
    }
  }

  /**
   * As a new table, to be used again. @returns false where that cannot be done, or would hold much more memory than
   * its groups took
   */
  reset(): boolean {
    const { storage } = this.table
    if (!this.#plan.mergeable || 4 * storage.size < storage.capacity) return false
    return this.table.reset()
  }

  /** Adds the group of one key, if there is one, to that of another, and removes it. The plan has to be mergeable. */
  mergeGroup(into: readonly Column[], from: readonly Column[]): void {
    const source = this.table.lookup(from, 1)[0] as number
    if (source < 0) return
    const { rowIds } = this.table.lookupOrInsert(into, 1)
    const sources = Int32Array.of(source)
    for (const accumulator of this.#accumulators) accumulator.merge?.(accumulator, rowIds, sources, 1)
    if (this.#counts !== undefined) {
      const counts = this.#counts.values as Float64Array
      const group = rowIds[0] as number
      counts[group] = (counts[group] as number) + (counts[source] as number)
    }
    this.table.remove(source)
  }

  /** @param name under which the table's pages are stored; state beside it gets names that begin with it */
  snapshot(name: string): StatePage[] {
    return this.#parts(name).flatMap(([table, part]) =>
      part.snapshot().map(({ page, bytes }) => ({ table, page, bytes })),
    )
  }

  /** What has to be deleted from the checkpoint when the table is dropped. */
  drop(name: string): StatePage[] {
    return this.#parts(name).flatMap(([table, part]) =>
      part.writtenPages().map((page) => ({ table, page, bytes: null })),
    )
  }

  /**
   * @param pages of this and other tables
   * @param now processing time
   */
  restore(name: string, pages: readonly StatePage[], now: number): void {
    for (const [table, part] of this.#parts(name, now)) {
      const own = pages.filter((page) => page.table === table)
      if (own.length > 0) part.restore(own)
    }
  }

  #parts(name: string, now = 0): (readonly [string, StatePart])[] {
    const { table } = this
    const main: StatePart = {
      snapshot: () => table.snapshotPages(),
      writtenPages: () => table.writtenPages(),
      restore: (pages) => {
        table.restorePages(pages, now)
      },
    }
    const parts: (readonly [string, StatePart])[] = [[name, main]]
    for (const [n, accumulator] of this.#accumulators.entries()) {
      if (accumulator.snapshot === undefined) continue
      parts.push([
        valuesName(name, n),
        {
          snapshot: () => accumulator.snapshot?.() ?? [],
          writtenPages: () => accumulator.writtenPages?.() ?? [],
          restore: (pages) => {
            accumulator.restore?.(pages)
          },
        },
      ])
    }
    for (const [n, shared] of this.#distinct.entries()) {
      if (shared !== undefined && this.#distinct.indexOf(shared) === n)
        parts.push([`${name}.distinct${n}`, shared.values])
    }
    return parts
  }
}

interface StatePart {
  snapshot(): readonly TablePage[]
  writtenPages(): readonly number[]
  restore(pages: readonly TablePage[]): void
}

/** The values of DISTINCT calls over the same columns. */
interface SharedDistinct {
  readonly values: DistinctValues
  /** The filter of each slot: its column, undefined: none. */
  readonly filters: readonly (number | undefined)[]
}

function shareDistinct({ calls, retracts }: AggregateTablePlan): (SharedDistinct | undefined)[] {
  const byColumns = Map.groupBy(
    calls.filter((call) => call.distinct && call.args.length > 0),
    ({ args }) => args.join(),
  )
  const shared = new Map(
    [...byColumns].map(([columns, [first, ...others]]): [string, SharedDistinct | undefined] => {
      if (first === undefined) return [columns, undefined]
      const filters = [...new Set([first, ...others].map((call) => call.filter))]
      return [
        columns,
        { values: new DistinctValues(first.args, first.argumentTypes, filters.length, retracts), filters },
      ]
    }),
  )
  return calls.map((call) => (call.distinct ? shared.get(call.args.join()) : undefined))
}

let ascending = new Int32Array(0)

/** 0, 1, 2 … Shared: nobody changes it. */
function firstRows(count: number): Int32Array {
  if (ascending.length < count) ascending = Int32Array.from({ length: 2 * count }, (_, row) => row)
  return ascending
}

let zeros = new Uint8Array(0)

/** A mask without rows. Shared: nobody changes a mask. */
function noRows(rows: number): Uint8Array {
  if (zeros.length < rows) zeros = new Uint8Array(2 * rows)
  return zeros
}

/** Without NULLs the column is its own mask. */
function filterMask(column: Column | undefined, rows: number, pool: MaskPool): Uint8Array {
  if (column === undefined || column.kind !== 'bool') return noRows(rows)
  const { values, nulls } = column
  if (nulls === null) return values
  const mask = pool.take(rows)
  for (let i = 0; i < rows; i++) mask[i] = (values[i] as number) & ((nulls[i] as number) ^ 1)
  return mask
}
