/** Connections to brokers, metadata, coordinators, and retries. */
import type { API, Connection } from '@platformatic/kafka'
import { delay } from '../../core/delay.ts'
import { MillraceError } from '../../core/errors.ts'
import { didYouMean } from '../../core/suggest.ts'
import type { BrokerAddress, ClientOptions } from './client-options.ts'
import { createRawApis, type Library, type RawApis } from './protocol.ts'

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

interface TopicMetadata {
  /** Leader by partition. */
  readonly leaders: ReadonlyMap<number, number>
}

/** Error codes of the protocol after which the same call may succeed. */
const RETRYABLE = new Set([5, 6, 7, 9, 13, 14, 15, 16, 19, 20, 51, 56, 72, 74, 75, 76, 80, 84, 100])

/** A broker's answer with an error code, not yet told to the user. */
export class KafkaError extends Error {
  override readonly name = 'KafkaError'
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

function isRetryable(error: unknown): boolean {
  if (error instanceof KafkaError) return RETRYABLE.has(error.code)
  return error instanceof MillraceError && error.code === 'CONNECTION_FAILED'
}

export class KafkaClient {
  readonly library: Library
  readonly raw: RawApis
  readonly #options: ClientOptions
  readonly #signal: AbortSignal
  readonly #connections = new Map<string, Promise<Connection>>()
  #closed = false
  #brokers = new Map<number, BrokerAddress>()
  #topics = new Map<string, TopicMetadata>()

  /** @throws MillraceError MISSING_CLIENT_LIBRARY */
  static async create(options: ClientOptions, signal: AbortSignal): Promise<KafkaClient> {
    try {
      return new KafkaClient(await import('@platformatic/kafka'), options, signal)
    } catch (error) {
      if (error instanceof MillraceError) throw error
      throw new MillraceError(
        'MISSING_CLIENT_LIBRARY',
        'connector "kafka" needs the npm package "@platformatic/kafka"',
        {
          cause: error,
          hint: 'Run npm install @platformatic/kafka.',
        },
      )
    }
  }

  private constructor(library: Library, options: ClientOptions, signal: AbortSignal) {
    this.library = library
    this.raw = createRawApis(library)
    this.#options = options
    this.#signal = signal
  }

  /** Names of all topics. */
  async topicNames(): Promise<string[]> {
    const { topics } = await this.#anyBroker(this.library.metadataV12.api, null, false, false)
    return topics.map((topic) => topic.name ?? '').filter((name) => name !== '')
  }

  /**
   * Partitions of topics, read anew.
   *
   * @throws MillraceError EXTERNAL_OBJECT_MISSING
   */
  async refresh(names: readonly string[]): Promise<TopicPartition[]> {
    const { topics, brokers } = await this.#anyBroker(this.library.metadataV12.api, [...names], false, false)
    this.#brokers = new Map(brokers.map((broker) => [broker.nodeId, { host: broker.host, port: broker.port }]))
    for (const topic of topics) {
      if (topic.name === null || topic.name === undefined) continue
      this.#topics.set(topic.name, {
        leaders: new Map(topic.partitions.map((partition) => [partition.partitionIndex, partition.leaderId])),
      })
    }
    return names.flatMap((topic) =>
      [...(this.#topics.get(topic)?.leaders.keys() ?? [])].map((partition) => ({ topic, partition })),
    )
  }

  async missingTopic(name: string): Promise<MillraceError> {
    const known = await this.topicNames().catch(() => [])
    return new MillraceError('EXTERNAL_OBJECT_MISSING', `topic "${name}" does not exist`, {
      hint: didYouMean(name, known) ?? 'Create the topic first.',
      retryable: false,
    })
  }

  leaderOf({ topic, partition }: TopicPartition): number | undefined {
    const leader = this.#topics.get(topic)?.leaders.get(partition)
    return leader === undefined || leader < 0 ? undefined : leader
  }

  /** A call to one broker. `purpose` keeps long fetches from delaying others: each has a connection of its own. */
  async call<A extends unknown[], R>(broker: number, purpose: string, api: API<A, R>, ...args: A): Promise<R> {
    const address = this.#brokers.get(broker)
    if (address === undefined) throw new KafkaError(6, `broker ${broker} is not known`)
    return this.#send(address, purpose, api, args)
  }

  /** The broker that coordinates a group (0) or a transactional id (1). */
  async coordinator(type: 0 | 1, key: string): Promise<number> {
    return this.retry(`the coordinator of "${key}"`, async () => {
      const { coordinators } = await this.#anyBroker(this.library.findCoordinatorV4.api, type, [key])
      const [found] = coordinators
      if (found === undefined || found.errorCode !== 0) throw new KafkaError(found?.errorCode ?? 15, 'no coordinator')
      this.#brokers.set(found.nodeId, { host: found.host, port: found.port })
      return found.nodeId
    })
  }

  /** Repeats what may succeed later, with growing pauses, for about the given time. */
  async retry<T>(what: string, action: () => Promise<T>, patience = 60_000): Promise<T> {
    const deadline = Date.now() + patience
    for (let pause = 50; ; pause = Math.min(1000, pause * 2)) {
      try {
        return await action()
      } catch (error) {
        if (this.#signal.aborted || !isRetryable(error) || Date.now() + pause > deadline)
          throw this.translate(error, what)
        await this.pause(pause)
      }
    }
  }

  pause(milliseconds: number): Promise<void> {
    return delay(milliseconds, this.#signal)
  }

  translate(error: unknown, what: string): MillraceError {
    if (error instanceof MillraceError) return error
    if (error instanceof KafkaError) {
      if ([29, 30, 53, 31].includes(error.code)) {
        return new MillraceError('AUTHENTICATION_FAILED', `Kafka does not allow ${what}`, { detail: error.message })
      }
      return new MillraceError('EXTERNAL_ERROR', `Kafka answered with error ${error.code} to ${what}`, {
        detail: error.message,
        cause: error,
      })
    }
    return new MillraceError(
      'EXTERNAL_ERROR',
      `${what} failed: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    )
  }

  async close(): Promise<void> {
    this.#closed = true
    const connections = [...this.#connections.values()]
    this.#connections.clear()
    await Promise.allSettled(connections.map(async (connection) => (await connection).close()))
  }

  async #anyBroker<A extends unknown[], R>(api: API<A, R>, ...args: A): Promise<R> {
    let failure: unknown
    for (const address of [...this.#brokers.values(), ...this.#options.bootstrap]) {
      try {
        return await this.#send(address, 'admin', api, args)
      } catch (error) {
        if (!isRetryable(error)) throw error
        failure = error
      }
    }
    throw failure
  }

  async #send<A extends unknown[], R>(address: BrokerAddress, purpose: string, api: API<A, R>, args: A): Promise<R> {
    const key = `${purpose} ${address.host}:${address.port}`
    try {
      const connection = await this.#connect(key, address)
      return await api.async(connection, ...args)
    } catch (error) {
      const failure = this.#classify(error, address)
      if (!(failure instanceof KafkaError)) {
        const broken = this.#connections.get(key)
        this.#connections.delete(key)
        void broken?.then((connection) => connection.close()).catch(() => undefined)
      }
      throw failure
    }
  }

  #connect(key: string, address: BrokerAddress): Promise<Connection> {
    if (this.#closed) throw new MillraceError('JOB_CANCELLED', 'the connection to Kafka is closed')
    const existing = this.#connections.get(key)
    if (existing !== undefined) return existing
    const opening = (async () => {
      const connection = new this.library.Connection(this.#options.clientId, this.#options.connection)
      connection.on('error', () => undefined)
      await connection.connect(address.host, address.port)
      connection.on('close', () => {
        if (this.#connections.get(key) === opening) this.#connections.delete(key)
      })
      return connection
    })()
    this.#connections.set(key, opening)
    opening.catch(() => {
      if (this.#connections.get(key) === opening) this.#connections.delete(key)
    })
    return opening
  }

  /** What the library throws: protocol errors by code, connection errors with the address. */
  #classify(error: unknown, address: BrokerAddress): Error {
    if (error instanceof MillraceError || error instanceof KafkaError) return error
    const code = findProtocolCode(error)
    const message = error instanceof Error ? error.message : String(error)
    if (code !== undefined && code !== 58) return new KafkaError(code, message)
    const text = `${message} ${String((error as { code?: unknown }).code)}`
    if (code === 58 || /AUTHENTICATION|SASL/i.test(text)) {
      return new MillraceError(
        'AUTHENTICATION_FAILED',
        `Kafka at ${address.host}:${address.port} refused the credentials`,
        {
          detail: message,
          hint: "Check 'properties.sasl.mechanism' and 'properties.sasl.jaas.config'.",
          cause: error,
        },
      )
    }
    const [reason, reasonCode] = deepest(error)
    if (/CERT|SELF_SIGNED|LEAF_SIGNATURE/.test(reasonCode)) {
      return new MillraceError(
        'AUTHENTICATION_FAILED',
        `the certificate of Kafka at ${address.host}:${address.port} is not trusted`,
        {
          detail: reason,
          hint: "Name the PEM file of the authority that signed it in 'properties.ssl.truststore.location'.",
          cause: error,
        },
      )
    }
    return new MillraceError('CONNECTION_FAILED', `cannot reach Kafka at ${address.host}:${address.port}`, {
      detail: reason,
      hint: "Check 'properties.bootstrap.servers' and that the broker runs.",
      cause: error,
    })
  }
}

/** Message and code of the error that is behind all others. */
function deepest(error: unknown): readonly [string, string] {
  const { errors, cause, message, code } = error as {
    errors?: unknown
    cause?: unknown
    message?: unknown
    code?: unknown
  }
  const inner: unknown = Array.isArray(errors) && errors.length > 0 ? errors[0] : cause
  if (typeof inner === 'object' && inner !== null) return deepest(inner)
  return [typeof message === 'string' ? message : String(error), String(code)]
}

function findProtocolCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { apiCode, errors, cause } = error as { apiCode?: unknown; errors?: unknown; cause?: unknown }
  if (typeof apiCode === 'number') return apiCode
  if (Array.isArray(errors)) {
    for (const inner of errors) {
      const code = findProtocolCode(inner)
      if (code !== undefined) return code
    }
  }
  return cause === undefined ? undefined : findProtocolCode(cause)
}
