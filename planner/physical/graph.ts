/**
 * The operator graph: what a job runs, as plain JSON data. The planner makes it, EXPLAIN prints it, the executor
 * creates one operator for each node, and a savepoint carries its fingerprint.
 */
import type { ChangelogMode } from '../../catalog/connector.ts'
import type { UserFunction } from '../../catalog/function.ts'
import type { CatalogTable } from '../../catalog/table.ts'
import type { Schema, SqlType } from '../../core/types.ts'
import type { AggregateCall, Expression, SortField } from '../expression.ts'
import type { JoinType } from '../logical/join.ts'
import type { MatchSpec } from './match-spec.ts'

interface NodeBase {
  /** Position in `OperatorGraph.nodes`. */
  readonly id: number
  /** Stable across plannings of the same query: under this name the operator's state is stored. */
  readonly uid: string
  /** Node ids, all smaller than `id`. */
  readonly inputs: readonly number[]
  readonly schema: Schema
  /** What the node emits. */
  readonly changelog: ChangelogMode
  /** Columns that identify a row of the changelog, where there are such. */
  readonly upsertKey?: readonly number[]
  /** One line for EXPLAIN and metrics: `GroupAggregate(groupBy=[a], select=[a, SUM(b) AS s])`. */
  readonly description: string
}

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

interface WindowTime {
  readonly time: 'rowtime' | 'proctime'
  /** Input column of the time attribute. */
  readonly timeColumn: number
}

/** Windows that lie on a grid. Milliseconds. */
export interface AlignedWindow extends WindowTime {
  readonly kind: 'tumble' | 'hop' | 'cumulate'
  readonly size: number
  /** The slide of HOP and the step of CUMULATE (and the size of TUMBLE). */
  readonly step: number
  readonly offset: number
  /** Of CUMULATE: a window gives results only for groups that its last step has brought rows of. */
  readonly emitOnlyOnUpdate?: boolean
}

/** Windows that grow as long as the next row comes within the gap, for each value of the partition keys. */
export interface SessionWindow extends WindowTime {
  readonly kind: 'session'
  /** Milliseconds. */
  readonly gap: number
  /** Input columns. */
  readonly partitionKeys: readonly number[]
}

export type WindowSpec = AlignedWindow | SessionWindow

export type WindowProperty = 'window_start' | 'window_end' | 'window_time' | 'window_proctime'

/** Input columns that say which window a row is of, where a window function below has given it one. */
export interface AttachedWindow {
  readonly start: number
  readonly end: number
  /** Of the time attribute that the windows were made by. */
  readonly timeType: SqlType
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

/** One side of a join and what is remembered of it. */
export interface JoinSide {
  /** Input columns that are compared with those of the other side, pair by pair. */
  readonly keys: readonly number[]
  /** By which a row replaces another one in the state; no columns where the join keys do that; absent: no row does. */
  readonly uniqueKey?: readonly number[]
  /** Whether the input may take back or update rows. */
  readonly retracts: boolean
  /** Milliseconds; 0: never. */
  readonly stateTtl: number
}

/**
 * Regular join: both sides are remembered. Output: the left columns, then the right ones; of a semi or anti join the
 * left ones alone.
 */
export interface JoinNode extends NodeBase {
  readonly kind: 'join'
  readonly joinType: JoinType
  readonly left: JoinSide
  readonly right: JoinSide
  /** By pair of keys: whether NULL is equal to nothing (`=`), or to NULL (IS NOT DISTINCT FROM). */
  readonly filterNulls: readonly boolean[]
  /** What else has to hold, over the left columns and then the right ones. */
  readonly condition?: Expression
  /** Whether -U rows are wanted by someone above; outer and anti joins make -D and +I of them. */
  readonly emitUpdateBefore: boolean
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

/** What every join with a notion of time has: columns of the left input, then those of the right. */
interface TimedJoinBase extends NodeBase {
  readonly joinType: 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti'
  /** Columns that have to be equal, by side; of equal types. */
  readonly leftKeys: readonly number[]
  readonly rightKeys: readonly number[]
  /** False for a key compared by IS NOT DISTINCT FROM, for which NULL is equal to NULL. */
  readonly filterNulls: readonly boolean[]
  /** What else has to be TRUE, over the columns of both inputs. */
  readonly condition?: Expression
}

/** `left.time BETWEEN right.time + lower AND right.time + upper`, in milliseconds. */
export interface IntervalBounds {
  readonly time: 'rowtime' | 'proctime'
  readonly lower: number
  readonly upper: number
  /** Columns of the time attributes in their inputs. */
  readonly leftTime: number
  readonly rightTime: number
}

/** A join whose condition bounds the distance of two time attributes; both inputs only append. */
export interface IntervalJoinNode extends TimedJoinBase {
  readonly kind: 'interval-join'
  readonly joinType: 'inner' | 'left' | 'right' | 'full'
  readonly bounds: IntervalBounds
  /** The whole condition, for EXPLAIN. */
  readonly where: Expression
  /** `table.exec.interval-join.min-cleanup-interval`, in milliseconds. */
  readonly minCleanupInterval: number
}

/**
 * Each row of the left input with the version that the row of the right input with the same key had at the left row's
 * time. The left rows wait for the watermark; they keep their row kinds.
 */
export interface TemporalJoinNode extends TimedJoinBase {
  readonly kind: 'temporal-join'
  readonly joinType: 'inner' | 'left'
  /** Columns of the rowtime attributes in their inputs. */
  readonly leftTime: number
  readonly rightTime: number
  /** Columns of the right input that identify a versioned row. */
  readonly primaryKey: readonly number[]
  /** The whole condition, for EXPLAIN. */
  readonly where: Expression
  /** Milliseconds; 0: never. */
  readonly stateTtl: number
}

/** Joins rows of the same window when the watermark passes its end; both inputs only append. */
export interface WindowJoinNode extends TimedJoinBase {
  readonly kind: 'window-join'
  readonly window: WindowSpec
  readonly left: AttachedWindow
  readonly right: AttachedWindow
  /** What is in `condition` and the equalities of the keys, for EXPLAIN. */
  readonly where: Expression | undefined
}

/** A column that rows are looked up by, and what it has to be equal to. */
export interface LookupKey {
  /** Position in `LookupJoinNode.lookup`. */
  readonly column: number
  /** Over the columns of the input: one of them, or a constant. */
  readonly value: Expression
}

/** Each row of the input with the rows that an external table has for it at the moment. */
export interface LookupJoinNode extends NodeBase {
  readonly kind: 'lookup-join'
  readonly joinType: 'inner' | 'left'
  readonly table: CatalogTable
  /** Merged with OPTIONS hints. */
  readonly options: Readonly<Record<string, string>>
  /** What is read of the table, as of a source. */
  readonly columns: readonly string[]
  readonly lookup: Schema
  readonly keys: readonly LookupKey[]
  /** What the rows found become before they are joined: computed columns, and only those wanted. */
  readonly projections: readonly Expression[]
  /** What else has to be TRUE, over the input's columns and then those of `projections`. */
  readonly condition?: Expression
  readonly asynchronous: {
    /** False: `ALLOW_UNORDERED`, and the input only appends. */
    readonly ordered: boolean
    /** Requests that are under way at the most. */
    readonly capacity: number
    /** Milliseconds that a request may take, with all that is tried again. */
    readonly timeout: number
  }
  /** LOOKUP hint: ask again for a key without rows, after so many milliseconds, so often in all. */
  readonly retry?: { readonly delay: number; readonly attempts: number }
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
