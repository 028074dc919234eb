/**
 * What a checkpoint holds for each subtask. The first subtask's pages, positions and handles are under the operator's
 * uid, so that a job in one thread knows of no others; those of the next ones under the uid and their number.
 */
import type { JsonValue } from '../../core/json.ts'
import type { Deployment } from '../../planner/physical/exchange.ts'
import type { OperatorGraph } from '../../planner/physical/graph.ts'
import type { Manifest, PageWrite, RestoredState } from '../../state/state-store.ts'

const SEPARATOR = '\u0002'

export function subtaskUid(uid: string, subtask: number): string {
  return subtask === 0 ? uid : `${uid}${SEPARATOR}${subtask}`
}

/** Of any subtask: the operator's uid, and which subtask it is. */
export function splitSubtaskUid(uid: string): { readonly uid: string; readonly subtask: number } {
  const at = uid.indexOf(SEPARATOR)
  return at < 0 ? { uid, subtask: 0 } : { uid: uid.slice(0, at), subtask: Number(uid.slice(at + 1)) }
}

/** What one subtask of each operator starts from; uids are those of operators. */
export interface SubtaskState {
  readonly operators: ReadonlySet<string>
  pages(uid: string): Promise<readonly PageWrite[]>
  position(uid: string): JsonValue | undefined
  handles(uid: string): readonly JsonValue[]
}

/**
 * @param restored written with the same number of subtasks, or brought to it by `rescale`; handles may be of more
 */
export function subtaskState(restored: RestoredState, subtask: number, parallelism: number): SubtaskState {
  const { manifest } = restored
  // What subtasks have prepared that there are no more is committed by the first one.
  const isMine = (other: number): boolean => other === subtask || (subtask === 0 && other >= parallelism)
  return {
    operators: new Set(Object.keys(manifest.operators)),
    pages: (uid) => restored.pages(subtaskUid(uid, subtask)),
    position: (uid) => manifest.positions[subtaskUid(uid, subtask)],
    handles: (uid) =>
      Object.entries(manifest.handles).flatMap(([key, handle]) => {
        const of = splitSubtaskUid(key)
        return of.uid === uid && isMine(of.subtask) && handle !== null ? [handle] : []
      }),
  }
}

/** Whether a checkpoint is of as many subtasks as the job has, and its state divided among them as the job's. */
export function isOfSubtasks(manifest: Manifest, deployment: Deployment | undefined): boolean {
  if ((manifest.parallelism ?? 1) !== (deployment?.parallelism ?? 1)) return false
  if (deployment === undefined) return true
  if (manifest.maxParallelism !== deployment.maxParallelism) return false
  const { divisions = {}, broadcasts = {} } = manifest
  return (
    JSON.stringify(divisions) === JSON.stringify(deployment.divisions) &&
    JSON.stringify(broadcasts) === JSON.stringify(deployment.broadcasts)
  )
}

/** Uids of all subtasks whose state a checkpoint may hold. */
export function writtenUids(manifest: Manifest, graph: OperatorGraph): readonly string[] {
  return graph.nodes.flatMap(({ uid }) =>
    Array.from({ length: manifest.parallelism ?? 1 }, (_, subtask) => subtaskUid(uid, subtask)),
  )
}
