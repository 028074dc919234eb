/** Values in RocksDB: a small page itself, or the place of a large one in a page file. */
import { MillraceError } from '../core/errors.ts'

/** Where in the page files of a job a page is. */
export interface PagePlace {
  /** Number of the file. */
  readonly file: number
  readonly offset: number
  /** Bytes. */
  readonly length: number
}

/** Pages of so many bytes and more go to page files. */
export const LARGE_PAGE_BYTES = 4096

const INLINE = 0
const PLACE = 1
/** u8 form, then little-endian u32 number of the file, u64 offset, u32 length. */
const PLACE_BYTES = 17

export function encodeInline(bytes: Uint8Array): Buffer {
  return Buffer.concat([Uint8Array.of(INLINE), bytes])
}

export function encodePlace({ file, offset, length }: PagePlace): Buffer {
  const entry = Buffer.allocUnsafe(PLACE_BYTES)
  entry.writeUInt8(PLACE, 0)
  entry.writeUInt32LE(file, 1)
  entry.writeBigUInt64LE(BigInt(offset), 5)
  entry.writeUInt32LE(length, 13)
  return entry
}

/** Errors: INVALID_CHECKPOINT. */
export function decodeEntry(value: Uint8Array): Uint8Array | PagePlace {
  if (value[0] === INLINE) return value.subarray(1)
  const entry = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  if (value[0] !== PLACE || value.length !== PLACE_BYTES)
    throw new MillraceError('INVALID_CHECKPOINT', 'a state page is neither itself nor a place in a file')
  return { file: entry.readUInt32LE(1), offset: Number(entry.readBigUInt64LE(5)), length: entry.readUInt32LE(13) }
}
