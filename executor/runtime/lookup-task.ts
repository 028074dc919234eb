/** The external side of a lookup join at work: queries with what they leave in a cache, or the whole table in memory. */
import { type LookupCacheOptions, lookupCacheOptions, type LookupReload } from '../../catalog/lookup-options.ts'
import type { ChangeBatch } from '../../core/change-batch.ts'
import { gatherRows } from '../../core/change-batch.ts'
import { MillraceError } from '../../core/errors.ts'
import type { OptionValues } from '../../core/options.ts'
import { zoneOffsetFunction } from '../../core/time-zone.ts'
import type { Connector } from '../../connectors/index.ts'
import { soleEnumerator } from '../../connectors/api/enumerator.ts'
import type { LookupContext, LookupSource } from '../../connectors/api/lookup.ts'
import type { LookupJoinNode } from '../../planner/physical/join-nodes.ts'
import { keyColumns, rowsWithNullKey } from '../operators/joined-rows.ts'
import type { LookupProvider } from '../operators/lookup-join.ts'
import { LookupRows, PartialCache } from '../operators/lookup-rows.ts'

const POLL_MILLISECONDS = 20
const BATCH_ROWS = 4096
const DAY = 86_400_000

export interface LookupTaskOptions {
  readonly connector: Connector
  readonly values: OptionValues
  readonly signal: AbortSignal
  readonly clock: { now(): number }
  /** `table.local-time-zone`, an IANA name. */
  readonly timeZone: string
  readonly onSkipped: (records: number) => void
  readonly onError: (error: unknown) => void
}

export class LookupTask {
  readonly node: LookupJoinNode
  readonly #options: LookupTaskOptions
  readonly #source: LookupSource | undefined
  readonly #cache: LookupCacheOptions
  #table: LookupRows
  /** When the table is read again. */
  #nextLoad = Number.POSITIVE_INFINITY
  #loading: Promise<void> | undefined

  constructor(node: LookupJoinNode, options: LookupTaskOptions) {
    this.node = node
    this.#options = options
    this.#cache = lookupCacheOptions(options.values)
    this.#source = this.#cache.kind === 'full' ? undefined : options.connector.createLookup?.(this.#context())
    this.#table = this.#emptyTable()
  }

  #context(): LookupContext {
    const { table, lookup, columns, keys } = this.node
    const { values, signal, clock } = this.#options
    return { table, options: values, schema: lookup, columns, keys: keys.map(({ column }) => column), signal, clock }
  }

  #emptyTable(): LookupRows {
    const { keys, lookup } = this.node
    const types = keys.flatMap(({ column }) => lookup.fields[column]?.type ?? [])
    return new LookupRows(types, lookup)
  }

  /** Connects; a full cache is read. */
  async open(): Promise<LookupProvider> {
    const cache = this.#cache
    if (cache.kind === 'full') {
      await this.#load(cache.reload)
      return { kind: 'full', table: () => this.#table, onTime: (now) => this.#onTime(now, cache.reload) }
    }
    const source = this.#source
    if (source === undefined) {
      const name = this.#options.values.string('connector')
      throw new MillraceError('UNSUPPORTED_FEATURE', `connector "${name}" cannot be looked up by key`)
    }
    await source.open()
    const { table } = cache.kind === 'partial' ? { table: this.#partialCache(cache) } : { table: undefined }
    return { kind: 'queries', source, cache: table }
  }

  #partialCache(options: Extract<LookupCacheOptions, { readonly kind: 'partial' }>): PartialCache {
    const { keys, lookup } = this.node
    const types = keys.flatMap(({ column }) => lookup.fields[column]?.type ?? [])
    return new PartialCache(types, lookup, options)
  }

  /** The new table takes the place of the old one when it is whole. */
  async #load(reload: LookupReload | undefined): Promise<void> {
    const { connector, values, signal, clock, onSkipped } = this.#options
    const begun = clock.now()
    const source = connector.createSource?.({
      table: this.node.table,
      options: values,
      schema: this.node.lookup,
      columns: this.node.columns,
      batchRows: BATCH_ROWS,
      subtask: 0,
      parallelism: 1,
      enumerator: soleEnumerator(),
      signal,
      clock: this.#options.clock,
      onSkipped,
    })
    if (source === undefined) {
      throw new MillraceError('UNSUPPORTED_FEATURE', `connector "${values.string('connector')}" cannot be read`)
    }
    const table = this.#emptyTable()
    try {
      await source.open(undefined)
      while (!signal.aborted) {
        const polled = await source.poll(POLL_MILLISECONDS)
        if (polled.kind === 'end') break
        if (polled.kind === 'rows') this.#add(table, polled.batch)
      }
    } finally {
      await source.close()
    }
    this.#table = table
    this.#nextLoad = reload === undefined ? Number.POSITIVE_INFINITY : this.#timeAfter(begun, clock.now(), reload)
  }

  /** Rows with a NULL in the key are found by nothing. */
  #add(table: LookupRows, batch: ChangeBatch): void {
    const columns = this.node.keys.map(({ column }) => column)
    const nulls = rowsWithNullKey(keyColumns(batch, columns), [], batch.rows)
    const rows = Int32Array.from({ length: batch.rows }, (_, row) => row)
    const kept = nulls === null ? rows : rows.filter((row) => nulls[row] === 0)
    const some = nulls === null ? batch : gatherRows(batch, kept, kept.length)
    const groups = table.keys.lookupOrInsert(keyColumns(some, columns), some.rows).rowIds
    table.add(groups, some)
  }

  #timeAfter(begun: number, now: number, reload: LookupReload): number {
    switch (reload.kind) {
      case 'fixed-delay':
        return now + reload.interval
      case 'fixed-rate':
        return begun + Math.max(1, Math.ceil((now - begun) / reload.interval)) * reload.interval
      default: {
        const offset = reload.offset ?? zoneOffsetFunction(this.#options.timeZone)(now)
        const today = Math.floor((now + offset) / DAY) * DAY + reload.timeOfDay - offset
        // The first time it is the next time of the day that comes, then one every so many days.
        const first = this.#nextLoad === Number.POSITIVE_INFINITY
        return today > now ? today : today + (first ? 1 : reload.days) * DAY
      }
    }
  }

  #onTime(now: number, reload: LookupReload | undefined): void {
    if (now < this.#nextLoad || this.#loading !== undefined) return
    this.#loading = this.#load(reload)
      .catch(this.#options.onError)
      .finally(() => {
        this.#loading = undefined
      })
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#loading, this.#source?.close()])
  }
}
