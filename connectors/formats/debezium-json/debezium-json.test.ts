import { describe, expect, it } from 'vitest'
import { DEBEZIUM_JSON_FORMAT } from '../../../catalog/connectors/formats/debezium-json.ts'
import { formatBatch, parseBatch } from '../../../core/batch-text.ts'
import { createBatch } from '../../../core/change-batch.ts'
import { DOUBLE, type Field, INT, STRING, timestampLtz } from '../../../core/types.ts'
import { formatOptionsOf, recordsOf } from '../../test-support/records.ts'
import { createDecoder, createEncoder } from './index.ts'

const FIELDS: readonly Field[] = [
  { name: 'id', type: INT },
  { name: 'name', type: STRING },
  { name: 'weight', type: DOUBLE },
]

interface Decoding {
  readonly raw?: Record<string, string>
  readonly wanted?: readonly number[]
  readonly metadata?: readonly Field[]
}

function decode(records: readonly (string | null)[], { raw = {}, wanted = [0, 1, 2], metadata = [] }: Decoding = {}) {
  const decoder = createDecoder({
    fields: FIELDS,
    wanted,
    metadata,
    options: formatOptionsOf(DEBEZIUM_JSON_FORMAT, raw),
  })
  const { columns, rows, kinds, recordOf, skipped } = decoder.decode(recordsOf(records))
  const fields = [...wanted.flatMap((index) => FIELDS[index] ?? []), ...metadata]
  const lines = rows === 0 ? [] : formatBatch(createBatch({ fields }, columns, rows, kinds)).split('\n')
  return { lines, recordOf: [...(recordOf ?? [])].slice(0, rows), skipped }
}

const CREATE = '{"before":null,"after":{"id":1,"name":"a","weight":1.5},"source":{"db":"d"},"op":"c","ts_ms":7}'
const READ = '{"before":null,"after":{"id":2,"name":"b\\u00e9\\n","weight":null},"op":"r"}'
const UPDATE =
  '{"before":{"id":1,"name":"a","weight":1.5},"after":{"id":1,"name":"c","weight":2},"op":"u","ts_ms":null}'
const DELETE = '{"op":"d","after":null,"before":{"weight":2,"name":"c","id":1}}'

describe('decoding', () => {
  it('makes rows of every kind of event, in the order of the events', () => {
    expect(decode([CREATE, READ, UPDATE, DELETE])).toEqual({
      lines: ['+I 1 a 1.5', '+I 2 "bé\\n" NULL', '-U 1 a 1.5', '+U 1 c 2', '-D 1 c 2'],
      recordOf: [0, 1, 2, 2, 3],
      skipped: 0,
    })
  })

  it('reads only the columns that are wanted', () => {
    expect(decode([UPDATE], { wanted: [2, 0] }).lines).toEqual(['-U 1.5 1', '+U 2 1'])
  })

  it('skips tombstones and blank records', () => {
    expect(decode([null, CREATE, '', ' \r', DELETE])).toEqual({
      lines: ['+I 1 a 1.5', '-D 1 c 2'],
      recordOf: [1, 4],
      skipped: 0,
    })
  })

  it('reads events inside of a payload', () => {
    const wrapped = `{"schema":{"type":"struct"},"payload":${UPDATE}}`
    expect(decode([wrapped], { raw: { 'schema-include': 'true' } }).lines).toEqual(['-U 1 a 1.5', '+U 1 c 2'])
    expect(() => decode([UPDATE], { raw: { 'schema-include': 'true' } })).toThrow('has no "payload"')
  })

  it('takes what is not in the row as NULL', () => {
    expect(decode(['{"after":{"name":"x"},"op":"c"}']).lines).toEqual(['+I NULL x NULL'])
  })
})

describe('events that are not whole', () => {
  const HINT =
    'message is null, if you are using Debezium Postgres Connector, please check the Postgres table has been set REPLICA IDENTITY to FULL level'
  const cases: readonly (readonly [string, string])[] = [
    ['{"before":null,"after":{"id":1},"op":"u"}', `The "before" field of UPDATE ${HINT}`],
    ['{"after":null,"op":"d"}', `The "before" field of DELETE ${HINT}`],
    ['{"before":null,"after":null,"op":"c"}', 'the "after" field of an insertion is null'],
    ['{"before":{"id":1},"op":"u"}', 'the "after" field of an update is null'],
    ['{"before":{"id":1},"op":"t"}', 'unknown "op" value "t"'],
    ['{"before":{"id":1}}', 'the event has no "op"'],
    ['{"after":[],"op":"c"}', 'expected a JSON object or null but found "["'],
    ['{"after":{"id":1},"op":"c"', 'expected "," or "}" but found the end of the record'],
    ['[]', 'expected a JSON object but found "["'],
    ['{"after":{"id":"x"},"op":"c"}', 'field "id"'],
  ]

  it.each(cases)('%s', (record, message) => {
    expect(() => decode([CREATE, record])).toThrow(message)
    expect(() => decode([CREATE, record])).toThrow(expect.objectContaining({ record: 1 }))
  })

  it('are skipped and counted with ignore-parse-errors, but for fields, which become NULL', () => {
    const records = [...cases.map(([record]) => record), CREATE]
    const { lines, skipped } = decode(records, { raw: { 'ignore-parse-errors': 'true' } })
    expect(lines).toEqual(['+I NULL NULL NULL', '+I 1 a 1.5'])
    expect(skipped).toBe(cases.length)
  })
})

describe('metadata', () => {
  const METADATA: readonly Field[] = [
    { name: 'source.timestamp', type: timestampLtz(3) },
    { name: 'ingestion-timestamp', type: timestampLtz(0) },
    { name: 'source.database', type: STRING },
    { name: 'source.schema', type: STRING },
    { name: 'source.table', type: STRING },
    {
      name: 'source.properties',
      type: { kind: 'MAP', key: STRING, value: STRING, nullable: true },
    },
    { name: 'schema', type: STRING },
  ]
  const event =
    '{"before":{"id":1},"after":{"id":2},"source":{"db":"inv","schema":"s","table":"t","ts_ms":1589355606100},"op":"u","ts_ms":1589355606101}'

  it('stands beside every row of the event', () => {
    const { lines } = decode([CREATE, event, '{"after":{"id":3},"op":"c","source":null}'], {
      wanted: [0],
      metadata: METADATA,
    })
    expect(lines).toMatchInlineSnapshot(`
      [
        "+I 1 NULL 7 d NULL NULL [[db,d]] NULL",
        "-U 1 1589355606100 1589355606101 inv s t [[db,inv],[schema,s],[table,t],[ts_ms,1589355606100]] NULL",
        "+U 2 1589355606100 1589355606101 inv s t [[db,inv],[schema,s],[table,t],[ts_ms,1589355606100]] NULL",
        "+I 3 NULL NULL NULL NULL NULL NULL NULL",
      ]
    `)
  })

  it('includes the schema of an event with a payload', () => {
    const wrapped = `{"schema":{"type": "struct", "n": [1]},"payload":${event}}`
    const options = {
      raw: { 'schema-include': 'true' },
      wanted: [0],
      metadata: METADATA.slice(4, 5).concat(METADATA.slice(6)),
    }
    expect(decode([wrapped], options).lines).toMatchInlineSnapshot(`
      [
        "-U 1 t "{\\"type\\":\\"struct\\",\\"n\\":[1]}"",
        "+U 2 t "{\\"type\\":\\"struct\\",\\"n\\":[1]}"",
      ]
    `)
  })
})

describe('encoding', () => {
  function encode(rows: string, raw: Record<string, string> = {}): string[] {
    const encoder = createEncoder({
      fields: FIELDS,
      options: formatOptionsOf(DEBEZIUM_JSON_FORMAT, raw),
      terminator: new Uint8Array([10]),
    })
    const batch = parseBatch({ fields: FIELDS }, rows)
    const { data, size, starts, lengths, count } = encoder.encode(batch.columns, batch.rows, batch.kinds)
    const text = Buffer.from(data.subarray(0, size)).toString()
    const records = Array.from({ length: count }, (_, row) => {
      const start = starts[row] ?? 0
      return Buffer.from(data.subarray(start, start + (lengths[row] ?? 0))).toString()
    })
    expect(text).toBe(records.map((record) => `${record}\n`).join(''))
    return records
  }

  it('writes an event a row', () => {
    expect(encode('+I 1 a 1.5\n-U 1 a 1.5\n+U 1 b NULL\n-D 1 b NULL')).toEqual([
      '{"before":null,"after":{"id":1,"name":"a","weight":1.5},"op":"c"}',
      '{"before":{"id":1,"name":"a","weight":1.5},"after":null,"op":"d"}',
      '{"before":null,"after":{"id":1,"name":"b","weight":null},"op":"c"}',
      '{"before":{"id":1,"name":"b","weight":null},"after":null,"op":"d"}',
    ])
  })

  it('leaves out what is NULL where that is asked for', () => {
    expect(encode('+I 1 a NULL\n-D 1 a NULL', { 'encode.ignore-null-fields': 'true' })).toEqual([
      '{"after":{"id":1,"name":"a"},"op":"c"}',
      '{"before":{"id":1,"name":"a"},"op":"d"}',
    ])
  })
})
