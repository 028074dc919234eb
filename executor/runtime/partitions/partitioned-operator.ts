/**
 * PartitionedOperator: an operator by key whose state may be more than there is memory for. It is the node's own
 * operator until it is divided: then several of them, each for a part of the keys, with its state in a section of
 * memory of its own. Rows are gathered, and each partition in turn takes those that are its own, so that the state of
 * one has to be in memory at a time, and many rows are there for each page that comes in. How many are gathered grows
 * with the state, so that what a row costs does not: beyond a share of the memory they are in a file (`waiting-rows.ts`).
 * While those of before are handed out the next ones are gathered, a partition every few batches.
 *
 * Laws:
 * 1. Rows of a key, and watermarks between them, come to its partition in the order in which they came; between keys
 *    and between inputs any order is right.
 * 2. A watermark goes on when all partitions have passed it on.
 * 3. Rows that wait are state: a checkpoint has them, and which partitions have had theirs; it hands nothing out.
 *    (Where `mustBeEmpty` it does.)
 */
import type { ChangeBatch } from '../../../core/change-batch.ts'
import { withEveryPage } from '../../../state/table/page-output.ts'
import { type MemoryBeyond, type MemorySection, withStateMemory } from '../../../state/table/memory.ts'
import type { OperatorNode } from '../../../planner/physical/graph.ts'
import { isOfWaiting, readOrder } from '../../checkpoint/gathered-pages.ts'
import { pagesOfPartitions, partitionTable } from '../../checkpoint/partition-pages.ts'
import { dividePages } from '../../checkpoint/rescale.ts'
import {
  MIN_WATERMARK,
  type Operator,
  type OperatorMetrics,
  type Output,
  type StatePage,
} from '../../operators/operator.ts'
import { KeyGroups } from '../exchange/partitioner.ts'
import { type GatheredInput, partitionOwners } from './gathered-rows.ts'
import { WaitingRows } from './waiting-rows.ts'

/** Share of the budget that gathered rows may take in memory. */
const GATHERED = 1 / 16
const MOST_GATHERED = 1 << 24
/** So much of the state in bytes is gathered, where that is more. */
const GATHERED_OF_STATE = 1 / 16
const MOST_RUNS = 256
/** Partitions are done before as many rows have come again: when this share of them has. */
const PACE = 0.9
/** Share of the budget that partitions may have in memory between two turns. */
const STAYING = 1 / 2
/** How long rows wait at the least, where they are few. */
const WAIT_MILLISECONDS = 100
/** Rows wait this many times as long as it took to hand out the last ones. */
const WAIT_FACTOR = 2
/** How long rows are handed out at a time when nothing comes. */
const STEP_MILLISECONDS = 50
/** Share of the budget from which on a partition is too large. */
const LARGEST = 1 / 8
/** The same where there are many: to divide them costs as much as their rows did. */
const MANY_PARTITIONS = 64
const LARGEST_OF_MANY = 1 / 3
/** Into how many partitions one that is too large is divided. */
const FINER = 8
const MOST_PARTITIONS = 1024
const NO_METRICS: OperatorMetrics = { stateBytes: 0, stateEntries: 0, lateRows: 0 }

export interface PartitionedOptions {
  readonly node: OperatorNode
  readonly inputs: readonly GatheredInput[]
  readonly output: Output
  /** Absent: there is no limit; then what a checkpoint has divided stays so, in memory. */
  readonly memory: MemoryBeyond | undefined
  /** Rows do not wait over a checkpoint. */
  readonly mustBeEmpty: boolean
  create(output: Output): Operator
}

interface Partition {
  readonly operator: Operator
  readonly section: MemorySection | undefined
  watermark: number
  /** It may have pages in memory. */
  isIn: boolean
  /** Not all of its pages are in a checkpoint that are unchanged: the next one takes all. */
  isNew: boolean
  /** Something may have changed since the last checkpoint. */
  isTouched: boolean
}

export class PartitionedOperator implements Operator {
  readonly #options: PartitionedOptions
  /** One, until it is divided. */
  #partitions: readonly Partition[]
  #isDivided = false
  /** Once it is divided; before that, what waited in the checkpoint that it goes on from. */
  #waiting: WaitingRows | undefined
  /** Bytes from which on rows are handed out. */
  #enough = 0
  #watermark = MIN_WATERMARK
  /** Pages of before it was divided. */
  #gone: StatePage[] = []
  /** Of operators that are no more. */
  #lateRows = 0
  #waitingSince = 0
  /** Milliseconds that it took to hand out the rows of before, and those that are under way. */
  #took = 0
  #taking = 0
  /** Processing time as of the last tick. */
  #now: number | undefined
  /** The partition that was told of it last, while nothing came. */
  #ticked = 0

  constructor(options: PartitionedOptions) {
    this.#options = options
    const operator = options.create(options.output)
    this.#partitions = [
      { operator, section: undefined, watermark: MIN_WATERMARK, isIn: true, isNew: false, isTouched: true },
    ]
  }

  get partitions(): number {
    return this.#partitions.length
  }

  get #whole(): Operator | undefined {
    return this.#isDivided ? undefined : this.#partitions[0]?.operator
  }

  restore(pages: readonly StatePage[]): void {
    const { inputs } = this.#options
    const schemas = inputs.map(({ schema }) => schema)
    const order = readOrder(pages, schemas)
    const own = pages.filter((page) => !isOfWaiting(page))
    const parts = pagesOfPartitions(own)
    const partitions = Math.max(parts.length, order?.partitions ?? 1)
    if (partitions === 1) {
      if (own.length > 0) this.#whole?.restore?.(own)
      if (order !== undefined) this.#waiting = this.#newWaiting(1)
    } else {
      this.#partitions = this.#createPartitions(partitions)
      for (const [n, part] of parts.entries()) this.#restorePartition(this.#partitions[n], part, false)
    }
    if (order !== undefined) this.#waiting?.restore(order, pages)
    this.#beginToGather()
  }

  onBatch(batch: ChangeBatch, input: number): void {
    if (!this.#isDivided) {
      this.#handOut()
      this.#whole?.onBatch(batch, input)
      return
    }
    this.#gather((waiting) => {
      waiting.add(batch, input)
    })
  }

  onWatermark(time: number): void {
    if (!this.#isDivided) {
      this.#handOut()
      this.#whole?.onWatermark(time)
      return
    }
    this.#gather((waiting) => {
      waiting.addWatermark(time)
    })
  }

  #gather(add: (waiting: WaitingRows) => void): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    if (waiting.isEmpty) this.#waitingSince = performance.now()
    add(waiting)
    this.#keepPace(waiting)
  }

  get #mostInMemory(): number {
    return Math.min((this.#options.memory?.budget ?? MOST_GATHERED) * GATHERED, MOST_GATHERED)
  }

  /** Hands out as much of what was gathered before as has come since. */
  #keepPace(waiting: WaitingRows): void {
    const share = Math.max(waiting.bytes / this.#enough, waiting.runs / MOST_RUNS)
    const due = Math.min(1, share / PACE) * this.partitions
    while (waiting.isHandingOut && waiting.next < due) this.#handOutNext(waiting)
    if (share >= 1) this.#beginToHandOut(waiting)
    else if (waiting.isFullOfWatermarks || waiting.bytesInMemory >= this.#mostInMemory) waiting.flush()
  }

  #beginToGather(): void {
    const most = this.#mostInMemory
    const isLimited = this.#options.memory !== undefined
    this.#enough = isLimited ? Math.max(most, this.metrics().stateBytes * GATHERED_OF_STATE) : most
  }

  onProcessingTime(now: number): void {
    const waiting = this.#waiting
    this.#now = now
    if (!this.#isDivided) {
      this.#handOut()
      this.#whole?.onProcessingTime?.(now)
      return
    }
    if (waiting === undefined) return
    if (waiting.isEmpty && !waiting.isHandingOut) {
      this.#tick(now)
      return
    }
    const started = performance.now()
    const wait = Math.max(WAIT_MILLISECONDS, WAIT_FACTOR * this.#took)
    if (!waiting.isEmpty && !waiting.isHandingOut && started - this.#waitingSince >= wait) this.#beginToHandOut(waiting)
    while (waiting.isHandingOut && performance.now() - started < STEP_MILLISECONDS) this.#handOutNext(waiting)
  }

  /** While nothing comes: to as many partitions as there is time for, the others are next. */
  #tick(now: number): void {
    const started = performance.now()
    for (let count = 0; count < this.partitions && performance.now() - started < STEP_MILLISECONDS; count++) {
      this.#ticked = (this.#ticked + 1) % this.partitions
      const partition = this.#partitions[this.#ticked]
      if (partition !== undefined) this.#run(partition, ({ operator }) => operator.onProcessingTime?.(now))
    }
  }

  /** All that has come; where it is whole, what waited in the checkpoint, before anything else comes. */
  #handOut(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    while (waiting.isHandingOut) this.#handOutNext(waiting)
    if (!waiting.isEmpty) this.#beginToHandOut(waiting)
    while (waiting.isHandingOut) this.#handOutNext(waiting)
  }

  /** When nothing is left of what was gathered before. */
  #beginToHandOut(waiting: WaitingRows): void {
    const started = performance.now()
    waiting.begin()
    this.#beginToGather()
    this.#taking = performance.now() - started
  }

  /** To the next partition. */
  #handOutNext(waiting: WaitingRows): void {
    const partition = this.#partitions[waiting.next]
    if (partition === undefined) return
    const started = performance.now()
    const { operator } = partition
    let isLast = false
    const step = (): void => {
      isLast = waiting.handOutNext(operator)
      if (this.#now !== undefined) operator.onProcessingTime?.(this.#now)
    }
    if (waiting.rowsOfNext() > 0) this.#turn(partition, step)
    else this.#run(partition, step)
    this.#taking += performance.now() - started
    if (!isLast) return
    this.#took = this.#taking
    if (this.#isDivided) this.#passWatermark()
  }

  #passWatermark(): void {
    const lowest = this.#partitions.reduce((least, { watermark }) => Math.min(least, watermark), Infinity)
    if (lowest <= this.#watermark) return
    this.#watermark = lowest
    this.#options.output.watermark(lowest)
  }

  prepareSnapshot(): void {
    if (!this.#isDivided || this.#options.mustBeEmpty) this.#handOut()
    for (const partition of this.#partitions) {
      if (partition.operator.prepareSnapshot === undefined) continue
      if (!this.#isDivided) partition.operator.prepareSnapshot()
      else if (partition.isTouched) this.#turn(partition, ({ operator }) => operator.prepareSnapshot?.())
    }
  }

  snapshot(): readonly StatePage[] {
    const waiting = this.#waiting?.snapshot() ?? []
    if (!this.#isDivided) {
      this.#waiting = undefined
      return [...(this.#whole?.snapshot?.() ?? []), ...waiting]
    }
    const pages = this.#gone
    this.#gone = []
    for (const [n, partition] of this.#partitions.entries()) {
      if (!partition.isTouched) continue
      const snapshot = (): readonly StatePage[] => partition.operator.snapshot?.() ?? []
      // Not in the memory of the section: pages stay when it has left.
      const own = this.#visit(partition, () => (partition.isNew ? withEveryPage(snapshot) : snapshot()))
      partition.isNew = false
      partition.isTouched = false
      for (const page of own) pages.push({ ...page, table: partitionTable(page.table, n, this.partitions) })
    }
    pages.push(...waiting)
    return pages
  }

  end(): void {
    this.#handOut()
    if (!this.#isDivided) {
      this.#whole?.end?.()
      return
    }
    for (const partition of this.#partitions) this.#turn(partition, ({ operator }) => operator.end?.())
  }

  metrics(): OperatorMetrics {
    let [stateBytes, stateEntries, lateRows] = [0, 0, this.#lateRows]
    for (const { operator } of this.#partitions) {
      const own = operator.metrics?.() ?? NO_METRICS
      stateBytes += own.stateBytes
      stateEntries += own.stateEntries
      lateRows += own.lateRows
    }
    return { stateBytes, stateEntries, lateRows }
  }

  /** Into how many partitions it should be divided where memory is short; undefined: not further than it is. */
  get divisible(): number | undefined {
    const { memory } = this.#options
    if (memory === undefined) return undefined
    const { stateBytes } = this.metrics()
    if (!this.#isDivided) return stateBytes >= memory.smallest ? memory.sections : undefined
    const largest = this.partitions < MANY_PARTITIONS ? LARGEST : LARGEST_OF_MANY
    const isLarge = stateBytes / this.partitions > Math.max(memory.budget * largest, memory.smallestSection)
    return isLarge && this.partitions * FINER <= MOST_PARTITIONS ? this.partitions * FINER : undefined
  }

  /** Between two steps of the job: from now on it runs in so many partitions, a multiple of what they are. */
  divide(partitions: number): void {
    this.#handOut()
    this.prepareSnapshot()
    const placement = {
      targets: partitions,
      groups: new KeyGroups([], partitions, partitions, partitionOwners(partitions)),
      division: undefined,
    }
    const [old, before] = [this.#partitions, this.partitions]
    const wasWhole = !this.#isDivided
    this.#lateRows = this.metrics().lateRows
    const gone: StatePage[] = []
    this.#partitions = this.#createPartitions(partitions)
    for (const [n, partition] of old.entries()) {
      const pages = this.#visit(partition, () => withEveryPage(() => partition.operator.snapshot?.() ?? []))
      for (const { table, page } of pages)
        gone.push({ table: wasWhole ? table : partitionTable(table, n, before), page, bytes: null })
      let target = 0
      for (const own of dividePages(this.#options.node, [pages], placement)) {
        // Of another's keys there is only what all partitions have in common.
        if (target % before === n) this.#restorePartition(this.#partitions[target], own, true)
        target++
      }
    }
    this.#gone.push(...gone)
    this.#beginToGather()
  }

  #newWaiting(partitions: number): WaitingRows {
    const { memory, inputs } = this.#options
    return new WaitingRows(inputs, partitions, memory && (() => memory.scratch()))
  }

  #createPartitions(count: number): readonly Partition[] {
    const { create, output, memory } = this.#options
    const waiting = this.#newWaiting(count)
    if (this.#waiting !== undefined) waiting.follow(this.#waiting)
    this.#waiting = waiting
    this.#isDivided = true
    return Array.from({ length: count }, (): Partition => {
      const section = memory?.section()
      const own: Output = {
        batch: (batch) => {
          output.batch(batch)
        },
        watermark: (time) => {
          partition.watermark = time
        },
        readsValues: () => output.readsValues?.() !== false,
      }
      const operator = section === undefined ? create(own) : withStateMemory(section, () => create(own))
      const partition = { operator, section, watermark: MIN_WATERMARK, isIn: true, isNew: false, isTouched: true }
      return partition
    })
  }

  #restorePartition(partition: Partition | undefined, pages: readonly StatePage[], isNew: boolean): void {
    if (partition === undefined || pages.length === 0) return
    partition.isNew = isNew
    this.#run(partition, ({ operator }) => operator.restore?.(pages))
    partition.isIn = true
    partition.isTouched = isNew
    this.#leave(partition)
  }

  /** With what is in memory already, or comes in by the page. */
  #run(partition: Partition, step: (partition: Partition) => void): void {
    const { section } = partition
    partition.isTouched = true
    if (section === undefined) step(partition)
    else
      withStateMemory(section, () => {
        step(partition)
      })
  }

  /** With all of the partition's state in memory. */
  #turn(partition: Partition, step: (partition: Partition) => void): void {
    this.#visit(partition, () => {
      this.#run(partition, step)
    })
  }

  /** As `#turn`, for a step that makes nothing that the section is to hold. */
  #visit<T>(partition: Partition, step: () => T): T {
    if (!partition.isIn) partition.section?.bringIn()
    partition.isIn = true
    const result = step()
    this.#leave(partition)
    return result
  }

  /**
   * Partitions come in turn, so that the one that was here last is needed last: those before it stay, if there is room,
   * and it goes.
   */
  #leave(partition: Partition): void {
    const { memory } = this.#options
    const { section } = partition
    if (section === undefined || memory === undefined) return
    const staying = this.#partitions.reduce(
      (sum, { section: other, isIn }) => sum + (isIn ? (other?.bytes ?? 0) : 0),
      0,
    )
    if (staying <= memory.budget * STAYING) return
    section.leave()
    partition.isIn = false
  }
}
