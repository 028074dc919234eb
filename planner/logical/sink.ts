/** Writes into a table. */
import type { CatalogTable } from '../../catalog/table.ts'
import type { SourcePosition } from '../../core/errors.ts'
import type { Schema } from '../../core/types.ts'
import type { LogicalNode } from './node.ts'

export interface Sink {
  readonly kind: 'sink'
  readonly input: LogicalNode
  readonly table: CatalogTable
  readonly options: Readonly<Record<string, string>>
  /** Columns of the table in the order of the input's. */
  readonly columns: readonly string[]
  readonly overwrite: boolean
  readonly onConflict?: 'NOTHING' | 'ERROR' | 'DEDUPLICATE'
  /** Of the table's name in the statement, for errors. */
  readonly position: SourcePosition
  readonly schema: Schema
}

export function createSink(sink: Omit<Sink, 'kind' | 'schema'>): Sink {
  return { ...sink, kind: 'sink', schema: sink.input.schema }
}
