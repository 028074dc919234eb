/** One part file that is being written: hidden under a name beginning with `.` until it is committed. */
import { type FileHandle, mkdir, open, rename, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileError } from './file-error.ts'

/** Bytes that are gathered before they are written. */
const BUFFER = 256 * 1024
/** Bytes not yet written at which the writer asks to be waited for. */
const BACK_PRESSURE = 4 * 1024 * 1024

/** What a handle says of a file: where it is, and where it goes. */
export interface PendingFile {
  readonly from: string
  readonly to: string
}

export class PartFile {
  readonly pending: PendingFile
  readonly openedAt: number
  lastWrite: number
  /** Bytes given to `append`. */
  size = 0
  #buffer = Buffer.allocUnsafeSlow(BUFFER)
  #used = 0
  #unwritten = 0
  #handle: FileHandle | undefined
  /** The writes under way, one behind the other; failed writes are kept for whoever waits next. */
  #tail: Promise<void>
  #failure: Error | undefined

  constructor(pending: PendingFile, now: number) {
    this.pending = pending
    this.openedAt = now
    this.lastWrite = now
    this.#tail = this.#open().catch((error: unknown) => {
      this.#failure ??= fileError(error, pending.from)
    })
  }

  async #open(): Promise<void> {
    await mkdir(dirname(this.pending.from), { recursive: true })
    this.#handle = await open(this.pending.from, 'wx')
  }

  /** Takes a copy of the bytes. A promise means that too much is waiting to be written. */
  append(bytes: Uint8Array, now: number): Promise<void> | void {
    this.lastWrite = now
    this.size += bytes.length
    if (bytes.length >= BUFFER) {
      this.#flushBuffer()
      this.#enqueue(Buffer.from(bytes))
    } else {
      if (this.#used + bytes.length > BUFFER) this.#flushBuffer()
      this.#buffer.set(bytes, this.#used)
      this.#used += bytes.length
    }
    if (this.#failure !== undefined) throw this.#failure
    if (this.#unwritten > BACK_PRESSURE) return this.#settled()
  }

  #flushBuffer(): void {
    if (this.#used === 0) return
    this.#enqueue(this.#buffer.subarray(0, this.#used))
    this.#buffer = Buffer.allocUnsafeSlow(BUFFER)
    this.#used = 0
  }

  #enqueue(bytes: Buffer): void {
    this.#unwritten += bytes.length
    this.#tail = this.#tail.then(() => this.#write(bytes))
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#failure !== undefined) return
    try {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = (await this.#handle?.write(bytes, at, bytes.length - at)) ?? { bytesWritten: 0 }
        at += bytesWritten
      }
      this.#unwritten -= bytes.length
    } catch (error) {
      this.#failure = fileError(error, this.pending.from)
    }
  }

  async #settled(): Promise<void> {
    await this.#tail
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Everything is written and on the disk; the file is closed. */
  async finish(): Promise<PendingFile> {
    this.#flushBuffer()
    await this.#settled()
    try {
      await this.#handle?.sync()
      await this.#handle?.close()
    } catch (error) {
      throw fileError(error, this.pending.from)
    } finally {
      this.#handle = undefined
    }
    return this.pending
  }

  /** Closes and deletes the file. */
  async discard(): Promise<void> {
    await this.#tail
    await this.#handle?.close().catch(() => {})
    await unlink(this.pending.from).catch(() => {})
  }
}

/** Gives a finished file its visible name; again for a file that has it changes nothing. */
export async function publish({ from, to }: PendingFile): Promise<void> {
  try {
    await rename(from, to)
    await syncDirectory(dirname(to))
  } catch (error) {
    if (!isMissing(error)) throw fileError(error, to)
    // It was renamed before; and whoever reads the table may have taken it away since.
    await stat(to).catch(() => {})
  }
}

/** A new name is durable only when its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
