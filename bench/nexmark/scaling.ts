/**
 * `--scaling`: how much faster a query is in several workers than in one, and how much faster as many independent
 * processes are, each with its part of the events. They share nothing but the machine, so that what they lack of their
 * number (memory and caches that all cores use, threads that collect garbage and compile beside the first one) no engine
 * gets. Both also as it is once everything has started and is compiled.
 */
import { rmSync } from 'node:fs'
import { runQuery } from './query-process.ts'
import type { RunReport, RunRequest } from './run-query.ts'

/** Share of the events that the steady rates are without: the start, and compiling. */
const WARM_UP = 1 / 4

export interface Scaling {
  /** Events per second, of the query to the same query at parallelism 1. */
  readonly speedup: number
  /** The same of independent processes. */
  readonly speedup_of_processes: number
  /** Of the rates at which the last three quarters of the events are read. */
  readonly steady_speedup: number
  readonly steady_speedup_of_processes: number
  readonly events_per_second_of_one: number
  readonly cpu_seconds_of_one: number
  readonly cpu_seconds_of_processes: number
  /** CPU time of each worker's thread, without the helpers of the process. */
  readonly worker_cpu_seconds: readonly number[]
}

/** Seconds of wall clock, and of CPU time. */
interface Seconds {
  readonly wall: number
  readonly cpu: number
}

/** @param requestOf the query with so many events, in so many workers */
export async function scalingOf(
  report: RunReport,
  events: number,
  parallelism: number,
  requestOf: (events: number, parallelism: number) => RunRequest,
  directory: string,
): Promise<Scaling> {
  const few = Math.round(events * WARM_UP)
  const one = await measure([requestOf(events, 1)], directory)
  const oneOfFew = await measure([requestOf(few, 1)], directory)
  const workersOfFew = await measure([requestOf(few, parallelism)], directory)
  const processes = await measure(inParts(requestOf(events / parallelism, 1), parallelism), directory)
  const processesOfFew = await measure(inParts(requestOf(few / parallelism, 1), parallelism), directory)
  const steady = one.wall - oneOfFew.wall
  return {
    speedup: round(one.wall / report.wallSeconds),
    speedup_of_processes: round(one.wall / processes.wall),
    steady_speedup: round(steady / (report.wallSeconds - workersOfFew.wall)),
    steady_speedup_of_processes: round(steady / (processes.wall - processesOfFew.wall)),
    events_per_second_of_one: Math.round(events / one.wall),
    cpu_seconds_of_one: round(one.cpu),
    cpu_seconds_of_processes: round(processes.cpu),
    worker_cpu_seconds: report.workerCpuSeconds.map(round),
  }
}

function inParts(request: RunRequest, count: number): readonly RunRequest[] {
  return Array.from({ length: count }, (_, index) => ({
    ...request,
    dataDirectory: `${request.dataDirectory}-${index}`,
  }))
}

/** All of them at the same time: how long they take on average, and what CPU time all of them. */
async function measure(requests: readonly RunRequest[], directory: string): Promise<Seconds> {
  const reports = await Promise.all(requests.map((request, index) => runQuery(request, directory, `part-${index}`)))
  for (const { dataDirectory } of requests) rmSync(dataDirectory, { recursive: true, force: true })
  const [walls, cpus] = [[] as number[], [] as number[]]
  for (const report of reports) {
    if (typeof report === 'string') throw new Error(`the query could not be run to compare with: ${report}`)
    walls.push(report.wallSeconds)
    cpus.push(report.cpuSeconds)
  }
  return { wall: sum(walls) / walls.length, cpu: sum(cpus) }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** To two places. */
export function round(value: number): number {
  return Math.round(value * 100) / 100
}
