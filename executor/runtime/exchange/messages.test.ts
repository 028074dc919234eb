import { expect, test } from 'vitest'
import { type ChangeBatch, keyHashesOf } from '../../../core/change-batch.ts'
import type { BytesColumn } from '../../../core/column.ts'
import { readValue } from '../../../core/column-ops.ts'
import { areLasting, constantBytes } from '../../../core/lasting-bytes.ts'
import type { Schema, SqlType } from '../../../core/types.ts'
import { MessageWriter, readMessage, SentConstants } from './messages.ts'
import { hashKeys } from '../../../state/table/hash.ts'
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

const TEXT: SqlType = { kind: 'VARCHAR', length: 2147483647, nullable: true }
const WORDS: Schema = {
  fields: [
    { name: 'w', type: TEXT },
    { name: 'r', type: { kind: 'ROW', fields: [{ name: 'w', type: TEXT }], nullable: true } },
  ],
}

/** Row n has the n-th three letters, as a column and within a ROW; every fifth is NULL. */
function wordsIn(data: Uint8Array): ChangeBatch {
  const rows = Math.floor(data.length / 3)
  const words: BytesColumn = {
    kind: 'bytes',
    starts: Int32Array.from({ length: rows }, (_, row) => 3 * row),
    lengths: new Int32Array(rows).fill(3),
    data,
    nulls: Uint8Array.from({ length: rows }, (_, row) => (row % 5 === 0 ? 1 : 0)),
  }
  return { schema: WORDS, rows, kinds: null, columns: [words, { kind: 'row', fields: [words], nulls: null }] }
}

function wordOf(data: Uint8Array, row: number): string | null {
  return row % 5 === 0 ? null : Buffer.from(data.subarray(3 * row, 3 * row + 3)).toString()
}

test('constant bytes are sent once, and texts point into them', () => {
  const [first, second] = ['abcdefghijklmnopqrstuvwxyz', 'zyxwvutsrqponmlkjihgfedcba'].map((text) =>
    constantBytes(new TextEncoder().encode(text.repeat(40))),
  ) as [Uint8Array, Uint8Array]
  const [writer, sent, received] = [new MessageWriter(), new SentConstants(), new Array<Uint8Array>()]
  const sizes: number[] = []
  for (const data of [first, second, first, second]) {
    const indices = Int32Array.of(7, 5, 200, 0, 7)
    writer.rows(wordsIn(data), indices, indices.length, sent)
    sizes.push(writer.size)
    const message = readMessage(writer.bytes.slice(0, writer.size), WORDS, received)
    if (message.kind !== 'rows') throw new Error(message.kind)
    const [words, row] = message.batch.columns
    if (words?.kind !== 'bytes' || row?.kind !== 'row') throw new Error('a text and a row were sent')
    expect(words.data.buffer).toBe(data.buffer)
    expect(areLasting(words.data)).toBe(true)
    for (const [at, from] of indices.entries()) {
      expect(readValue(words, TEXT, at)).toBe(wordOf(data, from))
      expect(readValue(row, WORDS.fields[1]?.type ?? TEXT, at)).toEqual([wordOf(data, from)])
    }
  }
  expect(sizes[2]).toBeLessThan(first.length)
  expect(sizes[0]).toBe((sizes[2] as number) + first.length)
  expect(sizes.slice(2)).toEqual([sizes[2], sizes[2]])
})

test('who does not keep constant bytes is sent the texts, as of a view of such bytes and of too many of them', () => {
  const words = constantBytes(new TextEncoder().encode('one two six '.repeat(30)))
  const [writer, sent, received] = [new MessageWriter(), new SentConstants(), new Array<Uint8Array>()]
  const indices = Int32Array.of(3, 0, 2, 41)
  const check = (data: Uint8Array, constants: SentConstants | undefined): BytesColumn => {
    writer.rows(wordsIn(data), indices, indices.length, constants)
    const message = readMessage(writer.bytes.slice(0, writer.size), WORDS, received)
    const column = message.kind === 'rows' ? message.batch.columns[0] : undefined
    if (column?.kind !== 'bytes') throw new Error('a text was sent')
    for (const [at, from] of indices.entries()) expect(readValue(column, TEXT, at)).toBe(wordOf(data, from))
    return column
  }
  expect(check(words, undefined).data.buffer).not.toBe(words.buffer)
  expect(check(words.subarray(3), sent).data.buffer).not.toBe(words.buffer)
  const many = Array.from({ length: 100 }, (_, n) =>
    constantBytes(new TextEncoder().encode(String(n).padStart(3, '0').repeat(50))),
  )
  const kept = many.filter((data) => check(data, sent).data.buffer === data.buffer)
  expect(kept).toEqual(many.slice(0, 64))
  expect(received.length).toBe(64)
})

test('hashes of a key arrive with its rows, and are those that a table of state would compute', () => {
  const nulls = Uint8Array.from({ length: ROWS }, (_, row) => (row % 5 === 0 ? 1 : 0))
  const batch = batchOf(nulls)
  const partitioner = new Partitioner(SCHEMA, [1, 0], 2, 128)
  const writer = new MessageWriter()
  for (const { indices, count } of partitioner.divide(batch)) {
    writer.rows(batch, indices, count, undefined, partitioner.hashes)
    const message = readMessage(writer.bytes.slice(0, writer.size), SCHEMA, [], [1, 0])
    if (message.kind !== 'rows') throw new Error('rows were sent')
    const [keys, texts] = message.batch.columns
    if (keys === undefined || texts === undefined) throw new Error('rows of two columns were sent')
    const expected = new Int32Array(count)
    hashKeys([texts, keys], count, expected)
    expect(count).toBeGreaterThan(ROWS / 5)
    expect(keyHashesOf(message.batch, [texts, keys])).toEqual(expected)
    // They say nothing of another key, nor of other columns in the place of these.
    expect(keyHashesOf(message.batch, [keys, texts])).toBeUndefined()
    expect(keyHashesOf(message.batch, [texts])).toBeUndefined()
    expect(keyHashesOf({ ...message.batch, columns: [keys, { ...texts }] }, [{ ...texts }, keys])).toBeUndefined()
  }
})

test('no hash is sent of a key that is quickly hashed again', () => {
  const partitioner = new Partitioner(SCHEMA, [0], 2, 128)
  partitioner.divide(batchOf(null))
  expect(partitioner.hashes).toBeNull()
})
