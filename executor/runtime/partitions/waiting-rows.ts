/**
 * Rows that wait until there are enough of them for each partition: what is gathered, in memory and in runs, and before
 * it the runs that are handed out, partition by partition. Runs are in a file where memory has a limit.
 */
import type { ChangeBatch } from '../../../core/change-batch.ts'
import type { Schema } from '../../../core/types.ts'
import type { Scratch } from '../../../state/table/memory.ts'
import { readPage } from '../../../state/table/page-bytes.ts'
import { NO_ORDER_PAGE, orderPage, runPage, runsOf, type WaitingOrder } from '../../checkpoint/gathered-pages.ts'
import type { Operator, StatePage } from '../../operators/operator.ts'
import { type GatheredInput, GatheredRows } from './gathered-rows.ts'
import { GatheredRun, ReadRoom, RunEncoder } from './gathered-run.ts'

/** Watermarks of a run at the most: at each of them what a partition takes is cut. */
const MOST_WATERMARKS = 256

export class WaitingRows {
  readonly #schemas: readonly Schema[]
  readonly #partitions: number
  readonly #buffer: GatheredRows
  readonly #encoder: RunEncoder
  readonly #newScratch: (() => Scratch) | undefined
  readonly #room = new ReadRoom()
  #gathered: GatheredRun[] = []
  #gatheredScratch: Scratch | undefined
  #leaving: readonly GatheredRun[] = []
  #leavingScratch: Scratch | undefined
  #next = 0
  /** Number of the next run. */
  #number = 0
  /** Pages of runs that are no more. */
  #gone: StatePage[] = []
  #isOrderStored = false

  /** @param newScratch where runs are; absent: in memory */
  constructor(inputs: readonly GatheredInput[], partitions: number, newScratch: (() => Scratch) | undefined) {
    this.#schemas = inputs.map(({ schema }) => schema)
    this.#partitions = partitions
    this.#buffer = new GatheredRows(inputs, partitions)
    this.#encoder = new RunEncoder(partitions)
    this.#newScratch = newScratch
  }

  /** Nothing has been gathered; before it something may be handed out still. */
  get isEmpty(): boolean {
    return this.#gathered.length === 0 && this.#buffer.isEmpty
  }

  /** Of what has been gathered. */
  get bytes(): number {
    return this.#gathered.reduce((sum, run) => sum + run.bytes, this.#buffer.bytes)
  }

  /** Bytes of it that are in the memory of the process. */
  get bytesInMemory(): number {
    return this.#buffer.bytes
  }

  get runs(): number {
    return this.#gathered.length
  }

  get isFullOfWatermarks(): boolean {
    return this.#buffer.watermarks >= MOST_WATERMARKS
  }

  get isHandingOut(): boolean {
    return this.#leaving.length > 0
  }

  /** The partition that is handed its rows next. */
  get next(): number {
    return this.#next
  }

  add(batch: ChangeBatch, input: number): void {
    this.#buffer.add(batch, input)
  }

  addWatermark(time: number): void {
    this.#buffer.addWatermark(time)
  }

  /** What is gathered in memory becomes a run. @throws MillraceError STORAGE_FULL, IO_ERROR */
  flush(): void {
    if (this.#buffer.isEmpty) return
    this.#gatheredScratch ??= this.#newScratch?.()
    this.#addRun(this.#gatheredScratch)
  }

  #addRun(scratch: Scratch | undefined): void {
    this.#buffer.encode(this.#encoder)
    const bytes = this.#encoder.end()
    this.#gathered.push(new GatheredRun(this.#number++, scratch === undefined ? bytes.slice() : bytes, scratch))
  }

  /** What was gathered is what is handed out, when nothing is left of what was before. */
  begin(): void {
    // Few rows, which are soon gone, need no file.
    if (!this.#buffer.isEmpty) this.#addRun(this.#gatheredScratch)
    this.#leaving = this.#gathered
    this.#leavingScratch = this.#gatheredScratch
    this.#gathered = []
    this.#gatheredScratch = undefined
    this.#next = 0
  }

  /** Of those that are handed out. */
  rowsOfNext(): number {
    return this.#leaving.reduce((sum, run) => sum + run.rowsOf(this.#next), 0)
  }

  /**
   * To the next partition: rows of a key in the order in which they came, and watermarks where they came.
   *
   * @returns whether it was the last one
   */
  handOutNext(target: Pick<Operator, 'onBatch' | 'onWatermark'>): boolean {
    for (const run of this.#leaving) {
      for (const item of run.items(this.#next, this.#schemas, this.#room)) {
        if ('time' in item) target.onWatermark(item.time)
        else target.onBatch(item.batch, item.input)
      }
    }
    if (++this.#next < this.#partitions) return false
    for (const { number, isStored } of this.#leaving) if (isStored) this.#gone.push(runPage(number, null))
    this.#leaving = []
    this.#leavingScratch?.clear()
    this.#leavingScratch = undefined
    return true
  }

  /** In place of one that is empty: pages of that are gone with its next snapshot. */
  follow(before: WaitingRows): void {
    this.#number = before.#number
    this.#gone = before.#gone
    this.#isOrderStored = before.#isOrderStored
  }

  /** What has changed since the last one. @throws MillraceError STORAGE_FULL, IO_ERROR */
  snapshot(): readonly StatePage[] {
    this.flush()
    const pages = this.#gone
    this.#gone = []
    for (const run of [...this.#leaving, ...this.#gathered]) {
      if (run.isStored) continue
      run.isStored = true
      pages.push(runPage(run.number, run.page()))
    }
    const [leaving, gathered] = [this.#leaving, this.#gathered].map((runs) => runs.map(({ number }) => number))
    const isWaiting = this.isHandingOut || !this.isEmpty
    if (isWaiting)
      pages.push(
        orderPage(
          { partitions: this.#partitions, leaving: leaving ?? [], next: this.#next, gathered: gathered ?? [] },
          this.#schemas,
        ),
      )
    else if (this.#isOrderStored) pages.push(NO_ORDER_PAGE)
    this.#isOrderStored = isWaiting
    return pages
  }

  /** @throws MillraceError INVALID_CHECKPOINT, STORAGE_FULL, IO_ERROR */
  restore(order: WaitingOrder, pages: readonly StatePage[]): void {
    const read = (numbers: readonly number[], scratch: Scratch | undefined): GatheredRun[] =>
      runsOf(pages, numbers).map(({ number, bytes }) => {
        const run = new GatheredRun(number, readPage(bytes), scratch)
        run.isStored = true
        return run
      })
    if (order.leaving.length > 0) this.#leavingScratch = this.#newScratch?.()
    this.#leaving = read(order.leaving, this.#leavingScratch)
    if (order.gathered.length > 0) this.#gatheredScratch = this.#newScratch?.()
    this.#gathered = read(order.gathered, this.#gatheredScratch)
    this.#next = order.next
    this.#number = Math.max(-1, ...order.leaving, ...order.gathered) + 1
    this.#isOrderStored = true
  }
}
