/** What can be seen of a running job. */

export interface OperatorStatistics {
  readonly uid: string
  readonly kind: string
  readonly description: string
  /** Of sinks: where the rows go, as a person finds it (a path, a topic, a table). */
  readonly target: string | undefined
  readonly rowsIn: number
  readonly rowsOut: number
  /** Of sources: bytes read. */
  readonly bytesIn: number
  /** Share of the time since the last call that the operator computed, 0 to 1. */
  readonly busy: number
  /** Share of that time that a source waited for sinks. */
  readonly backPressured: number
  /** Milliseconds since the epoch; undefined before the first one and after the end of the input. */
  readonly watermark: number | undefined
  readonly stateBytes: number
  readonly stateEntries: number
  readonly lateRows: number
}

export interface CheckpointStatistics {
  readonly completed: number
  readonly last:
    | { readonly id: number; readonly milliseconds: number; readonly bytes: number; readonly at: number }
    | undefined
}

export interface JobMetrics {
  /** Rows read by sources, handed to sinks, and skipped as unreadable. */
  readonly rowsIn: number
  readonly rowsOut: number
  readonly rowsSkipped: number
  readonly bytesIn: number
  /** Milliseconds since the job was started. */
  readonly elapsed: number
  /** Source rows a second since the last call. */
  readonly rowsPerSecond: number
  /** The lowest watermark of the job, and how far it is behind the clock; undefined where there is none. */
  readonly watermark: number | undefined
  readonly watermarkLag: number | undefined
  /** The split that keeps the watermark from advancing. */
  readonly slowestSplit: { readonly source: string; readonly split: string; readonly watermark: number } | undefined
  readonly checkpoints: CheckpointStatistics
  readonly restarts: number
  readonly operators: readonly OperatorStatistics[]
}
