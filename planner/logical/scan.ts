/** Reads a table: physical and metadata columns only. */
import type { CatalogTable } from '../../catalog/table.ts'
import type { Field, Schema } from '../../core/types.ts'

export interface Scan {
  readonly kind: 'scan'
  readonly table: CatalogTable
  /** Names of the table's columns, in the order of `schema`. */
  readonly columns: readonly string[]
  /** Merged with OPTIONS hints. */
  readonly options: Readonly<Record<string, string>>
  readonly schema: Schema
}

export function createScan(
  table: CatalogTable,
  fields: readonly Field[],
  options: Readonly<Record<string, string>>,
): Scan {
  return { kind: 'scan', table, columns: fields.map((field) => field.name), options, schema: { fields } }
}
