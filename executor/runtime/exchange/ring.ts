/**
 * A ring of bytes in shared memory with one writer and one reader, each in its own thread. Positions count all bytes
 * ever written or read, modulo 2^32, so that a full ring and an empty one differ.
 */
const WRITTEN = 0
const READ = 1
/** 1 while the writer waits for room. */
const WAITING = 2
const HEADER_BYTES = 64

/** @param capacity bytes, a power of two */
export function createRing(capacity: number): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + capacity)
}

export class Ring {
  readonly #positions: Int32Array
  /** Copied with `Buffer.copy`: `set` takes the bytes of a shared memory in small pieces. */
  readonly #bytes: Buffer
  readonly #mask: number

  constructor(memory: SharedArrayBuffer) {
    this.#positions = new Int32Array(memory, 0, HEADER_BYTES / 4)
    this.#bytes = Buffer.from(memory, HEADER_BYTES)
    this.#mask = this.#bytes.length - 1
  }

  get capacity(): number {
    return this.#bytes.length
  }

  /** Bytes that can be read now. */
  get readable(): number {
    return (Atomics.load(this.#positions, WRITTEN) - Atomics.load(this.#positions, READ)) >>> 0
  }

  /** Writes as many bytes of `source[start, end)` as there is room for. @returns how many */
  write(source: Uint8Array, start: number, end: number): number {
    const written = Atomics.load(this.#positions, WRITTEN)
    const count = Math.min(end - start, this.#room(written))
    if (count === 0) return 0
    const at = (written >>> 0) & this.#mask
    const first = Math.min(count, this.#bytes.length - at)
    const bytes = Buffer.from(source.buffer, source.byteOffset + start, count)
    bytes.copy(this.#bytes, at, 0, first)
    if (first < count) bytes.copy(this.#bytes, 0, first, count)
    Atomics.store(this.#positions, WRITTEN, (written + count) | 0)
    return count
  }

  /** Reads `count` bytes, of which no more may be asked for than are readable. */
  read(target: Uint8Array, start: number, count: number): void {
    const read = Atomics.load(this.#positions, READ)
    const at = (read >>> 0) & this.#mask
    const first = Math.min(count, this.#bytes.length - at)
    this.#bytes.copy(target, start, at, at + first)
    if (first < count) this.#bytes.copy(target, start + first, 0, count - first)
    Atomics.store(this.#positions, READ, (read + count) | 0)
  }

  /** To be called by the writer before it looks once more whether there is room. */
  awaitRoom(): void {
    Atomics.store(this.#positions, WAITING, 1)
  }

  /** By the reader: whether the writer has to be told that there is room. */
  takeWaiting(): boolean {
    return Atomics.load(this.#positions, WAITING) === 1 && Atomics.exchange(this.#positions, WAITING, 0) === 1
  }

  #room(written: number): number {
    return this.#bytes.length - ((written - Atomics.load(this.#positions, READ)) >>> 0)
  }
}
