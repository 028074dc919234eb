/** What a micro-benchmark of a hot path is made of. */
import type { Column } from '../../core/column.ts'

/** Rows as they leave an operator, a decoder or a kernel; lent until the next ones. */
export interface Emitted {
  readonly columns: readonly Column[]
  readonly rows: number
  readonly kinds: Uint8Array | null
}

export type Emit = (emitted: Emitted) => void

/** One pass over the input; later passes find what the ones before have left, where the work has state. */
export interface Workload {
  /** Rows, records or keys of a pass. */
  readonly rows: number
  run(emit: Emit): void | Promise<void>
  /** Between passes, outside of what is measured. */
  prepare?(): void | Promise<void>
  /** What is not rows a CPU second: read when all passes are over. */
  figures?(): Promise<Readonly<Record<string, number>>>
  close?(): void | Promise<void>
}

export interface HotCase {
  readonly name: string
  /** What is counted. */
  readonly unit: 'rows' | 'records' | 'keys'
  /** The kernel that is taken for the limit, in a few words. */
  readonly limit: string
  /** Passes to be measured where one takes seconds; default: as many as fit. */
  readonly passes?: number
  /** Whether both sides give the same rows, up to their order: then that is checked. */
  readonly same: boolean
  engine(scale: number): Promise<Workload>
  kernel(scale: number): Workload | Promise<Workload>
  /** What a straightforward program does: an object for each record or key. */
  plain?(): Workload
}
