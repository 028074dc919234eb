/** Statements that are not definitions: DML, execution, EXPLAIN, session, introspection, resources, jobs. */
import type { DdlStatement, PartitionEntry } from './definition.ts'
import type { CallExpression, Expression } from './expression.ts'
import type { Identifier, ObjectName, Property, Span, StringLiteral } from './node.ts'
import type { Hint, Query } from './query.ts'

interface NodeBase {
  readonly span: Span
}

// ---- DML and execution

/** `EXECUTE INSERT` is the same. */
export interface Insert extends NodeBase {
  readonly kind: 'insert'
  readonly overwrite: boolean
  readonly table: ObjectName
  readonly hints: readonly Hint[]
  /** Static partition values. */
  readonly partition: readonly PartitionEntry[]
  /** Missing: all columns. A name may be a path into a ROW column. */
  readonly columns?: readonly ObjectName[]
  readonly query: Query
  readonly onConflict?: 'NOTHING' | 'ERROR' | 'DEDUPLICATE'
}

/** EXECUTE STATEMENT SET BEGIN … END, also from `BEGIN STATEMENT SET; … END;` in a script. Never empty. */
export interface StatementSet extends NodeBase {
  readonly kind: 'statement-set'
  readonly inserts: readonly Insert[]
}

/** `BEGIN STATEMENT SET` alone, as typed line by line. */
export interface BeginStatementSet extends NodeBase {
  readonly kind: 'begin-statement-set'
}

/** `END` alone. */
export interface EndStatementSet extends NodeBase {
  readonly kind: 'end-statement-set'
}

export interface Update extends NodeBase {
  readonly kind: 'update'
  readonly table: ObjectName
  readonly alias?: Identifier
  readonly assignments: readonly Assignment[]
  readonly where?: Expression
}

export interface Assignment extends NodeBase {
  readonly kind: 'assignment'
  readonly column: ObjectName
  readonly value: Expression
}

export interface Delete extends NodeBase {
  readonly kind: 'delete'
  readonly table: ObjectName
  readonly alias?: Identifier
  readonly where?: Expression
}

export interface Truncate extends NodeBase {
  readonly kind: 'truncate'
  readonly table: ObjectName
}

export interface CallProcedure extends NodeBase {
  readonly kind: 'call-procedure'
  readonly call: CallExpression
}

export type ExplainDetail = 'ESTIMATED_COST' | 'CHANGELOG_MODE' | 'JSON_EXECUTION_PLAN' | 'PLAN_ADVICE'

/** EXPLAIN, EXPLAIN PLAN FOR, EXPLAIN detail, … */
export interface Explain extends NodeBase {
  readonly kind: 'explain'
  readonly details: readonly ExplainDetail[]
  readonly statement: ExplainableStatement
}

export type ExplainableStatement =
  | Query
  | Insert
  | StatementSet
  | Update
  | Delete
  | Extract<DdlStatement, { readonly kind: 'create-table' | 'create-materialized-table' }>

export interface CompilePlan extends NodeBase {
  readonly kind: 'compile-plan'
  readonly path: StringLiteral
  readonly ifNotExists: boolean
  readonly statement: Insert | StatementSet
}

export interface ExecutePlan extends NodeBase {
  readonly kind: 'execute-plan'
  readonly path: StringLiteral
}

export interface CompileAndExecutePlan extends NodeBase {
  readonly kind: 'compile-and-execute-plan'
  readonly path: StringLiteral
  readonly statement: Insert | StatementSet
}

// ---- session

export interface UseCatalog extends NodeBase {
  readonly kind: 'use-catalog'
  readonly name: Identifier
}

export interface UseDatabase extends NodeBase {
  readonly kind: 'use-database'
  readonly name: ObjectName
}

export interface UseModules extends NodeBase {
  readonly kind: 'use-modules'
  readonly names: readonly Identifier[]
}

export interface LoadModule extends NodeBase {
  readonly kind: 'load-module'
  readonly name: Identifier
  readonly options: readonly Property[]
}

export interface UnloadModule extends NodeBase {
  readonly kind: 'unload-module'
  readonly name: Identifier
}

/** Without property: list everything. */
export interface SetOption extends NodeBase {
  readonly kind: 'set'
  readonly property?: Property
}

/** Without key: reset everything. */
export interface ResetOption extends NodeBase {
  readonly kind: 'reset'
  readonly key?: StringLiteral
}

export interface AddJar extends NodeBase {
  readonly kind: 'add-jar'
  readonly path: StringLiteral
}

export interface RemoveJar extends NodeBase {
  readonly kind: 'remove-jar'
  readonly path: StringLiteral
}

// ---- introspection

export interface LikeFilter extends NodeBase {
  readonly kind: 'like-filter'
  readonly operator: 'LIKE' | 'ILIKE'
  readonly negated: boolean
  readonly pattern: StringLiteral
}

/** SHOW of a plain list of names. */
export interface Show extends NodeBase {
  readonly kind: 'show'
  readonly object:
    | 'CATALOGS'
    | 'DATABASES'
    | 'TABLES'
    | 'VIEWS'
    | 'MATERIALIZED TABLES'
    | 'FUNCTIONS'
    | 'USER FUNCTIONS'
    | 'PROCEDURES'
    | 'MODELS'
    | 'MODULES'
    | 'FULL MODULES'
    | 'JARS'
    | 'JOBS'
    | 'CURRENT CATALOG'
    | 'CURRENT DATABASE'
  /** FROM or IN: a catalog for DATABASES, else a database. */
  readonly scope?: ObjectName
  readonly filter?: LikeFilter
}

export interface ShowColumns extends NodeBase {
  readonly kind: 'show-columns'
  readonly table: ObjectName
  readonly filter?: LikeFilter
}

export interface ShowPartitions extends NodeBase {
  readonly kind: 'show-partitions'
  readonly table: ObjectName
  readonly partition: readonly PartitionEntry[]
}

export interface ShowCreate extends NodeBase {
  readonly kind: 'show-create'
  readonly object: 'TABLE' | 'VIEW' | 'CATALOG' | 'DATABASE' | 'FUNCTION' | 'MODEL' | 'MATERIALIZED TABLE'
  readonly name: ObjectName
}

/** DESCRIBE and DESC of a catalog object; of a table also with a view's name. */
export interface Describe extends NodeBase {
  readonly kind: 'describe'
  readonly object: 'TABLE' | 'CATALOG' | 'DATABASE' | 'FUNCTION' | 'MODEL'
  readonly extended: boolean
  readonly name: ObjectName
}

export interface DescribeJob extends NodeBase {
  readonly kind: 'describe-job'
  readonly job: StringLiteral
}

export interface StopJob extends NodeBase {
  readonly kind: 'stop-job'
  readonly job: StringLiteral
  readonly withSavepoint: boolean
  readonly withDrain: boolean
}

// ---- client

export interface ClientCommand extends NodeBase {
  readonly kind: 'client-command'
  /** EXIT is QUIT. */
  readonly command: 'HELP' | 'CLEAR' | 'QUIT'
}

/** SOURCE 'file'. */
export interface Source extends NodeBase {
  readonly kind: 'source'
  readonly path: StringLiteral
}

export type Statement =
  | Query
  | DdlStatement
  | Insert
  | StatementSet
  | BeginStatementSet
  | EndStatementSet
  | Update
  | Delete
  | Truncate
  | CallProcedure
  | Explain
  | CompilePlan
  | ExecutePlan
  | CompileAndExecutePlan
  | UseCatalog
  | UseDatabase
  | UseModules
  | LoadModule
  | UnloadModule
  | SetOption
  | ResetOption
  | AddJar
  | RemoveJar
  | Show
  | ShowColumns
  | ShowPartitions
  | ShowCreate
  | Describe
  | DescribeJob
  | StopJob
  | ClientCommand
  | Source

export type StatementKind = Statement['kind']
