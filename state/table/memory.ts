/**
 * Where the arrays of the state are: on the heap, or, where `state.memory.budget` is set, in memory that can be left
 * (`state/memory/`). Which of the two is said for a step of an operator and not for each table: operators are synchronous.
 */
import { extendedArray, type StateArray } from './extended-array.ts'

/** Memory that the state's large arrays are in. Of one thread: none of its buffers may be transferred to another. */
export interface StateMemory {
  /** Bytes; shorter arrays are on the heap. */
  readonly shortest: number
  /**
   * Zeros, in a buffer of its own.
   *
   * @param limit length of the buffer, of which only the first `bytes` are there until `commit`
   * @throws MillraceError STORAGE_FULL, IO_ERROR
   */
  allocate(bytes: number, limit?: number): ArrayBuffer
  /** The same bytes and zeros behind them in a longer buffer; undefined: there is no room behind them, or they are elsewhere. */
  extend(buffer: ArrayBufferLike, bytes: number): ArrayBuffer | undefined
  /** Of a buffer with a limit: its first `bytes` are there. @returns false: they are elsewhere */
  commit(buffer: ArrayBufferLike, bytes: number): boolean
  /** Where there is a limit to what may be in memory: how state is kept that is more than that. */
  readonly beyond?: MemoryBeyond | undefined
  /** Its bytes are out of memory most of the time: nobody else may point into them. Absent: they are not. */
  readonly isLeft?: boolean
}

/** State that is more than there may be in memory is divided into sections, of which some are in memory at a time. */
export interface MemoryBeyond {
  /** Bytes that this thread's part of the state may have in memory. */
  readonly budget: number
  /** Into how many sections an operator's state is divided at first; a power of two. */
  readonly sections: number
  /** Bytes of a section that is not divided further. */
  readonly smallestSection: number
  /** Bytes of state from which on it is worth it to divide an operator. */
  readonly smallest: number
  /** Whether state has to be divided: what there is of it nears the budget. */
  isShort(): boolean
  section(): MemorySection
  /** Room outside of memory, empty. */
  scratch(): Scratch
}

/** What is written once and read in pieces. */
export interface Scratch {
  /** @returns where it is. @throws MillraceError STORAGE_FULL, IO_ERROR */
  append(bytes: Uint8Array): number
  read(offset: number, into: Uint8Array): void
  /** The room is free again. */
  clear(): void
}

/** Memory that comes and goes as a whole. Arrays in it that are touched while it is away come back one page at a time. */
export interface MemorySection extends StateMemory {
  /** Bytes of its arrays. */
  readonly bytes: number
  bringIn(): void
  leave(): void
}

interface ArrayType<A> {
  readonly BYTES_PER_ELEMENT: number
  new (length: number): A
  new (buffer: ArrayBuffer): A
}

/** Encoded pages share buffers of this size. */
const CHUNK_BYTES = 4 << 20

/** Four pages of the system for each place that is read. */
const SPARSE_BYTES = 16 << 10

let current: StateMemory | undefined
let chunk: Uint8Array<ArrayBuffer> | undefined
let chunkUsed = 0

/** For a step that waits for nothing. @returns what was in use before, to be put back after it */
export function useStateMemory(memory: StateMemory | undefined): StateMemory | undefined {
  const before = current
  if (before !== memory) chunk = undefined
  current = memory
  return before
}

export function withStateMemory<T>(memory: StateMemory | undefined, step: () => T): T {
  const before = useStateMemory(memory)
  try {
    return step()
  } finally {
    useStateMemory(before)
  }
}

/** The memory in use, for so many bytes; undefined: the heap. */
export function memoryFor(bytes: number): StateMemory | undefined {
  return current === undefined || bytes < current.shortest ? undefined : current
}

/** Zeros. */
export function stateArray<A extends StateArray>(type: ArrayType<A>, length: number): A {
  const bytes = length * type.BYTES_PER_ELEMENT
  const memory = memoryFor(bytes)
  return memory === undefined ? new type(length) : new type(memory.allocate(bytes))
}

/**
 * Writes zeros where there are zeros, before they are read. The system gives memory that is read first a common page
 * of zeros, and for the first write takes that from all processors that run threads of the process: with several
 * workers that costs more than the page itself.
 */
export function writeZeros(values: StateArray, start: number, end: number): void {
  if (memoryFor(values.byteLength) === undefined)
    new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset + start, end - start).fill(0)
}

/** The array with zeros behind it: a copy, or a longer view of the same memory. The old one is not used any more. */
export function longerArray<A extends StateArray>(values: A, length: number): A {
  const type = values.constructor as unknown as ArrayType<A>
  const bytes = length * type.BYTES_PER_ELEMENT
  const memory = memoryFor(bytes)
  if (memory === undefined) return extendedArray(values, length)
  const extended = memory.extend(values.buffer, bytes)
  if (extended !== undefined) return new type(extended)
  const longer = new type(memory.allocate(bytes))
  ;(longer as Uint8Array).set(values as Uint8Array)
  return longer
}

/** The array, or one with room for so many elements, at least twice as long. */
export function arrayFor<A extends StateArray>(values: A, length: number): A {
  return length <= values.length ? values : longerArray(values, Math.max(length, 2 * values.length))
}

/**
 * Brings the words at these places (elsewhere: none) into memory, where they may be elsewhere: by a write that changes
 * nothing, because for a read the system takes in fifteen pages around as well. For words that are going to be written.
 *
 * @param stride of words for each place
 */
export function takeIn(words: Int32Array, places: Int32Array, count: number, stride: number): void {
  if (!comesByThePage(words.byteLength)) return
  const end = words.length / stride
  for (let i = 0; i < count; i++) {
    const place = places[i] as number
    if (place >= 0 && place < end) Atomics.compareExchange(words, place * stride, 0, 0)
  }
}

/** As `takeIn`, for words that are only read. */
export function takeInToRead(words: Int32Array, places: Int32Array, count: number, stride: number): void {
  if (isSparse(words.byteLength, count)) takeIn(words, places, count, stride)
}

/**
 * Whether so few places of an array are read at a time that the pages around each are no gift: others have to go for
 * them, and they go before they are needed.
 */
export function isSparse(bytes: number, places: number): boolean {
  return places * SPARSE_BYTES < bytes && comesByThePage(bytes)
}

/** Whether an array may be out of memory in part. A section is there as a whole. */
function comesByThePage(bytes: number): boolean {
  const memory = memoryFor(bytes)
  return memory !== undefined && memory.isLeft !== true
}

/** For a page of a checkpoint: there are many at once, and they are read once. Never all of its buffer, if that is mapped. */
export function pageBytes(length: number): Uint8Array<ArrayBuffer> {
  if (current === undefined || length >= CHUNK_BYTES) return new Uint8Array(length)
  if (chunk === undefined || chunkUsed + length > chunk.length) {
    chunk = new Uint8Array(current.allocate(CHUNK_BYTES))
    chunkUsed = 0
  }
  chunkUsed += length
  return chunk.subarray(chunkUsed - length, chunkUsed)
}
