/** GROUP BY: COUNT(*) and SUM(BIGINT) with the whole changelog, and windows that count. */
import type { ChangeBatch } from '../../core/change-batch.ts'
import { BIGINT, type Field, STRING, timestamp } from '../../core/types.ts'
import type { HotCase, Workload } from './case.ts'
import { BATCH_ROWS, batchOf, longs, longAt, randomFrom, rowsOf, textAt, texts } from './inputs.ts'
import { createGroups, createTextGroups } from './kernels/group-by.ts'
import { createWindows } from './kernels/windows.ts'
import { feeding, inputOf, planned, start } from './planned.ts'

const SOURCE =
  "CREATE TABLE t (k BIGINT, s STRING, v BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen')"
const FIELDS: readonly Field[] = [
  { name: 'k', type: BIGINT },
  { name: 's', type: STRING },
  { name: 'v', type: BIGINT },
  { name: 'ts', type: timestamp(3) },
]
const ROWS = 1 << 20

export function groupRows(keys: number, rows: number): ChangeBatch[] {
  const random = randomFrom(42)
  return Array.from({ length: Math.max(1, Math.floor(rows / BATCH_ROWS)) }, (_, batch) => {
    const chosen = rowsOf(() => Math.floor(random() * keys))
    return batchOf(FIELDS, [
      longs(chosen.map((key) => key * 7919)),
      texts(chosen.map((key) => `user-${String(key).padStart(8, '0')}`)),
      longs(rowsOf(() => Math.floor(random() * 1000))),
      longs(rowsOf((row) => batch * BATCH_ROWS + row)),
    ])
  })
}

type KeyKind = 'bigint' | 'string' | 'composite'
const KEYS: Readonly<Record<KeyKind, string>> = { bigint: 'k', string: 's', composite: 'k, s' }

function groupBy(kind: KeyKind, label: string, keys: number): HotCase {
  const rows = keys > 100_000 ? 2 * ROWS : ROWS
  return {
    name: `group-by-${kind}-${label}`,
    unit: 'rows',
    limit: 'open addressing over typed arrays made for this query, sized for its keys, output arrays used again',
    same: true,
    engine: async () =>
      feeding(
        await planned(
          [SOURCE],
          `SELECT ${KEYS[kind]}, COUNT(*), SUM(v) FROM t GROUP BY ${KEYS[kind]}`,
          'group-aggregate',
        ),
        groupRows(keys, rows),
      ),
    kernel: (): Workload => {
      const add = kind === 'bigint' ? createGroups(keys) : createTextGroups(keys, kind === 'composite')
      const batches = groupRows(keys, rows)
      return {
        rows,
        run: (emit) => {
          for (const batch of batches) emit(add(batch))
        },
      }
    },
    ...(kind === 'composite' ? {} : { plain: () => mapOfObjects(kind, groupRows(keys, rows)) }),
  }
}

/** An object for each key in a Map, and no changes. BIGINT keys as numbers, which favours it. */
function mapOfObjects(kind: 'bigint' | 'string', batches: readonly ChangeBatch[]): Workload {
  const groups = new Map<number | string, { count: number; sum: bigint }>()
  const add = (key: number | string, value: bigint): void => {
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { count: 1, sum: value })
    else {
      group.count++
      group.sum += value
    }
  }
  return {
    rows: batches.reduce((sum, batch) => sum + batch.rows, 0),
    run: () => {
      for (const batch of batches) {
        const longKeys = longAt(batch, 0).values
        const { data, starts, lengths } = textAt(batch, 1)
        const bytes = Buffer.from(data.buffer, data.byteOffset, data.length)
        const values = longAt(batch, 2).values
        for (let row = 0; row < batch.rows; row++) {
          const start = starts[row] as number
          const key =
            kind === 'bigint'
              ? Number(longKeys[row])
              : bytes.toString('latin1', start, start + (lengths[row] as number))
          add(key, values[row] as bigint)
        }
      }
    },
    figures: async () => ({ groups: groups.size }),
  }
}

const [SLIDE, LATENESS] = [2000, 1000]

function windows(name: string, size: number, step: number, call: string): HotCase {
  const batches = (): ChangeBatch[] => groupRows(1000, ROWS)
  return {
    name,
    unit: 'rows',
    limit: 'a table of counts for each slice, sized for its keys; a window adds up its slices when it ends',
    same: true,
    engine: async () => {
      const query = `SELECT k, COUNT(*), window_start, window_end FROM TABLE(${call}) GROUP BY k, window_start, window_end`
      const plan = await planned([SOURCE], query, 'window-aggregate')
      const input = batches().map((batch) => inputOf(plan, batch))
      return {
        rows: ROWS,
        run: (emit) => {
          const running = start(plan)
          running.emit = emit
          input.forEach((batch, n) => {
            running.operator.onBatch(batch, 0)
            running.operator.onWatermark((n + 1) * BATCH_ROWS - LATENESS)
          })
        },
      }
    },
    kernel: () => {
      const input = batches()
      return {
        rows: ROWS,
        run: (emit) => {
          const table = createWindows(1000, size, step, emit)
          input.forEach((batch, n) => {
            table.add(longAt(batch, 0), longAt(batch, 3), batch.rows)
            table.advance((n + 1) * BATCH_ROWS - LATENESS)
          })
        },
      }
    },
  }
}

export const GROUP_BY_CASES: readonly HotCase[] = [
  groupBy('bigint', '1k', 1000),
  groupBy('bigint', '1m', 1_000_000),
  groupBy('string', '1k', 1000),
  groupBy('string', '1m', 1_000_000),
  groupBy('composite', '1k', 1000),
  groupBy('composite', '1m', 1_000_000),
  windows('window-tumble', 10_000, 10_000, "TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND)"),
  windows('window-hop', 10_000, SLIDE, "HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '10' SECOND)"),
]
