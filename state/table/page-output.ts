/**
 * Where the pages of a checkpoint go while they are encoded: to a file, so that only some of them are in memory at a
 * time. Without an output a page is the bytes that it was encoded to.
 */

/** Where in a page file a page is. */
export interface PagePlace {
  /** Number of the file. */
  readonly file: number
  readonly offset: number
  /** Bytes. */
  readonly length: number
}

export interface PageOutput {
  /** For the next page; undefined: the page is too small to have a place in a file. */
  room(length: number): Uint8Array<ArrayBuffer> | undefined
  /** What was put into the last room is the page. @throws MillraceError STORAGE_FULL, IO_ERROR */
  take(): PagePlace
}

const NONE = new ArrayBuffer(0)

/** A page that is in a file already: it has no bytes here. */
export class PageInFile extends Uint8Array<ArrayBuffer> {
  readonly place: PagePlace

  constructor(place: PagePlace) {
    super(NONE)
    this.place = place
  }
}

export function pageLength(bytes: Uint8Array | null): number {
  return bytes instanceof PageInFile ? bytes.place.length : (bytes?.length ?? 0)
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
