/**
 * One query in a process of its own: `node run-query.ts REQUEST`, a file of JSON; what was measured goes to standard
 * output as one line of JSON. CPU time and wall-clock time count from the start of the job to its end.
 */
import { enableCompileCache } from 'node:module'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { MillraceError, formatError, Session } from '../../session/index.ts'
import type { JobMetrics } from '../../executor/runtime/metrics.ts'
import { inputOf, readStatements, scansOf } from './input.ts'

export interface RunRequest {
  /** The last one is the INSERT that is measured. */
  readonly statements: readonly string[]
  readonly configuration: Readonly<Record<string, string>>
  readonly dataDirectory: string
  /** The process kills itself when so many checkpoints are complete. */
  readonly killAfter?: number
  /** Reads what the query would read, and does nothing with it. */
  readonly onlyInput?: boolean
}

export interface RunReport {
  readonly events: number
  readonly results: number
  readonly wallSeconds: number
  readonly cpuSeconds: number
  readonly peakRssMb: number
  readonly checkpoints: number
  readonly checkpointMs: number
  /** Of the largest one. */
  readonly checkpointBytes: number
  readonly stateBytes: number
  /** From the start of the process to the end of the restore; undefined where nothing was restored. */
  readonly recoveryMs: number | undefined
  /** The columns that are read. */
  readonly input: string
  /** By worker; empty where the job has none, or the system is not Linux. */
  readonly workerCpuSeconds: readonly number[]
}

async function run(request: RunRequest): Promise<RunReport> {
  const times: number[] = []
  let [began, recovered]: [number, number | undefined] = [0, undefined]
  const session = new Session({
    dataDirectory: request.dataDirectory,
    configuration: request.configuration,
    onCheckpointPhase: (phase) => {
      if (phase === 'snapshot') began = performance.now()
      if (phase === 'restored') recovered = performance.now()
      if (phase !== 'committed') return
      times.push(performance.now() - began)
      if (times.length === request.killAfter) process.kill(process.pid, 'SIGKILL')
    },
  })
  const query = request.statements.at(-1) ?? ''
  for (const statement of request.statements.slice(0, -1)) await session.execute(statement)
  const scans = scansOf(session, query)
  const [insert, ...tables] = request.onlyInput === true ? readStatements(scans).toReversed() : [query]
  for (const table of tables) await session.execute(table)
  const cpu = process.cpuUsage()
  const started = performance.now()
  const result = await session.execute(insert ?? '')
  if (result.kind !== 'job') throw new Error(`${query} gave ${result.kind}`)
  let metrics: JobMetrics = result.job.metrics()
  // The last checkpoint of bounded input holds no state.
  let checkpointBytes = 0
  const workers = new Map<string, number>()
  const sampler = setInterval(() => {
    metrics = result.job.metrics()
    for (const [name, seconds] of workerCpuTimes()) workers.set(name, seconds)
    checkpointBytes = Math.max(checkpointBytes, metrics.checkpoints.last?.bytes ?? 0)
  }, 200)
  await result.job.finished.finally(() => {
    clearInterval(sampler)
  })
  const { user, system } = process.cpuUsage(cpu)
  const wallSeconds = (performance.now() - started) / 1000
  const stateBytes = metrics.operators.reduce((sum, operator) => sum + operator.stateBytes, 0)
  const end = result.job.metrics()
  await session.close()
  return {
    events: end.rowsIn,
    results: end.rowsOut,
    wallSeconds,
    cpuSeconds: (user + system) / 1e6,
    peakRssMb: process.resourceUsage().maxRSS / 1024,
    checkpoints: end.checkpoints.completed,
    checkpointMs: Math.max(0, ...times),
    checkpointBytes,
    stateBytes,
    recoveryMs: recovered,
    input: inputOf(scans),
    workerCpuSeconds: [...workers].sort().map(([, seconds]) => seconds),
  }
}

// As the command line does.
enableCompileCache()

const THREADS = '/proc/self/task'
const CLOCK_TICKS = 100

/** CPU seconds of the threads that are workers now, by name. */
function workerCpuTimes(): [string, number][] {
  if (!existsSync(THREADS)) return []
  return readdirSync(THREADS).flatMap((thread) => {
    try {
      const text = readFileSync(`${THREADS}/${thread}/stat`, 'utf8')
      const name = text.slice(text.indexOf('(') + 1, text.lastIndexOf(')'))
      const [user = '0', system = '0'] = text
        .slice(text.lastIndexOf(')') + 2)
        .split(' ')
        .slice(11, 13)
      return name.startsWith('millrace-') ? [[name, (Number(user) + Number(system)) / CLOCK_TICKS]] : []
    } catch {
      // It has ended meanwhile.
      return []
    }
  })
}

try {
  const report = await run(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as RunRequest)
  process.stdout.write(`${JSON.stringify(report)}\n`)
} catch (error) {
  process.stderr.write(error instanceof MillraceError ? `${formatError(error)}\n` : `${String(error)}\n`)
  process.exitCode = 1
}
