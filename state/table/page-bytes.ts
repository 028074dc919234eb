/** What a page of a checkpoint is: its bytes, or where in a file they are, so that only some are in memory at a time. */
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
