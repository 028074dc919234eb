/**
 * The WebAssembly memory of a thread, in which kernels and generated JavaScript work on the same bytes. It is shared,
 * because a memory that is not shared takes all views away when it grows; here they stay valid.
 */

const PAGE = 65_536
const MAXIMUM_PAGES = 32_768
const GROWTH_PAGES = 64

/** Read and written beyond a block's end by kernels that take 16 bytes at a time. */
const SLACK = 64

/** A class of typed arrays. */
export type LinearArray<T> = {
  readonly BYTES_PER_ELEMENT: number
  new (buffer: SharedArrayBuffer, offset: number, length: number): T
}

/** A piece of the memory. */
export interface Block {
  readonly address: number
  readonly length: number
}

export class LinearMemory {
  readonly memory = new WebAssembly.Memory({ initial: 1, maximum: MAXIMUM_PAGES, shared: true })
  readonly maximumPages = MAXIMUM_PAGES
  /** Every growth gives the memory a new buffer object; those before share its bytes. */
  readonly #buffers = new WeakSet<object>()
  readonly #free = new Map<number, number[]>()
  /** Address 0 is no block's. */
  #next = SLACK
  /** Blocks of owners that are gone. */
  readonly #registry = new FinalizationRegistry<Block>((block) => {
    this.free(block)
  })

  /**
   * The bytes of a new block are whatever was there before, and up to 64 behind it may be read.
   *
   * @param owner the block is free again when `free` is called, or when this is no longer in use
   * @throws RangeError where 2 GiB are in use
   */
  allocate(length: number, owner?: object): Block {
    const size = sizeClass(length + SLACK)
    const address = this.#free.get(size)?.pop() ?? this.#extend(size)
    const block = { address, length }
    if (owner !== undefined) this.#registry.register(owner, block, block)
    return block
  }

  #extend(size: number): number {
    const address = this.#next
    const missing = address + size - this.memory.buffer.byteLength
    if (missing > 0) this.memory.grow(Math.max(Math.ceil(missing / PAGE), GROWTH_PAGES))
    this.#next += size
    return address
  }

  free(block: Block): void {
    this.#registry.unregister(block)
    const { address, length } = block
    const size = sizeClass(length + SLACK)
    const list = this.#free.get(size)
    if (list === undefined) this.#free.set(size, [address])
    else list.push(address)
  }

  view<T>(type: LinearArray<T>, address: number, length: number): T {
    const buffer = this.memory.buffer
    this.#buffers.add(buffer)
    return new type(buffer, address, length)
  }

  bytes({ address, length }: Block): Uint8Array {
    return this.view(Uint8Array, address, length)
  }

  /** Whether the array lies in this memory; its `byteOffset` is then its address. */
  holds(array: ArrayBufferView): boolean {
    return this.#buffers.has(array.buffer)
  }
}

/** Quarters of powers of two, so that blocks are found again. */
function sizeClass(length: number): number {
  const step = Math.max(64, 2 ** (29 - Math.clz32(length)))
  return Math.ceil(length / step) * step
}

let own: LinearMemory | undefined

/** The memory of this thread. */
export function linearMemory(): LinearMemory {
  own ??= new LinearMemory()
  return own
}
