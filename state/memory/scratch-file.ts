/** A file without a name for what is written once and read in pieces: rows that wait to be handed out. */
import { closeSync, readSync, writeSync } from 'node:fs'
import { MillraceError } from '../../core/errors.ts'
import { asStorageError } from '../storage-error.ts'
import type { Scratch } from '../table/memory.ts'
import { openUnnamed } from './memory-file.ts'

/** In the name that the file has for a moment. */
const FILE_NAME = 'millrace-waiting-rows'

/** Of those that nobody closed: a job that failed. */
const forgotten = new FinalizationRegistry<number>((descriptor) => {
  closeSync(descriptor)
})

/** Open while there is something in it. */
export class ScratchFile implements Scratch {
  readonly #directory: string
  #descriptor: number | undefined
  #size = 0

  /** @param directory where it is; made where there is none */
  constructor(directory: string) {
    this.#directory = directory
  }

  append(bytes: Uint8Array): number {
    const at = this.#size
    try {
      const descriptor = (this.#descriptor ??= this.#open())
      for (let done = 0; done < bytes.length; )
        done += writeSync(descriptor, bytes, done, bytes.length - done, at + done)
    } catch (error) {
      throw asStorageError(error, 'rows that wait for state beyond the memory budget have no room')
    }
    this.#size += bytes.length
    return at
  }

  read(offset: number, into: Uint8Array): void {
    for (let done = 0; done < into.length; ) {
      const read =
        this.#descriptor === undefined ? 0 : readSync(this.#descriptor, into, done, into.length - done, offset + done)
      if (read === 0) throw new MillraceError('IO_ERROR', 'the file of the rows that wait ends too early')
      done += read
    }
  }

  clear(): void {
    if (this.#descriptor === undefined) return
    forgotten.unregister(this)
    closeSync(this.#descriptor)
    this.#descriptor = undefined
    this.#size = 0
  }

  #open(): number {
    const descriptor = openUnnamed(this.#directory, FILE_NAME)
    forgotten.register(this, descriptor, this)
    return descriptor
  }
}
