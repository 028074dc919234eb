/** Keeps two processes from writing one directory. The lock of a dead process is taken over. */
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MillraceError } from './errors.ts'

interface Holder {
  readonly pid: number
  /** Start time of the process where the system tells it: a reused pid is another process. */
  readonly started: string
}

/** @returns a function that releases the lock; throws DATA_DIRECTORY_LOCKED where a living process holds it */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true })
  const file = join(directory, 'lock')
  const own = join(directory, `lock.${process.pid}`)
  writeFileSync(
    own,
    JSON.stringify({ pid: process.pid, started: processState(process.pid)?.started ?? '' } satisfies Holder),
  )
  try {
    acquire(directory, file, own)
  } finally {
    rmSync(own, { force: true })
  }
  return () => {
    rmSync(file, { force: true })
  }
}

/** Linking a finished file is atomic: nobody ever reads half a lock. */
function acquire(directory: string, file: string, own: string): void {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      linkSync(own, file)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const holder = readHolder(file)
    if (holder !== undefined && isAlive(holder)) throw lockedError(directory, holder)
    rmSync(file, { force: true })
  }
  throw lockedError(directory, readHolder(file))
}

function lockedError(directory: string, holder: Holder | undefined): MillraceError {
  return new MillraceError('DATA_DIRECTORY_LOCKED', `data directory "${directory}" is used by another process`, {
    detail: holder === undefined ? undefined : `Process ${holder.pid} holds it.`,
    hint: 'End that process, or choose another directory with --data-dir.',
  })
}

function readHolder(file: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8')) as Partial<Holder>
    return typeof holder.pid === 'number' ? { pid: holder.pid, started: holder.started ?? '' } : undefined
  } catch {
    return undefined
  }
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  const state = processState(holder.pid)
  return state === undefined || (state.letter !== 'Z' && state.started === holder.started)
}

/** From /proc/<pid>/stat: the state (Z: dead, not yet reaped) and field 22; undefined where there is no /proc. */
function processState(pid: number): { readonly letter: string; readonly started: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { letter: fields[0] ?? '', started: fields[19] ?? '' }
  } catch {
    return undefined
  }
}
