/**
 * Texts of the benchmark. Random letters come from a pool made once: a text is a view of some stretch of it, at a
 * random place, so that texts cost no bytes to make. Sizes and letters are distributed as the reference's.
 */
import { constantBytes } from '../../core/lasting-bytes.ts'
import { below, eventHash } from './random.ts'

const encoder = new TextEncoder()
const LOWER_A = 97
const SPACE = 32
const UNDERSCORE = 95

export interface TextPool {
  readonly data: Uint8Array
  /** Places where the longest text may start. */
  readonly places: number
}

const POOL_BYTES = 1 << 18
const LETTERS_OF_NUMBER = 6

/** Names and descriptions: letters a to z, and every 13th a space. */
export function wordPool(seed: number, longest: number): TextPool {
  return pool(longest, (at) => wordByte(eventHash(seed, at), SPACE))
}

function wordByte(hash: number, special: number): number {
  return below(hash, 1, 13) === 0 ? special : LOWER_A + below(hash, 2, 26)
}

/**
 * The text of the `extra` fields. The reference takes six letters from one signed number of 32 bits, so half of the
 * groups count down from `a`: into the capitals and the signs between, a backslash among them. And 2^31 is no power of
 * 26: the last letter of a group is `z`, or `H`, less often than the others.
 */
export function extraPool(seed: number, longest: number): TextPool {
  return pool(longest, (at) => {
    const group = Math.floor(at / LETTERS_OF_NUMBER)
    const digits = Math.trunc(eventHash(seed, group) / 26 ** (at - group * LETTERS_OF_NUMBER))
    return LOWER_A + (digits % 26)
  })
}

/** Pools are made when the first text is wanted from them. */
export function lazily<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

function pool(longest: number, byteAt: (at: number) => number): TextPool {
  const data = new Uint8Array(POOL_BYTES + longest)
  for (let at = 0; at < data.length; at++) data[at] = byteAt(at)
  return { data: constantBytes(data), places: POOL_BYTES }
}

/** A length as that of the reference's `nextString`: 3 up to `longest` - 1 letters before spaces at the ends go. */
export function wordLength(hash: number, salt: number, longest: number): number {
  return 3 + below(hash, salt, longest - 3)
}

/** Where a stretch of the pool begins and ends without the spaces at its ends. */
export function trimmedStart(data: Uint8Array, start: number, end: number): number {
  while (start < end && data[start] === SPACE) start++
  return start
}

export function trimmedEnd(data: Uint8Array, start: number, end: number): number {
  while (end > start && data[end - 1] === SPACE) end--
  return end
}

/** A length with which an event of `size` bytes so far has `average` bytes on average, give or take a fifth. */
export function extraLength(hash: number, salt: number, size: number, average: number): number {
  if (size > average) return 0
  const wanted = average - size
  const delta = Math.round(wanted * 0.2)
  return wanted - delta + (delta === 0 ? 0 : below(hash, salt, 2 * delta))
}

/** A fixed list of texts in one buffer. */
export interface TextList {
  readonly data: Uint8Array
  readonly starts: Int32Array
  readonly lengths: Int32Array
}

export function textList(texts: readonly string[]): TextList {
  const encoded = texts.map((text) => encoder.encode(text))
  const lengths = Int32Array.from(encoded, (bytes) => bytes.length)
  const starts = new Int32Array(encoded.length)
  for (let at = 1; at < encoded.length; at++) starts[at] = (starts[at - 1] as number) + (lengths[at - 1] as number)
  return { data: constantBytes(new Uint8Array(Buffer.concat(encoded))), starts, lengths }
}

const HOT_CHANNELS = ['Google', 'Facebook', 'Baidu', 'Apple']
const CHANNELS = 10_000
export const HOT_CHANNEL_COUNT = HOT_CHANNELS.length
export const CHANNEL_COUNT = CHANNELS

/** The hot channels, then `channel-0` to `channel-9999`. */
export function channelNames(): TextList {
  return textList([...HOT_CHANNELS, ...Array.from({ length: CHANNELS }, (_, index) => `channel-${index}`)])
}

/** The page of each channel; nine of ten that are not hot have the channel's id in it. */
export function channelUrls(seed: number): TextList {
  const pages = Array.from({ length: HOT_CHANNELS.length + CHANNELS }, (_, index) => {
    const hash = eventHash(seed, index)
    const url = `https://www.nexmark.com/${pathPart(hash, 10)}/${pathPart(hash, 20)}/${pathPart(hash, 30)}/item.htm?query=1`
    const channel = index - HOT_CHANNELS.length
    return channel < 0 || below(hash, 1, 10) === 0 ? url : `${url}&channel_id=${channelId(channel)}`
  })
  return textList(pages)
}

function pathPart(hash: number, salt: number): string {
  const length = wordLength(hash, salt, 5)
  const bytes = Array.from({ length }, (_, at) => wordByte(eventHash(hash, salt + at), UNDERSCORE))
  return String.fromCharCode(...bytes)
}

/** The bits in reverse, without the sign; that of channel 1 has no counterpart among 32 bits and keeps it. */
function channelId(channel: number): number {
  let reversed = 0
  for (let bit = 0; bit < 32; bit++) reversed |= ((channel >>> bit) & 1) << (31 - bit)
  return Math.abs(reversed) | 0
}
