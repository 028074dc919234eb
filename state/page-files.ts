/**
 * Files of large pages. A checkpoint writes its large pages behind one another into one new file (each worker into its
 * own), which never changes afterwards, and checkpoints share files by hard links; RocksDB only says where a page is.
 * That way a page is written once and not by log, memory table, file and compactions. What is still needed of files
 * that hold little else than old pages, or of many small ones, moves into the file of the next checkpoint.
 *
 * Of the files that were written last, of which such is read, some stay in the system's page cache. The others leave it
 * once they are on the disk: nobody reads them before a restore, and their memory serves for the next file, without being
 * taken from what others use. (On a virtual machine new memory costs more than what is written into it.)
 */
import { closeSync, linkSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { MillraceError } from '../core/errors.ts'
import { type FileChecksum, syncPath } from './checkpoint-directory.ts'
import type { PageFileTarget, WrittenPageFile } from './page-file-output.ts'
import type { PagePlace } from './page-entry.ts'
import { libcIfAny } from './memory/libc.ts'
import { type PageBytes, type PageInFile, readPage, readPages } from './table/page-bytes.ts'

/** Bytes that are written at a time. */
const PART_BYTES = 4 << 20
/** Files with more of them are not put together. */
const SMALL_FILE_BYTES = 64 << 20
/** More of them than that become one; so many at a time. */
const MAX_SMALL_FILES = 32
const MERGED_FILES = 24

/** Bytes of files that stay in the page cache. */
const CACHED_BYTES = 256 << 20

const SUFFIX = '.pages'

interface PageFile {
  readonly checksum: FileChecksum
  /** Bytes of pages that are still needed. */
  live: number
}

export function isPageFile(name: string): boolean {
  return name.endsWith(SUFFIX)
}

export function pageFileName(number: number): string {
  return `${String(number).padStart(6, '0')}${SUFFIX}`
}

function pageFileNumber(name: string): number {
  return Number(name.slice(0, -SUFFIX.length))
}

/** Of a file of a job or of a checkpoint. */
export function inFile(directory: string, { file, offset, length }: PagePlace): PageInFile {
  return { path: join(directory, pageFileName(file)), offset, length }
}

/** The order in which a disk reads them best. */
export function byPlace(a: PagePlace, b: PagePlace): number {
  return a.file - b.file || a.offset - b.offset
}

export class PageFiles {
  readonly #directory: string
  readonly #places = new Map<string, PagePlace>()
  readonly #files = new Map<number, PageFile>()
  readonly #cachedBytes: number
  /** Those of the files that are in the page cache, in the order in which they were written. */
  readonly #cached = new Set<number>()
  #next = 1

  /** @param directory where the files are while the job runs */
  constructor(directory: string, cachedBytes = CACHED_BYTES) {
    this.#directory = directory
    this.#cachedBytes = cachedBytes
  }

  /** Begins anew with the files of a checkpoint. */
  openFrom(checkpoint: string | undefined, checksums: Readonly<Record<string, FileChecksum>>): void {
    this.#places.clear()
    this.#files.clear()
    this.#cached.clear()
    this.#next = 1
    rmSync(this.#directory, { recursive: true, force: true })
    mkdirSync(this.#directory, { recursive: true })
    if (checkpoint === undefined) return
    for (const [name, checksum] of Object.entries(checksums)) {
      if (!isPageFile(name)) continue
      linkSync(join(checkpoint, name), join(this.#directory, name))
      const number = pageFileNumber(name)
      this.#files.set(number, { checksum, live: 0 })
      this.#next = Math.max(this.#next, number + 1)
    }
  }

  /** For so many threads, which may write while a checkpoint is taken. */
  targets(count: number): readonly PageFileTarget[] {
    return Array.from({ length: count }, () => ({ directory: this.#directory, file: this.#next++ }))
  }

  /** Files that were written elsewhere, and are durable when this returns; `add` says what is in them. */
  async adopt(files: readonly WrittenPageFile[]): Promise<void> {
    for (const { file, checksum } of files) {
      await syncPath(join(this.#directory, pageFileName(file)))
      this.#files.set(file, { checksum, live: 0 })
      this.#cached.add(file)
    }
    this.#leavePageCache()
  }

  #leavePageCache(): void {
    let bytes = 0
    for (const number of this.#cached) bytes += this.#files.get(number)?.checksum.bytes ?? 0
    for (const number of this.#cached) {
      if (bytes <= this.#cachedBytes) return
      bytes -= this.#files.get(number)?.checksum.bytes ?? 0
      this.#cached.delete(number)
      const descriptor = openSync(join(this.#directory, pageFileName(number)), 'r')
      libcIfAny()?.forget(descriptor)
      closeSync(descriptor)
    }
  }

  /** A page of a file that was opened or adopted. Errors: INVALID_CHECKPOINT. */
  add(key: string, place: PagePlace): void {
    const file = this.#files.get(place.file)
    if (file === undefined || place.offset + place.length > file.checksum.bytes)
      throw new MillraceError('INVALID_CHECKPOINT', `there is no page in "${pageFileName(place.file)}" at that place`)
    this.#places.set(key, place)
    file.live += place.length
  }

  /** The page that was known by this key is no longer needed. */
  forget(key: string): void {
    const place = this.#places.get(key)
    if (place === undefined) return
    this.#places.delete(key)
    const file = this.#files.get(place.file)
    if (file !== undefined) file.live -= place.length
  }

  /** Where a known page is to be read. */
  page(place: PagePlace): PageInFile {
    return inFile(this.#directory, place)
  }

  /** Of a page in one of these files; undefined: it is somewhere else. */
  placeOf({ path, offset, length }: PageInFile): PagePlace | undefined {
    return dirname(path) === this.#directory ? { file: pageFileNumber(basename(path)), offset, length } : undefined
  }

  /** Pages that the next `write` moves, by key. */
  moving(): ReadonlyMap<string, PagePlace> {
    const left = new Set(this.#leaving())
    if (left.size === 0) return new Map()
    return new Map([...this.#places].filter(([, { file }]) => left.has(file)))
  }

  #leaving(): number[] {
    const sparse = [...this.#files].filter(([, { live, checksum }]) => 2 * live < checksum.bytes)
    const small = [...this.#files].filter(
      ([, { live, checksum }]) => 2 * live >= checksum.bytes && live < SMALL_FILE_BYTES,
    )
    if (small.length <= MAX_SMALL_FILES) return sparse.map(([number]) => number)
    small.sort(([, a], [, b]) => a.live - b.live)
    return [...sparse, ...small.slice(0, MERGED_FILES)].map(([number]) => number)
  }

  /**
   * Writes pages whose keys were forgotten, and those that move, into a new file, which is durable when this returns.
   *
   * @returns where all of them are
   */
  async write(
    pages: ReadonlyMap<string, PageBytes>,
    moving: ReadonlyMap<string, PagePlace>,
  ): Promise<ReadonlyMap<string, PagePlace>> {
    const written = new Map<string, PagePlace>()
    const left = new Set(this.#leaving())
    if (pages.size + moving.size > 0) {
      const number = this.#next++
      const file = new PageFileWriter(number, await open(join(this.#directory, pageFileName(number)), 'wx'))
      try {
        for (const [key, bytes] of pages) written.set(key, await file.append(readPage(bytes)))
        const ordered = [...moving].sort(([, a], [, b]) => byPlace(a, b))
        let next = 0
        for (const bytes of readPages(ordered.map(([, place]) => this.page(place)))) {
          const [key] = ordered[next++] as (typeof ordered)[number]
          written.set(key, await file.append(bytes))
        }
        const checksum = await file.end()
        this.#files.set(number, { checksum, live: checksum.bytes })
        this.#cached.add(number)
      } finally {
        await file.close()
      }
      for (const [key, place] of written) this.#places.set(key, place)
    }
    for (const number of left) {
      this.#files.delete(number)
      this.#cached.delete(number)
      rmSync(join(this.#directory, pageFileName(number)))
    }
    this.#leavePageCache()
    return written
  }

  /** Links all files that are needed. @returns their checksums by name */
  linkTo(target: string): Record<string, FileChecksum> {
    return Object.fromEntries(
      [...this.#files].map(([number, { checksum }]) => {
        const name = pageFileName(number)
        linkSync(join(this.#directory, name), join(target, name))
        return [name, checksum]
      }),
    )
  }
}

class PageFileWriter {
  readonly #number: number
  readonly #handle: FileHandle
  #pending: Uint8Array[] = []
  #pendingBytes = 0
  #bytes = 0
  #crc32 = 0

  constructor(number: number, handle: FileHandle) {
    this.#number = number
    this.#handle = handle
  }

  async append(bytes: Uint8Array): Promise<PagePlace> {
    const place = { file: this.#number, offset: this.#bytes + this.#pendingBytes, length: bytes.length }
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.length
    if (this.#pendingBytes >= PART_BYTES) await this.#write()
    return place
  }

  async #write(): Promise<void> {
    const [parts, total] = [this.#pending, this.#pendingBytes]
    this.#pending = []
    this.#pendingBytes = 0
    for (const part of parts) this.#crc32 = crc32(part, this.#crc32)
    let { bytesWritten } = await this.#handle.writev(parts)
    // Short only where the disk is nearly full; the next attempt says so.
    const rest = bytesWritten < total ? Buffer.concat(parts) : undefined
    while (rest !== undefined && bytesWritten < total)
      bytesWritten += (await this.#handle.write(rest, bytesWritten)).bytesWritten
    this.#bytes += total
  }

  /** Durable when it returns. */
  async end(): Promise<FileChecksum> {
    if (this.#pendingBytes > 0) await this.#write()
    await this.#handle.datasync()
    return { bytes: this.#bytes, crc32: this.#crc32 }
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}
