/**
 * Files that state is in. They have no names, so that they end with the process, however that ends, and are closed with
 * the last array in them: a process may have few of them open.
 */
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { asMillraceError } from '../../core/errors.ts'
import type { Libc } from './libc.ts'

/** Of each array in a file, which is sparse: more than any will take. */
const PLACE_BYTES = 2 ** 32
/** In the names that the files have for a moment: the watcher knows the mappings by it. */
export const FILE_NAME = 'millrace-state-memory'

let files = 0

export class MemoryFile {
  readonly descriptor: number
  readonly #libc: Libc
  readonly #places = new Set<number>()
  /** After the last place was given back. */
  isClosed = false

  /** @throws MillraceError IO_ERROR */
  constructor(directory: string, libc: Libc) {
    this.#libc = libc
    const path = join(directory, `${FILE_NAME}-${process.pid}-${threadId}-${files++}`)
    try {
      mkdirSync(directory, { recursive: true })
      this.descriptor = openSync(path, 'wx+')
      rmSync(path)
    } catch (error) {
      throw asMillraceError(error, 'IO_ERROR')
    }
  }

  /** @returns where in the file an array may be */
  take(): number {
    let place = 0
    while (this.#places.has(place)) place++
    this.#places.add(place)
    return place * PLACE_BYTES
  }

  /** The blocks of the disk are free again. */
  giveBack(offset: number, bytes: number): void {
    this.#places.delete(offset / PLACE_BYTES)
    if (this.#places.size > 0) {
      this.#libc.giveBack(this.descriptor, offset, bytes)
      return
    }
    closeSync(this.descriptor)
    this.isClosed = true
  }
}
