/** Shows how jobs get on until they have ended: one live line each on a terminal, plain lines elsewhere. */
import { asMillraceError, type MillraceError } from '../../core/errors.ts'
import type { Job } from '../../executor/runtime/job.ts'
import type { JobMetrics } from '../../executor/runtime/metrics.ts'
import type { Terminal } from './terminal.ts'

const LIVE_MILLISECONDS = 250
const PLAIN_MILLISECONDS = 10_000
/** After so long without a row out, the line says what holds the watermark back. */
const SILENT_MILLISECONDS = 5000

export interface EndedJob {
  readonly job: Job
  readonly error: MillraceError | undefined
}

export class JobProgress {
  readonly #jobs: readonly Job[]
  readonly #terminal: Terminal
  readonly #lastOutput = new Map<string, { rows: number; at: number }>()
  #results: readonly EndedJob[] = []

  constructor(jobs: readonly Job[], terminal: Terminal) {
    this.#jobs = jobs
    this.#terminal = terminal
  }

  async untilEnded(): Promise<readonly EndedJob[]> {
    const timer = setInterval(
      () => {
        this.#show()
      },
      this.#terminal.isInteractive ? LIVE_MILLISECONDS : PLAIN_MILLISECONDS,
    )
    try {
      this.#results = await Promise.all(
        this.#jobs.map(async (job): Promise<EndedJob> => {
          const [outcome] = await Promise.allSettled([job.finished])
          return { job, error: outcome.status === 'rejected' ? asMillraceError(outcome.reason) : undefined }
        }),
      )
      return this.#results
    } finally {
      clearInterval(timer)
      this.#terminal.clearLive()
    }
  }

  /** What came of each job. */
  summaryLines(): string[] {
    return this.#results.flatMap(({ job, error }) => {
      const metrics = job.metrics()
      const seconds = Math.max(metrics.elapsed, 1) / 1000
      const outcome = error === undefined ? 'finished' : error.code === 'JOB_CANCELLED' ? 'was stopped' : 'failed'
      const skipped = metrics.rowsSkipped > 0 ? `, ${count(metrics.rowsSkipped)} skipped` : ''
      const late = metrics.operators.reduce((sum, operator) => sum + operator.lateRows, 0)
      const lines = [
        `Job "${job.name}" ${outcome} after ${seconds.toFixed(1)} s: ${count(metrics.rowsIn)} rows in${skipped}, ${count(metrics.rowsOut)} rows out, ${rate(metrics.rowsIn / seconds)}, ${checkpointText(metrics)}`,
      ]
      if (late > 0) lines.push(`  ${count(late)} rows came too late for their window and were dropped`)
      for (const sink of metrics.operators.filter((operator) => operator.kind === 'sink'))
        lines.push(`  ${count(sink.rowsIn)} rows in ${sink.target ?? sink.description}`)
      return lines
    })
  }

  #show(): void {
    const lines = this.#jobs
      .filter((job) => !['FINISHED', 'FAILED', 'CANCELED'].includes(job.status))
      .map((job) => this.#line(job))
    if (lines.length === 0) return
    if (this.#terminal.isInteractive) this.#terminal.drawLive(lines)
    else this.#terminal.writeLines(lines)
  }

  #line(job: Job): string {
    const metrics = job.metrics()
    const lag = metrics.watermarkLag === undefined ? '' : `, watermark ${duration(metrics.watermarkLag)} behind`
    return `${job.name} ${job.status}: ${count(metrics.rowsIn)} in, ${count(metrics.rowsOut)} out, ${rate(metrics.rowsPerSecond)}${lag}, ${checkpointText(metrics)}${this.#silence(job, metrics)}`
  }

  #silence(job: Job, metrics: JobMetrics): string {
    const now = Date.now()
    const last = this.#lastOutput.get(job.id)
    if (last === undefined || last.rows !== metrics.rowsOut)
      this.#lastOutput.set(job.id, { rows: metrics.rowsOut, at: now })
    const slowest = metrics.slowestSplit
    if (
      last === undefined ||
      last.rows !== metrics.rowsOut ||
      now - last.at < SILENT_MILLISECONDS ||
      slowest === undefined
    )
      return ''
    return `; nothing out for ${duration(now - last.at)}: the watermark waits for split ${slowest.split} of ${slowest.source}`
  }
}

function checkpointText(metrics: JobMetrics): string {
  const { completed, last } = metrics.checkpoints
  if (last === undefined) return 'no checkpoints'
  return `${completed} ${completed === 1 ? 'checkpoint' : 'checkpoints'} (last ${Math.round(last.milliseconds)} ms, ${bytes(last.bytes)})`
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

function rate(rowsPerSecond: number): string {
  return `${count(Math.round(rowsPerSecond))} rows/s`
}

function bytes(value: number): string {
  if (value < 1024) return `${value} B`
  return value < 1024 ** 2 ? `${(value / 1024).toFixed(1)} KB` : `${(value / 1024 ** 2).toFixed(1)} MB`
}

function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  const seconds = milliseconds / 1000
  if (seconds < 120) return `${seconds.toFixed(1)} s`
  return seconds < 7200
    ? `${Math.round(seconds / 60)} min`
    : seconds < 172_800
      ? `${Math.round(seconds / 3600)} h`
      : `${Math.round(seconds / 86_400)} d`
}
