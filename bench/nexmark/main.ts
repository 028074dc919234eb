/**
 * `npm run bench:nexmark -- [--queries q0,q5] [--events N] [--parallelism N] [--scaling] [--recover] [--vs flink] --json
 * FILE`: the Nexmark queries, each in a process of its own with exactly-once checkpoints on. A table on the terminal; JSON, and a
 * chart as SVG beside it. Beside Flink both read the same file of JSON records, one engine at a time, and the final
 * rows of both are compared on a smaller file.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { drawChart } from './chart.ts'
import { compareResults, writeEvents } from './events-file.ts'
import { Flink } from './flink.ts'
import { runQuery } from './query-process.ts'
import type { RunReport, RunRequest } from './run-query.ts'
import { round, type Scaling, scalingOf } from './scaling.ts'
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
    parallelism: { type: 'string' },
    scaling: { type: 'boolean', default: false },
    interval: { type: 'string', default: '1 s' },
    recover: { type: 'boolean', default: false },
    vs: { type: 'string' },
    'flink-timeout': { type: 'string', default: '900' },
    json: { type: 'string' },
  },
})
const EVENTS = Number(values.events)
const PARALLELISM = values.parallelism ?? (values.scaling ? '2' : '1')
const directory = mkdtempSync(join(tmpdir(), 'millrace-nexmark-'))
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))

const side = join(directory, 'side-input.csv')
writeFileSync(side, sideInput())
if (values.scaling && values.vs !== undefined) throw new Error('--scaling is without --vs')
if (values.vs !== undefined && values.vs !== 'flink') throw new Error('--vs takes "flink"')
const flink = values.vs === undefined ? undefined : new Flink(directory, Number(values['flink-timeout']))
const source = generatorSource(EVENTS, Number(values.rate))
const workload: WorkloadOptions = {
  source: flink === undefined ? source : fileSource(await writeEvents(source, join(directory, 'events'))),
  output: join(directory, 'q10'),
  sideInput: side,
}
/** By Flink's patterns the time grows with the square of the events. */
const COMPARED_EVENTS = { query: 200_000, pattern: 20_000 }
const compared = { query: await comparedWorkload('query'), pattern: await comparedWorkload('pattern') }

async function comparedWorkload(kind: keyof typeof COMPARED_EVENTS): Promise<WorkloadOptions> {
  if (flink === undefined) return workload
  const events = await writeEvents(generatorSource(COMPARED_EVENTS[kind], 10_000), join(directory, `compared-${kind}`))
  return { ...workload, source: fileSource(events) }
}

interface Result extends Partial<Scaling> {
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
  /** Of reading the same columns of the same events and doing nothing. */
  readonly input_events_per_cpu_second?: number
  /** Events per CPU second, of the query to its input. */
  readonly share_of_input?: number
  readonly flink_events_per_cpu_second?: number
  readonly flink_cpu_seconds?: number
  readonly flink_wall_seconds?: number
  readonly flink_peak_rss_mb?: number
  /** Events per CPU second, of ours to Flink's; where Flink was given up it is more than that. */
  readonly ratio?: number
  /** False: Flink was given up after `--flink-timeout` seconds. */
  readonly flink_ended?: boolean
  readonly equal?: string
}

function requestOf(query: string, options: WorkloadOptions, parallelism: string): RunRequest {
  return {
    statements: queryStatements(query, options),
    configuration: { 'execution.checkpointing.interval': values.interval, 'parallelism.default': parallelism },
    dataDirectory: join(directory, query),
  }
}

async function measure(query: string): Promise<Result> {
  const request = requestOf(query, workload, PARALLELISM)
  rmSync(workload.output, { recursive: true, force: true })
  const report = await runQuery(request, directory)
  if (typeof report === 'string') return { query, error: report }
  const recovery = values.recover ? await recover(request) : undefined
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
    ...(values.scaling ? await scaling(query, report) : {}),
    ...(await besideInput(request, report)),
    ...(flink === undefined ? {} : besideFlink(query, flink, report.cpuSeconds)),
  }
}

function scaling(query: string, report: RunReport): Promise<Scaling> {
  const withEvents = (events: number, parallelism: number): RunRequest => {
    const part = { ...workload, source: generatorSource(events, Number(values.rate)) }
    return requestOf(query, part, `${parallelism}`)
  }
  return scalingOf(report, EVENTS, Number(PARALLELISM), withEvents, directory)
}

/** By the columns that are read. */
const inputCpuSeconds = new Map<string, number>()

async function besideInput(request: RunRequest, { input, cpuSeconds }: RunReport): Promise<Partial<Result>> {
  if (!inputCpuSeconds.has(input)) {
    const report = await runQuery({ ...request, onlyInput: true }, directory)
    rmSync(request.dataDirectory, { recursive: true, force: true })
    if (typeof report === 'string') throw new Error(`the input of a query could not be read: ${report}`)
    inputCpuSeconds.set(input, report.cpuSeconds)
  }
  const seconds = inputCpuSeconds.get(input) ?? Number.NaN
  return { input_events_per_cpu_second: Math.round(EVENTS / seconds), share_of_input: round(seconds / cpuSeconds) }
}

function besideFlink(query: string, engine: Flink, cpuSeconds: number): Partial<Result> {
  rmSync(workload.output, { recursive: true, force: true })
  const report = engine.measure(flinkStatements(query, workload), Number(PARALLELISM), values.interval)
  if (typeof report === 'string') return { equal: `Flink: ${report}` }
  return {
    flink_events_per_cpu_second: Math.round(EVENTS / report.cpuSeconds),
    flink_cpu_seconds: round(report.cpuSeconds),
    flink_wall_seconds: round(report.wallSeconds),
    flink_peak_rss_mb: report.peakRssMb,
    flink_ended: report.ended,
    ratio: round(report.cpuSeconds / cpuSeconds),
    equal: compareResults(query, compared[query.startsWith('p') ? 'pattern' : 'query'], engine, directory),
  }
}

/** Kills the process when two checkpoints are complete and starts it again. @returns undefined: it ended before */
async function recover(request: RunRequest): Promise<number | undefined> {
  const dataDirectory = `${request.dataDirectory}-recovery`
  const killed = typeof (await runQuery({ ...request, dataDirectory, killAfter: 2 }, directory)) === 'string'
  const again = killed ? await runQuery({ ...request, dataDirectory }, directory) : undefined
  rmSync(dataDirectory, { recursive: true, force: true })
  if (typeof again === 'string') throw new Error(`the query could not go on after the kill: ${again}`)
  return again?.recoveryMs
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
  ['of its input', 'share_of_input'],
  ...(values.scaling
    ? ([
        ['events/s of 1', 'events_per_second_of_one'],
        ['CPU s of 1', 'cpu_seconds_of_one'],
        ['speedup', 'speedup'],
        ['processes', 'speedup_of_processes'],
        ['steady', 'steady_speedup'],
        ['steady proc.', 'steady_speedup_of_processes'],
      ] as const)
    : []),
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

function cellOf(result: Result, key: keyof Result): string {
  const text = (result[key] ?? '').toLocaleString('en')
  return key === 'ratio' && result.flink_ended === false ? `> ${text}` : text
}

process.stdout.write(line(COLUMNS.map(([title]) => title)))
const results: Result[] = []
for (const query of values.queries?.split(',') ?? QUERY_NAMES) {
  const result = await measure(query)
  results.push(result)
  const cells = COLUMNS.map(([, key]) => cellOf(result, key))
  process.stdout.write(result.error === undefined ? line(cells) : `${query.padEnd(6)} ${result.error.split('\n')[0]}\n`)
}
if (values.json !== undefined) {
  writeFileSync(
    values.json,
    `${JSON.stringify({ events: EVENTS, parallelism: Number(PARALLELISM), results }, null, 2)}\n`,
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
const failed = results.some(({ error, equal = 'yes' }) => error !== undefined || (equal !== 'yes' && equal !== '-'))
process.exitCode = failed ? 1 : 0

function chartRows(): { label: string; value: number }[] {
  return results.map(({ query, events_per_cpu_second: value = 0 }) => ({ label: query, value }))
}
