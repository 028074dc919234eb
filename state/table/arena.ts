/**
 * Bytes that are only ever appended. Views of them stay valid: a large arena grows in place, over address space that
 * was set aside for it, and a small one into a longer copy of itself.
 */
import { dataView } from '../../core/byte-copy.ts'
import { invariant } from '../../core/errors.ts'
import { endLasting, lastingBytes } from '../../core/lasting-bytes.ts'
import { memoryFor } from './memory.ts'

const FIRST = 1 << 10
/** From here on it grows in place. */
const LARGE = 1 << 18
const MAX_ARENA = 0x7fffffff

export class Arena {
  /** Replaced by a longer view when the arena grows; `view` likewise. */
  data: Uint8Array
  view: DataView
  size = 0

  constructor(capacity = FIRST) {
    this.data = capacity < LARGE ? new Uint8Array(Math.max(FIRST, capacity)) : large(capacity)
    this.view = dataView(this.data)
  }

  /** Room for `length` more bytes behind `size`. */
  reserve(length: number): void {
    const needed = this.size + length
    if (needed <= this.data.length) return
    invariant(needed <= MAX_ARENA, 'a state column of variable length holds at most 2 GiB')
    const wanted = Math.min(Math.max(2 * this.data.length, needed), MAX_ARENA)
    const { buffer } = this.data
    const memory = memoryFor(wanted)
    if (memory?.commit(buffer, wanted) === true) this.data = new Uint8Array(buffer, 0, wanted)
    else if (memory === undefined && buffer instanceof SharedArrayBuffer && buffer.growable) {
      buffer.grow(wanted)
      // Of a fixed length: arrays that follow their buffer are slower to read.
      this.data = new Uint8Array(buffer, 0, wanted)
    } else {
      const grown = wanted < LARGE ? new Uint8Array(wanted) : large(wanted)
      grown.set(this.data.subarray(0, this.size))
      endLasting(this.data)
      this.data = grown
    }
    this.view = dataView(this.data)
  }
}

/** Untouched bytes take address space only. Where that is limited too, the arena is one that is copied to grow. */
function large(capacity: number): Uint8Array {
  const memory = memoryFor(capacity)
  if (memory !== undefined) {
    const data = new Uint8Array(memory.allocate(capacity, MAX_ARENA), 0, capacity)
    return memory.isLeft === true ? data : lastingBytes(data)
  }
  try {
    return lastingBytes(new Uint8Array(new SharedArrayBuffer(capacity, { maxByteLength: MAX_ARENA }), 0, capacity))
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return new Uint8Array(capacity)
  }
}
