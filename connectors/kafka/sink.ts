/** Writes topics, with one of Flink's delivery guarantees. */
import { createHash } from 'node:crypto'
import { type ChangeBatch, copyBatch } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { readValue } from '../../core/column-ops.ts'
import { MillraceError } from '../../core/errors.ts'
import { scopeOptions } from '../../core/option-values.ts'
import type { JsonValue } from '../../core/json.ts'
import { unitsPerMillisecond } from '../../core/types.ts'
import type { EncodedRecords, RecordEncoder } from '../api/format.ts'
import type { Sink, SinkContext } from '../api/sink.ts'
import { KafkaClient, KafkaError } from './client.ts'
import { readClientOptions } from './client-options.ts'
import { createCompression } from './compression.ts'
import type { HeldRecords } from './held-records.ts'
import { createPartitioner, type Partitioner } from './partitioner.ts'
import { Producer } from './producer.ts'
import type { Header } from './record-batch.ts'
import { createLayout, type RecordLayout } from './record-layout.ts'
import { type TransactionHandle, Transactions } from './transactions.ts'

const BATCH_BYTES = 512 << 10
const OPEN_PATIENCE_MILLISECONDS = 10_000
const LINGER_MILLISECONDS = 5

export interface SinkVariant {
  readonly keyColumns: readonly string[]
  /** Rows to write, in order, and which of them are tombstones; upsert-kafka's are by key. */
  readonly select: (batch: ChangeBatch) => { readonly batch: ChangeBatch; readonly tombstones: Uint8Array | null }
  /** Where only the last record of a key is to be written. */
  readonly held?: HeldRecords | undefined
}

export class KafkaSink implements Sink {
  readonly #context: SinkContext
  readonly #variant: SinkVariant
  readonly #properties: ReadonlyMap<string, string>
  #client: KafkaClient | undefined
  #producer: Producer | undefined
  #transactions: Transactions | undefined
  #layout: RecordLayout | undefined
  #value: RecordEncoder | undefined
  #key: RecordEncoder | undefined
  #partitioner: Partitioner | undefined
  readonly #partitionCounts = new Map<string, number>()
  #topic = ''
  /** Milliseconds, as Kafka's own producer has them. */
  readonly #linger: number
  #lingering: NodeJS.Timeout | undefined

  constructor(context: SinkContext, variant: SinkVariant) {
    this.#context = context
    this.#variant = variant
    this.#properties = context.options.prefixed('properties.')
    this.#linger = Number(this.#properties.get('linger.ms') ?? LINGER_MILLISECONDS)
  }

  async open(): Promise<void> {
    const { options, table, signal } = this.#context
    this.#client = await KafkaClient.create(readClientOptions(this.#properties), signal)
    const client = this.#client
    const topics = options.list('topic')
    this.#topic = topics[0] ?? ''
    await client.retry(
      'the metadata of a topic',
      () => this.#loadPartitions(client, topics),
      Number(this.#properties.get('max.block.ms') ?? OPEN_PATIENCE_MILLISECONDS),
    )
    this.#layout = await createLayout(table, options, this.#variant.keyColumns)
    this.#createEncoders(this.#layout)
    this.#partitioner = createPartitioner(
      options.optionalString('sink.partitioner') ?? 'default',
      this.#context.subtask,
    )
    const guarantee = this.#guarantee()
    if (guarantee === 'exactly-once')
      this.#transactions = new Transactions(
        client,
        this.#transactionPrefix(),
        Number(this.#properties.get('transaction.timeout.ms') ?? 900_000),
      )
    const idempotent = guarantee === 'at-least-once' && this.#properties.get('enable.idempotence') !== 'false'
    const identity = idempotent
      ? await this.#idempotentIdentity(client)
      : { producerId: -1n, epoch: -1, transactionalId: null }
    this.#producer = new Producer(
      {
        client,
        acks: guarantee === 'none' ? acksOf(this.#properties.get('acks') ?? '1') : -1,
        batchBytes: Math.max(1, Number(this.#properties.get('batch.size') ?? BATCH_BYTES)),
        compression: await createCompression(this.#properties.get('compression.type') ?? 'none'),
        label: `writing topic "${this.#topic}"`,
        patience: Number(this.#properties.get('delivery.timeout.ms') ?? 120_000),
        beforeFirst: async (partitions) => {
          await this.#transactions?.addPartitions(partitions)
        },
      },
      identity,
    )
  }

  async recover(handles: readonly JsonValue[]): Promise<void> {
    const transactions = this.#transactions
    if (transactions === undefined) return
    const own = handles as unknown as readonly TransactionHandle[]
    for (const handle of own) await transactions.commit(handle)
    await transactions.abortOthers(new Set(own.map((handle) => handle.transactionalId)))
  }

  write(batch: ChangeBatch): Promise<void> | void {
    if (this.#transactions !== undefined && !this.#transactions.isOpen)
      return this.#beginAndWrite(this.#transactions, copyBatch(batch))
    return this.#append(batch)
  }

  async prepare(): Promise<JsonValue | null> {
    await this.#flush()
    return (this.#transactions?.prepare() ?? null) as unknown as JsonValue
  }

  async commit(handle: JsonValue): Promise<void> {
    await this.#transactions?.commit(handle as unknown as TransactionHandle)
  }

  async #flush(): Promise<void> {
    const producer = this.#producer
    if (producer === undefined) return
    this.#variant.held?.releaseTo(producer)
    await producer.flush()
  }

  /** Throws what sending without anyone waiting has failed with. */
  async onTime(now: number): Promise<void> {
    const { held } = this.#variant
    if (held !== undefined && held.size > 0 && now - held.since >= held.interval) return this.#flush()
    if (this.#transactions === undefined || this.#transactions.isOpen) void this.#producer?.pump()
  }

  /** Nothing waits longer than `linger.ms` to be sent. */
  #sendSoon(producer: Producer): void {
    this.#lingering ??= setTimeout(() => {
      this.#lingering = undefined
      if (this.#transactions !== undefined && !this.#transactions.isOpen) return
      // The producer keeps the failure for whoever writes next.
      producer.flush().catch(() => undefined)
    }, this.#linger)
  }

  async close(): Promise<void> {
    clearTimeout(this.#lingering)
    const patience = Promise.withResolvers<void>()
    const timer = setTimeout(patience.resolve, 1000)
    await Promise.race([this.#abortOpen(), patience.promise])
    clearTimeout(timer)
    await this.#client?.close()
  }

  /** A request that is still under way must not reach a partition behind the abort. */
  async #abortOpen(): Promise<void> {
    await this.#producer?.settled()
    await this.#transactions?.abortOpen()
  }

  #guarantee(): string {
    const { options } = this.#context
    return options.has('sink.semantic') && !options.has('sink.delivery-guarantee')
      ? options.enum('sink.semantic')
      : options.enum('sink.delivery-guarantee')
  }

  /** Stable across restarts, different for every sink of every job that shares the prefix. */
  #transactionPrefix(): string {
    const { options, jobName, uid, subtask } = this.#context
    const digest = createHash('sha256').update(`${jobName}\u0000${uid}`).digest('hex').slice(0, 12)
    return `${options.string('sink.transactional-id-prefix')}-${digest}-${subtask}`
  }

  #createEncoders(layout: RecordLayout): void {
    const { options } = this.#context
    this.#value = layout.valueFormat.format.createEncoder({
      fields: layout.valueFields,
      options: scopeOptions(options, layout.valueFormat.prefix),
    })
    if (layout.keyFormat !== undefined) {
      this.#key = layout.keyFormat.format.createEncoder({
        fields: layout.keyFields,
        options: scopeOptions(options, layout.keyFormat.prefix),
      })
    }
  }

  async #loadPartitions(client: KafkaClient, topics: readonly string[]): Promise<void> {
    try {
      const partitions = await client.refresh(topics)
      for (const topic of topics)
        this.#partitionCounts.set(topic, partitions.filter((item) => item.topic === topic).length)
    } catch (error) {
      if (error instanceof KafkaError && error.code === 3) throw await client.missingTopic(topics[0] ?? '')
      throw error
    }
  }

  async #idempotentIdentity(client: KafkaClient) {
    return client.retry('a producer id', async () => {
      const leader = client.leaderOf({ topic: this.#topic, partition: 0 })
      if (leader === undefined) {
        await client.refresh([this.#topic])
        throw new KafkaError(5, 'the topic has no leader yet')
      }
      const { producerId, producerEpoch } = await client.call(
        leader,
        'admin',
        client.library.initProducerIdV4.api,
        null,
        60_000,
        -1n,
        -1,
      )
      return { producerId, epoch: producerEpoch, transactionalId: null }
    })
  }

  async #beginAndWrite(transactions: Transactions, batch: ChangeBatch): Promise<void> {
    const identity = await transactions.begin()
    this.#producer?.setIdentity(identity)
    await this.#append(batch)
  }

  #append(input: ChangeBatch): Promise<void> | undefined {
    const { batch, tombstones } = this.#variant.select(input)
    const producer = this.#producer
    const partitioner = this.#partitioner
    const layout = this.#layout
    if (producer === undefined || partitioner === undefined || layout === undefined || batch.rows === 0)
      return undefined
    const values = this.#value?.encode(this.#columns(batch, layout.valueColumns), batch.rows, batch.kinds)
    const keys = this.#key?.encode(this.#columns(batch, layout.keyColumns), batch.rows, batch.kinds)
    if (values === undefined) return undefined
    const metadata = this.#metadataReader(batch)
    const { held } = this.#variant
    if (held !== undefined && held.size === 0) held.since = this.#context.clock.now()
    const target = held ?? producer
    const partitions = this.#partitionCounts.get(this.#topic) ?? 1
    for (let row = 0; row < batch.rows; row++) {
      const { data: keyData, start: keyStart, length: keyLength } = placeOf(keys, row)
      const deleted = tombstones !== null && tombstones[row] === 1
      const partition = partitioner(keyData, keyStart, keyLength, partitions)
      const { timestamp, headers } = metadata(row)
      target.append(
        { topic: this.#topic, partition },
        keyData,
        keyStart,
        keyLength,
        deleted ? null : values.data,
        values.starts[row] ?? 0,
        deleted ? -1 : (values.lengths[row] ?? 0),
        timestamp,
        headers,
      )
    }
    if (held !== undefined) {
      if (held.size < held.maxRows) return undefined
      held.releaseTo(producer)
    }
    this.#sendSoon(producer)
    return producer.pump()
  }

  #columns(batch: ChangeBatch, names: readonly string[]): Column[] {
    return names.map((name) => {
      const column = batch.columns[this.#context.columns.indexOf(name)]
      return column ?? { kind: 'null', nulls: null }
    })
  }

  /** Timestamp and headers of the metadata columns that the table declares. */
  #metadataReader(batch: ChangeBatch): (row: number) => { timestamp: number; headers: readonly Header[] } {
    const find = (key: string): number =>
      this.#context.columns.findIndex((name) => {
        const column = this.#context.table.columns.find((candidate) => candidate.name === name)
        return column?.kind === 'metadata' && (column.from ?? name) === key
      })
    const timeAt = find('timestamp')
    const headersAt = find('headers')
    const now = this.#context.clock.now()
    if (timeAt < 0 && headersAt < 0) return () => ({ timestamp: now, headers: NO_HEADERS })
    const read = (at: number, row: number) => {
      const column = batch.columns[at]
      const type = batch.schema.fields[at]?.type
      return column === undefined || type === undefined ? null : readValue(column, type, row)
    }
    const timeType = batch.schema.fields[timeAt]?.type
    const units =
      timeType?.kind === 'TIMESTAMP_LTZ' || timeType?.kind === 'TIMESTAMP'
        ? unitsPerMillisecond(timeType.precision)
        : 1n
    return (row) => {
      const time = timeAt < 0 ? null : read(timeAt, row)
      const headers = headersAt < 0 ? null : read(headersAt, row)
      return {
        timestamp: time === null ? now : Number((time as bigint) / units),
        headers:
          headers === null
            ? NO_HEADERS
            : (headers as [string, Uint8Array | null][]).map(([key, value]) => ({ key, value })),
      }
    }
  }
}

const NO_HEADERS: readonly Header[] = []

function placeOf(
  records: EncodedRecords | undefined,
  row: number,
): { data: Uint8Array | null; start: number; length: number } {
  if (records === undefined) return { data: null, start: 0, length: -1 }
  return { data: records.data, start: records.starts[row] ?? 0, length: records.lengths[row] ?? -1 }
}

function acksOf(text: string): number {
  if (text === 'all') return -1
  const acks = Number(text)
  if ([-1, 0, 1].includes(acks)) return acks
  throw new MillraceError('INVALID_OPTION', `option "properties.acks" cannot be '${text}'`, {
    hint: 'It takes 0, 1 and all.',
  })
}
