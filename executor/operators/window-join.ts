/**
 * Window join: rows of two append-only inputs that are of the same window and have equal keys
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/window-join/). They are kept until
 * the watermark passes the end of the window, joined key by key and forgotten. Rows of a window that is past are late
 * and dropped.
 */
import { type ChangeBatch, gatherRows } from '../../core/change-batch.ts'
import { invariant, unreachable } from '../../core/errors.ts'
import { BIGINT, type Schema, type SqlType, unitsPerMillisecond } from '../../core/types.ts'
import type { WindowJoinNode } from '../../planner/physical/join-nodes.ts'
import { KeyedTable } from '../../state/table/keyed-table.ts'
import type { FixedStore } from '../../state/table/stored-column.ts'
import { TimedRows } from '../../state/table/timed-rows.ts'
import { CounterPage } from './counter-page.ts'
import { Candidates, NONE } from './join-candidates.ts'
import { compileJoinCondition, type JoinCondition } from './join-condition.ts'
import { JoinedRows, keyColumns, PADDING, type RowSource, rowsWithNullKey } from './joined-rows.ts'
import { MIN_WATERMARK, type Operator, type OperatorContext, type OperatorMetrics, type StatePage } from './operator.ts'
import { rowColumns } from './row-store.ts'
import { readMilliseconds } from './timestamps.ts'
import { WindowEnds } from './window-ends.ts'

const KEYS = 'keys'
/** Pairs after which what has been found is given out. */
const CHUNK = 8192

/** @param inputs schemas of the left and the right input */
export function createWindowJoin(
  node: WindowJoinNode,
  inputs: readonly [Schema, Schema],
  context: OperatorContext,
): Operator {
  return new WindowJoin(node, inputs, context)
}

class WindowJoin implements Operator {
  readonly #node: WindowJoinNode
  readonly #context: OperatorContext
  readonly #open: WindowEnds
  readonly #ends: readonly [WindowEnd, WindowEnd]
  /** By end of the window and key; with whether the key has a NULL, which is equal to nothing. */
  readonly #keys: KeyedTable
  readonly #left: TimedRows
  readonly #right: TimedRows
  readonly #watermark = new CounterPage('watermark', MIN_WATERMARK)
  readonly #condition: JoinCondition | undefined
  readonly #joined = new JoinedRows()
  #times = new Float64Array(0)
  /** Of rows of the batch at hand. */
  #ids = new Int32Array(0)
  #lateRows = 0
  readonly #candidates = new Candidates()
  /** Right rows of a full join that have a partner, and of which it is still to be asked. */
  readonly #found = new Set<number>()

  constructor(node: WindowJoinNode, inputs: readonly [Schema, Schema], context: OperatorContext) {
    const [left, right] = inputs
    this.#node = node
    this.#context = context
    this.#open = new WindowEnds(node.left.timeType, context.timeZone)
    this.#ends = [windowEndOf(left, node.left.end), windowEndOf(right, node.right.end)]
    const keyTypes = node.leftKeys.map((key): SqlType => left.fields[key]?.type ?? { kind: 'NULL', nullable: true })
    this.#keys = new KeyedTable([BIGINT, ...keyTypes], [{ kind: 'bool' }])
    this.#left = new TimedRows(rowColumns(left))
    this.#right = new TimedRows(rowColumns(right))
    this.#condition =
      node.condition === undefined ? undefined : compileJoinCondition(node.condition, left, right, context)
  }

  onBatch(batch: ChangeBatch, input: number): void {
    const punctual = this.#withoutLate(batch, input)
    if (punctual.rows === 0) return
    const times = this.#readEnds(punctual, input)
    const ends = wholeNumbers(times, punctual.rows)
    const own = keyColumns(punctual, input === 0 ? this.#node.leftKeys : this.#node.rightKeys)
    const keys = [{ kind: 'i64', values: ends, nulls: null } as const, ...own]
    const { rowIds: groups, inserted } = this.#keys.lookupOrInsert(keys, punctual.rows)
    this.#addGroups(groups, inserted, times, rowsWithNullKey(own, this.#node.filterNulls, punctual.rows), punctual.rows)
    const side = input === 0 ? this.#left : this.#right
    const ids = this.#reserveIds(punctual.rows)
    for (let row = 0; row < punctual.rows; row++) ids[row] = side.add(groups[row] as number, 0)
    for (const [index, column] of punctual.columns.entries()) side.values[index]?.put(ids, column, null, punctual.rows)
  }

  #readEnds(batch: ChangeBatch, input: number): Float64Array {
    if (this.#times.length < batch.rows) this.#times = new Float64Array(batch.rows)
    const { column, units } = this.#ends[input === 0 ? 0 : 1]
    const ends = batch.columns[column]
    invariant(ends !== undefined, 'a window join has window_end on both sides')
    readMilliseconds(ends, units, batch.rows, 0, this.#times)
    return this.#times
  }

  #withoutLate(batch: ChangeBatch, input: number): ChangeBatch {
    const times = this.#readEnds(batch, input)
    const kept = this.#reserveIds(batch.rows)
    let count = 0
    for (let row = 0; row < batch.rows; row++)
      if (!this.#open.isComplete(times[row] as number, this.#watermark.value)) kept[count++] = row
    if (count === batch.rows) return batch
    this.#lateRows += batch.rows - count
    return gatherRows(batch, kept, count)
  }

  #reserveIds(rows: number): Int32Array {
    if (this.#ids.length < rows) this.#ids = new Int32Array(rows)
    return this.#ids
  }

  #addGroups(
    groups: Int32Array,
    inserted: Uint8Array,
    ends: Float64Array,
    nulls: Uint8Array | null,
    rows: number,
  ): void {
    const isNull = (this.#keys.values[0] as FixedStore).values as Uint8Array
    for (let row = 0; row < rows; row++) {
      if (inserted[row] === 0) continue
      const group = groups[row] as number
      isNull[group] = nulls === null ? 0 : (nulls[row] as number)
      this.#open.add(ends[row] as number, group)
    }
  }

  onWatermark(time: number): void {
    const complete = this.#open.takeComplete(time)
    for (const { end, groups } of complete) this.#fire(end, groups)
    if (complete.length > 0) this.#keys.compact()
    this.#watermark.value = time
    this.#context.output.watermark(time)
  }

  #fire(end: number, groups: readonly number[]): void {
    const isNull = (this.#keys.values[0] as FixedStore).values as Uint8Array
    for (const group of groups) this.#join(group, isNull[group] === 1)
    this.#giveOut()
    for (const group of groups) {
      this.#left.removeAll(group)
      this.#right.removeAll(group)
      this.#keys.remove(group)
    }
    this.#left.settle()
    this.#right.settle()
  }

  /** A key of a window, as Flink: for each row of one side those of the other, RIGHT from the right. */
  #join(group: number, isNull: boolean): void {
    const [outer, inner] = this.#rightFirst ? [this.#right, this.#left] : [this.#left, this.#right]
    for (let row = outer.first(group); row >= 0; row = outer.next(row)) {
      for (let other = isNull ? NONE : inner.first(group); other >= 0; other = inner.next(other)) {
        this.#candidates.add(row, other)
      }
      this.#candidates.add(row, NONE)
      if (this.#candidates.count >= CHUNK) this.#giveOut()
    }
    if (this.#node.joinType !== 'full') return
    for (let row = this.#right.first(group); row >= 0; row = this.#right.next(row)) this.#candidates.add(NONE, row)
  }

  get #rightFirst(): boolean {
    return this.#node.joinType === 'right'
  }

  /** Tests the candidates and hands on what they make. A row and its partners are never in two chunks. */
  #giveOut(): void {
    const { rows, partners, count } = this.#candidates
    const mask = this.#test()
    let pair = 0
    let matched = false
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number
      const partner = partners[i] as number
      if (row === NONE) {
        if (!this.#found.delete(partner)) this.#joined.add(PADDING, partner)
      } else if (partner === NONE) {
        this.#rowDone(row, matched)
        matched = false
      } else {
        if (mask !== null && mask[pair++] === 0) continue
        matched = true
        this.#matched(row, partner)
      }
    }
    this.#candidates.count = 0
    this.#emit()
  }

  #matched(row: number, partner: number): void {
    switch (this.#node.joinType) {
      case 'semi':
      case 'anti':
        return
      case 'right':
        return this.#joined.add(partner, row)
      case 'full':
        this.#found.add(partner)
        return this.#joined.add(row, partner)
      case 'inner':
      case 'left':
        return this.#joined.add(row, partner)
      default:
        return unreachable(this.#node.joinType)
    }
  }

  #rowDone(row: number, matched: boolean): void {
    switch (this.#node.joinType) {
      case 'inner':
        return
      case 'semi':
        return matched ? this.#joined.add(row, PADDING) : undefined
      case 'right':
        return matched ? undefined : this.#joined.add(PADDING, row)
      case 'anti':
      case 'left':
      case 'full':
        return matched ? undefined : this.#joined.add(row, PADDING)
      default:
        return unreachable(this.#node.joinType)
    }
  }

  /** For each pair whether the rest of the condition is TRUE; null: there is none. */
  #test(): Uint8Array | null {
    if (this.#condition === undefined) return null
    const { rows, partners, count } = this.#candidates.pairs()
    const [left, right] = this.#rightFirst ? [partners, rows] : [rows, partners]
    const width = this.#left.values.length
    return this.#condition.test(count, (index) => {
      const column = index < width ? this.#left.values[index] : this.#right.values[index - width]
      invariant(column !== undefined, 'a condition reads columns of its inputs')
      return column.gather(index < width ? left : right, count)
    })
  }

  #emit(): void {
    const { joinType, schema } = this.#node
    const right: RowSource = joinType === 'semi' || joinType === 'anti' ? [] : this.#right.values
    const result = this.#joined.take(schema, this.#left.values, right)
    if (result !== undefined) this.#context.output.batch(result)
  }

  snapshot(): readonly StatePage[] {
    return [
      ...this.#keys.snapshotPages().map((page) => ({ table: KEYS, ...page })),
      ...this.#left.snapshotPages().map((page) => ({ table: 'left', ...page })),
      ...this.#right.snapshotPages().map((page) => ({ table: 'right', ...page })),
      ...this.#watermark.snapshot(),
    ]
  }

  restore(pages: readonly StatePage[]): void {
    this.#watermark.restore(pages)
    this.#keys.restorePages(pages.filter(({ table }) => table === KEYS))
    this.#left.restorePages(pages.filter(({ table }) => table === 'left'))
    this.#right.restorePages(pages.filter(({ table }) => table === 'right'))
    const ends = (this.#keys.keys[0] as FixedStore).values as BigInt64Array
    for (const group of this.#keys.rows()) this.#open.add(Number(ends[group]), group)
  }

  metrics(): OperatorMetrics {
    return {
      stateBytes: this.#keys.bytes + this.#left.bytes + this.#right.bytes,
      stateEntries: this.#left.size + this.#right.size,
      lateRows: this.#lateRows,
    }
  }
}

export interface WindowEnd {
  readonly column: number
  /** Of the column's timestamps in a millisecond. */
  readonly units: number
}

/** As BIGINT. Neighbours are mostly of one window. */
function wholeNumbers(times: Float64Array, rows: number): BigInt64Array<ArrayBuffer> {
  const out = new BigInt64Array(rows)
  let last = Number.NaN
  let value = 0n
  for (let row = 0; row < rows; row++) {
    const time = times[row] as number
    if (time !== last) value = BigInt(time)
    last = time
    out[row] = value
  }
  return out
}

/** Where the rows of an input have the end of their window. */
export function windowEndOf(schema: Schema, column: number): WindowEnd {
  const type = schema.fields[column]?.type
  return { column, units: type?.kind === 'TIMESTAMP' ? Number(unitsPerMillisecond(type.precision)) : 1 }
}
