/** https://github.com/nexmark/nexmark: the source of the Nexmark benchmark, with the options of its Flink connector. */
import { MillraceError } from '../../core/errors.ts'
import type { OptionSpec, OptionValues } from '../../core/options.ts'
import { BIGINT, INT, type SqlType, STRING, timestamp, typeToString, withNullability } from '../../core/types.ts'
import { type ConnectorDescriptor, INSERT_ONLY } from '../connector.ts'

const TIME = timestamp(3)

/** What a table may declare; a table may leave columns and fields out. */
const EVENTS: Readonly<Record<string, Readonly<Record<string, SqlType>>>> = {
  person: {
    id: BIGINT,
    name: STRING,
    emailAddress: STRING,
    creditCard: STRING,
    city: STRING,
    state: STRING,
    dateTime: TIME,
    extra: STRING,
  },
  auction: {
    id: BIGINT,
    itemName: STRING,
    description: STRING,
    initialBid: BIGINT,
    reserve: BIGINT,
    dateTime: TIME,
    expires: TIME,
    seller: BIGINT,
    category: BIGINT,
    extra: STRING,
  },
  bid: {
    auction: BIGINT,
    bidder: BIGINT,
    price: BIGINT,
    channel: STRING,
    url: STRING,
    dateTime: TIME,
    extra: STRING,
  },
}

function proportion(kind: string, value: string): OptionSpec {
  return {
    key: `${kind}.proportion`,
    type: 'int',
    default: value,
    description: `How many events of a cycle are of the kind "${kind}".`,
  }
}

function size(kind: string, value: string): OptionSpec {
  return {
    key: `${kind}.avg-size`,
    type: 'memory',
    default: value,
    description: `Average size of a "${kind}" event; the field "extra" fills it up.`,
  }
}

function hotRatio(key: string, value: string, what: string): OptionSpec {
  return { key, type: 'int', default: value, description: `All ${what} but one in so many are hot.` }
}

const CONSTANT_RATE = 'The rate of events is constant.'

export const NEXMARK: ConnectorDescriptor = {
  name: 'nexmark',
  title: 'Nexmark',
  description:
    'Makes the events of the Nexmark benchmark: people, auctions and bids. The same seed gives the same events, whatever the parallelism.',
  options: [
    { key: 'first-event.rate', type: 'int', default: '10000', description: 'Events a second of event time.' },
    {
      key: 'next-event.rate',
      type: 'int',
      default: '10000',
      description: 'Given, it must be the same as `first-event.rate`: the rate is constant.',
    },
    { key: 'rate.shape', type: 'string', description: '', refused: CONSTANT_RATE },
    { key: 'rate.period', type: 'string', description: '', refused: CONSTANT_RATE },
    {
      key: 'rate.limited',
      type: 'string',
      description: '',
      refused: "'max-emit-speed' = 'false' limits the rate to 'first-event.rate'.",
    },
    {
      key: 'max-emit-speed',
      type: 'boolean',
      default: 'true',
      description: 'As fast as events are taken; false: at `first-event.rate` in wall-clock time.',
    },
    { key: 'events.num', type: 'long', default: '0', description: 'Events in all; 0: without end.' },
    { key: 'stop-at', type: 'long', default: '-1', description: 'Event to stop in front of; -1: none.' },
    {
      key: 'keep-alive',
      type: 'boolean',
      default: 'false',
      description: 'Whether the source stays when there are no more events.',
    },
    proportion('person', '1'),
    proportion('auction', '3'),
    proportion('bid', '46'),
    size('person', '200b'),
    size('auction', '500b'),
    size('bid', '100b'),
    hotRatio('bid.hot-ratio.auctions', '2', 'bids'),
    hotRatio('bid.hot-ratio.bidders', '4', 'bidders'),
    hotRatio('auction.hot-ratio.sellers', '4', 'sellers'),
    { key: 'seed', type: 'long', default: '0', description: 'Other seeds give other events.' },
    {
      key: 'base-time',
      type: 'long',
      default: '1767225600000',
      description:
        'Milliseconds since 1970 from which event times count: the first event is one interval later. The default is the start of 2026 in UTC.',
    },
  ],
  metadata: [],
  source: {
    changelogMode: () => INSERT_ONLY,
    isBounded: (_table, options) =>
      (options.long('events.num') > 0n || options.long('stop-at') >= 0n) && !options.boolean('keep-alive'),
    guarantee: 'exactly-once',
    projectionPushDown: true,
    nestedProjectionPushDown: true,
    reusable: true,
    divisible: true,
  },
  validate(table, options) {
    for (const column of table.columns) if (column.kind === 'physical') checkColumn(column.name, column.type)
    checkNumbers(options)
  },
  example: `CREATE TABLE events (
  event_type INT,
  person ROW<id BIGINT, name STRING, city STRING, state STRING, \`dateTime\` TIMESTAMP(3)>,
  auction ROW<id BIGINT, seller BIGINT, category BIGINT, \`dateTime\` TIMESTAMP(3), expires TIMESTAMP(3)>,
  bid ROW<auction BIGINT, bidder BIGINT, price BIGINT, \`dateTime\` TIMESTAMP(3)>,
  \`dateTime\` AS CASE WHEN event_type = 0 THEN person.\`dateTime\` WHEN event_type = 1 THEN auction.\`dateTime\` ELSE bid.\`dateTime\` END,
  WATERMARK FOR \`dateTime\` AS \`dateTime\` - INTERVAL '4' SECOND
) WITH (
  'connector' = 'nexmark',
  'first-event.rate' = '10000',
  'events.num' = '1000000'
)`,
}

function checkColumn(name: string, type: SqlType): void {
  if (name === 'event_type') return requireType(name, type, INT)
  const fields = EVENTS[name]
  if (fields === undefined) {
    throw new MillraceError('INVALID_DEFINITION', `nexmark has no column "${name}"`, {
      hint: `The columns are: event_type, ${Object.keys(EVENTS).join(', ')}.`,
    })
  }
  if (type.kind !== 'ROW') {
    throw new MillraceError('INVALID_DEFINITION', `column "${name}" must be a ROW, not ${typeToString(type)}`)
  }
  for (const field of type.fields) {
    const expected = fields[field.name]
    if (expected === undefined) {
      throw new MillraceError('INVALID_DEFINITION', `column "${name}" of nexmark has no field "${field.name}"`, {
        hint: `The fields are: ${Object.keys(fields).join(', ')}.`,
      })
    }
    requireType(`${name}.${field.name}`, field.type, expected)
  }
}

function requireType(path: string, type: SqlType, expected: SqlType): void {
  const [given, wanted] = [type, expected].map((each) => typeToString(withNullability(each, true)))
  if (given === wanted) return
  throw new MillraceError('INVALID_DEFINITION', `"${path}" must be ${wanted}, not ${given}`)
}

function checkNumbers(options: OptionValues): void {
  const least = (key: string, bound: number): void => {
    if (options.int(key) >= bound) return
    throw new MillraceError('INVALID_OPTION', `option "${key}" must be at least ${bound}`)
  }
  least('first-event.rate', 1)
  for (const kind of Object.keys(EVENTS)) least(`${kind}.proportion`, 1)
  for (const key of ['bid.hot-ratio.auctions', 'bid.hot-ratio.bidders', 'auction.hot-ratio.sellers']) least(key, 1)
  if (options.has('next-event.rate') && options.int('next-event.rate') !== options.int('first-event.rate')) {
    throw new MillraceError('INVALID_OPTION', `option "next-event.rate" must be the same as "first-event.rate"`, {
      detail: CONSTANT_RATE,
    })
  }
  if (options.long('events.num') < 0n)
    throw new MillraceError('INVALID_OPTION', 'option "events.num" must not be negative')
}
