/**
 * The nexmark connector: the events of the Nexmark benchmark (https://github.com/nexmark/nexmark), straight into
 * columns. Fields that are not read are not made. Blocks of events are dealt out over the subtasks, so that any
 * parallelism gives the same events.
 */
import { createBatch } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { delay } from '../../core/delay.ts'
import { MillraceError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import type { SqlType } from '../../core/types.ts'
import type { Source, SourceContext, SourcePoll } from '../api/source.ts'
import { Lanes } from '../api/lanes.ts'
import { auctionFields } from './auction.ts'
import { bidFields } from './bid.ts'
import type { FieldMaker } from './columns.ts'
import { AUCTION, BID, EventRun, PERSON, type Schedule, scheduleOf } from './events.ts'
import { personFields } from './person.ts'

export function createSource(context: SourceContext): Source {
  return new NexmarkSource(context)
}

export { mergeLanes as mergePositions } from '../api/lanes.ts'

/** Events that go to one subtask in a row. */
const BLOCK = 8192

class NexmarkSource implements Source {
  readonly #context: SourceContext
  readonly #schedule: Schedule
  readonly #run: EventRun
  readonly #columns: readonly FieldMaker[]
  readonly #split: string
  /** One above the last event. */
  readonly #end: number
  /** Events a millisecond; Infinity: as fast as they are taken. */
  readonly #rate: number
  readonly #keepAlive: boolean
  readonly #lanes: Lanes
  #startedAt = 0

  constructor(context: SourceContext) {
    const { options, subtask, parallelism } = context
    const capacity = Math.min(context.batchRows, BLOCK)
    this.#context = context
    this.#schedule = scheduleOf(options)
    this.#run = new EventRun(this.#schedule, capacity)
    this.#columns = createColumns(context, this.#schedule, capacity)
    this.#split = `nexmark-${subtask}`
    const [events, stopAt] = [Number(options.long('events.num')), Number(options.long('stop-at'))]
    this.#end = Math.min(events === 0 ? Number.MAX_SAFE_INTEGER : events, stopAt < 0 ? Number.MAX_SAFE_INTEGER : stopAt)
    this.#rate = options.boolean('max-emit-speed') ? Number.POSITIVE_INFINITY : options.int('first-event.rate') / 1000
    this.#keepAlive = options.boolean('keep-alive')
    this.#lanes = new Lanes(BLOCK, subtask, parallelism)
  }

  async open(position: JsonValue | undefined): Promise<void> {
    this.#lanes.restore(position)
    this.#startedAt = this.#context.clock.now() - this.#lanes.next / this.#rate
  }

  poll(maxWait: number): Promise<SourcePoll> | SourcePoll {
    const { next, run } = this.#lanes
    if (next >= this.#end) return this.#keepAlive ? this.#pause(maxWait) : { kind: 'end' }
    const rows = Math.min(this.#context.batchRows, run, this.#end - next)
    if (this.#rate === Number.POSITIVE_INFINITY) return this.#make(rows)
    const due = Math.floor((this.#context.clock.now() - this.#startedAt) * this.#rate) - next
    return due > 0 ? this.#make(Math.min(rows, due)) : this.#pause(Math.min(maxWait, 10))
  }

  async #pause(milliseconds: number): Promise<SourcePoll> {
    await delay(milliseconds, this.#context.signal)
    return { kind: 'idle' }
  }

  #make(rows: number): SourcePoll {
    this.#run.fill(this.#lanes.next, rows)
    const columns = this.#columns.map((make) => make(this.#run))
    this.#lanes.advance(rows)
    return { kind: 'rows', split: this.#split, batch: createBatch(this.#context.schema, columns, rows), bytes: 0 }
  }

  splits(): readonly string[] {
    return this.#lanes.next >= this.#end ? [] : [this.#split]
  }

  position(): JsonValue {
    return this.#lanes.position()
  }

  async close(): Promise<void> {}
}

function createColumns(context: SourceContext, schedule: Schedule, capacity: number): readonly FieldMaker[] {
  const { options, schema } = context
  const size = (kind: string): number => options.memory(`${kind}.avg-size`)
  return schema.fields.map(({ name, type }): FieldMaker => {
    switch (name) {
      case 'event_type':
        return eventTypes(capacity)
      case 'person':
        return rowsOf(PERSON, type, capacity, personFields(capacity, schedule.seed, size('person')))
      case 'auction':
        return rowsOf(
          AUCTION,
          type,
          capacity,
          auctionFields(capacity, schedule, {
            hotSellers: options.int('auction.hot-ratio.sellers'),
            averageSize: size('auction'),
          }),
        )
      case 'bid':
        return rowsOf(
          BID,
          type,
          capacity,
          bidFields(capacity, schedule.seed, {
            hotAuctions: options.int('bid.hot-ratio.auctions'),
            hotBidders: options.int('bid.hot-ratio.bidders'),
            averageSize: size('bid'),
          }),
        )
      default:
        throw new MillraceError('INTERNAL_ERROR', `nexmark has no column "${name}"`)
    }
  })
}

function eventTypes(capacity: number): FieldMaker {
  const values = new Int32Array(capacity)
  return (run) => {
    values.set(run.kinds.subarray(0, run.rows))
    return { kind: 'i32', values, nulls: null }
  }
}

/** The ROW of one kind of event: NULL in events of the other kinds. */
function rowsOf(
  kind: 0 | 1 | 2,
  type: SqlType,
  capacity: number,
  makers: Readonly<Record<string, () => FieldMaker>>,
): FieldMaker {
  const fields = type.kind === 'ROW' ? type.fields : []
  const made = fields.map((field) => {
    const make = makers[field.name]
    if (make === undefined) throw new MillraceError('INTERNAL_ERROR', `nexmark has no field "${field.name}"`)
    return make()
  })
  const nulls = new Uint8Array(capacity)
  return (run) => {
    nulls.fill(1, 0, run.rows)
    const rows = run.rowsOf[kind]
    for (let at = 0; at < run.countOf[kind]; at++) nulls[rows[at] as number] = 0
    return { kind: 'row', fields: made.map((make): Column => make(run)), nulls }
  }
}
