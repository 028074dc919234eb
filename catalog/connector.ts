/**
 * Connector and format descriptors: everything that planning and documentation need, without any client library.
 * The running parts are in `connectors/<name>/` and are loaded when a job starts.
 */
import type { OptionSpec } from '../core/options.ts'
import type { OptionValues } from '../core/options.ts'
import type { SqlType } from '../core/types.ts'
import type { CatalogTable } from './table.ts'

/** A changelog mode: the row kinds that may occur. */
export interface ChangelogMode {
  readonly insert: boolean
  readonly updateBefore: boolean
  readonly updateAfter: boolean
  readonly delete: boolean
}

export const INSERT_ONLY: ChangelogMode = { insert: true, updateBefore: false, updateAfter: false, delete: false }
/** By key: no -U. */
export const UPSERT: ChangelogMode = { insert: true, updateBefore: false, updateAfter: true, delete: true }
export const ALL_CHANGES: ChangelogMode = { insert: true, updateBefore: true, updateAfter: true, delete: true }

export interface MetadataColumn {
  readonly key: string
  readonly type: SqlType
  /** False: read-only, must be declared VIRTUAL for sinks. */
  readonly writable: boolean
  readonly description: string
}

export type DeliveryGuarantee = 'none' | 'at-least-once' | 'exactly-once' | 'effectively-once by key'

export interface SourceCapability {
  changelogMode(table: CatalogTable, options: OptionValues): ChangelogMode
  isBounded(table: CatalogTable, options: OptionValues): boolean
  readonly guarantee: DeliveryGuarantee
  /** Whether the connector can skip columns that the plan does not read. */
  readonly projectionPushDown: boolean
  /** Whether it can also skip fields of ROW columns: then these may have fewer fields than the table declares. */
  readonly nestedProjectionPushDown?: boolean
  /** Whether every source of one statement set that reads the same table may be one source. */
  readonly reusable: boolean
  /** Whether several workers can share what there is to read; absent: the first one reads it all. */
  readonly divisible?: boolean
}

export interface SinkCapability {
  changelogMode(table: CatalogTable, options: OptionValues): ChangelogMode
  guarantee(table: CatalogTable, options: OptionValues): DeliveryGuarantee
  readonly partitions: boolean
  readonly overwrite: boolean
  /** Whether several workers can write into a table with these options; absent: the first one writes all rows. */
  readonly divisible?: (options: Readonly<Record<string, string>>) => boolean
}

export interface ConnectorDescriptor {
  /** The value of the `connector` option. */
  readonly name: string
  readonly title: string
  readonly description: string
  readonly options: readonly OptionSpec[]
  /** Formats that the connector takes; absent: it has no format. `key` where it has key and value formats. */
  readonly formats?: {
    readonly value: readonly string[]
    readonly key?: readonly string[]
    /** Prefix under which metadata of the value's format is offered; absent: it is not. */
    readonly formatMetadata?: string
  }
  readonly metadata: readonly MetadataColumn[]
  readonly source?: SourceCapability
  readonly sink?: SinkCapability
  /** For lookup joins. `byKey`: rows can be asked for by key; else only the whole table can be read and kept. */
  readonly lookup?: { readonly byKey: boolean }
  /** Rules across several options; throws a MillraceError. Called when a table is planned. */
  validate?(table: CatalogTable, options: OptionValues): void
  /** A complete CREATE TABLE for the documentation. */
  readonly example: string
}

export interface FormatDescriptor {
  readonly name: string
  readonly title: string
  readonly description: string
  /** Keys without the `<format>.` prefix. */
  readonly options: readonly OptionSpec[]
  readonly changelogMode: ChangelogMode
  readonly decodes: boolean
  readonly encodes: boolean
  /** Whether the decoder finds the fields of ROW values by name and skips those that a narrower type leaves out. */
  readonly skipsNestedFields?: boolean
  /** What its records hold besides the row; connectors offer it under a prefix. */
  readonly metadata?: readonly MetadataColumn[]
  validate?(columns: readonly { readonly name: string; readonly type: SqlType }[], options: OptionValues): void
  /** What only reading can do. */
  validateSink?(options: OptionValues): void
  readonly example: string
}
