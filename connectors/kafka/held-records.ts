/**
 * Records that wait so that only the last one of a key is written: `sink.buffer-flush.*` of upsert-kafka
 * (https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/upsert-kafka/).
 */
import type { TopicPartition } from './client.ts'
import type { Header } from './record-batch.ts'

/** Takes records one at a time, as a producer does. */
export interface RecordTarget {
  append(
    place: TopicPartition,
    key: Uint8Array | null,
    keyStart: number,
    keyLength: number,
    value: Uint8Array | null,
    valueStart: number,
    valueLength: number,
    timestamp: number,
    headers: readonly Header[],
  ): void
}

interface HeldRecord {
  readonly place: TopicPartition
  readonly key: Uint8Array
  readonly value: Uint8Array | null
  readonly timestamp: number
  readonly headers: readonly Header[]
}

export class HeldRecords implements RecordTarget {
  readonly maxRows: number
  /** Milliseconds. */
  readonly interval: number
  readonly #records = new Map<string, HeldRecord>()
  /** When the first of them came. */
  since = 0

  constructor(maxRows: number, interval: number) {
    this.maxRows = maxRows
    this.interval = interval
  }

  get size(): number {
    return this.#records.size
  }

  append(
    place: TopicPartition,
    key: Uint8Array | null,
    keyStart: number,
    keyLength: number,
    value: Uint8Array | null,
    valueStart: number,
    valueLength: number,
    timestamp: number,
    headers: readonly Header[],
  ): void {
    const ownKey = key === null ? new Uint8Array(0) : key.slice(keyStart, keyStart + keyLength)
    const text = Buffer.from(ownKey.buffer).toString('latin1')
    const ownValue = value === null ? null : value.slice(valueStart, valueStart + valueLength)
    this.#records.set(text, { place, key: ownKey, value: ownValue, timestamp, headers })
  }

  releaseTo(target: RecordTarget): void {
    for (const { place, key, value, timestamp, headers } of this.#records.values())
      target.append(place, key, 0, key.length, value, 0, value?.length ?? -1, timestamp, headers)
    this.#records.clear()
  }
}
