/**
 * `--scaling`: how much faster a query is in several workers than in one, and how much faster as many independent
 * processes are, each with its part of the events. They share nothing but the machine, so that what they lack of their
 * number (memory and caches that all cores use, threads that collect garbage and compile beside the first one) no engine
 * gets.
 */
import { rmSync } from 'node:fs'
import { runQuery } from './query-process.ts'
import type { RunReport, RunRequest } from './run-query.ts'

export interface Scaling {
  /** Events per second, of the query to the same query at parallelism 1. */
  readonly speedup: number
  /** The same of independent processes. */
  readonly speedup_of_processes: number
  readonly events_per_second_of_one: number
  readonly cpu_seconds_of_one: number
  readonly cpu_seconds_of_processes: number
  /** CPU time of each worker's thread, without the helpers of the process. */
  readonly worker_cpu_seconds: readonly number[]
}

/**
 * @param request of the query in one worker
 * @param part the same with one worker's part of the events
 */
export async function scalingOf(
  report: RunReport,
  events: number,
  parallelism: number,
  request: RunRequest,
  part: RunRequest,
  directory: string,
): Promise<Scaling> {
  const [one] = await runAll([request], directory)
  const parts = Array.from({ length: parallelism }, (_, index) => ({
    ...part,
    dataDirectory: `${part.dataDirectory}-${index}`,
  }))
  const processes = await runAll(parts, directory)
  const { wallSeconds = Number.NaN, cpuSeconds = Number.NaN } = one ?? {}
  const ofProcesses = sum(processes.map((process) => wallSeconds / process.wallSeconds / parallelism))
  return {
    speedup: round(wallSeconds / report.wallSeconds),
    speedup_of_processes: round(ofProcesses),
    events_per_second_of_one: Math.round(events / wallSeconds),
    cpu_seconds_of_one: round(cpuSeconds),
    cpu_seconds_of_processes: round(sum(processes.map((process) => process.cpuSeconds))),
    worker_cpu_seconds: report.workerCpuSeconds.map(round),
  }
}

/** At the same time. */
async function runAll(requests: readonly RunRequest[], directory: string): Promise<readonly RunReport[]> {
  const reports = await Promise.all(requests.map((request, index) => runQuery(request, directory, `part-${index}`)))
  for (const { dataDirectory } of requests) rmSync(dataDirectory, { recursive: true, force: true })
  return reports.map((report) => {
    if (typeof report === 'string') throw new Error(`the query could not be run at parallelism 1: ${report}`)
    return report
  })
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** To two places. */
export function round(value: number): number {
  return Math.round(value * 100) / 100
}
