/**
 * Transactions of an exactly-once sink. Each checkpoint has a transaction of its own, on one of a few transactional
 * ids ("slots"): while the transaction of checkpoint n waits for its commit, the next one writes on another slot.
 *
 * A slot is used again only when a later checkpoint was committed, and gets a new epoch then: a commit that is
 * repeated after a crash can therefore never commit records of a later transaction.
 */
import { MillraceError } from '../../core/errors.ts'
import { type KafkaClient, KafkaError, type TopicPartition } from './client.ts'
import { partitionKey } from './offsets.ts'
import type { ProducerIdentity } from './producer.ts'

export interface TransactionHandle {
  readonly transactionalId: string
  readonly producerId: string
  readonly epoch: number
}

type SlotState = 'free' | 'open' | 'prepared' | 'committed'

interface Slot {
  readonly transactionalId: string
  state: SlotState
}

const INVALID_TXN_STATE = 48
const FENCED = new Set([47, 49, 90])
const ID_NOT_FOUND = 105
/** Slots that a crashed process may have left open. */
const SLOTS_TO_ABORT = 8

export class Transactions {
  readonly #client: KafkaClient
  readonly #prefix: string
  readonly #timeout: number
  readonly #slots: Slot[] = []
  readonly #coordinators = new Map<string, number>()
  #current: { readonly slot: Slot; readonly identity: ProducerIdentity; readonly partitions: Set<string> } | undefined

  constructor(client: KafkaClient, prefix: string, timeoutMilliseconds: number) {
    this.#client = client
    this.#prefix = prefix
    this.#timeout = timeoutMilliseconds
  }

  get isOpen(): boolean {
    return this.#current !== undefined
  }

  /** @returns with which identity the records of a new transaction are written */
  async begin(): Promise<ProducerIdentity> {
    const slot = this.#slots.find((candidate) => candidate.state === 'free') ?? this.#addSlot()
    const { producerId, producerEpoch } = await this.#initialize(slot.transactionalId)
    slot.state = 'open'
    const identity = { producerId, epoch: producerEpoch, transactionalId: slot.transactionalId }
    this.#current = { slot, identity, partitions: new Set() }
    return identity
  }

  /** Partitions must be part of the transaction before they get records. */
  async addPartitions(places: readonly TopicPartition[]): Promise<void> {
    const current = this.#current
    if (current === undefined) throw new MillraceError('INTERNAL_ERROR', 'no transaction is open')
    const fresh = places.filter((place) => !current.partitions.has(partitionKey(place)))
    if (fresh.length === 0) return
    const { transactionalId, producerId, epoch } = {
      ...current.identity,
      transactionalId: current.slot.transactionalId,
    }
    const topics = [...Map.groupBy(fresh, (place) => place.topic)].map(([name, own]) => ({
      name,
      partitions: own.map((place) => place.partition),
    }))
    await this.#coordinated(transactionalId, 'adding partitions to a transaction', (broker) =>
      this.#client.call(broker, 'transactions', this.#client.library.addPartitionsToTxnV3.api, [
        { transactionalId, producerId, producerEpoch: epoch, verifyOnly: false, topics },
      ]),
    )
    for (const place of fresh) current.partitions.add(partitionKey(place))
  }

  /** The open transaction is complete; null when there is none. */
  prepare(): TransactionHandle | null {
    const current = this.#current
    if (current === undefined) return null
    this.#current = undefined
    if (current.partitions.size === 0) {
      current.slot.state = 'free'
      return null
    }
    current.slot.state = 'prepared'
    const { producerId, epoch } = current.identity
    return { transactionalId: current.slot.transactionalId, producerId: producerId.toString(), epoch }
  }

  /** Idempotent, and works for the transaction of another process. @throws MillraceError TRANSACTION_LOST */
  async commit(handle: TransactionHandle): Promise<void> {
    const { transactionalId } = handle
    try {
      await this.#coordinated(transactionalId, 'the commit of a transaction', (broker) =>
        this.#client.call(
          broker,
          'transactions',
          this.#client.library.endTxnV3.api,
          transactionalId,
          BigInt(handle.producerId),
          handle.epoch,
          true,
        ),
      )
    } catch (error) {
      const code = protocolCode(error)
      if (code === undefined || (code !== INVALID_TXN_STATE && code !== ID_NOT_FOUND && !FENCED.has(code))) throw error
      await this.#verifyCommitted(handle, code)
    }
    for (const slot of this.#slots) if (slot.state === 'committed') slot.state = 'free'
    const slot =
      this.#slots.find((candidate) => candidate.transactionalId === transactionalId) ?? this.#addSlot(transactionalId)
    slot.state = 'committed'
  }

  /**
   * Ends the open transaction, so that readers need not wait for its timeout; what was prepared stays. Best effort: a
   * start after this one ends what is left.
   */
  async abortOpen(): Promise<void> {
    const current = this.#current
    this.#current = undefined
    if (current === undefined || current.partitions.size === 0) return
    const { transactionalId } = current.slot
    const broker = this.#coordinators.get(transactionalId)
    if (broker === undefined) return
    const { endTxnV3 } = this.#client.library
    const { producerId, epoch } = current.identity
    await this.#client
      .call(broker, 'transactions', endTxnV3.api, transactionalId, producerId, epoch, false)
      .catch(() => undefined)
  }

  /** Ends what this sink left open elsewhere than in `kept`. */
  async abortOthers(kept: ReadonlySet<string>): Promise<void> {
    const ids = Array.from({ length: SLOTS_TO_ABORT }, (_, index) => this.#idOf(index)).filter((id) => !kept.has(id))
    for (const id of ids) {
      const state = await this.#describe(id)
      if (state === undefined || !['Ongoing', 'PrepareAbort', 'PrepareCommit'].includes(state.transactionState))
        continue
      await this.#initialize(id)
    }
  }

  #idOf(index: number): string {
    return `${this.#prefix}-${index}`
  }

  #addSlot(transactionalId?: string): Slot {
    if (transactionalId !== undefined) {
      const made: Slot = { transactionalId, state: 'committed' }
      this.#slots.push(made)
      return made
    }
    const taken = new Set(this.#slots.map((slot) => slot.transactionalId))
    let index = 0
    while (taken.has(this.#idOf(index))) index++
    const made: Slot = { transactionalId: this.#idOf(index), state: 'free' }
    this.#slots.push(made)
    return made
  }

  /** Aborts what is open on the id and gives a new epoch. */
  #initialize(transactionalId: string): Promise<{ producerId: bigint; producerEpoch: number }> {
    return this.#coordinated(transactionalId, 'the start of a transaction', (broker) =>
      this.#client.call(
        broker,
        'transactions',
        this.#client.library.initProducerIdV4.api,
        transactionalId,
        this.#timeout,
        -1n,
        -1,
      ),
    )
  }

  /** The commit was refused: it may have been carried out before. */
  async #verifyCommitted(handle: TransactionHandle, code: number): Promise<void> {
    const state = await this.#describe(handle.transactionalId)
    const expired = state?.transactionState === 'CompleteAbort' && state.producerEpoch === handle.epoch + 1
    const same = state?.producerId.toString() === handle.producerId && state.producerEpoch === handle.epoch
    if (state !== undefined && !expired && (state.transactionState === 'CompleteCommit' || !same)) return
    throw new MillraceError(
      'TRANSACTION_LOST',
      `transaction "${handle.transactionalId}" of a completed checkpoint can no longer be committed`,
      {
        detail: `The broker answered with error ${code}; the transaction is ${state?.transactionState ?? 'not known'}.`,
        hint: "The broker ended it because the job was down for longer than 'properties.transaction.timeout.ms'. Raise it, and start from a new position or an earlier savepoint.",
        retryable: false,
      },
    )
  }

  async #describe(
    transactionalId: string,
  ): Promise<{ transactionState: string; producerId: bigint; producerEpoch: number } | undefined> {
    try {
      const { transactionStates } = await this.#coordinated(transactionalId, 'the state of a transaction', (broker) =>
        this.#client.call(broker, 'transactions', this.#client.library.describeTransactionsV0.api, [transactionalId]),
      )
      return transactionStates[0]
    } catch (error) {
      if (protocolCode(error) === ID_NOT_FOUND) return undefined
      throw error
    }
  }

  /** A call to the coordinator of an id, which is asked for again when it has moved. */
  async #coordinated<T>(transactionalId: string, what: string, call: (broker: number) => Promise<T>): Promise<T> {
    return this.#client.retry(what, async () => {
      const broker = this.#coordinators.get(transactionalId) ?? (await this.#client.coordinator(1, transactionalId))
      this.#coordinators.set(transactionalId, broker)
      try {
        return await call(broker)
      } catch (error) {
        const code = protocolCode(error)
        if (code === undefined || code === 15 || code === 16) this.#coordinators.delete(transactionalId)
        throw error
      }
    })
  }
}

function protocolCode(error: unknown): number | undefined {
  if (error instanceof KafkaError) return error.code
  return error instanceof MillraceError && error.cause instanceof KafkaError ? error.cause.code : undefined
}
