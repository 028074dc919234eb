/** What the tests of the Kafka connectors share: topics, an independent client, tables and queries on them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Admin, Kafka as KafkaClient, Message, Producer } from 'kafkajs'
import { MillraceError } from '../../core/errors.ts'
import type { Job } from '../../executor/runtime/job.ts'
import { Session } from '../../session/session.ts'
import { Kafka, logLevel } from '../chaos/kafkajs.ts'

/** A record as the independent client found it. */
export interface FoundRecord {
  readonly partition: number
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly headers: Readonly<Record<string, string>>
}

const END = '__end'

export class Broker {
  readonly address: string
  readonly #kafka: KafkaClient
  readonly #admin: Admin
  readonly #producer: Producer
  #topics = 0

  constructor(address: string) {
    this.address = address
    this.#kafka = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING })
    this.#admin = this.#kafka.admin()
    // What it sends again, because a new topic is not known everywhere yet, is there once.
    this.#producer = this.#kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  }

  async open(): Promise<void> {
    await Promise.all([this.#admin.connect(), this.#producer.connect()])
  }

  async close(): Promise<void> {
    await Promise.all([this.#admin.disconnect(), this.#producer.disconnect()])
  }

  name(stem: string): string {
    return `${stem}-${process.pid}-${Date.now()}-${this.#topics++}`
  }

  async createTopic(
    stem: string,
    partitions = 1,
    config: Readonly<Record<string, string>> = {},
    topic = this.name(stem),
  ): Promise<string> {
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
    await this.#admin.createTopics({
      waitForLeaders: true,
      topics: [{ topic, numPartitions: partitions, configEntries }],
    })
    return topic
  }

  async addPartitions(topic: string, count: number): Promise<void> {
    await this.#admin.createPartitions({ topicPartitions: [{ topic, count }] })
  }

  async send(topic: string, messages: readonly (string | Message)[]): Promise<void> {
    const list = messages.map((message) => (typeof message === 'string' ? { value: message } : message))
    await this.#producer.send({ topic, messages: list })
  }

  /** Sends in a transaction that is given up. */
  async sendAborted(topic: string, messages: readonly string[]): Promise<void> {
    const producer = this.#kafka.producer({
      transactionalId: this.name('aborted'),
      maxInFlightRequests: 1,
      idempotent: true,
    })
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: messages.map((value) => ({ value, partition: 0 })) })
    await transaction.abort()
    await producer.disconnect()
  }

  async commitGroup(groupId: string, topic: string, partition: number, offset: string): Promise<void> {
    await this.#admin.setOffsets({ groupId, topic, partitions: [{ partition, offset }] })
  }

  async groupOffsets(groupId: string, topic: string): Promise<string[]> {
    const [found] = await this.#admin.fetchOffsets({ groupId, topics: [topic] })
    return (found?.partitions ?? []).sort((a, b) => a.partition - b.partition).map(({ offset }) => offset)
  }

  /** Everything that is committed, in the order of the partitions. */
  async read(topic: string): Promise<FoundRecord[]> {
    const offsets = await this.#admin.fetchTopicOffsets(topic)
    await this.send(
      topic,
      offsets.map(({ partition }) => ({ partition, value: END })),
    )
    const consumer = this.#kafka.consumer({ groupId: this.name('reader'), readUncommitted: false })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    const found: FoundRecord[] = []
    const ended = new Set<number>()
    const { promise, resolve } = Promise.withResolvers<void>()
    await consumer.run({
      eachMessage: async ({ partition, message: { key, value, timestamp, headers = {} } }) => {
        if (value?.toString() === END) ended.add(partition)
        else {
          const texts = Object.entries(headers).map(([name, header]) => [name, String(header)] as const)
          found.push({
            partition,
            key: key?.toString() ?? null,
            value: value?.toString() ?? null,
            timestamp: Number(timestamp),
            headers: Object.fromEntries(texts),
          })
        }
        if (ended.size === offsets.length) resolve()
      },
    })
    await promise
    await consumer.disconnect()
    return found.sort((a, b) => a.partition - b.partition)
  }

  async values(topic: string): Promise<(string | null)[]> {
    return (await this.read(topic)).map(({ value }) => value)
  }

  /** `WITH (…)` of a table on a topic. */
  options(topic: string, options: Readonly<Record<string, string>> = {}): string {
    const all: Record<string, string> = {
      connector: 'kafka',
      topic,
      'properties.bootstrap.servers': this.address,
      ...options,
    }
    if (all['connector'] === 'kafka' && all['value.format'] === undefined) all['format'] ??= 'json'
    const given = Object.entries(all).filter(([key, value]) => key !== 'topic' || value !== '')
    return `WITH (${given.map(([key, value]) => `'${key}' = '${value.replaceAll("'", "''")}'`).join(', ')})`
  }
}

/** Reading from the beginning to the end there is. */
export const WHOLE = { 'scan.startup.mode': 'earliest-offset', 'scan.bounded.mode': 'latest-offset' }

/** Sessions with a data directory each, closed and removed at the end of a test. */
export class Sessions {
  readonly #open: Session[] = []
  readonly #directories: string[] = []
  readonly notices: string[] = []

  directory(): string {
    const made = mkdtempSync(join(tmpdir(), 'millrace-kafka-test-'))
    this.#directories.push(made)
    return made
  }

  open(configuration: Readonly<Record<string, string>> = {}, dataDirectory = this.directory()): Session {
    const session = new Session({
      dataDirectory,
      onNotice: (text) => this.notices.push(text),
      configuration: { 'execution.checkpointing.interval': '50 ms', ...configuration },
    })
    this.#open.push(session)
    return session
  }

  async close(): Promise<void> {
    this.notices.length = 0
    await Promise.all(this.#open.splice(0).map((session) => session.close()))
    for (const directory of this.#directories.splice(0)) rmSync(directory, { recursive: true, force: true })
  }
}

/** Rows of a query that ends, or of its first `limit`, as `+I a b`. */
export async function rows(session: Session, sql: string, limit = Number.POSITIVE_INFINITY): Promise<string[]> {
  const result = await session.execute(sql)
  if (result.kind !== 'query') throw new Error(`${sql} gave ${result.kind}`)
  const found: string[] = []
  for await (const row of result) {
    found.push([row.kind, ...row.values.map((value) => (value === null ? 'NULL' : textOf(value)))].join(' '))
    if (found.length >= limit) break
  }
  return found
}

function textOf(value: unknown): string {
  if (value instanceof Map)
    return `{${[...value].map(([key, item]) => `${String(key)}=${Buffer.from(item as Uint8Array).toString()}`).join(',')}}`
  return String(value)
}

export async function start(session: Session, sql: string): Promise<Job> {
  const result = await session.execute(sql)
  if (result.kind !== 'job') throw new Error(`${sql} gave ${result.kind}`)
  result.job.finished.catch(() => undefined)
  return result.job
}

export async function run(session: Session, sql: string): Promise<Job> {
  const job = await start(session, sql)
  await job.finished
  return job
}

export async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export async function failure(action: Promise<unknown>): Promise<MillraceError> {
  try {
    await action
  } catch (error) {
    if (error instanceof MillraceError) return error
    throw error
  }
  throw new Error('no error')
}
