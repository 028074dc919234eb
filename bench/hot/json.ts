/** The json format over bids: all fields, two of them, and back. */
import { JSON_FORMAT } from '../../catalog/connectors/formats/json.ts'
import type { RecordSlices } from '../../connectors/api/format.ts'
import { createDecoder, createEncoder } from '../../connectors/formats/json/index.ts'
import { parseOptions } from '../../core/option-values.ts'
import type { HotCase, Workload } from './case.ts'
import { BATCH_ROWS, BID_FIELDS, bids, longAt, textAt } from './inputs.ts'
import { createBidDecoder, createBidEncoder } from './kernels/json.ts'

const BATCHES = 16
const ROWS = BATCHES * BATCH_ROWS
const ALL: readonly number[] = BID_FIELDS.map((_, index) => index)
const TWO: readonly number[] = [0, 2]
const OPTIONS = parseOptions(JSON_FORMAT.options, {}, { label: 'format "json"' })

/** Records as JSON.stringify writes them, one behind the other. */
export function bidRecords(batches: number): RecordSlices[] {
  return bids(batches).map((batch) => {
    const [auction, bidder, price, time] = [0, 1, 2, 5].map((index) => longAt(batch, index).values) as [
      BigInt64Array,
      BigInt64Array,
      BigInt64Array,
      BigInt64Array,
    ]
    const [channel, url, extra] = [3, 4, 6].map((index) => textAt(batch, index))
    const text = (column: typeof url, row: number): string => {
      if (column === undefined) throw new Error('no such column')
      const start = column.starts[row] ?? 0
      return Buffer.from(column.data.buffer, column.data.byteOffset + start, column.lengths[row]).toString('latin1')
    }
    const records = Array.from({ length: batch.rows }, (_, row) =>
      JSON.stringify({
        auction: Number(auction[row]),
        bidder: Number(bidder[row]),
        price: Number(price[row]),
        channel: text(channel, row),
        url: text(url, row),
        dateTime: new Date(Number(time[row])).toISOString().replace('T', ' ').replace('Z', ''),
        extra: text(extra, row),
      }),
    )
    const starts = new Int32Array(records.length)
    const lengths = Int32Array.from(records, (record) => record.length)
    for (let row = 1; row < records.length; row++) starts[row] = (starts[row - 1] ?? 0) + (lengths[row - 1] ?? 0)
    return { data: Buffer.from(records.join(''), 'latin1'), starts, lengths, count: records.length }
  })
}

function decoding(wanted: readonly number[]): Workload {
  const decoder = createDecoder({ fields: BID_FIELDS, wanted, options: OPTIONS })
  const batches = bidRecords(BATCHES)
  return {
    rows: ROWS,
    run: (emit) => {
      for (const batch of batches) emit(decoder.decode(batch))
    },
  }
}

function decodingByHand(wanted: readonly number[]): Workload {
  const decode = createBidDecoder(wanted === ALL)
  const batches = bidRecords(BATCHES)
  return {
    rows: ROWS,
    run: (emit) => {
      for (const batch of batches) emit(decode(batch))
    },
  }
}

function encoding(): Workload {
  const encoder = createEncoder({ fields: BID_FIELDS, options: OPTIONS })
  const batches = bids(BATCHES)
  return {
    rows: ROWS,
    run: (emit) => {
      for (const { columns, rows } of batches) {
        const { data, starts, lengths, count } = encoder.encode(columns, rows, null)
        emit({ columns: [{ kind: 'bytes', data, starts, lengths, nulls: null }], rows: count, kinds: null })
      }
    },
  }
}

function encodingByHand(): Workload {
  const encode = createBidEncoder()
  const batches = bids(BATCHES)
  return {
    rows: ROWS,
    run: (emit) => {
      for (const batch of batches) emit(encode(batch))
    },
  }
}

/** A string and an object for each record. */
function parsing(): Workload {
  const batches = bidRecords(BATCHES)
  let prices = 0
  return {
    rows: ROWS,
    run: () => {
      for (const { data, starts, lengths, count } of batches) {
        const text = Buffer.from(data.buffer, data.byteOffset, data.length)
        for (let row = 0; row < count; row++) {
          const start = starts[row] as number
          const record = JSON.parse(text.toString('utf8', start, start + (lengths[row] as number))) as { price: number }
          prices += record.price
        }
      }
    },
    figures: async () => ({ prices }),
  }
}

function stringifying(): Workload {
  const records = bidRecords(BATCHES).flatMap(({ data, starts, lengths, count }) =>
    Array.from({ length: count }, (_, row): unknown => {
      const start = starts[row] as number
      return JSON.parse(Buffer.from(data.slice(start, start + (lengths[row] as number))).toString())
    }),
  )
  let bytes = 0
  return {
    rows: ROWS,
    run: () => {
      for (const record of records) bytes += Buffer.from(JSON.stringify(record)).length
    },
    figures: async () => ({ bytes }),
  }
}

const DECODER = 'decoder written for these records: fields in this order, no escapes, texts found by indexOf'

export const JSON_CASES: readonly HotCase[] = [
  {
    name: 'json-decode',
    unit: 'records',
    limit: DECODER,
    same: true,
    engine: async () => decoding(ALL),
    kernel: () => decodingByHand(ALL),
    plain: parsing,
  },
  {
    name: 'json-decode-two-fields',
    unit: 'records',
    limit: `${DECODER}; to the end of each record`,
    same: true,
    engine: async () => decoding(TWO),
    kernel: () => decodingByHand(TWO),
  },
  {
    name: 'json-encode',
    unit: 'records',
    limit: 'encoder written for these columns: no escapes, texts copied eight bytes at a time',
    same: true,
    engine: async () => encoding(),
    kernel: encodingByHand,
    plain: stringifying,
  },
]
