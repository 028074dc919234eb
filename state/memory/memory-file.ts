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

/**
 * The descriptor of a new file, for reading and writing. Errors: of the system.
 *
 * @param name what the one begins with that it has for a moment
 */
export function openUnnamed(directory: string, name: string): number {
  const path = join(directory, `${name}-${process.pid}-${threadId}-${files++}`)
  mkdirSync(directory, { recursive: true })
  const descriptor = openSync(path, 'wx+')
  rmSync(path)
  return descriptor
}

export class MemoryFile {
  readonly descriptor: number
  readonly #libc: Libc
  readonly #places = new Set<number>()
  /** After the last place was given back. */
  isClosed = false

  /** @throws MillraceError IO_ERROR */
  constructor(directory: string, libc: Libc) {
    this.#libc = libc
    try {
      this.descriptor = openUnnamed(directory, FILE_NAME)
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
