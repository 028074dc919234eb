/** What the job's thread and its workers say to each other. */
import { MillraceError, type SourcePosition } from '../../../core/errors.ts'
import type { ErrorCode } from '../../../core/error-codes.ts'
import type { JsonValue } from '../../../core/json.ts'
import type { Deployment } from '../../../planner/physical/exchange.ts'
import type { OperatorGraph } from '../../../planner/physical/graph.ts'
import type { MemoryShare } from '../../../state/memory/mapped-memory.ts'
import type { PageWrite } from '../../../state/state-store.ts'
import { isInFile } from '../../../state/table/page-bytes.ts'
import type { SubtaskState } from '../../checkpoint/subtask-state.ts'
import type { SharedMemory } from '../exchange/exchanges.ts'
import type { GatheredState, GatherRequest, SlowestSplit, StageStatistics } from '../job-attempt.ts'

/** What a worker is started with. */
export interface WorkerSetup {
  readonly worker: number
  readonly graph: OperatorGraph
  readonly deployment: Deployment
  readonly memory: SharedMemory
  readonly jobName: string
  readonly configuration: Readonly<Record<string, string>>
  readonly checkpointing: boolean
  /** Whether somebody takes the rows of a SELECT. */
  readonly collects: boolean
  /** Module that exports CONNECTORS; absent: the ones there are. */
  readonly connectorsModule: string | undefined
  /** Directory of compiled modules; absent: none are kept. */
  readonly compileCache: string | undefined
  /** Where its state is; absent: on its heap. */
  readonly stateMemory: MemoryShare | undefined
}

/** A subtask's state as plain data. */
export interface SentState {
  readonly operators: readonly string[]
  readonly pages: Readonly<Record<string, readonly PageWrite[]>>
  readonly positions: Readonly<Record<string, JsonValue>>
  readonly handles: Readonly<Record<string, readonly JsonValue[]>>
}

/** By kind of request: what is sent and what comes back. */
export interface Requests {
  readonly open: { readonly request: SentState | undefined; readonly response: undefined }
  readonly run: { readonly request: undefined; readonly response: undefined }
  readonly gather: { readonly request: GatherRequest; readonly response: GatheredState }
  readonly prepare: { readonly request: number; readonly response: Record<string, JsonValue> }
  readonly resume: { readonly request: undefined; readonly response: undefined }
  readonly commit: { readonly request: Readonly<Record<string, JsonValue>>; readonly response: undefined }
  readonly complete: { readonly request: Readonly<Record<string, JsonValue>>; readonly response: undefined }
  readonly stop: { readonly request: undefined; readonly response: undefined }
  readonly close: { readonly request: undefined; readonly response: undefined }
}

export type RequestKind = keyof Requests

/** To a worker. */
export type ToWorker =
  | {
      [K in RequestKind]: { readonly kind: K; readonly id: number; readonly content: Requests[K]['request'] }
    }[RequestKind]
  /** The rows of the earliest `collected` that was not answered yet have been taken. */
  | { readonly kind: 'taken' }

export interface WorkerCounts {
  readonly stages: readonly StageStatistics[]
  readonly slowest: SlowestSplit | undefined
  readonly ended: boolean
}

/** From a worker. */
export type FromWorker =
  | { readonly kind: 'answer'; readonly id: number; readonly content: unknown }
  | { readonly kind: 'refused'; readonly id: number; readonly error: SentError }
  | { readonly kind: 'failed'; readonly error: SentError }
  | { readonly kind: 'collected'; readonly node: number; readonly bytes: Uint8Array }
  | { readonly kind: 'output' | 'errorOutput'; readonly text: string }
  | { readonly kind: 'skipped'; readonly records: number }
  | { readonly kind: 'counts'; readonly counts: WorkerCounts }

/** A MillraceError as plain data. */
export interface SentError {
  readonly code: ErrorCode
  readonly message: string
  readonly detail: string | undefined
  readonly hint: string | undefined
  readonly at: Readonly<Record<string, string | number>> | undefined
  readonly position: SourcePosition | undefined
  readonly retryable: boolean
  readonly stack: string | undefined
}

export function sentError(error: MillraceError): SentError {
  const { code, message, detail, hint, at, position, retryable, stack } = error
  return { code, message, detail, hint, at, position, retryable, stack }
}

export function receivedError({ code, message, stack, ...options }: SentError): MillraceError {
  const error = new MillraceError(code, message, options)
  if (stack !== undefined) error.stack = stack
  return error
}

/** @returns what to send, and buffers to be handed over */
export function sentGathered(gathered: GatheredState): {
  readonly content: GatheredState
  readonly buffers: ArrayBuffer[]
} {
  const { pages, buffers } = ownBuffers(gathered.pages)
  return { content: { ...gathered, pages }, buffers }
}

/** Pages whose bytes are in buffers of their own, and these: to be handed over without a copy. */
export function ownBuffers(pages: readonly PageWrite[]): {
  readonly pages: readonly PageWrite[]
  readonly buffers: ArrayBuffer[]
} {
  const buffers: ArrayBuffer[] = []
  const own = pages.map((page) => {
    if (page.bytes === null || isInFile(page.bytes)) return page
    const bytes = page.bytes.byteLength === page.bytes.buffer.byteLength ? page.bytes : new Uint8Array(page.bytes)
    if (!(bytes.buffer instanceof ArrayBuffer)) return page
    buffers.push(bytes.buffer)
    return { ...page, bytes }
  })
  return { pages: own, buffers }
}

export async function sentState(state: SubtaskState, graph: OperatorGraph): Promise<SentState> {
  const uids = graph.nodes.map((node) => node.uid)
  const pages = await Promise.all(uids.map(async (uid) => [uid, await state.pages(uid)] as const))
  return {
    operators: [...state.operators],
    pages: Object.fromEntries(pages.filter(([, own]) => own.length > 0)),
    positions: Object.fromEntries(
      uids.flatMap((uid) => {
        const position = state.position(uid)
        return position === undefined ? [] : [[uid, position]]
      }),
    ),
    handles: Object.fromEntries(uids.map((uid) => [uid, state.handles(uid)] as const)),
  }
}

export function receivedState(sent: SentState): SubtaskState {
  return {
    operators: new Set(sent.operators),
    pages: async (uid) => sent.pages[uid] ?? [],
    position: (uid) => sent.positions[uid],
    handles: (uid) => sent.handles[uid] ?? [],
  }
}
