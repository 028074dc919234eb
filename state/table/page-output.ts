/**
 * Where the pages of a checkpoint are besides in memory: they go to a file while they are encoded, and are read from
 * files while a table is restored, so that only some of them are in memory at a time. Without an output a page is the
 * bytes that it was encoded to.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { MillraceError } from '../../core/errors.ts'

/** A page that is in a file. Plain data. */
export interface PageInFile {
  readonly path: string
  readonly offset: number
  /** Bytes. */
  readonly length: number
}

export type PageBytes = Uint8Array | PageInFile

export interface PageOutput {
  /** For the next page; undefined: the page is too small to have a place in a file. */
  room(length: number): Uint8Array<ArrayBuffer> | undefined
  /** What was put into the last room is the page. @throws MillraceError STORAGE_FULL, IO_ERROR */
  take(): PageInFile
}

export function isInFile(bytes: PageBytes | null): bytes is PageInFile {
  return bytes !== null && !(bytes instanceof Uint8Array)
}

/** The bytes of a page. @throws MillraceError INVALID_CHECKPOINT where its file ends before the page does */
export function readPage(bytes: PageBytes): Uint8Array {
  if (!isInFile(bytes)) return bytes
  const descriptor = openSync(bytes.path, 'r')
  try {
    return readFrom(descriptor, bytes)
  } finally {
    closeSync(descriptor)
  }
}

/** One after the other, with each file opened once. Errors: as of `readPage`. */
export function* readPages(pages: Iterable<PageInFile>): Generator<Uint8Array> {
  const descriptors = new Map<string, number>()
  try {
    for (const page of pages) {
      const descriptor = descriptors.get(page.path) ?? openSync(page.path, 'r')
      descriptors.set(page.path, descriptor)
      yield readFrom(descriptor, page)
    }
  } finally {
    for (const descriptor of descriptors.values()) closeSync(descriptor)
  }
}

function readFrom(descriptor: number, { path, offset, length }: PageInFile): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; ) {
    const read = readSync(descriptor, bytes, at, length - at, offset + at)
    if (read === 0) throw new MillraceError('INVALID_CHECKPOINT', `file "${basename(path)}" ends too early`)
    at += read
  }
  return bytes
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
