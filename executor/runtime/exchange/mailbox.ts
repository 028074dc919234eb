/** Both ends of a ring: messages of any length go through it piece by piece, in order. */
import { HEADER_BYTES, SentConstants } from './messages.ts'
import { Ring } from './ring.ts'

const FIRST_BYTES = 1 << 16

export class Outbox {
  readonly constants = new SentConstants()
  readonly #ring: Ring
  readonly #bell: () => void
  /** What there is no room for yet. */
  readonly #queue: Uint8Array[] = []
  /** Bytes of its first element that are written. */
  #done = 0

  /** @param bell wakes the reader up */
  constructor(memory: SharedArrayBuffer, bell: () => void) {
    this.#ring = new Ring(memory)
    this.#bell = bell
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0
  }

  /** @param bytes the first `size` of which are a message; they may be changed afterwards */
  send(bytes: Uint8Array, size: number): void {
    const written = this.isEmpty ? this.#ring.write(bytes, 0, size) : 0
    if (written > 0) this.#bell()
    if (written < size) this.#queue.push(bytes.slice(written, size))
  }

  /** Goes on with what waits. @returns whether anything was written */
  flush(): boolean {
    if (this.isEmpty) return false
    let wrote = this.#write()
    if (!this.isEmpty) {
      this.#ring.awaitRoom()
      wrote = this.#write() || wrote
    }
    if (wrote) this.#bell()
    return wrote
  }

  #write(): boolean {
    let wrote = false
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      const written = this.#ring.write(first, this.#done, first.length)
      wrote ||= written > 0
      this.#done += written
      if (this.#done < first.length) break
      this.#queue.shift()
      this.#done = 0
    }
    return wrote
  }
}

export class Inbox {
  /** By number, as of the outbox. */
  readonly constants: Uint8Array[] = []
  readonly #ring: Ring
  readonly #bell: () => void
  #bytes = new Uint8Array(FIRST_BYTES)
  /** Bytes of the message that have arrived. */
  #filled = 0

  /** @param bell wakes the writer up */
  constructor(memory: SharedArrayBuffer, bell: () => void) {
    this.#ring = new Ring(memory)
    this.#bell = bell
  }

  /** Bytes that may be under way. */
  get capacity(): number {
    return this.#ring.capacity
  }

  /** The next whole message, valid until the next call; undefined where none has arrived. */
  receive(): Uint8Array | undefined {
    if (this.#filled < HEADER_BYTES && !this.#fill(HEADER_BYTES)) return undefined
    const size = new Uint32Array(this.#bytes.buffer, 0, 1)[0] ?? 0
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(2 ** Math.ceil(Math.log2(size)))
      grown.set(this.#bytes.subarray(0, this.#filled))
      this.#bytes = grown
    }
    if (this.#filled < size && !this.#fill(size)) return undefined
    this.#filled = 0
    return this.#bytes.subarray(0, size)
  }

  /** @returns whether so many bytes of the message are there now */
  #fill(size: number): boolean {
    const count = Math.min(size - this.#filled, this.#ring.readable)
    if (count === 0) return false
    this.#ring.read(this.#bytes, this.#filled, count)
    this.#filled += count
    if (this.#ring.takeWaiting()) this.#bell()
    return this.#filled === size
  }
}
