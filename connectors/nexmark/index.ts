/**
 * The nexmark connector: the events of the Nexmark benchmark (https://github.com/nexmark/nexmark), straight into
 * columns. Fields that are not read are not made. Each subtask takes the next events when it gets to it, so that any
 * parallelism gives the same events.
 */
import { createBatch } from '../../core/change-batch.ts'
import type { Column } from '../../core/column.ts'
import { delay } from '../../core/delay.ts'
import { MillraceError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import type { SqlType } from '../../core/types.ts'
import type { Source, SourceContext, SourcePoll } from '../api/source.ts'
import { Enumerator } from '../api/enumerator.ts'
import { auctionFields } from './auction.ts'
import { bidFields } from './bid.ts'
import type { FieldMaker } from './columns.ts'
import { AUCTION, BID, EventRun, PERSON, type Schedule, scheduleOf } from './events.ts'
import { personFields } from './person.ts'

export function createSource(context: SourceContext): Source {
  return new NexmarkSource(context)
}

export { mergePositions } from '../api/enumerator.ts'

/** Events that are made at a time, at the most. */
const MAX_EVENTS = 8192

class NexmarkSource implements Source {
  readonly #context: SourceContext
  readonly #schedule: Schedule
  readonly #run: EventRun
  readonly #columns: readonly FieldMaker[]
  readonly #split: string
  /** Events a millisecond; Infinity: as fast as they are taken. */
  readonly #rate: number
  readonly #keepAlive: boolean
  readonly #events: Enumerator
  readonly #capacity: number
  #startedAt = 0

  constructor(context: SourceContext) {
    const { options, subtask } = context
    const capacity = Math.min(context.batchRows, MAX_EVENTS)
    this.#capacity = capacity
    this.#context = context
    this.#schedule = scheduleOf(options)
    this.#run = new EventRun(this.#schedule, capacity)
    this.#columns = createColumns(context, this.#schedule, capacity)
    this.#split = `nexmark-${subtask}`
    const [events, stopAt] = [Number(options.long('events.num')), Number(options.long('stop-at'))]
    const end = Math.min(events === 0 ? Number.MAX_SAFE_INTEGER : events, stopAt < 0 ? Number.MAX_SAFE_INTEGER : stopAt)
    this.#events = new Enumerator(context.enumerator, end)
    this.#rate = options.boolean('max-emit-speed') ? Number.POSITIVE_INFINITY : options.int('first-event.rate') / 1000
    this.#keepAlive = options.boolean('keep-alive')
  }

  async open(position: JsonValue | undefined): Promise<void> {
    this.#events.restore(position)
    this.#startedAt = this.#context.clock.now() - this.#events.next / this.#rate
  }

  poll(maxWait: number): Promise<SourcePoll> | SourcePoll {
    if (this.#events.hasEnded) return this.#keepAlive ? this.#pause(maxWait) : { kind: 'end' }
    if (this.#rate === Number.POSITIVE_INFINITY) return this.#make(this.#capacity)
    const due = Math.floor((this.#context.clock.now() - this.#startedAt) * this.#rate) - this.#events.next
    return due > 0 ? this.#make(Math.min(this.#capacity, due)) : this.#pause(Math.min(maxWait, 10))
  }

  async #pause(milliseconds: number): Promise<SourcePoll> {
    await delay(milliseconds, this.#context.signal)
    return { kind: 'idle' }
  }

  #make(wanted: number): SourcePoll {
    const { first, count } = this.#events.take(wanted)
    if (count === 0) return { kind: 'idle' }
    this.#run.fill(first, count)
    const columns = this.#columns.map((make) => make(this.#run))
    return { kind: 'rows', split: this.#split, batch: createBatch(this.#context.schema, columns, count), bytes: 0 }
  }

  splits(): readonly string[] {
    return this.#events.hasEnded ? [] : [this.#split]
  }

  position(): JsonValue {
    return this.#events.position()
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
