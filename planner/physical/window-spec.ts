/** Windows as nodes of the operator graph have them. */
import type { SqlType } from '../../core/types.ts'

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
