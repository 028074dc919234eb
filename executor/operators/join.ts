/**
 * Regular join of two changelogs (Flink's StreamingJoinOperator and StreamingSemiAntiJoinOperator). Both sides are
 * remembered; every row is joined with what the other side has by then. An inner join hands on the row kinds of its
 * input. Rows of an outer side count their partners: with the first one the row padded with NULLs is deleted, with
 * the last one it is inserted again. A semi join has the left rows with partners, an anti join those without.
 *
 * As in Flink a row that is taken back is taken back from its partners whether it is known or not, and a row with a
 * NULL in a key that is compared by `=` has no partners; it need not be remembered.
 */
import { type ChangeBatch, createBatch, DELETE, INSERT, isRetraction } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { invariant } from '../../core/errors.ts'
import type { Schema } from '../../core/types.ts'
import { leftMayMiss, rightMayMiss } from '../../planner/logical/join.ts'
import type { JoinNode } from '../../planner/physical/join-nodes.ts'
import { batchColumn, compilePairFilter, type PairFilter, type Pairs, repeat, stateColumn } from './join-pairs.ts'
import { JoinState, type StateUpdate } from './join-state.ts'
import { LentColumns } from './lent-columns.ts'
import type { Operator, OperatorContext, OperatorMetrics, StatePage } from './operator.ts'

/** Pairs of rows that are joined at a time. */
const PAIRS = 4096

/** @param inputs schemas of the left and the right input */
export function createJoin(node: JoinNode, inputs: readonly [Schema, Schema], context: OperatorContext): Operator {
  return new Join(node, inputs, context)
}

interface Side {
  readonly name: 'left' | 'right'
  readonly schema: Schema
  readonly keys: readonly number[]
  readonly state: JoinState
  /** Whether its rows come out without a partner too (or, semi and anti, are what comes out). */
  readonly outer: boolean
  readonly expires: boolean
}

class Join implements Operator {
  readonly #node: JoinNode
  readonly #context: OperatorContext
  readonly #left: Side
  readonly #right: Side
  readonly #filter: PairFilter | undefined
  readonly #leftOnly: boolean
  readonly #rows: JoinedRows
  readonly #lent = new LentColumns()
  #ownRows = new Int32Array(0)

  constructor(node: JoinNode, [left, right]: readonly [Schema, Schema], context: OperatorContext) {
    this.#node = node
    this.#context = context
    this.#leftOnly = node.joinType === 'semi' || node.joinType === 'anti'
    const side = (name: 'left' | 'right', schema: Schema, outer: boolean): Side => {
      const { keys, stateTtl } = node[name]
      return { name, schema, keys, outer, expires: stateTtl > 0, state: new JoinState(node[name], schema, outer) }
    }
    this.#left = side('left', left, this.#leftOnly || rightMayMiss(node.joinType))
    this.#right = side('right', right, leftMayMiss(node.joinType))
    const { clock, timeZone } = context
    this.#filter =
      node.condition === undefined ? undefined : compilePairFilter(node.condition, left, right, { clock, timeZone })
    this.#rows = new JoinedRows()
  }

  onBatch(batch: ChangeBatch, input: number): void {
    const [own, other] = input === 0 ? [this.#left, this.#right] : [this.#right, this.#left]
    const now = own.expires || other.expires ? this.#context.clock.now() : 0
    const keys = own.keys.map((key): Column => {
      const column = batch.columns[key]
      invariant(column !== undefined, 'a key is a column of the input')
      return column
    })
    const positions = this.#comparable(keys, batch.rows)
    const update = own.state.update(batch, keys, positions, now)
    const groups = other.state.lookup(keys, batch.rows, positions, now)
    const matched = own.outer ? new Int32Array(batch.rows) : undefined
    for (let start = 0; start < batch.rows; ) {
      const found = other.state.rows.pairs(groups, start, batch.rows, PAIRS)
      const pairs = this.#matching(batch, other, found)
      if (matched !== undefined) for (let i = 0; i < pairs.count; i++) addOne(matched, pairs.positions[i] as number)
      this.#join({ batch, own, other, pairs, update, now, start, end: found.end })
      start = found.end
    }
    if (matched !== undefined) settleAssociations(own.state, update, matched, batch.rows)
    own.state.settle()
  }

  /** The rows that can have partners; null: all of them. */
  #comparable(keys: readonly Column[], rows: number): Int32Array | null {
    const { filterNulls } = this.#node
    if (keys.every(({ nulls, kind }, index) => filterNulls[index] !== true || (nulls === null && kind !== 'null'))) {
      return null
    }
    const positions = new Int32Array(rows)
    let count = 0
    for (let i = 0; i < rows; i++) {
      const missing = keys.some(
        ({ nulls, kind }, index) =>
          filterNulls[index] === true && (kind === 'null' || (nulls !== null && nulls[i] === 1)),
      )
      if (!missing) positions[count++] = i
    }
    return count === rows ? null : positions.slice(0, count)
  }

  #matching(batch: ChangeBatch, other: Side, found: Pairs): Pairs {
    const kept = this.#filter === undefined ? found : this.#filter(batch, other.state, other === this.#right, found)
    const { counts } = other.state
    return counts === null ? kept : repeat(kept, counts)
  }

  #join(step: Step): void {
    if (!step.own.outer && !step.other.outer) return this.#joinInner(step)
    const rows = this.#rows
    rows.clear()
    if (!this.#leftOnly) joinOuter(step, rows)
    else if (step.own.outer) semiLeft(step, rows, this.#node.joinType === 'anti')
    else semiRight(step, rows, this.#node.joinType === 'anti')
    if (rows.count > 0) this.#emit(step, rows)
  }

  #joinInner({ batch, own, other, pairs, update }: Step): void {
    const { positions, rows, count } = pairs
    if (count === 0) return
    const columns: Column[] = []
    let ownRows: Int32Array | undefined
    for (const side of [this.#left, this.#right]) {
      for (let index = 0; index < side.schema.fields.length; index++) {
        const place = columns.length
        const column = batch.columns[index]
        if (side !== own) columns.push(this.#lent.gatherStored(place, other.state.column(index), rows, count))
        else if (column !== undefined && own.state.hasCopied(index, column)) {
          ownRows ??= this.#rowsAt(update, positions, count)
          columns.push(this.#lent.gatherStored(place, own.state.column(index), ownRows, count))
        } else columns.push(this.#lent.gather(place, column as Column, positions, count))
      }
    }
    const kinds = batch.kinds === null ? null : gatherKinds(batch.kinds, positions, count)
    this.#context.output.batch(createBatch(this.#node.schema, columns, count, kinds))
  }

  #rowsAt({ rows }: StateUpdate, positions: Int32Array, count: number): Int32Array {
    if (this.#ownRows.length < count) this.#ownRows = new Int32Array(Math.max(PAIRS, count))
    const out = this.#ownRows
    for (let i = 0; i < count; i++) out[i] = rows[positions[i] as number] as number
    return out
  }

  #emit({ batch, own }: Step, rows: JoinedRows): void {
    const { count, kinds } = rows
    const columnsOf = (side: Side): Column[] =>
      side.schema.fields.map(({ type }, index) =>
        side === own
          ? batchColumn(batch.columns[index] as Column, type, rows.own, count, rows.ownMissing)
          : stateColumn(side.state.column(index), type, rows.other, count, rows.otherMissing),
      )
    const columns = this.#leftOnly ? columnsOf(this.#left) : [...columnsOf(this.#left), ...columnsOf(this.#right)]
    const all = kinds.subarray(0, count)
    this.#context.output.batch(
      createBatch(
        this.#node.schema,
        columns,
        count,
        all.some((kind) => kind !== INSERT) ? kinds.slice(0, count) : null,
      ),
    )
  }

  onWatermark(time: number): void {
    this.#context.output.watermark(time)
  }

  onProcessingTime(now: number): void {
    if (this.#left.expires) this.#left.state.sweep(now)
    if (this.#right.expires) this.#right.state.sweep(now)
  }

  snapshot(): readonly StatePage[] {
    return [this.#left, this.#right].flatMap(({ state, name }) => state.snapshot(name))
  }

  restore(pages: readonly StatePage[]): void {
    const now = this.#context.clock.now()
    for (const { state, name } of [this.#left, this.#right]) state.restore(name, pages, now)
  }

  metrics(): OperatorMetrics {
    const [left, right] = [this.#left.state.rows, this.#right.state.rows]
    return { stateBytes: left.bytes + right.bytes, stateEntries: left.size + right.size, lateRows: 0 }
  }
}

/** Rows `start … end)` of a batch with their partners. */
interface Step {
  readonly batch: ChangeBatch
  readonly own: Side
  readonly other: Side
  readonly pairs: Pairs
  readonly update: StateUpdate
  readonly now: number
  readonly start: number
  readonly end: number
}

/** Rows of the result: of the batch and of the other side's state, -1 where a side is missing. */
class JoinedRows {
  own = new Int32Array(PAIRS)
  other = new Int32Array(PAIRS)
  kinds = new Uint8Array(PAIRS)
  count = 0
  ownMissing = false
  otherMissing = false

  clear(): void {
    this.count = 0
    this.ownMissing = false
    this.otherMissing = false
  }

  add(kind: number, own: number, other: number): void {
    if (this.count === this.own.length) this.#grow()
    if (own < 0) this.ownMissing = true
    if (other < 0) this.otherMissing = true
    this.own[this.count] = own
    this.other[this.count] = other
    this.kinds[this.count++] = kind
  }

  #grow(): void {
    const length = 2 * this.own.length
    const [own, other, kinds] = [new Int32Array(length), new Int32Array(length), new Uint8Array(length)]
    own.set(this.own)
    other.set(this.other)
    kinds.set(this.kinds)
    this.own = own
    this.other = other
    this.kinds = kinds
  }
}

function joinOuter({ batch, own, other, pairs, update, now, start, end }: Step, out: JoinedRows): void {
  const { positions, rows, count } = pairs
  let p = 0
  for (let i = start; i < end; i++) {
    const kind = batch.kinds === null ? INSERT : (batch.kinds[i] as number)
    const retracts = isRetraction(kind)
    if (p === count || positions[p] !== i) {
      if (own.outer) out.add(retracts ? DELETE : INSERT, i, -1)
      continue
    }
    const joined = retracts ? (own.outer ? DELETE : kind) : own.outer || other.outer ? INSERT : kind
    const replaces = update.replaced !== null && update.replaced[i] === 1
    while (p < count && positions[p] === i) {
      const row = rows[p] as number
      let times = 0
      for (; p < count && positions[p] === i && rows[p] === row; p++) times++
      const before = other.outer ? (other.state.associations[row] as number) : -1
      for (; times > 0; times--) {
        if (before === 0 && !retracts) out.add(DELETE, -1, row)
        out.add(joined, i, row)
        if (before === 1 && retracts) out.add(INSERT, -1, row)
      }
      if (other.outer) associate(other.state, row, before, retracts, replaces, now)
    }
  }
}

/** A row of the left side comes out where it has a partner (semi), or where it has none (anti). */
function semiLeft({ batch, pairs, start, end }: Step, out: JoinedRows, anti: boolean): void {
  let p = 0
  for (let i = start; i < end; i++) {
    const has = p < pairs.count && pairs.positions[p] === i
    while (p < pairs.count && pairs.positions[p] === i) p++
    if (has !== anti) out.add(batch.kinds === null ? INSERT : (batch.kinds[i] as number), i, -1)
  }
}

/** A row of the right side lets left rows come or go whose first or last partner it is. */
function semiRight({ batch, other, pairs, update, now }: Step, out: JoinedRows, anti: boolean): void {
  const { positions, rows, count } = pairs
  for (let p = 0; p < count; ) {
    const i = positions[p] as number
    const row = rows[p] as number
    let times = 0
    for (; p < count && positions[p] === i && rows[p] === row; p++) times++
    const kind = batch.kinds === null ? INSERT : (batch.kinds[i] as number)
    const retracts = isRetraction(kind)
    const before = other.state.associations[row] as number
    const changes = before === (retracts ? 1 : 0)
    const emitted = !anti ? kind : retracts ? INSERT : DELETE
    for (; changes && times > 0; times--) out.add(emitted, -1, row)
    associate(other.state, row, before, retracts, update.replaced !== null && update.replaced[i] === 1, now)
  }
}

/** A row that takes the place of another one with its key is no further partner, unless that one is not known. */
function associate(
  state: JoinState,
  row: number,
  before: number,
  retracts: boolean,
  replaces: boolean,
  now: number,
): void {
  if (!retracts && replaces && before !== 0) return
  state.associations[row] = before + (retracts ? -1 : 1)
  state.rows.touch(row, now)
}

/** The rows that the batch has added know how many partners they have. */
function settleAssociations(state: JoinState, { rows }: StateUpdate, matched: Int32Array, count: number): void {
  const { associations } = state
  for (let i = 0; i < count; i++) if ((rows[i] as number) >= 0) associations[rows[i] as number] = matched[i] as number
}

function addOne(counts: Int32Array, position: number): void {
  counts[position] = (counts[position] as number) + 1
}

function gatherKinds(kinds: Uint8Array, positions: Int32Array, count: number): Uint8Array {
  const out = new Uint8Array(count)
  for (let i = 0; i < count; i++) out[i] = kinds[positions[i] as number] as number
  return out
}
