import { expect, test } from 'vitest'
import type { ChangeBatch } from '../../../core/change-batch.ts'
import type { Schema } from '../../../core/types.ts'
import { MessageWriter, readMessage } from './messages.ts'
import { Partitioner } from './partitioner.ts'

const SCHEMA: Schema = {
  fields: [
    { name: 'k', type: { kind: 'BIGINT', nullable: true } },
    { name: 't', type: { kind: 'VARCHAR', length: 2147483647, nullable: true } },
  ],
}
const ROWS = 300

/** Row n has the key n and, but for every seventh, a text of n bytes; texts are stored last row first. */
function batchOf(nulls: Uint8Array | null): ChangeBatch {
  const lengths = Int32Array.from({ length: ROWS }, (_, row) => row)
  const starts = Int32Array.from({ length: ROWS }, (_, row) => ((ROWS - 1 - row) * (ROWS + row)) / 2)
  const data = new Uint8Array((ROWS * (ROWS - 1)) / 2)
  for (let row = 0; row < ROWS; row++)
    for (let n = 0; n < row; n++) data[(starts[row] as number) + n] = (31 * row + n) & 0xff
  const texts = Uint8Array.from({ length: ROWS }, (_, row) => (row % 7 === 0 ? 1 : 0))
  return {
    schema: SCHEMA,
    rows: ROWS,
    kinds: null,
    columns: [
      { kind: 'i64', values: BigInt64Array.from({ length: ROWS }, (_, row) => BigInt(row)), nulls },
      { kind: 'bytes', starts, lengths, data, nulls: texts },
    ],
  }
}

test('texts of any length arrive as they were', () => {
  const writer = new MessageWriter()
  const indices = Int32Array.from({ length: ROWS / 2 }, (_, n) => ROWS - 1 - 2 * n)
  writer.rows(batchOf(null), indices, indices.length)
  const message = readMessage(writer.bytes.slice(0, writer.size), SCHEMA)
  const [keys, texts] = message.kind === 'rows' ? message.batch.columns : []
  if (keys?.kind !== 'i64' || texts?.kind !== 'bytes') throw new Error('rows of two columns were sent')
  for (const [at, row] of indices.entries()) {
    const start = texts.starts[at] as number
    const bytes = row % 7 === 0 ? [] : Array.from({ length: row }, (_, n) => (31 * row + n) & 0xff)
    expect(keys.values[at]).toBe(BigInt(row))
    expect([...texts.data.subarray(start, start + (texts.lengths[at] as number))]).toEqual(bytes)
    expect(texts.nulls?.[at]).toBe(row % 7 === 0 ? 1 : 0)
  }
})

test.each([2, 3])('a row goes to the same one of %i workers whether other rows have NULL or not', (parallelism) => {
  const workers = (batch: ChangeBatch): readonly (readonly number[])[] =>
    new Partitioner(SCHEMA, [0], parallelism, 128)
      .divide(batch)
      .map(({ indices, count }) => [...indices.subarray(0, count)])
  const straight = workers(batchOf(null))
  expect(straight.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: ROWS }, (_, row) => row))
  for (const rows of straight) {
    expect(rows).toEqual([...rows].sort((a, b) => a - b))
    expect(rows.length).toBeGreaterThan(ROWS / parallelism / 2)
  }
  const nulls = new Uint8Array(ROWS)
  nulls[7] = 1
  const beside = workers(batchOf(nulls))
  const without = (parts: readonly (readonly number[])[]): number[][] =>
    parts.map((rows) => rows.filter((row) => row !== 7))
  expect(without(beside)).toEqual(without(straight))
})
