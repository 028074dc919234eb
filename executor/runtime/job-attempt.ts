/** One run of a job as the job, the coordinator and the metrics see it: in this thread, or in workers. */
import type { JsonValue } from '../../core/json.ts'
import type { PageFileTarget, WrittenPageFile } from '../../state/page-file-output.ts'
import type { PageWrite, RestoredState } from '../../state/state-store.ts'

export interface GatherRequest {
  /** `WITH DRAIN`: as if all inputs had ended. */
  readonly drain: boolean
  /** The input has ended: no state is needed. */
  readonly finished: boolean
  /** By worker: the file that it may write pages to; none: pages are handed over. */
  readonly files: readonly PageFileTarget[]
}

/** By uid of the subtask (see `subtaskUid`). */
export interface GatheredState {
  readonly pages: readonly PageWrite[]
  /** What `PageInFile`s among the pages are in. */
  readonly files: readonly WrittenPageFile[]
  readonly positions: Readonly<Record<string, JsonValue>>
}

/** Counts of one operator; those of several workers add up. */
export interface StageStatistics {
  readonly rowsIn: number
  readonly rowsOut: number
  /** Of sources. */
  readonly rowsRead: number
  readonly bytesRead: number
  /** Of sinks: after constraints. */
  readonly rowsWritten: number
  /** Milliseconds that it computed; that a source waited for sinks. */
  readonly busy: number
  readonly waited: number
  readonly watermark: number
  readonly stateBytes: number
  readonly stateEntries: number
  readonly lateRows: number
}

export interface SlowestSplit {
  readonly source: string
  readonly split: string
  readonly watermark: number
}

export interface JobAttempt {
  /** Rejects when anything fails; never resolves. */
  readonly failure: Promise<never>
  /** It has failed or was ended from outside. */
  readonly stopped: boolean
  /** All inputs have ended. */
  readonly ended: boolean
  open(restored: RestoredState | undefined): Promise<void>
  /** Settles when all inputs have ended or were stopped. */
  run(): Promise<void>
  /** Brings the sources to a stand and gives what has changed since the last call; they stand until `resume`. */
  gather(request: GatherRequest): Promise<GatheredState>
  /**
   * Of the sinks, after `gather`. @returns handles by uid of the subtask
   *
   * @param goOn whether the sources may go on as soon as all sinks take rows again, before `resume`
   */
  prepare(checkpoint: number, goOn: boolean): Promise<Record<string, JsonValue>>
  resume(): void
  commit(handles: Readonly<Record<string, JsonValue>>): Promise<void>
  /** The checkpoint with these positions is durable and committed. */
  complete(positions: Readonly<Record<string, JsonValue>>): Promise<void>
  fail(error: unknown): void
  stop(): void
  close(): Promise<void>
  /** By node id. */
  statistics(): readonly StageStatistics[]
  /** The split that holds the lowest watermark back, with the source it belongs to. */
  slowestSplit(): SlowestSplit | undefined
}
