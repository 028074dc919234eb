/** Nodes of the operator graph that join. */
import type { CatalogTable } from '../../catalog/table.ts'
import type { Schema } from '../../core/types.ts'
import type { Expression } from '../expression.ts'
import type { JoinType } from '../logical/join.ts'
import type { NodeBase } from './node-base.ts'
import type { AttachedWindow, WindowSpec } from './window-spec.ts'

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
