/**
 * `npm run bench:curves -- [--events 1000000,…] [--keys 10000,…] [--queries group-by,join] [--budget SIZE] [--json FILE]`: how the
 * rate and the memory of a GROUP BY and of a regular join grow with events and keys, each point in a process of its own with
 * exactly-once checkpoints on. A table on the terminal; JSON, and two charts as SVG beside it.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { RunReport, RunRequest } from '../nexmark/run-query.ts'
import { drawLines } from './chart.ts'

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000,10000000,100000000' },
    keys: { type: 'string', default: '10000,1000000,20000000' },
    queries: { type: 'string', default: 'group-by,join' },
    budget: { type: 'string' },
    json: { type: 'string' },
  },
})

const RANDOM = "'connector' = 'datagen', 'rows-per-second' = '1000000000'"

function table(name: string, events: number, fields: Readonly<Record<string, string>>): string {
  const options = Object.entries(fields).map(([option, value]) => `'fields.${option}' = '${value}'`)
  return `CREATE TABLE ${name} (k BIGINT, v BIGINT) WITH (${RANDOM}, 'number-of-rows' = '${events}', ${options.join(', ')})`
}

function facts(events: number, keys: number): string {
  return table('facts', events, { 'k.min': '0', 'k.max': `${keys - 1}`, 'v.min': '0', 'v.max': '1000000' })
}

/** The last statement is the INSERT. */
const QUERIES: Readonly<Record<string, (events: number, keys: number) => readonly string[]>> = {
  'group-by': (events, keys) => [
    facts(events, keys),
    "CREATE TABLE results (k BIGINT, n BIGINT, total BIGINT) WITH ('connector' = 'blackhole')",
    'INSERT INTO results SELECT k, COUNT(*), SUM(v) FROM facts GROUP BY k',
  ],
  // Both sides are remembered: the state grows with the events too.
  join: (events, keys) => [
    facts(events, keys),
    table('names', keys, { 'k.kind': 'sequence', 'k.start': '0', 'k.end': `${keys - 1}`, 'v.min': '0', 'v.max': '9' }),
    "CREATE TABLE results (k BIGINT, v BIGINT, name BIGINT) WITH ('connector' = 'blackhole')",
    'INSERT INTO results SELECT facts.k, facts.v, names.v FROM facts JOIN names ON facts.k = names.k',
  ],
}

interface Point {
  readonly query: string
  readonly events: number
  readonly keys: number
  readonly events_per_second?: number
  readonly events_per_cpu_second?: number
  readonly cpu_seconds?: number
  readonly peak_rss_mb?: number
  readonly state_mb?: number
  readonly checkpoints?: number
  readonly longest_checkpoint_ms?: number
  readonly error?: string
}

function numbersOf(text: string): number[] {
  return text.split(',').map(Number)
}

function measure(query: string, events: number, keys: number, directory: string): Point {
  const statements = QUERIES[query]?.(events, keys)
  if (statements === undefined) throw new Error(`no query "${query}": ${Object.keys(QUERIES).join(', ')}`)
  const request: RunRequest = {
    statements,
    configuration: {
      'execution.checkpointing.interval': '5 s',
      ...(values.budget === undefined ? {} : { 'state.memory.budget': values.budget }),
    },
    dataDirectory: join(directory, 'state'),
  }
  const file = join(directory, 'request.json')
  writeFileSync(file, JSON.stringify(request))
  const script = join(import.meta.dirname, '..', 'nexmark', 'run-query.ts')
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, file], { encoding: 'utf8' })
  rmSync(request.dataDirectory, { recursive: true, force: true })
  if (status !== 0) return { query, events, keys, error: stderr.trim().split('\n')[0] ?? 'killed' }
  const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as RunReport
  return {
    query,
    events,
    keys,
    events_per_second: Math.round(report.events / report.wallSeconds),
    events_per_cpu_second: Math.round(report.events / report.cpuSeconds),
    cpu_seconds: Math.round(100 * report.cpuSeconds) / 100,
    peak_rss_mb: Math.round(report.peakRssMb),
    state_mb: Math.round(report.stateBytes / 2 ** 20),
    checkpoints: report.checkpoints,
    longest_checkpoint_ms: Math.round(report.checkpointMs),
  }
}

const COLUMNS: readonly (keyof Point)[] = [
  'events',
  'keys',
  'events_per_second',
  'events_per_cpu_second',
  'peak_rss_mb',
  'state_mb',
  'checkpoints',
  'longest_checkpoint_ms',
]

function line(query: string, cells: readonly string[]): string {
  return `${query.padEnd(10)}${cells.map((cell) => cell.padStart(23)).join('')}\n`
}

const directory = mkdtempSync(join(tmpdir(), 'millrace-curves-'))
process.on('exit', () => {
  rmSync(directory, { recursive: true, force: true })
})
process.stdout.write(line('query', COLUMNS))
const points: Point[] = []
for (const query of values.queries.split(',')) {
  for (const keys of numbersOf(values.keys)) {
    // Fewer events than keys would not make the keys.
    for (const events of numbersOf(values.events).filter((count) => count >= keys)) {
      const point = measure(query, events, keys, directory)
      points.push(point)
      const cells = COLUMNS.map((column) => (point[column] ?? '').toLocaleString('en'))
      process.stdout.write(point.error === undefined ? line(query, cells) : `${line(query, cells)}  ${point.error}\n`)
    }
  }
}
if (values.json !== undefined) {
  writeFileSync(values.json, `${JSON.stringify({ points }, null, 2)}\n`)
  const names = [...new Set(points.map(({ query, keys }) => `${query}, ${keys.toLocaleString('en')} keys`))]
  const charts = [
    { title: 'Millions of events per CPU second, by events', key: 'events_per_cpu_second', unit: 1e6 },
    { title: 'Peak memory in MB, by events', key: 'peak_rss_mb', unit: 1 },
  ] as const
  const drawn = charts.map(({ title, key, unit }) => ({
    title,
    lines: names.map((name) => ({
      name,
      points: points
        .filter(({ query, keys }) => `${query}, ${keys.toLocaleString('en')} keys` === name)
        .map((point) => ({ x: point.events, y: (point[key] ?? 0) / unit })),
    })),
  }))
  writeFileSync(values.json.replace(/(\.json)?$/, '.svg'), drawLines(drawn))
}
process.exitCode = points.some(({ error }) => error !== undefined) ? 1 : 0
