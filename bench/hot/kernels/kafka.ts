/** Record batches by hand: no keys, no headers, no compression, lengths below 2^14. */
import { crc32c } from '@node-rs/crc32'
import type { RecordSlices } from '../../../connectors/api/format.ts'
import { BATCH_ROWS } from '../inputs.ts'

const HEADER_BYTES = 61

export interface Unframed {
  readonly starts: Int32Array
  readonly lengths: Int32Array
  readonly count: number
}

/** Places, offsets and times of the records of one batch; its checksum is looked at. */
export function createUnframer(): (batch: Buffer) => Unframed {
  const starts = new Int32Array(BATCH_ROWS)
  const lengths = new Int32Array(BATCH_ROWS)
  const offsets = new BigInt64Array(BATCH_ROWS)
  const times = new BigInt64Array(BATCH_ROWS)
  return (batch) => {
    const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
    if (crc32c(batch.subarray(21)) !== view.getUint32(17)) throw new Error('the checksum does not match')
    const base = view.getBigInt64(0)
    const first = view.getBigInt64(27)
    const count = view.getInt32(57)
    let at = HEADER_BYTES
    const varint = (): number => {
      let byte = batch[at++] as number
      if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1)
      let value = byte & 0x7f
      for (let shift = 7; byte >= 0x80; shift += 7) {
        byte = batch[at++] as number
        value |= (byte & 0x7f) << shift
      }
      return (value >>> 1) ^ -(value & 1)
    }
    for (let record = 0; record < count; record++) {
      const length = varint()
      const end = at + length
      at++
      times[record] = BigInt.asIntN(64, first + BigInt(varint()))
      offsets[record] = BigInt.asIntN(64, base + BigInt(varint()))
      const key = varint()
      if (key > 0) at += key
      const value = varint()
      starts[record] = at
      lengths[record] = value
      at = end
    }
    return { starts, lengths, count }
  }
}

/** One batch of records without keys, whose times count up from `firstTime`. */
export function createFramer(firstTime: number): (records: RecordSlices) => Uint8Array {
  const batch = Buffer.alloc(HEADER_BYTES + BATCH_ROWS * 512)
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
  let at = 0
  /** Zigzag of a number from 0 to 2^20. */
  const varint = (value: number): void => {
    let rest = value << 1
    for (; rest >= 0x80; rest >>>= 7) batch[at++] = (rest & 0x7f) | 0x80
    batch[at++] = rest
  }
  const bytesOf = (value: number): number => (value < 0x40 ? 1 : value < 0x2000 ? 2 : 3)
  return ({ data, starts, lengths, count }) => {
    const from = new DataView(data.buffer, data.byteOffset)
    at = HEADER_BYTES
    for (let record = 0; record < count; record++) {
      const length = lengths[record] as number
      const start = starts[record] as number
      varint(4 + bytesOf(record) - 1 + bytesOf(record) + bytesOf(length) + length)
      batch[at++] = 0
      varint(record)
      varint(record)
      batch[at++] = 1
      varint(length)
      let i = 0
      for (; i + 8 <= length; i += 8) view.setFloat64(at + i, from.getFloat64(start + i))
      for (; i < length; i++) batch[at + i] = data[start + i] as number
      at += length
      batch[at++] = 0
    }
    view.setBigInt64(0, 0n)
    view.setInt32(8, at - 12)
    view.setInt32(12, -1)
    view.setInt8(16, 2)
    view.setInt16(21, 0)
    view.setInt32(23, count - 1)
    view.setBigInt64(27, BigInt(firstTime))
    view.setBigInt64(35, BigInt(firstTime + count - 1))
    view.setBigInt64(43, 1n)
    view.setInt16(51, 0)
    view.setInt32(53, 0)
    view.setInt32(57, count)
    view.setUint32(17, crc32c(batch.subarray(21, at)))
    return batch.subarray(0, at)
  }
}
