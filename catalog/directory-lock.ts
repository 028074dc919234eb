/** Keeps two processes from writing one catalog. The lock of a dead process is taken over. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MillraceError } from '../core/errors.ts'

interface Holder {
  readonly pid: number
  /** Start time of the process where the system tells it: a reused pid is another process. */
  readonly started: string
}

/** @returns a function that releases the lock; throws DATA_DIRECTORY_LOCKED where a living process holds it */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true })
  const file = join(directory, 'catalog.lock')
  const mine: Holder = { pid: process.pid, started: startTime(process.pid) }
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(file, JSON.stringify(mine), { flag: 'wx' })
      return () => {
        rmSync(file, { force: true })
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const holder = readHolder(file)
      if (attempt > 2 || (holder !== undefined && isAlive(holder))) throw lockedError(directory, holder)
      rmSync(file, { force: true })
    }
  }
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
  return startTime(holder.pid) === holder.started
}

/** Field 22 of /proc/<pid>/stat; empty where there is no /proc. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
