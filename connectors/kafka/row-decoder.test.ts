import { expect, it } from 'vitest'
import { formatBatch } from '../../core/batch-text.ts'
import { createBatch } from '../../core/change-batch.ts'
import { BIGINT, INT, STRING, timestampLtz, withNullability } from '../../core/types.ts'
import { type TableRequest, testOptions, testTable } from '../test-support/contexts.ts'
import { recordsOf } from '../test-support/records.ts'
import type { RecordBlock } from './record-batch.ts'
import { createLayout } from './record-layout.ts'
import { RowDecoder } from './row-decoder.ts'

const REQUEST: TableRequest = {
  columns: { k: INT, v: STRING },
  metadata: [
    { kind: 'metadata', name: 'o', from: 'offset', type: withNullability(BIGINT, false), virtual: true },
    { kind: 'metadata', name: 'p', from: 'partition', type: withNullability(BIGINT, false), virtual: true },
    { kind: 'metadata', name: 'tab', from: 'value.source.table', type: STRING, virtual: true },
    { kind: 'metadata', name: 'ts', from: 'value.ingestion-timestamp', type: timestampLtz(3), virtual: true },
  ],
  options: {
    connector: 'kafka',
    topic: 't',
    'properties.bootstrap.servers': '127.0.0.1:9092',
    'key.format': 'json',
    'key.fields': 'k',
    'value.format': 'debezium-json',
    'value.fields-include': 'EXCEPT_KEY',
  },
}

function blockOf(records: readonly (readonly [key: string | null, value: string | null])[]): RecordBlock {
  const count = records.length
  const all = recordsOf(records.flat())
  return {
    data: all.data,
    count,
    keyStarts: Int32Array.from({ length: count }, (_, row) => all.starts[2 * row] ?? 0),
    keyLengths: Int32Array.from({ length: count }, (_, row) => all.lengths[2 * row] ?? 0),
    valueStarts: Int32Array.from({ length: count }, (_, row) => all.starts[2 * row + 1] ?? 0),
    valueLengths: Int32Array.from({ length: count }, (_, row) => all.lengths[2 * row + 1] ?? 0),
    offsets: BigInt64Array.from({ length: count }, (_, row) => BigInt(100 + row)),
    timestamps: new BigInt64Array(count),
    headerStarts: new Int32Array(count),
    leaderEpoch: 0,
    logAppendTime: false,
  }
}

it('makes several rows of one record, each with the key and the metadata of its record', async () => {
  const table = testTable(REQUEST)
  const { options } = testOptions(table)
  const columns = ['tab', 'k', 'v', 'o', 'ts', 'p']
  const fields = columns.map((name) => {
    const column = table.columns.find((candidate) => candidate.name === name)
    return { name, type: column === undefined || column.kind === 'computed' ? STRING : column.type }
  })
  const layout = await createLayout(table, options, ['k'])
  const decoder = new RowDecoder(table, columns, { fields }, layout, options, false)
  const block = blockOf([
    ['{"k":1}', '{"after":{"v":"a"},"op":"c","source":{"table":"p"},"ts_ms":5}'],
    ['{"k":2}', null],
    ['{"k":3}', '{"before":{"v":"x"},"after":{"v":"y"},"op":"u","source":{"table":"q"}}'],
    ['{"k":4}', '{"before":{"v":"z"},"op":"d"}'],
  ])
  const { columns: read, rows, kinds } = decoder.decode(block, 0, 4, { topic: 't', partition: 0 })
  expect(formatBatch(createBatch({ fields }, read, rows, kinds)).split('\n')).toEqual([
    '+I p 1 a 100 5 0',
    '-U q 3 x 102 NULL 0',
    '+U q 3 y 102 NULL 0',
    '-D NULL 4 z 103 NULL 0',
  ])
})
