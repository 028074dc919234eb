/** Bytes that a batch's string results are written to, one behind the other. */

const FIRST_SIZE = 1 << 12
const utf8Write = (
  Buffer.prototype as unknown as { utf8Write(this: Uint8Array, text: string, offset: number, length: number): number }
).utf8Write

export class ByteArena {
  /** May be replaced by a longer copy when something is put; views into the old one stay readable until `clear`. */
  data: Uint8Array = new Uint8Array(FIRST_SIZE)
  /** End of what is used; the value put last is `[start, size)`. */
  size = 0
  start = 0

  /** Forgets what was put. */
  clear(): void {
    this.size = 0
    this.start = 0
  }

  /** Room for `length` more bytes; the caller writes at `size` and moves it. */
  reserve(length: number): void {
    this.start = this.size
    if (this.size + length <= this.data.length) return
    const grown = new Uint8Array(Math.max(this.data.length * 2, this.size + length))
    grown.set(this.data.subarray(0, this.size))
    this.data = grown
  }

  putText(text: string): void {
    this.reserve(text.length * 3)
    this.size += utf8Write.call(this.data, text, this.size, text.length * 3)
  }

  putView(source: Uint8Array, start: number, length: number): void {
    this.reserve(length)
    copyBytes(source, start, this.data, this.size, length)
    this.size += length
  }

  putBytes(bytes: Uint8Array): void {
    this.putView(bytes, 0, bytes.length)
  }
}

/** A loop beats `set` for short strings: making the subarray alone costs about 50 ns. */
export function copyBytes(source: Uint8Array, from: number, target: Uint8Array, to: number, length: number): void {
  if (length > 64) {
    target.set(source.subarray(from, from + length), to)
    return
  }
  for (let i = 0; i < length; i++) target[to + i] = source[from + i] as number
}

export function equalBytes(
  a: Uint8Array,
  aStart: number,
  aLength: number,
  b: Uint8Array,
  bStart: number,
  bLength: number,
): boolean {
  if (aLength !== bLength) return false
  for (let i = 0; i < aLength; i++) if (a[aStart + i] !== b[bStart + i]) return false
  return true
}

/** Order of the bytes, which for UTF-8 is the order of the code points. */
export function compareBytes(
  a: Uint8Array,
  aStart: number,
  aLength: number,
  b: Uint8Array,
  bStart: number,
  bLength: number,
): number {
  const length = Math.min(aLength, bLength)
  for (let i = 0; i < length; i++) {
    const difference = (a[aStart + i] as number) - (b[bStart + i] as number)
    if (difference !== 0) return difference
  }
  return aLength - bLength
}

/** The number of characters (code points): bytes that do not continue a sequence. */
export function countCharacters(data: Uint8Array, start: number, length: number): number {
  let count = 0
  for (let i = start; i < start + length; i++) if (((data[i] as number) & 0xc0) !== 0x80) count++
  return count
}

/** Offset in bytes of the character at an index, counted from the view's start; its length where there is none. */
export function byteOffsetOf(data: Uint8Array, start: number, length: number, character: number): number {
  let seen = 0
  for (let i = 0; i < length; i++) {
    if (((data[start + i] as number) & 0xc0) === 0x80) continue
    if (seen === character) return i
    seen++
  }
  return length
}

export function isAscii(data: Uint8Array, start: number, length: number): boolean {
  let any = 0
  for (let i = start; i < start + length; i++) any |= data[i] as number
  return any < 0x80
}

/** Position of `needle` in the view from `from` on, in bytes from the view's start; -1 where it is not. */
export function findBytes(data: Uint8Array, start: number, length: number, needle: Uint8Array, from: number): number {
  const last = length - needle.length
  const first = needle[0]
  for (let at = from; at <= last; at++) {
    if (first !== undefined && data[start + at] !== first) continue
    let i = 1
    while (i < needle.length && data[start + at + i] === needle[i]) i++
    if (i >= needle.length) return at
  }
  return -1
}
