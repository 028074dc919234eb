/** CREATE, ALTER, DROP and ANALYZE. */
import type { Expression, IntervalLiteral } from './expression.ts'
import type { Identifier, ObjectName, Property, Span, StringLiteral } from './node.ts'
import type { Query } from './query.ts'
import type { TypeNode } from './type.ts'

interface NodeBase {
  readonly span: Span
}

// ---- parts of tables

export interface PhysicalColumn extends NodeBase {
  readonly kind: 'physical-column'
  readonly name: Identifier
  readonly type: TypeNode
  /** PRIMARY KEY or UNIQUE written behind the type; its column list holds this column. */
  readonly constraint?: TableConstraint
  readonly comment?: StringLiteral
}

export interface MetadataColumn extends NodeBase {
  readonly kind: 'metadata-column'
  readonly name: Identifier
  readonly type: TypeNode
  /** METADATA FROM 'key'; missing: the column's name is the key. */
  readonly from?: StringLiteral
  readonly virtual: boolean
  readonly comment?: StringLiteral
}

export interface ComputedColumn extends NodeBase {
  readonly kind: 'computed-column'
  readonly name: Identifier
  readonly expression: Expression
  readonly comment?: StringLiteral
}

export type ColumnDefinition = PhysicalColumn | MetadataColumn | ComputedColumn

export interface Watermark extends NodeBase {
  readonly kind: 'watermark'
  /** A column or a path into a ROW column. */
  readonly column: ObjectName
  readonly expression: Expression
}

export interface TableConstraint extends NodeBase {
  readonly kind: 'constraint'
  readonly type: 'PRIMARY KEY' | 'UNIQUE'
  readonly name?: Identifier
  readonly columns: readonly Identifier[]
  /** As written: ENFORCED, NOT ENFORCED, or neither. */
  readonly enforced?: boolean
}

export interface Distribution extends NodeBase {
  readonly kind: 'distribution'
  readonly method?: 'HASH' | 'RANGE'
  /** Empty for INTO n BUCKETS alone. */
  readonly columns: readonly Identifier[]
  readonly buckets?: number
}

/** `p = 'v'`, or `p` alone where the statement allows it. */
export interface PartitionEntry extends NodeBase {
  readonly kind: 'partition-entry'
  readonly column: Identifier
  readonly value?: Expression
}

// ---- tables

export interface CreateTable extends NodeBase {
  readonly kind: 'create-table'
  readonly mode: 'CREATE' | 'REPLACE' | 'CREATE OR REPLACE'
  readonly temporary: boolean
  readonly ifNotExists: boolean
  readonly name: ObjectName
  readonly columns: readonly ColumnDefinition[]
  readonly watermarks: readonly Watermark[]
  readonly constraints: readonly TableConstraint[]
  /** CREATE TABLE t (a, b) AS …: the query's columns in this order. Then `columns` is empty. */
  readonly columnOrder?: readonly Identifier[]
  readonly comment?: StringLiteral
  readonly distribution?: Distribution
  readonly partitionedBy: readonly Identifier[]
  readonly options: readonly Property[]
  readonly like?: TableLike
  readonly query?: Query
}

export interface TableLike extends NodeBase {
  readonly kind: 'table-like'
  readonly source: ObjectName
  readonly options: readonly TableLikeOption[]
}

export interface TableLikeOption extends NodeBase {
  readonly kind: 'table-like-option'
  readonly merging: 'INCLUDING' | 'EXCLUDING' | 'OVERWRITING'
  readonly feature:
    | 'ALL'
    | 'CONSTRAINTS'
    | 'DISTRIBUTION'
    | 'GENERATED'
    | 'METADATA'
    | 'OPTIONS'
    | 'PARTITIONS'
    | 'WATERMARKS'
}

export interface AlterTable extends NodeBase {
  readonly kind: 'alter-table'
  readonly ifExists: boolean
  readonly name: ObjectName
  readonly action: AlterTableAction
}

/** A column to add or modify and where it goes. */
export interface ColumnChange extends NodeBase {
  readonly kind: 'column-change'
  readonly column: ColumnDefinition
  readonly position?: ColumnPosition
}

export interface ColumnPosition extends NodeBase {
  readonly kind: 'column-position'
  /** AFTER this column; missing: FIRST. */
  readonly after?: Identifier
}

/** ADD (…) or MODIFY (…); at least one part is there. */
export interface ChangeSchema extends NodeBase {
  readonly kind: 'change-schema'
  readonly verb: 'ADD' | 'MODIFY'
  readonly columns: readonly ColumnChange[]
  readonly watermarks: readonly Watermark[]
  readonly constraints: readonly TableConstraint[]
}

export interface ChangeDistribution extends NodeBase {
  readonly kind: 'change-distribution'
  readonly verb: 'ADD' | 'MODIFY'
  readonly distribution: Distribution
}

export interface AddPartitions extends NodeBase {
  readonly kind: 'add-partitions'
  readonly ifNotExists: boolean
  readonly partitions: readonly PartitionDefinition[]
}

export interface PartitionDefinition extends NodeBase {
  readonly kind: 'partition-definition'
  readonly entries: readonly PartitionEntry[]
  readonly options: readonly Property[]
}

export interface DropPartitions extends NodeBase {
  readonly kind: 'drop-partitions'
  readonly ifExists: boolean
  readonly partitions: readonly PartitionDefinition[]
}

export interface DropColumns extends NodeBase {
  readonly kind: 'drop-columns'
  readonly columns: readonly ObjectName[]
}

export interface DropPrimaryKey extends NodeBase {
  readonly kind: 'drop-primary-key'
}

export interface DropConstraint extends NodeBase {
  readonly kind: 'drop-constraint'
  readonly name: Identifier
}

export interface DropWatermark extends NodeBase {
  readonly kind: 'drop-watermark'
}

export interface DropDistribution extends NodeBase {
  readonly kind: 'drop-distribution'
}

export interface RenameColumn extends NodeBase {
  readonly kind: 'rename-column'
  readonly from: ObjectName
  readonly to: ObjectName
}

export interface Rename extends NodeBase {
  readonly kind: 'rename'
  readonly to: ObjectName
}

export interface SetOptions extends NodeBase {
  readonly kind: 'set-options'
  readonly options: readonly Property[]
}

export interface ResetOptions extends NodeBase {
  readonly kind: 'reset-options'
  readonly keys: readonly StringLiteral[]
}

/** AS query. */
export interface ChangeQuery extends NodeBase {
  readonly kind: 'change-query'
  readonly query: Query
}

export interface ChangeComment extends NodeBase {
  readonly kind: 'change-comment'
  readonly comment: StringLiteral
}

export type AlterTableAction =
  | ChangeSchema
  | ChangeDistribution
  | AddPartitions
  | DropPartitions
  | DropColumns
  | DropPrimaryKey
  | DropConstraint
  | DropWatermark
  | DropDistribution
  | RenameColumn
  | Rename
  | SetOptions
  | ResetOptions

/** What all plain DROP statements share. */
export interface DropBase extends NodeBase {
  readonly ifExists: boolean
  readonly name: ObjectName
}

export interface DropTable extends DropBase {
  readonly kind: 'drop-table'
  readonly temporary: boolean
}

export interface AnalyzeTable extends NodeBase {
  readonly kind: 'analyze-table'
  readonly name: ObjectName
  readonly partition: readonly PartitionEntry[]
  readonly allColumns: boolean
  readonly columns: readonly Identifier[]
}

// ---- materialized tables

export interface CreateMaterializedTable extends NodeBase {
  readonly kind: 'create-materialized-table'
  readonly orAlter: boolean
  readonly ifNotExists: boolean
  readonly name: ObjectName
  readonly columns: readonly ColumnDefinition[]
  readonly watermarks: readonly Watermark[]
  readonly constraints: readonly TableConstraint[]
  readonly columnOrder?: readonly Identifier[]
  readonly comment?: StringLiteral
  readonly distribution?: Distribution
  readonly partitionedBy: readonly Identifier[]
  readonly options: readonly Property[]
  readonly freshness?: IntervalLiteral
  readonly refreshMode?: 'CONTINUOUS' | 'FULL'
  readonly startMode?: StartMode
  readonly query: Query
}

export interface StartMode extends NodeBase {
  readonly kind: 'start-mode'
  readonly mode:
    | 'FROM_BEGINNING'
    | 'FROM_NOW'
    | 'FROM_TIMESTAMP'
    | 'RESUME_OR_FROM_BEGINNING'
    | 'RESUME_OR_FROM_NOW'
    | 'RESUME_OR_FROM_TIMESTAMP'
  /** The interval of FROM_NOW, the timestamp of FROM_TIMESTAMP. */
  readonly argument?: Expression
}

export interface AlterMaterializedTable extends NodeBase {
  readonly kind: 'alter-materialized-table'
  readonly name: ObjectName
  readonly action: AlterMaterializedTableAction
}

export interface SuspendRefresh extends NodeBase {
  readonly kind: 'suspend'
}

export interface ResumeRefresh extends NodeBase {
  readonly kind: 'resume'
  readonly options: readonly Property[]
}

export interface RefreshNow extends NodeBase {
  readonly kind: 'refresh'
  readonly partition: readonly PartitionEntry[]
}

export type AlterMaterializedTableAction = AlterTableAction | SuspendRefresh | ResumeRefresh | RefreshNow | ChangeQuery

export interface DropMaterializedTable extends DropBase {
  readonly kind: 'drop-materialized-table'
}

// ---- views

export interface CreateView extends NodeBase {
  readonly kind: 'create-view'
  readonly temporary: boolean
  readonly ifNotExists: boolean
  readonly name: ObjectName
  /** Empty: the query's own names. */
  readonly columns: readonly Identifier[]
  readonly comment?: StringLiteral
  readonly query: Query
}

export interface AlterView extends NodeBase {
  readonly kind: 'alter-view'
  readonly name: ObjectName
  readonly action: Rename | ChangeQuery
}

export interface DropView extends DropBase {
  readonly kind: 'drop-view'
  readonly temporary: boolean
}

// ---- functions

export type FunctionScope = 'CATALOG' | 'TEMPORARY' | 'TEMPORARY SYSTEM'

export interface CreateFunction extends NodeBase {
  readonly kind: 'create-function'
  readonly scope: FunctionScope
  readonly ifNotExists: boolean
  readonly name: ObjectName
  readonly identifier: StringLiteral
  readonly language?: FunctionLanguage
  readonly resources: readonly FunctionResource[]
  readonly options: readonly Property[]
}

/** JAVASCRIPT is Millrace's own, the others are Flink's. */
export type FunctionLanguage = 'JAVA' | 'SCALA' | 'PYTHON' | 'SQL' | 'JAVASCRIPT'

export interface FunctionResource extends NodeBase {
  readonly kind: 'function-resource'
  readonly type: 'JAR' | 'ARTIFACT'
  readonly path: StringLiteral
}

export interface AlterFunction extends NodeBase {
  readonly kind: 'alter-function'
  readonly scope: FunctionScope
  readonly ifExists: boolean
  readonly name: ObjectName
  readonly identifier: StringLiteral
  readonly language?: FunctionLanguage
}

export interface DropFunction extends DropBase {
  readonly kind: 'drop-function'
  readonly scope: FunctionScope
}

// ---- catalogs and databases

export interface CreateCatalog extends NodeBase {
  readonly kind: 'create-catalog'
  readonly ifNotExists: boolean
  readonly name: Identifier
  readonly comment?: StringLiteral
  readonly options: readonly Property[]
}

export interface AlterCatalog extends NodeBase {
  readonly kind: 'alter-catalog'
  readonly name: Identifier
  readonly action: SetOptions | ResetOptions | ChangeComment
}

export interface DropCatalog extends NodeBase {
  readonly kind: 'drop-catalog'
  readonly ifExists: boolean
  readonly name: Identifier
}

export interface CreateDatabase extends NodeBase {
  readonly kind: 'create-database'
  readonly ifNotExists: boolean
  readonly name: ObjectName
  readonly comment?: StringLiteral
  readonly options: readonly Property[]
}

export interface AlterDatabase extends NodeBase {
  readonly kind: 'alter-database'
  readonly name: ObjectName
  readonly action: SetOptions
}

export interface DropDatabase extends DropBase {
  readonly kind: 'drop-database'
  /** Missing: RESTRICT. */
  readonly behavior?: 'RESTRICT' | 'CASCADE'
}

// ---- models

export interface CreateModel extends NodeBase {
  readonly kind: 'create-model'
  readonly temporary: boolean
  readonly ifNotExists: boolean
  readonly name: ObjectName
  readonly input: readonly PhysicalColumn[]
  readonly output: readonly PhysicalColumn[]
  readonly comment?: StringLiteral
  readonly options: readonly Property[]
  readonly query?: Query
}

export interface AlterModel extends NodeBase {
  readonly kind: 'alter-model'
  readonly ifExists: boolean
  readonly name: ObjectName
  readonly action: Rename | SetOptions | ResetOptions
}

export interface DropModel extends DropBase {
  readonly kind: 'drop-model'
  readonly temporary: boolean
}

export type DdlStatement =
  | CreateTable
  | AlterTable
  | DropTable
  | AnalyzeTable
  | CreateMaterializedTable
  | AlterMaterializedTable
  | DropMaterializedTable
  | CreateView
  | AlterView
  | DropView
  | CreateFunction
  | AlterFunction
  | DropFunction
  | CreateCatalog
  | AlterCatalog
  | DropCatalog
  | CreateDatabase
  | AlterDatabase
  | DropDatabase
  | CreateModel
  | AlterModel
  | DropModel

export type DdlKind = DdlStatement['kind']
