/**
 * The exchanges of one worker. Laws:
 *
 * 1. Messages of one worker to another through one exchange arrive in order, none lost and none twice.
 * 2. Nothing here waits: what a ring has no room for stays in a queue, and the sources wait for that (`pressure`).
 * 3. A ring is not read while a queue behind its reader is full; the exchange that leads furthest down is always read.
 *    So memory is bounded and no worker waits for itself.
 */
import { type ChangeBatch, withKeyHashes } from '../../../core/change-batch.ts'
import { gatherColumn, gatherInts } from '../../../core/column-ops.ts'
import type { Schema } from '../../../core/types.ts'
import type { Deployment, Exchange } from '../../../planner/physical/exchange.ts'
import type { OperatorGraph } from '../../../planner/physical/graph.ts'
import { exchangedRows } from './exchanged-rows.ts'
import { Inbox, Outbox } from './mailbox.ts'
import { MessageWriter, type Message, readMessage, type Signal } from './messages.ts'
import { Partitioner, type Share } from './partitioner.ts'
import { createRing } from './ring.ts'

const LARGEST_RING = 1 << 20
const SMALLEST_RING = 1 << 16
const ALL_RINGS = 1 << 26
/** A worker that nobody has woken looks again after this long. */
const SLEEP_MILLISECONDS = 100

/** What the workers of a job share. */
export interface SharedMemory {
  /** For each worker a counter, changed when there is something for it to do, and 1 while it may be asleep. */
  readonly bells: SharedArrayBuffer
  /** By exchange, sender and receiver; null where there is nothing to send. */
  readonly rings: readonly (readonly (readonly (SharedArrayBuffer | null)[])[])[]
  /** By node a number that the subtasks of a source share. */
  readonly enumerators: SharedArrayBuffer
  /** How often a worker has stood still, added up over all of them. */
  readonly standing: SharedArrayBuffer
}

export function createSharedMemory({ exchanges, parallelism, subtasks }: Deployment): SharedMemory {
  const workers = Array.from({ length: parallelism }, (_, worker) => worker)
  const count = Math.max(1, exchanges.length * parallelism * (parallelism - 1))
  const room = 2 ** Math.floor(Math.log2(ALL_RINGS / count))
  const capacity = Math.max(SMALLEST_RING, Math.min(LARGEST_RING, room))
  return {
    bells: new SharedArrayBuffer(8 * parallelism),
    rings: exchanges.map(({ from, to }) =>
      workers.map((sender) =>
        workers.map((receiver) =>
          sender !== receiver && sender < (subtasks[from] ?? 1) && receiver < (subtasks[to] ?? 1)
            ? createRing(capacity)
            : null,
        ),
      ),
    ),
    enumerators: new SharedArrayBuffer(8 * subtasks.length),
    standing: new SharedArrayBuffer(4),
  }
}

/** One exchange as a worker sees it. */
interface Link {
  readonly exchange: Exchange
  /** Of the rows that go through it. */
  readonly schema: Schema
  /** By receiver; undefined: this worker itself, or one that does not run the operator. */
  readonly outboxes: readonly (Outbox | undefined)[]
  /** By sender. */
  readonly inboxes: readonly (Inbox | undefined)[]
  /** undefined: everything goes to the first worker, or to all of them. */
  readonly partitioner: Partitioner | undefined
  /** The columns that a hash of each row goes along of; empty: none does. */
  readonly hashed: readonly number[]
  /** What went to this worker itself last. */
  own: ChangeBatch | undefined
}

export interface ExchangeTarget {
  /** A message from a worker, this one included. */
  receive(exchange: Exchange, sender: number, message: Message): void
}

export class Exchanges {
  readonly worker: number
  readonly deployment: Deployment
  readonly #graph: OperatorGraph
  readonly #links: readonly Link[]
  readonly #bells: Int32Array
  readonly #enumerators: SharedArrayBuffer
  readonly #standing: Int32Array
  /** What the sum is when all workers stand as often as this one. */
  #allStanding = 0
  readonly #writer = new MessageWriter()
  #flushed: PromiseWithResolvers<void> | undefined
  #receiving = false

  constructor(worker: number, graph: OperatorGraph, deployment: Deployment, memory: SharedMemory) {
    this.worker = worker
    this.deployment = deployment
    this.#graph = graph
    this.#bells = new Int32Array(memory.bells)
    this.#enumerators = memory.enumerators
    this.#standing = new Int32Array(memory.standing)
    this.#links = deployment.exchanges.map((exchange) => this.#link(exchange, memory))
  }

  /** Set while sources have to wait. */
  get pressure(): Promise<void> | undefined {
    return this.#flushed?.promise
  }

  send(exchange: Exchange, batch: ChangeBatch, target: ExchangeTarget): void {
    const link = this.#links[exchange.index]
    if (link === undefined) return
    if (link.partitioner === undefined) {
      const rows = everyRow(batch.rows)
      const receivers = exchange.distribution.kind === 'broadcast' ? (this.deployment.subtasks[exchange.to] ?? 1) : 1
      for (let receiver = 0; receiver < receivers; receiver++) this.#sendRows(link, receiver, batch, rows, target)
      return
    }
    const shares = link.partitioner.divide(batch)
    for (let receiver = 0; receiver < shares.length; receiver++) {
      const share = shares[receiver] as Share
      if (share.count > 0) this.#sendRows(link, receiver, batch, share, target)
    }
  }

  /** To all workers that run the operator. */
  signal(exchange: Exchange, kind: Signal, time: number, target: ExchangeTarget): void {
    const link = this.#links[exchange.index]
    if (link === undefined) return
    this.#writer.signal(kind, time)
    for (const outbox of link.outboxes) if (outbox !== undefined) this.#write(outbox)
    if (this.worker < (this.deployment.subtasks[exchange.to] ?? 1))
      target.receive(exchange, this.worker, { kind, time })
  }

  /**
   * Flushes queues and hands over what has arrived.
   *
   * @param mayGoOn asked before every message
   * @returns whether there was anything to do
   */
  work(target: ExchangeTarget, mayGoOn: () => boolean): boolean {
    if (this.#receiving) return false
    this.#receiving = true
    try {
      let worked = this.#flush()
      // Those furthest down first: they make room.
      for (let index = this.#links.length - 1; index >= 0; index--) {
        const link = this.#links[index] as Link
        for (const [sender, inbox] of link.inboxes.entries()) {
          if (inbox !== undefined) worked = this.#read(link, sender, inbox, target, mayGoOn) || worked
        }
      }
      return worked
    } finally {
      this.#receiving = false
    }
  }

  /**
   * From now on others wake this worker up. Who goes to sleep looks for work once more in between.
   *
   * @returns the state of the bell; `sleep` returns at once where it has changed since
   */
  goToBed(): number {
    const bell = Atomics.load(this.#bells, 2 * this.worker)
    Atomics.store(this.#bells, 2 * this.worker + 1, 1)
    return bell
  }

  async sleep(bell: number): Promise<void> {
    const waiting = Atomics.waitAsync(this.#bells, 2 * this.worker, bell, SLEEP_MILLISECONDS)
    if (waiting.async) await waiting.value
  }

  /** What the subtasks of a source share. */
  enumerator(node: number): BigInt64Array {
    return new BigInt64Array(this.#enumerators, 8 * node, 1)
  }

  /** The sources of this worker stand still. */
  stand(): void {
    this.#allStanding = (this.#allStanding + this.deployment.parallelism) | 0
    Atomics.add(this.#standing, 0, 1)
    for (let worker = 0; worker < this.deployment.parallelism; worker++) this.#ring(worker)
  }

  /** Whether the sources of all workers do; none goes on before all of them have been asked where they stand. */
  get allStand(): boolean {
    return Atomics.load(this.#standing, 0) === this.#allStanding
  }

  /** Wakes this worker up. */
  wake(): void {
    this.#ring(this.worker)
  }

  #link(exchange: Exchange, memory: SharedMemory): Link {
    const { parallelism, maxParallelism } = this.deployment
    const rings = memory.rings[exchange.index] ?? []
    const { schema, columns } = exchangedRows(exchange, this.#graph)
    const partitioner = columns && new Partitioner(schema, columns, parallelism, maxParallelism)
    return {
      exchange,
      schema,
      outboxes: (rings[this.worker] ?? []).map((ring, receiver) =>
        ring === null ? undefined : new Outbox(ring, () => this.#ring(receiver)),
      ),
      inboxes: rings.map((row, sender) => {
        const ring = row[this.worker] ?? null
        return ring === null ? undefined : new Inbox(ring, () => this.#ring(sender))
      }),
      partitioner,
      hashed: partitioner?.hashes === null ? [] : this.#hashedColumns(exchange),
      own: undefined,
    }
  }

  /** Where the operator looks rows up by just what they are divided by. */
  #hashedColumns({ to, distribution }: Exchange): readonly number[] {
    const node = this.#graph.nodes[to]
    if (node?.kind !== 'group-aggregate' || distribution.kind !== 'hash') return []
    return node.keys.join() === distribution.columns.join() ? node.keys : []
  }

  #ring(worker: number): void {
    if (Atomics.load(this.#bells, 2 * worker + 1) === 0) return
    Atomics.store(this.#bells, 2 * worker + 1, 0)
    Atomics.add(this.#bells, 2 * worker, 1)
    Atomics.notify(this.#bells, 2 * worker)
  }

  #sendRows(link: Link, receiver: number, batch: ChangeBatch, share: Share, target: ExchangeTarget): void {
    const hashes = link.hashed.length === 0 ? null : (link.partitioner?.hashes ?? null)
    if (receiver === this.worker) {
      const hashed = hashes === null ? batch : withKeyHashes(batch, link.hashed, hashes)
      const isWhole = share.count === batch.rows
      if (!isWhole) link.own = gatherInto(link.own, hashed, link.hashed, share)
      target.receive(link.exchange, receiver, { kind: 'rows', batch: isWhole ? hashed : (link.own ?? hashed) })
      return
    }
    const outbox = link.outboxes[receiver]
    if (outbox === undefined) return
    this.#writer.rows(batch, share.indices, share.count, outbox.constants, hashes)
    this.#write(outbox)
  }

  #write(outbox: Outbox): void {
    outbox.send(this.#writer.bytes, this.#writer.size)
    // So that the reader tells when there is room.
    if (!outbox.isEmpty) outbox.flush()
    if (!outbox.isEmpty) this.#flushed ??= Promise.withResolvers<void>()
  }

  #flush(): boolean {
    if (this.#flushed === undefined) return false
    let [wrote, full] = [false, false]
    for (const { outboxes } of this.#links) {
      for (const outbox of outboxes) {
        if (outbox === undefined) continue
        wrote = outbox.flush() || wrote
        full ||= !outbox.isEmpty
      }
    }
    if (!full) {
      this.#flushed.resolve()
      this.#flushed = undefined
    }
    return wrote
  }

  #read(link: Link, sender: number, inbox: Inbox, target: ExchangeTarget, mayGoOn: () => boolean): boolean {
    let worked = false
    // No more than a ring holds: whoever sends faster than this worker reads must not keep it from its own sources.
    for (let left = inbox.capacity; left > 0 && mayGoOn() && !this.#isFullBehind(link.exchange); ) {
      const bytes = inbox.receive()
      if (bytes === undefined) break
      worked = true
      left -= bytes.length
      target.receive(link.exchange, sender, readMessage(bytes, link.schema, inbox.constants, link.hashed))
    }
    return worked
  }

  /** Whether a queue is full that rows of the exchange may end in: of operators at or above the one it leads to. */
  #isFullBehind({ to }: Exchange): boolean {
    if (this.#flushed === undefined) return false
    return this.#links.some(
      ({ exchange, outboxes }) => exchange.from >= to && outboxes.some((outbox) => outbox?.isEmpty === false),
    )
  }
}

let identity = new Int32Array(0)

function everyRow(rows: number): Share {
  if (identity.length < rows) identity = Int32Array.from({ length: Math.max(4096, rows) }, (_, row) => row)
  return { indices: identity, count: rows }
}

/** A batch is lent: the arrays of the last one may be used again. */
function gatherInto(
  last: ChangeBatch | undefined,
  batch: ChangeBatch,
  hashed: readonly number[],
  { indices, count }: Share,
): ChangeBatch {
  const kinds = batch.kinds === null ? null : new Uint8Array(count)
  if (kinds !== null && batch.kinds !== null) {
    for (let i = 0; i < count; i++) kinds[i] = batch.kinds[indices[i] as number] as number
  }
  const columns = batch.columns.map((column, index) => gatherColumn(column, indices, count, last?.columns[index]))
  const own = { schema: batch.schema, rows: count, columns, kinds }
  if (hashed.length === 0 || batch.keyHashes === undefined) return own
  return withKeyHashes(own, hashed, gatherInts(batch.keyHashes.values, indices, count, last?.keyHashes?.values))
}
