/** A job with a memory budget that is killed: the next process goes on from the checkpoint, whatever the memory was. */
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isOfWaiting } from '../executor/checkpoint/gathered-pages.ts'
import { isOfPartitions } from '../executor/checkpoint/partition-pages.ts'
import { RocksStore } from '../state/rocks-store.ts'

const ROWS = 300_000
/** Some 170 MB of state, so many that it is divided long before the end. */
const MANY_ROWS = 1_200_000
const RUN_QUERY = join(import.meta.dirname, '..', 'bench', 'nexmark', 'run-query.ts')

let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-budget-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

function counted(name: string, field: string, rows: number): string {
  return `CREATE TABLE ${name} (k BIGINT, ${field} BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '${Math.max(100_000, rows / 6)}',
    'number-of-rows' = '${rows}', 'fields.k.kind' = 'sequence', 'fields.k.start' = '0', 'fields.k.end' = '${rows - 1}',
    'fields.${field}.kind' = 'sequence', 'fields.${field}.start' = '5', 'fields.${field}.end' = '${rows + 4}')`
}

function written(columns: string): string {
  return `CREATE TABLE r (${columns}) WITH ('connector' = 'filesystem', 'format' = 'csv', 'path' = '${join(directory, 'out')}')`
}

function joined(rows: number): readonly string[] {
  return [
    counted('a', 'x', rows),
    counted('b', 'y', rows),
    written('k BIGINT, x BIGINT, y BIGINT'),
    'INSERT INTO r SELECT a.k, x, y FROM a JOIN b ON a.k = b.k',
  ]
}

/** A window of a million rows, two of each of 200,000 keys and one of each of 600,000, and one of the other rows. */
function windowed(rows: number): readonly string[] {
  const table = counted('a', 'x', rows).replace(
    'x BIGINT',
    "x BIGINT, ts AS TO_TIMESTAMP_LTZ(k / 200, 3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND",
  )
  return [
    table,
    written('s TIMESTAMP(3), k BIGINT, n BIGINT, x BIGINT'),
    `INSERT INTO r SELECT window_start, MOD(k, 800000), COUNT(*), MAX(x)
      FROM TABLE(TUMBLE(TABLE a, DESCRIPTOR(ts), INTERVAL '5' SECOND))
      GROUP BY window_start, window_end, MOD(k, 800000)`,
  ]
}

function run(
  parallelism: number,
  killAfter: number | undefined,
  statements = joined(ROWS),
  budget = '16 mb',
): { readonly signal: string | null; readonly error: string } {
  const request = {
    statements,
    configuration: {
      'execution.checkpointing.interval': '500 ms',
      ...(budget === '' ? {} : { 'state.memory.budget': budget }),
      'parallelism.default': `${parallelism}`,
    },
    dataDirectory: join(directory, 'state'),
    ...(killAfter === undefined ? {} : { killAfter }),
  }
  const file = join(directory, 'request.json')
  writeFileSync(file, JSON.stringify(request))
  const { signal, stderr } = spawnSync(process.execPath, [RUN_QUERY, file], { encoding: 'utf8' })
  return { signal, error: stderr }
}

function readLines(): readonly string[] {
  return globSync('out/**/*', { cwd: directory, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .flatMap(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8').trimEnd().split('\n'))
}

/** Each row of both sides once, with the row of the other one. */
function expectAllRows(rows: number): void {
  const lines = readLines()
  expect(lines.length).toBe(rows)
  const keys = new Set<number>()
  for (const line of lines) {
    const [k = -1, x, y] = line.split(',').map(Number)
    keys.add(k)
    if (x !== k + 5 || y !== k + 5) expect(line).toBe(`${k},${k + 5},${k + 5}`)
  }
  expect(keys.size).toBe(rows)
}

function without(lines: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others)
  return lines.filter((line) => !known.has(line))
}

/** What the last checkpoint has: operators in partitions, and rows that wait for theirs. */
async function stored(): Promise<{ readonly isDivided: boolean; readonly waiting: number }> {
  const [name = ''] = readdirSync(join(directory, 'state', 'jobs'))
  const store = new RocksStore({ directory: join(directory, 'state', 'jobs', name), retained: 2, log: () => undefined })
  try {
    const restored = await store.restore()
    const uids = Object.keys(restored?.manifest.operators ?? {})
    const pages = await Promise.all(uids.map(async (uid) => restored?.pages(uid) ?? []))
    const isDivided = pages.some((own) => isOfPartitions(own.filter((page) => !isOfWaiting(page))))
    return { isDivided, waiting: pages.flat().filter(isOfWaiting).length }
  } finally {
    await store.close()
  }
}

describe.each([1, 2])('with %d workers', (parallelism) => {
  it('goes on after a kill, and leaves no file of its memory', { timeout: 120_000 }, () => {
    expect(run(parallelism, 2)).toEqual({ signal: 'SIGKILL', error: '' })
    expect(globSync('**/millrace-state-memory*', { cwd: directory })).toEqual([])
    expect(run(parallelism, undefined)).toEqual({ signal: null, error: '' })
    expectAllRows(ROWS)
  })
})

describe('with state that was divided', () => {
  it.each([
    ['with a budget', 1, 1, '16 mb'],
    ['without one', 1, 1, ''],
    ['in two workers', 1, 2, '16 mb'],
    ['in one worker after two, without a budget', 2, 1, ''],
  ] as const)(
    'goes on after a kill while rows wait, %s',
    { timeout: 120_000 },
    async (_, before, parallelism, budget) => {
      expect(run(before, 3, joined(MANY_ROWS))).toEqual({ signal: 'SIGKILL', error: '' })
      const { isDivided, waiting } = await stored()
      expect(isDivided).toBe(true)
      // A run, and in which order they are.
      expect(waiting).toBeGreaterThanOrEqual(2)
      expect(run(parallelism, undefined, joined(MANY_ROWS), budget)).toEqual({ signal: null, error: '' })
      expectAllRows(MANY_ROWS)
    },
  )

  it('aggregates by windows in two phases after a kill', { timeout: 120_000 }, async () => {
    expect(run(2, 3, windowed(MANY_ROWS))).toEqual({ signal: 'SIGKILL', error: '' })
    expect((await stored()).isDivided).toBe(true)
    expect(run(2, undefined, windowed(MANY_ROWS))).toEqual({ signal: null, error: '' })
    const windows = Map.groupBy(readLines(), (line) => line.slice(0, line.indexOf(',')))
    const [first = [], second = []] = [...windows.values()].sort((a, b) => b.length - a.length)
    expect([windows.size, first.length, second.length]).toEqual([2, 800_000, 200_000])
    const groups = (lines: readonly string[]): readonly string[] =>
      lines.map((line) => line.slice(line.indexOf(',') + 1))
    const expected = Array.from({ length: 800_000 }, (_, k) =>
      k < 200_000 ? `${k},2,${k + 800_005}` : `${k},1,${k + 5}`,
    )
    expect(without(groups(first), expected)).toEqual([])
    const later = Array.from({ length: 200_000 }, (_, i) => `${i + 200_000},1,${i + 1_000_005}`)
    expect(without(groups(second), later)).toEqual([])
  })
})
