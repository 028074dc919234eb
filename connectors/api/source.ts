/**
 * Source: reads splits (a partition, a file) and hands over batches. Laws, checked by the conformance suite:
 *
 * 1. A batch comes from one split, in the split's order.
 * 2. `position()` covers exactly the batches that `poll()` has returned: after `open(position)` the source goes on
 *    with the row behind them, none lost and none twice. Subtasks that take rows out of a common store share a position:
 *    it is asked for while all of them stand still.
 * 3. `poll` settles within about `maxWait` milliseconds, whether or not there is something to read.
 * 4. A batch is lent until the next call of `poll`: then its arrays may be used again. Texts of a list that never changes
 *    stand in constant bytes (`core/lasting-bytes.ts`): neither state nor exchanges copy them.
 * 5. A source never sees a barrier, a watermark or an operator.
 */
import type { CatalogTable } from '../../catalog/table.ts'
import type { ChangeBatch } from '../../core/change-batch.ts'
import type { Clock } from '../../core/clock.ts'
import type { JsonValue } from '../../core/json.ts'
import type { OptionValues } from '../../core/options.ts'
import type { Field, Schema } from '../../core/types.ts'

export interface SourceContext {
  readonly table: CatalogTable
  /** Options of the connector, validated against its descriptor; format options under their full keys. */
  readonly options: OptionValues
  /** What every batch must look like: the columns named by `columns`, physical and metadata, with these types. */
  readonly schema: Schema
  readonly columns: readonly string[]
  /** Rows a batch should have at the most. */
  readonly batchRows: number
  readonly subtask: number
  readonly parallelism: number
  /** Of one element, which all subtasks share: 0 before the first one opens (`enumerator.ts`). */
  readonly enumerator: BigInt64Array
  /** Aborted when the job stops; a waiting `poll` settles at once. */
  readonly signal: AbortSignal
  readonly clock: Clock
  /** Counts records that were skipped (`ignore-parse-errors`), for the metrics. */
  readonly onSkipped: (records: number) => void
}

/** Declared fields with the types in which they are read: those of ROW columns may have fewer fields. */
export function asRead(declared: readonly Field[], columns: readonly string[], schema: Schema): readonly Field[] {
  return declared.map((field) => ({ ...field, type: schema.fields[columns.indexOf(field.name)]?.type ?? field.type }))
}

export type SourcePoll =
  | { readonly kind: 'rows'; readonly split: string; readonly batch: ChangeBatch; readonly bytes: number }
  /** Nothing to read now. */
  | { readonly kind: 'idle' }
  /** All splits are finished and no more will come. */
  | { readonly kind: 'end' }

export interface Source {
  /** @param position what `position()` gave at the checkpoint to restore, or undefined for a fresh start */
  open(position: JsonValue | undefined): Promise<void>
  /** May answer synchronously where data is at hand. Never called again before the last call settled. */
  poll(maxWait: number): Promise<SourcePoll> | SourcePoll
  /** Ids of the splits that are assigned and not finished: those that can hold the watermark back. */
  splits(): readonly string[]
  position(): JsonValue
  /** The checkpoint that contains this position is durable: offsets may be published for information. */
  onCheckpointComplete?(position: JsonValue): Promise<void>
  /** Records behind the newest, where known: for the progress display. */
  lag?(): number | undefined
  close(): Promise<void>
}
