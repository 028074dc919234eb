/** One part file that is being written: hidden under a name beginning with `.` until it is committed. */
import { type FileHandle, mkdir, open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileError } from './file-error.ts'

/** Bytes that are written at once. */
const BLOCK = 1024 * 1024
/** Full blocks that may wait; then the writer is asked to wait for one to be written. */
const MAX_WAITING = 4
/** Bytes behind which the disk is asked to begin, so that little is left to wait for at the checkpoint. */
const SYNC_EVERY = 32 * 1024 * 1024

/** Blocks of all files that are free again: fresh memory costs more than the copy into it. */
const freeBlocks: Buffer[] = []
const MAX_FREE = 16

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
  #block: Buffer | undefined
  #used = 0
  /** The writes under way, one behind the other. None rejects: the first failure is kept for whoever waits next. */
  readonly #waiting: Promise<void>[] = []
  #tail: Promise<void>
  #handle: FileHandle | undefined
  #failure: Error | undefined
  #unsynced = 0
  #syncing: Promise<void> | undefined

  constructor(pending: PendingFile, now: number) {
    this.pending = pending
    this.openedAt = now
    this.lastWrite = now
    this.#tail = this.#open()
  }

  async #open(): Promise<void> {
    try {
      await mkdir(dirname(this.pending.from), { recursive: true })
      this.#handle = await open(this.pending.from, 'wx')
    } catch (error) {
      this.#failure = fileError(error, this.pending.from)
    }
  }

  /** Takes a copy of the bytes. A promise means that too much is waiting to be written. */
  append(bytes: Uint8Array, now: number): Promise<void> | void {
    this.lastWrite = now
    this.size += bytes.length
    // `set` takes the bytes of a shared memory one by one.
    const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let at = 0; at < bytes.length; ) {
      this.#block ??= freeBlocks.pop() ?? Buffer.allocUnsafeSlow(BLOCK)
      const length = Math.min(BLOCK - this.#used, bytes.length - at)
      source.copy(this.#block, this.#used, at, at + length)
      this.#used += length
      at += length
      if (this.#used === BLOCK) this.#flush()
    }
    return this.#room()
  }

  /** The same without a copy: the bytes are the file's until `release` is called. */
  appendOwn(bytes: Uint8Array, now: number, release: () => void): Promise<void> | void {
    this.lastWrite = now
    this.size += bytes.length
    this.#flush()
    this.#enqueue(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), release)
    return this.#room()
  }

  #room(): Promise<void> | void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#waiting.length > MAX_WAITING) return this.#untilRoom()
  }

  #flush(): void {
    const block = this.#block
    if (block === undefined) return
    const bytes = block.subarray(0, this.#used)
    this.#block = undefined
    this.#used = 0
    this.#enqueue(bytes, () => {
      if (freeBlocks.length < MAX_FREE) freeBlocks.push(block)
    })
  }

  #enqueue(bytes: Buffer, release: () => void): void {
    const write = this.#tail.then(() => this.#write(bytes))
    this.#tail = write
    this.#waiting.push(write)
    void this.#release(write, release)
  }

  async #release(write: Promise<void>, release: () => void): Promise<void> {
    await write
    void this.#waiting.shift()
    release()
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#failure !== undefined) return
    try {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = (await this.#handle?.write(bytes, at, bytes.length - at)) ?? { bytesWritten: 0 }
        at += bytesWritten
      }
      this.#unsynced += bytes.length
      if (this.#unsynced >= SYNC_EVERY && this.#syncing === undefined) this.#syncing = this.#sync()
    } catch (error) {
      this.#failure = fileError(error, this.pending.from)
    }
  }

  /** Runs beside the writes. */
  async #sync(): Promise<void> {
    this.#unsynced = 0
    try {
      await this.#handle?.datasync()
    } catch (error) {
      this.#failure ??= fileError(error, this.pending.from)
    } finally {
      this.#syncing = undefined
    }
  }

  async #untilRoom(): Promise<void> {
    while (this.#waiting.length > MAX_WAITING / 2) await this.#waiting[0]
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Everything is written and on the disk; the file is closed. */
  async finish(): Promise<PendingFile> {
    this.#flush()
    await this.#tail
    await this.#syncing
    const handle = this.#handle
    this.#handle = undefined
    try {
      if (this.#failure !== undefined) throw this.#failure
      await handle?.sync()
    } catch (error) {
      throw fileError(error, this.pending.from)
    } finally {
      await handle?.close()
    }
    return this.pending
  }

  /** Closes and deletes the file. */
  async discard(): Promise<void> {
    await this.#tail
    await this.#syncing
    await this.#handle?.close().catch(() => {})
    await unlink(this.pending.from).catch(() => {})
  }
}

/**
 * Gives a finished file its visible name. Again for a file that has it changes nothing; whoever reads the table may
 * have taken it away since, so it need not be there.
 */
export async function publish({ from, to }: PendingFile): Promise<void> {
  try {
    await rename(from, to)
    await syncDirectory(dirname(to))
  } catch (error) {
    if (!isMissing(error)) throw fileError(error, to)
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
