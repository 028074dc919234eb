/** Fetch and Produce with raw record sets, which the client library would turn into one object for each record. */
import type * as Kafka from '@platformatic/kafka'
import type { API, Reader, Writer } from '@platformatic/kafka'

export type Library = typeof Kafka

export interface FetchPartition {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly maxBytes: number
}

export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

export interface FetchedPartition {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly highWatermark: bigint
  readonly lastStableOffset: bigint
  readonly abortedTransactions: readonly AbortedTransaction[]
  /** Record batches as they are on the broker's disk; the last may be cut off. */
  readonly records: Buffer
}

export interface ProducePartition {
  readonly topic: string
  readonly partition: number
  readonly records: Buffer
}

export interface ProducedPartition {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly message: string | null
}

export interface FetchRequest {
  /** Milliseconds that the broker waits for `minBytes`. */
  readonly maxWait: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly isolation: 0 | 1
  readonly partitions: readonly FetchPartition[]
}

export interface ProduceRequest {
  readonly transactionalId: string | null
  readonly acks: number
  readonly timeout: number
  readonly partitions: readonly ProducePartition[]
}

export interface RawApis {
  readonly fetch: API<[FetchRequest], FetchedPartition[]>
  readonly produce: API<[ProduceRequest], ProducedPartition[]>
}

/** https://kafka.apache.org/protocol.html: Fetch version 12 and Produce version 9, which brokers 2.8 to 4.x know. */
export function createRawApis(library: Library): RawApis {
  const write = (): Writer => library.Writer.create()
  return {
    fetch: library.createAPI(
      1,
      12,
      (request: FetchRequest) => writeFetch(write(), request),
      (_id, _key, _version, reader) => readFetch(reader),
    ),
    produce: library.createAPI(
      0,
      9,
      (request: ProduceRequest) => writeProduce(write(), request),
      (_id, _key, _version, reader) => readProduce(reader),
    ),
  }
}

function byTopic<T extends { readonly topic: string }>(items: readonly T[]): [string, T[]][] {
  return [...Map.groupBy(items, (item) => item.topic)]
}

function writeFetch(writer: Writer, request: FetchRequest): Writer {
  return writer
    .appendInt32(-1)
    .appendInt32(request.maxWait)
    .appendInt32(request.minBytes)
    .appendInt32(request.maxBytes)
    .appendInt8(request.isolation)
    .appendInt32(0)
    .appendInt32(-1)
    .appendArray(byTopic(request.partitions), (topics, [topic, partitions]) => {
      topics.appendString(topic).appendArray(partitions, (each, partition) => {
        each
          .appendInt32(partition.partition)
          .appendInt32(-1)
          .appendInt64(partition.offset)
          .appendInt32(-1)
          .appendInt64(-1n)
          .appendInt32(partition.maxBytes)
      })
    })
    .appendArray([], () => undefined)
    .appendString('')
    .appendTaggedFields()
}

function readFetch(reader: Reader): FetchedPartition[] {
  const found: FetchedPartition[] = []
  reader.readInt32()
  const errorCode = reader.readInt16()
  reader.readInt32()
  reader.readArray((topics) => {
    const topic = topics.readString()
    topics.readArray((partitions) => {
      const head = {
        topic,
        partition: partitions.readInt32(),
        errorCode: partitions.readInt16() || errorCode,
        highWatermark: partitions.readInt64(),
        lastStableOffset: partitions.readInt64(),
      }
      partitions.readInt64()
      const abortedTransactions =
        partitions.readNullableArray((each) => ({ producerId: each.readInt64(), firstOffset: each.readInt64() })) ?? []
      partitions.readInt32()
      const size = partitions.readUnsignedVarInt() - 1
      const records =
        size > 0 ? partitions.buffer.subarray(partitions.position, partitions.position + size).buffer : EMPTY
      if (size > 0) partitions.skip(size)
      found.push({ ...head, abortedTransactions, records: Buffer.from(records) })
    })
  })
  reader.readTaggedFields()
  return found
}

const EMPTY = Buffer.alloc(0)

function writeProduce(writer: Writer, request: ProduceRequest): Writer {
  const written = writer
    .appendString(request.transactionalId)
    .appendInt16(request.acks)
    .appendInt32(request.timeout)
    .appendArray(byTopic(request.partitions), (topics, [topic, partitions]) => {
      topics.appendString(topic).appendArray(partitions, (each, partition) => {
        each
          .appendInt32(partition.partition)
          .appendUnsignedVarInt(partition.records.length + 1)
          .append(partition.records)
      })
    })
    .appendTaggedFields()
  if (request.acks === 0) written.context['noResponse'] = true
  return written
}

function readProduce(reader: Reader): ProducedPartition[] {
  const found: ProducedPartition[] = []
  reader.readArray((topics) => {
    const topic = topics.readString()
    topics.readArray((partitions) => {
      const partition = partitions.readInt32()
      const errorCode = partitions.readInt16()
      partitions.skip(24)
      partitions.readArray((errors) => {
        errors.readInt32()
        errors.readNullableString()
      })
      found.push({ topic, partition, errorCode, message: partitions.readNullableString() })
    })
  })
  reader.readInt32()
  reader.readTaggedFields()
  return found
}
