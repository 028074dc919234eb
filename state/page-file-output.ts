/**
 * A page file that is written while pages are encoded, by whoever has the state: the job's thread or a worker. The
 * system's page cache holds it until the store makes it durable, aside.
 */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { FileChecksum } from './checkpoint-directory.ts'
import { LARGE_PAGE_BYTES } from './page-entry.ts'
import { pageFileName } from './page-files.ts'
import { asStorageError } from './storage-error.ts'
import type { PageInFile } from './table/page-bytes.ts'
import type { PageOutput } from './table/page-output.ts'

/** Bytes that are written at a time. */
const PART_BYTES = 1 << 20

/** What a thread needs to write a page file; plain data. */
export interface PageFileTarget {
  readonly directory: string
  readonly file: number
}

/** A page file that is complete and not durable yet; plain data. */
export interface WrittenPageFile {
  readonly file: number
  readonly checksum: FileChecksum
}

export class PageFileOutput implements PageOutput {
  readonly #target: PageFileTarget
  readonly #path: string
  #descriptor: number | undefined
  #part = new Uint8Array(0)
  #used = 0
  /** Where in `#part` the last room begins. */
  #room = 0
  #written = 0
  #crc32 = 0

  constructor(target: PageFileTarget) {
    this.#target = target
    this.#path = join(target.directory, pageFileName(target.file))
  }

  room(length: number): Uint8Array<ArrayBuffer> | undefined {
    if (length < LARGE_PAGE_BYTES) return undefined
    if (this.#used + length > this.#part.length) this.#write()
    if (length > this.#part.length) this.#part = new Uint8Array(Math.max(PART_BYTES, length))
    this.#room = this.#used
    this.#used += length
    return this.#part.subarray(this.#room, this.#used)
  }

  take(): PageInFile {
    return { path: this.#path, offset: this.#written + this.#room, length: this.#used - this.#room }
  }

  /** @returns undefined where there was no page. @throws MillraceError STORAGE_FULL, IO_ERROR */
  end(): WrittenPageFile | undefined {
    this.#write()
    this.#close()
    if (this.#written === 0) return undefined
    return { file: this.#target.file, checksum: { bytes: this.#written, crc32: this.#crc32 } }
  }

  /** After a failure: nothing is left. */
  discard(): void {
    this.#close()
    rmSync(this.#path, { force: true })
  }

  #write(): void {
    const part = this.#part.subarray(0, this.#used)
    if (part.length === 0) return
    try {
      this.#descriptor ??= openSync(this.#path, 'wx')
      for (let at = 0; at < part.length; ) at += writeSync(this.#descriptor, part, at)
    } catch (error) {
      throw asStorageError(error)
    }
    this.#crc32 = crc32(part, this.#crc32)
    this.#written += part.length
    this.#used = 0
  }

  #close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }
}
