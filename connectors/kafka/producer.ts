/**
 * Sends records: batches by partition, one request at a time to each broker, so that sequence numbers stay in order
 * when a request has to be repeated.
 */
import { MillraceError } from '../../core/errors.ts'
import { type KafkaClient, KafkaError, type TopicPartition } from './client.ts'
import type { RecordTarget } from './held-records.ts'
import { partitionKey } from './offsets.ts'
import type { ProducedPartition } from './protocol.ts'
import { BatchWriter, type Compression, type Header } from './record-batch.ts'

export interface ProducerIdentity {
  readonly producerId: bigint
  readonly epoch: number
  /** Set in a transaction. */
  readonly transactionalId: string | null
}

export interface ProducerOptions {
  readonly client: KafkaClient
  readonly acks: number
  readonly batchBytes: number
  readonly compression: Compression | undefined
  readonly label: string
  /** Milliseconds for which a request is tried again. */
  readonly patience: number
  /** Called before a partition gets its first records of a transaction. */
  readonly beforeFirst: (partitions: readonly TopicPartition[]) => Promise<void>
}

/** Unsent and unanswered bytes above which the writer has to wait. */
const HIGH_WATER = 16 << 20
const DUPLICATE_SEQUENCE = 46

interface Target extends TopicPartition {
  readonly writer: BatchWriter
  readonly ready: { bytes: Buffer; count: number }[]
  sequence: number
}

export class Producer implements RecordTarget {
  readonly #options: ProducerOptions
  readonly #targets = new Map<string, Target>()
  #identity: ProducerIdentity
  #pendingBytes = 0
  #sending: Promise<void> | undefined
  #failure: unknown

  constructor(options: ProducerOptions, identity: ProducerIdentity) {
    this.#options = options
    this.#identity = identity
  }

  /** A new producer id, epoch or transaction: only when everything was flushed. */
  setIdentity(identity: ProducerIdentity): void {
    const renumbered = identity.producerId !== this.#identity.producerId || identity.epoch !== this.#identity.epoch
    this.#identity = identity
    if (renumbered) for (const target of this.#targets.values()) target.sequence = 0
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
    const target = this.#target(place)
    const before = target.writer.size
    target.writer.append(key, keyStart, keyLength, value, valueStart, valueLength, timestamp, headers)
    this.#pendingBytes += target.writer.size - before
    if (target.writer.size >= this.#options.batchBytes) this.#seal(target)
  }

  /** Begins to send what is ready. @returns a promise while too much is waiting */
  pump(): Promise<void> | undefined {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#sending === undefined && [...this.#targets.values()].some((target) => target.ready.length > 0)) {
      this.#sending = this.#sendAll().finally(() => {
        this.#sending = undefined
      })
      this.#sending.catch((error: unknown) => {
        this.#failure = error
      })
    }
    return this.#pendingBytes > HIGH_WATER ? this.#sending : undefined
  }

  /** Everything appended is on the brokers when it settles. */
  async flush(): Promise<void> {
    for (const target of this.#targets.values()) if (target.writer.count > 0) this.#seal(target)
    for (;;) {
      void this.pump()
      if (this.#sending === undefined) return
      await this.#sending
    }
  }

  /** No request is under way any more, whether it succeeded or not. */
  async settled(): Promise<void> {
    await this.#sending?.catch(() => undefined)
  }

  #target(place: TopicPartition): Target {
    const key = partitionKey(place)
    const known = this.#targets.get(key)
    if (known !== undefined) return known
    const made: Target = {
      topic: place.topic,
      partition: place.partition,
      writer: new BatchWriter(),
      ready: [],
      sequence: 0,
    }
    this.#targets.set(key, made)
    return made
  }

  #seal(target: Target): void {
    const { count, size } = target.writer
    const { producerId, epoch, transactionalId } = this.#identity
    const sequence = producerId < 0n ? -1 : target.sequence
    const bytes = target.writer.finish(
      { producerId, epoch, sequence, transactional: transactionalId !== null },
      this.#options.compression,
    )
    target.sequence = (target.sequence + count) % 2 ** 31
    this.#pendingBytes += bytes.length - size
    target.ready.push({ bytes, count })
  }

  async #sendAll(): Promise<void> {
    for (;;) {
      const waiting = [...this.#targets.values()].filter((target) => target.ready.length > 0)
      if (waiting.length === 0) return
      await this.#options.beforeFirst(waiting)
      const { client } = this.#options
      await client.retry(this.#options.label, () => this.#sendRound(client, waiting), this.#options.patience)
    }
  }

  /** One batch of each partition; those that were taken are removed, so that a retry sends only the rest. */
  async #sendRound(client: KafkaClient, targets: readonly Target[]): Promise<void> {
    const left = targets.filter((target) => target.ready.length > 0)
    if (left.some((target) => client.leaderOf(target) === undefined))
      await client.refresh([...new Set(left.map((target) => target.topic))])
    const byLeader = Map.groupBy(left, (target) => client.leaderOf(target) ?? -1)
    const outcomes = await Promise.allSettled([...byLeader].map(([leader, own]) => this.#sendTo(client, leader, own)))
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed === undefined) return
    await client.refresh([...new Set(left.map((target) => target.topic))]).catch(() => undefined)
    throw failed.reason
  }

  async #sendTo(client: KafkaClient, leader: number, targets: readonly Target[]): Promise<void> {
    if (leader < 0) throw new KafkaError(5, 'a partition has no leader')
    const sent = targets.flatMap((target) => {
      const batch = target.ready[0]
      return batch === undefined ? [] : [{ target, batch }]
    })
    const request = {
      transactionalId: this.#identity.transactionalId,
      acks: this.#options.acks,
      timeout: 30_000,
      partitions: sent.map(({ target, batch }) => ({
        topic: target.topic,
        partition: target.partition,
        records: batch.bytes,
      })),
    }
    const answers = await client.call(leader, 'produce', client.raw.produce, request)
    const failures: ProducedPartition[] = []
    for (const { target, batch } of sent) {
      const answer = answers?.find(
        (candidate) => candidate.topic === target.topic && candidate.partition === target.partition,
      )
      if (answer !== undefined && answer.errorCode !== 0 && answer.errorCode !== DUPLICATE_SEQUENCE) {
        failures.push(answer)
        continue
      }
      target.ready.shift()
      this.#pendingBytes -= batch.bytes.length
    }
    const [failure] = failures
    if (failure !== undefined) throw this.#produceError(failure)
  }

  #produceError(answer: ProducedPartition): Error {
    const at = { topic: answer.topic, partition: answer.partition }
    if (answer.errorCode === 10) {
      return new MillraceError('EXTERNAL_ERROR', 'a record is larger than the topic allows', {
        at,
        hint: "Raise the topic's max.message.bytes.",
        retryable: false,
      })
    }
    if ([47, 90, 48, 49].includes(answer.errorCode)) {
      return new MillraceError(
        'EXTERNAL_ERROR',
        'the transaction was ended by another producer with the same transactional id',
        { at, detail: answer.message ?? undefined },
      )
    }
    return new KafkaError(answer.errorCode, answer.message ?? `records for ${partitionKey(answer)} were refused`)
  }
}
