/**
 * MATCH_RECOGNIZE. By event time rows wait until the watermark has passed them, and are then looked at in their order;
 * later ones are late. By processing time they are looked at as they come, or with the next tick where an order within
 * the same time is wanted. As Flink's CepOperator: of a watermark the keys come in the order in which something is due
 * for them.
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
import { type KeyRuns, PatternMatcher } from './pattern-matcher.ts'
import { RowChains } from './row-chains.ts'
import { rowComparator } from './row-order.ts'
import { NOT_STARTED } from './run-queue.ts'
import { RunTable } from './run-table.ts'
import { TimeQueue } from './time-queue.ts'

/** Matches that are evaluated together at most. */
const MATCHES = 1024
const FALSE = 0
const TRUE = 1
/** The condition of the row failed: it is evaluated again when it matters. */
const UNKNOWN = 2
/** DEFINE knows no times of matches. */
const NO_TIMES = new Float64Array(0)

interface Key {
  readonly group: number
  readonly runs: KeyRuns
  /** Rows that wait, in the order of their time where `ordered`, else in that of their arrival. */
  waiting: number[]
  ordered: boolean
  /** Time for which it is in the queue; of the last one that was added. */
  queued: number
  changed: boolean
  gone: boolean
}

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
  readonly #keys: (Key | undefined)[] = []
  readonly #due = new TimeQueue<Key>()
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
  #key: Key | undefined
  #time = 0
  #times = new Float64Array(0)
  readonly #visited = new Set<Key>()

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
    this.#conditions = match.variables.map(({ condition }) =>
      condition === undefined ? undefined : compileMatchExpression(condition, this.#kept, context),
    )
    this.#measures = match.measures.map(({ expression }) => compileMatchExpression(expression, this.#kept, context))
    this.#compare = rowComparator(match.orderBy, this.#kept)
    const time = fieldType(input, match.timeColumn)
    this.#units = 'precision' in time ? Number(unitsPerMillisecond(time.precision)) : 1
    this.#matcher = new PatternMatcher({
      variables: match.variables,
      after: match.after,
      within: match.within,
      chains: this.#chains,
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
      this.#takeNow(this.#store(batch, null, batch.rows, now), now)
      return
    }
    this.#readTimes(batch)
    const rows = new Int32Array(batch.rows)
    let count = 0
    const watermark = this.#watermark.value
    for (let row = 0; row < batch.rows; row++) if ((this.#times[row] as number) > watermark) rows[count++] = row
    if (count < batch.rows) this.#late.value += batch.rows - count
    if (count > 0) this.#store(batch, rows, count, 0)
  }

  /** By processing time rows are looked at as they come, unless they have to be put into an order. */
  #takeNow(rows: Int32Array, now: number): void {
    if (this.#compare !== undefined) return
    for (const row of rows) {
      const key = this.#keyOf(this.#chains.groups.values[row] as number)
      key.waiting = []
      key.ordered = true
      this.#take(key, [row])
      if (this.#nodesFound.length >= MATCHES) this.#flush(now)
    }
    this.#flush(now)
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

  /** @param from rows of the batch that are kept; null: all */
  #store(batch: ChangeBatch, from: Int32Array | null, count: number, now: number): Int32Array {
    const chains = this.#chains
    const keys = this.#spec.partitionKeys.map((key) => batch.columns[key] ?? ({ kind: 'null', nulls: null } as const))
    const groups = this.#groups.intern(keys, batch.rows).rowIds
    const flags = this.#flags.map((flag) => (flag === undefined ? undefined : evaluateFlags(flag.evaluate, batch)))
    const stored = new Int32Array(count)
    for (let i = 0; i < count; i++) {
      const at = from === null ? i : (from[i] as number)
      const group = groups[at] as number
      const time = this.#spec.time === 'proctime' ? now : (this.#times[at] as number)
      const row = chains.addRow(group, time)
      stored[i] = row
      for (const [variable, values] of flags.entries()) {
        const flag = this.#flags[variable]
        if (flag === undefined) continue
        const column = chains.flags[flag.at]
        if (column !== undefined) column.values[row] = values?.[at] ?? UNKNOWN
      }
      this.#wait(this.#keyOf(group), row, time)
    }
    for (const [column, index] of this.#kept.positions) {
      const source = batch.columns[column]
      if (source !== undefined) chains.columns[index]?.put(stored, source, from, count)
    }
    if (from !== null) this.#dropUnused(groups, batch.rows)
    return stored
  }

  /** Keys of late rows that have no others. */
  #dropUnused(groups: Int32Array, rows: number): void {
    for (let row = 0; row < rows; row++) {
      const group = groups[row] as number
      if (this.#keys[group] === undefined) this.#groups.remove(group)
    }
  }

  #keyOf(group: number, restored?: KeyRuns): Key {
    const known = this.#keys[group]
    if (known !== undefined) return known
    const runs = restored ?? this.#matcher.createRuns()
    const key: Key = { group, runs, waiting: [], ordered: true, queued: Number.NaN, changed: false, gone: false }
    this.#keys[group] = key
    return key
  }

  #wait(key: Key, row: number, time: number): void {
    const last = key.waiting.at(-1)
    if (last !== undefined && time < this.#chains.timeOf(last)) key.ordered = false
    key.waiting.push(row)
    if (key.queued === time) return
    key.queued = time
    this.#due.add(time, key)
  }

  // --- time

  onWatermark(time: number): void {
    if (this.#spec.time === 'rowtime') {
      this.#watermark.value = time
      this.#advance(time, this.#context.clock.now())
      this.#flush()
    }
    this.#context.output.watermark(time)
  }

  onProcessingTime(now: number): void {
    if (this.#spec.time !== 'proctime') return
    this.#advance(now, now)
    this.#flush(now)
  }

  end(): void {
    if (this.#spec.time === 'proctime') this.onProcessingTime(this.#context.clock.now())
  }

  /** Everything that is due by a time, key by key. */
  #advance(time: number, now: number): void {
    for (let key = this.#due.take(time); key !== undefined; key = this.#due.take(time)) {
      if (key.gone) continue
      key.queued = Number.NaN
      this.#process(key, time)
      if (this.#nodesFound.length >= MATCHES) this.#flush(now)
    }
  }

  #process(key: Key, until: number): void {
    this.#take(key, this.#dueRows(key, until))
    if (this.#spec.within === undefined) return
    this.#time = until
    const { runs } = key
    const before = runs.partial.size + runs.complete.size
    this.#matcher.advance(runs, until)
    if (runs.partial.size + runs.complete.size !== before) key.changed = true
  }

  /** Looks at rows of a key, which are in their order. */
  #take(key: Key, rows: readonly number[]): void {
    const chains = this.#chains
    const { within } = this.#spec
    this.#key = key
    this.#visited.add(key)
    let last = Number.NaN
    for (const row of rows) {
      const time = chains.timeOf(row)
      this.#time = time
      if (time !== last) this.#matcher.advance(key.runs, time)
      last = time
      chains.begin(row)
      const began = this.#matcher.process(key.runs, row)
      chains.releaseRow(row)
      if (began && within !== undefined) this.#due.add(time + within, key)
      key.changed = true
    }
  }

  /** Rows of a key up to a time, in their order; they do not wait any more. */
  #dueRows(key: Key, until: number): readonly number[] {
    const chains = this.#chains
    const { waiting } = key
    if (!key.ordered) {
      waiting.sort((a, b) => chains.timeOf(a) - chains.timeOf(b))
      key.ordered = true
    }
    let count = 0
    while (count < waiting.length && chains.timeOf(waiting[count] as number) <= until) count++
    if (count === 0) return []
    const due = waiting.splice(0, count)
    const compare = this.#compare
    return compare === undefined ? due : due.sort((a, b) => chains.timeOf(a) - chains.timeOf(b) || compare(a, b))
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
    return flagsOf(condition({ count, nodes, row, variable, times: NO_TIMES, now: 0 }), count)
  }

  // --- matches

  #found(node: number): void {
    const key = this.#key
    invariant(key !== undefined, 'a match has a key')
    this.#chains.retain(node)
    this.#groupsFound.push(key.group)
    this.#nodesFound.push(node)
    this.#timesFound.push(this.#time)
  }

  #flush(now = this.#context.clock.now()): void {
    const count = this.#nodesFound.length
    if (count > 0) {
      const groups = Int32Array.from(this.#groupsFound)
      const nodes = Int32Array.from(this.#nodesFound)
      const times = Float64Array.from(this.#timesFound)
      this.#groupsFound = []
      this.#nodesFound = []
      this.#timesFound = []
      const contexts: MatchContexts = { count, nodes, row: -1, variable: -1, times, now }
      const partition = this.#groups.keys.map((key) => key.gather(groups, count))
      const measures = this.#measures.map((evaluate) => evaluate(contexts))
      this.#context.output.batch(createBatch(this.#node.schema, [...partition, ...measures], count))
      for (const node of nodes) this.#chains.release(node)
    }
    for (const key of this.#visited) this.#dropIdle(key)
    this.#visited.clear()
    this.#chains.compact()
  }

  #dropIdle(key: Key): void {
    if (key.gone || key.waiting.length > 0 || !this.#matcher.isIdle(key.runs)) return
    key.gone = true
    this.#keys[key.group] = undefined
    this.#runs.replace(key.group, undefined)
    this.#groups.remove(key.group)
  }

  // --- state

  snapshot(): readonly StatePage[] {
    for (const key of this.#keys) {
      if (key?.changed !== true) continue
      key.changed = false
      this.#runs.replace(key.group, this.#matcher.isIdle(key.runs) ? undefined : key.runs)
    }
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
    this.#watermark.restore(pages)
    this.#late.restore(pages)
    const chains = this.#chains
    const startOf = (node: number): number => (node < 0 ? NOT_STARTED : chains.orderOf(chains.firstRow(node)))
    for (const [group, runs] of this.#runs.restore(pages, startOf)) {
      for (const node of [...runs.partial.nodes, ...runs.complete.nodes]) if (node >= 0) chains.retain(node)
      this.#keyOf(group, runs)
    }
    this.#restoreTimes()
  }

  #restoreTimes(): void {
    const chains = this.#chains
    const waiting = [...chains.rows.rows()].filter((row) => chains.pending.values[row] === 1)
    for (const row of waiting.sort((a, b) => chains.orderOf(a) - chains.orderOf(b))) {
      this.#wait(this.#keyOf(chains.groups.values[row] as number), row, chains.timeOf(row))
    }
    const { within } = this.#spec
    if (within === undefined) return
    for (const key of this.#keys) {
      for (const node of key?.runs.partial.nodes ?? []) {
        if (key !== undefined && node >= 0) this.#due.add(chains.timeOf(chains.firstRow(node)) + within, key)
      }
    }
  }

  metrics(): OperatorMetrics {
    return {
      stateBytes: this.#chains.bytes + this.#groups.bytes,
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
