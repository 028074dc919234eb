/**
 * StateStore: where a job's checkpoints are kept. Between two checkpoints nothing is written, so a crash always finds
 * exactly the last completed one.
 */
import type { JsonValue } from '../core/json.ts'
import type { PageFileTarget, WrittenPageFile } from './page-file-output.ts'
import type { PageBytes } from './table/page-bytes.ts'

/** Bumped when the layout of the manifest or of the pages changes; older ones are refused by name. */
export const STATE_FORMAT_VERSION = 4

export interface PageWrite {
  /** Operator, table of the operator, number of the page (as of a `TablePage`). */
  readonly uid: string
  readonly table: string
  readonly page: number
  /** null: the page is gone. */
  readonly bytes: PageBytes | null
}

/** What a checkpoint says besides the operators' pages. Plain JSON. */
export interface Manifest {
  readonly version: number
  readonly jobName: string
  readonly checkpoint: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly fingerprint: string
  /** Number of subtasks that the state is divided among; absent: 1. */
  readonly parallelism?: number
  /** Key groups that keys are divided into; absent where there was only one subtask. */
  readonly maxParallelism?: number
  /** By uid of the operators whose state is divided by some of their keys alone: the positions of these keys. */
  readonly divisions?: { readonly [uid: string]: readonly number[] }
  /** By uid of the operators that have all rows of an input in every subtask: which input. */
  readonly broadcasts?: { readonly [uid: string]: number }
  /** Description of every stateful operator by uid: what a restore compares with. */
  readonly operators: { readonly [uid: string]: string }
  /** What `Source.position()` gave, by uid; of a second and further subtask under a uid of its own. */
  readonly positions: { readonly [uid: string]: JsonValue }
  /** What `Sink.prepare()` gave, likewise; a sink without a handle is not there. */
  readonly handles: { readonly [uid: string]: JsonValue }
  /** The input has ended and everything was written: the handles have only to be committed. */
  readonly finished: boolean
  /** The savepoint that the job was started from. */
  readonly startedFrom?: string
}

export interface RestoredState {
  readonly manifest: Manifest
  /** Pages of one operator; may be asked once for each uid. Those in files are there until the next checkpoint. */
  pages(uid: string): Promise<readonly PageWrite[]>
  /** For messages: the directory, or "memory". */
  readonly origin: string
}

export interface CheckpointResult {
  readonly bytes: number
}

export interface StateStore {
  /** The newest checkpoint that is whole, or undefined for a fresh start. Errors: INVALID_CHECKPOINT. */
  restore(): Promise<RestoredState | undefined>
  /** Files of the next checkpoint that so many threads may write while they encode pages; none: pages are handed over. */
  pageFiles(count: number): readonly PageFileTarget[]
  /**
   * Makes pages and manifest durable in one atomic step.
   *
   * @param files that were written since the last checkpoint
   */
  write(pages: readonly PageWrite[], manifest: Manifest, files?: readonly WrittenPageFile[]): Promise<CheckpointResult>
  /** All pages of the last checkpoint, in no order. */
  allPages(): AsyncIterable<PageWrite>
  /** Forgets everything: the job has ended and been acknowledged, or starts afresh. */
  clear(): Promise<void>
  /** Another one may open the same directory. */
  close(): Promise<void>
  /** Settles when what was forgotten has left the disk. */
  readonly removed: Promise<void>
}
