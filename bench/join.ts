/**
 * Regular joins by a BIGINT key, both sides remembered, against a JavaScript Map of arrays of objects that emits
 * nothing. Input rows of both sides per second of wall-clock time, median of the runs; one process, one core.
 *
 *     node bench/join.ts [--json]
 */
import { ALL_CHANGES } from '../catalog/connector.ts'
import { type ChangeBatch, createBatch, DELETE, INSERT } from '../core/change-batch.ts'
import { BIGINT, type Schema, STRING } from '../core/types.ts'
import { createOperator } from '../executor/operators/index.ts'
import type { Operator, Output } from '../executor/operators/operator.ts'
import { createJoin, type JoinType } from '../planner/logical/join.ts'
import { createValues } from '../planner/logical/values.ts'
import type { JoinSide } from '../planner/physical/join-nodes.ts'
import type { OperatorNode } from '../planner/physical/graph.ts'

const BATCH_ROWS = 4096
const RUNS = 3
const SIDE: Schema = {
  fields: [
    { name: 'k', type: BIGINT },
    { name: 'v', type: BIGINT },
    { name: 's', type: STRING },
  ],
}

interface Step {
  readonly input: 0 | 1
  readonly batch: ChangeBatch
}

interface Case {
  readonly name: string
  readonly joinType: JoinType
  readonly side: Partial<JoinSide>
  readonly steps: readonly Step[]
}

function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 0) / 2 ** 32
  }
}

function batchOf(keys: readonly number[], kinds: Uint8Array | null = null): ChangeBatch {
  const rows = keys.length
  const data = Buffer.from(keys.map((key) => `name-${String(key).padStart(7, '0')}`).join(''))
  const starts = Int32Array.from(keys, (_, i) => i * 12)
  const values = BigInt64Array.from(keys, (key) => BigInt(key) * 31n)
  return createBatch(
    SIDE,
    [
      { kind: 'i64', values: BigInt64Array.from(keys, (key) => BigInt(key) * 7919n), nulls: null },
      { kind: 'i64', values, nulls: null },
      { kind: 'bytes', starts, lengths: new Int32Array(rows).fill(12), data, nulls: null },
    ],
    rows,
    kinds,
  )
}

function randomBatches(rows: number, keys: number, seed: number): ChangeBatch[] {
  const next = randomFrom(seed)
  return Array.from({ length: rows / BATCH_ROWS }, () =>
    batchOf(Array.from({ length: BATCH_ROWS }, () => Math.floor(next() * keys))),
  )
}

/** Every key once, then facts that each have one partner. */
function lookup(rows: number, keys: number): Step[] {
  const all = Array.from({ length: keys / BATCH_ROWS }, (_, n) =>
    batchOf(Array.from({ length: BATCH_ROWS }, (__, i) => n * BATCH_ROWS + i)),
  )
  const dimension = all.map((batch): Step => ({ input: 1, batch }))
  return [...dimension, ...randomBatches(rows, keys, 1).map((batch): Step => ({ input: 0, batch }))]
}

function alternate(rows: number, keys: number): Step[] {
  const left = randomBatches(rows / 2, keys, 1)
  const right = randomBatches(rows / 2, keys, 2)
  return left.flatMap((batch, n): Step[] => {
    const other = right[n]
    return other === undefined
      ? [{ input: 0, batch }]
      : [
          { input: 0, batch },
          { input: 1, batch: other },
        ]
  })
}

/** Each batch of a side is taken back after the next one. */
function updated(rows: number, keys: number): Step[] {
  const kinds = new Uint8Array(BATCH_ROWS).fill(DELETE)
  return alternate(rows / 2, keys).flatMap(({ input, batch }, n, all): Step[] => {
    const old = all[n - 4]
    if (old === undefined) return [{ input, batch }]
    return [
      { input, batch },
      { input: old.input, batch: { ...old.batch, kinds } },
    ]
  })
}

function operatorOf({ joinType, side }: Case, output: Output): Operator {
  const { schema } = createJoin(joinType, createValues([], SIDE), createValues([], SIDE), {
    kind: 'literal',
    value: true,
    type: { kind: 'BOOLEAN', nullable: false },
  })
  const both: JoinSide = { keys: [0], retracts: false, stateTtl: 0, ...side }
  const input = (id: number): OperatorNode => ({
    kind: 'values',
    id,
    uid: `v${id}`,
    inputs: [],
    schema: SIDE,
    changelog: ALL_CHANGES,
    description: '',
    rows: [],
  })
  return createOperator(
    {
      kind: 'join',
      id: 2,
      uid: 'j',
      inputs: [0, 1],
      description: '',
      changelog: ALL_CHANGES,
      schema,
      joinType,
      left: both,
      right: both,
      filterNulls: [true],
      emitUpdateBefore: true,
    },
    { version: 1, nodes: [input(0), input(1)], fingerprint: '' },
    { output, clock: { now: () => 0 }, timeZone: 'UTC' },
  )
}

interface Row {
  readonly v: bigint
  readonly s: string
}

/** What a straightforward program does: lists of objects by key. */
function mapsOfObjects(steps: readonly Step[]): number {
  const sides = [new Map<number, Row[]>(), new Map<number, Row[]>()] as const
  let pairs = 0
  for (const { input, batch } of steps) {
    const [key, value, text] = batch.columns
    if (key?.kind !== 'i64' || value?.kind !== 'i64' || text?.kind !== 'bytes') continue
    const own = sides[input]
    const other = sides[input === 0 ? 1 : 0]
    for (let i = 0; i < batch.rows; i++) {
      const k = Number(key.values[i])
      const start = text.starts[i] ?? 0
      const s = Buffer.from(text.data.buffer, text.data.byteOffset + start, text.lengths[i]).toString('latin1')
      const list = own.get(k)
      if (batch.kinds !== null && batch.kinds[i] !== INSERT) list?.splice(0, 1)
      else if (list === undefined) own.set(k, [{ v: value.values[i] ?? 0n, s }])
      else list.push({ v: value.values[i] ?? 0n, s })
      pairs += other.get(k)?.length ?? 0
    }
  }
  return pairs
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
}

function rate(steps: readonly Step[], run: () => unknown): number {
  const rows = steps.reduce((sum, { batch }) => sum + batch.rows, 0)
  const times = Array.from({ length: RUNS }, () => {
    const start = performance.now()
    run()
    return performance.now() - start
  })
  return rows / median(times) / 1000
}

const CASES: readonly Case[] = [
  { name: 'inner, one partner of 64 k', joinType: 'inner', side: {}, steps: lookup(1 << 20, 1 << 16) },
  { name: 'inner, two streams, 512 k keys', joinType: 'inner', side: {}, steps: alternate(1 << 20, 1 << 19) },
  { name: 'inner, two streams, 32 k keys', joinType: 'inner', side: {}, steps: alternate(1 << 18, 1 << 15) },
  { name: 'full, two streams, 512 k keys', joinType: 'full', side: {}, steps: alternate(1 << 20, 1 << 19) },
  {
    name: 'left, retractions, 64 k keys',
    joinType: 'left',
    side: { retracts: true },
    steps: updated(1 << 19, 1 << 16),
  },
  { name: 'semi, two streams, 512 k keys', joinType: 'semi', side: {}, steps: alternate(1 << 20, 1 << 19) },
]

const results = CASES.map((item) => {
  let emitted = 0
  const own = rate(item.steps, () => {
    emitted = 0
    const operator = operatorOf(item, {
      batch: (batch) => {
        emitted += batch.rows
      },
      watermark: () => undefined,
    })
    for (const { input, batch } of item.steps) operator.onBatch(batch, input)
  })
  const maps = rate(item.steps, () => mapsOfObjects(item.steps))
  return { name: item.name, millionRows: own, maps, ratio: own / maps, emitted }
})
if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(results)}\n`)
else {
  for (const { name, millionRows, maps, ratio, emitted } of results) {
    process.stdout.write(
      `${name.padEnd(32)} ${millionRows.toFixed(2)} M rows/s  Map of objects ${maps.toFixed(2)} M  ratio ${ratio.toFixed(1)}  (${emitted} rows out)\n`,
    )
  }
}
