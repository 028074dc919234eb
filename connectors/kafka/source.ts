/** Reads topics: splits are partitions, positions are offsets. */
import { createBatch } from '../../core/change-batch.ts'
import { asMillraceError, MillraceError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import type { Source, SourceContext, SourcePoll } from '../api/source.ts'
import { type KafkaClient, KafkaClient as Client, KafkaError, type TopicPartition } from './client.ts'
import { readClientOptions } from './client-options.ts'
import { createDecompress } from './compression.ts'
import { type FetchedRecords, readFetched } from './fetched-records.ts'
import { endingOffsets, listOffsets, partitionKey, startingOffsets } from './offsets.ts'
import type { FetchedPartition } from './protocol.ts'
import type { Decompress, RecordBlock } from './record-batch.ts'
import type { DecodedRecords } from './row-decoder.ts'

/** Makes rows of records; kafka and upsert-kafka differ in what a record means. */
export type RecordReader = (block: RecordBlock, from: number, to: number, place: TopicPartition) => DecodedRecords

interface PartitionState extends TopicPartition {
  readonly key: string
  /** Next offset to fetch, and to hand over. */
  fetchOffset: bigint
  offset: bigint
  readonly stop: bigint | undefined
  readonly queue: { records: FetchedRecords; at: number; to: number }[]
}

const FETCH_WAIT_MILLISECONDS = 500
/** Fetched answers that may wait for `poll`, for each partition. */
const QUEUED_ANSWERS = 2
/** Time for a broker to come back before the job fails over. */
const PATIENCE_MILLISECONDS = 60_000
const OPEN_PATIENCE_MILLISECONDS = 10_000

export class KafkaSource implements Source {
  readonly #context: SourceContext
  readonly #properties: ReadonlyMap<string, string>
  readonly #createReader: () => Promise<RecordReader>
  readonly #partitions = new Map<string, PartitionState>()
  readonly #order: PartitionState[] = []
  #client: KafkaClient | undefined
  #reader: RecordReader | undefined
  #decompress: Decompress | undefined
  #next = 0
  #failure: unknown
  #wake: (() => void) | undefined
  #roomFreed: (() => void)[] = []
  #closed = false
  #isBounded = false
  #nextDiscovery = 0
  readonly #fetching = new Set<number>()

  constructor(context: SourceContext, createReader: () => Promise<RecordReader>) {
    this.#context = context
    this.#properties = context.options.prefixed('properties.')
    this.#createReader = createReader
  }

  async open(position: JsonValue | undefined): Promise<void> {
    this.#client = await Client.create(readClientOptions(this.#properties), this.#context.signal)
    this.#decompress = await createDecompress()
    this.#reader = await this.#createReader()
    const client = this.#client
    const partitions = await client.retry(
      'the metadata of a topic',
      () => this.#discover(client),
      Number(this.#properties.get('default.api.timeout.ms') ?? OPEN_PATIENCE_MILLISECONDS),
    )
    const restored = (position ?? {}) as {
      readonly offsets?: Readonly<Record<string, string>>
      readonly stops?: Readonly<Record<string, string>>
    }
    const known = partitions.filter((item) => restored.offsets?.[partitionKey(item)] !== undefined)
    // Where reading ends was decided at the first start: what came later is behind it.
    const fresh =
      restored.stops === undefined
        ? partitions.filter((item) => restored.offsets?.[partitionKey(item)] === undefined)
        : []
    const starts = await this.#startOf(client, fresh, position !== undefined)
    const stops =
      restored.stops === undefined
        ? await endingOffsets(client, partitions, this.#context.options, this.#properties)
        : undefined
    for (const item of [...known, ...fresh]) {
      const key = partitionKey(item)
      const saved = restored.offsets?.[key]
      const savedStop = restored.stops?.[key]
      const start = saved === undefined ? (starts.get(key) ?? 0n) : BigInt(saved)
      this.#add(item, start, savedStop === undefined ? stops?.get(key) : BigInt(savedStop))
    }
    const interval = this.#context.options.duration('scan.topic-partition-discovery.interval')
    this.#isBounded = (stops ?? restored.stops) !== undefined
    this.#nextDiscovery = interval > 0 && !this.#isBounded ? Date.now() + interval : Number.POSITIVE_INFINITY
    this.#startFetchers(client)
  }

  poll(maxWait: number): SourcePoll | Promise<SourcePoll> {
    if (this.#failure !== undefined) throw asMillraceError(this.#failure, 'EXTERNAL_ERROR')
    const found = this.#take()
    if (found !== undefined) return found
    if (this.#isFinished()) return { kind: 'end' }
    if (Date.now() >= this.#nextDiscovery) return this.#rediscover()
    return this.#wait(maxWait)
  }

  splits(): readonly string[] {
    return this.#order.filter((state) => !isDone(state)).map((state) => state.key)
  }

  position(): JsonValue {
    const offsets = Object.fromEntries(this.#order.map((state) => [state.key, state.offset.toString()]))
    const stops = this.#order.flatMap((state) => (state.stop === undefined ? [] : [[state.key, state.stop.toString()]]))
    return stops.length === 0 ? { offsets } : { offsets, stops: Object.fromEntries(stops) as Record<string, string> }
  }

  /** Group offsets are published for information only: recovery uses the checkpoint. */
  async onCheckpointComplete(position: JsonValue): Promise<void> {
    const group = this.#properties.get('group.id')
    const client = this.#client
    if (group === undefined || client === undefined || this.#properties.get('commit.offsets.on.checkpoint') === 'false')
      return
    const { offsets = {} } = position as { readonly offsets?: Readonly<Record<string, string>> }
    const topics = [...Map.groupBy(this.#order, (state) => state.topic)].map(([name, states]) => ({
      name,
      partitions: states.map((state) => ({
        partitionIndex: state.partition,
        committedOffset: BigInt(offsets[state.key] ?? 0),
        committedLeaderEpoch: -1,
        committedMetadata: '',
      })),
    }))
    try {
      const broker = await client.coordinator(0, group)
      await client.call(broker, 'admin', client.library.offsetCommitV8.api, group, -1, '', null, topics)
    } catch {
      return
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#wakeAll()
    await this.#client?.close()
  }

  #wakeAll(): void {
    this.#wake?.()
    for (const wake of this.#roomFreed.splice(0)) wake()
  }

  async #discover(client: KafkaClient): Promise<TopicPartition[]> {
    const { options } = this.#context
    const topics = options.list('topic')
    const pattern = options.optionalString('topic-pattern')
    if (pattern !== undefined) {
      const expression = new RegExp(`^(?:${pattern})$`)
      const names = (await client.topicNames()).filter((name) => expression.test(name))
      return names.length === 0 ? [] : this.#mine(await client.refresh(names))
    }
    try {
      return this.#mine(await client.refresh(topics))
    } catch (error) {
      if (!(error instanceof KafkaError) || error.code !== 3) throw error
      const known = new Set(await client.topicNames())
      throw await client.missingTopic(topics.find((topic) => !known.has(topic)) ?? topics[0] ?? '')
    }
  }

  /** The partitions of this subtask; dealt out in turn, those of each topic from another subtask on, as in Flink. */
  #mine(partitions: readonly TopicPartition[]): TopicPartition[] {
    const { subtask, parallelism } = this.#context
    return partitions.filter(
      ({ topic, partition }) =>
        parallelism === 1 || (firstSubtask(topic, parallelism) + partition) % parallelism === subtask,
    )
  }

  /** Partitions that appear later are read from their beginning, so that nothing is missed. */
  #startOf(client: KafkaClient, fresh: readonly TopicPartition[], restored: boolean): Promise<Map<string, bigint>> {
    if (fresh.length === 0) return Promise.resolve(new Map<string, bigint>())
    if (restored) return listOffsets(client, fresh, () => -2n, 0)
    return startingOffsets(client, fresh, this.#context.options, this.#properties)
  }

  #add(item: TopicPartition, offset: bigint, stop: bigint | undefined): void {
    const state: PartitionState = { ...item, key: partitionKey(item), fetchOffset: offset, offset, stop, queue: [] }
    this.#partitions.set(state.key, state)
    this.#order.push(state)
  }

  async #rediscover(): Promise<SourcePoll> {
    const client = this.#requireClient()
    this.#nextDiscovery = Date.now() + this.#context.options.duration('scan.topic-partition-discovery.interval')
    try {
      const fresh = (await this.#discover(client)).filter((item) => !this.#partitions.has(partitionKey(item)))
      const starts = await this.#startOf(client, fresh, true)
      for (const item of fresh) this.#add(item, starts.get(partitionKey(item)) ?? 0n, undefined)
      this.#startFetchers(client)
    } catch {
      return { kind: 'idle' }
    }
    return { kind: 'idle' }
  }

  #requireClient(): KafkaClient {
    if (this.#client === undefined) throw new MillraceError('INTERNAL_ERROR', 'the source is not open')
    return this.#client
  }

  #isFinished(): boolean {
    return (
      (this.#order.length > 0 || (this.#isBounded && this.#context.parallelism > 1)) &&
      this.#order.every((state) => isDone(state)) &&
      this.#order.every((state) => state.stop !== undefined)
    )
  }

  async #wait(maxWait: number): Promise<SourcePoll> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, maxWait)
    this.#wake = resolve
    await promise
    clearTimeout(timer)
    this.#wake = undefined
    if (this.#failure !== undefined) throw asMillraceError(this.#failure, 'EXTERNAL_ERROR')
    return this.#take() ?? (this.#isFinished() ? { kind: 'end' } : { kind: 'idle' })
  }

  /** The next rows in turn of the partitions. */
  #take(): SourcePoll | undefined {
    for (let tried = 0; tried < this.#order.length; tried++) {
      const state = this.#order[this.#next % this.#order.length]
      this.#next++
      const waiting = state?.queue[0]
      if (state === undefined || waiting === undefined) continue
      const { block, nextOffset, bytes } = waiting.records
      const to = Math.min(waiting.to, waiting.at + this.#context.batchRows)
      const share = waiting.to === 0 ? bytes : Math.round((bytes * (to - waiting.at)) / Math.max(1, block.count))
      const decoded = to > waiting.at ? this.#reader?.(block, waiting.at, to, state) : undefined
      waiting.at = to
      if (to >= waiting.to) {
        state.queue.shift()
        state.offset = state.stop !== undefined && nextOffset > state.stop ? state.stop : nextOffset
        for (const wake of this.#roomFreed.splice(0)) wake()
      } else state.offset = block.offsets[to] ?? state.offset
      if (decoded === undefined) continue
      if (decoded.skipped > 0) this.#context.onSkipped(decoded.skipped)
      if (decoded.rows === 0) continue
      return {
        kind: 'rows',
        split: state.key,
        bytes: share,
        batch: createBatch(this.#context.schema, decoded.columns, decoded.rows, decoded.kinds),
      }
    }
    return undefined
  }

  /** No loop goes on or begins. */
  get #isOver(): boolean {
    return this.#closed || this.#failure !== undefined || this.#context.signal.aborted
  }

  /** One loop for each broker that leads a partition of which there is more to fetch. */
  #startFetchers(client: KafkaClient): void {
    if (this.#isOver) return
    for (const state of this.#order) {
      if (isFetched(state)) continue
      const leader = client.leaderOf(state) ?? -1
      if (this.#fetching.has(leader)) continue
      this.#fetching.add(leader)
      void this.#fetchLoop(client, leader)
    }
  }

  async #fetchLoop(client: KafkaClient, leader: number): Promise<void> {
    try {
      while (!this.#isOver) {
        const wanted = this.#order.filter((state) => (client.leaderOf(state) ?? -1) === leader && !isFetched(state))
        if (wanted.length === 0) break
        const open = wanted.filter((state) => state.queue.length < QUEUED_ANSWERS)
        if (open.length === 0 || leader < 0) {
          await this.#room(client, leader)
          continue
        }
        await client.retry('a fetch', () => this.#fetch(client, leader, open), PATIENCE_MILLISECONDS)
      }
    } catch (error) {
      if (!this.#isOver) this.#failure = error
      this.#wake?.()
    } finally {
      this.#fetching.delete(leader)
      // Another broker may lead its partitions now.
      this.#startFetchers(client)
    }
  }

  async #room(client: KafkaClient, leader: number): Promise<void> {
    if (leader < 0) {
      await client.pause(200)
      await client.refresh([...new Set(this.#order.map((state) => state.topic))]).catch(() => undefined)
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#roomFreed.push(resolve)
    await promise
  }

  async #fetch(client: KafkaClient, leader: number, states: readonly PartitionState[]): Promise<void> {
    const committedOnly = this.#properties.get('isolation.level') === 'read_committed'
    const perPartition = Number(this.#properties.get('max.partition.fetch.bytes') ?? 1 << 20)
    let answers: FetchedPartition[]
    try {
      answers = await client.call(leader, 'fetch', client.raw.fetch, {
        maxWait: Number(this.#properties.get('fetch.max.wait.ms') ?? FETCH_WAIT_MILLISECONDS),
        minBytes: Number(this.#properties.get('fetch.min.bytes') ?? 1),
        maxBytes: Number(this.#properties.get('fetch.max.bytes') ?? 50 << 20),
        isolation: committedOnly ? 1 : 0,
        partitions: states.map((state) => ({
          topic: state.topic,
          partition: state.partition,
          offset: state.fetchOffset,
          maxBytes: perPartition,
        })),
      })
    } catch (error) {
      await client.refresh([...new Set(states.map((state) => state.topic))]).catch(() => undefined)
      throw error
    }
    for (const answer of answers) {
      const state = this.#partitions.get(partitionKey(answer))
      if (state === undefined) continue
      if (answer.errorCode !== 0) await this.#onFetchError(client, state, answer.errorCode)
      else this.#enqueue(state, answer, committedOnly)
    }
    this.#wake?.()
  }

  async #onFetchError(client: KafkaClient, state: PartitionState, code: number): Promise<void> {
    if (code === 1) {
      throw new MillraceError(
        'EXTERNAL_ERROR',
        `offset ${state.fetchOffset} of ${state.key} is no longer in the topic`,
        {
          at: {
            table: this.#context.table.path.name,
            topic: state.topic,
            partition: state.partition,
            offset: state.fetchOffset.toString(),
          },
          hint: 'The records were deleted by the retention of the topic before they were read. Start the job from a new position.',
          retryable: false,
        },
      )
    }
    await client.refresh([state.topic]).catch(() => undefined)
    if (code === 3) throw new KafkaError(5, `topic ${state.topic} is not there`)
    throw new KafkaError(code, `partition ${state.key} could not be read`)
  }

  #enqueue(state: PartitionState, answer: FetchedPartition, committedOnly: boolean): void {
    const decompress = this.#decompress
    if (decompress === undefined) return
    const records = readFetched(answer, state.fetchOffset, committedOnly, decompress)
    if (records === undefined) return
    const { block, from, nextOffset } = records
    let to = block.count
    while (state.stop !== undefined && to > from && (block.offsets[to - 1] ?? 0n) >= state.stop) to--
    state.fetchOffset = nextOffset
    state.queue.push({ records, at: from, to: Math.max(from, to) })
  }
}

/** Everything up to the end was handed over. */
function isDone(state: PartitionState): boolean {
  return state.stop !== undefined && state.offset >= state.stop
}

function isFetched(state: PartitionState): boolean {
  return state.stop !== undefined && state.fetchOffset >= state.stop
}

function firstSubtask(topic: string, parallelism: number): number {
  let hash = 0
  for (let i = 0; i < topic.length; i++) hash = (Math.imul(hash, 31) + topic.charCodeAt(i)) | 0
  return (Math.imul(hash, 31) & 0x7fffffff) % parallelism
}

/** Each subtask takes the partitions that are its own. */
export function mergePositions(positions: readonly JsonValue[]): JsonValue {
  const saved = positions as readonly { readonly offsets?: object; readonly stops?: object }[]
  const offsets = Object.assign({}, ...saved.map((position) => position.offsets ?? {})) as JsonValue
  const bounded = saved.filter((position) => position.stops !== undefined)
  if (bounded.length === 0) return { offsets }
  return { offsets, stops: Object.assign({}, ...bounded.map(({ stops }) => stops)) as JsonValue }
}
