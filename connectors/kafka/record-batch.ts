/**
 * Kafka's record batches, format 2 (https://kafka.apache.org/documentation/#recordbatch): read from the fetched bytes
 * straight into places of keys and values, written from encoded rows. No object for a record.
 */
import { crc32c } from '@node-rs/crc32'

export interface RecordBlock {
  /** Where keys and values are. */
  readonly data: Uint8Array
  readonly count: number
  readonly keyStarts: Int32Array
  /** -1: no key. */
  readonly keyLengths: Int32Array
  readonly valueStarts: Int32Array
  /** -1: a tombstone. */
  readonly valueLengths: Int32Array
  readonly offsets: BigInt64Array
  /** Milliseconds since the epoch. */
  readonly timestamps: BigInt64Array
  /** Where the headers of a record begin: their number as a varint. */
  readonly headerStarts: Int32Array
  readonly leaderEpoch: number
  readonly logAppendTime: boolean
}

export interface BatchHeader {
  readonly baseOffset: bigint
  readonly lastOffset: bigint
  readonly producerId: bigint
  readonly isTransactional: boolean
  readonly isControl: boolean
  /** Bytes of the whole batch. */
  readonly size: number
}

export type Decompress = (codec: number, bytes: Uint8Array) => Uint8Array

const HEADER_BYTES = 61

/** The batch at a place, or undefined where it is cut off. */
export function readBatchHeader(bytes: Buffer, at: number): BatchHeader | undefined {
  if (at + HEADER_BYTES > bytes.length) return undefined
  const size = bytes.readInt32BE(at + 8) + 12
  if (at + size > bytes.length) return undefined
  const magic = bytes.readInt8(at + 16)
  if (magic !== 2) throw new Error(`record batches of format ${magic} cannot be read`)
  const attributes = bytes.readInt16BE(at + 21)
  const baseOffset = bytes.readBigInt64BE(at)
  return {
    baseOffset,
    lastOffset: baseOffset + BigInt(bytes.readInt32BE(at + 23)),
    producerId: bytes.readBigInt64BE(at + 43),
    isTransactional: (attributes & 0x10) !== 0,
    isControl: (attributes & 0x20) !== 0,
    size,
  }
}

/** Whether a control batch is the marker of an aborted transaction: its key is version and type, two bytes each. */
export function isAbortMarker(bytes: Buffer, at: number): boolean {
  const block = readRecords(bytes, [at], () => {
    throw new Error('control batches are not compressed')
  })
  const start = block.keyStarts[0] ?? 0
  return ((block.data[start + 2] ?? 0) << 8) + (block.data[start + 3] ?? 0) === 0
}

/**
 * The records of several batches of one partition, as one block. Uncompressed batches stay where they are.
 *
 * @param batches where the batches begin
 */
export function readRecords(bytes: Buffer, batches: readonly number[], decompress: Decompress): RecordBlock {
  for (const at of batches) verifyChecksum(bytes, at)
  const count = batches.reduce((sum, at) => sum + bytes.readInt32BE(at + 57), 0)
  const compressed = batches.some((at) => (bytes.readInt16BE(at + 21) & 7) !== 0)
  const unpacked = compressed ? unpack(bytes, batches, decompress) : undefined
  const first = batches[0] ?? 0
  const block: RecordBlock = {
    data: unpacked?.data ?? bytes,
    count,
    keyStarts: new Int32Array(count),
    keyLengths: new Int32Array(count),
    valueStarts: new Int32Array(count),
    valueLengths: new Int32Array(count),
    offsets: new BigInt64Array(count),
    timestamps: new BigInt64Array(count),
    headerStarts: new Int32Array(count),
    leaderEpoch: count === 0 ? -1 : bytes.readInt32BE(first + 12),
    logAppendTime: count > 0 && (bytes.readInt16BE(first + 21) & 8) !== 0,
  }
  let record = 0
  batches.forEach((at, index) => {
    const records = bytes.readInt32BE(at + 57)
    const start = unpacked?.starts[index] ?? at + HEADER_BYTES
    const appendTime = (bytes.readInt16BE(at + 21) & 8) !== 0
    const times = { base: bytes.readBigInt64BE(at + 27), fixed: appendTime ? bytes.readBigInt64BE(at + 35) : undefined }
    readPlaces(block, record, records, start, bytes.readBigInt64BE(at), times)
    record += records
  })
  return block
}

function verifyChecksum(bytes: Buffer, at: number): void {
  const size = bytes.readInt32BE(at + 8) + 12
  if (crc32c(bytes.subarray(at + 21, at + size)) !== bytes.readUInt32BE(at + 17))
    throw new Error('the checksum of a record batch does not match')
}

function unpack(bytes: Buffer, batches: readonly number[], decompress: Decompress): { data: Buffer; starts: number[] } {
  const parts = batches.map((at) => {
    const packed = bytes.subarray(at + HEADER_BYTES, at + bytes.readInt32BE(at + 8) + 12)
    const codec = bytes.readInt16BE(at + 21) & 7
    return codec === 0 ? packed : decompress(codec, packed)
  })
  let at = 0
  const starts = parts.map((part) => {
    const start = at
    at += part.length
    return start
  })
  return { data: Buffer.concat(parts), starts }
}

/** Signed variable-length integers; the position is kept in a variable of the loop. */
function readPlaces(
  block: RecordBlock,
  first: number,
  count: number,
  start: number,
  baseOffset: bigint,
  times: { readonly base: bigint; readonly fixed: bigint | undefined },
): void {
  const { data, keyStarts, keyLengths, valueStarts, valueLengths, offsets, timestamps, headerStarts } = block
  let at = start
  const varint = (): number => {
    let [value, shift] = [0, 0]
    for (;;) {
      const byte = data[at++] as number
      if (shift < 28) value |= (byte & 0x7f) << shift
      else value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) break
      shift += 7
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
  for (let record = first; record < first + count; record++) {
    const length = varint()
    const end = at + length
    at++
    const delta = varint()
    timestamps[record] = times.fixed ?? times.base + BigInt(delta)
    offsets[record] = baseOffset + BigInt(varint())
    const keyLength = varint()
    keyStarts[record] = at
    keyLengths[record] = keyLength
    if (keyLength > 0) at += keyLength
    const valueLength = varint()
    valueStarts[record] = at
    valueLengths[record] = valueLength
    if (valueLength > 0) at += valueLength
    headerStarts[record] = at
    at = end
  }
}

export interface Header {
  readonly key: string
  readonly value: Uint8Array | null
}

export function readHeaders(data: Uint8Array, start: number): Header[] {
  let at = start
  const varint = (): number => {
    let [value, shift] = [0, 0]
    for (;;) {
      const byte = data[at++] ?? 0
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) break
      shift += 7
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
  return Array.from({ length: varint() }, () => {
    const keyLength = varint()
    const key = Buffer.from(data.buffer, data.byteOffset + at, keyLength).toString()
    at += keyLength
    const valueLength = varint()
    const value = valueLength < 0 ? null : data.slice(at, at + valueLength)
    at += Math.max(0, valueLength)
    return { key, value }
  })
}

export interface ProducerState {
  readonly producerId: bigint
  readonly epoch: number
  readonly sequence: number
  readonly transactional: boolean
}

export interface Compression {
  readonly codec: number
  readonly compress: (bytes: Buffer) => Buffer
}

/** Collects the records of one partition until they are sent. */
export class BatchWriter {
  #bytes: Buffer = Buffer.allocUnsafe(1 << 14)
  #size = 0
  #first = 0
  #max = 0
  count = 0

  get size(): number {
    return this.#size
  }

  /** @param key, value null: none; `length` -1 likewise; @param timestamp milliseconds */
  append(
    key: Uint8Array | null,
    keyStart: number,
    keyLength: number,
    value: Uint8Array | null,
    valueStart: number,
    valueLength: number,
    timestamp: number,
    headers: readonly Header[],
  ): void {
    if (this.count === 0) this.#first = this.#max = timestamp
    this.#max = Math.max(this.#max, timestamp)
    const headerBytes = headers.length === 0 ? NO_HEADERS : encodeHeaders(headers)
    const delta = timestamp - this.#first
    const length =
      1 +
      varintSize(delta) +
      varintSize(this.count) +
      varintSize(keyLength) +
      Math.max(0, keyLength) +
      varintSize(valueLength) +
      Math.max(0, valueLength) +
      headerBytes.length
    this.#reserve(length + 10)
    this.#varint(length)
    this.#bytes[this.#size++] = 0
    this.#varint(delta)
    this.#varint(this.count)
    this.#varint(keyLength)
    if (key !== null && keyLength > 0) this.#copy(key, keyStart, keyLength)
    this.#varint(valueLength)
    if (value !== null && valueLength > 0) this.#copy(value, valueStart, valueLength)
    this.#copy(headerBytes, 0, headerBytes.length)
    this.count++
  }

  /** The finished batch; the writer is empty again. */
  finish(producer: ProducerState, compression: Compression | undefined): Buffer {
    const plain = this.#bytes.subarray(0, this.#size)
    const records = compression === undefined ? plain : compression.compress(plain)
    const batch = Buffer.allocUnsafe(HEADER_BYTES + records.length)
    batch.writeBigInt64BE(0n, 0)
    batch.writeInt32BE(batch.length - 12, 8)
    batch.writeInt32BE(-1, 12)
    batch.writeInt8(2, 16)
    batch.writeInt16BE((compression?.codec ?? 0) | (producer.transactional ? 0x10 : 0), 21)
    batch.writeInt32BE(this.count - 1, 23)
    batch.writeBigInt64BE(BigInt(this.#first), 27)
    batch.writeBigInt64BE(BigInt(this.#max), 35)
    batch.writeBigInt64BE(producer.producerId, 43)
    batch.writeInt16BE(producer.epoch, 51)
    batch.writeInt32BE(producer.sequence, 53)
    batch.writeInt32BE(this.count, 57)
    records.copy(batch, HEADER_BYTES)
    batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
    this.#size = 0
    this.count = 0
    return batch
  }

  #copy(source: Uint8Array, start: number, length: number): void {
    if (length > 64) this.#bytes.set(source.subarray(start, start + length), this.#size)
    else for (let i = 0; i < length; i++) this.#bytes[this.#size + i] = source[start + i] as number
    this.#size += length
  }

  #varint(value: number): void {
    let rest = value >= 0 ? value * 2 : -value * 2 - 1
    while (rest >= 0x80) {
      this.#bytes[this.#size++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#size++] = rest
  }

  #reserve(length: number): void {
    if (this.#size + length <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#size + length))
    this.#bytes.copy(grown, 0, 0, this.#size)
    this.#bytes = grown
  }
}

const NO_HEADERS = Uint8Array.of(0)

function encodeHeaders(headers: readonly Header[]): Uint8Array {
  const parts = headers.flatMap(({ key, value }) => {
    const name = Buffer.from(key)
    return [varintBytes(name.length), name, varintBytes(value === null ? -1 : value.length), value ?? Buffer.alloc(0)]
  })
  return Buffer.concat([varintBytes(headers.length), ...parts])
}

function varintBytes(value: number): Buffer {
  const bytes: number[] = []
  let rest = value >= 0 ? value * 2 : -value * 2 - 1
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}

function varintSize(value: number): number {
  let rest = value >= 0 ? value * 2 : -value * 2 - 1
  let size = 1
  while (rest >= 0x80) {
    rest = Math.floor(rest / 0x80)
    size++
  }
  return size
}
