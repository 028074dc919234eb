/**
 * All mappings of state in this process, in memory that its threads share: who maps enters, who drops pages walks over
 * them. Nothing is unmapped while somebody else holds the lock, because the addresses may mean something else after it.
 */

const MAX_MAPPINGS = 1 << 15
/** Numbers of a mapping: address, bytes that are there, bytes of address space, owner. */
const FIELDS = 4
const HEADER = 64
/** Where in the header, in 32-bit words: the lock, whether the watcher is to end, one above the highest mapping. */
const LOCK = 0
const END = 1
const HIGH = 2
/** In 64-bit words. */
const BUDGET = 4
const DROPPED = 5
const LOCK_MILLISECONDS = 1000

export interface Mapping {
  readonly address: number
  readonly bytes: number
  readonly reserved: number
}

export class MappingTable {
  readonly memory: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #numbers: Float64Array
  readonly #mappings: Float64Array

  constructor(memory = new SharedArrayBuffer(HEADER + 8 * FIELDS * MAX_MAPPINGS)) {
    this.memory = memory
    this.#words = new Int32Array(memory, 0, HEADER / 4)
    this.#numbers = new Float64Array(memory, 0, HEADER / 8)
    this.#mappings = new Float64Array(memory, HEADER)
  }

  /** Bytes that all mappings together may have in memory. */
  get budget(): number {
    return this.#numbers[BUDGET] as number
  }

  addBudget(bytes: number): void {
    this.#numbers[BUDGET] = this.budget + bytes
  }

  /** Bytes over which pages were dropped, since the process began. */
  get dropped(): number {
    return this.#numbers[DROPPED] as number
  }

  addDropped(bytes: number): void {
    this.#numbers[DROPPED] = this.dropped + bytes
  }

  get isEnding(): boolean {
    return Atomics.load(this.#words, END) === 1
  }

  set isEnding(ends: boolean) {
    Atomics.store(this.#words, END, Number(ends))
    Atomics.notify(this.#words, END)
  }

  /** Of the watcher: until so many milliseconds have passed, or it is to end. */
  sleep(milliseconds: number): void {
    Atomics.wait(this.#words, END, 0, milliseconds)
  }

  get high(): number {
    return Atomics.load(this.#words, HIGH)
  }

  /** @returns its number, undefined: there is no room */
  enter(mapping: Mapping, owner: number): number | undefined {
    return this.#locked(() => {
      const { high } = this
      let free = 0
      while (free < high && this.#mappings[FIELDS * free] !== 0) free++
      if (free === MAX_MAPPINGS) return undefined
      this.#mappings.set([mapping.address, mapping.bytes, mapping.reserved, owner], FIELDS * free)
      if (free === high) Atomics.store(this.#words, HIGH, high + 1)
      return free
    })
  }

  grow(number: number, bytes: number): void {
    this.#mappings[FIELDS * number + 1] = bytes
  }

  /** The mapping is gone when `unmap` has returned. */
  leave(number: number, unmap: (mapping: Mapping) => void): void {
    this.#locked(() => {
      const mapping = this.#at(number)
      if (mapping === undefined) return
      this.#mappings[FIELDS * number] = 0
      unmap(mapping)
    })
  }

  leaveAll(owner: number, unmap: (mapping: Mapping) => void): void {
    for (let number = 0; number < this.high; number++) {
      if (this.#mappings[FIELDS * number + 3] === owner) this.leave(number, unmap)
    }
  }

  /** It stays mapped meanwhile. @returns whether there is such a mapping */
  visit(number: number, step: (mapping: Mapping) => void): boolean {
    return this.#locked(() => {
      const mapping = this.#at(number)
      if (mapping !== undefined) step(mapping)
      return mapping !== undefined
    })
  }

  /** Bytes of all of them that are there. */
  get bytes(): number {
    let sum = 0
    for (let number = 0; number < this.high; number++) sum += this.#at(number)?.bytes ?? 0
    return sum
  }

  #at(number: number): Mapping | undefined {
    const [address = 0, bytes = 0, reserved = 0] = this.#mappings.subarray(FIELDS * number, FIELDS * number + 3)
    return address === 0 ? undefined : { address, bytes, reserved }
  }

  /** A thread that was ended while it held the lock does not come back. */
  #locked<T>(step: () => T): T {
    const words = this.#words
    while (Atomics.compareExchange(words, LOCK, 0, 1) !== 0) {
      if (Atomics.wait(words, LOCK, 1, LOCK_MILLISECONDS) === 'timed-out') break
    }
    try {
      return step()
    } finally {
      Atomics.store(words, LOCK, 0)
      Atomics.notify(words, LOCK, 1)
    }
  }
}
