/**
 * MATCH_RECOGNIZE. By event time rows wait until the watermark has passed them, and are then looked at in their order;
 * later ones are late. By processing time they are looked at as they come, or with the next tick where an order within
 * the same time is wanted. As Flink's CepOperator: of a watermark the keys come in the order in which something is due
 * for them, a row or the end of a run that takes too long.
 */
import { type ChangeBatch, createBatch } from '../../../core/change-batch.ts'
import type { Column } from '../../../core/column.ts'
import { invariant, MillraceError } from '../../../core/errors.ts'
import { type Schema, type SqlType, unitsPerMillisecond } from '../../../core/types.ts'
import type { MatchNode } from '../../../planner/physical/graph.ts'
import { matchedColumns } from '../../../planner/logical/match.ts'
import type { MatchSpec } from '../../../planner/physical/match-spec.ts'
import { KeyedTable } from '../../../state/table/keyed-table.ts'
import { compileScalar } from '../../codegen/calc.ts'
import { CounterPage } from '../counter-page.ts'
import {
  MIN_WATERMARK,
  type Operator,
  type OperatorContext,
  type OperatorMetrics,
  type StatePage,
} from '../operator.ts'
import { readMilliseconds } from '../timestamps.ts'
import { compileMatchExpression, type KeptColumns, type MatchContexts, rowCondition } from './match-expression.ts'
import { DueKeys, type EndsOfRuns } from './due-keys.ts'
import { ExpiryQueue } from './expiry-queue.ts'
import { PatternMatcher } from './pattern-matcher.ts'
import { RowChains } from './row-chains.ts'
import { rowComparator } from './row-order.ts'
import { compileRowTest } from './row-test.ts'
import { createRunAggregates } from './run-aggregate.ts'
import { RunTable } from './run-table.ts'
import { WaitingRows } from './waiting-rows.ts'
import { arrayFor } from '../../../state/table/memory.ts'

/** Matches that are evaluated together at most. */
const MATCHES = 1024
const FALSE = 0
const TRUE = 1
/** The condition of the row failed: it is evaluated again when it matters. */
const UNKNOWN = 2
/** DEFINE knows no times of matches. */
const NO_TIMES = new Float64Array(0)

type Evaluator = (contexts: MatchContexts) => Column

export function createMatch(node: MatchNode, input: Schema, context: OperatorContext): Operator {
  return new MatchOperator(node, input, context)
}

class MatchOperator implements Operator {
  readonly #node: MatchNode
  readonly #spec: MatchSpec
  readonly #context: OperatorContext
  readonly #kept: KeptColumns
  readonly #chains: RowChains
  readonly #groups: KeyedTable
  readonly #runs: RunTable
  /** By group: rows that wait. */
  #waitingOf = new Int32Array(16)
  readonly #waiting: WaitingRows
  readonly #due = new DueKeys()
  readonly #expiry = new ExpiryQueue()
  readonly #matcher: PatternMatcher
  readonly #measures: readonly Evaluator[]
  readonly #conditions: readonly (Evaluator | undefined)[]
  /** By variable: position among the flags of rows, and how they are computed. */
  readonly #flags: readonly ({ readonly at: number; readonly evaluate: (batch: ChangeBatch) => Column } | undefined)[]
  readonly #compare: ((a: number, b: number) => number) | undefined
  readonly #units: number
  readonly #watermark = new CounterPage('watermark', MIN_WATERMARK)
  readonly #late = new CounterPage('late')
  /** Matches to be given out. */
  #groupsFound: number[] = []
  #nodesFound: number[] = []
  #timesFound: number[] = []
  #group = -1
  #time = 0
  #times = new Float64Array(0)

  constructor(node: MatchNode, input: Schema, context: OperatorContext) {
    const { match } = node
    this.#node = node
    this.#spec = match
    this.#context = context
    const columns = matchedColumns(match)
    const types = columns.map((column) => fieldType(input, column))
    const rowConditions = match.variables.map(({ condition }, variable) =>
      condition === undefined ? undefined : rowCondition(variable, condition),
    )
    this.#chains = new RowChains(types, rowConditions.filter((condition) => condition !== undefined).length)
    this.#groups = new KeyedTable(
      match.partitionKeys.map((key) => fieldType(input, key)),
      [],
    )
    this.#runs = new RunTable()
    const positions = new Map(columns.map((column, index) => [column, index]))
    this.#kept = { chains: this.#chains, input, positions }
    let flag = 0
    this.#flags = rowConditions.map((condition) =>
      condition === undefined ? undefined : { at: flag++, evaluate: compileScalar(condition, context) },
    )
    const aggregates = createRunAggregates(match, this.#kept)
    const site = { kept: this.#kept, aggregates, environment: context }
    this.#conditions = match.variables.map(({ condition }, variable) =>
      condition === undefined ? undefined : compileMatchExpression(condition, { ...site, variable }),
    )
    const rowTests = match.variables.map(({ condition }, variable) =>
      condition === undefined ? undefined : compileRowTest(variable, condition, this.#kept, aggregates, context),
    )
    this.#measures = match.measures.map(({ expression }) =>
      compileMatchExpression(expression, { ...site, variable: undefined }),
    )
    this.#waiting = new WaitingRows(() => this.#chains.times.values as Float64Array)
    this.#compare = rowComparator(match.orderBy, this.#kept)
    const time = fieldType(input, match.timeColumn)
    this.#units = 'precision' in time ? Number(unitsPerMillisecond(time.precision)) : 1
    this.#matcher = new PatternMatcher({
      variables: match.variables,
      after: match.after,
      within: match.within,
      chains: this.#chains,
      table: this.#runs,
      rowTests,
      testRow: (variable, row) => this.#testRow(variable, row),
      test: (variable, nodes, row) => this.#test(variable, nodes, row),
      emit: (last) => {
        this.#found(last)
      },
    })
  }

  // --- rows

  onBatch(batch: ChangeBatch): void {
    if (this.#spec.time === 'proctime') {
      const now = this.#context.clock.now()
      const stored = this.#store(batch, null, batch.rows, now)
      // Unless they have to be put into an order, rows are looked at as they come.
      if (this.#compare === undefined) this.#takeNow(stored, now)
      else this.#waiting.add(stored, batch.rows)
      return
    }
    this.#readTimes(batch)
    const rows = new Int32Array(batch.rows)
    let count = 0
    const watermark = this.#watermark.value
    for (let row = 0; row < batch.rows; row++) if ((this.#times[row] as number) > watermark) rows[count++] = row
    if (count < batch.rows) this.#late.value += batch.rows - count
    if (count > 0) this.#waiting.add(this.#store(batch, count < batch.rows ? rows : null, count, this.#times), count)
  }

  #takeNow(rows: Int32Array, now: number): void {
    const { within } = this.#spec
    const groups = rows.map((row) => this.#chains.groupOf(row))
    this.#matcher.bind()
    this.#time = now
    for (let index = 0; index < rows.length; index++) {
      const group = groups[index] as number
      this.#group = group
      this.#matcher.begin(group)
      this.#matcher.advance(now)
      if (this.#take(rows[index] as number) && within !== undefined) this.#expiry.add(now, group)
      this.#matcher.end(group)
      if (this.#nodesFound.length >= MATCHES) this.#flush(now)
    }
    this.#flush(now)
    this.#settle(groups, rows.length)
  }

  #readTimes(batch: ChangeBatch): void {
    if (this.#times.length < batch.rows) this.#times = new Float64Array(batch.rows)
    const column = batch.columns[this.#spec.timeColumn]
    invariant(column !== undefined, 'a match has a time attribute')
    readMilliseconds(column, this.#units, batch.rows, Number.NaN, this.#times)
    for (let row = 0; row < batch.rows; row++) {
      if (!Number.isNaN(this.#times[row])) continue
      throw new MillraceError('NOT_NULL_VIOLATION', 'the time attribute of MATCH_RECOGNIZE is NULL', {
        hint: 'Filter the rows out with IS NOT NULL, or replace NULL in a computed column.',
      })
    }
  }

  /**
   * @param from rows of the batch that are kept; null: all
   * @param times by row of the batch, or that of all
   */
  #store(batch: ChangeBatch, from: Int32Array | null, count: number, times: Float64Array | number): Int32Array {
    const chains = this.#chains
    const keys = this.#spec.partitionKeys.map((key) => batch.columns[key] ?? ({ kind: 'null', nulls: null } as const))
    const groups = this.#groups.intern(keys, batch.rows).rowIds
    const stored = chains.addRows(groups, times, from, count)
    this.#storeFlags(batch, stored, from, count)
    for (const [column, index] of this.#kept.positions) {
      const source = batch.columns[column]
      if (source !== undefined) chains.columns[index]?.put(stored, source, from, count)
    }
    this.#waitingOf = arrayFor(this.#waitingOf, this.#groups.storage.high)
    const waiting = this.#waitingOf
    for (let i = 0; i < count; i++) {
      const group = groups[from === null ? i : (from[i] as number)] as number
      waiting[group] = (waiting[group] as number) + 1
    }
    // Keys of late rows that have no others.
    if (from !== null) this.#dropIdle(groups, batch.rows)
    return stored
  }

  #storeFlags(batch: ChangeBatch, stored: Int32Array, from: Int32Array | null, count: number): void {
    for (const flag of this.#flags) {
      if (flag === undefined) continue
      const column = this.#chains.flags[flag.at]?.values
      invariant(column !== undefined, 'a condition of the row alone has its flags')
      const flags = evaluateFlags(flag.evaluate, batch)
      for (let i = 0; i < count; i++) {
        const at = from === null ? i : (from[i] as number)
        column[stored[i] as number] = flags === undefined ? UNKNOWN : (flags[at] as number)
      }
    }
  }

  // --- time

  onWatermark(time: number): void {
    if (this.#spec.time === 'rowtime') {
      this.#watermark.value = time
      this.#advance(time, this.#context.clock.now())
    }
    this.#context.output.watermark(time)
  }

  onProcessingTime(now: number): void {
    if (this.#spec.time !== 'proctime') return
    this.#advance(now, now)
  }

  end(): void {
    if (this.#spec.time === 'proctime') this.onProcessingTime(this.#context.clock.now())
  }

  /** Everything that is due by a time, key by key. */
  #advance(time: number, now: number): void {
    const { within } = this.#spec
    const ends = within === undefined ? undefined : this.#endsOfRuns(time, within)
    this.#due.arrange(this.#waiting.take(time), this.#chains, this.#groups.storage.high, ends)
    const { count, groups } = this.#due
    if (count === 0) return
    this.#matcher.bind()
    for (let key = 0; key < count; key++) {
      this.#process(key, time)
      if (this.#nodesFound.length >= MATCHES) this.#flush(now)
    }
    if (within !== undefined) this.#expectEnds()
    this.#flush(now)
    this.#settle(groups, count)
  }

  #endsOfRuns(time: number, within: number): EndsOfRuns {
    const queue = this.#expiry
    const chains = this.#chains
    return {
      next: () => (queue.first + within <= time ? queue.first + within : Number.POSITIVE_INFINITY),
      take: () => {
        const began = queue.first
        const group = queue.shift()
        const isThere = this.#runs.some(group, (node) => chains.timeOf(chains.firstRow(node)) === began)
        return isThere ? group : -1
      },
    }
  }

  /** Of the runs that have begun with rows that were due. */
  #expectEnds(): void {
    const chains = this.#chains
    const { rows, began } = this.#due
    for (let at = 0; at < rows.length; at++) {
      const row = rows[at] as number
      if (began[at] !== 1 || !chains.rows.has(row)) continue
      this.#expiry.add(chains.timeOf(row), chains.groupOf(row))
    }
  }

  #process(key: number, until: number): void {
    const group = this.#due.groups[key] as number
    this.#group = group
    this.#matcher.begin(group)
    if (this.#compare === undefined) this.#takeInTurn(key)
    else this.#takeInOrder(key, this.#compare)
    if (this.#spec.within !== undefined) {
      this.#time = until
      this.#matcher.advance(until)
    }
    this.#matcher.end(group)
  }

  #takeInTurn(key: number): void {
    const due = this.#due
    let last = Number.NaN
    for (let at = due.first(key); at >= 0; at = due.next(at)) last = this.#takeAt(at, last)
  }

  #takeInOrder(key: number, compare: (a: number, b: number) => number): void {
    const due = this.#due
    const times = this.#chains.times.values
    const places: number[] = []
    for (let at = due.first(key); at >= 0; at = due.next(at)) places.push(at)
    places.sort((a, b) => {
      const [left, right] = [due.rows[a] as number, due.rows[b] as number]
      return (times[left] as number) - (times[right] as number) || compare(left, right)
    })
    let last = Number.NaN
    for (const at of places) last = this.#takeAt(at, last)
  }

  /**
   * Looks at a row that is due.
   *
   * @param last time of the row before it
   * @returns its time
   */
  #takeAt(at: number, last: number): number {
    const row = this.#due.rows[at] as number
    const time = this.#chains.timeOf(row)
    this.#time = time
    if (time !== last) this.#matcher.advance(time)
    if (this.#take(row)) this.#due.began[at] = 1
    return time
  }

  /** @returns whether a run began with the row */
  #take(row: number): boolean {
    const chains = this.#chains
    chains.begin(row)
    const began = this.#matcher.process(row)
    chains.releaseRow(row)
    this.#waitingOf[this.#group] = (this.#waitingOf[this.#group] as number) - 1
    return began
  }

  #testRow(variable: number, row: number): boolean | undefined {
    if (this.#conditions[variable] === undefined) return true
    const flag = this.#flags[variable]
    const known = flag === undefined ? UNKNOWN : (this.#chains.flags[flag.at]?.values[row] as number)
    return known === UNKNOWN ? undefined : known === TRUE
  }

  #test(variable: number, nodes: Int32Array, row: number): Uint8Array {
    const count = nodes.length
    const condition = this.#conditions[variable]
    invariant(condition !== undefined, 'a variable that depends on more than the row has a condition')
    return flagsOf(condition({ count, nodes, row, times: NO_TIMES, now: 0 }), count)
  }

  // --- matches

  #found(node: number): void {
    this.#chains.retain(node)
    this.#groupsFound.push(this.#group)
    this.#nodesFound.push(node)
    this.#timesFound.push(this.#time)
  }

  #flush(now: number): void {
    const count = this.#nodesFound.length
    if (count === 0) return
    const groups = Int32Array.from(this.#groupsFound)
    const nodes = Int32Array.from(this.#nodesFound)
    const times = Float64Array.from(this.#timesFound)
    this.#groupsFound = []
    this.#nodesFound = []
    this.#timesFound = []
    const contexts: MatchContexts = { count, nodes, row: -1, times, now }
    const partition = this.#groups.keys.map((key) => key.gather(groups, count))
    const measures = this.#measures.map((evaluate) => evaluate(contexts))
    this.#context.output.batch(createBatch(this.#node.schema, [...partition, ...measures], count))
    for (const node of nodes) this.#chains.release(node)
  }

  /** Everything of these keys that was due has been looked at. */
  #settle(groups: Int32Array, count: number): void {
    this.#dropIdle(groups, count)
    this.#chains.settle()
    this.#groups.compact()
  }

  #dropIdle(groups: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) {
      const group = groups[i] as number
      if (this.#waitingOf[group] === 0 && this.#runs.isEmpty(group)) this.#groups.remove(group)
    }
  }

  // --- state

  snapshot(): readonly StatePage[] {
    return [
      ...this.#groups.snapshotPages().map((page) => ({ table: 'keys', ...page })),
      ...this.#chains.snapshot(),
      ...this.#runs.snapshot(),
      ...this.#watermark.snapshot(),
      ...this.#late.snapshot(),
    ]
  }

  restore(pages: readonly StatePage[]): void {
    this.#groups.restorePages(pages.filter(({ table }) => table === 'keys'))
    this.#chains.restore(pages)
    this.#runs.restore(pages)
    this.#watermark.restore(pages)
    this.#late.restore(pages)
    const chains = this.#chains
    const began = new Map<number, number>()
    this.#runs.forEach((group, node, complete) => {
      if (node < 0) return
      chains.retain(node)
      if (!complete) began.set(chains.firstRow(node), group)
    })
    if (this.#spec.within !== undefined) {
      for (const [row, group] of began) this.#expiry.add(chains.timeOf(row), group)
    }
    this.#restoreWaiting()
  }

  #restoreWaiting(): void {
    const chains = this.#chains
    this.#waitingOf = arrayFor(this.#waitingOf, this.#groups.storage.high)
    const waiting = chains.rows.rows().filter((row) => chains.pending.values[row] === 1)
    waiting.sort((a, b) => chains.orderOf(a) - chains.orderOf(b))
    for (const row of waiting) {
      const group = chains.groupOf(row)
      this.#waitingOf[group] = (this.#waitingOf[group] as number) + 1
    }
    this.#waiting.add(waiting, waiting.length)
  }

  metrics(): OperatorMetrics {
    return {
      stateBytes: this.#chains.bytes + this.#groups.bytes + this.#runs.bytes,
      stateEntries: this.#chains.entries + this.#groups.size,
      lateRows: this.#late.value,
    }
  }
}

function fieldType(input: Schema, column: number): SqlType {
  const type = input.fields[column]?.type
  invariant(type !== undefined, 'a match reads columns of its input')
  return type
}

/** What the condition says of each row; undefined where it failed: then it is evaluated again where it matters. */
function evaluateFlags(evaluate: (batch: ChangeBatch) => Column, batch: ChangeBatch): Uint8Array | undefined {
  try {
    return flagsOf(evaluate(batch), batch.rows)
  } catch (error) {
    if (error instanceof MillraceError) return undefined
    throw error
  }
}

/** NULL is as good as FALSE. */
function flagsOf(column: Column, rows: number): Uint8Array {
  const flags = new Uint8Array(rows)
  if (column.kind !== 'bool') return flags
  const { values, nulls } = column
  for (let row = 0; row < rows; row++) flags[row] = values[row] === 1 && nulls?.[row] !== 1 ? TRUE : FALSE
  return flags
}
