/**
 * How a step of an operator's snapshot goes: where its pages go while they are encoded (to a file, so that only some of
 * them are in memory at a time; without an output a page is the bytes that it was encoded to), and whether it gives all
 * pages or those that have changed.
 */
import type { PageInFile } from './page-bytes.ts'

export interface PageOutput {
  /** For the next page; undefined: the page is too small to have a place in a file. */
  room(length: number): Uint8Array<ArrayBuffer> | undefined
  /** What was put into the last room is the page. @throws MillraceError STORAGE_FULL, IO_ERROR */
  take(): PageInFile
}

let current: PageOutput | undefined

/** Of the step in progress, which waits for nothing. */
export function pageOutput(): PageOutput | undefined {
  return current
}

export function withPageOutput<T>(output: PageOutput | undefined, step: () => T): T {
  const before = current
  current = output
  try {
    return step()
  } finally {
    current = before
  }
}

let isEvery = false

/** For a step in which snapshots give all that there is, and not only what has changed. */
export function withEveryPage<T>(step: () => T): T {
  const before = isEvery
  isEvery = true
  try {
    return step()
  } finally {
    isEvery = before
  }
}

/** Whether the snapshot in progress is of everything. */
export function isEveryPage(): boolean {
  return isEvery
}
