/**
 * `npm run bench:nexmark -- [--queries q0,q5] [--events N] [--recover] [--vs flink] --json FILE`: the
 * Nexmark queries, each in a process of its own with exactly-once checkpoints on. A table on the terminal; JSON, and a
 * chart as SVG beside it. Beside Flink both read the same file of JSON records, one engine at a time, and the final
 * rows of both are compared on a smaller file.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { drawChart } from './chart.ts'
import { compareResults, writeEvents } from './events-file.ts'
import { Flink } from './flink.ts'
import type { RunReport, RunRequest } from './run-query.ts'
import {
  fileSource,
  flinkStatements,
  generatorSource,
  QUERY_NAMES,
  queryStatements,
  sideInput,
  type WorkloadOptions,
} from './workload.ts'

const { values } = parseArgs({
  options: {
    queries: { type: 'string' },
    events: { type: 'string', default: '10000000' },
    rate: { type: 'string', default: '1000000' },
    parallelism: { type: 'string', default: '1' },
    interval: { type: 'string', default: '1 s' },
    recover: { type: 'boolean', default: false },
    vs: { type: 'string' },
    json: { type: 'string' },
  },
})
const EVENTS = Number(values.events)
if (values.parallelism !== '1') {
  process.stderr.write('--parallelism takes only 1: a job runs in one thread, whatever parallelism.default says\n')
  process.exit(1)
}
const directory = mkdtempSync(join(tmpdir(), 'millrace-nexmark-'))
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))

const side = join(directory, 'side-input.csv')
writeFileSync(side, sideInput())
if (values.vs !== undefined && values.vs !== 'flink') throw new Error('--vs takes "flink"')
const flink = values.vs === undefined ? undefined : new Flink(directory)
const source = generatorSource(EVENTS, Number(values.rate))
const workload: WorkloadOptions = {
  source: flink === undefined ? source : fileSource(await writeEvents(source, join(directory, 'events'))),
  output: join(directory, 'q10'),
  sideInput: side,
}
const COMPARED_EVENTS = 200_000
const compared: WorkloadOptions = {
  ...workload,
  source:
    flink === undefined
      ? source
      : fileSource(await writeEvents(generatorSource(COMPARED_EVENTS, 10_000), join(directory, 'compared'))),
}

interface Result {
  readonly query: string
  readonly error?: string
  readonly events_per_second?: number
  readonly events_per_cpu_second?: number
  readonly cpu_seconds?: number
  readonly peak_rss_mb?: number
  readonly checkpoints?: number
  readonly checkpoint_ms?: number
  readonly checkpoint_bytes?: number
  readonly state_bytes?: number
  readonly results?: number
  readonly recovery_ms?: number
  readonly flink_events_per_cpu_second?: number
  readonly flink_cpu_seconds?: number
  readonly flink_wall_seconds?: number
  readonly flink_peak_rss_mb?: number
  /** Events per CPU second, of ours to Flink's. */
  readonly ratio?: number
  readonly equal?: string
}

function run(request: RunRequest): RunReport | string {
  const file = join(directory, 'request.json')
  writeFileSync(file, JSON.stringify(request))
  const script = join(import.meta.dirname, 'run-query.ts')
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, file], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  if (status === 0) return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as RunReport
  return stderr.trim() || 'killed'
}

function measure(query: string): Result {
  const request: RunRequest = {
    statements: queryStatements(query, workload),
    configuration: {
      'execution.checkpointing.interval': values.interval,
      'parallelism.default': values.parallelism,
    },
    dataDirectory: join(directory, query),
  }
  rmSync(workload.output, { recursive: true, force: true })
  const report = run(request)
  if (typeof report === 'string') return { query, error: report }
  const recovery = values.recover ? recover(request) : undefined
  rmSync(request.dataDirectory, { recursive: true, force: true })
  return {
    query,
    events_per_second: Math.round(EVENTS / report.wallSeconds),
    events_per_cpu_second: Math.round(EVENTS / report.cpuSeconds),
    cpu_seconds: round(report.cpuSeconds),
    peak_rss_mb: Math.round(report.peakRssMb),
    checkpoints: report.checkpoints,
    checkpoint_ms: Math.round(report.checkpointMs),
    checkpoint_bytes: report.checkpointBytes,
    state_bytes: report.stateBytes,
    results: report.results,
    ...(recovery === undefined ? {} : { recovery_ms: Math.round(recovery) }),
    ...(flink === undefined ? {} : besideFlink(query, flink, report.cpuSeconds)),
  }
}

function besideFlink(query: string, engine: Flink, cpuSeconds: number): Partial<Result> {
  rmSync(workload.output, { recursive: true, force: true })
  const report = engine.measure(flinkStatements(query, workload), Number(values.parallelism), values.interval)
  if (typeof report === 'string') return { equal: `Flink: ${report}` }
  return {
    flink_events_per_cpu_second: Math.round(EVENTS / report.cpuSeconds),
    flink_cpu_seconds: round(report.cpuSeconds),
    flink_wall_seconds: round(report.wallSeconds),
    flink_peak_rss_mb: report.peakRssMb,
    ratio: round(report.cpuSeconds / cpuSeconds),
    equal: compareResults(query, compared, engine, directory),
  }
}

/** Kills the process when two checkpoints are complete and starts it again. */
function recover(request: RunRequest): number | undefined {
  const dataDirectory = `${request.dataDirectory}-recovery`
  run({ ...request, dataDirectory, killAfter: 2 })
  const again = run({ ...request, dataDirectory })
  rmSync(dataDirectory, { recursive: true, force: true })
  return typeof again === 'string' ? undefined : again.recoveryMs
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

const COLUMNS: readonly (readonly [string, keyof Result])[] = [
  ['query', 'query'],
  ['events/s', 'events_per_second'],
  ['events/CPU s', 'events_per_cpu_second'],
  ['CPU s', 'cpu_seconds'],
  ['peak MB', 'peak_rss_mb'],
  ['checkpoints', 'checkpoints'],
  ['longest ms', 'checkpoint_ms'],
  ['bytes', 'checkpoint_bytes'],
  ['state bytes', 'state_bytes'],
  ['results', 'results'],
  ...(values.recover ? ([['recovery ms', 'recovery_ms']] as const) : []),
  ...(flink === undefined
    ? []
    : ([
        ['Flink/CPU s', 'flink_events_per_cpu_second'],
        ['ratio', 'ratio'],
        ['same rows', 'equal'],
      ] as const)),
]

function line(cells: readonly string[]): string {
  return `${cells.map((cell, index) => (index === 0 ? cell.padEnd(6) : cell.padStart(13))).join(' ')}\n`
}

process.stdout.write(line(COLUMNS.map(([title]) => title)))
const results = (values.queries?.split(',') ?? QUERY_NAMES).map((query) => {
  const result = measure(query)
  const cells = COLUMNS.map(([, key]) => (result[key] ?? '').toLocaleString('en'))
  process.stdout.write(result.error === undefined ? line(cells) : `${query.padEnd(6)} ${result.error.split('\n')[0]}\n`)
  return result
})
if (values.json !== undefined) {
  writeFileSync(
    values.json,
    `${JSON.stringify({ events: EVENTS, parallelism: Number(values.parallelism), results }, null, 2)}\n`,
  )
  writeFileSync(values.json.replace(/(\.json)?$/, '.svg'), drawChart(chartRows()))
}
if (flink !== undefined) {
  const ratios = results.flatMap(({ ratio }) => ratio ?? [])
  const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length)
  process.stdout.write(
    `events per CPU second, times Flink's: geometric mean ${mean.toFixed(1)}, least ${Math.min(...ratios).toFixed(1)}\n`,
  )
}
process.exitCode = results.some((result) => result.error !== undefined) ? 1 : 0

function chartRows(): { label: string; value: number }[] {
  return results.map(({ query, events_per_cpu_second: value = 0 }) => ({ label: query, value }))
}
