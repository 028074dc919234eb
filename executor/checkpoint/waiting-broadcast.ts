/**
 * Rows that wait in a window join without keys that has, or had, all rows of one side in every subtask. What waits in one
 * subtask may be in the state of another one: rows of a window are taken once (`rescale-broadcast.ts`).
 */
import type { ChangeBatch } from '../../core/change-batch.ts'
import { invariant } from '../../core/errors.ts'
import { readMilliseconds } from '../operators/timestamps.ts'
import type { WindowEnd } from '../operators/window-join.ts'
import type { Share } from '../runtime/exchange/partitioner.ts'
import type { RunRows } from '../runtime/partitions/gathered-run.ts'

export interface WaitingBroadcast {
  readonly input: number
  /** Whether every new subtask gets its rows; the rows of the other input go to any one then. */
  readonly isCopied: boolean
  readonly end: WindowEnd
  /** By end of the windows whose rows are in the state of some subtask. */
  readonly windows: ReadonlySet<number>
}

/** @param source position of the old subtask that had the rows */
export type Divide = (rows: RunRows, source: number) => readonly Share[]

/** @param byKey divides rows by the ends of their windows */
export function divideBroadcastRows(broadcast: WaitingBroadcast, targets: number, byKey: Divide): Divide {
  const { input, isCopied } = broadcast
  const isTaken = takenOnce(broadcast)
  return (rows, source) => {
    const count = rows.batch.rows
    if (rows.input !== input) return isCopied ? inTurn(count, targets) : byKey(rows, source)
    const taken = isTaken(rows.batch, source)
    if (!isCopied) return byKey(rows, source).map((share) => select(share, (row) => taken[row] === 1))
    const all = select(everyRow(count), (row) => taken[row] === 1)
    return Array.from({ length: targets }, () => all)
  }
}

/** For each row 1 where it is taken: it is of no window that there are rows of elsewhere. */
function takenOnce({ end, windows }: WaitingBroadcast): (batch: ChangeBatch, source: number) => Uint8Array {
  const sources = new Map<number, number>()
  return (batch, source) => {
    const column = batch.columns[end.column]
    invariant(column !== undefined, 'a window join has window_end on both sides')
    const ends = new Float64Array(batch.rows)
    readMilliseconds(column, end.units, batch.rows, 0, ends)
    return Uint8Array.from(ends, (time) => {
      if (windows.has(time)) return 0
      if (!sources.has(time)) sources.set(time, source)
      return sources.get(time) === source ? 1 : 0
    })
  }
}

function inTurn(rows: number, targets: number): readonly Share[] {
  return Array.from({ length: targets }, (_, target) => select(everyRow(rows), (row) => row % targets === target))
}

function everyRow(count: number): Share {
  return { indices: Int32Array.from({ length: count }, (_, row) => row), count }
}

function select({ indices, count }: Share, isWanted: (row: number) => boolean): Share {
  const selected = indices.subarray(0, count).filter(isWanted)
  return { indices: selected, count: selected.length }
}
