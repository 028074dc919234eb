/** 64-bit values in as few bytes as a whole page of them needs: keys, counts and sums are mostly small. */

/**
 * Bytes that hold each value, sign included: 1, 2, 4 or 8.
 *
 * @param words pairs, low half first, by row id
 */
export function narrowWidth(words: Int32Array, rows: Int32Array, count: number): number {
  let upper = 0
  let magnitude = 0
  for (let i = 0; i < count; i++) {
    const at = 2 * (rows[i] as number)
    const low = words[at] as number
    const sign = low >> 31
    upper |= (words[at + 1] as number) ^ sign
    magnitude |= low ^ sign
  }
  if (upper !== 0) return 8
  if (magnitude < 0x80) return 1
  return magnitude < 0x8000 ? 2 : 4
}

/** For a page's values; the same memory as 16-bit and 32-bit numbers. */
let bytes = new Uint8Array(0)
let shorts = new Int16Array(0)
let ints = new Int32Array(0)

/** The values of these rows as little-endian bytes. Valid until the next call. */
export function narrowValues(words: Int32Array, rows: Int32Array, count: number, width: number): Uint8Array {
  if (ints.length < count) {
    ints = new Int32Array(count)
    bytes = new Uint8Array(ints.buffer)
    shorts = new Int16Array(ints.buffer)
  }
  if (width === 1) for (let i = 0; i < count; i++) bytes[i] = words[2 * (rows[i] as number)] as number
  else if (width === 2) for (let i = 0; i < count; i++) shorts[i] = words[2 * (rows[i] as number)] as number
  else for (let i = 0; i < count; i++) ints[i] = words[2 * (rows[i] as number)] as number
  return bytes.subarray(0, count * width)
}

export function readNarrow(words: Int32Array, rows: Int32Array, view: DataView, start: number, width: number): void {
  const count = rows.length
  if (width === 1) for (let i = 0; i < count; i++) widen(words, rows[i] as number, view.getInt8(start + i))
  else if (width === 2)
    for (let i = 0; i < count; i++) widen(words, rows[i] as number, view.getInt16(start + 2 * i, true))
  else for (let i = 0; i < count; i++) widen(words, rows[i] as number, view.getInt32(start + 4 * i, true))
}

function widen(words: Int32Array, row: number, low: number): void {
  words[2 * row] = low
  words[2 * row + 1] = low >> 31
}
