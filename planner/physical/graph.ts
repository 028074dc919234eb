/**
 * The operator graph: what a job runs, as plain JSON data. The planner makes it, EXPLAIN prints it, the executor
 * creates one operator for each node, and a savepoint carries its fingerprint.
 */
import type { UserFunction } from '../../catalog/function.ts'
import type { CatalogTable } from '../../catalog/table.ts'
import type { AggregateCall, Expression, SortField } from '../expression.ts'
import type { IntervalJoinNode, JoinNode, LookupJoinNode, TemporalJoinNode, WindowJoinNode } from './join-nodes.ts'
import type { MatchSpec } from './match-spec.ts'
import type { NodeBase } from './node-base.ts'
import type { AttachedWindow, WindowProperty, WindowSpec } from './window-spec.ts'

/** How a source's rows get their watermark. Times are milliseconds. */
export interface WatermarkStrategy {
  /** Computes the watermark (TIMESTAMP or TIMESTAMP_LTZ) of a row from the source's output schema. */
  readonly expression: Expression
  /** Output column that is the rowtime attribute. */
  readonly rowtime: number
  readonly emit: 'on-periodic' | 'on-event'
  /** With `on-event`: it has to be there between any two rows, not only before those that it makes late. */
  readonly afterEveryRow?: boolean
  /** A split without rows for this long does not hold the watermark back; 0: it always does. */
  readonly idleTimeout: number
}

/**
 * Reads a table. Columns come out as `schema`: the physical and metadata columns that the plan needs, in the order
 * of `columns` (names of the table's columns). Computed columns are made by a calc above, except that a watermark
 * over a computed rowtime keeps its `watermark` node above that calc (see `WatermarkNode`).
 */
export interface SourceNode extends NodeBase {
  readonly kind: 'source'
  readonly table: CatalogTable
  readonly columns: readonly string[]
  /** Merged with OPTIONS hints. */
  readonly options: Readonly<Record<string, string>>
}

/** Assigns watermarks, split by split: sits directly above a source or above the calc that makes its rowtime. */
export interface WatermarkNode extends NodeBase {
  readonly kind: 'watermark'
  readonly strategy: WatermarkStrategy
}

export interface ValuesNode extends NodeBase {
  readonly kind: 'values'
  /** Rows of literals (or of constant expressions). */
  readonly rows: readonly (readonly Expression[])[]
}

/** Filter, then project. */
export interface CalcNode extends NodeBase {
  readonly kind: 'calc'
  readonly condition?: Expression
  readonly projections: readonly Expression[]
}

export interface UnionNode extends NodeBase {
  readonly kind: 'union'
}

/** Unbounded GROUP BY; without `aggregates` it is SELECT DISTINCT. Output: the keys, then the aggregates. */
export interface GroupAggregateNode extends NodeBase {
  readonly kind: 'group-aggregate'
  readonly keys: readonly number[]
  readonly aggregates: readonly AggregateCall[]
  /** Whether -U rows are wanted by someone above. */
  readonly emitUpdateBefore: boolean
  /** Whether the input may retract (then a hidden COUNT(*) tells when a group is gone). */
  readonly inputRetracts: boolean
  /** Milliseconds; 0: never. */
  readonly stateTtl: number
  /** Rows are gathered into bundles of at most that many; absent: every row gives its changes at once. */
  readonly miniBatch?: { readonly size: number }
}

/** GROUP BY in batch mode: emits when its input has ended. Output: the keys, then the aggregates. */
export interface HashAggregateNode extends NodeBase {
  readonly kind: 'hash-aggregate'
  readonly keys: readonly number[]
  readonly aggregates: readonly AggregateCall[]
}

/** ORDER BY in batch mode: emits in order when its input has ended. */
export interface SortNode extends NodeBase {
  readonly kind: 'sort'
  readonly order: readonly SortField[]
  readonly offset: number
  /** Absent: all rows from `offset` on. */
  readonly fetch?: number
}

/** Batch mode: emits what a changelog adds up to when it has ended. */
export interface FinalRowsNode extends NodeBase {
  readonly kind: 'final-rows'
}

/** `table.exec.mini-batch.enabled`: emits the watermarks that end bundles. Directly above a source or its watermark. */
export interface MiniBatchAssignerNode extends NodeBase {
  readonly kind: 'mini-batch-assigner'
  /** Milliseconds. */
  readonly interval: number
  /** By the clock, dropping watermarks, or by the watermarks that come. */
  readonly mode: 'proctime' | 'rowtime'
}

/** One copy of a row: for each column but the last the input column that it is, or null for NULL. */
export interface ExpandCopy {
  readonly columns: readonly (number | null)[]
  /** Value of the last column, `$e`. */
  readonly id: number
}

/** Emits every row once for each copy, in their order: GROUPING SETS. */
export interface ExpandNode extends NodeBase {
  readonly kind: 'expand'
  readonly copies: readonly ExpandCopy[]
}

/**
 * GROUP BY window_start, window_end[, keys]. Output: the keys, the aggregates, then the window properties asked for
 * in `properties`. Emits +I once for each window and key, when the watermark passes the end of the window.
 */
export interface WindowAggregateNode extends NodeBase {
  readonly kind: 'window-aggregate'
  /** `group-window`: written as GROUP BY TUMBLE(ts, …), Flink's GroupWindowAggregate. */
  readonly form: 'window-function' | 'group-window'
  readonly window: WindowSpec
  /** Absent: rows get their windows here, by their time. */
  readonly attached?: AttachedWindow
  readonly keys: readonly number[]
  readonly aggregates: readonly AggregateCall[]
  readonly properties: readonly WindowProperty[]
  readonly inputRetracts: boolean
}

/** ROW_NUMBER() OVER (PARTITION BY window_start, window_end …) with a range. Output: the input, then the number if wanted. */
export interface WindowRankNode extends NodeBase {
  readonly kind: 'window-rank'
  readonly window: WindowSpec
  readonly attached: AttachedWindow
  /** Without the window's columns. */
  readonly keys: readonly number[]
  readonly order: readonly SortField[]
  /** Numbers of the rows, from 1 on. */
  readonly start: number
  readonly end: number
  readonly outputRankNumber: boolean
}

/** The first or the last row of each window and key by a time attribute. */
export interface WindowDeduplicateNode extends NodeBase {
  readonly kind: 'window-deduplicate'
  readonly window: WindowSpec
  readonly attached: AttachedWindow
  /** Without the window's columns. */
  readonly keys: readonly number[]
  readonly keep: 'first' | 'last'
  readonly timeColumn: number
}

/** A window TVF that no aggregation consumes: appends window_start, window_end, window_time to each row. */
export interface WindowTableFunctionNode extends NodeBase {
  readonly kind: 'window-table-function'
  readonly window: WindowSpec
}

/** UNNEST of a collection column (ARRAY, MAP, MULTISET; NULL has no elements), or a function that a user wrote. */
export type TableInvocation =
  | {
      readonly kind: 'unnest'
      /** The collection: one input column. */
      readonly args: readonly [number]
      readonly withOrdinality: boolean
    }
  | {
      readonly kind: 'user'
      readonly function: UserFunction
      /** Input columns. */
      readonly args: readonly number[]
    }
  | {
      readonly kind: 'replicate-rows'
      /** How often (a BIGINT), then the columns that are repeated. */
      readonly args: readonly number[]
    }

/** A table function for every row: the input's columns, then the function's; row kinds are the input row's. */
export interface CorrelateNode extends NodeBase {
  readonly kind: 'correlate'
  readonly invocation: TableInvocation
  /** `left`: a row for which the function gives nothing comes out once, with NULLs. */
  readonly joinType: 'inner' | 'left'
  /** Of a left join, over its output: what of the function's rows counts. */
  readonly condition?: Expression
}

/** MATCH_RECOGNIZE with ONE ROW PER MATCH. Output: the partition columns, then the measures; +I only. */
export interface MatchNode extends NodeBase {
  readonly kind: 'match'
  readonly match: MatchSpec
}

/** Turns an upsert stream into a full changelog by remembering the last row of each key (Flink's ChangelogNormalize). */
export interface ChangelogNormalizeNode extends NodeBase {
  readonly kind: 'changelog-normalize'
  readonly keys: readonly number[]
  readonly emitUpdateBefore: boolean
  readonly stateTtl: number
}

/** Names of row kinds, in the order of their codes (+I, -U, +U, -D). */
export const CHANGE_OPERATIONS = ['INSERT', 'UPDATE_BEFORE', 'UPDATE_AFTER', 'DELETE'] as const

export interface ToChangelogSpec {
  /** Name of the column that tells the operation. */
  readonly op: string
  /** What it holds, by row kind; rows of a kind with null are left out. */
  readonly codes: readonly (string | null)[]
  /** With PARTITION BY updates are understood without -U where no code is given for it. */
  readonly partitioned: boolean
}

/** TO_CHANGELOG: every row is +I. Output: the input, then the operation. */
export interface ToChangelogNode extends NodeBase {
  readonly kind: 'to-changelog'
  readonly spec: ToChangelogSpec
}

export interface FromChangelogSpec {
  /** Input column of the operation. */
  readonly op: number
  /** Row kinds by what that column holds. */
  readonly kinds: readonly (readonly [string, number])[]
  /** What becomes of rows whose operation is NULL or not known. */
  readonly invalidOp: 'FAIL' | 'SKIP'
  /** Input columns by which +U replaces rows; absent where every +U comes with a -U. */
  readonly keys?: readonly number[]
}

/** FROM_CHANGELOG: rows as the changes that they tell. Output: the input without the operation. */
export interface FromChangelogNode extends NodeBase {
  readonly kind: 'from-changelog'
  readonly spec: FromChangelogSpec
}

export interface ProcessFunctionSpec {
  readonly function: UserFunction
  /** Input columns: the row, then the other arguments. */
  readonly args: readonly number[]
  /** Input columns of PARTITION BY: rows come with the state of their key; without any there is no state. */
  readonly keys: readonly number[]
  /** `uid`: names the state. */
  readonly name?: string
}

/** A function that takes a table and only appends. Output: the columns of PARTITION BY, then the function's. */
export interface ProcessFunctionNode extends NodeBase {
  readonly kind: 'process-function'
  readonly spec: ProcessFunctionSpec
  /** Milliseconds; 0: never. */
  readonly stateTtl: number
}

/** Drops -U rows that the consumer does not want. */
export interface DropUpdateBeforeNode extends NodeBase {
  readonly kind: 'drop-update-before'
}

/** Brings a changelog whose upsert key is not the sink's primary key into an order that is right for that key. */
export interface SinkMaterializeNode extends NodeBase {
  readonly kind: 'sink-materialize'
  readonly keys: readonly number[]
  /** ON CONFLICT: rows wait for watermarks, and one row of a key is the only one or the first; absent: the last one. */
  readonly conflict?: 'ERROR' | 'NOTHING'
  readonly stateTtl: number
}

/** Rows of a partition by their number from 1 on, or all up to the value of a column. */
export type RankRange =
  | { readonly kind: 'constant'; readonly start: number; readonly end: number }
  | { readonly kind: 'variable'; readonly column: number }

/** What the input of a Top-N may bring: only inserts; rows that replace others by key and never move down; anything. */
export type RankStrategy = 'append-fast' | 'update-fast' | 'retract'

/** How a Top-N works, whatever it stands for. */
export interface TopNSpec {
  readonly strategy: RankStrategy
  /** With `update-fast`: columns by which rows replace each other. */
  readonly rowKey: readonly number[]
  readonly emitUpdateBefore: boolean
  /** Milliseconds; 0: never. */
  readonly stateTtl: number
}

/** ROW_NUMBER() OVER (PARTITION BY … ORDER BY …) with a range. Output: the input, then the number if it is wanted. */
export interface RankNode extends NodeBase, TopNSpec {
  readonly kind: 'rank'
  readonly keys: readonly number[]
  readonly order: readonly SortField[]
  readonly range: RankRange
  readonly outputRankNumber: boolean
}

/** The first or the last row of each key by a time attribute. */
export interface DeduplicateNode extends NodeBase {
  readonly kind: 'deduplicate'
  readonly keys: readonly number[]
  readonly keep: 'first' | 'last'
  readonly time: 'rowtime' | 'proctime'
  readonly timeColumn: number
  readonly emitUpdateBefore: boolean
  /** `table.exec.insert-and-updateafter-sensitive`: whether a first row has to be +I. */
  readonly emitInsert: boolean
  readonly stateTtl: number
}

/** LIMIT without ORDER BY: the first rows that come. */
export interface LimitNode extends NodeBase, TopNSpec {
  readonly kind: 'limit'
  readonly offset: number
  readonly fetch: number
}

/** ORDER BY with LIMIT: a Top-N over everything. */
export interface SortLimitNode extends NodeBase, TopNSpec {
  readonly kind: 'sort-limit'
  readonly order: readonly SortField[]
  readonly offset: number
  readonly fetch: number
}

/** ORDER BY a time attribute, ascending, and then other columns: rows come out when the watermark has passed them. */
export interface TemporalSortNode extends NodeBase {
  readonly kind: 'temporal-sort'
  readonly order: readonly SortField[]
  readonly time: 'rowtime' | 'proctime'
}

/**
 * Bounds count from the row itself: 0 is CURRENT ROW, -2 is 2 PRECEDING (rows, or milliseconds and numbers of RANGE),
 * null without bound.
 */
export interface OverFrame {
  readonly unit: 'ROWS' | 'RANGE'
  readonly start: number | null
  readonly end: number | null
}

/** Window functions of one window. Output: the input, then the calls. */
export interface OverAggregateNode extends NodeBase {
  readonly kind: 'over-aggregate'
  readonly keys: readonly number[]
  readonly order: SortField
  /** Of the order: `value` is a column that is no time attribute. */
  readonly time: 'rowtime' | 'proctime' | 'value'
  readonly frame: OverFrame
  readonly calls: readonly AggregateCall[]
  readonly emitUpdateBefore: boolean
  readonly inputRetracts: boolean
  readonly stateTtl: number
}

/** Window functions of one window in batch mode. Output: the input, then the calls. */
export interface BatchOverAggregateNode extends NodeBase {
  readonly kind: 'batch-over-aggregate'
  readonly keys: readonly number[]
  readonly order: readonly SortField[]
  readonly frame: OverFrame
  readonly calls: readonly AggregateCall[]
}

export interface SinkNode extends NodeBase {
  readonly kind: 'sink'
  readonly table: CatalogTable
  readonly options: Readonly<Record<string, string>>
  /** Writable columns of the table in the order of the input's columns. */
  readonly columns: readonly string[]
  /** INSERT INTO t PARTITION (…) OVERWRITE. */
  readonly overwrite: boolean
  /** Input columns of the table's primary key. */
  readonly primaryKey: readonly number[]
  /** `table.exec.sink.not-null-enforcer`: columns that may not be NULL. */
  readonly notNull: readonly number[]
  readonly notNullEnforcer: 'ERROR' | 'DROP'
  /** As written; carried out by a `sink-materialize` node below. */
  readonly onConflict?: 'NOTHING' | 'ERROR' | 'DEDUPLICATE'
  /** `table.exec.sink.type-length-enforcer`; absent: IGNORE. */
  readonly typeLengthEnforcer?: 'TRIM_PAD' | 'ERROR'
}

/** Hands the changelog of a SELECT to the session. */
export interface CollectNode extends NodeBase {
  readonly kind: 'collect'
}

export type OperatorNode =
  | SourceNode
  | WatermarkNode
  | ValuesNode
  | CalcNode
  | UnionNode
  | ExpandNode
  | GroupAggregateNode
  | HashAggregateNode
  | SortNode
  | FinalRowsNode
  | MiniBatchAssignerNode
  | WindowAggregateNode
  | WindowTableFunctionNode
  | WindowRankNode
  | WindowDeduplicateNode
  | CorrelateNode
  | JoinNode
  | MatchNode
  | ChangelogNormalizeNode
  | IntervalJoinNode
  | TemporalJoinNode
  | WindowJoinNode
  | LookupJoinNode
  | ToChangelogNode
  | ProcessFunctionNode
  | FromChangelogNode
  | DropUpdateBeforeNode
  | SinkMaterializeNode
  | RankNode
  | DeduplicateNode
  | LimitNode
  | SortLimitNode
  | TemporalSortNode
  | OverAggregateNode
  | BatchOverAggregateNode
  | SinkNode
  | CollectNode

export type OperatorKind = OperatorNode['kind']

export interface OperatorGraph {
  readonly version: 1
  readonly nodes: readonly OperatorNode[]
  /** SHA-256 over the nodes that hold state: a checkpoint of another query has another fingerprint. */
  readonly fingerprint: string
}
