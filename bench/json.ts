/**
 * The json format against JSON.parse and JSON.stringify, same records, same run: `node bench/json.ts [--json]`.
 * Records are Nexmark bids of about 290 bytes with 7 fields. Prints records per second and the ratios.
 */
import { JSON_FORMAT } from '../catalog/connectors/formats/json.ts'
import { createDecoder, createEncoder } from '../connectors/formats/json/index.ts'
import type { RecordSlices } from '../connectors/api/format.ts'
import { copyColumn } from '../core/column-copy.ts'
import { parseOptions } from '../core/option-values.ts'
import { BIGINT, type Field, STRING, timestamp } from '../core/types.ts'

const BATCH = 4096
const BATCHES = 16

interface Bid {
  readonly auction: number
  readonly bidder: number
  readonly price: number
  readonly channel: string
  readonly url: string
  readonly dateTime: string
  readonly extra: string
}

const FIELDS: readonly Field[] = [
  { name: 'auction', type: BIGINT },
  { name: 'bidder', type: BIGINT },
  { name: 'price', type: BIGINT },
  { name: 'channel', type: STRING },
  { name: 'url', type: STRING },
  { name: 'dateTime', type: timestamp(3) },
  { name: 'extra', type: STRING },
]

let seed = 42
function random(below: number): number {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
  return seed % below
}

function letters(length: number): string {
  return Array.from({ length }, () => String.fromCharCode(97 + random(26))).join('')
}

function bid(index: number): Bid {
  return {
    auction: 1000 + random(10_000),
    bidder: 1000 + random(100_000),
    price: random(100_000_000),
    channel: ['Google', 'Facebook', 'Baidu', 'Apple'][random(4)] ?? '',
    url: `https://www.nexmark.com/${letters(5)}/${letters(5)}/${letters(5)}/item.htm?query=1`,
    dateTime: new Date(1_700_000_000_000 + index).toISOString().replace('T', ' ').replace('Z', ''),
    extra: letters(90),
  }
}

function slices(records: readonly string[]): RecordSlices {
  const starts = new Int32Array(records.length)
  const lengths = new Int32Array(records.length)
  let at = 0
  records.forEach((record, index) => {
    starts[index] = at
    lengths[index] = Buffer.byteLength(record)
    at += (lengths[index] ?? 0) + 1
  })
  return { data: Buffer.from(records.join('\n')), starts, lengths, count: records.length }
}

/** Records per second: the median of seven runs of at least 200 ms. */
function measure(run: (batch: number) => void): number {
  for (let i = 0; i < 3 * BATCHES; i++) run(i % BATCHES)
  const rates = Array.from({ length: 7 }, () => {
    const start = performance.now()
    let batches = 0
    while (performance.now() - start < 200) run(batches++ % BATCHES)
    return (batches * BATCH * 1000) / (performance.now() - start)
  })
  return rates.sort((a, b) => a - b)[3] ?? 0
}

function main(): void {
  const bids = Array.from({ length: BATCHES }, (_, batch) =>
    Array.from({ length: BATCH }, (_, i) => bid(batch * BATCH + i)),
  )
  const batches = bids.map((batch) => slices(batch.map((record) => JSON.stringify(record))))
  const options = parseOptions(JSON_FORMAT.options, {}, { label: 'format "json"' })
  const all = FIELDS.map((_, index) => index)
  const decoder = createDecoder({ fields: FIELDS, wanted: all, options })
  const two = createDecoder({ fields: FIELDS, wanted: [0, 2], options })
  const encoder = createEncoder({ fields: FIELDS, options })
  // The decoder uses its columns again.
  const decodedBatches = batches.map((batch) => {
    const { columns, rows } = decoder.decode(batch)
    return { columns: columns.map((column) => copyColumn(column, rows)), rows }
  })
  const at = (batch: number): RecordSlices => batches[batch] as RecordSlices

  let sink = 0
  const parse = measure((batch) => {
    const { data, starts, lengths, count } = at(batch)
    const buffer = data as Buffer
    for (let i = 0; i < count; i++) {
      const start = starts[i] as number
      const record = JSON.parse(buffer.toString('utf8', start, start + (lengths[i] as number))) as Bid
      sink += record.price
    }
  })
  const decode = measure((batch) => {
    sink += decoder.decode(at(batch)).rows
  })
  const decodeTwo = measure((batch) => {
    sink += two.decode(at(batch)).rows
  })
  const stringify = measure((batch) => {
    for (const record of bids[batch] ?? []) sink += Buffer.from(JSON.stringify(record)).length
  })
  const encode = measure((batch) => {
    const decoded = decodedBatches[batch]
    if (decoded !== undefined) sink += encoder.encode(decoded.columns, decoded.rows, null).size
  })
  const result = {
    record_bytes: Math.round(at(0).data.length / BATCH),
    json_decode_per_second: Math.round(decode),
    json_parse_per_second: Math.round(parse),
    json_decode_ratio: Number((decode / parse).toFixed(2)),
    json_decode_two_fields_per_second: Math.round(decodeTwo),
    json_encode_per_second: Math.round(encode),
    json_stringify_per_second: Math.round(stringify),
    json_encode_ratio: Number((encode / stringify).toFixed(2)),
  }
  if (sink === 0) throw new Error('nothing was measured')
  if (process.argv.includes('--json')) console.log(JSON.stringify(result))
  else
    for (const [name, value] of Object.entries(result))
      console.log(`${name.padEnd(36)} ${value.toLocaleString('en-US')}`)
}

main()
