/**
 * GROUP BY a BIGINT: COUNT(*) and SUM(BIGINT) with the full changelog (-U, +U), against a JavaScript Map of objects
 * over the same columns that emits nothing. Rows per second of wall-clock time, median of the runs; one process, one core.
 *
 *     node bench/aggregate.ts [--json]
 */
import { ALL_CHANGES, INSERT_ONLY } from '../catalog/connector.ts'
import { type ChangeBatch, createBatch } from '../core/change-batch.ts'
import { BIGINT, type Schema, STRING, type SqlType, timestamp, withNullability } from '../core/types.ts'
import { createOperator } from '../executor/operators/index.ts'
import type { Operator, Output } from '../executor/operators/operator.ts'
import type { OperatorNode } from '../planner/physical/graph.ts'

const BATCH_ROWS = 4096
const COUNT_TYPE: SqlType = withNullability(BIGINT, false)

function batches(keys: number, rows: number, key: 'BIGINT' | 'STRING', seed: number): ChangeBatch[] {
  let state = seed
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 0) / 2 ** 32
  }
  const schema: Schema = {
    fields: [
      { name: 'k', type: key === 'BIGINT' ? BIGINT : STRING },
      { name: 'v', type: BIGINT },
    ],
  }
  return Array.from({ length: Math.ceil(rows / BATCH_ROWS) }, () => {
    const values = BigInt64Array.from({ length: BATCH_ROWS }, () => BigInt(Math.floor(next() * 1000)))
    const chosen = Array.from({ length: BATCH_ROWS }, () => Math.floor(next() * keys))
    const value = { kind: 'i64', values, nulls: null } as const
    if (key === 'BIGINT') {
      const longs = BigInt64Array.from(chosen, (n) => BigInt(n) * 7919n)
      return createBatch(schema, [{ kind: 'i64', values: longs, nulls: null }, value], BATCH_ROWS)
    }
    const data = Buffer.from(chosen.map((n) => `user-${String(n).padStart(8, '0')}`).join(''))
    const starts = Int32Array.from(chosen, (_, i) => i * 13)
    const lengths = new Int32Array(BATCH_ROWS).fill(13)
    return createBatch(schema, [{ kind: 'bytes', starts, lengths, data, nulls: null }, value], BATCH_ROWS)
  })
}

function groupAggregate(key: SqlType, output: Output): Operator {
  const node: OperatorNode = {
    kind: 'group-aggregate',
    id: 1,
    uid: 'a',
    inputs: [0],
    description: '',
    changelog: ALL_CHANGES,
    schema: {
      fields: [
        { name: 'k', type: key },
        { name: 'c', type: COUNT_TYPE },
        { name: 's', type: BIGINT },
      ],
    },
    keys: [0],
    aggregates: [
      { function: 'COUNT', args: [], distinct: false, argumentTypes: [], type: COUNT_TYPE, name: 'c' },
      { function: 'SUM', args: [1], distinct: false, argumentTypes: [BIGINT], type: BIGINT, name: 's' },
    ],
    emitUpdateBefore: true,
    inputRetracts: false,
    stateTtl: 0,
  }
  return createOperator(
    node,
    { version: 1, nodes: [], fingerprint: '' },
    { output, clock: { now: () => 0 }, timeZone: 'UTC' },
  )
}

function windowAggregate(output: Output): Operator {
  const node: OperatorNode = {
    kind: 'window-aggregate',
    form: 'window-function',
    id: 1,
    uid: 'w',
    inputs: [0],
    description: '',
    changelog: INSERT_ONLY,
    schema: {
      fields: [
        { name: 'k', type: BIGINT },
        { name: 'c', type: COUNT_TYPE },
        { name: 'window_start', type: timestamp(3) },
        { name: 'window_end', type: timestamp(3) },
      ],
    },
    window: { kind: 'tumble', size: 10_000, step: 10_000, offset: 0, time: 'rowtime', timeColumn: 1 },
    keys: [0],
    aggregates: [{ function: 'COUNT', args: [], distinct: false, argumentTypes: [], type: COUNT_TYPE, name: 'c' }],
    properties: ['window_start', 'window_end'],
    inputRetracts: false,
  }
  return createOperator(
    node,
    { version: 1, nodes: [], fingerprint: '' },
    { output, clock: { now: () => 0 }, timeZone: 'UTC' },
  )
}

interface Row {
  count: number
  sum: bigint
}

/** What a straightforward program does: an object a key. BIGINT keys as numbers, which favours it. */
function mapOfObjects(input: readonly ChangeBatch[], groups: Map<number | string, Row>): void {
  for (const batch of input) {
    const [key, value] = batch.columns
    if (value?.kind !== 'i64' || key === undefined) continue
    for (let i = 0; i < batch.rows; i++) {
      let k: number | string
      if (key.kind === 'i64') k = Number(key.values[i])
      else if (key.kind === 'bytes')
        k = Buffer.from(key.data.buffer, key.data.byteOffset + (key.starts[i] ?? 0), key.lengths[i]).toString('latin1')
      else continue
      let group = groups.get(k)
      if (group === undefined) {
        group = { count: 0, sum: 0n }
        groups.set(k, group)
      }
      group.count++
      group.sum += value.values[i] ?? 0n
    }
  }
}

function rate(rows: number, runs: number, run: () => void): number {
  const rates: number[] = []
  for (let i = 0; i < runs; i++) {
    const start = process.hrtime.bigint()
    run()
    rates.push((rows * 1e9) / Number(process.hrtime.bigint() - start))
  }
  return rates.sort((a, b) => a - b)[runs >> 1] ?? 0
}

interface Result {
  readonly name: string
  readonly engine: number
  readonly map?: number
}

function measure(name: string, keys: number, key: 'BIGINT' | 'STRING'): Result {
  const rows = keys > 100_000 ? 2_097_152 : 1_048_576
  const input = batches(keys, rows, key, 42)
  let out = 0
  const output: Output = { batch: (batch) => (out += batch.rows), watermark: () => undefined }
  const operator = groupAggregate(key === 'BIGINT' ? BIGINT : STRING, output)
  const feed = (): void => {
    for (const batch of input) operator.onBatch(batch, 0)
  }
  feed()
  const engine = rate(rows, 7, feed)
  const groups = new Map<number | string, Row>()
  mapOfObjects(input, groups)
  const map = rate(rows, 3, () => {
    mapOfObjects(input, groups)
  })
  if (operator.metrics?.().stateEntries !== groups.size) throw new Error('the two have different groups')
  if (out < rows) throw new Error('changes are missing')
  return { name, engine, map }
}

function measureWindow(): Result {
  const rows = 1_048_576
  const input = batches(1000, rows, 'BIGINT', 7).map((batch, n) => {
    const times = BigInt64Array.from({ length: BATCH_ROWS }, (_, i) => BigInt(n * BATCH_ROWS + i))
    return createBatch(
      batch.schema,
      [batch.columns[0] ?? { kind: 'null', nulls: null }, { kind: 'i64', values: times, nulls: null }],
      BATCH_ROWS,
    )
  })
  let out = 0
  const output: Output = { batch: (batch) => (out += batch.rows), watermark: () => undefined }
  const engine = rate(rows, 7, () => {
    const operator = windowAggregate(output)
    input.forEach((batch, n) => {
      operator.onBatch(batch, 0)
      operator.onWatermark((n + 1) * BATCH_ROWS - 1000)
    })
  })
  if (out === 0) throw new Error('no window has fired')
  return { name: 'tumble_1k', engine }
}

const results = [
  measure('group_by_1k', 1000, 'BIGINT'),
  measure('group_by_1m', 1_000_000, 'BIGINT'),
  measure('group_by_string_1k', 1000, 'STRING'),
]
if (!process.argv.includes('--no-window')) results.push(measureWindow())
if (process.argv.includes('--json'))
  console.log(JSON.stringify(Object.fromEntries(results.map((result) => [result.name, result]))))
else {
  for (const { name, engine, map } of results) {
    const ratio =
      map === undefined ? '' : `  Map of objects ${(map / 1e6).toFixed(2)} M  ratio ${(engine / map).toFixed(1)}`
    console.log(`${name.padEnd(20)} ${(engine / 1e6).toFixed(2)} M rows/s${ratio}`)
  }
}
