/**
 * Lookup join: each row with the rows that an external table has for it at the moment
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/table/sql/queries/joins/#lookup-join). What is not at
 * hand is asked for in the background, the keys of a batch together. Until the answer is there the batch waits in a
 * queue, and what comes after it waits behind it: also the watermark. Nothing is state, as a checkpoint waits for the
 * queue to empty.
 */
import { type ChangeBatch, copyBatch, createBatch, gatherRows, INSERT } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { asMillraceError, invariant, MillraceError } from '../../core/errors.ts'
import { formatDuration } from '../../core/quantities.ts'
import type { Schema, SqlType } from '../../core/types.ts'
import type { FoundRows, LookupSource } from '../../connectors/api/lookup.ts'
import type { LookupJoinNode } from '../../planner/physical/join-nodes.ts'
import { compileCalc, compileScalar } from '../codegen/calc.ts'
import { Candidates, type RowPairs } from './join-candidates.ts'
import { compileJoinCondition, type JoinCondition } from './join-condition.ts'
import { gatherFrom, JoinedRows, PADDING, type RowSource, rowsWithNullKey } from './joined-rows.ts'
import { LookupRows, type PartialCache, UNKNOWN } from './lookup-rows.ts'
import { type AsyncOperator, MIN_WATERMARK, type OperatorContext, type OperatorMetrics } from './operator.ts'

/** Keys of one request. */
const REQUEST_KEYS = 256
/** Batches that wait before the sources do. */
const QUEUE = 16
/** Rows found after which they are given out. */
const CHUNK = 8192

/** Where a lookup join finds rows. */
export type LookupProvider =
  /** The whole table is at hand; `onTime` reads it again when it is due. */
  | { readonly kind: 'full'; readonly table: () => LookupRows; readonly onTime: (now: number) => void }
  | { readonly kind: 'queries'; readonly source: LookupSource; readonly cache: PartialCache | undefined }

export interface LookupHost {
  /** Runs a step that an answer has made possible, as part of the operator's work. */
  resume(step: () => void): void
  fail(error: MillraceError): void
  /** Settles after so many milliseconds, or when the job stops. */
  delay(milliseconds: number): Promise<void>
}

export interface LookupOperator extends AsyncOperator {
  /** Before the first batch. */
  connect(provider: LookupProvider, host: LookupHost): void
}

interface WaitingRows {
  readonly kind: 'rows'
  readonly batch: ChangeBatch
  /** By row; UNKNOWN for a NULL key, that is equal to nothing. */
  readonly groups: Int32Array
  readonly found: LookupRows
  ready: boolean
}

type Waiting = WaitingRows | { readonly kind: 'watermark'; readonly time: number }

/** @param input schema of the input */
export function createLookupJoin(node: LookupJoinNode, input: Schema, context: OperatorContext): LookupOperator {
  return new LookupJoin(node, input, context)
}

class LookupJoin implements LookupOperator {
  readonly #node: LookupJoinNode
  readonly #context: OperatorContext
  readonly #keyTypes: readonly SqlType[]
  readonly #keySchema: Schema
  readonly #keyColumns: readonly ((batch: ChangeBatch) => Column)[]
  /** The columns of what was found that are wanted as they are; undefined: `#project` computes some. */
  readonly #picked: readonly number[] | undefined
  readonly #project: ((batch: ChangeBatch) => readonly Column[]) | undefined
  readonly #condition: JoinCondition | undefined
  readonly #joined = new JoinedRows()
  /** Rows of a batch with what was found for them. */
  readonly #found = new Candidates()
  #provider: LookupProvider | undefined
  #host: LookupHost | undefined
  readonly #queue: Waiting[] = []
  #requests = 0
  readonly #turns: (() => void)[] = []
  #watermark = MIN_WATERMARK
  #emptied: PromiseWithResolvers<void> | undefined
  #moved: PromiseWithResolvers<void> | undefined

  constructor(node: LookupJoinNode, input: Schema, context: OperatorContext) {
    this.#node = node
    this.#context = context
    const keyFields = node.keys.flatMap(({ column }) => node.lookup.fields[column] ?? [])
    this.#keyTypes = keyFields.map(({ type }) => type)
    this.#keySchema = { fields: keyFields }
    this.#keyColumns = node.keys.map(({ value }) => {
      if (value.kind !== 'input') return compileScalar(value, context)
      const { index } = value
      return (batch) => batch.columns[index] ?? { kind: 'null', nulls: null }
    })
    const right: Schema = { fields: node.schema.fields.slice(input.fields.length) }
    const picked = node.projections.flatMap((expression) => (expression.kind === 'input' ? [expression.index] : []))
    this.#picked = picked.length === node.projections.length ? picked : undefined
    const calc = this.#picked === undefined ? compileCalc(undefined, node.projections, right, context) : undefined
    this.#project = calc && ((batch) => calc(batch).columns)
    this.#condition =
      node.condition === undefined ? undefined : compileJoinCondition(node.condition, input, right, context)
  }

  connect(provider: LookupProvider, host: LookupHost): void {
    this.#provider = provider
    this.#host = host
  }

  get pending(): Promise<void> | undefined {
    if (this.#queue.length === 0) return undefined
    this.#emptied ??= Promise.withResolvers<void>()
    return this.#emptied.promise
  }

  get pressure(): Promise<void> | undefined {
    if (this.#queue.length < QUEUE && this.#requests < this.#node.asynchronous.capacity) return undefined
    this.#moved ??= Promise.withResolvers<void>()
    return this.#moved.promise
  }

  onBatch(batch: ChangeBatch): void {
    const provider = this.#provider
    invariant(provider !== undefined, 'a lookup join is connected before its first batch')
    const keys = this.#keyColumns.map((column) => column(batch))
    const nulls = rowsWithNullKey(keys, [], batch.rows)
    if (provider.kind === 'full') {
      const table = provider.table()
      const groups = table.keys.lookup(keys, batch.rows)
      this.#giveOut(batch, withoutNulls(groups, nulls, batch.rows), table)
      return
    }
    const known = provider.cache?.find(keys, batch.rows, this.#context.clock.now())
    if (
      provider.cache !== undefined &&
      known !== undefined &&
      this.#mayOvertake &&
      allKnown(known, nulls, batch.rows)
    ) {
      this.#giveOut(batch, withoutNulls(known, nulls, batch.rows), provider.cache.table)
    } else this.#ask(provider.source, batch, keys, nulls, provider.cache, known)
  }

  /** Whether a batch that is answered may be given out at once. */
  get #mayOvertake(): boolean {
    if (this.#queue.length === 0) return true
    return !this.#node.asynchronous.ordered && this.#queue.every(({ kind }) => kind === 'rows')
  }

  /** Puts the batch into the queue and asks for the keys that are not known, each once. */
  #ask(
    source: LookupSource,
    batch: ChangeBatch,
    keys: readonly Column[],
    nulls: Uint8Array | null,
    cache: PartialCache | undefined,
    known: Int32Array | undefined,
  ): void {
    const rows = Int32Array.from({ length: batch.rows }, (_, row) => row).filter(
      (row) => nulls === null || nulls[row] === 0,
    )
    const all: ChangeBatch = { schema: this.#keySchema, rows: batch.rows, columns: keys, kinds: null }
    const found = new LookupRows(this.#keyTypes, this.#node.lookup)
    const present = gatherRows(all, rows, rows.length)
    const { rowIds, inserted } = found.keys.lookupOrInsert(present.columns, rows.length)
    const groups = new Int32Array(batch.rows).fill(UNKNOWN)
    const missing: number[] = []
    const missingGroups: number[] = []
    for (const [i, row] of rows.entries()) {
      const group = rowIds[i] as number
      groups[row] = group
      if (inserted[i] !== 1) continue
      if (known !== undefined && known[row] !== UNKNOWN) copyGroup(cache, known[row] as number, found, group)
      else {
        missing.push(row)
        missingGroups.push(group)
      }
    }
    const entry: WaitingRows = { kind: 'rows', batch: copyBatch(batch), groups, found, ready: missing.length === 0 }
    this.#queue.push(entry)
    if (entry.ready) this.#drain()
    else
      void this.#fetch(
        source,
        copyBatch(gatherRows(all, Int32Array.from(missing), missing.length)),
        missingGroups,
        entry,
        cache,
      )
  }

  /** Never rejects: a failure goes to the job. */
  async #fetch(
    source: LookupSource,
    keys: ChangeBatch,
    groups: readonly number[],
    entry: WaitingRows,
    cache: PartialCache | undefined,
  ): Promise<void> {
    const host = this.#host
    invariant(host !== undefined, 'a lookup join is connected before its first batch')
    const parts: Promise<void>[] = []
    for (let start = 0; start < keys.rows; start += REQUEST_KEYS) {
      const count = Math.min(REQUEST_KEYS, keys.rows - start)
      const some = gatherRows(
        keys,
        Int32Array.from({ length: count }, (_, i) => start + i),
        count,
      )
      parts.push(this.#request(source, some, groups.slice(start, start + count), entry, cache))
    }
    try {
      await Promise.all(parts)
    } catch (error) {
      host.fail(this.#located(error))
      return
    }
    entry.ready = true
    host.resume(() => {
      this.#drain()
    })
  }

  async #request(
    source: LookupSource,
    keys: ChangeBatch,
    groups: readonly number[],
    entry: WaitingRows,
    cache: PartialCache | undefined,
  ): Promise<void> {
    // `table.exec.async-lookup.buffer-capacity`
    while (this.#requests >= this.#node.asynchronous.capacity) await this.#turn()
    this.#requests++
    try {
      const answers = await this.#inTime(this.#lookup(source, keys))
      const now = this.#context.clock.now()
      for (const { asked, rows, keyOf } of answers) {
        entry.found.add(
          Int32Array.from(keyOf, (key) => groups[asked[key] as number] as number),
          rows,
        )
        cache?.put(gatherRows(keys, asked, asked.length), rows, keyOf, now)
      }
    } finally {
      this.#requests--
      this.#turns.shift()?.()
      this.#moved?.resolve()
      this.#moved = undefined
    }
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#turns.push(resolve)
    })
  }

  /** Asks, and asks again for keys without rows as the LOOKUP hint says. Each key is part of one answer. */
  async #lookup(source: LookupSource, keys: ChangeBatch): Promise<readonly Answer[]> {
    const { retry } = this.#node
    const answers: Answer[] = []
    let asked: Int32Array = Int32Array.from({ length: keys.rows }, (_, i) => i)
    for (let attempt = 0; ; attempt++) {
      const found = await source.lookup(gatherRows(keys, asked, asked.length))
      if (retry === undefined || attempt >= retry.attempts) {
        answers.push({ asked, ...found })
        return answers
      }
      const hits = new Set(found.keyOf)
      const again = asked.filter((_, i) => !hits.has(i))
      answers.push(onlyHits(asked, found, hits))
      if (again.length === 0) return answers
      asked = again
      await this.#host?.delay(retry.delay)
    }
  }

  /** `table.exec.async-lookup.timeout`. */
  async #inTime<T>(answer: Promise<T>): Promise<T> {
    const { timeout } = this.#node.asynchronous
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      const text = `a lookup in table "${this.#node.table.path.name}" took longer than ${formatDuration(timeout)}`
      const hint = "SET 'table.exec.async-lookup.timeout' allows more."
      late.reject(new MillraceError('EXTERNAL_ERROR', text, { hint, retryable: true }))
    }, timeout)
    try {
      return await Promise.race([answer, late.promise])
    } finally {
      clearTimeout(timer)
    }
  }

  #located(error: unknown): MillraceError {
    const failure = asMillraceError(error, 'EXTERNAL_ERROR')
    if (failure.at !== undefined) return failure
    const { code, message, detail, hint, retryable } = failure
    const at = { table: this.#node.table.path.name }
    return new MillraceError(code, message, { detail, hint, retryable, cause: failure, at })
  }

  /** Gives out what is answered: from the head of the queue on, or, unordered, up to the first watermark. */
  #drain(): void {
    for (let at = 0; at < this.#queue.length; ) {
      const waiting = this.#queue[at]
      if (waiting === undefined) break
      if (waiting.kind === 'watermark') {
        if (at > 0) break
        this.#queue.shift()
        this.#context.output.watermark(waiting.time)
      } else if (waiting.ready) {
        this.#queue.splice(at, 1)
        this.#giveOut(waiting.batch, waiting.groups, waiting.found)
      } else if (this.#node.asynchronous.ordered) break
      else at++
    }
    this.#moved?.resolve()
    this.#moved = undefined
    if (this.#queue.length > 0) return
    this.#emptied?.resolve()
    this.#emptied = undefined
  }

  /** Joins the rows with those of their groups. */
  #giveOut(batch: ChangeBatch, groups: Int32Array, { rows }: LookupRows): void {
    const outer = this.#node.joinType === 'left'
    const picked = this.#condition === undefined ? this.#picked : undefined
    if (picked !== undefined) return this.#joinAll(batch, groups, rows, picked)
    const found = this.#found
    for (let row = 0; row < batch.rows; row++) {
      const group = groups[row] as number
      let at = group === UNKNOWN ? -1 : rows.first(group)
      if (at < 0 && outer) found.add(row, PADDING)
      for (; at >= 0; at = rows.next(at)) found.add(row, at)
      if (found.count >= CHUNK) this.#emit(batch, rows.values)
    }
    this.#emit(batch, rows.values)
  }

  /** Where all that is found belongs to the result, and as it is. */
  #joinAll(batch: ChangeBatch, groups: Int32Array, rows: LookupRows['rows'], picked: readonly number[]): void {
    const outer = this.#node.joinType === 'left'
    const joined = this.#joined
    const right = picked.flatMap((index) => rows.values[index] ?? [])
    for (let row = 0; row < batch.rows; row++) {
      const group = groups[row] as number
      let at = group === UNKNOWN ? -1 : rows.first(group)
      const kind = batch.kinds === null ? INSERT : (batch.kinds[row] as number)
      if (at < 0 && outer) joined.add(row, PADDING, kind)
      for (; at >= 0; at = rows.next(at)) joined.add(row, at, kind)
      if (joined.count >= CHUNK) this.#give(batch, right)
    }
    this.#give(batch, right)
  }

  #give(batch: ChangeBatch, right: RowSource): void {
    const result = this.#joined.take(this.#node.schema, batch.columns, right)
    if (result !== undefined) this.#context.output.batch(result)
  }

  /** A row and all that was found for it are in one call. */
  #emit(batch: ChangeBatch, stored: LookupRows['rows']['values']): void {
    const { rows, partners, count } = this.#found
    const pairs = this.#found.pairs()
    const found = this.#rightColumns(stored, pairs.partners, pairs.count)
    const mask = this.#test(batch, found, pairs)
    const outer = this.#node.joinType === 'left'
    let pair = 0
    for (let i = 0; i < count; ) {
      const row = rows[i] as number
      const kind = batch.kinds === null ? INSERT : (batch.kinds[row] as number)
      let matched = false
      for (; i < count && rows[i] === row; i++) {
        if (partners[i] === PADDING) continue
        const place = pair++
        if (mask !== null && mask[place] === 0) continue
        this.#joined.add(row, place, kind)
        matched = true
      }
      if (!matched && outer) this.#joined.add(row, PADDING, kind)
    }
    this.#found.count = 0
    this.#give(batch, found)
  }

  #rightColumns(stored: LookupRows['rows']['values'], rows: Int32Array, count: number): readonly Column[] {
    const picked = this.#picked?.flatMap((index) => stored[index] ?? [])
    const columns = (picked ?? stored).map((column) => column.gather(rows, count))
    return this.#project?.(createBatch(this.#node.lookup, columns, count)) ?? columns
  }

  #test(batch: ChangeBatch, found: readonly Column[], pairs: RowPairs): Uint8Array | null {
    if (this.#condition === undefined) return null
    const width = batch.columns.length
    return this.#condition.test(pairs.count, (index) => {
      const column = index < width ? batch.columns[index] : found[index - width]
      invariant(column !== undefined, 'a condition reads columns of its inputs')
      return index < width ? gatherFrom(column, pairs.rows, pairs.count) : column
    })
  }

  onWatermark(time: number): void {
    if (time <= this.#watermark) return
    this.#watermark = time
    if (this.#queue.length === 0) this.#context.output.watermark(time)
    else this.#queue.push({ kind: 'watermark', time })
  }

  onProcessingTime(now: number): void {
    if (this.#provider?.kind === 'full') this.#provider.onTime(now)
  }

  metrics(): OperatorMetrics {
    const table = this.#table
    return { stateBytes: table?.bytes ?? 0, stateEntries: table?.rows.size ?? 0, lateRows: 0 }
  }

  get #table(): LookupRows | undefined {
    return this.#provider?.kind === 'full' ? this.#provider.table() : this.#provider?.cache?.table
  }
}

interface Answer extends FoundRows {
  /** Positions of the keys that it is about; `keyOf` is a position in here. */
  readonly asked: Int32Array
}

/** What was found, about the keys that something was found for. */
function onlyHits(asked: Int32Array, { rows, keyOf }: FoundRows, hits: ReadonlySet<number>): Answer {
  const places = [...hits].sort((a, b) => a - b)
  const placeOf = new Map(places.map((key, place) => [key, place]))
  return {
    asked: Int32Array.from(places, (key) => asked[key] as number),
    rows,
    keyOf: keyOf.map((key) => placeOf.get(key) ?? 0),
  }
}

function allKnown(groups: Int32Array, nulls: Uint8Array | null, rows: number): boolean {
  for (let row = 0; row < rows; row++) if (groups[row] === UNKNOWN && (nulls === null || nulls[row] === 0)) return false
  return true
}

function withoutNulls(groups: Int32Array, nulls: Uint8Array | null, rows: number): Int32Array {
  if (nulls !== null) for (let row = 0; row < rows; row++) if (nulls[row] === 1) groups[row] = UNKNOWN
  return groups
}

function copyGroup(cache: PartialCache | undefined, from: number, to: LookupRows, group: number): void {
  if (cache === undefined) return
  const { rows } = cache.table
  const source: number[] = []
  for (let row = rows.first(from); row >= 0; row = rows.next(row)) source.push(row)
  const ids = Int32Array.from(source)
  const targets = Int32Array.from(source, () => to.rows.add(group, 0))
  for (const [index, column] of rows.values.entries()) {
    to.rows.values[index]?.put(targets, column.gather(ids, ids.length), null, ids.length)
  }
}
