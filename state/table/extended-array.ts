/**
 * Arrays of the state that grow. A long one grows in place, over address space that was set aside for it: neither a
 * copy nor, while that is made, both of them in memory.
 */
export type StateArray = Uint8Array | Int8Array | Int16Array | Int32Array | BigInt64Array | Float32Array | Float64Array

interface ArrayType<A> {
  readonly BYTES_PER_ELEMENT: number
  new (length: number): A
  new (buffer: ArrayBufferLike, offset: number, length: number): A
}

/** Bytes from which on an array grows in place. */
const LONG = 1 << 18
/** Bytes of address space that are set aside. */
const RESERVED = 0x80000000

/** The array with zeros behind it: a longer view of the same memory, or a copy. The old one is not used any more. */
export function extendedArray<A extends StateArray>(values: A, length: number): A {
  // Of a fixed length: arrays that follow their buffer are slower to read.
  const type = values.constructor as unknown as ArrayType<A>
  const bytes = length * type.BYTES_PER_ELEMENT
  const { buffer } = values
  if (buffer instanceof SharedArrayBuffer && buffer.growable && bytes <= buffer.maxByteLength) {
    if (bytes > buffer.byteLength) buffer.grow(bytes)
    return new type(buffer, 0, length)
  }
  const longer = bytes < LONG ? new type(length) : new type(reserved(bytes), 0, length)
  ;(longer as Uint8Array).set(values as Uint8Array)
  return longer
}

/** Untouched bytes take address space only. Where that is limited too, the array is one that is copied to grow. */
function reserved(bytes: number): ArrayBufferLike {
  try {
    return new SharedArrayBuffer(bytes, { maxByteLength: Math.max(RESERVED, 2 * bytes) })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return new ArrayBuffer(bytes)
  }
}
