/** What the code of aggregates calls, besides what is written in line. */
import { compareBytes } from '../../codegen/byte-arena.ts'

/** The top word of 10^38. */
const LIMIT_WORD = 0x4b3b4ca8
const LIMIT = 10n ** 38n

/** Adds four words at `at`, least significant first, plus `carry`. */
function add128(words: Int32Array, at: number, v0: number, v1: number, v2: number, v3: number, carry: number): void {
  let sum = ((words[at] as number) >>> 0) + (v0 >>> 0) + carry
  words[at] = sum | 0
  sum = ((words[at + 1] as number) >>> 0) + (v1 >>> 0) + (sum > 0xffffffff ? 1 : 0)
  words[at + 1] = sum | 0
  sum = ((words[at + 2] as number) >>> 0) + (v2 >>> 0) + (sum > 0xffffffff ? 1 : 0)
  words[at + 2] = sum | 0
  words[at + 3] = ((words[at + 3] as number) + v3 + (sum > 0xffffffff ? 1 : 0)) | 0
}

function readWords(words: Int32Array, at: number): bigint {
  const low = (BigInt((words[at + 1] as number) >>> 0) << 32n) | BigInt((words[at] as number) >>> 0)
  const high = (BigInt(words[at + 3] as number) << 32n) | BigInt((words[at + 2] as number) >>> 0)
  return (high << 64n) | low
}

function writeWords(words: Int32Array, at: number, value: bigint): void {
  for (let word = 0; word < 4; word++) words[at + word] = Number(BigInt.asIntN(32, value >> BigInt(32 * word)))
}

/** Whether the number has more than 38 digits. */
function overflows(words: Int32Array, at: number): boolean {
  const top = words[at + 3] as number
  if (top < LIMIT_WORD && top >= -LIMIT_WORD) return false
  const value = readWords(words, at)
  return value >= LIMIT || value <= -LIMIT
}

/** Below it quotients of doubles, rounded down, are exact. */
const EXACT = 2 ** 51

/** sum / count with `factor` more of scale, rounded half away from zero. */
function average128(words: Int32Array, at: number, count: number, factor: number, out: Int32Array, to: number): void {
  const high = words[at + 1] as number
  if (words[at + 2] === high >> 31 && words[at + 3] === high >> 31) {
    const small = (high * 4294967296 + ((words[at] as number) >>> 0)) * factor
    if (small < EXACT && small > -EXACT) {
      const rounded = Math.floor((Math.abs(small) + Math.floor(count / 2)) / count)
      writeDouble(out, to, small < 0 ? -rounded : rounded)
      return
    }
  }
  const sum = readWords(words, at) * BigInt(factor)
  const divisor = BigInt(count)
  const half = divisor / 2n
  writeWords(out, to, sum < 0n ? -((-sum + half) / divisor) : (sum + half) / divisor)
}

/** An integer that a double holds exactly. */
function writeDouble(words: Int32Array, at: number, value: number): void {
  const high = Math.floor(value / 4294967296)
  words[at] = (value - high * 4294967296) | 0
  words[at + 1] = high | 0
  words[at + 2] = value < 0 ? -1 : 0
  words[at + 3] = value < 0 ? -1 : 0
}

/** A scaled integer of four words, or of two, as a double. */
function toDouble(words: Int32Array, at: number, wide: boolean): number {
  const low =
    ((words[at] as number) >>> 0) + (wide ? (words[at + 1] as number) >>> 0 : (words[at + 1] as number)) * 4294967296
  if (!wide) return low
  return low + (((words[at + 2] as number) >>> 0) + (words[at + 3] as number) * 4294967296) * 18446744073709551616
}

function compare128(a: Int32Array, at: number, b: Int32Array, to: number): number {
  if (a[at + 3] !== b[to + 3]) return (a[at + 3] as number) - (b[to + 3] as number)
  for (let word = 2; word >= 0; word--) {
    if (a[at + word] !== b[to + word]) return ((a[at + word] as number) >>> 0) - ((b[to + word] as number) >>> 0)
  }
  return 0
}

function sameViews(starts: Int32Array, lengths: Int32Array, data: Uint8Array, a: number, b: number): boolean {
  const length = lengths[a] as number
  if (length !== lengths[b]) return false
  if (starts[a] === starts[b]) return true
  return compareBytes(data, starts[a] as number, length, data, starts[b] as number, length) === 0
}

export const SUPPORT = {
  add128,
  average128,
  compare128,
  compareBytes,
  overflows,
  readWords,
  sameViews,
  toDouble,
  writeWords,
}
