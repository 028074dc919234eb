/**
 * Copies of short runs of bytes between buffers. For less than some hundred bytes loops over words beat
 * `TypedArray.set`, which needs a subarray for each run, several times over.
 */

export function dataView({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

/**
 * Copies UTF-8. By 64-bit floating-point numbers, which keep their bits except perhaps those of NaNs: read as
 * little-endian, 8 bytes of valid UTF-8 are never a NaN, because 0xf0 … 0xff does not come before 0x7f or 0xff.
 */
export function copyText(source: DataView, from: number, target: DataView, to: number, length: number): void {
  const last = length - 8
  if (last < 0) {
    for (let i = 0; i < length; i++) target.setUint8(to + i, source.getUint8(from + i))
    return
  }
  for (let i = 0; i < last; i += 8) target.setFloat64(to + i, source.getFloat64(from + i, true), true)
  target.setFloat64(to + last, source.getFloat64(from + last, true), true)
}

/** Copies bytes of any kind. */
export function copyRun(source: DataView, from: number, target: DataView, to: number, length: number): void {
  const last = length - 4
  if (last < 0) {
    for (let i = 0; i < length; i++) target.setUint8(to + i, source.getUint8(from + i))
    return
  }
  for (let i = 0; i < last; i += 4) target.setInt32(to + i, source.getInt32(from + i, true), true)
  target.setInt32(to + last, source.getInt32(from + last, true), true)
}
