/**
 * Watermarks from rows, split by split. A split's watermark is the highest value of the strategy's expression over its
 * rows; what is emitted is the lowest over the splits that are not idle, and it never goes back.
 *
 * With `on-event` the watermark that holds when a row arrives is the one after all rows before it, as if it were
 * emitted after every row; it is emitted between two rows only where that can make a difference: before a row that is
 * not above it, and at the end of the batch; before every row where the plan says so.
 */
import { type ChangeBatch, sliceRows } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { physicalKind, type SqlType, unitsPerMillisecond } from '../../core/types.ts'
import type { WatermarkNode } from '../../planner/physical/graph.ts'
import { compileScalar } from '../codegen/calc.ts'
import { MAX_WATERMARK, MIN_WATERMARK, type OperatorContext, type SplitOperator, type StatePage } from './operator.ts'
import { readMilliseconds } from './timestamps.ts'
import { readPage } from '../../state/table/page-bytes.ts'

interface Split {
  watermark: number
  /** Clock at the last row. */
  active: number
  idle: boolean
}

const TABLE = 'splits'

export function createWatermark(node: WatermarkNode, context: OperatorContext): SplitOperator {
  return new WatermarkOperator(node, context)
}

class WatermarkOperator implements SplitOperator {
  readonly #node: WatermarkNode
  readonly #context: OperatorContext
  readonly #evaluate: (batch: ChangeBatch) => Column
  readonly #units: number
  readonly #rowtimeUnits: number
  readonly #splits = new Map<string, Split>()
  #emitted = MIN_WATERMARK
  #dirty = false
  /** After a restore those above have to be told again. */
  #announce = false
  #watermarks = new Float64Array(0)
  #times = new Float64Array(0)

  constructor(node: WatermarkNode, context: OperatorContext) {
    this.#node = node
    this.#context = context
    const { clock, timeZone } = context
    this.#evaluate = compileScalar(node.strategy.expression, { clock, timeZone })
    this.#units = unitsOf(node.strategy.expression.type)
    this.#rowtimeUnits = unitsOf(node.schema.fields[node.strategy.rowtime]?.type)
  }

  setSplits(splits: readonly string[]): void {
    const now = this.#context.clock.now()
    for (const split of splits) {
      if (!this.#splits.has(split)) this.#splits.set(split, { watermark: MIN_WATERMARK, active: now, idle: false })
    }
    for (const split of this.#splits.keys()) if (!splits.includes(split)) this.#splits.delete(split)
    this.#dirty = true
  }

  onBatch(batch: ChangeBatch): void {
    this.onSplitBatch(batch, '')
  }

  onSplitBatch(batch: ChangeBatch, name: string): void {
    if (batch.rows === 0) return
    this.announce()
    const split = this.#split(name)
    split.active = this.#context.clock.now()
    split.idle = false
    this.#dirty = true
    if (this.#watermarks.length < batch.rows) {
      this.#watermarks = new Float64Array(batch.rows)
      this.#times = new Float64Array(batch.rows)
    }
    const watermarks = this.#watermarks
    readMilliseconds(this.#evaluate(batch), this.#units, batch.rows, MIN_WATERMARK, watermarks)
    if (this.#node.strategy.emit === 'on-event') {
      this.#emitBetweenRows(batch, split, watermarks)
      return
    }
    for (let row = 0; row < batch.rows; row++) {
      const time = watermarks[row] as number
      if (time > split.watermark) split.watermark = time
    }
    this.#context.output.batch(batch)
  }

  #emitBetweenRows(batch: ChangeBatch, split: Split, watermarks: Float64Array): void {
    const times = this.#times
    const rowtime = batch.columns[this.#node.strategy.rowtime] ?? { kind: 'null', nulls: null }
    readMilliseconds(rowtime, this.#rowtimeUnits, batch.rows, MAX_WATERMARK, times)
    const others = this.#lowestBut(split)
    const always = this.#node.strategy.afterEveryRow === true
    let from = 0
    for (let row = 0; row < batch.rows; row++) {
      const reached = Math.min(others, split.watermark)
      if (reached > this.#emitted && (always || (times[row] as number) <= reached)) {
        if (from < row) this.#context.output.batch(sliceRows(batch, from, row))
        from = row
        this.#advance(reached)
      }
      const time = watermarks[row] as number
      if (time > split.watermark) split.watermark = time
    }
    this.#context.output.batch(sliceRows(batch, from, batch.rows))
    this.#advance(Math.min(others, split.watermark))
  }

  #split(name: string): Split {
    const known = this.#splits.get(name)
    if (known !== undefined) return known
    const made = { watermark: MIN_WATERMARK, active: this.#context.clock.now(), idle: false }
    this.#splits.set(name, made)
    return made
  }

  #lowestBut(excluded: Split | undefined): number {
    let lowest = MAX_WATERMARK
    for (const split of this.#splits.values()) {
      if (split !== excluded && !split.idle && split.watermark < lowest) lowest = split.watermark
    }
    return lowest
  }

  #advance(time: number): void {
    if (time <= this.#emitted) return
    this.#emitted = time
    this.#dirty = true
    this.#context.output.watermark(time)
  }

  announce(): void {
    if (!this.#announce) return
    this.#announce = false
    this.#context.output.watermark(this.#emitted)
  }

  onPeriodicEmit(now: number): void {
    this.announce()
    const { idleTimeout } = this.#node.strategy
    let active = 0
    for (const split of this.#splits.values()) {
      if (idleTimeout > 0 && now - split.active >= idleTimeout) split.idle = true
      if (!split.idle) active++
    }
    if (active > 0) this.#advance(this.#lowestBut(undefined))
  }

  get isIdle(): boolean {
    for (const split of this.#splits.values()) if (!split.idle) return false
    return true
  }

  slowestSplit(): { readonly split: string; readonly watermark: number } | undefined {
    let slowest: { readonly split: string; readonly watermark: number } | undefined
    let highest = MIN_WATERMARK
    for (const [split, { watermark, idle }] of this.#splits) {
      if (idle) continue
      highest = Math.max(highest, watermark)
      if (slowest === undefined || watermark < slowest.watermark) slowest = { split, watermark }
    }
    return slowest !== undefined && slowest.watermark < highest ? slowest : undefined
  }

  /** Watermarks of what is below count only as its end. */
  onWatermark(time: number): void {
    if (time === MAX_WATERMARK) this.#advance(time)
  }

  snapshot(): readonly StatePage[] {
    if (!this.#dirty) return []
    this.#dirty = false
    const splits = [...this.#splits].map(([name, { watermark }]) => [name, watermark])
    const text = JSON.stringify({ version: 1, emitted: this.#emitted, splits })
    return [{ table: TABLE, page: 0, bytes: new TextEncoder().encode(text) }]
  }

  restore(pages: readonly StatePage[]): void {
    const bytes = pages.find(({ table }) => table === TABLE)?.bytes
    if (bytes === undefined || bytes === null) return
    const state = JSON.parse(new TextDecoder().decode(readPage(bytes))) as {
      emitted: number
      splits: [string, number][]
    }
    const now = this.#context.clock.now()
    for (const [name, watermark] of state.splits) this.#splits.set(name, { watermark, active: now, idle: false })
    this.#emitted = state.emitted
    this.#announce = this.#emitted > MIN_WATERMARK
  }
}

function unitsOf(type: SqlType | undefined): number {
  if (type === undefined || (type.kind !== 'TIMESTAMP' && type.kind !== 'TIMESTAMP_LTZ')) return 1
  return physicalKind(type) === 'i64' ? Number(unitsPerMillisecond(type.precision)) : 1
}
