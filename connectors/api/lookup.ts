/** LookupSource: rows of an external table by key, for `FOR SYSTEM_TIME AS OF` proctime joins. */
import type { CatalogTable } from '../../catalog/table.ts'
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { Clock } from '../../core/clock.ts'
import type { OptionValues } from '../../core/options.ts'
import type { Schema } from '../../core/types.ts'

export interface LookupContext {
  readonly table: CatalogTable
  /** Options of the connector, validated against its descriptor. */
  readonly options: OptionValues
  /** What the rows found must look like: the columns named by `columns`, with these types. */
  readonly schema: Schema
  readonly columns: readonly string[]
  /** Positions in `schema` of the columns that rows are looked up by. */
  readonly keys: readonly number[]
  /** Aborted when the job stops: waiting for another attempt ends at once. */
  readonly signal: AbortSignal
  readonly clock: Clock
}

/** The rows that were found, those of one key behind one another in no order of the keys. */
export interface FoundRows {
  readonly rows: ChangeBatch
  /** For each row the position of its key in what was asked for. */
  readonly keyOf: Int32Array
}

export interface LookupSource {
  open(): Promise<void>
  /**
   * May be called again before the last call has settled. What fails for a passing reason is tried again as the
   * table's `lookup.max-retries` says.
   *
   * @param keys one row for each key, none of them twice and none with a NULL, columns in the order of the context's
   */
  lookup(keys: ChangeBatch): Promise<FoundRows>
  close(): Promise<void>
}
