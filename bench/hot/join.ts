/** Regular joins by a BIGINT, both sides remembered, built from nothing in each pass. */
import type { ChangeBatch } from '../../core/change-batch.ts'
import { BIGINT, type Field, STRING } from '../../core/types.ts'
import type { HotCase } from './case.ts'
import { BATCH_ROWS, batchOf, longs, randomFrom, rowsOf, texts } from './inputs.ts'
import { createJoiner } from './kernels/join.ts'
import { inputOf, planned, start } from './planned.ts'

const SIDES = ['a', 'b'].map(
  (name) => `CREATE TABLE ${name} (k BIGINT, v BIGINT, s STRING) WITH ('connector' = 'datagen')`,
)
const FIELDS: readonly Field[] = [
  { name: 'k', type: BIGINT },
  { name: 'v', type: BIGINT },
  { name: 's', type: STRING },
]
const ROWS = 1 << 20

interface Step {
  readonly input: 0 | 1
  readonly batch: ChangeBatch
}

function side(keys: readonly number[]): ChangeBatch {
  return batchOf(FIELDS, [
    longs(keys.map((key) => key * 7919)),
    longs(keys.map((key) => key * 31)),
    texts(keys.map((key) => `name-${String(key).padStart(7, '0')}`)),
  ])
}

function randomSides(rows: number, keys: number, seed: number): ChangeBatch[] {
  const random = randomFrom(seed)
  return Array.from({ length: rows / BATCH_ROWS }, () => side(rowsOf(() => Math.floor(random() * keys))))
}

/** Every key once, then rows that each have one partner. */
function onePartner(rows: number, keys: number): Step[] {
  const all = Array.from({ length: keys / BATCH_ROWS }, (_, n) => side(rowsOf((row) => n * BATCH_ROWS + row)))
  return [
    ...all.map((batch): Step => ({ input: 1, batch })),
    ...randomSides(rows, keys, 1).map((batch): Step => ({ input: 0, batch })),
  ]
}

function twoStreams(rows: number, keys: number): Step[] {
  const right = randomSides(rows / 2, keys, 2)
  return randomSides(rows / 2, keys, 1).flatMap((batch, n): Step[] => [
    { input: 0, batch },
    ...(right[n] === undefined ? [] : [{ input: 1, batch: right[n] } as const]),
  ])
}

function join(name: string, make: () => Step[], rowsOfASide: number): HotCase {
  const rowsIn = (steps: readonly Step[]): number => steps.reduce((sum, { batch }) => sum + batch.rows, 0)
  return {
    name,
    unit: 'rows',
    limit: 'chains of rows by key over typed arrays made for these columns, sized for their rows',
    same: true,
    engine: async () => {
      const plan = await planned(SIDES, 'SELECT * FROM a JOIN b ON a.k = b.k', 'join')
      const steps = make().map(({ input, batch }) => ({ input, batch: inputOf(plan, batch, input) }))
      return {
        rows: rowsIn(steps),
        run: (emit) => {
          const running = start(plan)
          running.emit = emit
          for (const { input, batch } of steps) running.operator.onBatch(batch, input)
        },
      }
    },
    kernel: () => {
      const steps = make()
      const joiner = createJoiner(rowsOfASide)
      return {
        rows: rowsIn(steps),
        run: (emit) => {
          joiner.clear()
          for (const { input, batch } of steps) joiner.add(input, batch, emit)
        },
      }
    },
  }
}

export const JOIN_CASES: readonly HotCase[] = [
  join('join-one-partner', () => onePartner(ROWS, 1 << 16), ROWS),
  join('join-two-streams', () => twoStreams(ROWS, 1 << 19), ROWS / 2),
]
