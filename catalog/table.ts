/** Tables and views as the catalog holds them: resolved, plain data, JSON-able. */
import type { SqlType } from '../core/types.ts'

export interface ObjectPath {
  readonly catalog: string
  readonly database: string
  readonly name: string
}

export interface PhysicalColumn {
  readonly kind: 'physical'
  readonly name: string
  readonly type: SqlType
  readonly comment?: string
}

export interface MetadataTableColumn {
  readonly kind: 'metadata'
  readonly name: string
  readonly type: SqlType
  /** The connector's key where it differs from the name. */
  readonly from?: string
  readonly virtual: boolean
  readonly comment?: string
}

/** The type is known once the expression is bound: the planner derives it whenever the table is used. */
export interface ComputedColumn {
  readonly kind: 'computed'
  readonly name: string
  /** Canonical SQL of the expression. */
  readonly expression: string
  readonly comment?: string
}

export type TableColumn = PhysicalColumn | MetadataTableColumn | ComputedColumn

export interface WatermarkSpec {
  /** A column, or a path into a ROW column. */
  readonly column: readonly string[]
  /** Canonical SQL. */
  readonly expression: string
}

export interface PrimaryKey {
  readonly name?: string
  readonly columns: readonly string[]
}

export interface CatalogTable {
  readonly kind: 'table'
  readonly path: ObjectPath
  readonly temporary: boolean
  readonly columns: readonly TableColumn[]
  readonly watermark?: WatermarkSpec
  readonly primaryKey?: PrimaryKey
  readonly partitionKeys: readonly string[]
  readonly distribution?: {
    readonly kind?: 'HASH' | 'RANGE'
    readonly columns: readonly string[]
    readonly buckets?: number
  }
  readonly comment?: string
  /** As written, `connector` included. */
  readonly options: Readonly<Record<string, string>>
}

export interface CatalogView {
  readonly kind: 'view'
  readonly path: ObjectPath
  readonly temporary: boolean
  /** Canonical SQL with every table name fully qualified. */
  readonly query: string
  /** As the user wrote it. */
  readonly originalQuery: string
  readonly columnNames?: readonly string[]
  readonly comment?: string
}

export type CatalogEntry = CatalogTable | CatalogView

export function pathToString(path: ObjectPath): string {
  return `${path.catalog}.${path.database}.${path.name}`
}
